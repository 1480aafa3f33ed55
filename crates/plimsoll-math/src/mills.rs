//! The Mills ratio of the normal law as one rational function.
//!
//! ```text
//! M(x) = (1 − Φ(x))/φ(x) ≈ P(x)/Q(x),  deg P = 10, deg Q = 11,  x ≥ −1/4
//! ```
//!
//! The minimax rational over [−1/4, 10⁹] has relative error 2.5e-17, so rounding decides. There is
//! no upper limit: P/Q goes to 1/x as M does (the leading coefficients agree to 17 digits). All
//! coefficients are positive, so that neither polynomial cancels for x ≥ 0, nor noticeably down to
//! −1/4. tools/mills_minimax.py derives the tables.
//!
//! `P` and `Q` are exposed apart, with their divided differences, because a sum or a difference of two ratios
//! then costs one division, and the difference no cancellation.

use crate::lane::{mul_add, polynomial};

const P: [f64; 11] = [
    1.2533141373155003,
    2.1216863997784836,
    1.775848813931866,
    0.9514479539639694,
    0.35824938455950156,
    0.09864882951009057,
    0.020097886184422417,
    0.0029959059809806132,
    0.0003140097817453919,
    2.105276909285636e-05,
    6.944827260284761e-07,
];

const Q: [f64; 12] = [
    1.0,
    2.4907453820515326,
    2.9042496361862655,
    2.0969904075475707,
    1.0443155335079701,
    0.37772619479941816,
    0.10160262998310098,
    0.020410507000213067,
    0.003016958750078528,
    0.00031470426447139396,
    2.1052769092856415e-05,
    6.944827260284761e-07,
];

/// Above this the polynomials of two arguments could overflow when multiplied.
pub const ARGUMENT_CAP: f64 = 1e9;

/// Numerator and denominator of `M` at `u`, and their divided differences between `u` and `v`.
///
/// With `h = v − u`: `M(v) = (p + h·dp)/(q + h·dq)`.
#[derive(Clone, Copy, Debug)]
pub struct MillsPair {
    /// P(u)
    pub p: f64,
    /// (P(v) − P(u))/(v − u)
    pub dp: f64,
    /// Q(u)
    pub q: f64,
    /// (Q(v) − Q(u))/(v − u)
    pub dq: f64,
}

/// Evaluates the rational at two arguments in [−1/4, [`ARGUMENT_CAP`]].
#[inline(always)]
#[must_use]
pub fn mills_pair<const FMA: bool>(u: f64, v: f64) -> MillsPair {
    // Horner's rule for a value and its divided difference: without cancellation for positive
    // coefficients and arguments, even where u = v. P and Q step together, one degree apart, because
    // a processor looks only some hundred instructions ahead for independent work.
    let (mut p, mut dp) = (P[10], 0.0);
    let (mut q, mut dq) = (mul_add::<FMA>(Q[11], u, Q[10]), Q[11]);
    let mut k = 10;
    while k > 0 {
        k -= 1;
        dp = mul_add::<FMA>(dp, v, p);
        dq = mul_add::<FMA>(dq, v, q);
        p = mul_add::<FMA>(p, u, P[k]);
        q = mul_add::<FMA>(q, u, Q[k]);
    }
    MillsPair { p, dp, q, dq }
}

/// `M(x)` for x ≥ −1/4, relative error below 1e-15; constant above [`ARGUMENT_CAP`].
#[inline(always)]
#[must_use]
pub fn mills<const FMA: bool>(x: f64) -> f64 {
    let x = if x > ARGUMENT_CAP { ARGUMENT_CAP } else { x };
    polynomial::<FMA, 11>(&P, x) / polynomial::<FMA, 12>(&Q, x)
}
