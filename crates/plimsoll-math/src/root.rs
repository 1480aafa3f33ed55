//! Roots of functions of one variable.

use thiserror::Error;

/// Steps [`brent`] takes at most. Bisection alone narrows any bracket of `f64` numbers of like size to neighbours in about 60
/// steps; interpolation takes fewer than twice as many at worst on any sensible function.
const MAX_STEPS: u32 = 200;

/// Doublings [`bracket`] tries at most: 2^60 initial widths.
const MAX_DOUBLINGS: u32 = 60;

/// Why no root was found.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum RootError {
    /// The function has the same sign at both ends.
    #[error("no sign change between {lo} (value {f_lo}) and {hi} (value {f_hi})")]
    NoSignChange {
        /// lower end
        lo: f64,
        /// upper end
        hi: f64,
        /// function at the lower end
        f_lo: f64,
        /// function at the upper end
        f_hi: f64,
    },
    /// The function or an end of the bracket is NaN or infinite.
    #[error("the function is {value} at {x}")]
    NotFinite {
        /// argument
        x: f64,
        /// function there
        value: f64,
    },
    /// The step limit was reached.
    #[error("no convergence after {steps} steps; last bracket [{lo}, {hi}]")]
    NoConvergence {
        /// steps taken
        steps: u32,
        /// lower end of the last bracket
        lo: f64,
        /// upper end of the last bracket
        hi: f64,
    },
}

fn evaluate(f: &mut impl FnMut(f64) -> f64, x: f64) -> Result<f64, RootError> {
    let value = f(x);
    if x.is_finite() && value.is_finite() {
        Ok(value)
    } else {
        Err(RootError::NotFinite { x, value })
    }
}

/// A root of `f` in `[lo, hi]` by Brent's method, to within `x_tolerance` (absolute) or four units
/// in the last place, whichever is wider.
///
/// # Errors
/// [`RootError`] if the ends do not bracket a root, `f` is not finite, or 200 steps do not suffice.
///
/// Source: R. P. Brent, *Algorithms for Minimization without Derivatives*, 1973, chapter 4.
pub fn brent(
    mut f: impl FnMut(f64) -> f64,
    lo: f64,
    hi: f64,
    x_tolerance: f64,
) -> Result<f64, RootError> {
    // b is the best estimate, a the previous one, c the other end of the bracket.
    let (mut a, mut b) = (lo, hi);
    let (mut fa, mut fb) = (evaluate(&mut f, a)?, evaluate(&mut f, b)?);
    if fa != 0.0 && fb != 0.0 && (fa > 0.0) == (fb > 0.0) {
        return Err(RootError::NoSignChange { lo, hi, f_lo: fa, f_hi: fb });
    }
    if fa == 0.0 {
        return Ok(a);
    }
    let (mut c, mut fc) = (a, fa);
    let mut step = b - a;
    let mut previous_step = step;
    for _ in 0..MAX_STEPS {
        if fc.abs() < fb.abs() {
            (a, b, c) = (b, c, b);
            (fa, fb, fc) = (fb, fc, fb);
        }
        let tolerance = 2.0 * f64::EPSILON * b.abs() + 0.5 * x_tolerance;
        let half_width = 0.5 * (c - b);
        if half_width.abs() <= tolerance || fb == 0.0 {
            return Ok(b);
        }
        let trial = interpolate((a, fa), (b, fb), (c, fc));
        let limit = (1.5 * half_width.abs() - 0.5 * tolerance).min(0.5 * previous_step.abs());
        let towards_c = trial * half_width > 0.0;
        (previous_step, step) = if previous_step.abs() >= tolerance
            && fa.abs() > fb.abs()
            && towards_c
            && trial.abs() < limit
        {
            (step, trial)
        } else {
            (half_width, half_width)
        };
        (a, fa) = (b, fb);
        b += if step.abs() > tolerance { step } else { tolerance.copysign(half_width) };
        fb = evaluate(&mut f, b)?;
        if (fb > 0.0) == (fc > 0.0) {
            (c, fc) = (a, fa);
            step = b - a;
            previous_step = step;
        }
    }
    Err(RootError::NoConvergence { steps: MAX_STEPS, lo: b.min(c), hi: b.max(c) })
}

/// Step from b: inverse quadratic interpolation through three points, secant through two.
fn interpolate((a, fa): (f64, f64), (b, fb): (f64, f64), (c, fc): (f64, f64)) -> f64 {
    let s = fb / fa;
    if a == c {
        return (b - a) * s / (1.0 - s);
    }
    let (q, r) = (fa / fc, fb / fc);
    let top = s * ((c - b) * q * (q - r) - (b - a) * (r - 1.0));
    let bottom = (q - 1.0) * (r - 1.0) * (s - 1.0);
    -top / bottom
}

/// Searches outward from `[lo, hi]`, doubling the width on the side where `|f|` is smaller and
/// staying inside `[min, max]`, until `f` changes sign. The result suits [`brent`].
///
/// # Errors
/// [`RootError`] if the limits or 60 doublings are reached without a sign change, or `f` is not
/// finite.
pub fn bracket(
    mut f: impl FnMut(f64) -> f64,
    lo: f64,
    hi: f64,
    min: f64,
    max: f64,
) -> Result<(f64, f64), RootError> {
    let (mut lo, mut hi) = (lo, hi);
    let (mut f_lo, mut f_hi) = (evaluate(&mut f, lo)?, evaluate(&mut f, hi)?);
    for _ in 0..MAX_DOUBLINGS {
        let encloses = f_lo == 0.0 || f_hi == 0.0 || (f_lo > 0.0) != (f_hi > 0.0);
        if encloses {
            return Ok((lo, hi));
        }
        let width = hi - lo;
        if lo > min && (f_lo.abs() <= f_hi.abs() || hi >= max) {
            lo = (lo - width).max(min);
            f_lo = evaluate(&mut f, lo)?;
        } else if hi < max {
            hi = (hi + width).min(max);
            f_hi = evaluate(&mut f, hi)?;
        } else {
            break;
        }
    }
    Err(RootError::NoSignChange { lo, hi, f_lo, f_hi })
}
