//! Published and independently computed values of the back-test statistics.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use plimsoll_calibrate::backtest::coverage::{
    Zone, christoffersen, kupiec, time_until_first_failure, traffic_light,
};
use plimsoll_calibrate::backtest::duration::duration_test;
use plimsoll_calibrate::backtest::shortfall::{
    Forecast, acerbi_szekely, acerbi_szekely_z3, fissler_ziegel, z2_critical_value,
};
use plimsoll_math::normal;
use plimsoll_math::rng::reference_returns;

/// Agreement to the printed digits: half a unit of the last.
#[track_caller]
fn printed(got: f64, want: f64, decimals: i32) {
    let unit = plimsoll_math::float::pow(10.0, -f64::from(decimals));
    assert!((got - want).abs() <= 0.5 * unit * (1.0 + 1e-6), "{got:.15} against {want:.15}");
}

fn hits(days: &[usize]) -> Vec<bool> {
    (0..250).map(|day| days.contains(&day)).collect()
}

/// Against vartests.
#[test]
fn kupiec_over_250_days_at_one_percent() {
    for (exceptions, statistic) in [
        (0, 5.0251679268),
        (1, 1.1764911353),
        (2, 0.1084352162),
        (5, 1.9568097882),
        (7, 5.4969904478),
        (10, 12.9554910624),
    ] {
        printed(kupiec(exceptions, 250, 0.01).unwrap().statistic, statistic, 10);
    }
    printed(kupiec(0, 250, 0.01).unwrap().p_value, 0.0249815, 7);
    printed(kupiec(5, 250, 0.01).unwrap().p_value, 0.1618549, 7);
    printed(kupiec(10, 250, 0.01).unwrap().p_value, 0.0003190, 7);
    assert!(kupiec(3, 2, 0.01).is_err() && kupiec(0, 0, 0.01).is_err());
    assert!(kupiec(1, 10, 0.0).is_err() && kupiec(1, 10, f64::NAN).is_err());
    assert!(kupiec(10, 10, 0.01).unwrap().statistic.is_finite());
}

#[test]
fn time_until_first_failure_at_one_percent() {
    for (day, statistic) in [(7, 3.5893159462), (438, 3.8321809317), (439, 3.8477153894)] {
        printed(time_until_first_failure(day, 0.01).unwrap().statistic, statistic, 10);
    }
    assert!(time_until_first_failure(1, 0.01).unwrap().statistic.is_finite());
    assert!(time_until_first_failure(0, 0.01).is_err());
}

#[test]
fn christoffersen_on_clustered_and_spread_hits() {
    let clustered = christoffersen(&hits(&[20, 21, 22, 100, 101, 200]), 0.01).unwrap();
    assert_eq!(clustered.transitions, [[240, 3], [3, 3]]);
    printed(clustered.independence.statistic, 15.9152966511, 10);
    printed(clustered.unconditional.statistic, 3.5553547711, 10);
    printed(clustered.conditional.statistic, 19.4706514222, 10);
    printed(clustered.conditional.p_value, 5.9156e-5, 9);

    let spread = christoffersen(&hits(&[20, 70, 110, 150, 201, 230]), 0.01).unwrap();
    assert_eq!(spread.transitions, [[237, 6], [6, 0]]);
    printed(spread.independence.statistic, 0.2963264105, 10);
    printed(spread.conditional.statistic, 3.8516811815, 10);
    // Without exceptions the independence test has nothing to say.
    let none = christoffersen(&[false; 250], 0.01).unwrap();
    assert_eq!((none.independence.statistic, none.independence.p_value), (0.0, 1.0));
    assert!(christoffersen(&[true], 0.01).is_err());
}

/// Against vartests, whose minimiser is good to about 1e-6 in the shape.
#[test]
fn weibull_durations_of_clustered_hits() {
    let test = duration_test(&hits(&[20, 21, 22, 100, 101, 200])).unwrap();
    assert!((test.shape - 0.5057369).abs() < 2e-6, "{test:?}");
    printed(test.test.statistic, 4.2573873, 7);
    printed(test.test.p_value, 0.0390800, 7);
    assert!(duration_test(&hits(&[20])).is_err());
    // Equal spacing: the shape runs to its limit instead of failing.
    assert!(duration_test(&hits(&[0, 83, 166, 249])).unwrap().shape > 10.0);
}

