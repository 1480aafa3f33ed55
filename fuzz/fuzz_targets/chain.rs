//! A chain that is read is a market that passes its check, and so is a bundled chain with any bytes
//! as its perpetuals file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_venues::deribit::chain::{ChainOptions, parse_chain};

const CHAIN: &[u8] = include_bytes!("../../data/raw/deribit-collector-2026-01-14.csv");

fuzz_target!(|bytes: &[u8]| {
    let inputs = [
        (bytes, ChainOptions::default()),
        (CHAIN, ChainOptions { perpetuals: Some(bytes), ..ChainOptions::default() }),
    ];
    for (csv, options) in inputs {
        match parse_chain(csv, &options) {
            Ok(imported) => {
                imported.market.check().expect("an imported market passes its check");
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
});
