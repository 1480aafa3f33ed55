//! What PM1 and PM2 share: options revalued in fixed states, discounted expiry by expiry, and the
//! worst state of an account.
//!
//! ```text
//! F_e(m)   = fixed_e + (F_e − fixed_e)·(1 + m)
//! V_e(m,σ) = D_e·Σ q·Black76(F_e(m), K, σ)              mark_e = V_e(0, σ)
//! D±(x)    = x·positive_e if x ≥ 0, else x·negative_e    on the total of an expiry
//! PnL_i    = w_i·[ delta-one·m_i + Σ_e (D±(V_e(m_i, σ_i)) − mark_e) ]
//! skew     : −|D±(V_e(0, σ·slope)) − mark_e| in each expiry: a gain is a loss too
//! basis    = Σ_e min(V_e(up, σ) − mark_e, V_e(down, σ) − mark_e, 0)·(add + mult·τ)
//! worst    = min(basis, min_i PnL_i)                      the basis competes, it is not added
//! ```

use std::collections::BTreeMap;

use plimsoll_math::float::{exp, ln, sqrt};
use plimsoll_model::error::InputError;
use plimsoll_model::params::check_bounds;
use plimsoll_model::{Asset, Forward, InstrumentId, Kind, Market, Timestamp};
use plimsoll_pricing::black76::Black76;
use plimsoll_pricing::contract::option_inputs;
use plimsoll_risk::scenario::VolMap;
use plimsoll_risk::{Scenario, ScenarioBlock, ScenarioSet, VolMove, VolShocks};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account::{CoinBook, require_kind};
use super::skew::SkewRule;
use crate::functional::Charge;
use crate::model::{Contribution, Leg, ScenarioLoss, Unit};

/// The basis contingency: forwards moved, vols held.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasisRule {
    /// Rise of forwards, percent.
    pub up_move_pct: f64,
    /// Fall of forwards, percent, negative.
    pub down_move_pct: f64,
    /// Share of the loss that counts at expiry.
    pub add_factor: f64,
    /// Added share per year to expiry.
    pub factor_per_year: f64,
}

/// A factor on the value of an expiry: `base·e^(−τ·(rate·rate_scale + rate_add))`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StaticDiscount {
    /// The factor at expiry.
    pub base: f64,
    /// Multiplier of the expiry's interest rate.
    pub rate_scale: f64,
    /// Added to the rate, per year.
    pub rate_add: f64,
}

impl BasisRule {
    fn check(&self) -> Result<(), InputError> {
        check_bounds("basis.up_move_pct", self.up_move_pct, 0.0, 1000.0)?;
        check_bounds("basis.down_move_pct", self.down_move_pct, -99.9, 0.0)?;
        check_bounds("basis.add_factor", self.add_factor, 0.0, 100.0)?;
        check_bounds("basis.factor_per_year", self.factor_per_year, 0.0, 100.0)
    }
}

impl StaticDiscount {
    /// Checks every number against its bounds.
    pub fn check(&self, name: &str) -> Result<(), InputError> {
        check_bounds(&format!("{name}.base"), self.base, 0.1, 10.0)?;
        check_bounds(&format!("{name}.rate_scale"), self.rate_scale, 0.0, 100.0)?;
        check_bounds(&format!("{name}.rate_add"), self.rate_add, 0.0, 10.0)
    }

    /// `e^(−τ·(rate·rate_scale + rate_add))`.
    pub fn decay(&self, rate_ann: f64, tau_years: f64) -> f64 {
        exp(-tau_years * (rate_ann * self.rate_scale + self.rate_add))
    }
}

/// The states of a manager.
#[derive(Clone, Debug)]
pub struct States {
    set: ScenarioSet,
    /// After the grid.
    skews: Vec<SkewRule>,
    basis: BasisRule,
}

/// A skew state and the basis contingency move neither spot nor the level of vols.
const NO_MOVE: Scenario =
    Scenario { spot_move: 0.0, vol_move: VolMove::Unchanged, days: 0.0, weight: 1.0, tail: false };

