//! What must hold for every option, whatever its inputs.

use plimsoll_math::{float, lane};
use plimsoll_pricing::{Black76, OptionType, price, time_value_ratio};
use proptest::prelude::*;

const BOTH: [OptionType; 2] = [OptionType::Call, OptionType::Put];

/// Rounding of a price of size `size`: 20 U·(1 + d²) of its time value, U = ε/2, where d is at most
/// 37 (beyond, the time value is zero).
fn rounding(size: f64) -> f64 {
    20.0 * (1.0 + 37.0 * 37.0) * f64::EPSILON / 2.0 * size
}

fn forward() -> impl Strategy<Value = f64> {
    (-5.0..15.0).prop_map(float::exp)
}

fn total_vol() -> impl Strategy<Value = f64> {
    (-9.0..2.0).prop_map(float::exp)
}

/// ln(K/F), from the money to well beyond ten total vols for most vols.
fn moneyness() -> impl Strategy<Value = f64> {
    prop_oneof![-0.01..0.01, -1.0..1.0, -5.0..5.0]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn price_lies_between_exercise_and_the_underlying(f in forward(), m in moneyness(), s in total_vol()) {
        let k = f * float::exp(m);
        let (call, put) = (price(OptionType::Call, f, k, s), price(OptionType::Put, f, k, s));
        prop_assert!(call >= (f - k).max(0.0) && call <= f + rounding(f), "{call}");
        prop_assert!(put >= (k - f).max(0.0) && put <= k + rounding(k), "{put}");
    }

    /// call − put = F − K: both are the same time value on top of exercise, so only the rounding of
    /// the two sums and of the test's own differences remains.
    #[test]
    fn parity(f in forward(), m in moneyness(), s in total_vol()) {
        let k = f * float::exp(m);
        let gap = price(OptionType::Call, f, k, s) - price(OptionType::Put, f, k, s) - (f - k);
        prop_assert!(gap.abs() <= 3.0 * f64::EPSILON * f.max(k), "{gap:e}");
    }

    /// Exchanging forward and strike turns a call into a put, bit for bit.
    #[test]
    fn put_call_symmetry(f in forward(), m in moneyness(), s in total_vol()) {
        let k = f * float::exp(m);
        let (call, put) = (price(OptionType::Call, f, k, s), price(OptionType::Put, k, f, s));
        prop_assert_eq!(call.to_bits(), put.to_bits());
    }

    /// What a vectorised loop computes from the public parts is what `price` returns, bit for bit,
    /// whichever instructions either was compiled to.
    #[test]
    fn parts_give_the_same_bits(f in forward(), m in moneyness(), s in total_vol()) {
        let k = f * float::exp(m);
        let x = lane::ln_ratio::<true>(f, k).abs();
        let time_value = f.min(k) * time_value_ratio::<true>(x, s);
        let parts = (f - k).max(0.0) + time_value;
        prop_assert_eq!(price(OptionType::Call, f, k, s).to_bits(), parts.to_bits());
    }

    #[test]
    fn more_vol_is_worth_more(f in forward(), m in moneyness(), s in total_vol(), more in 1e-6..1.0) {
        let k = f * float::exp(m);
        for option_type in BOTH {
            let (low, high) = (price(option_type, f, k, s), price(option_type, f, k, s * (1.0 + more)));
            prop_assert!(high >= low - rounding(low), "{option_type:?} {low:e} {high:e}");
        }
    }

    #[test]
    fn monotone_and_convex_in_strike(f in forward(), m in moneyness(), s in total_vol(), h in 1e-4..0.5) {
        let k = f * float::exp(m);
        let (low, high) = (k * (1.0 - h), k * (1.0 + h));
        for option_type in BOTH {
            let [a, b, c] = [low, k, high].map(|k| price(option_type, f, k, s));
            let slack = rounding(a.max(c));
            match option_type {
                OptionType::Call => prop_assert!(a + slack >= b && b + slack >= c),
                OptionType::Put => prop_assert!(a <= b + slack && b <= c + slack),
            }
            // the three strikes are equidistant up to their own rounding
            prop_assert!(a + c - 2.0 * b >= -slack - f64::EPSILON * k, "{a:e} {b:e} {c:e}");
        }
    }

    /// Central differences of the value over a relative step of 1e-5 (of the forward: 1e-5 total
    /// vols), whose error is 1e-10 times third derivatives, below 1e-8 of the scale for |d| < 3,
    /// plus the rounding of two values over the step.
    #[test]
    fn sensitivities_are_derivatives(
        f in 1.0..1e5_f64,
        d in -3.0..3.0_f64,
        vol in 0.05..3.0_f64,
        tau in 0.01..2.0_f64,
        rate in -0.1..0.1_f64,
    ) {
        let s = vol * tau.sqrt();
        let strike = f * float::exp(d * s);
        let step = 1e-5;
        let f_step = f * step * s.min(1.0);
        let rounding = 4.0 * f64::EPSILON * (f + strike);
        for option_type in BOTH {
            let at = |forward: f64, vol_ann: f64, tau_years: f64| Black76 {
                option_type,
                forward,
                strike,
                vol_ann,
                tau_years,
                discount_factor: float::exp(-rate * tau_years),
                rate_ann: rate,
            };
            let difference = |up: f64, down: f64, step: f64| (up - down) / (2.0 * step);
            let here = at(f, vol, tau);
            let (g, c) = (here.greeks(), here.coin_greeks());
            let (up, down) = (at(f + f_step, vol, tau), at(f - f_step, vol, tau));
            let delta = difference(up.value(), down.value(), f_step);
            let noise = rounding / f_step;
            prop_assert!((delta - g.delta).abs() <= 1e-8 + noise, "{delta} {g:?}");
            let coin = |o: Black76| o.value() / o.forward;
            let delta = difference(coin(up), coin(down), f_step);
            let scale = (1.0 + strike / f) / f;
            prop_assert!((delta - c.delta).abs() <= 1e-8 * scale + noise / f, "{delta} {c:?}");
            let vol_step = vol * step;
            let vega = difference(
                at(f, vol + vol_step, tau).value(),
                at(f, vol - vol_step, tau).value(),
                vol_step,
            );
            let scale = (f + strike) * tau.sqrt();
            let noise = rounding / vol_step;
            prop_assert!((vega - g.vega).abs() <= 1e-8 * scale + noise, "{vega} {g:?}");
            let tau_step = tau * step;
            let theta = -difference(
                at(f, vol, tau + tau_step).value(),
                at(f, vol, tau - tau_step).value(),
                tau_step,
            );
            let scale = (f + strike) * (s + rate.abs() * tau) / tau;
            let noise = rounding / tau_step;
            prop_assert!((theta - g.theta).abs() <= 1e-8 * scale + noise, "{theta} {g:?}");
        }
    }

    /// Any bits at all: the ratio is a ratio, or NaN where an input is.
    #[test]
    fn ratio_is_total(x in 0.0..f64::MAX, s in 0.0..f64::MAX, x_scale in -300..10i32, s_scale in -300..10i32) {
        let scaled = |v: f64, e: i32| v / f64::MAX * float::pow(10.0, f64::from(e));
        let (x, s) = (scaled(x, x_scale), scaled(s, s_scale));
        let ratio = time_value_ratio::<true>(x, s);
        prop_assert!((0.0..=1.0).contains(&ratio), "{ratio:e}");
    }
}

