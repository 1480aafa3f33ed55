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
    #[serde(default)]
    pub vol_pct: Vec<f64>,
}

/// Stands for every coin without columns of its own.
const EVERY_OTHER: &str = "*";

impl JointScenarios {
    /// Checks that every column has one bounded entry per scenario.
    ///
    /// # Errors
    /// The first column or entry that does not fit.
    pub fn check(&self) -> Result<(), InputError> {
        let count = self.names.len();
        check_bounds("number of scenarios", count as f64, 1.0, 100_000.0)?;
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
    /// Relative vol move of a row.
    fn vol_move(&self, row: usize) -> f64 {
        self.vol_pct.get(row).copied().unwrap_or(0.0) / 100.0
    }
}

/// Profit of one contract of each instrument in USD: one vector per instrument, one cell per scenario.
pub type Rows = BTreeMap<InstrumentId, Vec<f64>>;

/// Prices the instruments of one underlying in every row, by full revaluation.
///
/// A scenario set knows one size of up-move and one of down-move of vols. Rows are therefore priced in
/// sets that share their sizes: at most one set for each two different vol moves.
///
/// # Errors
/// Names the instrument that cannot be valued.
pub fn price(
    market: &Market,
    ids: &[InstrumentId],
    columns: &MoveColumns,
    days: f64,
) -> Result<Rows, InputError> {
    let count = columns.spot_pct.len();
    let mut rows: Rows = ids.iter().map(|id| (*id, vec![0.0; count])).collect();
    for set in sets(columns, days) {
        let array = RiskArray::price(market, ids.iter().copied(), &set.scenarios, Measure::Usd)?;
        for (id, row) in &mut rows {
            let cells = array.row(*id).unwrap_or_default();
            for (place, cell) in set.places.iter().zip(cells) {
                row[*place] = *cell;
            }
        }
    }
    Ok(rows)
}

/// Scenarios that share one up-move and one down-move, with their rows.
struct SharedSizes {
    scenarios: ScenarioSet,
    places: Vec<usize>,
}

fn sets(columns: &MoveColumns, days: f64) -> Vec<SharedSizes> {
    // By bits: equal moves share, and the order is that of the numbers for either sign alone.
    let mut ups: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    let mut downs: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    let mut level = Vec::new();
    for row in 0..columns.spot_pct.len() {
        let by = columns.vol_move(row);
        match by {
            _ if by > 0.0 => ups.entry(by.to_bits()).or_default().push(row),
            _ if by < 0.0 => downs.entry((-by).to_bits()).or_default().push(row),
            _ => level.push(row),
        }
    }
    let scenario = |row: usize, vol_move: VolMove| Scenario {
        spot_move: columns.spot_pct[row] / 100.0,
        vol_move,
        days,
        weight: 1.0,
        tail: false,
    };
    let (mut ups, mut downs) = (ups.into_iter(), downs.into_iter());
    let mut sets = Vec::new();
    loop {
        let (up, down) = (ups.next(), downs.next());
        let unchanged = std::mem::take(&mut level);
        if up.is_none() && down.is_none() && unchanged.is_empty() {
            return sets;
        }
        let size = |side: &Option<(u64, Vec<usize>)>| {
            side.as_ref().map_or(0.0, |(bits, _)| f64::from_bits(*bits))
        };
        let vol = VolShocks {
            unit: ShockUnit::Relative,
            up: size(&up),
            down: size(&down),
            min_up_vol: 0.0,
            tenor: None,
        };
        let rows = |side: Option<(u64, Vec<usize>)>| side.map_or_else(Vec::new, |(_, rows)| rows);
        let moved =
            [(rows(up), VolMove::Up), (rows(down), VolMove::Down), (unchanged, VolMove::Unchanged)];
        let (mut scenarios, mut places) = (Vec::new(), Vec::new());
        for (rows, vol_move) in moved {
            for row in rows {
                scenarios.push(scenario(row, vol_move));
                places.push(row);
            }
        }
        sets.push(SharedSizes { scenarios: ScenarioSet { scenarios, vol }, places });
    }
}
