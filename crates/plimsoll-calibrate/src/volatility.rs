//! Conditional vols: exponentially weighted (EWMA) and GARCH(1,1) by maximum likelihood.

use std::f64::consts::PI;

use plimsoll_math::float::{exp, ln};
use plimsoll_math::linalg::{Matrix, cholesky, cholesky_solve};
use plimsoll_math::moments::{mean, moments};
use plimsoll_math::optimise::nelder_mead;
use plimsoll_math::sum::neumaier;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::check_bounds;
use serde::{Deserialize, Serialize};

use crate::history::{require, require_movement};

/// `v_{t+1} = λ·v_t + (1−λ)·r_t²`. Entry `t` is the variance forecast for return `t` from the returns
/// before it; the last, number `n`, is for the return that has not come. The start is the mean of the
/// first `warm_up` squares, so entries below `warm_up` have seen a little of their own future.
///
/// # Errors
/// λ outside [0, 1), no warm-up, or fewer returns than that.
pub fn ewma_variances(
    returns: &[f64],
    lambda: f64,
    warm_up: usize,
) -> Result<Vec<f64>, InputError> {
    check_bounds("lambda", lambda, 0.0, 1.0 - f64::EPSILON)?;
    require("the series", returns.len(), warm_up.max(1))?;
    let first = &returns[..warm_up.max(1)];
    let mut variance = first.iter().map(|r| r * r).sum::<f64>() / first.len() as f64;
    let mut variances = vec![variance];
    for r in returns {
        variance = lambda * variance + (1.0 - lambda) * r * r;
        variances.push(variance);
    }
    Ok(variances)
}

/// Parameters of `r_t = μ + ε_t`, `h_t = ω + α·ε²_{t−1} + β·h_{t−1}`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Garch {
    /// `μ`, mean return per period.
    pub mean: f64,
    /// `ω`, in squared returns.
    pub omega: f64,
    /// `α`, weight of the last shock.
    pub alpha: f64,
    /// `β`, weight of the last variance.
    pub beta: f64,
}

/// A fitted GARCH(1,1).
#[derive(Clone, Debug, PartialEq)]
pub struct GarchFit {
    /// The parameters.
    pub garch: Garch,
    /// Gaussian log-likelihood at them.
    pub log_likelihood: f64,
    /// Standard errors of μ, ω, α, β from the inverse Hessian; `None` on a bound of the parameters,
    /// where it has none. Without a mean the first is 0.
    pub standard_errors: Option<[f64; 4]>,
}

impl Garch {
    /// Conditional variances, one more than there are returns: the last is the forecast.
    ///
    /// **Start:** the shock and the variance before the first return are both the mean squared
    /// residual, `h_0 = ω + (α + β)·s²` with `s² = Σ(r − μ)²/n`.
    pub fn variances(&self, returns: &[f64]) -> Vec<f64> {
        let square = |r: f64| (r - self.mean) * (r - self.mean);
        let start = neumaier(returns.iter().map(|r| square(*r))) / returns.len() as f64;
        let mut variance = self.omega + (self.alpha + self.beta) * start;
        let mut variances = Vec::with_capacity(returns.len() + 1);
        variances.push(variance);
        for r in returns {
            variance = self.omega + self.alpha * square(*r) + self.beta * variance;
            variances.push(variance);
        }
        variances
    }

    /// `−½·Σ(ln 2π + ln h_t + ε_t²/h_t)`.
    pub fn log_likelihood(&self, returns: &[f64]) -> f64 {
        let terms = returns.iter().zip(self.variances(returns)).map(|(r, h)| {
            let shock = r - self.mean;
            ln(2.0 * PI * h) + shock * shock / h
        });
        -0.5 * neumaier(terms)
    }

    /// The variance to which forecasts return: `ω/(1 − α − β)`.
    pub fn long_run_variance(&self) -> f64 {
        self.omega / (1.0 - self.alpha - self.beta)
    }

    /// Sum of the forecast variances of the next `periods`, given the forecast of the first.
    pub fn variance_over(&self, next_variance: f64, periods: u32) -> f64 {
        let persistence = self.alpha + self.beta;
        let (mut sum, mut variance) = (0.0, next_variance);
        for _ in 0..periods {
            sum += variance;
            variance = self.omega + persistence * variance;
        }
        sum
    }

    /// Within `ω > 0`, `α, β ≥ 0`, `α + β < 1`.
    fn is_admissible(&self) -> bool {
        self.omega > 0.0 && self.alpha >= 0.0 && self.beta >= 0.0 && self.alpha + self.beta < 1.0
    }
}

