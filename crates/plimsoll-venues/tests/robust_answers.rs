//! Whatever a saved answer holds, reading it ends in a market that passes its check and a book that
//! reads back, or in an error that says something.

#![allow(clippy::unwrap_used, reason = "a fixture that does not read is a failed test")]

mod common;
#[path = "common/spoil.rs"]
mod spoil;

use std::fs;

use common::{fixtures, kind_of};
use plimsoll_model::{Book, Market};
use plimsoll_venues::lines::market_json;
use plimsoll_venues::{ImportOptions, Part, PartKind, Venue, import, venue_margin};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use spoil::spoiled;

/// Every fixture of a venue, in the order of its names.
fn answers(venue: Venue) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(fixtures().join(venue.name())).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (name, fs::read(path).unwrap())
    };
    paths.into_iter().map(read).collect()
}

/// Reads answers; whether they were taken in.
fn import_answers(venue: Venue, parts: &[Part<'_>]) -> bool {
    match import(venue, parts, &ImportOptions::default()) {
        Ok(imported) => {
            let market = imported.market.clone().check().unwrap();
            let text = market_json(&imported.market).unwrap();
            assert_eq!(Market::from_json(text.as_bytes()), Ok(market));
            if let Some(book) = imported.book {
                let text = serde_json::to_string(&book).unwrap();
                let again = Book::parse(text.as_bytes()).unwrap();
                assert_eq!(again.accounts.len(), book.accounts.len());
            }
            true
        }
        Err(error) => {
            assert!(!error.message.is_empty(), "{error:?}");
            false
        }
    }
}

/// All fixtures of a venue together, one of them replaced.
fn import_with(venue: Venue, replaced: &str, bytes: &[u8]) -> bool {
    let answers = answers(venue);
    let mut parts: Vec<Part<'_>> = Vec::new();
    for (name, text) in &answers {
        let bytes = if name == replaced { bytes } else { text.as_slice() };
        if let Some(kind) = kind_of(name) {
            parts.push(Part { kind, origin: name, bytes });
        }
        // One answer of Hyperliquid lists and quotes, one of Derive holds positions and balances.
        if name == "meta_and_asset_ctxs" {
            parts.push(Part { kind: PartKind::Tickers, origin: name, bytes });
        }
        if name == "subaccount" || name == "clearinghouse_state" {
            parts.push(Part { kind: PartKind::Balances, origin: name, bytes });
        }
    }
    import_answers(venue, &parts)
}

fn margin_answers(venue: Venue, bytes: &[u8]) {
    match venue_margin(venue, "f.json", bytes) {
        Ok(margin) => assert!(!margin.pools.is_empty()),
        Err(error) => assert!(!error.message.is_empty(), "{error:?}"),
    }
}

fn any_venue() -> impl Strategy<Value = Venue> {
    prop::sample::select(&Venue::ALL[..])
}

/// A venue, the name of one of its fixtures, and its text spoiled.
fn any_spoiled() -> impl Strategy<Value = (Venue, String, Vec<u8>)> {
    let one = |venue: Venue| {
        let named = prop::sample::select(answers(venue));
        named.prop_flat_map(move |(name, text)| (Just(venue), Just(name), spoiled(vec![text])))
    };
    any_venue().prop_flat_map(one)
}

/// What tends to upset a reader of JSON.
fn odd_values() -> Vec<Value> {
    vec![
        json!(null),
        json!(""),
        json!("0"),
        json!(0),
        json!(-1),
        json!("-1"),
        json!(1e308),
        json!("1e308"),
        json!("79228162514264337593543950335"),
        json!(1e-300),
        json!("0.0000000000000000000000000001"),
        json!(i64::MAX),
        json!(i64::MIN),
        json!("9223372036854775807"),
        json!("NaN"),
        json!("é-USD-1"),
        json!([]),
        json!({}),
        json!([[1, 2], {"a": 1}]),
        json!(true),
    ]
}

/// Every place in a document, the root first.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                places(value, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(map) => {
            for (key, value) in map {
                let key = key.replace('~', "~0").replace('/', "~1");
                places(value, &format!("{at}/{key}"), found);
            }
        }
        _ => {}
    }
}

/// A venue, the name of one of its fixtures, and its text with up to three values replaced.
fn any_replaced() -> impl Strategy<Value = (Venue, String, String)> {
    let edits = vec((any::<Index>(), prop::sample::select(odd_values())), 1..4);
    let one = |venue: Venue| (Just(venue), prop::sample::select(answers(venue)));
    (any_venue().prop_flat_map(one), edits).prop_map(|((venue, (name, text)), edits)| {
        let mut document: Value = serde_json::from_slice(&text).unwrap();
        for (place, value) in edits {
            let mut found = Vec::new();
            places(&document, "", &mut found);
            let place: &String = place.get(&found);
            if let Some(slot) = document.pointer_mut(place) {
                *slot = value;
            }
        }
        (venue, name, document.to_string())
    })
}

const KINDS: [PartKind; 4] =
    [PartKind::Instruments, PartKind::Tickers, PartKind::Balances, PartKind::Positions];

#[test]
fn every_fixture_is_read_by_its_own_reader() {
    for venue in Venue::ALL {
        assert!(import_with(venue, "", b""), "{venue}");
        for (name, text) in answers(venue) {
            margin_answers(venue, &text);
            for kind in KINDS {
                import_answers(venue, &[Part { kind, origin: &name, bytes: &text }]);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn an_answer_with_odd_values_is_answered((venue, name, text) in any_replaced()) {
        import_with(venue, &name, text.as_bytes());
        margin_answers(venue, text.as_bytes());
    }

    #[test]
    fn a_spoiled_answer_is_answered((venue, name, bytes) in any_spoiled()) {
        import_with(venue, &name, &bytes);
        margin_answers(venue, &bytes);
    }

    #[test]
    fn any_bytes_are_answered(venue in any_venue(), bytes in vec(any::<u8>(), 0..200)) {
        for kind in KINDS {
            import_answers(venue, &[Part { kind, origin: "f.json", bytes: &bytes }]);
        }
        margin_answers(venue, &bytes);
    }
}
