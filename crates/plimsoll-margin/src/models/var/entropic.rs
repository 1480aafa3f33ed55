//! Entropic value at risk: the tightest bound that Chernoff's inequality puts on VaR and ES.
//!
//! Source: A. Ahmadi-Javid, *Entropic value-at-risk: a new coherent risk measure*, J. Optimization
//! Theory and Applications 155, 2012.

use plimsoll_math::float::{exp, ln};
use plimsoll_math::optimise::nelder_mead;
use plimsoll_math::sum::neumaier;
use plimsoll_model::error::InputError;
use plimsoll_model::params::check_bounds;

use super::refused;

/// EVaR with the weights that make it a mean of losses.
#[derive(Clone, Debug, PartialEq)]
pub struct Entropic {
    /// The measure; at least the ES at the same level, at most the largest loss.
    pub value: f64,
    /// `z` at the minimum, in units of loss; 0 where only the largest loss counts.
    pub scale: f64,
    /// Weight of each loss: `e^{L_s/z}` over its sum. The gradient of the measure, so a leg's losses
    /// in it are the leg's Euler component.
    pub weights: Vec<f64>,
}

/// `inf over z > 0 of z·ln(mean(e^{L/z})/(1 − α))`.
///
/// # Errors
/// No losses, one that is not finite, or a level outside (0, 1).
pub fn entropic_var(losses: &[f64], level: f64) -> Result<Entropic, InputError> {
    check_bounds("level", level, 1e-12, 1.0 - 1e-12)?;
    if losses.is_empty() {
        return Err(refused("entropic value at risk", "no losses"));
    }
    if let Some(bad) = losses.iter().find(|loss| !loss.is_finite()) {
        return Err(refused("entropic value at risk", format!("a loss of {bad}")));
    }
    let (count, tail) = (losses.len() as f64, 1.0 - level);
    let (most, least) = losses
        .iter()
        .fold((f64::NEG_INFINITY, f64::INFINITY), |(most, least), x| (most.max(*x), least.min(*x)));
    let tops = losses.iter().filter(|loss| **loss == most).count() as f64;
    let weights_at = |scale: f64| {
        let raw: Vec<f64> = losses.iter().map(|loss| exp((loss - most) / scale)).collect();
        let sum = neumaier(raw.iter().copied());
        (raw.into_iter().map(|w| w / sum).collect::<Vec<f64>>(), sum)
    };
    // From a tail no larger than the share of the largest loss on, the bound falls with z to it.
    if tail * count <= tops {
        let weight = |loss: &f64| if *loss == most { 1.0 / tops } else { 0.0 };
        let weights = losses.iter().map(weight).collect();
        return Ok(Entropic { value: most, scale: 0.0, weights });
    }
    // The bound is convex in z, so it has one valley in ln z; the range of losses is its unit.
    let unit = most - least;
    let bound = |scale: f64| most + scale * ln(weights_at(scale).1 / count / tail);
    let best = nelder_mead(|x| bound(unit * exp(x[0])) / unit, &[ln(0.2)], &[0.5], 1e-15);
    let scale = unit * exp(best.point[0]);
    Ok(Entropic { value: bound(scale), scale, weights: weights_at(scale).0 })
}
