//! Scenarios and risk arrays: what every instrument gains or loses in every state of a scenario set,
//! by full revaluation. One row per instrument, one column per scenario; priced once per snapshot,
//! after which every question about any account is a short sum over rows. What those sums *mean*
//! (margin, netting, collateral) belongs to `plimsoll-margin`.

pub mod accounts;
pub mod array;
mod options;
mod parallel;
mod rows;
pub mod scenario;
pub mod shift;
mod shocks;

pub use accounts::{Accounts, AccountsError, NetVector, Worst};
pub use array::{Measure, RiskArray, axpy, net_profits, net_profits_with};
pub use scenario::{
    Scenario, ScenarioBlock, ScenarioSet, ShockUnit, TenorScaling, VolMove, VolShocks,
};
pub use shift::{CoinMove, MarketShift, shifted, shifted_by};