#[test]
fn traffic_light_of_the_basel_committee() {
    let light = |exceptions| traffic_light(exceptions, 250, 0.01).unwrap();
    for (exceptions, cumulative_pct) in [(4, 89.22), (5, 95.88), (9, 99.97), (10, 99.99)] {
        printed(100.0 * light(exceptions).cumulative, cumulative_pct, 2);
    }
    let zones: Vec<Zone> = (0..12).map(|x| light(x).zone).collect();
    assert!(zones[..5].iter().all(|zone| *zone == Zone::Green));
    assert!(zones[5..10].iter().all(|zone| *zone == Zone::Yellow));
    assert!(zones[10..].iter().all(|zone| *zone == Zone::Red));
    let additions: Vec<f64> = (4..=10).filter_map(|x| light(x).addition).collect();
    assert_eq!(additions, [0.0, 0.40, 0.50, 0.65, 0.75, 0.85, 1.00]);
    assert_eq!(traffic_light(3, 500, 0.01).unwrap().addition, None);
}

/// The reference series against N(0, s²) forecasts at α = 2.5 %.
fn forecasts(sd: f64) -> Vec<Forecast> {
    let z = normal::inv_cdf(0.025);
    let (var, es) = (-z * sd, normal::pdf(z) / 0.025 * sd);
    reference_returns(500).into_iter().map(|pnl| Forecast { pnl, var, es }).collect()
}

#[test]
fn acerbi_szekely_on_the_reference_series() {
    let forecasts = forecasts(0.0125);
    printed(forecasts[0].var, 0.024499549807, 12);
    printed(forecasts[0].es, 0.029222534903, 12);
    let z = acerbi_szekely(&forecasts, 0.025).unwrap();
    assert_eq!(z.exceptions, 18);
    let z1 = z.z1.unwrap();
    printed(z1, -0.2100964517, 10);
    printed(z.z2, -0.7425388904, 10);
    // Z₂ = 1 − (1 − Z₁)·N/(Tα).
    assert!((z.z2 - (1.0 - (1.0 - z1) * 18.0 / 12.5)).abs() < 1e-14);

    let pits: Vec<f64> = forecasts.iter().map(|f| normal::cdf(f.pnl / 0.0125)).collect();
    let z3 = acerbi_szekely_z3(&pits, |_, u| 0.0125 * normal::inv_cdf(u), 0.025).unwrap();
    // By 25-digit quadrature of the expectation.
    printed(z3, -0.380731691495067, 13);

    let quiet = [Forecast { pnl: 1.0, var: 1.0, es: 1.0 }; 4];
    assert_eq!(acerbi_szekely(&quiet, 0.025).unwrap().z1, None);
    assert!(acerbi_szekely(&[Forecast { es: 0.0, ..quiet[0] }], 0.025).is_err());
    assert!(acerbi_szekely(&[], 0.025).is_err());
    assert!(acerbi_szekely_z3(&[0.5; 10], |_, u| u, 0.025).is_err());
}

#[test]
fn fissler_ziegel_scores_are_least_near_the_truth() {
    for (sd, score, decimals) in [
        (0.010, -2.83012116, 8),
        (0.0125, -3.159162846444, 12),
        (0.014, -3.20081148, 8),
        (0.016, -3.18992510, 8),
        (0.018, -3.15728949, 8),
        (0.020, -3.11466982, 8),
    ] {
        printed(fissler_ziegel(&forecasts(sd), 0.025).unwrap(), score, decimals);
    }
}

/// "Z₂ < −0.7 is the usual 5 % line": −0.70 for normal tails to −0.82 for t₃.
#[test]
fn simulated_critical_values_of_z2() {
    let normal = z2_critical_value(250, 0.025, None, 0.05, 20_000, 1).unwrap();
    let heavy = z2_critical_value(250, 0.025, Some(3.0), 0.05, 20_000, 1).unwrap();
    // 20,000 paths place a 5 % quantile of a law of this width to about ±0.01.
    assert!((normal + 0.70).abs() < 0.02, "{normal}");
    assert!((heavy + 0.82).abs() < 0.03, "{heavy}");
}
