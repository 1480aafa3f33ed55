//! Answers of Binance, one of them any bytes.
#![no_main]

mod answers;

use libfuzzer_sys::fuzz_target;
use plimsoll_venues::{PartKind, Venue};

const ANSWERS: &[(PartKind, &[u8])] = answers!(
    "binance",
    Instruments "um_exchange_info",
    Instruments "cm_exchange_info",
    Instruments "option_exchange_info",
    Tickers "um_premium_index",
    Tickers "cm_premium_index",
    Tickers "funding_info",
    Tickers "book_ticker",
    Tickers "option_mark",
    Positions "um_position_risk",
    Positions "option_position",
    Balances "um_balance",
    Balances "papi_balance",
    Orders "um_open_orders",
    Orders "option_open_orders",
    Tiers "um_leverage_bracket",
    Tiers "cm_leverage_bracket",
);

fuzz_target!(|bytes: &[u8]| answers::run(Venue::Binance, ANSWERS, bytes));
