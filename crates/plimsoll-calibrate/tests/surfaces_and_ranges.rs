//! SVI, SSVI, history checks, spot–vol regression, and scan ranges.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use plimsoll_calibrate::history::{ReturnPanel, Series};
use plimsoll_calibrate::scan_range::{quantile_estimate, scan_range, sub_sample_mean};
use plimsoll_calibrate::spot_vol::{regress, spot_vol};
use plimsoll_calibrate::ssvi::{Ssvi, SurfacePoint, fit_ssvi};
use plimsoll_calibrate::svi::{Arbitrage, SmilePoint, Svi, calendar, fit_svi};
use plimsoll_math::quantile::{Convention, Interval, quantile, quantile_interval};
use plimsoll_math::rng::{Stream, reference_returns};
use plimsoll_model::Timestamp;

/// Agreement to the printed digits: half a unit of the last.
#[track_caller]
fn printed(got: f64, want: f64, decimals: i32) {
    let unit = plimsoll_math::float::pow(10.0, -f64::from(decimals));
    assert!((got - want).abs() <= 0.5 * unit * (1.0 + 1e-6), "{got:.15} against {want:.15}");
}

/// η 1, ρ −.3, θ .04 under the power law with γ = ½.
#[test]
fn ssvi_at_published_numbers() {
    let surface = Ssvi { eta: 1.0, rho: -0.3, gamma: 0.5 };
    printed(surface.phi(0.04), 4.9029033785, 10);
    printed(surface.total_variance(-0.2, 0.04), 0.057820214425, 12);
    printed(surface.total_variance(0.0, 0.04), 0.04, 12);
    printed(surface.total_variance(0.2, 0.04), 0.037553154409, 12);
    let butterfly = surface.butterfly(0.04);
    printed(butterfly.slope, 0.25495, 5);
    printed(butterfly.curvature, 1.25, 12);
    assert!(butterfly.is_free() && surface.is_free_everywhere());
    assert!(!Ssvi { eta: 1.6, ..surface }.is_free_everywhere());
}

#[test]
fn ssvi_fit_finds_the_surface_it_was_made_with() {
    let truth = Ssvi { eta: 0.9, rho: -0.25, gamma: 0.5 };
    let points: Vec<SurfacePoint> = [0.01, 0.04, 0.1]
        .into_iter()
        .flat_map(|theta| (-5..=5).map(move |i| (theta, f64::from(i) * 0.1)))
        .map(|(theta, k)| SurfacePoint {
            k,
            theta,
            total_variance: truth.total_variance(k, theta),
            weight: 1.0,
        })
        .collect();
    let found = fit_ssvi(&points).unwrap();
    assert!((found.eta - 0.9).abs() < 1e-5 && (found.rho + 0.25).abs() < 1e-5, "{found:?}");
    assert!(fit_ssvi(&points[..2]).is_err());
}

/// Vogt's smile of Gatheral and Jacquier's example 3.1: a butterfly near k = 0.8.
const VOGT: Svi = Svi { a: -0.0410, b: 0.1331, rho: 0.3060, m: 0.3586, s: 0.4153 };

#[test]
fn vogts_smile_is_caught_and_repaired() {
    let faults = VOGT.arbitrage();
    let [Arbitrage::Butterfly { k, g }] = faults.as_slice() else { panic!("{faults:?}") };
    assert!(*k > 0.6 && *k < 1.2 && *g < 0.0);
    // The jump-wing form the paper prints for it at τ = 1.
    let wing = VOGT.to_jump_wing(1.0).unwrap();
    for (got, want) in [
        (wing.v, 0.01742625),
        (wing.psi, -0.1752111),
        (wing.p, 0.6997381),
        (wing.c, 1.316798),
        (wing.v_least, 0.0116249),
    ] {
        // Printed to seven significant digits from parameters printed to four.
        assert!((got / want - 1.0).abs() < 1e-5, "{got} against {want}");
    }
    let back = wing.to_svi(1.0).unwrap();
    for (got, want) in [
        (back.a, VOGT.a),
        (back.b, VOGT.b),
        (back.rho, VOGT.rho),
        (back.m, VOGT.m),
        (back.s, VOGT.s),
    ] {
        assert!((got - want).abs() < 1e-12, "{back:?}");
    }
    let repaired = VOGT.repaired(1.0).unwrap();
    assert!(repaired.arbitrage().is_empty());
    // At the money nothing moves: level and slope.
    let (before, after) = (VOGT.derivatives(0.0), repaired.derivatives(0.0));
    assert!((before[0] - after[0]).abs() < 1e-12 && (before[1] - after[1]).abs() < 1e-12);
    // A smile without fault is left alone.
    assert_eq!(repaired.repaired(1.0).unwrap(), repaired);
}

