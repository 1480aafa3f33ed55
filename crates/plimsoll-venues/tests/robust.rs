//! Whatever the bytes, a reader answers: with a checked value or with an error that says something.

#![allow(clippy::unwrap_used, reason = "a file that does not read is a failed test")]

use std::fs;
use std::path::Path;

use plimsoll_model::error::InputError;
use plimsoll_model::params::{Provenance, from_toml};
use plimsoll_model::{Book, Market, name};
use plimsoll_venues::deribit::chain::{ChainOptions, parse_chain};
use plimsoll_venues::lines::market_json;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

fn file(path: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}

/// One way to spoil a file.
#[derive(Clone, Debug)]
enum Spoil {
    Overwrite(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    CutOff(Index),
    Repeat(Index, usize),
}

impl Spoil {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        match self {
            Self::Overwrite(place, byte) => *place.get_mut(bytes) = *byte,
            Self::Insert(place, what) => {
                let place = place.index(bytes.len());
                bytes.splice(place..place, what.iter().copied());
            }
            Self::Remove(place, length) => {
                let start = place.index(bytes.len());
                bytes.drain(start..bytes.len().min(start + length));
            }
            Self::CutOff(place) => bytes.truncate(place.index(bytes.len())),
            Self::Repeat(place, length) => {
                let start = place.index(bytes.len());
                let piece = bytes[start..bytes.len().min(start + length)].to_vec();
                bytes.splice(start..start, piece);
            }
        }
    }
}

/// What tends to upset a reader.
const TOKENS: [&str; 12] =
    ["NaN", "-", "1e999", "0", ",", "\n", "\"", "{", "]", "null", "é", "\u{feff}"];

fn spoil() -> impl Strategy<Value = Spoil> {
    let token = prop::sample::select(&TOKENS[..]).prop_map(|token| token.as_bytes().to_vec());
    let inserted = prop_oneof![token, vec(any::<u8>(), 1..8)];
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(place, byte)| Spoil::Overwrite(place, byte)),
        (any::<Index>(), inserted).prop_map(|(place, what)| Spoil::Insert(place, what)),
        (any::<Index>(), 1..80_usize).prop_map(|(place, length)| Spoil::Remove(place, length)),
        any::<Index>().prop_map(Spoil::CutOff),
        (any::<Index>(), 1..300_usize).prop_map(|(place, length)| Spoil::Repeat(place, length)),
    ]
}

/// One of the given files, spoiled in up to three places.
fn spoiled(files: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (prop::sample::select(files), vec(spoil(), 0..4)).prop_map(|(mut bytes, spoils)| {
        for spoil in spoils {
            spoil.apply(&mut bytes);
        }
        bytes
    })
}

fn says_something(error: &InputError) {
    assert!(!error.message.is_empty(), "{error:?}");
}

fn chain_answers(bytes: &[u8], perpetuals: Option<&[u8]>) {
    match parse_chain(bytes, &ChainOptions { perpetuals, ..ChainOptions::default() }) {
        Ok(imported) => assert!(imported.market.check().is_ok()),
        Err(error) => says_something(&error),
    }
}

fn book_answers(bytes: &[u8]) {
    match Book::parse(bytes) {
        Ok(book) => assert!(!book.accounts.is_empty()),
        Err(error) => says_something(&error),
    }
}

fn market_answers(bytes: &[u8]) {
    match Market::from_json(bytes) {
        Ok(market) => {
            let text = market_json(&market.to_file()).unwrap();
            assert_eq!(Market::from_json(text.as_bytes()), Ok(market));
        }
        Err(error) => says_something(&error),
    }
}

fn params_answer(text: &str) {
    if let Err(error) = from_toml::<Provenance>(text) {
        says_something(&error);
    }
}

fn chains() -> Vec<Vec<u8>> {
    ["collector-2026-01-14", "panel-2026-02-05", "book-summary-eth-2024-01-08"]
        .map(|cut| file(&format!("data/raw/deribit-{cut}.csv")))
        .to_vec()
}

fn books() -> Vec<Vec<u8>> {
    ["market-maker.csv", "covered-call.csv", "naked-strangle.csv", "basis-trade.json"]
        .map(|book| file(&format!("examples/books/{book}")))
        .to_vec()
}

fn small_market() -> Vec<u8> {
    let imported = parse_chain(&chains()[0], &ChainOptions::default()).unwrap();
    market_json(&imported.market).unwrap().into_bytes()
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in vec(any::<u8>(), 0..400)) {
        chain_answers(&bytes, None);
        book_answers(&bytes);
        market_answers(&bytes);
        if let Ok(text) = std::str::from_utf8(&bytes) {
            params_answer(text);
        }
    }

    #[test]
    fn any_text_is_answered(text in "\\PC{0,80}") {
        chain_answers(text.as_bytes(), None);
        book_answers(text.as_bytes());
        market_answers(text.as_bytes());
        params_answer(&text);
        let _ = name::parse(&text);
    }

    #[test]
    fn any_text_of_the_form_of_a_name_is_answered(
        text in "[A-Z_é]{0,6}-?[0-9]{0,3}(JAN|FEB|Mar|[A-Z]{3})[0-9]{0,3}-?[0-9d.eé]{0,8}-?[CPX]?"
    ) {
        let _ = name::parse(&text);
    }

    #[test]
    fn a_spoiled_chain_is_answered(bytes in spoiled(chains())) {
        chain_answers(&bytes, None);
    }

    #[test]
    fn a_spoiled_perpetuals_file_is_answered(
        bytes in spoiled(vec![file("data/raw/deribit-perpetuals.csv")])
    ) {
        chain_answers(&chains()[0], Some(&bytes));
    }

    #[test]
    fn a_spoiled_book_is_answered(bytes in spoiled(books())) {
        book_answers(&bytes);
    }

    #[test]
    fn a_spoiled_market_is_answered(bytes in spoiled(vec![small_market()])) {
        market_answers(&bytes);
    }

    #[test]
    fn a_spoiled_parameter_file_is_answered(
        bytes in spoiled(vec![file("params/deribit/contracts/2026-01-01.toml")])
    ) {
        params_answer(&String::from_utf8_lossy(&bytes));
    }
}
