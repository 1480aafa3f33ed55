//! `deribit-spm`: Deribit's segregated portfolio margin, one risk matrix per settlement currency.
//!
//! Per currency pair: nine price moves `R·k/4`, k = −4…4, each at vol up, unchanged and down; and far
//! moves at vol up whose loss is scaled and dampened. Amounts are in the settlement currency.
//!
//! ```text
//! far      = P&L(m)·ext_factor·(R/|m|)·(1+m)/(1 + sign(m)·R)            coin-settled
//!          = P&L(m)·ext_factor·(R/|m|)                                  quote-settled
//! dampened = far moved towards 0 by min((max(|m|/R, 1) − 1)·D/((1 + sign(m)·R)·index), |far|)
//! worst    = −min over states of Σ_pairs (loss, or gain·pnl_offset capped)
//! roll     = Σ_expiries |Δ_e|·max(exp(annualised_move_risk·T) − 1, min_annualised_move)
//! delta    = s·|D|,  s = min(m_inc·max(|D|·index − threshold, 0)/index, max_delta_shock)
//!            D1 = Δ of long options, D2 = Δ of futures and short options,
//!            D = min(max(D1+D2, D2), 0) if D2 < 0, else max(min(D1+D2, D2), 0)
//! IM = worst + roll + delta,   MM = mm_factor·IM
//! ```
//!
//! Deltas of coin-settled options are premium-adjusted. Perpetuals and spot roll at the minimum.

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::{check_bounds, from_toml};
use plimsoll_model::{Asset, InstrumentId, Market, Portfolio, Provenance};
use plimsoll_pricing::contract;
use plimsoll_risk::{Measure, RiskArray, ScenarioSet};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::deribit_matrix::{CurrencyParams, PairParams};
use super::deribit_matrix::{
    PairLeg, add, check_currencies, delta_shock, delta_total, roll_shock, scenario_sets,
};
use crate::collateral::{CollateralRules, price_usd};
use crate::cross::unprepared;
use crate::functional::worst_of;
use crate::model::{
    Component, Contribution, Leg, MarginModel, Pool, Prepared, Requirement, ScenarioLoss, Unit,
};

/// Parameters of Deribit's segregated portfolio margin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeribitParams {
    /// `deribit-spm`.
    pub family: String,
    /// The model's id.
    pub id: String,
    /// Where the numbers come from.
    pub source: Provenance,
    /// Buckets on each side of no move.
    pub buckets_count: u32,
    /// Far moves in percent.
    pub far_moves_pct: Vec<f64>,
    /// Maintenance as a share of the risk-matrix margin.
    pub mm_factor: f64,
    /// By underlying.
    pub pairs: BTreeMap<Asset, PairParams>,
    /// By settlement currency; `USD` stands for every stable coin.
    pub currencies: BTreeMap<Asset, CurrencyParams>,
    /// Collateral: each settlement currency in its own pool.
    pub collateral: CollateralRules,
}

/// Deribit's segregated portfolio margin.
#[derive(Clone, Debug)]
pub struct DeribitSpm {
    params: DeribitParams,
    sets: BTreeMap<Asset, ScenarioSet>,
}

impl DeribitSpm {
    /// Reads and checks a parameter file.
    pub fn from_toml(text: &str) -> Result<Self, InputError> {
        let params: DeribitParams = from_toml(text)?;
        check_bounds("mm_factor", params.mm_factor, 0.0, 1.0)?;
        params.collateral.check()?;
        check_currencies(&params.currencies)?;
        let sets = scenario_sets(params.buckets_count, &params.far_moves_pct, &params.pairs)?;
        Ok(Self { params, sets })
    }

    fn pair(&self, underlying: &Asset) -> Result<(&PairParams, &ScenarioSet), InputError> {
        let pair = self.params.pairs.get(underlying).zip(self.sets.get(underlying));
        pair.ok_or_else(|| {
            let known: Vec<&str> = self.params.pairs.keys().map(Asset::as_str).collect();
            let message = format!("{} has no parameters for {underlying}", self.params.id);
            InputError::new(InputCode::Unsupported, message)
                .hint(format!("it has {}", known.join(", ")))
        })
    }

    /// Parameters of a settlement currency. A stable coin is one that is nobody's underlying.
    fn currency(&self, market: &Market, asset: &Asset) -> Result<&CurrencyParams, InputError> {
        let key = if market.underlyings.contains_key(asset) { asset.as_str() } else { "USD" };
        self.params.currencies.get(key).ok_or_else(|| {
            let message = format!("{} has no parameters for settlement in {asset}", self.params.id);
            InputError::new(InputCode::Unsupported, message)
        })
    }
}

impl MarginModel for DeribitSpm {
    fn id(&self) -> &str {
        &self.params.id
    }

    fn provenance(&self) -> &Provenance {
        &self.params.source
    }