#[test]
fn svi_faults_are_named() {
    let steep = Svi { a: 0.1, b: 1.5, rho: 0.5, m: 0.0, s: 0.2 };
    assert!(steep.arbitrage().iter().any(|fault| matches!(fault, Arbitrage::Wing { .. })));
    let negative = Svi { a: -1.0, ..VOGT };
    assert!(matches!(negative.arbitrage()[0], Arbitrage::Domain { .. }));
    let far = Svi { a: VOGT.a - 0.005, ..VOGT };
    assert!(matches!(calendar(&VOGT, &far), Some(Arbitrage::Calendar { .. })));
    assert_eq!(calendar(&far, &VOGT), None);
}

#[test]
fn svi_fit_finds_the_smile_it_was_made_with() {
    let truth = Svi { a: 0.01, b: 0.12, rho: -0.35, m: 0.03, s: 0.18 };
    let tau = 30.0 / 365.0;
    let points: Vec<SmilePoint> = (-12..=12)
        .map(|i| {
            let k = f64::from(i) * 0.05;
            SmilePoint { k, vol_ann: truth.vol_ann(k, tau), weight: 1.0 }
        })
        .collect();
    let fit = fit_svi(&points, tau).unwrap();
    // A hundredth of a basis point of vol: the quotes are exact, the search is not.
    assert!(fit.rms_vol_error < 1e-6, "{fit:?}");
    assert!(fit.arbitrage.is_empty());
    assert!(fit_svi(&points[..4], tau).is_err() && fit_svi(&points, 0.0).is_err());
}

fn at(hour: i64) -> Timestamp {
    Timestamp(hour * 3_600_000)
}

#[test]
fn bad_histories_are_refused_or_repaired_in_words() {
    let checked = |raw: &[(i64, f64)]| {
        Series::checked("BTC", raw.iter().map(|(hour, price)| (at(*hour), *price)).collect())
    };
    assert!(checked(&[]).is_err());
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let refusal = checked(&[(0, 1.0), (1, bad)]).unwrap_err().to_string();
        assert!(refusal.contains("BTC") && refusal.contains("1970-01-01T01:00:00Z"), "{refusal}");
    }
    assert!(checked(&[(0, 1.0), (0, 2.0)]).unwrap_err().to_string().contains("both 1 and 2"));
    let messy = checked(&[(2, 3.0), (0, 1.0), (1, 2.0), (1, 2.0), (5, 8.0), (6, 16.0)]).unwrap();
    assert_eq!(messy.repairs.len(), 2, "{:?}", messy.repairs);
    assert_eq!(messy.history.values(), [1.0, 2.0, 3.0, 8.0, 16.0]);
    assert_eq!(messy.history.until(at(2)).values(), [1.0, 2.0, 3.0]);

    let panel = ReturnPanel::new(&[&messy.history], 3_600_000).unwrap();
    // Hours 1, 2 and 6; the return from hour 2 to hour 5 is not an hourly return.
    assert_eq!(panel.history.times, [at(1), at(2), at(6)]);
    assert!(panel.repairs[0].contains("3 of 6 periods"), "{:?}", panel.repairs);
    assert!(panel.history.require(4).unwrap_err().to_string().contains("has 3 returns"));
    let other = checked(&[(100, 1.0), (101, 2.0)]).unwrap().history;
    assert!(ReturnPanel::new(&[&messy.history, &other], 3_600_000).is_err());
}