#[test]
fn edges_of_the_ratio() {
    for x in [0.0, 1e-300, 1e-3, 1.0, 700.0, f64::INFINITY] {
        assert_eq!(time_value_ratio::<true>(x, 0.0), 0.0, "x = {x}");
    }
    for x in [1e-280, 1e-3, 1.0, 700.0, f64::INFINITY] {
        assert_eq!(time_value_ratio::<true>(x, 1e-310), 0.0, "x = {x}");
    }
    // at the money s·φ(0) holds down to the smallest numbers
    let tiny = time_value_ratio::<true>(0.0, 1e-300) / (1e-300 * 0.398942280401432677);
    assert!((tiny - 1.0).abs() <= 8.0 * f64::EPSILON, "{tiny}");
    assert_eq!(time_value_ratio::<true>(0.0, f64::INFINITY), 1.0);
    assert_eq!(time_value_ratio::<true>(1.0, 1e300), 1.0);
    assert!(time_value_ratio::<true>(f64::NAN, 0.5).is_nan());
    assert!(time_value_ratio::<true>(0.5, f64::NAN).is_nan());
    assert!(time_value_ratio::<true>(f64::NAN, 0.0).is_nan());
}

#[test]
fn price_refuses_what_is_not_a_price() {
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(price(OptionType::Call, bad, 1.0, 0.5).is_nan());
        assert!(price(OptionType::Put, 1.0, bad, 0.5).is_nan());
    }
    assert!(price(OptionType::Call, 1.0, 1.0, -0.5).is_nan());
    assert!(price(OptionType::Call, 1.0, 1.0, f64::NAN).is_nan());
    let good = near_expiry(OptionType::Put, 55_000.0, 0.5);
    for bad in [
        Black76 { forward: -60_000.0, ..good },
        Black76 { strike: 0.0, ..good },
        Black76 { vol_ann: -0.6, ..good },
        Black76 { tau_years: f64::NAN, ..good },
    ] {
        let (g, c) = (bad.greeks(), bad.coin_greeks());
        let every = [g.value, g.delta, g.gamma, g.vega, g.theta, c.value_coin, c.delta, c.gamma];
        assert!(every.iter().all(|g| g.is_nan()), "{bad:?} {g:?}");
    }
}

