//! The parts of Deribit's risk matrix that its segregated and its cross account share: scenarios of a
//! currency pair, far moves, roll shock and delta shock. The formulas are in [`super::deribit_spm`].

use std::collections::BTreeMap;

use plimsoll_math::float::exp;
use plimsoll_model::error::InputError;
use plimsoll_model::params::check_bounds;
use plimsoll_model::{Asset, Evidence, Holding, Instrument, InstrumentId, Kind, Timestamp};
use plimsoll_risk::{ScenarioBlock, ScenarioSet, TenorScaling, VolMove, VolShocks};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Component, Contribution, Leg};

/// One currency pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PairParams {
    /// Where these numbers were read, if not the file's source.
    #[serde(default)]
    pub source: Option<String>,
    /// How well they are known, if not as the file says.
    #[serde(default)]
    pub evidence: Option<Evidence>,
    /// `R`: the outermost standard move, as a decimal.
    pub price_range: f64,
    /// Relative up-shock at 30 days.
    pub vol_range_up: f64,
    /// Relative down-shock at 30 days.
    pub vol_range_down: f64,
    /// Least vol after the up-shock.
    pub min_vol_for_shock_up: f64,
    /// Tenor power below 30 days.
    pub short_term_vega_power: f64,
    /// Tenor power from 30 days.
    pub long_term_vega_power: f64,
    /// `ext_factor`.
    pub extended_table_factor: f64,
    /// Delta beyond this is charged, USD.
    pub delta_total_liq_shock_threshold_usd: f64,
    /// Most of the delta shock.
    pub max_delta_shock: f64,
    /// Delta shock per coin above the threshold.
    pub delta_shock_per_coin: f64,
}

/// One settlement currency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CurrencyParams {
    /// Least roll shock.
    pub min_annualised_move: f64,
    /// Roll shock per year.
    pub annualised_move_risk: f64,
    /// Share of a pair's gain that offsets losses of other pairs.
    pub pnl_offset: f64,
    /// `D` of the dampener, USD.
    pub extended_dampener_usd: f64,
    /// Most gain that offsets, USD.
    pub max_offsetable_pnl_usd: f64,
}

impl PairParams {
    /// What a far move's P&L is multiplied by, before the dampener.
    fn far_factor(&self, spot_move: f64, coin_settled: bool) -> f64 {
        let scaled = self.extended_table_factor * self.price_range / spot_move.abs();
        if coin_settled {
            scaled * (1.0 + spot_move) / (1.0 + spot_move.signum() * self.price_range)
        } else {
            scaled
        }
    }

    /// The P&L of a far move as it counts, scaled and moved towards zero by the dampener, and what the
    /// raw P&L was multiplied by. `coin_index` is the index where amounts are in coin.
    pub(super) fn far(
        &self,
        raw: f64,
        spot_move: f64,
        dampener_usd: f64,
        coin_index: Option<f64>,
    ) -> (f64, f64) {
        let factor = self.far_factor(spot_move, coin_index.is_some());
        let far = raw * factor;
        let step = (spot_move.abs() / self.price_range).max(1.0) - 1.0;
        let edge = 1.0 + spot_move.signum() * self.price_range;
        let unit = coin_index.map_or(1.0, |index| edge * index);
        let kept = far.abs() - (step * dampener_usd / unit).min(far.abs());
        let scale = if far == 0.0 { 0.0 } else { factor * kept / far.abs() };
        (far.signum() * kept, scale)
    }
}

/// Checks the blocks of settlement currencies.
pub(super) fn check_currencies(
    currencies: &BTreeMap<Asset, CurrencyParams>,
) -> Result<(), InputError> {
    for (asset, currency) in currencies {
        let name = |field: &str| format!("currencies.{asset}.{field}");
        check_bounds(&name("min_annualised_move"), currency.min_annualised_move, 0.0, 1.0)?;
        check_bounds(&name("annualised_move_risk"), currency.annualised_move_risk, 0.0, 5.0)?;
        check_bounds(&name("pnl_offset"), currency.pnl_offset, 0.0, 1.0)?;
        let dampener = currency.extended_dampener_usd;
        check_bounds(&name("extended_dampener_usd"), dampener, 0.0, 1e12)?;
        let most = currency.max_offsetable_pnl_usd;
        check_bounds(&name("max_offsetable_pnl_usd"), most, 0.0, 1e15)?;
    }
    Ok(())
}

/// Checks currency pairs and expands their scenarios.
pub(super) fn scenario_sets(
    buckets_count: u32,
    far_moves_pct: &[f64],
    pairs: &BTreeMap<Asset, PairParams>,
) -> Result<BTreeMap<Asset, ScenarioSet>, InputError> {
    check_bounds("buckets_count", f64::from(buckets_count), 1.0, 100.0)?;
    let mut sets = BTreeMap::new();
    for (asset, pair) in pairs {
        let name = |field: &str| format!("pairs.{asset}.{field}");
        check_bounds(&name("price_range"), pair.price_range, 0.001, 0.99)?;
        let factor = pair.extended_table_factor;
        check_bounds(&name("extended_table_factor"), factor, 0.0, 1.0)?;
        let threshold = pair.delta_total_liq_shock_threshold_usd;
        check_bounds(&name("delta_total_liq_shock_threshold_usd"), threshold, 0.0, 1e15)?;
        check_bounds(&name("max_delta_shock"), pair.max_delta_shock, 0.0, 1.0)?;
        check_bounds(&name("delta_shock_per_coin"), pair.delta_shock_per_coin, 0.0, 1.0)?;
        sets.insert(asset.clone(), scenario_set(buckets_count, far_moves_pct, pair)?);
    }
    Ok(sets)
}

