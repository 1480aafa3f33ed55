//! How implied vol moves with spot: the slope, what it does not explain, and both tails apart.

use plimsoll_math::moments::mean;
use plimsoll_math::sum::neumaier;
use plimsoll_model::error::{InputCode, InputError};
use serde::Serialize;

use crate::history::{require, require_movement};

/// A straight line through pairs, by least squares, with its error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Regression {
    /// Pairs.
    pub count: usize,
    /// `β = Σ(x − x̄)(y − ȳ)/Σ(x − x̄)²`.
    pub slope: f64,
    /// Standard error of the slope.
    pub slope_error: f64,
    /// `ȳ − β·x̄`.
    pub intercept: f64,
    /// Standard deviation of what is left, with `n − 2` degrees of freedom.
    pub residual_sd: f64,
    /// Share of the variance explained.
    pub r_squared: f64,
}

/// Least squares of `y` on `x`.
///
/// # Errors
/// Different lengths, fewer than three pairs, or an `x` that does not move.
pub fn regress(x: &[f64], y: &[f64]) -> Result<Regression, InputError> {
    if x.len() != y.len() {
        let message = format!("{} against {} observations", x.len(), y.len());
        return Err(InputError::new(InputCode::Malformed, message));
    }
    require("the regression", x.len(), 3)?;
    require_movement("the explaining series", x)?;
    let (x_mean, y_mean) = (mean(x), mean(y));
    let square = |v: &[f64], m: f64| neumaier(v.iter().map(|v| (v - m) * (v - m)));
    let (sxx, syy) = (square(x, x_mean), square(y, y_mean));
    let sxy = neumaier(x.iter().zip(y).map(|(x, y)| (x - x_mean) * (y - y_mean)));
    let slope = sxy / sxx;
    let intercept = y_mean - slope * x_mean;
    let left = neumaier(x.iter().zip(y).map(|(x, y)| {
        let miss = y - intercept - slope * x;
        miss * miss
    }));
    let residual_sd = (left / (x.len() as f64 - 2.0)).sqrt();
    let r_squared = if syy > 0.0 { 1.0 - left / syy } else { 0.0 };
    Ok(Regression {
        count: x.len(),
        slope,
        slope_error: residual_sd / sxx.sqrt(),
        intercept,
        residual_sd,
        r_squared,
    })
}

/// Joint behaviour of spot and vol over one period length.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SpotVol {
    /// Log-vol changes on spot returns, all periods: a slope of −1 turns +10 % of spot into −10 % of
    /// vol.
    pub all: Regression,
    /// Periods in which spot fell.
    pub down: Regression,
    /// Periods in which spot did not fall.
    pub up: Regression,
    /// Standard deviation of log-vol changes: the vol of vol per √period.
    pub vol_of_vol: f64,
}

/// Regresses changes of log vol on log returns of spot over the same periods.
///
/// # Errors
/// As [`regress`], for the whole and for each side.
pub fn spot_vol(returns: &[f64], ln_vol_changes: &[f64]) -> Result<SpotVol, InputError> {
    let all = regress(returns, ln_vol_changes)?;
    let side = |down: bool| {
        let pairs = returns.iter().zip(ln_vol_changes).filter(|(r, _)| (**r < 0.0) == down);
        let (x, y): (Vec<f64>, Vec<f64>) = pairs.map(|(x, y)| (*x, *y)).unzip();
        regress(&x, &y)
    };
    let centre = mean(ln_vol_changes);
    let squares = ln_vol_changes.iter().map(|y| (y - centre) * (y - centre));
    let vol_of_vol = (neumaier(squares) / (ln_vol_changes.len() as f64 - 1.0)).sqrt();
    Ok(SpotVol { all, down: side(true)?, up: side(false)?, vol_of_vol })
}
