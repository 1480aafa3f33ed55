//! Answers of Paradex, one of them any bytes.
#![no_main]

mod answers;

use libfuzzer_sys::fuzz_target;
use plimsoll_venues::{PartKind, Venue};

const ANSWERS: &[(PartKind, &[u8])] = answers!(
    "paradex",
    Instruments "markets",
    Tickers "summary",
    Positions "positions",
    Balances "balance",
    Orders "orders",
);

fuzz_target!(|bytes: &[u8]| answers::run(Venue::Paradex, ANSWERS, bytes));
