//! Elementary functions with the same bits on every machine.
//!
//! The platform's mathematical library differs between operating systems, versions and processors
//! in the last bit. These are the portable routines of the `libm` crate (a translation of musl's),
//! plain IEEE-754 arithmetic throughout, with errors below one unit in the last place unless a
//! function says otherwise. This is the only file that calls `libm`.

macro_rules! wrap {
    ($($(#[$doc:meta])* $name:ident($($arg:ident),+) = $libm:ident;)+) => {
        $(
            $(#[$doc])*
            #[inline]
            #[must_use]
            pub fn $name($($arg: f64),+) -> f64 {
                libm::$libm($($arg),+)
            }
        )+
    };
}

wrap! {
    /// `e^x`.
    exp(x) = exp;
    /// `2^x`.
    exp2(x) = exp2;
    /// `e^x − 1`, accurate near zero.
    exp_m1(x) = expm1;
    /// Natural logarithm; NaN below zero, −∞ at zero.
    ln(x) = log;
    /// `ln(1 + x)`, accurate near zero.
    ln_1p(x) = log1p;
    /// Logarithm to base 2.
    log2(x) = log2;
    /// Logarithm to base 10.
    log10(x) = log10;
    /// `x^y`.
    pow(x, y) = pow;
    /// Cube root.
    cbrt(x) = cbrt;
    /// Square root, correctly rounded (as `f64::sqrt` is).
    sqrt(x) = sqrt;
    /// Sine of an angle in radians.
    sin(x) = sin;
    /// Cosine of an angle in radians.
    cos(x) = cos;
    /// Tangent of an angle in radians.
    tan(x) = tan;
    /// Angle in radians whose tangent is `x`, in [−π/2, π/2].
    atan(x) = atan;
    /// Angle in radians of the point `(x, y)`, in [−π, π].
    atan2(y, x) = atan2;
    /// Hyperbolic tangent.
    tanh(x) = tanh;
    /// `√(x² + y²)` without overflow in between.
    hypot(x, y) = hypot;
    /// Error function `2/√π ∫₀ˣ e^{−t²} dt`.
    erf(x) = erf;
    /// `1 − erf(x)` without cancellation. For the normal law prefer [`crate::normal`].
    erfc(x) = erfc;
    /// Logarithm of the absolute value of the gamma function. Error up to a few units in the last
    /// place; more, relative, next to its zeros at 1 and 2 and on the negative axis.
    ln_gamma(x) = lgamma;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values at the exact f64 arguments, by 40-digit arithmetic. A change of these bits is a change of every result downstream.
    #[test]
    fn known_values_to_one_ulp() {
        let cases = [
            (exp(2.5), 12.18249396070347343807017595116796618319),
            (exp_m1(1e-9), 1.000000000500000062448258186769781e-9),
            (ln(7.0), 1.945910149055313305105352743443179729637),
            (ln_1p(1e-9), 9.999999995000000626149247285815984e-10),
            (pow(1.5, 0.3), 1.129346935456855446362464913569125),
            (tanh(0.5), 0.4621171572600097585023184836436725487302),
            (erfc(2.0), 0.004677734981047265837930743632747071389108),
            (ln_gamma(0.5), 0.5723649429247000870717136756765293558236),
        ];
        for (i, (got, want)) in cases.into_iter().enumerate() {
            let ulp = f64::from_bits(f64::to_bits(want) + 1) - want;
            assert!((got - want).abs() <= ulp, "case {i}: {got:e} against {want:e}");
        }
    }
}
