//! Answers of Bybit, one of them any bytes.
#![no_main]

mod answers;

use libfuzzer_sys::fuzz_target;
use plimsoll_venues::{PartKind, Venue};

const ANSWERS: &[(PartKind, &[u8])] = answers!(
    "bybit",
    Instruments "instruments_linear",
    Instruments "instruments_inverse",
    Instruments "instruments_option",
    Tickers "tickers_linear",
    Tickers "tickers_inverse",
    Tickers "tickers_option",
    Positions "positions",
    Balances "wallet_balance",
    Orders "orders_realtime",
    Tiers "risk_limit",
);

fuzz_target!(|bytes: &[u8]| answers::run(Venue::Bybit, ANSWERS, bytes));
