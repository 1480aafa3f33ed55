//! Values and sensitivities against 20-digit reference values (see data/black76_reference.py), and
//! against published numbers.

use plimsoll_math::float;
use plimsoll_pricing::{Black76, CoinGreeks, Greeks, OptionType};

/// Unit roundoff of f64.
const U: f64 = f64::EPSILON / 2.0;

struct Reference {
    option: Black76,
    /// value … volga, then coin_value … coin_volga, in the columns' order
    values: Vec<f64>,
}

fn reference() -> Vec<Reference> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/black76_reference.csv");
    let mut reader = csv::Reader::from_path(path).expect("the table");
    let rows = reader.records().map(|record| {
        let record = record.expect("a row");
        let number = |i: usize| record[i].parse::<f64>().expect("a number");
        Reference {
            option: Black76 {
                option_type: if &record[0] == "call" { OptionType::Call } else { OptionType::Put },
                forward: number(1),
                strike: number(2),
                vol_ann: number(3),
                tau_years: number(4),
                discount_factor: number(5),
                rate_ann: number(6),
            },
            values: (7..record.len()).map(number).collect(),
        }
    });
    rows.collect()
}

const NAMES: [&str; 17] = [
    "value",
    "delta",
    "premium_adjusted_delta",
    "gamma",
    "vega",
    "theta",
    "rho",
    "vanna",
    "volga",
    "coin_value",
    "coin_delta",
    "coin_gamma",
    "coin_vega",
    "coin_theta",
    "coin_rho",
    "coin_vanna",
    "coin_volga",
];

fn computed(option: &Black76) -> [f64; 17] {
    let g = option.greeks();
    let c = option.coin_greeks();
    assert_eq!(c.premium_adjusted_delta.to_bits(), g.premium_adjusted_delta.to_bits());
    [
        g.value,
        g.delta,
        g.premium_adjusted_delta,
        g.gamma,
        g.vega,
        g.theta,
        g.rho,
        g.vanna,
        g.volga,
        c.value_coin,
        c.delta,
        c.gamma,
        c.vega,
        c.theta,
        c.rho,
        c.vanna,
        c.volga,
    ]
}

/// What each error is measured against: the value itself, or, where a sensitivity is a difference
/// or a product with a d that crosses zero, the size of the parts.
fn scales(o: &Black76, v: &[f64]) -> [f64; 17] {
    let s = o.vol_ann * o.tau_years.sqrt();
    let spread = float::ln(o.forward / o.strike).abs() / s + s / 2.0;
    let (gamma, vega) = (v[3], v[4]);
    let density = vega / (o.forward * o.tau_years.sqrt());
    let theta = v[5].abs() + 2.0 * (o.rate_ann * v[0]).abs();
    let mut scales: [f64; 17] = std::array::from_fn(|i| v[i].abs());
    scales[5] = theta;
    scales[7] = density / o.vol_ann * spread;
    scales[8] = vega / o.vol_ann * spread * spread;
    scales[11] = (gamma + 2.0 * v[10].abs()) / o.forward;
    scales[13] = theta / o.forward;
    scales[15] = scales[7] / o.forward;
    scales[16] = scales[8] / o.forward;
    scales
}

/// Total vols 0.05 % to 400 %, |ln F/K| to 10 total vols.
///
/// An input rounded by U moves d by at most 3U·|d| and φ(d) by 3U·d² relatively; the arithmetic of
/// the rational adds some fifteen roundings. Hence the documented 20 U·(1 + d²), d the larger of
/// |d₁|, |d₂|; this table reaches 9.
#[test]
fn values_and_sensitivities_reach_the_condition_of_the_formula() {
    let rows = reference();
    assert_eq!(rows.len(), 208);
    let mut worst = [(0.0, 0); 17];
    for (line, row) in rows.iter().enumerate() {
        let o = &row.option;
        let s = o.vol_ann * o.tau_years.sqrt();
        let d = float::ln(o.forward / o.strike).abs() / s + s / 2.0;
        let scales = scales(o, &row.values);
        for (i, got) in computed(o).into_iter().enumerate() {
            let want = row.values[i];
            let bound = U * (1.0 + d * d) * scales[i];
            let error = (got - want).abs() / bound;
            if want != 0.0 && (error > worst[i].0 || error.is_nan()) {
                worst[i] = (error, line + 2);
            }
            assert!(want != 0.0 || got == 0.0, "{} line {}: {got:e} for 0", NAMES[i], line + 2);
        }
    }
    for (name, (error, line)) in NAMES.iter().zip(worst) {
        println!("{name:24} worst {error:5.1} U·(1 + d²), line {line}");
    }
    for (name, (error, line)) in NAMES.iter().zip(worst) {
        assert!(error <= 20.0, "{name}: {error} U·(1 + d²) in line {line}");
    }
}

fn close(name: &str, got: f64, want: f64, relative: f64) {
    assert!((got - want).abs() <= relative * want.abs(), "{name}: {got:e} against {want:e}");
}

/// F 60000, K 65000, vol 60 %, 30 days, no rate: 18 digits, from the closed forms in 50-digit
/// arithmetic.
const PUBLISHED: Black76 = Black76 {
    option_type: OptionType::Call,
    forward: 60_000.0,
    strike: 65_000.0,
    vol_ann: 0.6,
    tau_years: 30.0 / 365.0,
    discount_factor: 1.0,
    rate_ann: 0.0,
};

#[test]
fn published_quote_settled_option() {
    // Twenty units of roundoff: |d| < 1, so the condition is about ten.
    let tolerance = 20.0 * U;
    let Greeks { value, delta, gamma, vega, theta, vanna, volga, .. } = PUBLISHED.greeks();
    close("value", value, 2237.8681554046650424, tolerance);
    close("delta", delta, 0.35222601254588596, tolerance);
    close("gamma", gamma, 3.59707773707891968e-5, tolerance);
    close("vega", vega, 6386.04485925243823, tolerance);
    close("theta", theta, -23309.0637362713995, tolerance);
    close("vanna", vanna, 0.341136882281764205, tolerance);
    close("volga", volga, 2225.85631305613349, tolerance);
    let put = Black76 { option_type: OptionType::Put, ..PUBLISHED };
    close("put", put.value(), 7237.8681554046650424, tolerance);
}

#[test]
fn published_coin_settled_option() {
    let tolerance = 20.0 * U;
    let CoinGreeks { value_coin, delta, premium_adjusted_delta, gamma, .. } =
        PUBLISHED.coin_greeks();
    close("value", value_coin, 0.037297802590077750706, tolerance);
    close("premium-adjusted delta", premium_adjusted_delta, 0.31492820995580821, tolerance);
    close("delta", delta, 5.24880349926347016e-6, tolerance);
    // φ(d₂)/s − 2Φ(d₂) cancels to about a thirtieth of its parts.
    close("gamma", gamma, 4.24552839537704275e-10, 30.0 * tolerance);
    // premium-adjusted delta = delta − premium, by definition
    let quote = PUBLISHED.greeks();
    close("definition", quote.delta - quote.value / 60_000.0, premium_adjusted_delta, tolerance);
}
