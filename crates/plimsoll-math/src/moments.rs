//! Moments of a sample.

use crate::sum::neumaier;

/// Mean; NaN of nothing.
#[must_use]
pub fn mean(sample: &[f64]) -> f64 {
    neumaier(sample.iter().copied()) / sample.len() as f64
}

/// Mean of `f` over a sample.
fn mean_of(sample: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    neumaier(sample.iter().map(|x| f(*x))) / sample.len() as f64
}

/// Variance about the mean with divisor `n − 1`; NaN below two numbers.
#[must_use]
pub fn sample_variance(sample: &[f64]) -> f64 {
    let mean = mean(sample);
    neumaier(sample.iter().map(|x| (x - mean) * (x - mean))) / (sample.len() as f64 - 1.0)
}

/// Population moments, divisor `n` throughout.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// Mean.
    pub mean: f64,
    /// Variance.
    pub variance: f64,
    /// `m₃/m₂^{3/2}`; 0 for a constant.
    pub skewness: f64,
    /// `m₄/m₂² − 3`; 0 for a constant.
    pub excess_kurtosis: f64,
}

/// Population moments of a sample.
#[must_use]
pub fn moments(sample: &[f64]) -> Moments {
    let mean = mean(sample);
    let central =
        |power: i32| mean_of(sample, |x| (0..power).fold(1.0, |product, _| product * (x - mean)));
    let variance = central(2);
    if variance <= 0.0 {
        return Moments { mean, variance, skewness: 0.0, excess_kurtosis: 0.0 };
    }
    Moments {
        mean,
        variance,
        skewness: central(3) / (variance * variance.sqrt()),
        excess_kurtosis: central(4) / (variance * variance) - 3.0,
    }
}
