//! Paradex.
//!
//! | part | answers |
//! | --- | --- |
//! | instruments | `v1/markets` |
//! | tickers | `v1/markets/summary` |
//! | positions | `v1/positions` |
//! | balances | `v1/balance` |
//! | orders | `v1/orders` |

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
    tiers: None,
    margin: margin_check::margin,
};
