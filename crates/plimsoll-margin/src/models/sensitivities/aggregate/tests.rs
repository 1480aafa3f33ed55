//! Against an independent engine (Open Source Risk Engine 1.8.17.0, run by
//! `tools/sensitivities_ore.py`), and against arithmetic by hand.

use plimsoll_model::params::from_toml;

use super::super::SensitivityParams;
use super::super::rules::{BucketPair, BucketRules};
use super::*;
use crate::models::BUNDLED;

/// The engine works with quantiles of a double-precision inverse normal and prints all digits;
/// agreement is limited by rounding alone.
const SLACK: f64 = 1e-11;

fn rules(id: &str, effective: &str) -> Rules {
    let file = BUNDLED.iter().find(|file| file.id == id && file.effective == effective).unwrap();
    from_toml::<SensitivityParams>(file.text).unwrap().rules
}

fn row(class: RiskClass, bucket: u32, qualifier: &str, kind: Kind, amount_usd: f64) -> Sensitivity {
    let product = RiskClass::Commodity;
    Sensitivity {
        product,
        class,
        bucket,
        qualifier: qualifier.to_owned(),
        kind,
        amount_usd,
        leg: 0,
    }
}

fn delta_of(bucket: u32, qualifier: &str, amount: f64) -> Sensitivity {
    row(RiskClass::Commodity, bucket, qualifier, Kind::Delta, amount)
}

fn vega_of(bucket: u32, qualifier: &str, days: f64, amount: f64) -> Sensitivity {
    row(RiskClass::Commodity, bucket, qualifier, Kind::Vega { days }, amount)
}

/// Numbers the legs in order.
fn numbered(mut rows: Vec<Sensitivity>) -> Vec<Sensitivity> {
    rows.iter_mut().enumerate().for_each(|(leg, row)| row.leg = leg);
    rows
}

fn mixed() -> Vec<Sensitivity> {
    numbered(vec![
        delta_of(16, "BTC", 80e6),
        delta_of(16, "ETH", -30e6),
        delta_of(16, "XRP", 5e6),
        vega_of(16, "BTC", 365.0 / 12.0, 1e6),
        vega_of(16, "BTC", 365.0, -3e5),
        vega_of(16, "ETH", 14.0, -2e5),
        row(RiskClass::Fx, 0, "EUR", Kind::Delta, 20e6),
        row(RiskClass::Fx, 0, "GBP", Kind::Delta, -1e6),
    ])
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= SLACK * expected.abs(), "{found} is not {expected}");
}

fn contributions_add_up(answer: &SensitivityMargin) {
    near(answer.measures.iter().sum(), answer.total);
    for (measure, legs) in answer.measures.iter().zip(&answer.legs) {
        let sum: f64 = legs.values().sum();
        assert!((sum - measure).abs() <= SLACK * answer.total, "{sum} is not {measure}");
    }
}

#[test]
fn coins_and_currencies_in_every_version() {
    // Delta, vega and curvature of commodities; delta of currencies; everything.
    let table = [
        (
            "sensitivities",
            "2022-12-03",
            [
                6019481833.0535345,
                38368429.742404684,
                192053436.185927,
                144442237.5899792,
                6310500365.90202,
            ],
        ),
        (
            "sensitivities",
            "2023-12-02",
            [
                7057323528.407593,
                46620673.88277589,
                225166097.59729382,
                144442237.5899792,
                7380905399.190611,
            ],
        ),
        (
            "sensitivities",
            "2025-07-12",
            [
                6642186850.265969,
                40223051.72763006,
                211921033.0327471,
                136634549.07160196,
                6929752516.568691,
            ],
        ),
        (
            "sensitivities",
            "2025-12-06",
            [
                6642186850.265969,
                39566552.611520015,
                211921033.0327471,
                138586471.20119625,
                6926862467.569019,
            ],
        ),
        (
            "sensitivities-1d",
            "2025-12-06",
            [
                1283793207.6467767,
                7003399.830375766,
                15706714.417482685,
                35134598.332697645,
                1315028884.1169474,
            ],
        ),
    ];
    for (id, effective, [delta, vega, curvature, fx, total]) in table {
        let answer = margin(&rules(id, effective), &mixed()).unwrap();
        let commodity = answer.classes[&(RiskClass::Commodity, RiskClass::Commodity)];
        near(commodity[0], delta);
        near(commodity[1], vega);
        near(commodity[2], curvature);
        near(answer.classes[&(RiskClass::Commodity, RiskClass::Fx)][0], fx);
        near(answer.total, total);
        contributions_add_up(&answer);
    }
}