#[test]
fn regression_against_hand_arithmetic() {
    // x̄ = 2, ȳ = 3; Σxx = 2, Σxy = 3: slope 1.5, intercept 0; residuals −.5, 1, −.5.
    let line = regress(&[1.0, 2.0, 3.0], &[1.0, 4.0, 4.0]).unwrap();
    assert!((line.slope - 1.5).abs() < 1e-15 && line.intercept.abs() < 1e-15);
    // 1.5 left over one degree of freedom; error √1.5/√2; 1 − 1.5/6.
    assert!((line.residual_sd - 1.5_f64.sqrt()).abs() < 1e-15);
    assert!((line.slope_error - 0.75_f64.sqrt()).abs() < 1e-15);
    assert!((line.r_squared - 0.75).abs() < 1e-15);
    assert!(regress(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0]).is_err());
    assert!(regress(&[1.0, 2.0], &[1.0, 2.0]).is_err());
}

#[test]
fn spot_vol_keeps_the_two_sides_apart() {
    let mut stream = Stream::new(5, 0);
    let returns: Vec<f64> = (0..4000).map(|_| 0.03 * stream.normal()).collect();
    let vols: Vec<f64> = returns
        .iter()
        .map(|r| if *r < 0.0 { -2.0 * r } else { 0.5 * r } + 0.02 * stream.normal())
        .collect();
    let joint = spot_vol(&returns, &vols).unwrap();
    assert!((joint.down.slope + 2.0).abs() < 4.0 * joint.down.slope_error);
    assert!((joint.up.slope - 0.5).abs() < 4.0 * joint.up.slope_error);
    assert!((joint.down.residual_sd / 0.02 - 1.0).abs() < 0.1);
}

/// The mean over non-overlapping sub-samples: third worst of 250 and of 249 two-day sums.
#[test]
fn sub_sample_averaging_over_two_days() {
    let returns = reference_returns(500);
    let var = |sums: &[f64]| {
        let losses: Vec<f64> = sums.iter().map(|r| -r).collect();
        quantile(&losses, 0.99, Convention::InverseEcdf).map_err(|e| {
            plimsoll_model::InputError::new(plimsoll_model::InputCode::BadNumber, e.to_string())
        })
    };
    printed(sub_sample_mean(&returns, 2, var).unwrap(), 0.0550198277, 10);
    assert!(
        sub_sample_mean(&returns, 0, var).is_err() && sub_sample_mean(&returns, 501, var).is_err()
    );
}

#[test]
fn confidence_intervals_by_order_statistics() {
    let sample: Vec<f64> = (1..=100).map(f64::from).collect();
    let median = quantile_estimate(&sample, 0.5, 0.95, Convention::InverseEcdf).unwrap();
    // Binomial(100, ½): P(X ≤ 39) = 0.0176 < 0.025 ≤ P(X ≤ 40) = 0.0284, so ranks 40 and 61.
    assert_eq!(median.value, 50.0);
    assert_eq!(median.interval, Interval { low: 40.0, high: 61.0, bounded: true });
    let far = quantile_estimate(&sample, 0.99, 0.95, Convention::InverseEcdf).unwrap();
    assert!(!far.interval.bounded && far.interval.high == 100.0);
    // Coverage, by repetition: the interval of a 90 % quantile of 200 uniforms.
    let mut inside = 0;
    for path in 0..2000 {
        let mut stream = Stream::new(17, path);
        let sample: Vec<f64> = (0..200).map(|_| stream.uniform()).collect();
        let interval = quantile_interval(&sample, 0.9, 0.9).unwrap();
        inside += u32::from(interval.low <= 0.9 && 0.9 <= interval.high);
    }
    // At least 90 %, less four standard errors of 0.67 %.
    assert!(f64::from(inside) / 2000.0 > 0.9 - 4.0 * 0.0067, "{inside}");

    let range = scan_range(&reference_returns(500), 1, 0.99, 0.95).unwrap();
    // 1 − exp(−0.038833889909), the inverse-ECDF quantile of the losses.
    assert!((range.down.value - (1.0 - plimsoll_math::float::exp(-0.038833889909))).abs() < 1e-12);
    let interval = range.down.interval;
    assert!(interval.low <= range.down.value && range.down.value <= interval.high);
}
