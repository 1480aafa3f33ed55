//! MR1, MR2 and MR6: what a risk unit loses in shocks of the index and of vols.
//!
//! ```text
//! MR1 = max(0, max over price moves × {vol same, up, down} of the loss)
//! MR2 = max(0, loss when a day passes)
//! MR6 = extreme_loss_pct·max(0, loss in the extreme move up, in the extreme move down)
//! ```
//!
//! The vol of an option moves by an amount for its time to expiry, once in points and once in percent
//! of the vol (up: `σ + p`, `σ·(1 + r)`; down: `max(σ − p, 0)`, `σ·(1 − r)`); of the two the one in which
//! the whole unit loses more counts. Futures gain `coins·index·move`; the move of the extreme is at
//! unchanged vols.

use std::collections::BTreeMap;

use plimsoll_model::error::InputError;
use plimsoll_model::{InstrumentId, Market, Portfolio, Timestamp};
use plimsoll_risk::{
    Measure, RiskArray, Scenario, ScenarioSet, ShockUnit, VolMove, VolShocks, axpy,
};

use super::params::{OkxParams, UnitRates, at_days};
use super::{Contribution, Leg, Unit, UnitBook};
use crate::cross::unprepared;
use crate::model::ScenarioLoss;

/// The arrays of one underlying. Options have one per way of moving vols, expiry by expiry.
pub(super) struct UnitArrays {
    delta_one: RiskArray,
    options: Vec<OptionArrays>,
}

struct OptionArrays {
    in_points: RiskArray,
    in_percent: RiskArray,
}

/// What shocks cost a unit, at maintenance.
pub(super) struct Shocked {
    /// The scenario table; the extreme moves count `extreme_loss_pct`.
    pub unit: Unit,
    pub mr1: f64,
    pub mr2: f64,
    pub mr6: f64,
    /// The split of the largest of the three.
    pub parts: Vec<Contribution>,
}

/// How many scenarios follow the grid: the extreme move up, down, and the day.
const AFTER_GRID: usize = 3;

/// Price moves outside, vol same, up and down inside; then the extreme moves; then a day.
fn scenarios(params: &OkxParams, rates: &UnitRates) -> Vec<Scenario> {
    let calm = Scenario {
        spot_move: 0.0,
        vol_move: VolMove::Unchanged,
        days: 0.0,
        weight: 1.0,
        tail: false,
    };
    let mut scenarios = Vec::new();
    for move_pct in &rates.moves_pct {
        for vol_move in [VolMove::Unchanged, VolMove::Up, VolMove::Down] {
            scenarios.push(Scenario { spot_move: move_pct / 100.0, vol_move, ..calm });
        }
    }
    for sign in [-1.0, 1.0] {
        let spot_move = sign * rates.extreme_move_pct / 100.0;
        let weight = params.extreme_loss_pct / 100.0;
        scenarios.push(Scenario { spot_move, weight, tail: true, ..calm });
    }
    scenarios.push(Scenario { days: 1.0, ..calm });
    scenarios
}

impl UnitArrays {
    /// Prices the instruments of one underlying on a market that is marked at the index. Options are
    /// left out where the table of their vol moves is not known.
    pub(super) fn price(
        params: &OkxParams,
        rates: &UnitRates,
        at_index: &Market,
        ids: &[InstrumentId],
    ) -> Result<Self, InputError> {
        let mut delta_one = Vec::new();
        let mut by_expiry: BTreeMap<Timestamp, Vec<InstrumentId>> = BTreeMap::new();
        for id in ids {
            let instrument = &at_index.listing(*id).instrument;
            match instrument.expiry().filter(|_| instrument.is_option()) {
                Some(expiry) => by_expiry.entry(expiry).or_default().push(*id),
                None => delta_one.push(*id),
            }
        }
        let scenarios = scenarios(params, rates);
        let array = |ids: Vec<InstrumentId>, unit: ShockUnit, size: f64| {
            let down = if unit == ShockUnit::Relative { size.min(1.0) } else { size };
            let vol = VolShocks { unit, up: size, down, min_up_vol: 0.0, tenor: None };
            let set = ScenarioSet { scenarios: scenarios.clone(), vol };
            RiskArray::price(at_index, ids, &set, Measure::Usd)
        };
        let mut options = Vec::new();
        if let Some(table) = params.options.iv_shocks.value() {
            for (expiry, ids) in by_expiry {
                let days = at_index.time.days_until(expiry);
                let points = at_days(table.iter().map(|row| (row.days, row.points)), days);
                let percent = at_days(table.iter().map(|row| (row.days, row.relative_pct)), days);
                options.push(OptionArrays {
                    in_points: array(ids.clone(), ShockUnit::Points, points / 100.0)?,
                    in_percent: array(ids, ShockUnit::Relative, percent / 100.0)?,
                });
            }
        }
        Ok(Self { delta_one: array(delta_one, ShockUnit::Relative, 0.0)?, options })
    }

