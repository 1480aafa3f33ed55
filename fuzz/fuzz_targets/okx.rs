//! Answers of OKX, one of them any bytes.
#![no_main]

mod answers;

use libfuzzer_sys::fuzz_target;
use plimsoll_venues::{PartKind, Venue};

const ANSWERS: &[(PartKind, &[u8])] = answers!(
    "okx",
    Instruments "instruments",
    Tickers "mark_price",
    Tickers "tickers",
    Tickers "opt_summary",
    Tickers "index_tickers",
    Tickers "funding_rate",
    Positions "positions",
    Balances "balance",
    Orders "orders_pending",
    Tiers "position_tiers",
);

fuzz_target!(|bytes: &[u8]| answers::run(Venue::Okx, ANSWERS, bytes));
