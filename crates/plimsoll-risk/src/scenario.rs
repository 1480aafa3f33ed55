//! Scenario sets as data: price × vol × time, with tenor-scaled vol shocks and weighted tails.

use plimsoll_math::float::pow;
use plimsoll_model::error::InputError;
use plimsoll_model::params::check_bounds;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One state of the world, relative to the snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Scenario {
    /// Relative move of the index and of every forward: −0.16 is −16 %.
    pub spot_move: f64,
    /// What happens to implied vols.
    pub vol_move: VolMove,
    /// Days that pass.
    pub days: f64,
    /// Share of the profit or loss that counts.
    pub weight: f64,
    /// Whether it is one of the far moves.
    pub tail: bool,
}

/// What happens to implied vols in a scenario; [`VolShocks`] says by how much, unless the scenario
/// does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum VolMove {
    /// The up-shock.
    Up,
    /// Vols stay.
    Unchanged,
    /// The down-shock.
    Down,
    /// A relative move of the scenario's own, the same at every expiry: `vol' = vol·(1 + x)`, not
    /// below 0. Joint scenarios of history or simulation each have one.
    By(f64),
}

/// Sizes of the vol shocks and how they scale with time to expiry.
///
/// With `DTE` the days to expiry, floored at `dte_floor_days`:
///
/// ```text
/// t    = (reference_days / DTE)^p,  p = short_power if DTE < split_days else long_power
/// up   : vol' = max(vol·(1 + up·t), min_up_vol)      relative
///        vol' = max(vol + up·t, min_up_vol)          points (up = 0.45 is 45 vol points)
/// down : vol' = max(vol·(1 − down·t), 0)             relative
///        vol' = max(vol − down·t, 0)                 points
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VolShocks {
    /// Whether `up` and `down` multiply the vol or are added to it.
    #[serde(default)]
    pub unit: ShockUnit,
    /// Size of the up-shock at the reference tenor, as a decimal.
    pub up: f64,
    /// Size of the down-shock at the reference tenor, as a positive decimal.
    pub down: f64,
    /// Least vol after an up-shock.
    #[serde(default)]
    pub min_up_vol: f64,
    /// How the sizes scale with time to expiry; absent: they do not.
    #[serde(default)]
    pub tenor: Option<TenorScaling>,
}

/// Whether a vol shock multiplies or adds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ShockUnit {
    /// A fraction of the vol.
    #[default]
    Relative,
    /// Added to the vol; 0.45 is 45 vol points.
    Points,
}

/// `(reference_days / DTE)^p`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TenorScaling {
    /// Days at which the factor is 1.
    pub reference_days: f64,
    /// From this many days on, `long_power` holds.
    pub split_days: f64,
    /// Power below `split_days`.
    pub short_power: f64,
    /// Power from `split_days` on.
    pub long_power: f64,
    /// Least days to expiry in the formula.
    #[serde(default = "one_hundredth_of_a_day")]
    pub dte_floor_days: f64,
}

// A venue that states no floor still needs one: the factor diverges at expiry.
fn one_hundredth_of_a_day() -> f64 {
    0.01
}

impl TenorScaling {
    /// The factor for a time to expiry in days.
    pub fn factor(&self, dte_days: f64) -> f64 {
        let dte = dte_days.max(self.dte_floor_days);
        let power = if dte < self.split_days { self.short_power } else { self.long_power };
        pow(self.reference_days / dte, power)
    }
}

/// A shocked vol as an affine map with a floor: `vol' = max(scale·vol + shift, floor)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VolMap {
    /// Multiplier.
    pub scale: f64,
    /// Added after.
    pub shift: f64,
    /// Least result.
    pub floor: f64,
}

impl VolMap {
    /// Leaves vols as they are.
    pub const IDENTITY: Self = Self { scale: 1.0, shift: 0.0, floor: 0.0 };

    /// The shocked vol.
    #[inline(always)]
    pub fn apply(self, vol_ann: f64) -> f64 {
        (self.scale * vol_ann + self.shift).max(self.floor)
    }
}

