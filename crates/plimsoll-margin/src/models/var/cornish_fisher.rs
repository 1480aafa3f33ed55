//! Quantiles and tail means from four moments: the Cornish–Fisher expansion.
//!
//! Source: S. Jaschke, *The Cornish–Fisher expansion in the context of delta-gamma-normal
//! approximations*, J. Risk 4, 2002.

use plimsoll_math::normal;
use plimsoll_model::error::InputError;
use plimsoll_model::params::check_bounds;

/// First four cumulants' worth of a law.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Mean profit.
    pub mean: f64,
    /// Variance.
    pub variance: f64,
    /// `κ₃/κ₂^{3/2}`.
    pub skewness: f64,
    /// `κ₄/κ₂²`.
    pub excess_kurtosis: f64,
}

/// Cornish and Fisher's quantile of a standardised law.
///
/// `z + (z²−1)S/6 + (z³−3z)K/24 − (2z³−5z)S²/36`
pub fn cornish_fisher(z: f64, skewness: f64, excess_kurtosis: f64) -> f64 {
    let (z2, z3) = (z * z, z * z * z);
    let skew = (z2 - 1.0) * skewness / 6.0;
    let kurtosis = (z3 - 3.0 * z) * excess_kurtosis / 24.0;
    z + skew + kurtosis - (2.0 * z3 - 5.0 * z) * skewness * skewness / 36.0
}

/// Whether the expansion rises in `z` over all of the line: only there is it a quantile function.
///
/// Its derivative is the parabola `(K/8 − S²/6)z² + (S/3)z + 1 − K/8 + 5S²/36`.
pub fn cornish_fisher_is_monotone(skewness: f64, excess_kurtosis: f64) -> bool {
    let [a, b, c] = slope(skewness, excess_kurtosis);
    if a == 0.0 { b == 0.0 && c > 0.0 } else { a > 0.0 && b * b < 4.0 * a * c }
}

/// Whether it rises from `low` to `high`: what a measure needs that reads it nowhere else.
pub fn cornish_fisher_rises(low: f64, high: f64, skewness: f64, excess_kurtosis: f64) -> bool {
    let [a, b, c] = slope(skewness, excess_kurtosis);
    let rises = |z: f64| a * z * z + b * z + c > 0.0;
    let turn = -b / (2.0 * a);
    rises(low) && rises(high) && !(low < turn && turn < high && !rises(turn))
}

/// Coefficients of the derivative of the expansion, from `z²` down.
fn slope(skewness: f64, excess_kurtosis: f64) -> [f64; 3] {
    let square = skewness * skewness;
    let a = excess_kurtosis / 8.0 - square / 6.0;
    [a, skewness / 3.0, 1.0 - excess_kurtosis / 8.0 + 5.0 * square / 36.0]
}

/// A tail measure of a standardised law by expansion, in standard deviations above the mean, with
/// its derivatives in skewness and excess kurtosis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Expansion {
    pub value: f64,
    pub by_skewness: f64,
    pub by_kurtosis: f64,
}

impl Expansion {
    /// The quantile: [`cornish_fisher`].
    pub fn quantile(z: f64, skewness: f64, excess_kurtosis: f64) -> Self {
        Self {
            value: cornish_fisher(z, skewness, excess_kurtosis),
            by_skewness: (z * z - 1.0) / 6.0 - (2.0 * z * z * z - 5.0 * z) * skewness / 18.0,
            by_kurtosis: (z * z * z - 3.0 * z) / 24.0,
        }
    }

    /// The mean of [`cornish_fisher`] over the lower tail `p = N(z)`, term by term with
    /// `∫z = −n(z)`, `∫(z²−1) = −z·n(z)`, `∫(z³−3z) = −(z²−1)·n(z)`:
    /// `−n(z)/p·(1 + zS/6 + (z²−1)K/24 − (2z²−1)S²/36)`.
    pub fn tail_mean(z: f64, p: f64, skewness: f64, excess_kurtosis: f64) -> Self {
        let unit = -normal::pdf(z) / p;
        let (skew, kurtosis) = (z / 6.0, (z * z - 1.0) / 24.0);
        let square = (2.0 * z * z - 1.0) / 36.0;
        let shape = skew * skewness + kurtosis * excess_kurtosis - square * skewness * skewness;
        Self {
            value: unit * (1.0 + shape),
            by_skewness: unit * (skew - 2.0 * square * skewness),
            by_kurtosis: unit * kurtosis,
        }
    }
}

/// VaR by moments, with whether the expansion may be trusted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CornishFisherVar {
    /// `−(mean + sd·z_cf)`.
    pub var: f64,
    /// The expanded quantile.
    pub z: f64,
    /// [`cornish_fisher_is_monotone`].
    pub monotone: bool,
}

impl Shape {
    /// VaR at `level` by the Cornish–Fisher expansion.
    ///
    /// # Errors
    /// A level outside (0, 1).
    pub fn cornish_fisher_var(&self, level: f64) -> Result<CornishFisherVar, InputError> {
        check_bounds("level", level, 1e-12, 1.0 - 1e-12)?;
        let z = cornish_fisher(normal::inv_cdf(1.0 - level), self.skewness, self.excess_kurtosis);
        Ok(CornishFisherVar {
            var: -(self.mean + self.variance.sqrt() * z),
            z,
            monotone: cornish_fisher_is_monotone(self.skewness, self.excess_kurtosis),
        })
    }
}
