//! Whatever the bytes, a reader answers: with a checked value or with an error that says something.

#![allow(clippy::unwrap_used, reason = "a file that does not read is a failed test")]

#[path = "common/spoil.rs"]
mod spoil;

use std::fs;
use std::path::Path;

use plimsoll_model::error::InputError;
use plimsoll_model::params::{Provenance, from_toml};
use plimsoll_model::{Book, Market, name};
use plimsoll_venues::deribit::chain::{ChainOptions, parse_chain};
use plimsoll_venues::lines::market_json;
use proptest::collection::vec;
use proptest::prelude::*;
use spoil::spoiled;

fn file(path: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
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