/// The 27 standard states, lowest move first, up–unchanged–down inside; then the far moves, vol up.
fn scenario_set(
    buckets_count: u32,
    far_moves_pct: &[f64],
    pair: &PairParams,
) -> Result<ScenarioSet, InputError> {
    let buckets = i64::from(buckets_count);
    let moves_pct = (-buckets..=buckets)
        .map(|k| 100.0 * pair.price_range * k as f64 / buckets as f64)
        .collect();
    let standard = ScenarioBlock {
        moves_pct,
        vol: vec![VolMove::Up, VolMove::Unchanged, VolMove::Down],
        days: vec![0.0],
        weights_pct: vec![],
        tail: false,
    };
    let far = ScenarioBlock {
        moves_pct: far_moves_pct.to_vec(),
        vol: vec![VolMove::Up],
        tail: true,
        ..standard.clone()
    };
    let vol = VolShocks {
        unit: plimsoll_risk::ShockUnit::Relative,
        up: pair.vol_range_up,
        down: pair.vol_range_down,
        min_up_vol: pair.min_vol_for_shock_up,
        tenor: Some(TenorScaling {
            reference_days: 30.0,
            split_days: 30.0,
            short_power: pair.short_term_vega_power,
            long_power: pair.long_term_vega_power,
            dte_floor_days: 0.01,
        }),
    };
    let mut set = ScenarioSet::from_blocks(&[standard, far], &vol)?;
    // Percent and back may cost the last bit; the moves are stated as R·k/4 exactly.
    for (index, k) in (-buckets..=buckets).enumerate() {
        for scenario in &mut set.scenarios[3 * index..3 * index + 3] {
            scenario.spot_move = pair.price_range * k as f64 / buckets as f64;
        }
    }
    Ok(set)
}

/// A position of one pair with what the shocks need of it.
pub(super) struct PairLeg {
    pub id: InstrumentId,
    pub quantity: f64,
    /// Signed coins.
    pub delta: f64,
    pub expiry: Option<Timestamp>,
    pub long_option: bool,
    /// Coins, which the scan moves and no other shock: the venue's delta total is of futures and
    /// options.
    pub spot: bool,
}

impl PairLeg {
    /// A position whose contract has `unit_delta` coins of delta.
    pub(super) fn new(instrument: &Instrument, holding: &Holding, unit_delta: f64) -> Self {
        Self {
            id: holding.id,
            quantity: holding.quantity,
            delta: holding.quantity * unit_delta,
            expiry: instrument.expiry(),
            long_option: instrument.is_option() && holding.quantity > 0.0,
            spot: instrument.kind == Kind::Spot,
        }
    }
}

/// The delta of futures and options, in coins.
pub(super) fn delta_total(legs: &[PairLeg]) -> f64 {
    legs.iter().filter(|leg| !leg.spot).map(|leg| leg.delta).sum()
}

/// Σ over expiries of |net delta|·shock, split over the legs; `per_coin` is what one coin is worth in
/// the pool's asset.
pub(super) fn roll_shock(
    rates: &CurrencyParams,
    now: Timestamp,
    legs: &[PairLeg],
    per_coin: f64,
) -> Vec<Contribution> {
    let mut net: BTreeMap<Option<Timestamp>, f64> = BTreeMap::new();
    for leg in legs.iter().filter(|leg| !leg.spot) {
        *net.entry(leg.expiry).or_default() += leg.delta;
    }
    let part = |leg: &PairLeg| {
        let years = leg.expiry.map_or(0.0, |expiry| now.years_until(expiry));
        let risk = exp(rates.annualised_move_risk * years.max(0.0)) - 1.0;
        let shock = risk.max(rates.min_annualised_move);
        let side = net.get(&leg.expiry).map_or(0.0, |net| net.signum());
        Contribution { leg: Leg::Instrument(leg.id), amount: side * leg.delta * shock * per_coin }
    };
    legs.iter().filter(|leg| !leg.spot).map(part).collect()
}

/// The charge on a delta so large that it cannot be hedged at once, split over the legs that make it
/// up; `per_coin` is what one coin is worth in the pool's asset.
pub(super) fn delta_shock(
    pair: &PairParams,
    index: f64,
    legs: &[PairLeg],
    per_coin: f64,
) -> Vec<Contribution> {
    let sum = |long: bool| -> f64 {
        let counted = legs.iter().filter(|leg| leg.long_option == long && !leg.spot);
        counted.map(|leg| leg.delta).sum()
    };
    let (long_options, rest) = (sum(true), sum(false));
    let both = long_options + rest;
    let charged = if rest < 0.0 { both.max(rest).min(0.0) } else { both.min(rest).max(0.0) };
    let over_usd = (charged.abs() * index - pair.delta_total_liq_shock_threshold_usd).max(0.0);
    let shock = (pair.delta_shock_per_coin * over_usd / index).min(pair.max_delta_shock);
    let amount = shock * charged.abs() * per_coin;
    // Average-cost split over the deltas that make up D: long options count only where they
    // reduce it.
    let counted = |leg: &&PairLeg| !leg.spot && (!leg.long_option || charged == both);
    let total: f64 = legs.iter().filter(counted).map(|leg| leg.delta).sum();
    if amount == 0.0 || total == 0.0 {
        return vec![];
    }
    let part = |leg: &PairLeg| Contribution {
        leg: Leg::Instrument(leg.id),
        amount: amount * leg.delta / total,
    };
    legs.iter().filter(counted).map(part).collect()
}

/// Adds a charge to a component.
pub(super) fn add(component: &mut Component, parts: Vec<Contribution>, maintenance_share: f64) {
    let amount: f64 = parts.iter().map(|part| part.amount).sum();
    component.initial += amount;
    component.maintenance += amount * maintenance_share;
    component.contributions.extend(parts);
}