/// Fewest returns for a GARCH fit: four parameters and a persistence that takes months to show.
pub const LEAST_FOR_GARCH: usize = 100;

/// Starting points of the search, (α, β) in units of the sample variance: the likelihood is flat
/// along α + β and may have more than one top.
const STARTS: [(f64, f64); 4] = [(0.05, 0.90), (0.10, 0.80), (0.15, 0.50), (0.02, 0.97)];

/// Fits GARCH(1,1) with normal innovations by maximum likelihood, with a constant mean if
/// `with_mean`, else with none.
///
/// # Errors
/// Fewer than [`LEAST_FOR_GARCH`] returns, a constant series, or a likelihood with no finite maximum.
pub fn fit_garch(returns: &[f64], with_mean: bool) -> Result<GarchFit, InputError> {
    require("the series", returns.len(), LEAST_FOR_GARCH)?;
    require_movement("the series", returns)?;
    // Scaled to unit variance, so that one set of steps suits every asset and period.
    let whole = moments(returns);
    let centre = if with_mean { whole.mean } else { 0.0 };
    let scale =
        mean(&returns.iter().map(|r| (r - centre) * (r - centre)).collect::<Vec<_>>()).sqrt();
    let scaled: Vec<f64> = returns.iter().map(|r| r / scale).collect();
    let unpack = |p: &[f64]| Garch {
        mean: if with_mean { p[3] } else { 0.0 },
        omega: p[0],
        alpha: p[1],
        beta: p[2],
    };
    let loss = |p: &[f64]| {
        let garch = unpack(p);
        if garch.is_admissible() { -garch.log_likelihood(&scaled) } else { f64::INFINITY }
    };
    let best = STARTS
        .iter()
        .map(|(alpha, beta)| {
            let mut start = vec![1.0 - alpha - beta, *alpha, *beta];
            let mut steps = vec![0.5 * start[0], 0.03, -0.05];
            if with_mean {
                start.push(whole.mean / scale);
                steps.push(0.05);
            }
            nelder_mead(loss, &start, &steps, 1e-13)
        })
        .min_by(|a, b| a.value.total_cmp(&b.value))
        .filter(|best| best.value.is_finite());
    let Some(best) = best else {
        return Err(InputError::new(InputCode::BadNumber, "the likelihood has no finite maximum"));
    };
    let errors = standard_errors(loss, &best.point);
    let fitted = unpack(&best.point);
    let garch = Garch { mean: fitted.mean * scale, omega: fitted.omega * scale * scale, ..fitted };
    let standard_errors = errors.map(|e| {
        let of_mean = e.get(3).map_or(0.0, |e| e * scale);
        [of_mean, e[0] * scale * scale, e[1], e[2]]
    });
    Ok(GarchFit { garch, log_likelihood: garch.log_likelihood(returns), standard_errors })
}

/// Square roots of the diagonal of the inverse Hessian of a negative log-likelihood, by central
/// differences; `None` where it is not positive definite.
fn standard_errors(loss: impl Fn(&[f64]) -> f64, point: &[f64]) -> Option<Vec<f64>> {
    let n = point.len();
    let steps: Vec<f64> = point.iter().map(|x| 1e-4 * x.abs().max(1e-2)).collect();
    let at = |i: usize, si: f64, j: usize, sj: f64| {
        let mut moved = point.to_vec();
        moved[i] += si * steps[i];
        moved[j] += sj * steps[j];
        loss(&moved)
    };
    let hessian = Matrix::from_fn(n, n, |i, j| {
        let mixed =
            at(i, 1.0, j, 1.0) - at(i, 1.0, j, -1.0) - at(i, -1.0, j, 1.0) + at(i, -1.0, j, -1.0);
        mixed / (4.0 * steps[i] * steps[j])
    });
    let factor = cholesky(&hessian).ok()?;
    let unit = |axis: usize| (0..n).map(|i| if i == axis { 1.0 } else { 0.0 }).collect::<Vec<_>>();
    Some((0..n).map(|axis| cholesky_solve(&factor, &unit(axis))[axis].sqrt()).collect())
}

/// The half-life in periods of a weight: `λ^h = ½`.
pub fn half_life(lambda: f64) -> f64 {
    ln(0.5) / ln(lambda)
}

/// The weight with a half-life of `periods`.
pub fn lambda_of_half_life(periods: f64) -> f64 {
    exp(ln(0.5) / periods)
}
