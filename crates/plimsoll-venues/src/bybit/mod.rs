//! Bybit, API v5 of a unified trading account.
//!
//! | part | answers |
//! | --- | --- |
//! | instruments | `v5/market/instruments-info`, one per `category` and page; the listing of API v2 too |
//! | tickers | `v5/market/tickers`, one per `category` (and `baseCoin` for options) |
//! | positions | `v5/position/list`, one per `category` and page |
//! | balances | `v5/account/wallet-balance` |
//! | orders | `v5/order/realtime`, one per `category` and page |
//! | tiers | `v5/market/risk-limit`, one per `category` and page |

mod account;
mod instruments;
mod margin_check;
mod orders;
mod tickers;
mod tiers;

use crate::Readers;

pub(crate) const READERS: Readers = Readers {
    instruments: instruments::read,
    tickers: tickers::read,
    balances: account::balances,
    positions: account::positions,
    orders: orders::read,
    tiers: Some(tiers::read),
    margin: margin_check::margin,
};
