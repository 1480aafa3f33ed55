//! Delta-gamma: profit `P = δᵀx + ½xᵀΓx` with `x ~ N(0, C)`, by moments or exactly.
//!
//! `δ` in currency per unit move, `Γ` in currency per square of a unit move, `C` the covariance of
//! moves over the horizon. Sources: S. Jaschke, *The Cornish–Fisher expansion in the context of
//! delta-gamma-normal approximations*, J. Risk 4, 2002; R. Davies, *Numerical inversion of a
//! characteristic function*, Biometrika 60, 1973.

use std::f64::consts::PI;

use plimsoll_math::float::{atan, cos, exp, ln_1p, sin};
use plimsoll_math::linalg::{Matrix, cholesky, dot, symmetric_eigen};
use plimsoll_math::normal;
use plimsoll_math::root::{bracket, brent};
use plimsoll_model::error::InputError;
use plimsoll_model::params::check_bounds;

use super::refused;

/// A quadratic book under a normal law, diagonalised: `P = Σ_j (d_j·z_j + ½λ_j·z_j²)`, `z` independent
/// standard normals.
#[derive(Clone, Debug, PartialEq)]
pub struct QuadraticBook {
    delta: Vec<f64>,
    lambda: Vec<f64>,
}

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
    let square = skewness * skewness;
    let a = excess_kurtosis / 8.0 - square / 6.0;
    let b = skewness / 3.0;
    let c = 1.0 - excess_kurtosis / 8.0 + 5.0 * square / 36.0;
    if a == 0.0 { b == 0.0 && c > 0.0 } else { a > 0.0 && b * b < 4.0 * a * c }
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

/// Exact VaR and ES with a bound on the error of the inversion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExactTail {
    /// Value at risk.
    pub var: f64,
    /// Expected shortfall.
    pub es: f64,
    /// Largest error in the distribution function from cutting the inversion off. Above 1e-9 the law
    /// has almost no linear part and few factors, and its density a pole.
    pub probability_error: f64,
}

/// Terms of the inversion at most.
const MAX_TERMS: u32 = 1 << 20;

impl QuadraticBook {
    /// Diagonalises the book: `C = LLᵀ`, `LᵀΓL = U·diag(λ)·Uᵀ`, `d = UᵀLᵀδ`.
    ///
    /// # Errors
    /// Shapes that do not fit, a `Γ` that is not finite, or a `C` that is not positive definite.
    pub fn new(delta: &[f64], gamma: &Matrix, covariance: &Matrix) -> Result<Self, InputError> {
        let n = delta.len();
        if gamma.rows() != n || covariance.rows() != n {
            let shape = format!("{} and {} rows for {n} factors", gamma.rows(), covariance.rows());
            return Err(refused("gamma and covariance", shape));
        }
        let l = cholesky(covariance).map_err(|error| refused("covariance", error))?;
        let lt = l.transposed();
        let inner = lt
            .times(gamma)
            .and_then(|product| product.times(&l))
            .and_then(|product| symmetric_eigen(&product))
            .map_err(|error| refused("gamma", error))?;
        let delta = inner.vectors.transposed().times_vector(&lt.times_vector(delta));
        Ok(Self { delta, lambda: inner.values })
    }

