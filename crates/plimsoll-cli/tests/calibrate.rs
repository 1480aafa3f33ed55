//! `plimsoll calibrate`: from history to a file that margins a book.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;

use common::{plimsoll, plimsoll_with, project_file};

/// The parameter files that come with the project, and how each was made.
const MADE: [(&str, &[&str]); 5] = [
    ("hs-var", &["--method", "hs", "--measure", "var", "--level", "99", "--stressed-days", "0"]),
    ("fhs-es", &[]),
    ("mc-es", &["--method", "mc", "--paths", "2048", "--stressed-days", "0"]),
    ("delta-normal", &["--method", "delta-normal", "--stressed-days", "0"]),
    ("delta-gamma", &["--method", "delta-gamma", "--stressed-days", "0"]),
];

const LIKE: [&str; 4] = ["--vol-like", "ETH=BTC", "--others-like", "ETH"];

#[test]
fn the_bundled_parameters_are_what_it_writes() {
    for (id, args) in MADE {
        let run = plimsoll(&[&["calibrate"], args, &LIKE[..]].concat());
        assert_eq!(run.code, 0, "{}", run.err);
        let bundled = project_file(&format!("params/var/{id}/2025-09-19.toml"));
        assert_eq!(run.out, fs::read_to_string(bundled).unwrap(), "{id}");
    }
}

#[test]
fn what_it_writes_margins_a_book() {
    let folder = tempfile::tempdir().unwrap();
    for args in
        [&["--method", "delta-gamma-exact"][..], &["--family", "scan"], &["--method", "age"]]
    {
        let out = folder.path().join("model.toml");
        let out = out.to_str().unwrap();
        let run = plimsoll(&[&["calibrate", "--out", out], args, &LIKE[..]].concat());
        assert_eq!(run.code, 0, "{}", run.err);
        // Every number with its interval, and where the file went.
        assert!(run.out.contains("BTC and ETH: correlation"), "{}", run.out);
        assert!(run.out.contains("Low 95 %"), "{}", run.out);
        assert!(run.err.contains(&format!("wrote {out}")), "{}", run.err);
        let margin = plimsoll(&["margin", "--params", out, "--format", "json"]);
        assert_eq!(margin.code, 0, "{}", margin.err);
        assert!(margin.json()["initial_margin"].as_f64().unwrap() > 0.0);
        assert_eq!(margin.json()["model"]["evidence"], "calibrated");
    }
}

#[test]
fn what_came_after_is_not_looked_at() {
    let history = project_file("data/history-btc-eth-daily.csv");
    let text = fs::read_to_string(&history).unwrap();
    let args = ["calibrate", "--history", "-", "--as-of", "2024-06-01"];
    let whole = plimsoll_with(&args, text.as_bytes());
    let mut known: String = text
        .lines()
        .take_while(|line| !line.starts_with("2024-06-02"))
        .map(|l| format!("{l}\n"))
        .collect();
    assert!(known.ends_with('\n') && known.lines().last().unwrap().starts_with("2024-06-01"));
    known.push_str("2024-06-02,1,99999,1\n2024-06-03,1000000,1,300\n");
    let other = plimsoll_with(&args, known.as_bytes());
    assert_eq!((whole.code, &whole.out), (0, &other.out), "{}", whole.err);
}

#[test]
fn a_bad_history_is_refused_by_file_line_and_day() {
    let refused = |text: &str, words: &[&str]| {
        let run = plimsoll_with(&["calibrate", "--history", "-"], text.as_bytes());
        assert_eq!(run.code, 2, "{}", run.out);
        for word in words {
            assert!(run.err.contains(word), "{word} is missing: {}", run.err);
        }
    };
    refused("", &["standard input"]);
    refused("when,BTC\n", &["standard input", "line 1", "first column"]);
    refused("time,BTC\n2024-01-01,12\n2024-01-02,x\n", &["line 3", "not a number"]);
    refused("time,BTC\n2024-01-01,12\n2024-01-02,0\n", &["BTC is 0", "2024-01-02"]);
    refused("time,BTC\n2024-01-01,12\n2024-01-02,13\n", &["1 returns", "at least 500"]);
    let run = plimsoll(&["calibrate", "--as-of", "soon"]);
    assert!(run.code == 2 && run.err.contains("--as-of"), "{}", run.err);
    let run = plimsoll(&["calibrate", "--vol-like", "ETH=SOL"]);
    assert!(run.code == 2 && run.err.contains("SOL has no vol history"), "{}", run.err);
    let run = plimsoll(&["calibrate", "--window", "10"]);
    assert!(run.code == 2 && run.err.contains("window = 10"), "{}", run.err);
}