    fn prepare<'a>(
        &'a self,
        market: &'a Market,
        ids: &[InstrumentId],
    ) -> Result<Box<dyn Prepared + 'a>, InputError> {
        let mut by_matrix: BTreeMap<MatrixKey, Vec<InstrumentId>> = BTreeMap::new();
        for id in ids {
            let instrument = &market.listing(*id).instrument;
            self.currency(market, &instrument.settlement_asset)?;
            let key = (instrument.settlement_asset.clone(), instrument.underlying.clone());
            by_matrix.entry(key).or_default().push(*id);
        }
        let mut arrays = BTreeMap::new();
        let mut deltas = BTreeMap::new();
        for (key, ids) in by_matrix {
            let (_, set) = self.pair(&key.1)?;
            for id in &ids {
                deltas.insert(*id, contract::greeks(market, *id)?.premium_adjusted_delta);
            }
            let array = RiskArray::price(market, ids, set, Measure::SettlementAsset)?;
            arrays.insert(key, array);
        }
        Ok(Box::new(PreparedDeribit { model: self, market, arrays, deltas }))
    }
}

/// Settlement currency and underlying.
type MatrixKey = (Asset, Asset);

struct PreparedDeribit<'a> {
    model: &'a DeribitSpm,
    market: &'a Market,
    arrays: BTreeMap<MatrixKey, RiskArray>,
    /// Net transaction delta of one contract, in coins.
    deltas: BTreeMap<InstrumentId, f64>,
}

impl Prepared for PreparedDeribit<'_> {
    fn requirement(&self, portfolio: &Portfolio) -> Result<Requirement, InputError> {
        if portfolio.holdings.iter().any(|holding| !self.deltas.contains_key(&holding.id)) {
            return Err(unprepared(self.market, portfolio));
        }
        let rules = &self.model.params.collateral;
        let cash = rules.cash(self.market, portfolio)?;
        let mut currencies: Vec<Asset> =
            self.arrays.keys().map(|(asset, _)| asset.clone()).collect();
        currencies.extend(cash.keys().cloned());
        currencies.sort();
        currencies.dedup();
        let mut pools = Vec::new();
        for currency in currencies {
            let held = |holding: &&plimsoll_model::Holding| {
                self.market.listing(holding.id).instrument.settlement_asset == currency
            };
            let mut equity = cash.get(&currency).map_or(0.0, |cash| cash.credit);
            let mut traded = false;
            for holding in portfolio.holdings.iter().filter(held) {
                equity += holding.quantity * contract::value(self.market, holding.id)?;
                traded = true;
            }
            if !traded && !cash.contains_key(&currency) {
                continue;
            }
            pools.push(self.pool(&currency, portfolio, equity)?);
        }
        Ok(Requirement { pools, notes: rules.refusals(portfolio) })
    }
}