fn near_expiry(option_type: OptionType, strike: f64, tau_years: f64) -> Black76 {
    Black76 {
        option_type,
        forward: 60_000.0,
        strike,
        vol_ann: 0.6,
        tau_years,
        discount_factor: 1.0,
        rate_ann: 0.05,
    }
}

const SECOND_YEARS: f64 = 1.0 / (365.0 * 86_400.0);

/// At and after expiry the option is its exercise: 5,000 for the call struck at 55,000, with the
/// delta of the underlying, and no other sensitivity.
#[test]
fn at_and_after_expiry() {
    for tau in [0.0, -SECOND_YEARS, -3.0] {
        let cases = [
            (OptionType::Call, 55_000.0, 5_000.0, 1.0),
            (OptionType::Call, 65_000.0, 0.0, 0.0),
            (OptionType::Call, 60_000.0, 0.0, 0.5),
            (OptionType::Put, 65_000.0, 5_000.0, -1.0),
            (OptionType::Put, 55_000.0, 0.0, 0.0),
            (OptionType::Put, 60_000.0, 0.0, -0.5),
        ];
        for (option_type, strike, value, delta) in cases {
            let option = near_expiry(option_type, strike, tau);
            let (g, c) = (option.greeks(), option.coin_greeks());
            assert_eq!((g.value, g.delta), (value, delta), "{option:?}");
            assert_eq!([g.gamma, g.vega, g.vanna, g.volga, g.rho], [0.0; 5], "{option:?}");
            // the discount factor still rolls: rate × value
            assert_eq!(g.theta, 0.05 * value, "{option:?}");
            assert_eq!(c.value_coin, value / 60_000.0, "{option:?}");
            // the payoff in coin is ±(1 − K/F): slope ±K/F², curvature ∓2K/F³
            let slope = delta * strike / (60_000.0 * 60_000.0);
            assert!((c.delta - slope).abs() <= 4.0 * f64::EPSILON * slope.abs(), "{option:?}");
            let bend = -2.0 * slope / 60_000.0;
            assert!((c.gamma - bend).abs() <= 4.0 * f64::EPSILON * bend.abs(), "{option:?}");
        }
    }
}

/// One second before expiry total vol is 0.6·√(1/31,536,000) = 1.07e-4, about 6.4 USD on 60,000:
/// an option 5,000 away is its exercise, one at the money is worth 0.3989·6.41 = 2.557.
#[test]
fn one_second_before_expiry() {
    let far = near_expiry(OptionType::Call, 55_000.0, SECOND_YEARS).greeks();
    assert_eq!((far.value, far.delta, far.gamma), (5_000.0, 1.0, 0.0));
    let near = near_expiry(OptionType::Call, 60_000.0, SECOND_YEARS).greeks();
    let s = 0.6 * SECOND_YEARS.sqrt();
    // F·(2Φ(s/2) − 1) = F·s/√(2π)·(1 − s²/24 …), s² = 1.1e-8
    let expected = 60_000.0 * s * 0.398942280401432677 * (1.0 - s * s / 24.0);
    assert!((near.value - expected).abs() <= 1e-14 * expected, "{} {expected}", near.value);
    assert!((near.delta - 0.5).abs() < s);
    let every = [near.gamma, near.vega, near.theta, near.vanna, near.volga];
    assert!(every.iter().all(|g| g.is_finite()));
}

/// Zero vol with time left: exercise again, and no NaN.
#[test]
fn zero_vol() {
    for option_type in BOTH {
        for strike in [55_000.0, 60_000.0, 65_000.0] {
            let option = Black76 { vol_ann: 0.0, ..near_expiry(option_type, strike, 0.25) };
            let g = option.greeks();
            let every = [g.value, g.delta, g.gamma, g.vega, g.theta, g.rho, g.vanna, g.volga];
            assert!(every.iter().all(|g| g.is_finite()), "{option:?} {g:?}");
            assert_eq!(
                option.value(),
                match option_type {
                    OptionType::Call => (60_000.0_f64 - strike).max(0.0),
                    OptionType::Put => (strike - 60_000.0_f64).max(0.0),
                }
            );
        }
    }
}
