//! Do exceptions remember each other? The times between them, if they do not, are exponential.

use plimsoll_math::float::{exp, ln};
use plimsoll_math::root::{bracket, brent};
use plimsoll_model::error::{InputCode, InputError};
use schemars::JsonSchema;
use serde::Serialize;

use super::coverage::LikelihoodRatio;

/// The duration test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DurationTest {
    /// Weibull shape by maximum likelihood; below 1: exceptions come in clusters.
    pub shape: f64,
    /// Against shape 1.
    pub test: LikelihoodRatio,
}

/// Weibull test on the times between exceptions, `S(d) = exp(−(a·d)^b)`, against `b = 1`.
///
/// The time to the first exception and the time after the last are censored, unless an exception
/// falls on the first or last period. The scale is profiled out: with `u` uncensored durations
/// `a^b = u/Σd^b`, which leaves a concave function of `ln b`, solved by its derivative.
///
/// # Errors
/// Fewer than two durations or none uncensored: at least two exceptions are needed.
///
/// Source: P. Christoffersen and D. Pelletier, *Backtesting value-at-risk: a duration-based
/// approach*, J. Fin. Econometrics 2, 2004.
pub fn duration_test(hits: &[bool]) -> Result<DurationTest, InputError> {
    let days: Vec<usize> =
        hits.iter().enumerate().filter(|(_, hit)| **hit).map(|(day, _)| day).collect();
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return Err(too_few(0)) };
    if days.len() < 2 {
        return Err(too_few(days.len()));
    }
    let inner: Vec<f64> = days.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
    let mut all = inner.clone();
    // A first duration counts its days from 1.
    all.extend((*first > 0).then_some(*first as f64 + 1.0));
    all.extend((*last + 1 < hits.len()).then(|| (hits.len() - 1 - last) as f64));

    let count = inner.len() as f64;
    let ln_sum: f64 = inner.iter().map(|d| ln(*d)).sum();
    let powers = |shape: f64| {
        all.iter().fold((0.0, 0.0), |(sum, weighted), d| {
            let power = exp(shape * ln(*d));
            (sum + power, weighted + power * ln(*d))
        })
    };
    let likelihood = |shape: f64| {
        let (sum, _) = powers(shape);
        count * (ln(count / sum) + ln(shape) - 1.0) + (shape - 1.0) * ln_sum
    };
    let slope = |ln_shape: f64| {
        let shape = exp(ln_shape);
        let (sum, weighted) = powers(shape);
        count + shape * (ln_sum - count * weighted / sum)
    };
    // Shapes from e⁻⁵ to e⁵: beyond, all durations are equal and the likelihood has no maximum.
    let shape = bracket(slope, -0.5, 0.5, -5.0, 5.0)
        .and_then(|(lo, hi)| brent(slope, lo, hi, 1e-13))
        .map(exp)
        .unwrap_or_else(|_| exp(5.0_f64.copysign(slope(0.0))));
    Ok(DurationTest { shape, test: LikelihoodRatio::new(likelihood(shape), likelihood(1.0), 1) })
}

fn too_few(exceptions: usize) -> InputError {
    let message = format!("{exceptions} exceptions; a duration test needs two");
    InputError::new(InputCode::Empty, message)
}