impl States {
    /// Expands and checks the states of a parameter file.
    pub fn new(
        blocks: &[ScenarioBlock],
        vol: &VolShocks,
        skews: Vec<SkewRule>,
        basis: BasisRule,
    ) -> Result<Self, InputError> {
        basis.check()?;
        let set = ScenarioSet::from_blocks(blocks, vol)?;
        if let Some(state) = set.scenarios.iter().find(|state| state.days != 0.0) {
            check_bounds("days", state.days, 0.0, 0.0)?;
        }
        Ok(Self { set, skews, basis })
    }

    fn len(&self) -> usize {
        self.set.len() + self.skews.len()
    }

    fn scenario(&self, state: usize) -> Scenario {
        self.set.scenarios.get(state).copied().unwrap_or(NO_MOVE)
    }

    fn is_skew(&self, state: usize) -> bool {
        state >= self.set.len()
    }

    /// What a state is, where its move does not say it.
    fn label(&self, state: usize) -> Option<&'static str> {
        if state == self.len() {
            return Some("basis contingency");
        }
        let skew = state.checked_sub(self.set.len()).and_then(|index| self.skews.get(index))?;
        Some(skew.label())
    }
}

/// The discounts of one expiry.
#[derive(Clone, Copy, Debug)]
pub struct Discounts {
    /// `D_e`: of every option value.
    pub discount: f64,
    /// On an expiry that is worth something.
    pub positive: f64,
    /// On an expiry that is owed.
    pub negative: f64,
}

/// One expiry of a coin.
pub struct Expiry {
    forward: Forward,
    /// Years to expiry, not below zero.
    pub tau_years: f64,
    /// Discounts.
    pub discounts: Discounts,
    vol_maps: Vec<VolMap>,
    /// `(up, down)`: what vols are multiplied by.
    pub vol_multipliers: (f64, f64),
    /// Least confidence of forward, rate and vol.
    pub confidence: f64,
}

impl Expiry {
    fn new(
        forward: Forward,
        market: &Market,
        expiry: Timestamp,
        set: &ScenarioSet,
        discounts: &dyn Fn(f64, f64) -> Discounts,
    ) -> Self {
        let days = market.time.days_until(expiry).max(0.0);
        let tau_years = market.time.years_until(expiry).max(0.0);
        let map = |vol_move| set.vol.map(vol_move, days);
        Self {
            forward,
            tau_years,
            discounts: discounts(forward.rate_ann, tau_years),
            vol_maps: set.scenarios.iter().map(|state| map(state.vol_move)).collect(),
            vol_multipliers: (map(VolMove::Up).scale, map(VolMove::Down).scale),
            confidence: forward.confidence.min(forward.rate_confidence).min(forward.vol_confidence),
        }
    }

    /// Only what no settlement average has fixed yet moves.
    fn forward_after(&self, spot_move: f64) -> f64 {
        self.forward.fixed + (self.forward.price - self.forward.fixed) * (1.0 + spot_move)
    }

    fn discounted(&self, value: f64) -> f64 {
        let d = &self.discounts;
        value * if value >= 0.0 { d.positive } else { d.negative }
    }
}

/// Value of one coin's worth of an option, discounted by `D_e`.
struct OptionRow {
    mark: f64,
    up: f64,
    down: f64,
    states: Vec<f64>,
}

impl OptionRow {
    fn new(option: Black76, expiry: &Expiry, states: &States) -> Self {
        let option = Black76 { discount_factor: expiry.discounts.discount, ..option };
        let value = |spot_move: f64, vol_ann: f64| {
            Black76 { forward: expiry.forward_after(spot_move), vol_ann, ..option }.value()
        };
        let grid = states.set.scenarios.iter().zip(&expiry.vol_maps);
        let grid = grid.map(|(state, map)| value(state.spot_move, map.apply(option.vol_ann)));
        let ln_moneyness = ln(option.strike / expiry.forward.price);
        let skewed = states.skews.iter().map(|skew| {
            let multiplier = skew.multiplier(ln_moneyness, sqrt(expiry.tau_years));
            value(0.0, option.vol_ann * multiplier)
        });
        Self {
            mark: value(0.0, option.vol_ann),
            up: value(states.basis.up_move_pct / 100.0, option.vol_ann),
            down: value(states.basis.down_move_pct / 100.0, option.vol_ann),
            states: grid.chain(skewed).collect(),
        }
    }
}

/// One coin's options priced in every state.
pub struct CoinPricing {
    expiries: BTreeMap<Timestamp, Expiry>,
    rows: BTreeMap<InstrumentId, OptionRow>,
}

