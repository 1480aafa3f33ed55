//! Quantiles and tail means of a sample, with the order-statistic convention named.
//!
//! "The 99 % quantile of 500 numbers" is not one number: neighbouring order statistics lie several
//! percent apart in the tail, and packages disagree by one of them. Every caller says which it means.

use thiserror::Error;

use crate::special::binomial_cdf;
use crate::sum::neumaier;

/// How a quantile at level `α` is read off `n` sorted numbers `x₁ ≤ … ≤ xₙ`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Convention {
    /// `x_k`, `k = ⌈αn⌉`: the smallest number with at least a share `α` of the sample at or below it
    /// (the inverse of the empirical distribution function; Hyndman and Fan's type 1).
    InverseEcdf,
    /// `x_h` interpolated at `h = 1 + α(n − 1)` (type 7, the default of NumPy and R).
    Linear,
    /// The `⌈(1−α)n⌉`-th largest. Differs from [`Convention::InverseEcdf`] by one order statistic,
    /// upwards, exactly where `(1−α)n` is an integer.
    UpperOrderStatistic,
}

impl Convention {
    /// The name that reports print.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InverseEcdf => "inverse-ecdf",
            Self::Linear => "linear",
            Self::UpperOrderStatistic => "upper-order-statistic",
        }
    }
}

/// Why a sample has no quantile.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum QuantileError {
    /// No numbers.
    #[error("a quantile of an empty sample")]
    Empty,
    /// The level is not strictly between 0 and 1.
    #[error("level {level} is not between 0 and 1")]
    BadLevel {
        /// the level
        level: f64,
    },
    /// A number is NaN or infinite.
    #[error("number {index} of the sample is {value}")]
    NotFinite {
        /// its place
        index: usize,
        /// the number
        value: f64,
    },
    /// A weight is negative or not finite, all weights are zero, or there are not as many weights as
    /// numbers.
    #[error("the weights are not non-negative, with a positive sum, one for each number")]
    BadWeights,
}

fn check(sample: &[f64], level: f64) -> Result<(), QuantileError> {
    if sample.is_empty() {
        return Err(QuantileError::Empty);
    }
    if !(level > 0.0 && level < 1.0) {
        return Err(QuantileError::BadLevel { level });
    }
    // Without an early exit the loop runs on whole registers.
    if sample.iter().fold(true, |finite, value| finite & value.is_finite()) {
        return Ok(());
    }
    let index = sample.iter().position(|value| !value.is_finite()).unwrap_or_default();
    Err(QuantileError::NotFinite { index, value: sample[index] })
}

/// Every so manieth number is probed for the bound of [`largest`].
const STRIDE: usize = 16;

/// The `count` largest numbers, in no order. The sample is not empty and finite, `count` at least 1
/// and at most its length.
///
/// A probe of the sample gives a bound that a few more than `count` numbers should reach; one pass
/// keeps those (R. Floyd and R. Rivest, *Expected time bounds for selection*, CACM 18, 1975). Where
/// the probe misleads, the selection is made among all.
fn largest(sample: &[f64], count: usize) -> Vec<f64> {
    let mut kept = reaching_bound(sample, count).unwrap_or_else(|| sample.to_vec());
    let split = kept.len() - count;
    kept.select_nth_unstable_by(split, f64::total_cmp);
    kept.drain(..split);
    kept
}

/// At least `count` numbers with all of the `count` largest among them, if a probe finds a bound.
fn reaching_bound(sample: &[f64], count: usize) -> Option<Vec<f64>> {
    let mut probe: Vec<f64> = sample.iter().step_by(STRIDE).copied().collect();
    let expected = count as f64 / STRIDE as f64;
    // Three standard deviations more than expected: too few are kept about once in a thousand.
    let rank = (expected + 3.0 * expected.sqrt()).ceil() as usize + 1;
    let place = probe.len().checked_sub(rank)?;
    let (_, bound, _) = probe.select_nth_unstable_by(place, f64::total_cmp);
    let bound = *bound;
    let mut kept = vec![0.0; sample.len()];
    let mut number = 0;
    // Every number is written, those below the bound are written over: no branch to guess wrong.
    for value in sample {
        kept[number] = *value;
        number += usize::from(*value >= bound);
    }
    kept.truncate(number);
    (number >= count).then_some(kept)
}

/// `(1−α)n`, the size of the upper tail in observations. A product within `1e-9` of an integer is that
/// integer: `(1 − 0.99)·500` is 5, whatever its last bit says.
#[must_use]
pub fn tail_size(count: usize, level: f64) -> f64 {
    let size = (1.0 - level) * count as f64;
    let nearest = size.round();
    if (size - nearest).abs() < 1e-9 { nearest } else { size }
}

