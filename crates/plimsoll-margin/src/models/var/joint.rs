//! Joint scenarios as data: for every underlying one column of spot moves and one of vol moves, the
//! same number of rows, so that a portfolio's loss in a row is the sum over its underlyings.

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::check_bounds;
use plimsoll_model::{Asset, InstrumentId, Market};
use plimsoll_risk::{Measure, RiskArray, Scenario, ScenarioSet, ShockUnit, VolMove, VolShocks};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The `[scenarios]` table of a parameter file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JointScenarios {
    /// A name for each scenario: the date it comes from, or a number.
    pub names: Vec<String>,
    /// Weight of each scenario, where they differ: `λ^age`. They need not add up to 1. Absent: all
    /// count alike.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weights: Vec<f64>,
    /// Moves by underlying; `*` stands for every coin without columns of its own.
    pub underlyings: BTreeMap<Asset, MoveColumns>,
}

/// Moves of one underlying, one entry per scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveColumns {
    /// Relative moves of the index and every forward, in percent.
    pub spot_pct: Vec<f64>,
    /// Relative moves of every vol, in percent: 20 turns 60 % into 72 %. Absent: vols stay.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vol_pct: Vec<f64>,
}

/// Stands for every coin without columns of its own.
pub(super) const EVERY_OTHER: &str = "*";

impl JointScenarios {
    /// Checks that every column has one bounded entry per scenario.
    ///
    /// # Errors
    /// The first column or entry that does not fit.
    pub fn check(&self) -> Result<(), InputError> {
        let count = self.names.len();
        check_bounds("number of scenarios", count as f64, 1.0, 100_000.0)?;
        if !(self.weights.is_empty() || self.weights.len() == count) {
            let message = format!("{} weights for {count} scenarios", self.weights.len());
            return Err(InputError::new(InputCode::BadParameter, message));
        }
        for (name, weight) in self.names.iter().zip(&self.weights) {
            check_bounds(&format!("weight of {name}"), *weight, 0.0, 1e6)?;
        }
        if !self.weights.is_empty() && self.weights.iter().all(|weight| *weight == 0.0) {
            return Err(InputError::new(InputCode::BadParameter, "every scenario weighs nothing"));
        }
        for (underlying, columns) in &self.underlyings {
            let spots = columns.spot_pct.len();
            let vols = columns.vol_pct.len();
            if spots != count || !(vols == 0 || vols == count) {
                let message = format!(
                    "{underlying} has {spots} spot and {vols} vol moves for {count} scenarios"
                );
                return Err(InputError::new(InputCode::BadParameter, message));
            }
            for (name, (row, spot)) in self.names.iter().zip(columns.spot_pct.iter().enumerate()) {
                check_bounds(&format!("{underlying} spot_pct of {name}"), *spot, -99.9, 10_000.0)?;
                if let Some(vol) = columns.vol_pct.get(row) {
                    check_bounds(&format!("{underlying} vol_pct of {name}"), *vol, -99.0, 1000.0)?;
                }
            }
        }
        Ok(())
    }

    /// The columns of one underlying.
    ///
    /// # Errors
    /// `unsupported`, naming the coin, where there are none.
    pub fn columns(&self, model: &str, underlying: &Asset) -> Result<&MoveColumns, InputError> {
        let own = self.underlyings.get(underlying);
        own.or_else(|| self.underlyings.get(EVERY_OTHER)).ok_or_else(|| {
            let known: Vec<&str> = self.underlyings.keys().map(Asset::as_str).collect();
            let message = format!("{model} has no scenarios for {underlying}");
            InputError::new(InputCode::Unsupported, message)
                .hint(format!("it has {}", known.join(", ")))
        })
    }
}

impl MoveColumns {
    /// The moves as a scenario set, `days` passing in each.
    pub fn scenario_set(&self, days: f64) -> ScenarioSet {
        let scenario = |(row, pct): (usize, &f64)| Scenario {
            spot_move: pct / 100.0,
            vol_move: self.vol_move(row),
            days,
            weight: 1.0,
            tail: false,
        };
        let scenarios = self.spot_pct.iter().enumerate().map(scenario).collect();
        ScenarioSet { scenarios, vol: OWN_MOVES }
    }

    fn vol_move(&self, row: usize) -> VolMove {
        self.vol_pct.get(row).map_or(VolMove::Unchanged, |pct| VolMove::By(pct / 100.0))
    }
}

/// Prices the instruments of one underlying in every row, by full revaluation: profit of one contract
/// in USD, one cell per scenario.
///
/// # Errors
/// Names the instrument that cannot be valued.
pub fn price(
    market: &Market,
    ids: &[InstrumentId],
    columns: &MoveColumns,
    days: f64,
) -> Result<RiskArray, InputError> {
    let set = columns.scenario_set(days);
    RiskArray::price(market, ids.iter().copied(), &set, Measure::Usd)
}

/// Profits of each instrument in USD in scenarios whose vol moves are their own.
pub(super) fn array(
    market: &Market,
    ids: &[InstrumentId],
    scenarios: Vec<Scenario>,
) -> Result<RiskArray, InputError> {
    let set = ScenarioSet { scenarios, vol: OWN_MOVES };
    RiskArray::price(market, ids.iter().copied(), &set, Measure::Usd)
}

/// Sizes of up and down moves that no scenario refers to.
const OWN_MOVES: VolShocks =
    VolShocks { unit: ShockUnit::Relative, up: 0.0, down: 0.0, min_up_vol: 0.0, tenor: None };
