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
    /// `L·U`: moves are `x = map·z`
    map: Matrix,
}

/// Derivatives of a measure with respect to `δ` and to `Γ`: the Euler component of a part of the book
/// with `δ_i`, `Γ_i` is `Σ delta·δ_i + Σ gamma·Γ_i`, sums over all entries. Components add up to the
/// measure, as it is homogeneous.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradient {
    /// By `δ`, per factor.
    pub delta: Vec<f64>,
    /// By `Γ`, symmetric.
    pub gamma: Matrix,
}

/// A measure with its gradient.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// The measure.
    pub value: f64,
    /// Its derivatives.
    pub gradient: Gradient,
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

/// A tail measure of a standardised law by expansion, in standard deviations above the mean, with
/// its derivatives in skewness and excess kurtosis.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Expansion {
    value: f64,
    by_skewness: f64,
    by_kurtosis: f64,
}

impl Expansion {
    /// The quantile: [`cornish_fisher`].
    fn quantile(z: f64, skewness: f64, excess_kurtosis: f64) -> Self {
        Self {
            value: cornish_fisher(z, skewness, excess_kurtosis),
            by_skewness: (z * z - 1.0) / 6.0 - (2.0 * z * z * z - 5.0 * z) * skewness / 18.0,
            by_kurtosis: (z * z * z - 3.0 * z) / 24.0,
        }
    }

