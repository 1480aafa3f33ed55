//! `deribit-xpm`: Deribit's cross portfolio margin, as far as it is known: one risk matrix in US dollars
//! over everything on one underlying, the equity included.
//!
//! ```text
//! P&L(s)  = Σ positions + Σ coins of the bucket·price·move          USD, coins after their haircut
//! far     = P&L(m)·ext_factor·R/|m|, moved towards 0 by (max(|m|/R, 1) − 1)·D
//! worst   = max(0, −min over states of P&L)
//! IM = worst + roll + delta shock,   MM = mm_factor·IM               as in `deribit-spm`, times the index
//! ```
//!
//! How the losses and gains of different currencies are combined is not published. A book with a second
//! underlying, with positions in a second settlement currency, or with collateral that moves with
//! another coin is therefore refused.

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::{check_bounds, from_toml};
use plimsoll_model::{Asset, InstrumentId, Market, Portfolio, Provenance};
use plimsoll_pricing::contract;
use plimsoll_risk::{Measure, RiskArray, ScenarioSet, axpy};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::deribit_matrix::{
    CurrencyParams, PairLeg, PairParams, add, check_currencies, delta_shock, delta_total,
    roll_shock, scenario_sets,
};
use super::known::no_entry;
use crate::collateral::{self, Cash, CollateralRules, price_usd};
use crate::cross::unprepared;
use crate::functional::worst_of;
use crate::model::{
    Component, Contribution, Leg, MarginModel, Pool, Prepared, Requirement, ScenarioLoss,
};

/// Parameters of Deribit's cross portfolio margin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeribitXpmParams {
    /// `deribit-xpm`.
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
    /// Assets that move with a coin they are not.
    #[serde(default)]
    pub moves_with: BTreeMap<Asset, Asset>,
    /// Collateral: one pool.
    pub collateral: CollateralRules,
}

/// Deribit's cross portfolio margin.
#[derive(Clone, Debug)]
pub struct DeribitXpm {
    params: DeribitXpmParams,
    sets: BTreeMap<Asset, ScenarioSet>,
}

impl DeribitXpm {
    /// Reads and checks a parameter file.
    pub fn from_toml(text: &str) -> Result<Self, InputError> {
        let params: DeribitXpmParams = from_toml(text)?;
        check_bounds("mm_factor", params.mm_factor, 0.0, 1.0)?;
        params.collateral.check()?;
        check_currencies(&params.currencies)?;
        let sets = scenario_sets(params.buckets_count, &params.far_moves_pct, &params.pairs)?;
        Ok(Self { params, sets })
    }
}

impl MarginModel for DeribitXpm {
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
        let mut by_coin: BTreeMap<Asset, Vec<InstrumentId>> = BTreeMap::new();
        let mut deltas = BTreeMap::new();
        // A coin may be held as collateral without any position in it.
        for coin in market.underlyings.keys().filter(|coin| self.sets.contains_key(*coin)) {
            by_coin.insert(coin.clone(), vec![]);
        }
        for id in ids {
            let coin = market.listing(*id).instrument.underlying.clone();
            deltas.insert(*id, contract::greeks(market, *id)?.premium_adjusted_delta);
            by_coin.entry(coin).or_default().push(*id);
        }
        let mut arrays = BTreeMap::new();
        for (coin, ids) in by_coin {
            let culprit =
                ids.first().map_or(coin.as_str(), |id| &market.listing(*id).instrument.name);
            let set = self.sets.get(&coin);
            let set =
                set.ok_or_else(|| no_entry(&self.params.id, &format!("pairs.{coin}"), culprit))?;
            arrays.insert(coin, RiskArray::price(market, ids, set, Measure::Usd)?);
        }
        Ok(Box::new(PreparedXpm { params: &self.params, market, arrays, deltas }))
    }
}