/// The ranks (from 1, ascending) that a quantile is read off, with their weights.
fn ranks(count: usize, level: f64, convention: Convention) -> [(usize, f64); 2] {
    let tail = tail_size(count, level);
    let single = |rank: usize| [(rank.clamp(1, count), 1.0), (count, 0.0)];
    match convention {
        // ⌈αn⌉ = n − ⌊(1−α)n⌋.
        Convention::InverseEcdf => single(count - tail.floor() as usize),
        Convention::UpperOrderStatistic => single(count + 1 - (tail.ceil() as usize).max(1)),
        Convention::Linear => {
            let place = level * (count - 1) as f64;
            let below = place.floor();
            let share = place - below;
            let rank = below as usize + 1;
            [(rank, 1.0 - share), ((rank + 1).min(count), share)]
        }
    }
}

/// The quantile of a sample at `level`, in any order.
///
/// # Errors
/// [`QuantileError`] for an empty or non-finite sample or a level outside (0, 1).
pub fn quantile(sample: &[f64], level: f64, convention: Convention) -> Result<f64, QuantileError> {
    check(sample, level)?;
    let [(low, _), (high, share)] = ranks(sample.len(), level, convention);
    let mut values = sample.to_vec();
    let (_, at_low, above) = values.select_nth_unstable_by(low - 1, f64::total_cmp);
    let at_low = *at_low;
    if share == 0.0 || high == low {
        return Ok(at_low);
    }
    let at_high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(at_low);
    Ok(at_low + share * (at_high - at_low))
}

/// Weights of the observations in a quantile: one observation, or two for [`Convention::Linear`].
/// Among equal numbers the earlier ranks higher.
///
/// # Errors
/// As [`quantile`].
pub fn quantile_weights(
    sample: &[f64],
    level: f64,
    convention: Convention,
) -> Result<Vec<(usize, f64)>, QuantileError> {
    check(sample, level)?;
    let mut order: Vec<usize> = (0..sample.len()).collect();
    let upwards = |a: &usize, b: &usize| sample[*a].total_cmp(&sample[*b]).then_with(|| b.cmp(a));
    let ranks = ranks(sample.len(), level, convention);
    let read = ranks.iter().filter(|rank| rank.1 > 0.0);
    Ok(read
        .map(|(rank, weight)| (*order.select_nth_unstable_by(rank - 1, upwards).1, *weight))
        .collect())
}

/// Ends of a distribution-free interval for a quantile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end; the least observation where no order statistic lies low enough.
    pub low: f64,
    /// Upper end; the largest observation where none lies high enough.
    pub high: f64,
    /// Whether order statistics for both ends were in the sample. If not, the truth may lie outside
    /// with more than the stated probability.
    pub bounded: bool,
}

/// The order statistics that enclose the quantile at `level` with probability `confidence` or more:
/// the number of observations below the true quantile is binomial `(n, level)`, whatever the law.
///
/// # Errors
/// As [`quantile`]; also for a confidence outside (0, 1).
pub fn quantile_interval(
    sample: &[f64],
    level: f64,
    confidence: f64,
) -> Result<Interval, QuantileError> {
    check(sample, level)?;
    check(sample, confidence)?;
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    let count = sorted.len() as u64;
    let tail = 0.5 * (1.0 - confidence);
    // The least k with P(X ≤ k) at or above a probability, by bisection of a rising function.
    let least_with = |probability: f64| {
        let (mut lo, mut hi) = (0, count);
        while lo < hi {
            let middle = u64::midpoint(lo, hi);
            if binomial_cdf(middle, count, level) >= probability {
                hi = middle;
            } else {
                lo = middle + 1;
            }
        }
        lo
    };
    // P(X < low) ≤ tail and P(X ≥ high) ≤ tail.
    let (low, high) = (least_with(tail), least_with(1.0 - tail) + 1);
    let at = |rank: u64| sorted[(rank.clamp(1, count) - 1) as usize];
    Ok(Interval { low: at(low), high: at(high), bounded: low >= 1 && high <= count })
}

/// Weights of the observations in the mean of the upper tail: `tail_mean = Σ wᵢ·xᵢ`, `Σ wᵢ = 1`.
///
/// With `m = (1−α)n`, the `⌊m⌋` largest numbers have weight `1/m` and the next one the fraction
/// `(m − ⌊m⌋)/m`: the coherent expected shortfall of Acerbi and Tasche (2002). Among equal numbers the
/// earlier comes first. Multiplied into the rows that sum to the sample, the same weights split the
/// tail mean over its parts (Euler).
///
/// # Errors
/// As [`quantile`].
pub fn tail_weights(sample: &[f64], level: f64) -> Result<Vec<(usize, f64)>, QuantileError> {
    check(sample, level)?;
    let size = tail_size(sample.len(), level);
    let whole = size.floor() as usize;
    let count = (size.ceil() as usize).clamp(1, sample.len());
    let mut order: Vec<usize> = (0..sample.len()).collect();
    let downwards = |a: &usize, b: &usize| sample[*b].total_cmp(&sample[*a]).then_with(|| a.cmp(b));
    order.select_nth_unstable_by(count - 1, downwards);
    order.truncate(count);
    order.sort_unstable_by(downwards);
    let weight = |rank: usize| if rank < whole { 1.0 / size } else { (size - whole as f64) / size };
    Ok(order.into_iter().enumerate().map(|(rank, index)| (index, weight(rank))).collect())
}

