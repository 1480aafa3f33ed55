//! OKX, API v5.
//!
//! | part | answers |
//! | --- | --- |
//! | instruments | `public/instruments`, one per `instType` (and `instFamily` for options) |
//! | tickers | `public/mark-price`, `market/tickers`, `public/opt-summary`, `market/index-tickers`, `public/open-interest`, `public/funding-rate` |
//! | positions | `account/positions` |
//! | balances | `account/balance` |
//! | orders | `trade/orders-pending` |

mod account;
mod instruments;
mod margin_check;
mod orders;
mod tickers;

use crate::Readers;

pub(crate) const READERS: Readers = Readers {
    instruments: instruments::read,
    tickers: tickers::read,
    balances: account::balances,
    positions: account::positions,
    orders: orders::read,
    margin: margin_check::margin,
};
