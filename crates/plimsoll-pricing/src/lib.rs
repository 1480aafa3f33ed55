//! One instrument in one market: its value, its sensitivities, its implied vol.
//!
//! Here belong pricing formulas and their inverses ([`black76`], [`implied`]), one instrument at a
//! time and in the terms of the formula (forward, strike, vol, time). Contracts, venues, scenarios
//! and portfolios do not: they call these formulas.

pub mod black76;
pub mod contract;
pub mod implied;
pub mod implied_batch;
pub mod snapshot;

pub use black76::{Black76, CoinGreeks, Greeks, OptionType, price, time_value_ratio};
pub use implied::{ImpliedVolError, implied_vol};
pub use implied_batch::{Quote, implied_vols, implied_vols_with};
