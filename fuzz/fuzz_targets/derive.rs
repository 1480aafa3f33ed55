//! Answers of Derive, one of them any bytes.
#![no_main]

mod answers;

use libfuzzer_sys::fuzz_target;
use plimsoll_venues::{PartKind, Venue};

const ANSWERS: &[(PartKind, &[u8])] = answers!(
    "derive",
    Instruments "instruments",
    Tickers "tickers",
    Tickers "ticker_perp",
    Positions "subaccount",
    Balances "subaccount",
    Orders "open_orders",
);

fuzz_target!(|bytes: &[u8]| answers::run(Venue::Derive, ANSWERS, bytes));