impl CoinPricing {
    /// Prices the options among `ids`, all on `coin`. `discounts` maps an expiry's rate and its years
    /// to its discounts. Fails naming the instrument that has no forward or vol.
    pub fn new(
        model: &str,
        market: &Market,
        coin: &Asset,
        ids: &[InstrumentId],
        states: &States,
        discounts: &dyn Fn(f64, f64) -> Discounts,
    ) -> Result<Self, InputError> {
        let mut pricing = Self { expiries: BTreeMap::new(), rows: BTreeMap::new() };
        for id in ids {
            require_kind(model, market, *id)?;
            let Kind::Option { expiry, .. } = market.listing(*id).instrument.kind else { continue };
            let option = option_inputs(market, *id)?;
            let terms = pricing.expiries.entry(expiry).or_insert_with(|| {
                let curve = market.underlyings.get(coin);
                let forward = curve.and_then(|curve| curve.forwards.get(&expiry)).copied();
                // Read off a listed future, a forward is a price alone.
                let forward = forward.unwrap_or_else(|| Forward::at(option.forward));
                Expiry::new(forward, market, expiry, &states.set, discounts)
            });
            pricing.rows.insert(*id, OptionRow::new(option, terms, states));
        }
        Ok(pricing)
    }
}

/// One expiry's options of an account.
pub struct ExpiryTotals<'a> {
    /// When.
    pub at: Timestamp,
    /// The expiry.
    pub expiry: &'a Expiry,
    legs: Vec<(InstrumentId, f64, &'a OptionRow)>,
    /// `mark_e`.
    pub mark: f64,
    /// `V_e(up, σ)`.
    pub up: f64,
    /// `V_e(down, σ)`.
    pub down: f64,
    values: Vec<f64>,
}

impl<'a> ExpiryTotals<'a> {
    fn empty(at: Timestamp, expiry: &'a Expiry, states: usize) -> Self {
        let values = vec![0.0; states];
        Self { at, expiry, legs: Vec::new(), mark: 0.0, up: 0.0, down: 0.0, values }
    }

    fn add(&mut self, id: InstrumentId, coins: f64, row: &'a OptionRow) {
        self.mark += coins * row.mark;
        self.up += coins * row.up;
        self.down += coins * row.down;
        for (sum, value) in self.values.iter_mut().zip(&row.states) {
            *sum += coins * value;
        }
        self.legs.push((id, coins, row));
    }

    /// `D±(V) − mark`.
    fn change(&self, value: f64) -> f64 {
        self.expiry.discounted(value) - self.mark
    }

    /// `min(V(up) − mark, V(down) − mark, 0)` and the factor on it.
    fn basis(&self, rule: &BasisRule) -> (f64, f64) {
        let loss = (self.up - self.mark).min(self.down - self.mark).min(0.0);
        (loss, rule.add_factor + rule.factor_per_year * self.expiry.tau_years)
    }
}

/// An account in every state.
pub struct Revalued<'a> {
    states: &'a States,
    delta_one: Vec<Contribution>,
    delta_one_usd: f64,
    /// Its expiries, ascending.
    pub expiries: Vec<ExpiryTotals<'a>>,
}

/// The worst state of an account.
pub struct Worst {
    /// The table of the states with the basis contingency as its last line.
    pub unit: Unit,
    /// Its place in the table.
    pub state: usize,
    /// What the state is, where its move does not say it.
    pub label: Option<&'static str>,
    /// The loss as counted, zero or more, with its split.
    pub charge: Charge,
}

impl<'a> Revalued<'a> {
    /// A book in every state. `delta_one` are the dollars of perpetuals and of coins that move with
    /// the index, leg by leg. `None` if an option was not priced.
    pub fn new(
        states: &'a States,
        pricing: Option<&'a CoinPricing>,
        book: &CoinBook,
        delta_one: Vec<Contribution>,
    ) -> Option<Self> {
        let mut expiries = Vec::new();
        for (at, legs) in &book.expiries {
            let pricing = pricing?;
            let mut totals = ExpiryTotals::empty(*at, pricing.expiries.get(at)?, states.len());
            for leg in legs {
                totals.add(leg.id, leg.coins, pricing.rows.get(&leg.id)?);
            }
            expiries.push(totals);
        }
        let delta_one_usd = delta_one.iter().map(|part| part.amount).sum();
        Some(Self { states, delta_one, delta_one_usd, expiries })
    }