struct PreparedXpm<'a> {
    params: &'a DeribitXpmParams,
    market: &'a Market,
    arrays: BTreeMap<Asset, RiskArray>,
    /// Net transaction delta of one contract, in coins.
    deltas: BTreeMap<InstrumentId, f64>,
}

/// What the one risk matrix is about.
struct Bucket<'a> {
    coin: &'a Asset,
    /// Absent where only collateral is held.
    settlement: Option<&'a Asset>,
}

impl Prepared for PreparedXpm<'_> {
    fn requirement(&self, portfolio: &Portfolio) -> Result<Requirement, InputError> {
        let rules = &self.params.collateral;
        let cash = rules.cash(self.market, portfolio)?;
        let bucket = self.only_bucket(portfolio, &cash)?;
        let share = self.params.mm_factor;
        let mut scan = Component::scaled("scan", 0.0, share, vec![]);
        let mut roll = Component::scaled("roll", 0.0, share, vec![]);
        let mut delta = Component::scaled("delta_liquidity", 0.0, share, vec![]);
        let mut units = Vec::new();
        let mut figures = BTreeMap::new();
        if let Some(Bucket { coin, settlement }) = bucket {
            let pair = self.params.pairs.get(coin);
            let pair = pair.ok_or_else(|| {
                no_entry(&self.params.id, &format!("pairs.{coin}"), coin.as_str())
            })?;
            let rates = self.currency(settlement.unwrap_or(coin))?;
            let legs = self.legs(portfolio)?;
            let worst = self.scan(coin, &legs, &cash, pair, rates)?;
            add(&mut scan, worst.0, share);
            units.push(worst.1);
            let index = price_usd(self.market, coin)?;
            add(&mut roll, roll_shock(rates, self.market.time, &legs, index), share);
            add(&mut delta, delta_shock(pair, index, &legs, index), share);
            figures.insert(format!("{coin}_delta_total_coins"), delta_total(&legs));
        }
        let pool = Pool {
            name: "account".to_owned(),
            asset: Asset::usd(),
            asset_price_usd: 1.0,
            equity: collateral::equity_usd(rules, self.market, portfolio, &cash)?,
            components: vec![scan, roll, delta],
            units,
            figures,
        };
        Ok(Requirement { pools: vec![pool], notes: rules.refusals(portfolio) })
    }
}

