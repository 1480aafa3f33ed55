//! Incomplete gamma and beta functions and the laws built on them: chi-squared and Student's t.
//!
//! Relative error about 1e-14 in the body and 1e-12 far in the tails; every function is plain
//! arithmetic over [`crate::float`], so the same bits everywhere.

use std::f64::consts::PI;

use crate::float::{exp, ln, ln_1p, ln_gamma, sqrt};
use crate::normal;

/// Terms of a series or continued fraction at most. At a thousand degrees of freedom fewer than two
/// hundred are used.
const MAX_TERMS: u32 = 10_000;

/// Keeps Lentz's algorithm off a division by zero.
const TINY: f64 = 1e-300;

/// Upper regularised incomplete gamma function `Q(a, x) = Γ(a, x)/Γ(a)`; NaN unless `a > 0`, `x ≥ 0`.
///
/// Series of `P` below `x = a + 1`, Lentz's continued fraction of `Q` above.
#[must_use]
pub fn gamma_q(a: f64, x: f64) -> f64 {
    gamma_pair(a, x).1
}

/// Lower regularised incomplete gamma function `P(a, x) = 1 − Q(a, x)`, without cancellation.
#[must_use]
pub fn gamma_p(a: f64, x: f64) -> f64 {
    gamma_pair(a, x).0
}

