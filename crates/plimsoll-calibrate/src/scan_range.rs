//! Scan ranges from a coverage target: how far has the price moved, and how sure is that?

use plimsoll_math::float::exp;
use plimsoll_math::moments::mean;
use plimsoll_math::quantile::{Convention, Interval, QuantileError, quantile, quantile_interval};
use plimsoll_model::error::{InputCode, InputError};

use crate::history::require;

/// A quantile with a distribution-free confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuantileEstimate {
    /// The level.
    pub level: f64,
    /// The estimate.
    pub value: f64,
    /// Where the truth lies with the stated confidence.
    pub interval: Interval,
    /// Observations.
    pub count: usize,
}

pub(crate) fn quantile_error(error: QuantileError) -> InputError {
    InputError::new(InputCode::BadNumber, error.to_string())
}

/// The quantile at `level` with its interval; see [`quantile_interval`].
///
/// # Errors
/// An empty or non-finite sample, a level or confidence outside (0, 1).
pub fn quantile_estimate(
    sample: &[f64],
    level: f64,
    confidence: f64,
    convention: Convention,
) -> Result<QuantileEstimate, InputError> {
    let value = quantile(sample, level, convention).map_err(quantile_error)?;
    let interval = quantile_interval(sample, level, confidence).map_err(quantile_error)?;
    Ok(QuantileEstimate { level, value, interval, count: sample.len() })
}

/// Sums of `horizon` consecutive returns, every start: overlapping, so neighbours share data.
///
/// # Errors
/// A horizon of zero or longer than the sample.
pub fn overlapping(returns: &[f64], horizon: usize) -> Result<Vec<f64>, InputError> {
    if horizon == 0 {
        return Err(InputError::new(InputCode::BadNumber, "a horizon of no periods"));
    }
    require("the sample", returns.len(), horizon)?;
    Ok(returns.windows(horizon).map(|window| window.iter().sum()).collect())
}

/// Losses over `horizon` periods split into `horizon` series of non-overlapping sums, one for each
/// start; the mean of `of` over the series. Uses every return and keeps each series independent.
///
/// # Errors
/// As [`overlapping`], and whatever `of` refuses.
pub fn sub_sample_mean(
    returns: &[f64],
    horizon: usize,
    of: impl Fn(&[f64]) -> Result<f64, InputError>,
) -> Result<f64, InputError> {
    let sums = overlapping(returns, horizon)?;
    let series = (0..horizon)
        .map(|start| sums.iter().skip(start).step_by(horizon).copied().collect::<Vec<f64>>());
    let values: Vec<f64> =
        series.filter(|s| !s.is_empty()).map(|s| of(&s)).collect::<Result<_, _>>()?;
    Ok(mean(&values))
}

/// Relative moves that cover a share of history.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScanRange {
    /// Size of the fall, as a positive fraction: `1 − exp(−q)`.
    pub down: QuantileEstimate,
    /// Size of the rise, as a fraction: `exp(q) − 1`.
    pub up: QuantileEstimate,
    /// Periods over which the price moves.
    pub horizon: usize,
}

/// The falls and rises over `horizon` periods that `coverage` of history stayed within, each side on
/// its own, from logarithmic returns. The interval takes overlapping sums for independent: with a
/// horizon of `h` it is too narrow by up to `√h`.
///
/// # Errors
/// As [`overlapping`] and [`quantile_estimate`].
pub fn scan_range(
    returns: &[f64],
    horizon: usize,
    coverage: f64,
    confidence: f64,
) -> Result<ScanRange, InputError> {
    let sums = overlapping(returns, horizon)?;
    let falls: Vec<f64> = sums.iter().map(|r| 1.0 - exp(*r)).collect();
    let rises: Vec<f64> = sums.iter().map(|r| exp(*r) - 1.0).collect();
    let side =
        |sample: &[f64]| quantile_estimate(sample, coverage, confidence, Convention::InverseEcdf);
    Ok(ScanRange { down: side(&falls)?, up: side(&rises)?, horizon })
}