impl PreparedDeribit<'_> {
    fn pool(
        &self,
        currency: &Asset,
        portfolio: &Portfolio,
        equity: f64,
    ) -> Result<Pool, InputError> {
        let share = self.model.params.mm_factor;
        let mut roll = Component::scaled("roll", 0.0, share, vec![]);
        let mut delta = Component::scaled("delta_liquidity", 0.0, share, vec![]);
        let mut matrices = Vec::new();
        let mut figures = BTreeMap::new();
        for ((settlement, underlying), array) in &self.arrays {
            if settlement != currency {
                continue;
            }
            let legs = self.legs(portfolio, settlement, underlying, array)?;
            if legs.is_empty() {
                continue;
            }
            figures.insert(format!("{underlying}_delta_total"), delta_total(&legs));
            let (pair, _) = self.model.pair(underlying)?;
            let rates = self.model.currency(self.market, currency)?;
            let per_coin = self.currency_per_coin(currency, underlying)?;
            add(&mut roll, roll_shock(rates, self.market.time, &legs, per_coin), share);
            let index = price_usd(self.market, underlying)?;
            add(&mut delta, delta_shock(pair, index, &legs, per_coin), share);
            matrices.push(self.matrix(currency, underlying, array, legs)?);
        }
        let worst = self.aggregate(currency, &matrices, share)?;
        let mut units: Vec<Unit> = matrices.into_iter().map(|matrix| matrix.unit).collect();
        if units.len() > 1 {
            units.insert(0, worst.unit);
        }
        Ok(Pool {
            name: currency.to_string(),
            asset: currency.clone(),
            asset_price_usd: price_usd(self.market, currency)?,
            equity,
            components: vec![worst.component, roll, delta],
            units,
            figures,
        })
    }

    fn legs(
        &self,
        portfolio: &Portfolio,
        settlement: &Asset,
        underlying: &Asset,
        array: &RiskArray,
    ) -> Result<Vec<PairLeg>, InputError> {
        let mut legs = Vec::new();
        for holding in &portfolio.holdings {
            let instrument = &self.market.listing(holding.id).instrument;
            if instrument.settlement_asset != *settlement || instrument.underlying != *underlying {
                continue;
            }
            let unit_delta =
                self.deltas.get(&holding.id).filter(|_| array.row(holding.id).is_some());
            let unit_delta = unit_delta.ok_or_else(|| unprepared(self.market, portfolio))?;
            legs.push(PairLeg::new(instrument, holding, *unit_delta));
        }
        Ok(legs)
    }

    /// Coins per unit of the settlement currency's amounts: 1 coin-settled, the index otherwise.
    fn currency_per_coin(&self, currency: &Asset, underlying: &Asset) -> Result<f64, InputError> {
        if currency == underlying {
            return Ok(1.0);
        }
        Ok(price_usd(self.market, underlying)? / price_usd(self.market, currency)?)
    }

    /// Profit and loss of one pair in every state, far moves scaled and dampened.
    fn matrix<'m>(
        &'m self,
        currency: &Asset,
        underlying: &Asset,
        array: &'m RiskArray,
        legs: Vec<PairLeg>,
    ) -> Result<Matrix<'m>, InputError> {
        let (pair, _) = self.model.pair(underlying)?;
        let dampener_usd = self.model.currency(self.market, currency)?.extended_dampener_usd;
        let index = price_usd(self.market, underlying)?;
        let coin_index = (currency == underlying).then_some(index);
        let mut raw = vec![0.0; array.scenarios().len()];
        for leg in &legs {
            let row = array.row(leg.id).unwrap_or_default();
            plimsoll_risk::axpy(&mut raw, leg.quantity, row);
        }
        let mut scales = Vec::with_capacity(raw.len());
        let mut losses = Vec::with_capacity(raw.len());
        for (scenario, raw) in array.scenarios().iter().zip(&raw) {
            let (pnl, scale) = if scenario.tail {
                pair.far(*raw, scenario.spot_move, dampener_usd, coin_index)
            } else {
                (*raw, 1.0)
            };
            scales.push(scale);
            losses.push(ScenarioLoss {
                scenario: *scenario,
                raw_loss: 0.0 - raw,
                loss: 0.0 - pnl,
                label: None,
            });
        }
        Ok(Matrix { unit: Unit { name: underlying.to_string(), losses }, scales, array, legs })
    }

    /// Sums the pairs of one currency state by state and takes the worst.
    fn aggregate(
        &self,
        currency: &Asset,
        matrices: &[Matrix<'_>],
        maintenance_share: f64,
    ) -> Result<Worst, InputError> {
        let rates = self.model.currency(self.market, currency)?;
        let most_gain = rates.max_offsetable_pnl_usd / price_usd(self.market, currency)?;
        let states = matrices.first().map_or(0, |matrix| matrix.unit.losses.len());
        let mut losses = Vec::with_capacity(states);
        for state in 0..states {
            let column = || matrices.iter().map(|matrix| matrix.unit.losses[state]);
            let gain: f64 = column().map(|state| (-state.loss).max(0.0)).sum();
            let loss: f64 = column().map(|state| state.loss.max(0.0)).sum();
            losses.push(ScenarioLoss {
                scenario: matrices[0].unit.losses[state].scenario,
                raw_loss: column().map(|state| state.raw_loss).sum(),
                loss: loss - (gain * rates.pnl_offset).min(most_gain),
                label: None,
            });
        }
        let worst = worst_of(currency.as_str(), losses);
        let contributions =
            worst.active.map_or_else(Vec::new, |state| split(matrices, state, worst.amount));
        let component = Component::scaled("scan", worst.amount, maintenance_share, contributions);
        Ok(Worst { component, unit: worst.unit })
    }
}

/// The worst state of a currency, as a component and as a table.
struct Worst {
    component: Component,
    unit: Unit,
}

/// One pair's scenario table with what is needed to split it over legs.
struct Matrix<'a> {
    unit: Unit,
    /// What each state's raw P&L was multiplied by.
    scales: Vec<f64>,
    array: &'a RiskArray,
    legs: Vec<PairLeg>,
}

/// Splits the loss of the worst state over the legs: each pair's legs by their P&L in it. Where gains
/// of other pairs count in part, all gains are scaled alike so that the parts add up.
fn split(matrices: &[Matrix<'_>], state: usize, amount: f64) -> Vec<Contribution> {
    let losses: f64 = matrices.iter().map(|m| m.unit.losses[state].loss.max(0.0)).sum();
    let gains: f64 = matrices.iter().map(|m| (-m.unit.losses[state].loss).max(0.0)).sum();
    let gain_share = if gains > 0.0 { (losses - amount) / gains } else { 0.0 };
    let mut parts = Vec::new();
    for matrix in matrices {
        let pair_share = if matrix.unit.losses[state].loss > 0.0 { 1.0 } else { gain_share };
        for leg in &matrix.legs {
            let cell = matrix.array.row(leg.id).map_or(0.0, |row| row[state]);
            let amount = -leg.quantity * cell * matrix.scales[state] * pair_share;
            parts.push(Contribution { leg: Leg::Instrument(leg.id), amount });
        }
    }
    parts
}
