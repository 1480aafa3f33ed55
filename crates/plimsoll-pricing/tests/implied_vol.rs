//! Implied vol: round trips to the limit the price allows, an independent solver, refusals.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use plimsoll_math::{float, normal};
use plimsoll_pricing::{ImpliedVolError, OptionType, implied_vol, price};
use proptest::prelude::*;

/// Unit roundoff of f64.
const U: f64 = f64::EPSILON / 2.0;

/// Vol error that follows from a price known to `roundings` units of roundoff and no better,
/// plus the roundings of the vol itself.
fn attainable(f: f64, k: f64, s: f64, price: f64, roundings: f64) -> f64 {
    let d1 = float::ln(f / k) / s + s / 2.0;
    let vega = f * normal::pdf(d1);
    roundings * U * price / vega + 4.0 * U * s
}

fn out_of_the_money(f: f64, k: f64) -> OptionType {
    if k > f { OptionType::Call } else { OptionType::Put }
}

/// Options near and far from the money, short and long: forward, strike, vol, years. Roundings:
/// twenty of the formula at the money (|d| < 1); in the wings price/vega shrinks as fast as the
/// formula's error grows.
#[test]
fn hard_cases_to_a_few_ulp() {
    let cases = [
        (OptionType::Call, 100.0, 100.0, 0.2, 1.0),
        (OptionType::Call, 100.0, 150.0, 0.05, 0.25), // price 3.5e-60
        (OptionType::Call, 100.0, 400.0, 0.3, 0.25),
        (OptionType::Put, 100.0, 10.0, 1.5, 2.0),
        (OptionType::Call, 100.0, 100.0, 1e-4, 0.01),
        (OptionType::Put, 100.0, 100.0001, 0.8, 5.0),
        (OptionType::Put, 100.0, 50.0, 3.5, 0.003),
    ];
    for (option_type, f, k, vol, tau) in cases {
        let s = vol * f64::sqrt(tau);
        let p = price(option_type, f, k, s);
        let got = implied_vol(option_type, f, k, tau, p).unwrap();
        let bound = attainable(f, k, s, p, 20.0) / f64::sqrt(tau);
        assert!((got - vol).abs() <= bound, "{f} {k}: {got} against {vol}, bound {bound:e}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Total vols 0.01 % to 600 %, |ln F/K| to 30 total vols. The formula's error, 20 U·(1 + d²) in
    /// price, is all that is lost; in vol that is about 20 U, as price/vega falls with 1/d².
    #[test]
    fn round_trip(ln_s in -9.2..1.8, d in -30.0..30.0, tau in 0.001..3.0) {
        let s = float::exp(ln_s);
        let (f, vol) = (60_000.0, s / f64::sqrt(tau));
        let k = f * float::exp(d * s);
        let option_type = out_of_the_money(f, k);
        let p = price(option_type, f, k, s);
        prop_assume!(p > 1e-290 && p < f.min(k));
        let got = implied_vol(option_type, f, k, tau, p).unwrap();
        let bound = attainable(f, k, s, p, 20.0 * (1.0 + d * d)) / f64::sqrt(tau);
        prop_assert!((got - vol).abs() <= bound, "{got} against {vol}, bound {bound:e}");
    }

    /// An independent solver of the same price agrees as far as the price determines the vol: its
    /// own formula differs from ours by up to 20 U·(1 + d²) in price.
    #[test]
    fn agrees_with_an_independent_solver(ln_s in -6.0..1.0, d in -8.0..8.0) {
        let s = float::exp(ln_s);
        let (f, k) = (60_000.0, 60_000.0 * float::exp(d * s));
        let option_type = out_of_the_money(f, k);
        let p = price(option_type, f, k, s);
        prop_assume!(p > 1e-290 && p < f.min(k));
        let got = implied_vol(option_type, f, k, 1.0, p).unwrap();
        let other = implied_vol::ImpliedBlackVolatility::builder()
            .option_price(p)
            .forward(f)
            .strike(k)
            .expiry(1.0)
            .is_call(option_type == OptionType::Call)
            .build()
            .unwrap()
            .calculate::<implied_vol::DefaultSpecialFn>()
            .unwrap();
        let bound = attainable(f, k, s, p, 20.0 * (1.0 + d * d));
        prop_assert!((got - other).abs() <= bound, "{got} against {other}, bound {bound:e}");
    }

    /// In the money the intrinsic value is subtracted: the rounding of the price (and of its parts)
    /// sets the limit, not that of the time value. Near the money the two are of one size, and the
    /// formula's own twenty roundings count.
    #[test]
    fn round_trip_in_the_money(ln_s in -4.0..1.0, d in -3.0..3.0) {
        let s = float::exp(ln_s);
        let (f, k) = (60_000.0, 60_000.0 * float::exp(d * s));
        let option_type = if k > f { OptionType::Put } else { OptionType::Call };
        let p = price(option_type, f, k, s);
        prop_assume!(p < f.max(k));
        let got = implied_vol(option_type, f, k, 1.0, p).unwrap();
        let bound = attainable(f, k, s, p, 20.0);
        prop_assert!((got - s).abs() <= bound, "{got} against {s}, bound {bound:e}");
    }

    /// Whatever the input, an answer or a named refusal.
    #[test]
    fn total(f in any::<f64>(), k in any::<f64>(), tau in any::<f64>(), p in any::<f64>()) {
        if let Ok(vol) = implied_vol(OptionType::Call, f, k, tau, p) {
            prop_assert!(vol >= 0.0, "{vol}");
        }
    }
}

#[test]
fn refusals_name_the_culprit() {
    let call = |f, k, tau, p| implied_vol(OptionType::Call, f, k, tau, p);
    assert_eq!(call(100.0, 90.0, 1.0, 10.0), Ok(0.0));
    assert_eq!(call(100.0, 110.0, 1.0, 0.0), Ok(0.0));
    assert_eq!(
        call(100.0, 90.0, 1.0, 9.5),
        Err(ImpliedVolError::BelowIntrinsic { price: 9.5, intrinsic: 10.0 })
    );
    assert_eq!(
        call(100.0, 110.0, 1.0, -0.5),
        Err(ImpliedVolError::BelowIntrinsic { price: -0.5, intrinsic: 0.0 })
    );
    assert_eq!(
        call(100.0, 90.0, 1.0, 100.0),
        Err(ImpliedVolError::AboveBound { price: 100.0, bound: 100.0 })
    );
    assert_eq!(
        implied_vol(OptionType::Put, 100.0, 90.0, 1.0, 90.5),
        Err(ImpliedVolError::AboveBound { price: 90.5, bound: 90.0 })
    );
    assert_eq!(call(100.0, 90.0, 0.0, 12.0), Err(ImpliedVolError::Expired { tau_years: 0.0 }));
    assert_eq!(call(100.0, 90.0, -0.1, 12.0), Err(ImpliedVolError::Expired { tau_years: -0.1 }));
    let invalid = |name, value| Err(ImpliedVolError::InvalidInput { name, value });
    assert_eq!(call(0.0, 90.0, 1.0, 12.0), invalid("forward", 0.0));
    assert_eq!(call(100.0, -1.0, 1.0, 12.0), invalid("strike", -1.0));
    assert_eq!(call(100.0, 90.0, f64::INFINITY, 12.0), invalid("tau_years", f64::INFINITY));
    let nan = call(100.0, 90.0, 1.0, f64::NAN);
    assert!(matches!(nan, Err(ImpliedVolError::InvalidInput { name: "undiscounted_price", .. })));
}