    /// Value of the options at the mark.
    pub fn mark(&self) -> f64 {
        self.expiries.iter().map(|expiry| expiry.mark).sum()
    }

    /// The basis contingency, zero or negative.
    pub fn basis(&self) -> f64 {
        let rule = &self.states.basis;
        let parts = self.expiries.iter().map(|expiry| expiry.basis(rule));
        parts.map(|(loss, factor)| loss * factor).sum()
    }

    /// P&L of a state before its weight.
    fn pnl(&self, state: usize) -> f64 {
        let skew = self.states.is_skew(state);
        let options = self.expiries.iter().map(|expiry| {
            let change = expiry.change(expiry.values[state]);
            if skew { -change.abs() } else { change }
        });
        self.delta_one_usd * self.states.scenario(state).spot_move + options.sum::<f64>()
    }

    /// The least of the basis contingency and of the P&L at the basis moves and at none: what the
    /// venue checks for callers it trusts.
    pub fn trusted_worst(&self) -> f64 {
        let rule = &self.states.basis;
        let pnl = |move_pct: f64, value: &dyn Fn(&ExpiryTotals<'_>) -> f64| {
            let options = self.expiries.iter().map(|expiry| expiry.change(value(expiry)));
            self.delta_one_usd * move_pct / 100.0 + options.sum::<f64>()
        };
        let up = pnl(rule.up_move_pct, &|expiry| expiry.up);
        let down = pnl(rule.down_move_pct, &|expiry| expiry.down);
        let still = pnl(0.0, &|expiry| expiry.mark);
        self.basis().min(up).min(down).min(still)
    }

    /// The worst of the states and the basis contingency, which wins a tie.
    pub fn worst(&self, name: &str) -> Worst {
        let mut losses: Vec<ScenarioLoss> = (0..self.states.len())
            .map(|state| {
                let scenario = self.states.scenario(state);
                let raw_loss = 0.0 - self.pnl(state);
                let label = self.states.label(state);
                ScenarioLoss { scenario, raw_loss, loss: scenario.weight * raw_loss, label }
            })
            .collect();
        let basis = 0.0 - self.basis();
        let (mut state, mut amount) = (losses.len(), basis);
        for (index, loss) in losses.iter().enumerate() {
            if loss.loss > amount {
                (state, amount) = (index, loss.loss);
            }
        }
        let label = self.states.label(losses.len());
        losses.push(ScenarioLoss { scenario: NO_MOVE, raw_loss: basis, loss: basis, label });
        let charge = Charge { amount, parts: self.split(state) };
        let label = self.states.label(state);
        Worst { unit: Unit { name: name.to_owned(), losses }, state, label, charge }
    }

    /// What each leg loses in a state, as counted there.
    fn split(&self, state: usize) -> Vec<Contribution> {
        let scenario = self.states.scenario(state);
        let mut parts = Vec::new();
        for part in self.delta_one.iter().filter(|_| scenario.spot_move != 0.0) {
            let amount = -scenario.weight * part.amount * scenario.spot_move;
            parts.push(Contribution { leg: part.leg.clone(), amount });
        }
        for expiry in &self.expiries {
            for (id, coins, row) in &expiry.legs {
                let amount = match row.states.get(state) {
                    Some(value) => {
                        let total = expiry.values[state];
                        let d = expiry.expiry.discounts;
                        let factor = if total >= 0.0 { d.positive } else { d.negative };
                        // A skew counts as a loss whichever way it goes.
                        let gains = self.states.is_skew(state) && expiry.change(total) > 0.0;
                        let side = if gains { 1.0 } else { -1.0 };
                        side * scenario.weight * coins * (factor * value - row.mark)
                    }
                    None => {
                        let (loss, factor) = expiry.basis(&self.states.basis);
                        let chosen =
                            if loss == expiry.up - expiry.mark { row.up } else { row.down };
                        let counted = if loss < 0.0 { factor } else { 0.0 };
                        -counted * coins * (chosen - row.mark)
                    }
                };
                parts.push(Contribution { leg: Leg::Instrument(*id), amount });
            }
        }
        parts
    }
}