    /// `κ₁ = ½Σλ`, `κ₂ = ½Σλ² + Σd²`, `κ₃ = Σλ³ + 3Σλd²`, `κ₄ = 3Σλ⁴ + 12Σλ²d²`: the traces of the
    /// general form in diagonal coordinates.
    pub fn shape(&self) -> Shape {
        let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
            self.lambda.iter().zip(&self.delta).map(|(l, d)| f(*l, *d)).sum()
        };
        let mean = 0.5 * sum(&|l, _| l);
        let variance = sum(&|l, d| 0.5 * l * l + d * d);
        let third = sum(&|l, d| l * l * l + 3.0 * l * d * d);
        let fourth = sum(&|l, d| 3.0 * l * l * l * l + 12.0 * l * l * d * d);
        let ratio = |top: f64, bottom: f64| if bottom > 0.0 { top / bottom } else { 0.0 };
        Shape {
            mean,
            variance,
            skewness: ratio(third, variance * variance.sqrt()),
            excess_kurtosis: ratio(fourth, variance * variance),
        }
    }

    /// Modulus and argument of the characteristic function
    /// `φ(u) = Π (1 − iuλ)^{−½}·exp(−½d²u²/(1 − iuλ))`.
    fn characteristic(&self, u: f64) -> (f64, f64) {
        let (mut ln_modulus, mut argument) = (0.0, 0.0);
        for (lambda, delta) in self.lambda.iter().zip(&self.delta) {
            let x = u * lambda;
            let square = x * x;
            let quadratic = 0.5 * delta * delta * u * u / (1.0 + square);
            ln_modulus -= 0.25 * ln_1p(square) + quadratic;
            argument += 0.5 * atan(x) - quadratic * x;
        }
        (exp(ln_modulus), argument)
    }

    /// VaR and ES at `level` by inversion of the characteristic function.
    ///
    /// On the midpoints `u_k = (k + ½)h` the sums
    /// `F(x) = ½ − Σ Im(e^{−iux}φ)/(π(k+½))` and
    /// `E|P − x| = (2/(πh))·(π²/2 − Σ Re(e^{−iux}φ)/(k+½)²)` are exact but for the mass of `P` farther
    /// than `2π/h` from `x`; `h` puts that 40 eigenvalues and 10 standard deviations out.
    /// `ES = −x + E(x − P)⁺/(1−α)` at `x = −VaR`.
    ///
    /// # Errors
    /// A level outside (0, 1), or a book without risk.
    pub fn exact(&self, level: f64) -> Result<ExactTail, InputError> {
        check_bounds("level", level, 1e-9, 1.0 - 1e-9)?;
        let shape = self.shape();
        let sd = shape.variance.sqrt();
        if !sd.is_finite() || sd <= 0.0 {
            return Err(refused("standard deviation of the book", sd));
        }
        let tail = 1.0 - level;
        let largest = self.lambda.iter().map(|l| l.abs()).fold(0.0, f64::max);
        let reach = 40.0 * largest + 20.0 * sd;
        let step = PI / reach;
        let mut table = Vec::new();
        for k in 0..MAX_TERMS {
            let u = (f64::from(k) + 0.5) * step;
            let (modulus, argument) = self.characteristic(u);
            table.push((u, modulus, argument));
            if modulus < 1e-17 {
                break;
            }
        }
        let terms = table.len() as f64;
        let probability_error = table.last().map_or(0.0, |last| last.1 / (PI * terms));
        let below = |x: f64| {
            let sum: f64 = table
                .iter()
                .enumerate()
                .map(|(k, (u, modulus, argument))| {
                    modulus * sin(argument - u * x) / (k as f64 + 0.5)
                })
                .sum();
            0.5 - sum / PI
        };
        let error = |x: f64| below(x) - tail;
        let guess = shape.mean + sd * normal::inv_cdf(tail);
        let quantile = bracket(error, guess - 0.5 * sd, guess + 0.5 * sd, -reach, reach)
            .and_then(|(lo, hi)| brent(error, lo, hi, 1e-13 * sd))
            .map_err(|error| refused("inversion of the characteristic function", error))?;
        let sum: f64 = table
            .iter()
            .enumerate()
            .map(|(k, (u, modulus, argument))| {
                let place = k as f64 + 0.5;
                modulus * cos(argument - u * quantile) / (place * place)
            })
            .sum();
        let distance = 2.0 / (PI * step) * (0.5 * PI * PI - sum);
        let shortfall = 0.5 * (distance + quantile - shape.mean);
        Ok(ExactTail { var: -quantile, es: -quantile + shortfall / tail, probability_error })
    }

    /// Simulated profits of standard normal draws, for a check: `P(z)`.
    pub fn profit(&self, z: &[f64]) -> f64 {
        let squares: Vec<f64> = z.iter().map(|z| 0.5 * z * z).collect();
        dot(&self.delta, z) + dot(&self.lambda, &squares)
    }
}
