//! From estimates to a parameter file that a margin model loads, with the history behind it told in
//! its `[source]`.

use std::collections::BTreeMap;

use plimsoll_margin::models::scan::ScanParams;
use plimsoll_margin::models::var::joint::{JointScenarios, MoveColumns};
use plimsoll_margin::models::var::model::{MeasureName, VarParams};
use plimsoll_math::float::exp_m1;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::{Asset, Evidence, Provenance, Timestamp};
use serde::Serialize;

use crate::scan_range::ScanRange;
use crate::scenarios::Scenarios;

/// Which factors are the spot and the vol of a coin.
#[derive(Clone, Debug, PartialEq)]
pub struct FactorsOf {
    /// The coin; `*` is every coin that no other entry names.
    pub coin: Asset,
    /// Factor of the spot move.
    pub spot: usize,
    /// Factor of the vol move, if vols move.
    pub vol: Option<usize>,
}

/// What a VaR parameter file says besides its scenarios.
#[derive(Clone, Debug, PartialEq)]
pub struct VarHead {
    /// The model's id.
    pub id: String,
    /// What the history is and how the scenarios were made of it.
    pub source: String,
    /// The date from which the file holds, `YYYY-MM-DD`.
    pub effective: String,
    /// Sample size, span, intervals, what is missing.
    pub notes: Vec<String>,
    /// What is read off the tail.
    pub measure: MeasureName,
    /// Its level in percent.
    pub level_pct: f64,
    /// Days that pass.
    pub days: f64,
    /// Maintenance margin as a percentage of initial margin.
    pub maintenance_pct: f64,
}

/// A percentage rounded to four decimals: a move of one part in a million.
fn rounded_pct(fraction: f64) -> f64 {
    (fraction * 1e6).round() / 1e4
}

/// The parameters of the VaR family on these scenarios. Logarithmic moves become relative ones in
/// percent, rounded to four decimals. `times` names the rows of the past that scenarios came from;
/// simulated scenarios are numbered.
///
/// # Errors
/// Weighted scenarios (the family counts all alike), a factor that the scenarios do not have, or a
/// row without a time.
pub fn var_params(
    head: VarHead,
    collateral: plimsoll_margin::collateral::CollateralRules,
    scenarios: &Scenarios,
    times: &[Timestamp],
    factors: &[FactorsOf],
) -> Result<VarParams, InputError> {
    if scenarios.weights.is_some() {
        let message = "the VaR family counts all scenarios alike; these have weights";
        return Err(InputError::new(InputCode::Unsupported, message));
    }
    let names = match &scenarios.rows {
        None => (1..=scenarios.moves.len()).map(|number| number.to_string()).collect(),
        Some(rows) => rows.iter().map(|row| name_of(times, *row)).collect::<Result<_, _>>()?,
    };
    let column = |factor: usize| -> Result<Vec<f64>, InputError> {
        let cell = |moves: &Vec<f64>| moves.get(factor).map(|m| rounded_pct(exp_m1(*m)));
        scenarios.moves.iter().map(cell).collect::<Option<_>>().ok_or_else(|| {
            let message = format!("the scenarios have no factor {factor}");
            InputError::new(InputCode::BadParameter, message)
        })
    };
    let mut underlyings = BTreeMap::new();
    for of in factors {
        let vol_pct = of.vol.map(column).transpose()?.unwrap_or_default();
        underlyings.insert(of.coin.clone(), MoveColumns { spot_pct: column(of.spot)?, vol_pct });
    }
    Ok(VarParams {
        family: "var".to_owned(),
        id: head.id,
        source: calibrated(head.source, head.effective, head.notes),
        measure: head.measure,
        level_pct: head.level_pct,
        days: head.days,
        maintenance_pct: head.maintenance_pct,
        collateral,
        scenarios: JointScenarios { names, underlyings },
    })
}

fn name_of(times: &[Timestamp], row: usize) -> Result<String, InputError> {
    let time = times.get(row).ok_or_else(|| {
        InputError::new(InputCode::Missing, format!("row {row} of the history has no time"))
    })?;
    Ok(time.to_string())
}

fn calibrated(source: String, effective: String, notes: Vec<String>) -> Provenance {
    Provenance { source, effective, evidence: Evidence::Calibrated, notes }
}

/// A scan model whose price moves reach as far as a coverage target asks: every move of the blocks
/// that are not far tails is scaled, falls to the calibrated fall and rises to the calibrated rise.
/// The interval and the sample go into the notes.
///
/// # Errors
/// A template without a move on one side.
pub fn scan_params(
    template: &ScanParams,
    id: &str,
    source: String,
    effective: String,
    range: &ScanRange,
) -> Result<ScanParams, InputError> {
    let mut params = template.clone();
    for grid in &mut params.grids {
        let blocks = || grid.blocks.iter().filter(|block| !block.tail);
        let moves = || blocks().flat_map(|block| block.moves_pct.iter().copied());
        let (down, up) = (moves().fold(0.0, f64::min), moves().fold(0.0, f64::max));
        if down == 0.0 || up == 0.0 {
            let message = "the template has no move on one side to scale";
            return Err(InputError::new(InputCode::BadParameter, message));
        }
        let (fall, rise) = (-100.0 * range.down.value / down, 100.0 * range.up.value / up);
        for block in grid.blocks.iter_mut().filter(|block| !block.tail) {
            for pct in &mut block.moves_pct {
                *pct = rounded_pct(*pct / 100.0 * if *pct < 0.0 { fall } else { rise });
            }
        }
    }
    let side = |name: &str, estimate: &crate::scan_range::QuantileEstimate| {
        format!(
            "{name} {:.2} % covers {} % of {} observations over {} period(s); interval {:.2} to {:.2} %{}.",
            100.0 * estimate.value,
            100.0 * estimate.level,
            estimate.count,
            range.horizon,
            100.0 * estimate.interval.low,
            100.0 * estimate.interval.high,
            if estimate.interval.bounded { "" } else { ", cut off by the sample" },
        )
    };
    let notes = vec![side("Fall", &range.down), side("Rise", &range.up)];
    params.id = id.to_owned();
    params.source = calibrated(source, effective, notes);
    Ok(params)
}

/// The text of a parameter file.
///
/// # Errors
/// A value that TOML cannot hold.
pub fn to_toml(params: &impl Serialize) -> Result<String, InputError> {
    toml::to_string(params)
        .map_err(|error| InputError::new(InputCode::BadParameter, error.to_string()))
}
