//! Deribit: answers of its API, option chains as collectors record them, and what its contracts hold.
//!
//! | part | answers |
//! | --- | --- |
//! | instruments | `public/get_instruments`, one per currency |
//! | tickers | `public/ticker`, `public/get_book_summary_by_currency` |
//! | positions | `private/get_positions` |
//! | balances | `private/get_account_summary`, `private/get_account_summaries` |
//! | orders | `private/get_open_orders` |

mod account;
pub mod chain;
pub mod contracts;
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