impl VolShocks {
    /// The map of one vol move for options `dte_days` from expiry.
    pub fn map(&self, vol_move: VolMove, dte_days: f64) -> VolMap {
        let signed = match vol_move {
            VolMove::Unchanged => return VolMap::IDENTITY,
            VolMove::Up => self.up,
            VolMove::Down => -self.down,
            VolMove::By(own) => {
                return VolMap { scale: (1.0 + own).max(0.0), ..VolMap::IDENTITY };
            }
        };
        let size = signed * self.tenor.map_or(1.0, |tenor| tenor.factor(dte_days));
        let floor = if vol_move == VolMove::Up { self.min_up_vol } else { 0.0 };
        match self.unit {
            ShockUnit::Relative => VolMap { scale: (1.0 + size).max(0.0), shift: 0.0, floor },
            ShockUnit::Points => VolMap { scale: 1.0, shift: size, floor },
        }
    }

    /// Checks every size against its bounds.
    pub fn check(&self) -> Result<(), InputError> {
        check_bounds("vol.up", self.up, 0.0, 10.0)?;
        check_bounds("vol.down", self.down, 0.0, 1.0)?;
        check_bounds("vol.min_up_vol", self.min_up_vol, 0.0, 10.0)?;
        if let Some(tenor) = self.tenor {
            check_bounds("vol.tenor.reference_days", tenor.reference_days, 1e-3, 3650.0)?;
            check_bounds("vol.tenor.split_days", tenor.split_days, 0.0, 3650.0)?;
            check_bounds("vol.tenor.short_power", tenor.short_power, 0.0, 2.0)?;
            check_bounds("vol.tenor.long_power", tenor.long_power, 0.0, 2.0)?;
            check_bounds("vol.tenor.dte_floor_days", tenor.dte_floor_days, 1e-6, 365.0)?;
        }
        Ok(())
    }
}

/// A block of a scenario set: every price move × every vol move × every number of days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioBlock {
    /// Price moves in percent.
    pub moves_pct: Vec<f64>,
    /// Vol moves.
    pub vol: Vec<VolMove>,
    /// Days that pass; default: none.
    #[serde(default = "no_time")]
    pub days: Vec<f64>,
    /// Weight of each price move in percent; default: 100 each.
    #[serde(default)]
    pub weights_pct: Vec<f64>,
    /// Whether these are the far moves.
    #[serde(default)]
    pub tail: bool,
}

fn no_time() -> Vec<f64> {
    vec![0.0]
}

/// The scenarios of one underlying with the sizes of their vol shocks.
#[derive(Clone, Debug, PartialEq)]
pub struct ScenarioSet {
    /// In the order of the parameter file: moves outside, vol moves inside.
    pub scenarios: Vec<Scenario>,
    /// Sizes of the vol shocks.
    pub vol: VolShocks,
}

impl ScenarioSet {
    /// Expands and checks the blocks of a parameter file.
    pub fn from_blocks(blocks: &[ScenarioBlock], vol: &VolShocks) -> Result<Self, InputError> {
        vol.check()?;
        let mut scenarios = Vec::new();
        for block in blocks {
            if !block.weights_pct.is_empty() {
                let (have, want) = (block.weights_pct.len(), block.moves_pct.len());
                check_bounds("number of weights_pct", have as f64, want as f64, want as f64)?;
            }
            for (index, move_pct) in block.moves_pct.iter().enumerate() {
                check_bounds("moves_pct", *move_pct, -99.9, 10_000.0)?;
                let weight_pct = block.weights_pct.get(index).copied().unwrap_or(100.0);
                check_bounds("weights_pct", weight_pct, 0.0, 100.0)?;
                for vol_move in &block.vol {
                    if let VolMove::By(own) = vol_move {
                        check_bounds("vol by", *own, -1.0, 10.0)?;
                    }
                    for days in &block.days {
                        check_bounds("days", *days, 0.0, 365.0)?;
                        scenarios.push(Scenario {
                            spot_move: move_pct / 100.0,
                            vol_move: *vol_move,
                            days: *days,
                            weight: weight_pct / 100.0,
                            tail: block.tail,
                        });
                    }
                }
            }
        }
        check_bounds("number of scenarios", scenarios.len() as f64, 1.0, 100_000.0)?;
        Ok(Self { scenarios, vol: vol.clone() })
    }

