//! Answers of Hyperliquid, one of them any bytes.
#![no_main]

mod answers;

use libfuzzer_sys::fuzz_target;
use plimsoll_venues::{PartKind, Venue};

const ANSWERS: &[(PartKind, &[u8])] = answers!(
    "hyperliquid",
    Instruments "meta_and_asset_ctxs",
    Tickers "meta_and_asset_ctxs",
    Tickers "spot_meta_and_asset_ctxs",
    Positions "clearinghouse_state",
    Balances "clearinghouse_state",
    Balances "spot_clearinghouse_state",
    Orders "frontend_open_orders",
    Tiers "meta_tiers",
);

fuzz_target!(|bytes: &[u8]| answers::run(Venue::Hyperliquid, ANSWERS, bytes));
