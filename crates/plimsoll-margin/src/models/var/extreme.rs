//! The tail beyond the sample: generalised Pareto above a threshold, and Hill's index.

use plimsoll_math::float::{exp, ln, ln_1p, pow};
use plimsoll_math::optimise::nelder_mead;
use plimsoll_math::sum::neumaier;
use plimsoll_model::error::InputError;
use plimsoll_model::params::check_bounds;

use super::refused;

/// A generalised Pareto tail: `P(L > u + y | L > u) = (1 + ξ·y/β)^{−1/ξ}`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParetoTail {
    /// Threshold `u`, in units of loss.
    pub threshold: f64,
    /// Losses above it, `k`.
    pub exceedances: usize,
    /// Losses in all, `n`.
    pub count: usize,
    /// Shape `ξ`; above 0 the tail is a power law, at 1 and above the mean is infinite.
    pub shape: f64,
    /// Scale `β`, in units of loss.
    pub scale: f64,
    /// Standard error of the shape: `(1 + ξ)/√k`, for ξ > −½.
    pub shape_error: f64,
    /// Hill's estimate of the shape from the same losses; see [`hill`].
    pub hill: f64,
}

/// Fewest losses above the threshold for two parameters.
pub const LEAST_EXCEEDANCES: usize = 10;

/// Fits the tail of the `exceedances` largest losses by maximum likelihood; the threshold is the next
/// largest.
///
/// # Errors
/// Fewer than [`LEAST_EXCEEDANCES`], not fewer than there are losses, a tail without spread, or a loss
/// that is not finite.
pub fn fit_pareto(losses: &[f64], exceedances: usize) -> Result<ParetoTail, InputError> {
    let sorted = descending(losses, exceedances)?;
    if exceedances < LEAST_EXCEEDANCES {
        let text =
            format!("{exceedances} losses above the threshold; {LEAST_EXCEEDANCES} are needed");
        return Err(refused("Pareto tail", text));
    }
    let threshold = sorted[exceedances];
    let over: Vec<f64> = sorted[..exceedances].iter().map(|loss| loss - threshold).collect();
    let mean = neumaier(over.iter().copied()) / over.len() as f64;
    if mean <= 0.0 {
        return Err(refused("Pareto tail", "all losses beyond the threshold are equal to it"));
    }
    // Negative log-likelihood per loss with the scale in units of the mean excess.
    let loss = |p: &[f64]| {
        let (shape, scale) = (p[0], exp(p[1]) * mean);
        let terms = over.iter().map(|y| {
            let x = shape * y / scale;
            if shape.abs() < 1e-8 { y / scale } else { (1.0 / shape + 1.0) * ln_1p(x) }
        });
        ln(scale / mean) + neumaier(terms) / over.len() as f64
    };
    let guarded = |p: &[f64]| {
        let inside = p[0] > -1.0 && 1.0 + p[0] * over[0] / (exp(p[1]) * mean) > 0.0;
        if inside { loss(p) } else { f64::INFINITY }
    };
    let best = nelder_mead(guarded, &[0.1, -0.1], &[0.1, 0.2], 1e-14);
    let shape = best.point[0];
    Ok(ParetoTail {
        threshold,
        exceedances,
        count: losses.len(),
        shape,
        scale: exp(best.point[1]) * mean,
        shape_error: (1.0 + shape) / (exceedances as f64).sqrt(),
        hill: hill(losses, exceedances).unwrap_or(f64::NAN),
    })
}

impl ParetoTail {
    /// `u + β/ξ·((n/k·(1−α))^{−ξ} − 1)`.
    ///
    /// # Errors
    /// A level whose quantile lies below the threshold.
    pub fn var(&self, level: f64) -> Result<f64, InputError> {
        let share = self.exceedances as f64 / self.count as f64;
        check_bounds("level", level, 1.0 - share, 1.0 - 1e-15)?;
        let ratio = (1.0 - level) / share;
        if self.shape.abs() < 1e-8 {
            return Ok(self.threshold - self.scale * ln(ratio));
        }
        Ok(self.threshold + self.scale / self.shape * (pow(ratio, -self.shape) - 1.0))
    }

    /// `(VaR + β − ξu)/(1 − ξ)`.
    ///
    /// # Errors
    /// As [`Self::var`]; `ξ ≥ 1`, where the mean of the tail is infinite.
    pub fn es(&self, level: f64) -> Result<f64, InputError> {
        if self.shape >= 1.0 {
            let text = format!("shape {} has no mean", self.shape);
            return Err(refused("Pareto tail", text));
        }
        let var = self.var(level)?;
        Ok((var + self.scale - self.shape * self.threshold) / (1.0 - self.shape))
    }
}

/// Hill's estimate of the tail shape ξ (one over the tail index) from the `k` largest losses:
/// `1/k·Σ ln(L_(i)/L_(k+1))`.
///
/// # Errors
/// No such losses, or losses that are not positive.
pub fn hill(losses: &[f64], k: usize) -> Result<f64, InputError> {
    let sorted = descending(losses, k)?;
    if sorted[k] <= 0.0 || k == 0 {
        return Err(refused("Hill's estimate", format!("{k} losses above {}", sorted[k])));
    }
    Ok(neumaier(sorted[..k].iter().map(|loss| ln(loss / sorted[k]))) / k as f64)
}

/// Losses from the largest down, with at least one beyond `k`.
fn descending(losses: &[f64], k: usize) -> Result<Vec<f64>, InputError> {
    if k >= losses.len() {
        return Err(refused("tail", format!("{k} of {} losses", losses.len())));
    }
    if let Some(bad) = losses.iter().find(|loss| !loss.is_finite()) {
        return Err(refused("tail", format!("a loss of {bad}")));
    }
    let mut sorted = losses.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    Ok(sorted)
}
