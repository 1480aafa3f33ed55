//! Calibrated parameter files load into the models they are for.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use plimsoll_calibrate::parameters::{FactorsOf, VarHead, scan_params, to_toml, var_params};
use plimsoll_calibrate::scan_range::scan_range;
use plimsoll_calibrate::scenarios::{Generator, Method};
use plimsoll_margin::models::scan::ScanParams;
use plimsoll_margin::models::var::model::{MeasureName, Method as Judged, VarParams};
use plimsoll_margin::models::{BUNDLED, from_params};
use plimsoll_math::rng::{reference_panel, reference_returns};
use plimsoll_model::params::from_toml;
use plimsoll_model::{Asset, Evidence, Timestamp};

fn head() -> VarHead {
    VarHead {
        id: "fhs-es".to_owned(),
        source: "The reference panel.".to_owned(),
        effective: "2026-01-01".to_owned(),
        notes: vec![],
        method: Judged::FilteredHistorical,
        measure: MeasureName::Es,
        level_pct: 97.5,
        days: 1.0,
        maintenance_pct: 80.0,
        collateral: from_toml("other_haircut = 0.0").unwrap(),
    }
}

#[test]
fn scenarios_become_a_file_that_loads() {
    let rows: Vec<Vec<f64>> = reference_panel(100).iter().map(|row| row.to_vec()).collect();
    let times: Vec<Timestamp> = (0..100).map(|day| Timestamp(day * 86_400_000)).collect();
    let mut generator = Generator::new(Method::FilteredEwma { window: 60, lambda: 0.94 }).unwrap();
    let scenarios = generator.scenarios(&rows).unwrap();
    let factors = [
        FactorsOf { coin: Asset::new("BTC"), spot: 0, vol: Some(2) },
        FactorsOf { coin: Asset::new("*"), spot: 1, vol: None },
    ];
    let params = var_params(head(), &scenarios, &times, &factors).unwrap();
    let text = to_toml(&params).unwrap();
    assert_eq!(from_params(&text).unwrap().id(), "fhs-es");
    let back: VarParams = from_toml(&text).unwrap();
    assert_eq!(back, params);
    assert_eq!(back.source.evidence, Evidence::Calibrated);
    // Row 40 is the first of the window.
    let joint = back.scenarios.unwrap();
    assert_eq!(joint.names[0], "1970-02-10");
    let btc = &joint.underlyings[&Asset::new("BTC")];
    let exact = 100.0 * plimsoll_math::float::exp_m1(scenarios.moves[0][0]);
    assert!((btc.spot_pct[0] - exact).abs() <= 0.5e-4 * (1.0 + 1e-9));

    let beyond = [FactorsOf { coin: Asset::new("BTC"), spot: 7, vol: None }];
    assert!(var_params(head(), &scenarios, &times, &beyond).is_err());
    let mut aged = Generator::new(Method::AgeWeighted { window: 60, lambda: 0.98 }).unwrap();
    let weighted = aged.scenarios(&rows).unwrap();
    let aged = VarHead { method: Judged::AgeWeighted, ..head() };
    let params = var_params(aged, &weighted, &times, &factors).unwrap();
    // The newest weighs 1, the one before 0.98; a model that ignores weights refuses them.
    let weights = &params.scenarios.as_ref().unwrap().weights;
    assert_eq!(weights[58..], [0.98, 1.0]);
    assert!(from_params(&to_toml(&params).unwrap()).is_ok());
    let unaged = var_params(head(), &weighted, &times, &factors).unwrap();
    assert!(from_params(&to_toml(&unaged).unwrap()).is_err());
}

#[test]
fn a_scan_range_becomes_a_scan_model() {
    let text = BUNDLED.iter().find(|file| file.id == "scan").unwrap().text;
    let template: ScanParams = from_toml(text).unwrap();
    let range = scan_range(&reference_returns(500), 2, 0.99, 0.95).unwrap();
    let params = scan_params(
        &template,
        "scan-calibrated",
        "The reference series.".to_owned(),
        "2026-01-01".to_owned(),
        &range,
    )
    .unwrap();
    let moves = &params.grids[0].blocks[0].moves_pct;
    assert!((moves[0] + 100.0 * range.down.value).abs() < 1e-4);
    assert!((moves[8] - 100.0 * range.up.value).abs() < 1e-4);
    // The far moves are not history's to say.
    assert_eq!(params.grids[0].blocks[1], template.grids[0].blocks[1]);
    assert!(params.source.notes[0].contains("99 % of 499 observations"), "{:?}", params.source);
    assert_eq!(from_params(&to_toml(&params).unwrap()).unwrap().id(), "scan-calibrated");
}