impl PreparedXpm<'_> {
    /// The coin that an asset's price moves with, if it moves.
    fn moves_with<'b>(&'b self, asset: &'b Asset) -> Option<&'b Asset> {
        let coin = self.params.moves_with.get(asset).unwrap_or(asset);
        self.market.underlyings.contains_key(coin).then_some(coin)
    }

    /// The one bucket of the book, or the refusal of what belongs to a second one.
    fn only_bucket<'b>(
        &'b self,
        portfolio: &Portfolio,
        cash: &'b BTreeMap<Asset, Cash>,
    ) -> Result<Option<Bucket<'b>>, InputError> {
        let mut bucket: Option<Bucket<'b>> = None;
        let refuse = |culprit: &str, known: &Asset, why: &str| {
            let message = format!(
                "{culprit}: {} combines it with {known} by a rule that is not published ({why})",
                self.params.id
            );
            Err(InputError::new(InputCode::Unsupported, message))
        };
        for holding in portfolio.holdings.iter().filter(|holding| holding.quantity != 0.0) {
            let instrument = &self.market.listing(holding.id).instrument;
            let (coin, settled) = (&instrument.underlying, &instrument.settlement_asset);
            match &bucket {
                None => bucket = Some(Bucket { coin, settlement: Some(settled) }),
                Some(known) if known.coin != coin => {
                    return refuse(&instrument.name, known.coin, "offsets between underlyings");
                }
                Some(Bucket { settlement: Some(known), .. }) if *known != settled => {
                    let why = "offsets between settlement currencies";
                    return refuse(&instrument.name, known, why);
                }
                Some(_) => {}
            }
        }
        for asset in cash.iter().filter(|(_, cash)| cash.credit != 0.0).map(|(asset, _)| asset) {
            let Some(coin) = self.moves_with(asset) else { continue };
            match &bucket {
                None => bucket = Some(Bucket { coin, settlement: None }),
                Some(known) if known.coin != coin => {
                    return refuse(asset.as_str(), known.coin, "offsets between underlyings");
                }
                Some(_) => {}
            }
        }
        Ok(bucket)
    }

    fn currency(&self, settlement: &Asset) -> Result<&CurrencyParams, InputError> {
        let stable = !self.market.underlyings.contains_key(settlement);
        let key = if stable { "USD" } else { settlement.as_str() };
        let found = self.params.currencies.get(key);
        found.ok_or_else(|| no_entry(&self.params.id, &format!("currencies.{key}"), key))
    }

    fn legs(&self, portfolio: &Portfolio) -> Result<Vec<PairLeg>, InputError> {
        let leg = |holding: &plimsoll_model::Holding| {
            let instrument = &self.market.listing(holding.id).instrument;
            let unit = self.deltas.get(&holding.id);
            let unit = unit.ok_or_else(|| unprepared(self.market, portfolio))?;
            Ok(PairLeg::new(instrument, holding, *unit))
        };
        portfolio.holdings.iter().filter(|holding| holding.quantity != 0.0).map(leg).collect()
    }

    /// The worst state of positions and collateral together, split over legs and assets.
    fn scan(
        &self,
        coin: &Asset,
        legs: &[PairLeg],
        cash: &BTreeMap<Asset, Cash>,
        pair: &PairParams,
        rates: &CurrencyParams,
    ) -> Result<(Vec<Contribution>, crate::model::Unit), InputError> {
        let Some(array) = self.arrays.get(coin) else { return Err(self.unpriced(coin)) };
        let mut raw = vec![0.0; array.scenarios().len()];
        for leg in legs {
            let row = array.row(leg.id).ok_or_else(|| self.unpriced(coin))?;
            axpy(&mut raw, leg.quantity, row);
        }
        let mut held: Vec<(Asset, f64)> = Vec::new();
        for (asset, cash) in cash {
            if self.moves_with(asset) == Some(coin) {
                held.push((asset.clone(), cash.credit * price_usd(self.market, asset)?));
            }
        }
        let held_usd: f64 = held.iter().map(|(_, usd)| usd).sum();
        let mut scales = Vec::with_capacity(raw.len());
        let mut losses = Vec::with_capacity(raw.len());
        for (scenario, positions) in array.scenarios().iter().zip(&raw) {
            let raw = positions + held_usd * scenario.spot_move;
            let (pnl, scale) = if scenario.tail {
                pair.far(raw, scenario.spot_move, rates.extended_dampener_usd, None)
            } else {
                (raw, 1.0)
            };
            scales.push(scale);
            losses.push(ScenarioLoss {
                scenario: *scenario,
                raw_loss: 0.0 - raw,
                loss: 0.0 - pnl,
                label: None,
            });
        }
        let worst = worst_of(coin.as_str(), losses);
        let mut parts = Vec::new();
        if let Some(active) = worst.active {
            let scale = scales[active];
            for leg in legs {
                let cell = array.row(leg.id).map_or(0.0, |row| row[active]);
                let amount = -leg.quantity * cell * scale;
                parts.push(Contribution { leg: Leg::Instrument(leg.id), amount });
            }
            let spot_move = array.scenarios()[active].spot_move;
            for (asset, usd) in held {
                parts
                    .push(Contribution { leg: Leg::Cash(asset), amount: -usd * spot_move * scale });
            }
        }
        Ok((parts, worst.unit))
    }

    fn unpriced(&self, coin: &Asset) -> InputError {
        let message = format!("a position in {coin} was not prepared on market {}", self.market.id);
        InputError::new(InputCode::UnknownInstrument, message)
    }
}
