//! Building blocks of vectorised loops: scalar functions without branches, tables or calls.
//!
//! Inlined into a loop compiled with `#[target_feature]`, each is vectorised by LLVM to the width
//! of the machine. A lane holds exactly what the scalar call returns: every operation is one IEEE
//! operation, and none depends on its neighbours. `FMA` says whether products and sums are fused.
//! The two settings differ in the last bits, so a program uses one of them throughout. With `FMA` but without
//! the processor feature, [`f64::mul_add`] falls back to a slow software routine of equal bits.

/// `a·b + c`, with a single rounding when `FMA`.
#[inline(always)]
#[must_use]
pub fn mul_add<const FMA: bool>(a: f64, b: f64, c: f64) -> f64 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// `Σ c[k]·x^k` by Horner's rule; `c` is written lowest degree first.
#[inline(always)]
#[must_use]
pub fn polynomial<const FMA: bool, const N: usize>(c: &[f64; N], x: f64) -> f64 {
    let mut sum = c[N - 1];
    let mut k = N - 1;
    while k > 0 {
        k -= 1;
        sum = mul_add::<FMA>(sum, x, c[k]);
    }
    sum
}

/// Adding this rounds a small `x` to the nearest integer `k` and leaves `k + 1023` in the low 12
/// bits: the biased exponent of 2^k, needing only a shift.
const ROUND_TO_EXPONENT: f64 = 1.5 * 4_503_599_627_370_496.0 + 1023.0;

const LOG2_E: f64 = std::f64::consts::LOG2_E;
/// ln 2 in two parts; the first has 41 bits, so that its product with an exponent is exact.
const LN2_HI: f64 = 0.693147180559663;
const LN2_LO: f64 = 2.8235290563031577e-13;

/// `(e^r − 1 − r)/r²` on |r| ≤ ln(2)/2, relative error 3.7e-18 in `e^r`; tools/lane_minimax.py.
const EXP: [f64; 10] = [
    0.5000000000000011,
    0.1666666666666641,
    0.0416666666665291,
    0.008333333333495212,
    0.0013888888943948473,
    0.00019841269505848434,
    2.480149273414631e-05,
    2.755758620700132e-06,
    2.7630389451232957e-07,
    2.5000377019397772e-08,
];

/// `e^x`. Below −708.4 the result loses its subnormal digits and below −708.8 it is exactly 0;
/// above 709.4 it is +∞. NaN stays NaN.
///
/// Reduction `x = k·ln 2 + r`, |r| ≤ ln(2)/2 (Cody and Waite), then a polynomial and the exponent
/// put together from bits.
#[inline(always)]
#[must_use]
pub fn exp<const FMA: bool>(x: f64) -> f64 {
    // Comparisons that are false for NaN let it through.
    let x = if x < -709.0 { -709.0 } else { x };
    let x = if x > 710.0 { 710.0 } else { x };
    let shifted = mul_add::<FMA>(x, LOG2_E, ROUND_TO_EXPONENT);
    let k = shifted - ROUND_TO_EXPONENT;
    let r = mul_add::<FMA>(k, -LN2_HI, x);
    let r = mul_add::<FMA>(k, -LN2_LO, r);
    let p = polynomial::<FMA, 10>(&EXP, r);
    let p = mul_add::<FMA>(mul_add::<FMA>(p, r, 1.0), r, 1.0);
    let power_of_two = f64::from_bits(shifted.to_bits() << 52);
    p * power_of_two
}

/// `(atanh(z)/z − 1)/z²` in z² for |z| ≤ (√2−1)/(√2+1), relative error 1.2e-18 in `atanh`;
/// tools/lane_minimax.py.
const ATANH: [f64; 7] = [
    0.33333333333333676,
    0.19999999999705545,
    0.14285714371631428,
    0.1111109923798604,
    0.09091784870198633,
    0.07656951617209959,
    0.0739875390462807,
];

const MANTISSA: u64 = (1 << 52) - 1;
const ONE: u64 = 1023 << 52;
/// The bits of 2^52: or-ing a small integer into them makes the float 2^52 + integer.
const TWO_52: u64 = 0x4330_0000_0000_0000;

/// `ln(a/b)` for positive normal numbers, with full relative accuracy also where `a ≈ b`.
///
/// With mantissas scaled until their quotient `m` lies in [1/√2, √2],
/// `ln(a/b) = k·ln 2 + 2·atanh((m_a − m_b)/(m_a + m_b))`, where the difference is exact.
/// One division. Anything but positive normal numbers gives a meaningless finite number or NaN.
#[inline(always)]
#[must_use]
pub fn ln_ratio<const FMA: bool>(a: f64, b: f64) -> f64 {
    const SQRT_2: f64 = std::f64::consts::SQRT_2;
    let exponent = |v: f64| f64::from_bits((v.to_bits() >> 52) | TWO_52);
    let mantissa = |v: f64| f64::from_bits((v.to_bits() & MANTISSA) | ONE);
    let (ma, mb) = (mantissa(a), mantissa(b));
    let k = exponent(a) - exponent(b);
    let high = ma > SQRT_2 * mb;
    let low = mb > SQRT_2 * ma;
    let k = if high { k + 1.0 } else { k };
    let mb = if high { mb + mb } else { mb };
    let k = if low { k - 1.0 } else { k };
    let ma = if low { ma + ma } else { ma };
    let z = (ma - mb) / (ma + mb);
    let w = z * z;
    let two_z = z + z;
    let tail = two_z * (w * polynomial::<FMA, 7>(&ATANH, w));
    let low_part = mul_add::<FMA>(k, LN2_LO, tail);
    mul_add::<FMA>(k, LN2_HI, two_z + low_part)
}

/// Declares a function that calls a formula as compiled for a processor with fused multiply-add, if
/// it runs on one, and plainly otherwise: the same bits, without the cost of software `mul_add`.
///
/// The formula has to be `#[inline(always)]` with its `FMA` parameter true, for only code inlined
/// into the entry is compiled for the feature.
///
/// ```
/// use plimsoll_math::{fused, lane};
///
/// fused! {
///     /// `e^x`
///     pub fn exp(x: f64) -> f64 = lane::exp::<true>;
/// }
/// assert_eq!(exp(0.0), 1.0);
/// ```
#[macro_export]
macro_rules! fused {
    (
        $(#[$attribute:meta])*
        $visibility:vis fn $name:ident($($arg:ident: $type:ty),+ $(,)?) -> $output:ty = $formula:expr;
    ) => {
        $(#[$attribute])*
        $visibility fn $name($($arg: $type),+) -> $output {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                fn with_fma($($arg: $type),+) -> $output {
                    $formula($($arg),+)
                }
                if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                    // SAFETY: the function needs exactly the two features found by the line above.
                    #[allow(unsafe_code)]
                    return unsafe { with_fma($($arg),+) };
                }
            }
            $formula($($arg),+)
        }
    };
}