    /// One contract's profit in every scenario, vols moved in points and in percent.
    fn rows(&self, id: InstrumentId) -> Option<(&[f64], &[f64])> {
        if let Some(row) = self.delta_one.row(id) {
            return Some((row, row));
        }
        self.options
            .iter()
            .find_map(|arrays| Some((arrays.in_points.row(id)?, arrays.in_percent.row(id)?)))
    }

    pub(super) fn shocked(
        &self,
        params: &OkxParams,
        book: &UnitBook<'_>,
        market: &Market,
        portfolio: &Portfolio,
    ) -> Result<Shocked, InputError> {
        let scenarios = self.delta_one.scenarios();
        let coins_usd = book.spot_in_use * book.index_usd;
        let of_coins = || scenarios.iter().map(|scenario| coins_usd * scenario.spot_move);
        let (mut points, mut percent): (Vec<f64>, Vec<f64>) =
            (of_coins().collect(), of_coins().collect());
        for leg in &book.legs {
            if leg.is_option {
                params.options.iv_shocks.need(&params.id, "options.iv_shocks", &leg.name)?;
            }
            let rows = self.rows(leg.id).ok_or_else(|| unprepared(market, portfolio))?;
            axpy(&mut points, leg.quantity, rows.0);
            axpy(&mut percent, leg.quantity, rows.1);
        }
        let state = |(index, scenario): (usize, &Scenario)| {
            let raw_loss = 0.0 - points[index].min(percent[index]);
            ScenarioLoss {
                scenario: *scenario,
                raw_loss,
                loss: scenario.weight * raw_loss,
                label: None,
            }
        };
        let losses: Vec<ScenarioLoss> = scenarios.iter().enumerate().map(state).collect();
        let (grid, after) = losses.split_at(losses.len() - AFTER_GRID);
        let (extreme, day) = after.split_at(AFTER_GRID - 1);
        let worst = |states: &[ScenarioLoss]| states.iter().map(|s| s.loss).fold(0.0, f64::max);
        let (mr1, mr6, mr2) = (worst(grid), worst(extreme), worst(day));
        let unit = Unit { name: book.underlying.to_string(), losses };
        let active = unit.worst().filter(|(_, worst)| worst.loss > 0.0).map(|(index, _)| index);
        let parts = active.map_or_else(Vec::new, |active| {
            let in_points = points[active] <= percent[active];
            self.split(book, active, in_points)
        });
        Ok(Shocked { unit, mr1, mr2, mr6, parts })
    }

    /// Loss of each leg in one scenario, as it counts.
    fn split(&self, book: &UnitBook<'_>, active: usize, in_points: bool) -> Vec<Contribution> {
        let scenario = self.delta_one.scenarios()[active];
        let part = |leg: &super::UnitLeg| {
            let cell = self.rows(leg.id).map_or(0.0, |(points, percent)| {
                if in_points { points[active] } else { percent[active] }
            });
            let amount = -scenario.weight * leg.quantity * cell;
            Contribution { leg: Leg::Instrument(leg.id), amount }
        };
        let mut parts: Vec<Contribution> = book.legs.iter().map(part).collect();
        if book.spot_in_use != 0.0 {
            let coins_usd = book.spot_in_use * book.index_usd;
            let amount = -scenario.weight * coins_usd * scenario.spot_move;
            parts.push(Contribution { leg: Leg::Cash(book.underlying.clone()), amount });
        }
        parts
    }
}