fn gamma_pair(a: f64, x: f64) -> (f64, f64) {
    if a.is_nan() || x.is_nan() || a <= 0.0 || x < 0.0 {
        return (f64::NAN, f64::NAN);
    }
    if x == 0.0 {
        return (0.0, 1.0);
    }
    if x == f64::INFINITY {
        return (1.0, 0.0);
    }
    let front = exp(a * ln(x) - x - ln_gamma(a));
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        for _ in 0..MAX_TERMS {
            n += 1.0;
            term *= x / n;
            sum += term;
            if term < sum * f64::EPSILON {
                break;
            }
        }
        let p = (front * sum).min(1.0);
        return (p, 1.0 - p);
    }
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / b;
    let mut h = d;
    for i in 1..MAX_TERMS {
        let i = f64::from(i);
        let an = -i * (i - a);
        b += 2.0;
        d = 1.0 / away_from_zero(an * d + b);
        c = away_from_zero(b + an / c);
        let factor = d * c;
        h *= factor;
        if (factor - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    let q = (front * h).min(1.0);
    (1.0 - q, q)
}

fn away_from_zero(x: f64) -> f64 {
    if x.abs() < TINY { TINY } else { x }
}

/// Regularised incomplete beta function `I_x(a, b)`; `y = 1 − x` is passed too, so that neither end
/// loses digits.
#[must_use]
pub fn beta_i(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if y <= 0.0 {
        return 1.0;
    }
    let ln_front = ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * ln(x) + b * ln(y);
    let front = exp(ln_front);
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x) / a
    } else {
        1.0 - front * beta_fraction(b, a, y) / b
    }
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut h = d;
    for m in 1..MAX_TERMS {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away_from_zero(1.0 + even * d);
        c = away_from_zero(1.0 + even / c);
        h *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away_from_zero(1.0 + odd * d);
        c = away_from_zero(1.0 + odd / c);
        let factor = d * c;
        h *= factor;
        if (factor - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    h
}

/// `P(X > x)` for X chi-squared with `dof` degrees of freedom.
#[must_use]
pub fn chi_squared_sf(x: f64, dof: f64) -> f64 {
    gamma_q(0.5 * dof, 0.5 * x.max(0.0))
}

/// The number that a chi-squared variable with `dof` degrees of freedom exceeds with probability
/// `1 − p`. NaN outside `0 ≤ p < 1`.
///
/// Newton's method on the distribution function in `ln x`, from Wilson and Hilferty's approximation
/// (the leading term of the series in the far lower tail), kept inside a bracket.
#[must_use]
pub fn chi_squared_inv_cdf(p: f64, dof: f64) -> f64 {
    if !(0.0..1.0).contains(&p) || dof.is_nan() || dof <= 0.0 {
        return f64::NAN;
    }
    if p == 0.0 {
        return 0.0;
    }
    let a = 0.5 * dof;
    let third = 2.0 / (9.0 * dof);
    let root = 1.0 - third + normal::inv_cdf(p) * sqrt(third);
    // P(a, y) ≈ y^a/Γ(a + 1) for small y.
    let leading = exp((ln(p) + ln_gamma(a + 1.0)) / a);
    let start = if root > 0.0 { 0.5 * dof * root * root * root } else { leading };
    let start = if leading < 0.1 * a { leading } else { start };
    let (mut lo, mut hi) = (f64::NEG_INFINITY, f64::INFINITY);
    let mut u = ln(start.max(f64::MIN_POSITIVE));
    for _ in 0..MAX_NEWTON {
        let y = exp(u);
        let (below, above) = gamma_pair(a, y);
        let error = if p < 0.5 { below - p } else { (1.0 - p) - above };
        if error > 0.0 {
            hi = u;
        } else {
            lo = u;
        }
        let density = exp(a * u - y - ln_gamma(a));
        let mut next = u - error / density;
        if !(next > lo && next < hi) {
            next = match (lo.is_finite(), hi.is_finite()) {
                (true, true) => 0.5 * (lo + hi),
                (true, false) => lo + 1.0,
                _ => hi - 1.0,
            };
        }
        let step = (next - u).abs();
        u = next;
        if step <= 1e-15 * u.abs().max(1.0) {
            break;
        }
    }
    2.0 * exp(u)
}

/// Newton steps at most; bisection alone needs about 60.
const MAX_NEWTON: u32 = 100;

/// Density of Student's t with `dof` degrees of freedom.
#[must_use]
pub fn student_t_pdf(x: f64, dof: f64) -> f64 {
    let ln_constant = ln_gamma(0.5 * (dof + 1.0)) - ln_gamma(0.5 * dof) - 0.5 * ln(dof * PI);
    exp(ln_constant - 0.5 * (dof + 1.0) * ln_1p(x * x / dof))
}

/// Distribution function of Student's t, without cancellation in the lower tail.
#[must_use]
pub fn student_t_cdf(x: f64, dof: f64) -> f64 {
    let square = x * x;
    let half_tail = 0.5 * beta_i(0.5 * dof, 0.5, dof / (dof + square), square / (dof + square));
    if x <= 0.0 { half_tail } else { 1.0 - half_tail }
}

/// Quantile of Student's t. NaN outside (0, 1).
///
/// Newton's method from the Cornish–Fisher expansion in the body, or from the power law of the far
/// tail, kept inside a bracket.
#[must_use]
pub fn student_t_inv_cdf(p: f64, dof: f64) -> f64 {
    if !(p > 0.0 && p < 1.0) || dof.is_nan() || dof <= 0.0 {
        return f64::NAN;
    }
    if p > 0.5 {
        return -student_t_inv_cdf(1.0 - p, dof);
    }
    if p == 0.5 {
        return 0.0;
    }
    let z = normal::inv_cdf(p);
    let z2 = z * z;
    let body = z
        * (1.0 + (z2 + 1.0) / (4.0 * dof) + (5.0 * z2 * z2 + 16.0 * z2 + 3.0) / (96.0 * dof * dof));
    // Far out f(x) ≈ C·ν^{(ν+1)/2}·|x|^{−ν−1}, so F(x) ≈ C·ν^{(ν−1)/2}·|x|^{−ν}.
    let ln_constant = ln_gamma(0.5 * (dof + 1.0)) - ln_gamma(0.5 * dof) - 0.5 * ln(dof * PI);
    let tail = -exp((ln_constant + 0.5 * (dof + 1.0) * ln(dof) - ln(dof) - ln(p)) / dof);
    let mut x = if body.abs() > sqrt(dof) && tail.abs() > sqrt(dof) { tail } else { body };
    let (mut lo, mut hi) = (f64::NEG_INFINITY, 0.0);
    for _ in 0..MAX_NEWTON {
        let error = student_t_cdf(x, dof) - p;
        if error > 0.0 {
            hi = x;
        } else {
            lo = x;
        }
        let mut next = x - error / student_t_pdf(x, dof);
        if !(next > lo && next < hi) {
            next = if lo.is_finite() { 0.5 * (lo + hi) } else { 2.0 * x };
        }
        let step = (next - x).abs();
        x = next;
        if step <= 2.0 * f64::EPSILON * x.abs() {
            break;
        }
    }
    x
}

/// Mean of a Student variable given that it lies below its `p` quantile:
/// `−f(q)/p·(ν + q²)/(ν − 1)`. NaN for `dof ≤ 1`, where the mean does not exist.
#[must_use]
pub fn student_t_lower_tail_mean(p: f64, dof: f64) -> f64 {
    if dof <= 1.0 {
        return f64::NAN;
    }
    let q = student_t_inv_cdf(p, dof);
    -student_t_pdf(q, dof) / p * (dof + q * q) / (dof - 1.0)
}

/// Binomial distribution function `P(X ≤ k)` for `n` trials with probability `p`.
#[must_use]
pub fn binomial_cdf(k: u64, n: u64, p: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    beta_i((n - k) as f64, k as f64 + 1.0, 1.0 - p, p)
}
