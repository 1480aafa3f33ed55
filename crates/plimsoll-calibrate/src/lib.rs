//! Calibration and back-tests: from market history to the numbers of a parameter file, and from a
//! model and its history to the evidence that it would have sufficed. History comes in as values with
//! time stamps; nothing here reads a file or a clock. The law of one instrument's value belongs to
//! `plimsoll-pricing`, the requirement of a portfolio to `plimsoll-margin`.

pub mod backtest;
pub mod columns;
pub mod copula;
pub mod covariance;
pub mod history;
pub mod liquidity;
pub mod parameters;
mod past;
pub mod plan;
pub mod procyclicality;
pub mod scan_range;
pub mod scenarios;
pub mod spot_vol;
pub mod ssvi;
pub mod svi;
mod tables;
pub mod volatility;
