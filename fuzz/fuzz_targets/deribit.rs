//! Answers of Deribit, one of them any bytes.
#![no_main]

mod answers;

use libfuzzer_sys::fuzz_target;
use plimsoll_venues::{PartKind, Venue};

const ANSWERS: &[(PartKind, &[u8])] = answers!(
    "deribit",
    Instruments "instruments",
    Tickers "book_summary",
    Tickers "ticker",
    Positions "positions",
    Balances "account_summaries",
    Orders "open_orders",
);

fuzz_target!(|bytes: &[u8]| answers::run(Venue::Deribit, ANSWERS, bytes));
