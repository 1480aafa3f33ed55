//! Value at risk and expected shortfall of a vector of profits, however it came about.
//!
//! [`tail`] reads VaR and ES off a net vector and splits them over its rows; [`weighting`] makes the
//! vector speak for today (age weights, filtering); [`parametric`] and [`delta_gamma`] need no
//! vector, [`monte_carlo`] draws one, [`extreme`] extends its tail, [`entropic`] bounds it. [`joint`] holds joint scenarios as
//! data and [`law`] a joint law; [`model`] is the margin model on either. Profits are positive for
//! gains; VaR and ES are positive for losses. Where the numbers come from is calibration's business.

pub mod cornish_fisher;
pub mod delta_gamma;
pub mod entropic;
pub mod extreme;
pub mod joint;
pub mod law;
pub mod model;
pub mod monte_carlo;
pub mod parametric;
mod quadratic;
pub mod revalued;
pub mod tail;
pub mod weighting;

use plimsoll_model::error::{InputCode, InputError};

/// A fault of the numerics below, as an input error that says what was computed.
fn refused(what: &str, error: impl std::fmt::Display) -> InputError {
    InputError::new(InputCode::BadNumber, format!("{what}: {error}"))
}
