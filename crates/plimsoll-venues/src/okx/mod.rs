//! OKX, API v5.
//!
//! | part | answers |
//! | --- | --- |
//! | instruments | `public/instruments`, one per `instType` (and `instFamily` for options) |
//! | tickers | `public/mark-price`, `market/tickers`, `public/opt-summary`, `market/index-tickers`, `public/open-interest`, `public/funding-rate` |
//! | positions | `account/positions` |
//! | balances | `account/balance` |
//! | orders | `trade/orders-pending` |
//! | tiers | `public/position-tiers` of option families |

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