    /// The mean of [`cornish_fisher`] over the lower tail `p = N(z)`, term by term with
    /// `∫z = −n(z)`, `∫(z²−1) = −z·n(z)`, `∫(z³−3z) = −(z²−1)·n(z)`:
    /// `−n(z)/p·(1 + zS/6 + (z²−1)K/24 − (2z²−1)S²/36)`.
    fn tail_mean(z: f64, p: f64, skewness: f64, excess_kurtosis: f64) -> Self {
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

/// After so many terms the inversion ends where what is cut off changes no probability by more than
/// [`PROBABILITY_ERROR`]; before, where it changes nothing.
const ENOUGH_TERMS: u32 = 4096;
const PROBABILITY_ERROR: f64 = 1e-10;

/// A complex number.
type Complex = (f64, f64);

fn product(a: Complex, b: Complex) -> Complex {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

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
        let map = l.times(&inner.vectors).map_err(|error| refused("gamma", error))?;
        let delta = map.transposed().times_vector(delta);
        Ok(Self { delta, lambda: inner.values, map })
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

    /// A gradient in diagonal coordinates as one in those of the book.
    fn gradient(&self, delta: &[f64], gamma: &Matrix) -> Result<Gradient, InputError> {
        let gamma = self
            .map
            .times(gamma)
            .and_then(|half| half.times(&self.map.transposed()))
            .map_err(|error| refused("gradient", error))?;
        Ok(Gradient { delta: self.map.times_vector(delta), gamma })
    }

    /// VaR, or ES where `shortfall`, by the Cornish–Fisher expansion, with its gradient:
    /// `−(κ₁ + √κ₂·y(S, K))` with `y` the expanded quantile or its mean over the tail.
    ///
    /// # Errors
    /// A level outside (0, 1), or a book without risk.
    pub fn expanded(&self, level: f64, shortfall: bool) -> Result<Split, InputError> {
        check_bounds("level", level, 1e-12, 1.0 - 1e-12)?;
        let Shape { mean, variance, skewness, excess_kurtosis } = self.shape();
        let sd = variance.sqrt();
        if !sd.is_finite() || sd <= 0.0 {
            return Err(refused("standard deviation of the book", sd));
        }
        let (tail, z) = (1.0 - level, normal::inv_cdf(1.0 - level));
        let y = if shortfall {
            Expansion::tail_mean(z, tail, skewness, excess_kurtosis)
        } else {
            Expansion::quantile(z, skewness, excess_kurtosis)
        };
        // Derivatives of the measure with respect to κ₂, κ₃, κ₄; that of κ₁ is −1.
        let shape = 1.5 * y.by_skewness * skewness + 2.0 * y.by_kurtosis * excess_kurtosis;
        let second = (shape - 0.5 * y.value) / sd;
        let third = -y.by_skewness / variance;
        let fourth = -y.by_kurtosis * sd / (variance * variance);
        let (d, lambda) = (&self.delta, &self.lambda);
        let by_delta: Vec<f64> = d
            .iter()
            .zip(lambda)
            .map(|(d, l)| d * (2.0 * second + 6.0 * third * l + 24.0 * fourth * l * l))
            .collect();
        let by_gamma = Matrix::from_fn(d.len(), d.len(), |j, k| {
            let crossed = d[j] * d[k] * (3.0 * third + 12.0 * fourth * (lambda[j] + lambda[k]));
            let l = lambda[j];
            let own = -0.5 + second * l + 3.0 * third * l * l + 12.0 * fourth * l * l * l;
            if j == k { own + crossed } else { crossed }
        });
        let gradient = self.gradient(&by_delta, &by_gamma)?;
        Ok(Split { value: -(mean + sd * y.value), gradient })
    }

    /// VaR, or ES where `shortfall`, by inversion ([`Self::exact`]), with its gradient.
    ///
    /// The component of a part is `−E[P_i | P = −VaR]`, or `−E[P_i | P ≤ −VaR]`. With
    /// `E[P_i·e^{iuP}] = φ(u)·(Σ d_j·g_j·iu/w_j + ½·Σ G_jj/w_j − ½u²·ΣΣ d_j·d_k·G_jk/(w_j·w_k))`,
    /// `w_j = 1 − iuλ_j`, both are inversions like that of `F`.
    ///
    /// # Errors
    /// As [`Self::exact`].
    pub fn exact_split(&self, level: f64, shortfall: bool) -> Result<Split, InputError> {
        let exact = self.exact(level)?;
        let (n, x) = (self.delta.len(), -exact.var);
        let (mut by_delta, mut by_gamma) = (vec![0.0; n], Matrix::zeros(n, n));
        let mut density = 0.0;
        for (k, (u, modulus, argument)) in self.table().into_iter().enumerate() {
            let angle = argument - u * x;
            let phi = (modulus * cos(angle), modulus * sin(angle));
            // Im/(k + ½) for the sum up to x, Re for that at x.
            let weight = |c: Complex| if shortfall { c.1 / (k as f64 + 0.5) } else { c.0 };
            density += phi.0;
            let inverse: Vec<Complex> = self
                .lambda
                .iter()
                .map(|lambda| {
                    let y = u * lambda;
                    (1.0 / (1.0 + y * y), y / (1.0 + y * y))
                })
                .collect();
            for j in 0..n {
                let one = product(phi, inverse[j]);
                by_delta[j] += self.delta[j] * u * weight((-one.1, one.0));
                for i in 0..=j {
                    let two = product(one, inverse[i]);
                    let own = if i == j { 0.5 * weight(one) } else { 0.0 };
                    let crossed = -0.5 * u * u * self.delta[i] * self.delta[j] * weight(two);
                    by_gamma.set(i, j, by_gamma.get(i, j) + own + crossed);
                }
            }
        }
        // ES: −(½E[P_i] − Σ/π)/(1−α). VaR: −Σ/Σ over the density.
        let (constant, factor) = if shortfall {
            (-0.25 / (1.0 - level), 1.0 / (PI * (1.0 - level)))
        } else {
            (0.0, -1.0 / density)
        };
        by_delta.iter_mut().for_each(|cell| *cell *= factor);
        let by_gamma = Matrix::from_fn(n, n, |i, j| {
            let cell = by_gamma.get(i.min(j), i.max(j)) * factor;
            if i == j { cell + constant } else { cell }
        });
        let gradient = self.gradient(&by_delta, &by_gamma)?;
        Ok(Split { value: if shortfall { exact.es } else { exact.var }, gradient })
    }

    /// Where `P` may be farther from a quantile than this with no probability that matters.
    fn reach(&self) -> f64 {
        let largest = self.lambda.iter().map(|l| l.abs()).fold(0.0, f64::max);
        40.0 * largest + 20.0 * self.shape().variance.sqrt()
    }

    /// Distance of the midpoints.
    fn step(&self) -> f64 {
        PI / self.reach()
    }

    /// `u_k`, and modulus and argument of the characteristic function there, as far as it matters.
    fn table(&self) -> Vec<(f64, f64, f64)> {
        let step = self.step();
        let mut table = Vec::new();
        for k in 0..MAX_TERMS {
            let u = (f64::from(k) + 0.5) * step;
            let (modulus, argument) = self.characteristic(u);
            table.push((u, modulus, argument));
            let small = PROBABILITY_ERROR * PI * f64::from(k + 1);
            if modulus < if k < ENOUGH_TERMS { 1e-17 } else { small } {
                break;
            }
        }
        table
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
        let (reach, step) = (self.reach(), self.step());
        let table = self.table();
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
