//! Parameters of OKX's portfolio margin and their bounds.

use std::collections::BTreeMap;

use plimsoll_model::error::InputError;
use plimsoll_model::params::check_bounds;
use plimsoll_model::{Asset, Provenance};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::known::{Known, no_entry};
use crate::collateral::CollateralRules;

/// Parameters of OKX's portfolio margin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OkxParams {
    /// `okx-pm`.
    pub family: String,
    /// The model's id.
    pub id: String,
    /// Where the numbers come from.
    pub source: Provenance,
    /// Initial over maintenance margin of a risk unit.
    pub imr_factor: f64,
    /// Share of the loss in the extreme move that counts, percent.
    pub extreme_loss_pct: f64,
    /// Whether coins held hedge derivatives of their risk unit; a setting of the account.
    pub spot_hedging: bool,
    /// Shocks by underlying.
    pub units: Vec<UnitRates>,
    /// MR4 of what no other expiry hedges, percent of notional, by underlying.
    pub basis_pct: BTreeMap<Asset, f64>,
    /// MR7 of futures before tiers, percent of notional, by underlying.
    pub minimum_futures_pct: BTreeMap<Asset, f64>,
    /// Multipliers of MR7, by underlying.
    pub minimum_tiers: BTreeMap<Asset, Vec<MinimumTier>>,
    /// What only options need.
    pub options: OptionTables,
    /// MR9 by pair: `USDT-USD`, `USDT-USDC`, `USDC-USD`.
    pub depeg: BTreeMap<String, Known<Vec<DepegBand>>>,
    /// MR8.
    pub borrowing: Borrowing,
    /// Collateral.
    pub collateral: CollateralRules,
}

/// Shocks of some underlyings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitRates {
    /// The coins they hold for; `*` is every coin that no other entry names.
    pub underlyings: Vec<Asset>,
    /// MR1 price moves, percent.
    pub moves_pct: Vec<f64>,
    /// MR6 price move, percent, both ways.
    pub extreme_move_pct: f64,
    /// MR4 between expiries that hedge each other, percent of notional per year between them.
    pub hedged_basis_pct_per_year: f64,
}

/// One step of MR7: the part of the raw charge up to `up_to_usd`, above the step before, counts
/// `multiplier` times.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MinimumTier {
    /// Upper end of the step in USD of raw charge; absent: no end.
    #[serde(default)]
    pub up_to_usd: Option<f64>,
    /// How many times the step counts.
    pub multiplier: f64,
}

/// Tables that only options need.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OptionTables {
    /// MR1 vol moves by days to expiry, ascending.
    pub iv_shocks: Known<Vec<IvShock>>,
    /// MR3: vol points by days to expiry, ascending.
    pub vega_term: Known<Vec<TenorRate>>,
    /// MR5: percent of interest rate by days to expiry, ascending.
    pub interest_rate: Known<Vec<TenorRate>>,
    /// MR7 of short options before tiers, percent of the index per coin.
    pub minimum_short_pct: Known<f64>,
}

/// A vol move at some days to expiry; linear between entries, flat outside.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IvShock {
    /// Days to expiry.
    pub days: f64,
    /// Vol points up and down.
    pub points: f64,
    /// Percent of the vol up and down.
    pub relative_pct: f64,
}

/// A shock at some days to expiry; linear between entries, flat outside.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TenorRate {
    /// Days to expiry.
    pub days: f64,
    /// The shock.
    pub shock: f64,
}

/// Factors of MR9 while a stable coin is worth at least `from_price_usd`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DepegBand {
    /// Least price of the pair's cheaper stable coin; bands descend.
    pub from_price_usd: f64,
    /// Percent of the hedged volume, step by step.
    pub tiers: Vec<DepegTier>,
}

/// One step of MR9.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DepegTier {
    /// Upper end of the step in USD of hedged volume; absent: no end.
    #[serde(default)]
    pub up_to_usd: Option<f64>,
    /// Percent of the part in the step.
    pub pct: f64,
}

/// MR8: percent of every debt.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Borrowing {
    /// Of initial margin.
    pub imr_pct: f64,
    /// Of maintenance margin.
    pub mmr_pct: f64,
}

impl OkxParams {
    /// The shocks of one underlying, or the refusal of an instrument on it.
    pub(super) fn unit(&self, underlying: &Asset, culprit: &str) -> Result<&UnitRates, InputError> {
        let named = |name: &str| {
            self.units.iter().find(|unit| unit.underlyings.iter().any(|u| u.as_str() == name))
        };
        let found = named(underlying.as_str()).or_else(|| named("*"));
        found.ok_or_else(|| no_entry(&self.id, &format!("units of {underlying}"), culprit))
    }