/// Mean of the upper tail `1 − level` of a sample, with the fractional boundary term of
/// [`tail_weights`]. Of losses it is the expected shortfall. Below one observation in the tail
/// (`(1−α)n < 1`) it is the maximum.
///
/// # Errors
/// As [`quantile`].
pub fn tail_mean(sample: &[f64], level: f64) -> Result<f64, QuantileError> {
    check(sample, level)?;
    let size = tail_size(sample.len(), level);
    let whole = size.floor() as usize;
    let count = (size.ceil() as usize).clamp(1, sample.len());
    // Sorted, so that equal samples in another order give the same bits.
    let mut tail = largest(sample, count);
    tail.sort_unstable_by(f64::total_cmp);
    let (boundary, largest) = if whole < count { (tail[0], &tail[1..]) } else { (0.0, &tail[..]) };
    let sum = neumaier(largest.iter().copied());
    Ok((sum + (size - whole as f64) * boundary) / size)
}

/// The smallest number whose cumulative weight reaches `level` of the total, with one weight per
/// observation; equal weights give [`Convention::InverseEcdf`] up to rounding.
///
/// # Errors
/// [`QuantileError`], also for weights that do not fit.
pub fn weighted_quantile(
    sample: &[f64],
    weights: &[f64],
    level: f64,
) -> Result<f64, QuantileError> {
    Ok(sample[weighted_quantile_index(sample, weights, level)?])
}

/// The place of the number that [`weighted_quantile`] reads; among equal numbers the first.
///
/// # Errors
/// As [`weighted_quantile`].
pub fn weighted_quantile_index(
    sample: &[f64],
    weights: &[f64],
    level: f64,
) -> Result<usize, QuantileError> {
    let order = weighted_order(sample, weights, level)?;
    let total = neumaier(weights.iter().copied());
    // From the top, where the few numbers are: the tail above the quantile weighs at most 1 − level.
    let allowed = (1.0 - level) * total * (1.0 + 1e-12);
    let mut above = 0.0;
    let reached = order.iter().find(|index| {
        above += weights[**index];
        above > allowed
    });
    reached.or(order.last()).copied().ok_or(QuantileError::Empty)
}

/// Weights of the observations in the mean of the upper tail of weight `1 − level`, the boundary
/// observation in part: `weighted_tail_mean = Σ wᵢ·xᵢ`, `Σ wᵢ = 1`, the largest first.
///
/// # Errors
/// As [`weighted_quantile`].
pub fn weighted_tail_weights(
    sample: &[f64],
    weights: &[f64],
    level: f64,
) -> Result<Vec<(usize, f64)>, QuantileError> {
    let order = weighted_order(sample, weights, level)?;
    let mass = (1.0 - level) * neumaier(weights.iter().copied());
    let mut left = mass;
    let mut tail = Vec::new();
    for index in order {
        let weight = weights[index].min(left);
        tail.push((index, weight / mass));
        left -= weight;
        if left <= 0.0 {
            break;
        }
    }
    Ok(tail)
}

/// Mean of the upper tail of weight `1 − level`, the boundary observation in part.
///
/// # Errors
/// As [`weighted_quantile`].
pub fn weighted_tail_mean(
    sample: &[f64],
    weights: &[f64],
    level: f64,
) -> Result<f64, QuantileError> {
    let tail = weighted_tail_weights(sample, weights, level)?;
    Ok(tail.iter().map(|(index, weight)| weight * sample[*index]).sum())
}

/// Indices from the largest number down.
fn weighted_order(
    sample: &[f64],
    weights: &[f64],
    level: f64,
) -> Result<Vec<usize>, QuantileError> {
    check(sample, level)?;
    let fits = weights.len() == sample.len()
        && weights.iter().all(|weight| weight.is_finite() && *weight >= 0.0)
        && weights.iter().any(|weight| *weight > 0.0);
    if !fits {
        return Err(QuantileError::BadWeights);
    }
    let mut order: Vec<usize> = (0..sample.len()).collect();
    order.sort_by(|a, b| sample[*b].total_cmp(&sample[*a]).then_with(|| a.cmp(b)));
    Ok(order)
}
