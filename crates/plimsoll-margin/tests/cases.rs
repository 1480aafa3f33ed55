//! Runs the golden corpus under `cases/` through the library.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_margin::{assess, models};
use plimsoll_model::{Book, InputError, Market, Portfolio};
use plimsoll_pricing::snapshot;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read_json(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// The bytes of a document given inline or by its path.
fn document(value: &Value) -> Vec<u8> {
    match value {
        Value::String(path) => {
            fs::read(root().join(path)).unwrap_or_else(|why| panic!("{path}: {why}"))
        }
        inline => serde_json::to_vec(inline).unwrap(),
    }
}

fn answer(case: &Value) -> Result<Value, InputError> {
    let market = snapshot::completed(Market::from_json(&document(&case["market"]))?);
    let book = Book::parse(&document(&case["book"]))?;
    let portfolio = Portfolio::bind(&book.accounts[0], &market)?;
    let model = match case.get("params") {
        Some(path) => models::from_params(std::str::from_utf8(&document(path)).unwrap())?,
        None => models::bundled_model(case["model"].as_str().unwrap(), market.time)?,
    };
    Ok(serde_json::to_value(assess(model.as_ref(), &market, &portfolio)?).unwrap())
}

fn mismatch(answer: &Value, pointer: &str, expected: &Value) -> Option<String> {
    let Some(found) = answer.pointer(pointer) else {
        return Some(format!("{pointer}: nothing there, expected {expected}"));
    };
    let Some(value) = expected.get("value").and_then(Value::as_f64) else {
        return (found != expected).then(|| format!("{pointer}: {found} is not {expected}"));
    };
    let tolerance = match (expected.get("abs"), expected.get("rel")) {
        (Some(abs), None) => abs.as_f64().unwrap(),
        (None, Some(rel)) => rel.as_f64().unwrap() * value.abs(),
        _ => return Some(format!("{pointer}: give either abs or rel")),
    };
    match found.as_f64() {
        Some(found) if (found - value).abs() <= tolerance => None,
        _ => Some(format!("{pointer}: {found} is not {value} ± {tolerance:e}")),
    }
}

fn check(folder: &Path) -> Vec<String> {
    let expected = read_json(&folder.join("expected.json"));
    let expected = expected.as_object().unwrap();
    assert!(folder.join("NOTE.md").exists(), "{}: no NOTE.md", folder.display());
    match (answer(&read_json(&folder.join("case.json"))), expected.get("error")) {
        (Ok(answer), None) => {
            assert!(!expected.is_empty(), "{}: expects nothing", folder.display());
            expected.iter().filter_map(|(at, want)| mismatch(&answer, at, want)).collect()
        }
        (Err(error), Some(code)) => {
            let found = serde_json::to_value(error.code).unwrap();
            let words = expected["contains"].as_str().unwrap();
            let fits = found == *code && error.to_string().contains(words);
            if fits { vec![] } else { vec![format!("refused with {found}: {error}")] }
        }
        (Ok(_), Some(code)) => vec![format!("accepted, expected a refusal with {code}")],
        (Err(error), None) => vec![format!("refused: {error}")],
    }
}

fn folders(of: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir(of)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

#[test]
fn every_case_gives_its_expected_answer() {
    let mut failures = Vec::new();
    let mut count = 0;
    for model in folders(&root().join("cases")) {
        for case in folders(&model) {
            count += 1;
            let name = case.strip_prefix(root()).unwrap_or(&case).display().to_string();
            failures.extend(check(&case).into_iter().map(|what| format!("{name}: {what}")));
        }
    }
    assert!(failures.is_empty(), "{} of {count} cases:\n{}", failures.len(), failures.join("\n"));
    assert!(count > 0, "no case was found");
}