    /// Number of scenarios.
    pub fn len(&self) -> usize {
        self.scenarios.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.scenarios.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENOR: TenorScaling = TenorScaling {
        reference_days: 30.0,
        split_days: 30.0,
        short_power: 0.3,
        long_power: 0.13,
        dte_floor_days: 1.0,
    };

    fn shocks(unit: ShockUnit) -> VolShocks {
        VolShocks { unit, up: 0.5, down: 0.25, min_up_vol: 0.4, tenor: Some(TENOR) }
    }

    #[test]
    fn tenor_factor_is_one_at_the_reference_and_stops_growing_at_the_floor() {
        assert_eq!(TENOR.factor(30.0), 1.0);
        // (30/7.5)^0.3 = 4^0.3
        assert!((TENOR.factor(7.5) - 1.515_716_566_510_398).abs() < 1e-15);
        // (30/120)^0.13 = 4^-0.13
        assert!((TENOR.factor(120.0) - 0.835_087_919_428_369_7).abs() < 1e-15);
        assert_eq!(TENOR.factor(0.0), TENOR.factor(1.0));
    }

    #[test]
    fn relative_and_point_shocks_follow_the_documented_formulas() {
        let relative = shocks(ShockUnit::Relative);
        assert_eq!(relative.map(VolMove::Up, 30.0).apply(0.6), 0.6 * 1.5);
        assert_eq!(relative.map(VolMove::Up, 30.0).apply(0.1), 0.4, "the floor of the up-shock");
        assert_eq!(relative.map(VolMove::Down, 30.0).apply(0.6), 0.6 * 0.75);
        let points = shocks(ShockUnit::Points);
        assert_eq!(points.map(VolMove::Up, 30.0).apply(0.6), 0.6 + 0.5);
        assert_eq!(points.map(VolMove::Down, 30.0).apply(0.2), 0.0, "vol never goes below zero");
        assert_eq!(relative.map(VolMove::Unchanged, 1.0).apply(0.6), 0.6);
        // A scenario's own move knows neither tenor nor floor.
        assert_eq!(points.map(VolMove::By(0.2), 1.0).apply(0.5), 0.5 * 1.2);
        assert_eq!(points.map(VolMove::By(-1.0), 1.0).apply(0.5), 0.0);
    }

    #[test]
    fn blocks_expand_moves_outside_vols_inside_and_check_bounds() {
        let block = |moves_pct: Vec<f64>, weights_pct: Vec<f64>| ScenarioBlock {
            moves_pct,
            vol: vec![VolMove::Up, VolMove::Down],
            days: vec![0.0],
            weights_pct,
            tail: false,
        };
        let vol = shocks(ShockUnit::Relative);
        let set = ScenarioSet::from_blocks(&[block(vec![-16.0, 16.0], vec![])], &vol).unwrap();
        let moves: Vec<f64> = set.scenarios.iter().map(|scenario| scenario.spot_move).collect();
        assert_eq!(moves, [-0.16, -0.16, 0.16, 0.16]);
        for bad in [
            block(vec![-100.0], vec![]),
            block(vec![f64::NAN], vec![]),
            block(vec![5.0], vec![101.0]),
            block(vec![5.0], vec![50.0, 50.0]),
            block(vec![], vec![]),
            ScenarioBlock { vol: vec![VolMove::By(f64::NAN)], ..block(vec![5.0], vec![]) },
        ] {
            assert!(ScenarioSet::from_blocks(&[bad], &vol).is_err());
        }
    }
}
