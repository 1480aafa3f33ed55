//! From estimates to a parameter file that a margin model loads, with the history behind it told in
//! its `[source]`.

use std::collections::BTreeMap;

use plimsoll_margin::collateral::CollateralRules;
use plimsoll_margin::models::scan::ScanParams;
use plimsoll_margin::models::var::joint::{JointScenarios, MoveColumns};
use plimsoll_margin::models::var::law::FactorLaw;
use plimsoll_margin::models::var::model::{MeasureName, Method, VarParams};
use plimsoll_math::float::exp_m1;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::{Asset, Evidence, Provenance, Timestamp};
use serde::Serialize;

use crate::scan_range::{QuantileEstimate, ScanRange};
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

/// What a VaR parameter file says besides its scenarios or its law.
#[derive(Clone, Debug, PartialEq)]
pub struct VarHead {
    /// The model's id.
    pub id: String,
    /// What the history is and how the numbers were made of it.
    pub source: String,
    /// The date from which the file holds, `YYYY-MM-DD`.
    pub effective: String,
    /// Sample size, span, intervals, what is missing.
    pub notes: Vec<String>,
    /// How losses are judged.
    pub method: Method,
    /// What is read off the tail.
    pub measure: MeasureName,
    /// Its level in percent.
    pub level_pct: f64,
    /// Days that pass.
    pub days: f64,
    /// Maintenance margin as a percentage of initial margin.
    pub maintenance_pct: f64,
    /// Collateral.
    pub collateral: CollateralRules,
}

impl VarHead {
    /// The parameters of the VaR family under this head, still without scenarios or a law.
    fn params(self) -> VarParams {
        VarParams {
            family: "var".to_owned(),
            id: self.id,
            source: calibrated(self.source, self.effective, self.notes),
            method: self.method,
            measure: self.measure,
            level_pct: self.level_pct,
            days: self.days,
            maintenance_pct: self.maintenance_pct,
            collateral: self.collateral,
            scenarios: None,
            law: None,
            stressed: None,
        }
    }
}

/// A percentage rounded to four decimals: a move of one part in a million.
fn rounded_pct(fraction: f64) -> f64 {
    (fraction * 1e6).round() / 1e4
}

/// The parameters of the VaR family on these scenarios; see [`joint_scenarios`].
///
/// # Errors
/// As [`joint_scenarios`].
pub fn var_params(
    head: VarHead,
    scenarios: &Scenarios,
    times: &[Timestamp],
    factors: &[FactorsOf],
) -> Result<VarParams, InputError> {
    let scenarios = Some(joint_scenarios(scenarios, times, factors)?);
    Ok(VarParams { scenarios, ..head.params() })
}

/// The parameters of the VaR family on a law.
pub fn law_params(head: VarHead, law: FactorLaw) -> VarParams {
    VarParams { law: Some(law), ..head.params() }
}

/// Scenarios as a parameter file holds them. Logarithmic moves become relative ones in percent,
/// rounded to four decimals; weights are rounded to six digits of the largest. `times` names the rows
/// of the past that scenarios came from, by the day where the time is midnight; simulated scenarios
/// are numbered.
///
/// # Errors
/// A factor that the scenarios do not have, or a row without a time.
pub fn joint_scenarios(
    scenarios: &Scenarios,
    times: &[Timestamp],
    factors: &[FactorsOf],
) -> Result<JointScenarios, InputError> {
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
    let weights = scenarios.weights.as_deref().unwrap_or_default();
    let largest = weights.iter().copied().fold(0.0, f64::max);
    let rounded = |weight: &f64| (weight / largest * 1e6).round() / 1e6;
    Ok(JointScenarios { names, weights: weights.iter().map(rounded).collect(), underlyings })
}

fn name_of(times: &[Timestamp], row: usize) -> Result<String, InputError> {
    let time = times.get(row).ok_or_else(|| {
        InputError::new(InputCode::Missing, format!("row {row} of the history has no time"))
    })?;
    let text = time.to_string();
    Ok(text.strip_suffix("T00:00:00Z").unwrap_or(&text).to_owned())
}

/// Provenance of what was estimated here.
fn calibrated(source: String, effective: String, notes: Vec<String>) -> Provenance {
    Provenance { source, effective, evidence: Evidence::Calibrated, notes }
}

/// What history says about one coin's scan grid.
#[derive(Clone, Debug, PartialEq)]
pub struct CoinRange {
    /// The coin.
    pub coin: Asset,
    /// How far its price moves.
    pub spot: ScanRange,
    /// How far its vol moves, where there is a history of it.
    pub vol: Option<ScanRange>,
}

/// A scan model with a grid for each coin, made of the template's first grid, and one for every other
/// coin with the widest range of all. Vol shocks are those of the template where a coin has no vol
/// history. Intervals and samples go into the notes.
///
/// # Errors
/// No coins, or a template without a move on one side.
pub fn scan_params_of_coins(
    template: &ScanParams,
    id: &str,
    source: String,
    effective: String,
    coins: &[CoinRange],
) -> Result<ScanParams, InputError> {
    let wider = |a: QuantileEstimate, b: QuantileEstimate| if b.value > a.value { b } else { a };
    let widest = coins.iter().map(|coin| coin.spot).reduce(|a, b| ScanRange {
        down: wider(a.down, b.down),
        up: wider(a.up, b.up),
        horizon: a.horizon,
    });
    let (Some(widest), Some(grid)) = (widest, template.grids.first()) else {
        return Err(InputError::new(InputCode::Empty, "no coin, or a template without a grid"));
    };
    let one = |coin: &Asset, range: &ScanRange, vol: Option<&ScanRange>| {
        let mut own = ScanParams { grids: vec![grid.clone()], ..template.clone() };
        own.grids[0].underlyings = vec![coin.clone()];
        if let Some(vol) = vol {
            // A fall of all of the vol would leave nothing to scale.
            own.grids[0].vol.up = (vol.up.value * 1e4).round() / 1e4;
            own.grids[0].vol.down = (vol.down.value.clamp(0.0, 0.99) * 1e4).round() / 1e4;
        }
        scan_params(&own, id, source.clone(), effective.clone(), range)
    };
    let mut params = ScanParams { grids: vec![], ..template.clone() };
    let mut notes = Vec::new();
    for CoinRange { coin, spot, vol } in coins {
        let own = one(coin, spot, vol.as_ref())?;
        notes.extend(own.source.notes.iter().map(|note| format!("{coin}: {note}")));
        if let Some(vol) = vol {
            notes.push(format!("{coin} vol: {}", side("fall", &vol.down, vol.horizon)));
            notes.push(format!("{coin} vol: {}", side("rise", &vol.up, vol.horizon)));
        }
        params.grids.extend(own.grids);
    }
    let others = one(&Asset::new("*"), &widest, None)?;
    notes.push(
        "Other coins have the widest range of these and the template's vol shocks.".to_owned(),
    );
    params.grids.extend(others.grids);
    params.id = id.to_owned();
    params.source = calibrated(source, effective, notes);
    Ok(params)
}

fn side(name: &str, estimate: &QuantileEstimate, horizon: usize) -> String {
    format!(
        "{name} {:.2} % covers {} % of {} observations over {horizon} period(s); interval {:.2} to {:.2} %{}.",
        100.0 * estimate.value,
        100.0 * estimate.level,
        estimate.count,
        100.0 * estimate.interval.low,
        100.0 * estimate.interval.high,
        if estimate.interval.bounded { "" } else { ", cut off by the sample" },
    )
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
    let notes =
        vec![side("Fall", &range.down, range.horizon), side("Rise", &range.up, range.horizon)];
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