    /// Checks every number against its bounds.
    pub(super) fn check(&self) -> Result<(), InputError> {
        check_bounds("imr_factor", self.imr_factor, 1.0, 10.0)?;
        check_bounds("extreme_loss_pct", self.extreme_loss_pct, 0.0, 100.0)?;
        for (index, unit) in self.units.iter().enumerate() {
            let name = |field: &str| format!("units[{index}].{field}");
            for move_pct in &unit.moves_pct {
                check_bounds(&name("moves_pct"), *move_pct, -99.9, 1000.0)?;
            }
            check_bounds(&name("extreme_move_pct"), unit.extreme_move_pct, 0.0, 99.9)?;
            let hedged = unit.hedged_basis_pct_per_year;
            check_bounds(&name("hedged_basis_pct_per_year"), hedged, 0.0, 1000.0)?;
        }
        for (asset, pct) in &self.basis_pct {
            check_bounds(&format!("basis_pct.{asset}"), *pct, 0.0, 100.0)?;
        }
        for (asset, pct) in &self.minimum_futures_pct {
            check_bounds(&format!("minimum_futures_pct.{asset}"), *pct, 0.0, 100.0)?;
        }
        for (asset, tiers) in &self.minimum_tiers {
            let name = format!("minimum_tiers.{asset}");
            check_steps(&name, tiers.iter().map(|tier| (tier.up_to_usd, tier.multiplier)), 1000.0)?;
        }
        for (pair, bands) in &self.depeg {
            let mut below = 1e9;
            for (index, band) in bands.value().into_iter().flatten().enumerate() {
                let name = format!("depeg.{pair}[{index}]");
                check_bounds(&format!("{name}.from_price_usd"), band.from_price_usd, 0.0, below)?;
                below = band.from_price_usd;
                check_steps(
                    &name,
                    band.tiers.iter().map(|tier| (tier.up_to_usd, tier.pct)),
                    100.0,
                )?;
            }
        }
        check_bounds("borrowing.mmr_pct", self.borrowing.mmr_pct, 0.0, self.borrowing.imr_pct)?;
        check_bounds("borrowing.imr_pct", self.borrowing.imr_pct, 0.0, 100.0)?;
        self.options.check()?;
        self.collateral.check()
    }
}

/// Ends ascend, and each value lies between 0 and `most`.
fn check_steps(
    name: &str,
    steps: impl Iterator<Item = (Option<f64>, f64)>,
    most: f64,
) -> Result<(), InputError> {
    let mut from = 0.0;
    for (up_to, value) in steps {
        check_bounds(&format!("{name}: a step"), value, 0.0, most)?;
        // After a step without an end nothing may follow.
        let up_to = up_to.unwrap_or(f64::INFINITY);
        if up_to != f64::INFINITY || from == f64::INFINITY {
            check_bounds(&format!("{name}: the end of a step"), up_to.min(1e300), from, 1e18)?;
        }
        from = up_to;
    }
    Ok(())
}

impl OptionTables {
    fn check(&self) -> Result<(), InputError> {
        let ascending = |name: &str, days: f64, after: f64| {
            check_bounds(&format!("options.{name}.days"), days, after, 36_500.0)
        };
        let mut after = 0.0;
        for shock in self.iv_shocks.value().into_iter().flatten() {
            ascending("iv_shocks", shock.days, after)?;
            check_bounds("options.iv_shocks.points", shock.points, 0.0, 1000.0)?;
            check_bounds("options.iv_shocks.relative_pct", shock.relative_pct, 0.0, 100.0)?;
            after = shock.days;
        }
        for (name, table) in
            [("vega_term", &self.vega_term), ("interest_rate", &self.interest_rate)]
        {
            let mut after = 0.0;
            for rate in table.value().into_iter().flatten() {
                ascending(name, rate.days, after)?;
                check_bounds(&format!("options.{name}.shock"), rate.shock, 0.0, 1000.0)?;
                after = rate.days;
            }
        }
        if let Some(pct) = self.minimum_short_pct.value() {
            check_bounds("options.minimum_short_pct", *pct, 0.0, 100.0)?;
        }
        Ok(())
    }
}

/// A table of `(days, value)` at some days: linear between entries, flat outside; 0 for an empty one.
pub(super) fn at_days(table: impl Iterator<Item = (f64, f64)>, days: f64) -> f64 {
    let mut before: Option<(f64, f64)> = None;
    for (at, value) in table {
        if days <= at {
            return before.map_or(value, |(from, start)| {
                let span = at - from;
                let share = if span > 0.0 { (days - from) / span } else { 1.0 };
                start + share * (value - start)
            });
        }
        before = Some((at, value));
    }
    before.map_or(0.0, |(_, last)| last)
}

/// Σ over steps of (part of `amount` in the step)·value; the last step has no end.
pub(super) fn stepped(steps: impl Iterator<Item = (Option<f64>, f64)>, amount: f64) -> f64 {
    let mut sum = 0.0;
    let mut from = 0.0;
    let mut last = 0.0;
    for (up_to, value) in steps {
        let to = up_to.map_or(amount, |up_to| up_to.min(amount));
        if to > from {
            sum += (to - from) * value;
            from = to;
        }
        last = value;
    }
    sum + (amount - from).max(0.0) * last
}

#[cfg(test)]
mod tests {
    use super::*;

    /// OKX's published example of MR7: 30 000 with steps 10 000 ×1 and 70 000 ×2.
    #[test]
    fn steps_work_like_tax_brackets() {
        let tiers = [(Some(10e3), 1.0), (Some(70e3), 2.0), (None, 4.0)];
        let of = |amount| stepped(tiers.into_iter(), amount);
        assert_eq!(of(30e3), 50e3);
        assert_eq!(of(10e3), 10e3);
        // 10 000 + 60 000·2 + 30 000·4.
        assert_eq!(of(100e3), 250e3);
        assert_eq!(of(0.0), 0.0);
        // The last step goes on where it names an end.
        assert_eq!(stepped([(Some(10.0), 1.0), (Some(20.0), 2.0)].into_iter(), 30.0), 50.0);
    }

    #[test]
    fn tables_are_linear_between_entries_and_flat_outside() {
        let table = [(7.0, 30.0), (30.0, 20.0), (60.0, 10.0)];
        let at = |days| at_days(table.into_iter(), days);
        assert_eq!(
            [at(0.0), at(7.0), at(45.0), at(60.0), at(400.0)],
            [30.0, 30.0, 15.0, 10.0, 10.0]
        );
        assert_eq!(at_days([].into_iter(), 3.0), 0.0);
    }
}
