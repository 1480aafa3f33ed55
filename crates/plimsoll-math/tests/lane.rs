//! Branch-free functions against the portable library, and the same bits by every route.

use plimsoll_math::{float, lane};
use proptest::prelude::*;

fn ulps(got: f64, want: f64) -> f64 {
    (got - want).abs() / (want.abs() * f64::EPSILON).max(f64::from_bits(1))
}

plimsoll_math::fused! {
    fn fused_exp(x: f64) -> f64 = lane::exp::<true>;
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Both are below one unit in the last place of the true value (measured: 0.7, 0.8).
    #[test]
    fn exp_agrees(x in prop_oneof![-708.0..709.4, -1.0..1.0]) {
        prop_assert!(ulps(lane::exp::<true>(x), float::exp(x)) <= 2.0);
        prop_assert!(ulps(lane::exp::<false>(x), float::exp(x)) <= 2.0);
    }

    /// Measured against 50 digits: 1.4 units in the last place. The quotient of the reference is
    /// rounded too, which its logarithm sees absolutely.
    #[test]
    fn ln_ratio_agrees(a in -40.0..40.0, b in -40.0..40.0) {
        let (a, b) = (float::exp(a), float::exp(b));
        let want = float::ln(a / b);
        let bound = 2.0 * f64::EPSILON * (want.abs() + 1.0);
        prop_assert!((lane::ln_ratio::<true>(a, b) - want).abs() <= bound);
        prop_assert!((lane::ln_ratio::<false>(a, b) - want).abs() <= bound);
        prop_assert_eq!(lane::ln_ratio::<true>(a, b), -lane::ln_ratio::<true>(b, a));
    }

    /// Near equality a − b is exact, and ln(1 + (a − b)/b) keeps every digit; so must we.
    #[test]
    fn ln_ratio_keeps_digits_near_one(b in 1.0..1e6, gap in -0.3..0.3, scale in -12..0i32) {
        let a = b * (1.0 + gap * float::pow(10.0, f64::from(scale)));
        let want = float::ln_1p((a - b) / b);
        prop_assert!(ulps(lane::ln_ratio::<true>(a, b), want) <= 4.0);
        prop_assert!(ulps(lane::ln_ratio::<false>(a, b), want) <= 4.0);
    }

    #[test]
    fn fused_entry_changes_no_bit(x in -700.0..700.0) {
        prop_assert_eq!(fused_exp(x).to_bits(), lane::exp::<true>(x).to_bits());
    }
}

#[test]
fn exp_at_its_ends() {
    for x in [-709.0, -745.0, -1e6, f64::NEG_INFINITY] {
        assert_eq!(lane::exp::<true>(x), 0.0, "{x}");
    }
    for x in [709.5, 1e6, f64::INFINITY] {
        assert_eq!(lane::exp::<true>(x), f64::INFINITY, "{x}");
    }
    assert_eq!(lane::exp::<true>(0.0), 1.0);
    assert!(lane::exp::<true>(f64::NAN).is_nan());
    assert!(lane::exp::<false>(-f64::NAN).is_nan());
}

#[test]
fn ln_ratio_across_a_power_of_two() {
    // neighbours of 65536 have mantissas near 2 and near 1; ln(1 − 2h)= −2h − 2h² …
    let (a, b) = (65_535.5, 65_536.5);
    let want = float::ln_1p(-1.0 / 65_536.5);
    assert!(ulps(lane::ln_ratio::<true>(a, b), want) <= 2.0);
    assert_eq!(lane::ln_ratio::<true>(b, b), 0.0);
    assert_eq!(lane::ln_ratio::<true>(8.0, 2.0), 2.0 * std::f64::consts::LN_2);
}
