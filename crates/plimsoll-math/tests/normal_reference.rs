//! The normal law and the Mills ratio against 40-digit values (see data/normal_reference.py).

use plimsoll_math::{mills, normal};

struct Row {
    x: f64,
    pdf: f64,
    cdf: f64,
    sf: f64,
    mills: f64,
}

fn reference() -> Vec<Row> {
    let text = include_str!("data/normal_reference.csv");
    let rows = text.lines().skip(1).map(|line| {
        let v: Vec<f64> = line.split(',').map(|cell| cell.parse().expect("a number")).collect();
        Row { x: v[0], pdf: v[1], cdf: v[2], sf: v[3], mills: v[4] }
    });
    rows.collect()
}

fn assert_close(name: &str, x: f64, got: f64, want: f64, relative: f64) {
    // A subnormal number is a multiple of 2^-1074 and cannot be closer than a few of them.
    let bound = relative * want.abs() + 4.0 * f64::from_bits(1);
    assert!((got - want).abs() <= bound, "{name}({x}): {got:e} against {want:e}");
}

/// The documented claims, in units of the table's own rounding to f64 (1.1e-16): 3 for the density,
/// 8 for a tail (density, two polynomials and a division).
#[test]
fn density_and_tails() {
    let rows = reference();
    assert_eq!(rows.len(), 168);
    for row in rows {
        assert_close("pdf", row.x, normal::pdf(row.x), row.pdf, 4e-16);
        assert_close("cdf", row.x, normal::cdf(row.x), row.cdf, 1.0e-15);
        assert_close("sf", row.x, normal::sf(row.x), row.sf, 1.0e-15);
        assert_eq!(normal::cdf(row.x).to_bits(), normal::sf(-row.x).to_bits());
    }
    assert_eq!((normal::cdf(0.0), normal::sf(-0.0)), (0.5, 0.5));
}

#[test]
fn beyond_the_tails() {
    for x in [39.0, 1e6, f64::INFINITY] {
        assert_eq!((normal::pdf(x), normal::sf(x), normal::cdf(x)), (0.0, 0.0, 1.0), "{x}");
        assert_eq!((normal::pdf(-x), normal::sf(-x), normal::cdf(-x)), (0.0, 1.0, 0.0), "{x}");
    }
    for got in [normal::pdf(f64::NAN), normal::sf(f64::NAN), normal::cdf(f64::NAN)] {
        assert!(got.is_nan());
    }
}

#[test]
fn mills_ratio_on_its_half_line() {
    for row in reference().iter().filter(|row| row.x >= -0.25) {
        assert_close("fused", row.x, mills::mills::<true>(row.x), row.mills, 1.0e-15);
        assert_close("plain", row.x, mills::mills::<false>(row.x), row.mills, 1.0e-15);
    }
    // 1/x·(1 − 1/x² …) far out
    for x in [1e4, 1e6, 1e9] {
        let want = (1.0 - 1.0 / (x * x)) / x;
        assert_close("far", x, mills::mills::<true>(x), want, 1.0e-15);
    }
}

/// With h = v − u the pair carries both ratios, and their difference quotient is the derivative
/// `M'(u) = u·M(u) − 1` as h goes to 0: the rational's slope is good to 1e-14 although nothing but
/// its values was fitted.
#[test]
fn a_pair_carries_both_ratios_and_their_difference() {
    for row in reference().iter().filter(|row| (-0.25..=8.0).contains(&row.x)) {
        let (u, v) = (row.x, row.x + 0.75);
        let m = mills::mills_pair::<true>(u, v);
        let h = v - u;
        let other = (m.p + h * m.dp) / (m.q + h * m.dq);
        assert_close("at v", v, other, mills::mills::<true>(v), 2.0e-15);
        let m = mills::mills_pair::<true>(u, u);
        let slope = (m.dp * m.q - m.p * m.dq) / (m.q * m.q);
        // u·M − 1 cancels to 1/(1 + u²), so the wanted value is only good to (1 + u²) roundings
        let tolerance = 1e-14 + 2e-16 * (1.0 + u * u);
        assert_close("slope", u, slope, u * row.mills - 1.0, tolerance);
    }
}

/// x = Φ⁻¹(Φ(x)) up to the rounding of Φ: an error ε in p moves x by ε·p/φ(x).
#[test]
fn quantile_inverts_both_tails() {
    for row in reference() {
        if row.x.abs() > 37.4 {
            continue;
        }
        let tail = row.cdf.min(row.sf);
        let p = if row.x < 0.0 { row.cdf } else { 1.0 - row.sf };
        // an upper p is one minus the tail, known to 1.1e-16 absolutely
        let p_error = if row.x < 0.0 { 1.2e-15 * tail } else { 1.2e-15 * tail + 1.2e-16 };
        if p_error > 0.1 * tail {
            continue;
        }
        let bound = 1.1 * p_error / row.pdf + 4e-16 * row.x.abs();
        let got = normal::inv_cdf(p);
        assert!((got - row.x).abs() <= bound, "{}: {got}, bound {bound:e}", row.x);
    }
}

#[test]
fn quantile_at_the_ends() {
    assert_eq!(normal::inv_cdf(0.0), f64::NEG_INFINITY);
    assert_eq!(normal::inv_cdf(1.0), f64::INFINITY);
    // the start leaves 4.5e-4, two cubic steps nothing but rounding
    assert!(normal::inv_cdf(0.5).abs() < 1e-15);
    for p in [-1e-300, 1.0 + f64::EPSILON, f64::NAN] {
        assert!(normal::inv_cdf(p).is_nan());
    }
    // Φ⁻¹(0.99), Φ⁻¹(0.975): 20 digits
    assert_close("quantile", 0.99, normal::inv_cdf(0.99), 2.3263478740408411009, 4e-16);
    assert_close("quantile", 0.975, normal::inv_cdf(0.975), 1.9599639845400542355, 4e-16);
}
