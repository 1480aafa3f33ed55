//! Derive.
//!
//! | part | answers |
//! | --- | --- |
//! | instruments | `public/get_instruments`, `public/get_all_instruments`, `public/get_instrument` |
//! | tickers | `public/get_ticker`, `public/get_tickers` |
//! | positions | `private/get_subaccount`, `private/get_positions` |
//! | balances | `private/get_subaccount`, `private/get_collaterals` |
//! | orders | `private/get_open_orders`, `private/get_subaccount` |

mod account;
mod instruments;
mod margin_check;
mod orders;
mod tickers;

use crate::Readers;

/// What every contract is settled in, and what cash is held in.
const CASH: &str = "USDC";

pub(crate) const READERS: Readers = Readers {
    instruments: instruments::read,
    tickers: tickers::read,
    balances: account::balances,
    positions: account::positions,
    orders: orders::read,
    tiers: None,
    margin: margin_check::margin,
};