#[test]
fn correlated_buckets_beyond_their_thresholds() {
    let mut rules = rules("sensitivities", "2025-12-06");
    let class = rules.classes.get_mut(&RiskClass::Commodity).unwrap();
    let bucket = |number, weight, correlation, delta: f64, vega: f64| BucketRules {
        number,
        delta_weight: Some(weight),
        correlation: Some(correlation),
        correlation_to_others: None,
        delta_threshold_musd: Some(delta),
        vega_threshold_musd: Some(vega),
    };
    class.buckets.retain(|bucket| bucket.number == 16);
    class.buckets.push(bucket(2, 21.0, 0.98, 2500.0, 2400.0));
    class.buckets.push(bucket(12, 19.0, 0.62, 1600.0, 740.0));
    class.between.push(BucketPair { buckets: [12, 2], correlation: 0.29 });
    let rows = numbered(vec![
        delta_of(2, "A", 4e9),
        delta_of(2, "B", 1e9),
        delta_of(12, "C", -5e9),
        delta_of(16, "BTC", 1e8),
        vega_of(2, "A", 365.0 / 2.0, 4e7),
        vega_of(2, "B", 365.0 / 2.0, -1e7),
        vega_of(12, "C", 365.0 / 2.0, 1e7),
    ]);
    let answer = margin(&rules, &rows).unwrap();
    let commodity = answer.classes[&(RiskClass::Commodity, RiskClass::Commodity)];
    near(commodity[0], 177386282086.95316);
    near(commodity[1], 515898077.46929973);
    near(commodity[2], 393250068.0770527);
    contributions_add_up(&answer);
}

#[test]
fn coins_are_uncorrelated_as_commodities_and_hedge_as_a_class() {
    let hedge = [delta_of(16, "BTC", 3e5), delta_of(16, "ETH", -4e5)];
    let both = [delta_of(16, "BTC", 3e5), delta_of(16, "ETH", 4e5)];
    let commodity = rules("sensitivities", "2025-12-06");
    // 64·√(3² + 4²)·1e5, whatever the signs.
    near(margin(&commodity, &hedge).unwrap().total, 320e5);
    near(margin(&commodity, &both).unwrap().total, 320e5);
    let crypto = rules("sensitivities-crypto", "2026-02-01");
    let own = |rows: &[Sensitivity]| {
        let rows: Vec<Sensitivity> = rows
            .iter()
            .map(|row| Sensitivity {
                product: RiskClass::Crypto,
                class: RiskClass::Crypto,
                bucket: 1,
                ..row.clone()
            })
            .collect();
        margin(&crypto, &rows).unwrap().total
    };
    // 132·√(25 ∓ 2·0.73·12)·1e5.
    near(own(&hedge), 132e5 * (25.0f64 - 17.52).sqrt());
    near(own(&both), 132e5 * (25.0f64 + 17.52).sqrt());
}

#[test]
fn curvature_of_long_options_is_not_a_credit() {
    let commodity = rules("sensitivities", "2025-12-06");
    let of = |amount| {
        let answer = margin(&commodity, &[vega_of(16, "BTC", 365.0 / 4.0, amount)]).unwrap();
        answer.classes[&(RiskClass::Commodity, RiskClass::Commodity)]
    };
    // Measured with the engine; a short position has θ = −1, λ = 1 and no curvature margin.
    near(of(1e5)[1], 4625721.278525831);
    near(of(1e5)[2], 7149687.438847462);
    near(of(-1e5)[1], 4625721.278525831);
    assert_eq!(of(-1e5)[2], 0.0);
}

#[test]
fn the_rule_is_not_sub_additive() {
    // Recorded counter-example. A short vega alone has no curvature margin (θ = −1); next to an equal
    // long one of another coin the sum is nothing, θ is 0 and λ·√2 exceeds 1 + λ of the long alone.
    let commodity = rules("sensitivities", "2025-12-06");
    let (long, short) = (vega_of(16, "BTC", 14.0, 1e5), vega_of(16, "ETH", 14.0, -1e5));
    let of = |rows: &[Sensitivity]| margin(&commodity, rows).unwrap().total;
    let apart = of(std::slice::from_ref(&long)) + of(std::slice::from_ref(&short));
    // In units of σ·1e5: 0.3293·√2 + 5.6349·√2/2 against 2·0.3293 + 6.6349/2.
    assert!(of(&[long, short]) > 1.1 * apart);
}

#[test]
fn unknown_values_are_refused_by_name() {
    let refusal = |rules: &Rules, rows: &[Sensitivity]| margin(rules, rows).unwrap_err().message;
    let commodity = rules("sensitivities", "2025-12-06");
    let gold = refusal(&commodity, &[delta_of(12, "PAXG", 1.0)]);
    assert!(gold.contains("concentration threshold of the delta of PAXG"), "{gold}");
    let none = refusal(&commodity, &[delta_of(99, "X", 1.0)]);
    assert!(none.contains("bucket 99 of commodity"), "{none}");
    let class = |class, kind| Sensitivity { class, ..row(class, 1, "X", kind, 1.0) };
    let crypto = rules("sensitivities-crypto", "2026-02-01");
    let vega = refusal(&crypto, &[class(RiskClass::Crypto, Kind::Vega { days: 30.0 })]);
    assert!(vega.contains("vega weight of crypto"), "{vega}");
    let pegged = Sensitivity { bucket: 2, ..class(RiskClass::Crypto, Kind::Delta) };
    assert!(refusal(&crypto, &[pegged]).contains("bucket 2 of crypto"));
    let fx = refusal(&crypto, &[class(RiskClass::Fx, Kind::Delta)]);
    assert!(fx.contains("foreign exchange"), "{fx}");
    let mut unlinked = commodity.clone();
    unlinked.between_classes.clear();
    let pair = [delta_of(16, "BTC", 1.0), row(RiskClass::Fx, 0, "EUR", Kind::Delta, 1.0)];
    assert!(refusal(&unlinked, &pair).contains("between commodity and fx"));
}
