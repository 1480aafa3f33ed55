//! `bybit-pm`: Bybit's portfolio margin of the unified account: one risk unit per base coin, the largest
//! loss on a grid of the index and vols, plus contingencies.
//!
//! ```text
//! MM(unit) = max(0, max over the grid of the loss)
//!          + short_option_pct·net short coins·index             Σ short − Σ long option coins, if positive
//!          + vega_spread_pct_per_day·Σ_pairs coins·days·index   net option coins, expiry by expiry
//!          + stable_spread_pct·hedged Δ·index                   USDT contracts against USDC contracts
//!          + delta_spread_pct_per_year·Σ_pairs Δ·years·index    net Δ, expiry by expiry
//!          + futures_pct·Σ |coins|·index                        perpetuals and futures
//! IM = im_factor·MM
//! ```
//!
//! Pairs are opposite amounts at different expiries, matched nearest first (perpetuals have no time to
//! expiry). Futures gain `coins·index·move`. Factors that the venue shows only in its app are optional;
//! a book that needs an absent one is refused by the name of the instrument and the factor.

use std::collections::BTreeMap;

use plimsoll_model::error::InputError;
use plimsoll_model::params::{check_bounds, from_toml};
use plimsoll_model::{Asset, InstrumentId, Kind, Market, Portfolio, Provenance};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::known::{Known, no_entry};
use super::unified::{
    UnitLeg, coins_held, derivative_legs, marked_at_index, matched, offset, shared, spot_in_use,
};
use crate::collateral::{self, Cash, CollateralRules, price_usd};
use crate::cross::{Grid, Grids, UnitArrays};
use crate::model::{Component, Contribution, MarginModel, Pool, Prepared, Requirement};

/// Parameters of Bybit's portfolio margin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BybitParams {
    /// `bybit-pm`.
    pub family: String,
    /// The model's id.
    pub id: String,
    /// Where the numbers come from.
    pub source: Provenance,
    /// Initial over maintenance margin.
    pub im_factor: f64,
    /// Whether coins held hedge derivatives of their risk unit; a setting of the account.
    pub spot_hedging: bool,
    /// Scenario grids by underlying.
    pub grids: Vec<Grid>,
    /// Contingency factors by underlying.
    pub contingencies: BTreeMap<Asset, Contingencies>,
    /// Collateral.
    pub collateral: CollateralRules,
}

/// Contingency factors of one underlying, percent of the index per coin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contingencies {
    /// Of net short options.
    pub short_option_pct: Known<f64>,
    /// Of options hedged at another expiry, per day between them.
    pub vega_spread_pct_per_day: Known<f64>,
    /// Of delta hedged between USDT and USDC contracts.
    pub stable_spread_pct: Known<f64>,
    /// Of delta hedged at another expiry, per year between them.
    pub delta_spread_pct_per_year: Known<f64>,
    /// Of perpetuals and futures, gross.
    pub futures_pct: Known<f64>,
}

/// Bybit's portfolio margin.
#[derive(Clone, Debug)]
pub struct BybitPm {
    params: BybitParams,
    grids: Grids,
}

impl BybitPm {
    /// Reads and checks a parameter file.
    pub fn from_toml(text: &str) -> Result<Self, InputError> {
        let params: BybitParams = from_toml(text)?;
        check_bounds("im_factor", params.im_factor, 1.0, 10.0)?;
        for (asset, factors) in &params.contingencies {
            for (name, factor) in factors.each() {
                if let Some(factor) = factor.value() {
                    check_bounds(&format!("contingencies.{asset}.{name}"), *factor, 0.0, 1000.0)?;
                }
            }
        }
        params.collateral.check()?;
        let grids = Grids::new(&params.grids)?;
        Ok(Self { params, grids })
    }
}

impl Contingencies {
    fn each(&self) -> [(&'static str, &Known<f64>); 5] {
        [
            ("short_option_pct", &self.short_option_pct),
            ("vega_spread_pct_per_day", &self.vega_spread_pct_per_day),
            ("stable_spread_pct", &self.stable_spread_pct),
            ("delta_spread_pct_per_year", &self.delta_spread_pct_per_year),
            ("futures_pct", &self.futures_pct),
        ]
    }
}

impl MarginModel for BybitPm {
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
        let at_index = marked_at_index(market)?;
        let arrays = UnitArrays::price(&self.params.id, &at_index, ids, &self.grids)?;
        Ok(Box::new(PreparedBybit { params: &self.params, market, arrays }))
    }
}

struct PreparedBybit<'a> {
    params: &'a BybitParams,
    market: &'a Market,
    arrays: UnitArrays,
}

impl Prepared for PreparedBybit<'_> {
    fn requirement(&self, portfolio: &Portfolio) -> Result<Requirement, InputError> {
        let rules = &self.params.collateral;
        let cash = rules.cash(self.market, portfolio)?;
        let derivatives = portfolio
            .filtered(|holding| self.market.listing(holding.id).instrument.kind != Kind::Spot);
        let books = self.books(portfolio)?;
        let hedging = self.hedging_spot(portfolio, &cash, &books)?;
        let mut components =
            ["scan", "short_option", "vega_spread", "stable_spread", "delta_spread", "futures"]
                .map(|name| Component::scaled(name, 0.0, 0.0, vec![]));
        let mut units = Vec::new();
        let mut figures = BTreeMap::new();
        for scan in self.arrays.scan(self.market, &derivatives, &hedging)? {
            let coin = &scan.underlying;
            let Some(book) = books.get(coin) else { continue };
            let charges = [
                (scan.worst.amount, scan.contributions),
                book.short_options()?,
                book.vega_spread()?,
                book.stable_spread()?,
                book.delta_spread()?,
                book.futures()?,
            ];
            for (component, (amount, parts)) in components.iter_mut().zip(charges) {
                figures.insert(format!("{coin}_{}", component.name), amount);
                self.add(component, amount, parts);
            }
            units.push(scan.worst.unit);
        }
        let mut notes = rules.refusals(portfolio);
        for asset in cash.iter().filter(|(_, cash)| cash.amount < 0.0).map(|(asset, _)| asset) {
            notes.push(format!(
                "{asset} is owed: the venue's margin on borrowing is not charged here"
            ));
        }
        let pool = Pool {
            name: "account".to_owned(),
            asset: Asset::usd(),
            asset_price_usd: 1.0,
            equity: collateral::equity_usd(rules, self.market, portfolio, &cash)?,
            components: components.into(),
            units,
            figures,
        };
        Ok(Requirement { pools: vec![pool], notes })
    }
}

/// One charge in USD, at maintenance, with its split.
type Charge = (f64, Vec<Contribution>);

impl PreparedBybit<'_> {
    fn add(&self, component: &mut Component, amount: f64, parts: Vec<Contribution>) {
        let factor = self.params.im_factor;
        component.initial += factor * amount;
        component.maintenance += amount;
        let part = |part: Contribution| Contribution { amount: factor * part.amount, ..part };
        component.contributions.extend(parts.into_iter().map(part));
    }

    /// The derivatives of every underlying in which the portfolio has any.
    fn books(&self, portfolio: &Portfolio) -> Result<BTreeMap<&Asset, UnitBook<'_>>, InputError> {
        let mut books = BTreeMap::new();
        for underlying in self.market.underlyings.keys() {
            let index_usd = price_usd(self.market, underlying)?;
            let legs = derivative_legs(self.market, portfolio, underlying, index_usd)?;
            if !legs.is_empty() {
                let factors = self.params.contingencies.get(underlying);
                let model = &self.params.id;
                books.insert(underlying, UnitBook { model, underlying, factors, legs, index_usd });
            }
        }
        Ok(books)
    }

    /// Coins of each unit that hedge its derivatives.
    fn hedging_spot(
        &self,
        portfolio: &Portfolio,
        cash: &BTreeMap<Asset, Cash>,
        books: &BTreeMap<&Asset, UnitBook<'_>>,
    ) -> Result<BTreeMap<Asset, Cash>, InputError> {
        let mut hedging = BTreeMap::new();
        for (coin, book) in books.iter().filter(|_| self.params.spot_hedging) {
            let held = coins_held(self.market, portfolio, cash, coin)?;
            let in_use = spot_in_use(held, book.legs.iter().map(|leg| leg.delta).sum());
            if in_use != 0.0 {
                hedging.insert((*coin).clone(), Cash { amount: in_use, credit: in_use });
            }
        }
        Ok(hedging)
    }
}

/// The derivatives of one risk unit with their factors.
struct UnitBook<'a> {
    model: &'a str,
    underlying: &'a Asset,
    factors: Option<&'a Contingencies>,
    legs: Vec<UnitLeg>,
    index_usd: f64,
}

impl UnitBook<'_> {
    /// Charges a factor on some coins, split by weights; nothing needs no factor.
    fn charge(
        &self,
        name: &str,
        factor: fn(&Contingencies) -> &Known<f64>,
        coins: f64,
        weights: &[(InstrumentId, f64)],
    ) -> Result<Charge, InputError> {
        if coins == 0.0 {
            return Ok((0.0, vec![]));
        }
        let parameter = format!("contingencies.{}.{name}", self.underlying);
        let first = weights.iter().find(|(_, weight)| *weight != 0.0).map(|(id, _)| *id);
        let named = self.legs.iter().find(|leg| Some(leg.id) == first);
        let culprit = named.map_or(self.underlying.as_str(), |leg| &leg.name);
        let known = self.factors.map(factor);
        let known = known.ok_or_else(|| no_entry(self.model, &parameter, culprit))?;
        let pct = known.need(self.model, &parameter, culprit)?;
        let amount = coins * pct / 100.0 * self.index_usd;
        Ok((amount, shared(amount, weights)))
    }

    fn weights(&self, weight: impl Fn(&UnitLeg) -> f64) -> Vec<(InstrumentId, f64)> {
        self.legs.iter().map(|leg| (leg.id, weight(leg))).collect()
    }

    fn short_options(&self) -> Result<Charge, InputError> {
        let net: f64 = self.legs.iter().filter(|leg| leg.is_option).map(|leg| leg.coins).sum();
        let short = |leg: &UnitLeg| if leg.is_option { leg.coins.min(0.0) } else { 0.0 };
        let weights = self.weights(short);
        self.charge("short_option_pct", |f| &f.short_option_pct, (-net).max(0.0), &weights)
    }

    fn vega_spread(&self) -> Result<Charge, InputError> {
        let coins = |leg: &UnitLeg| if leg.is_option { leg.coins } else { 0.0 };
        let found = matched(self.legs.iter().map(|leg| (leg.tau_years, coins(leg))));
        let coin_days = found.pairs.iter().map(|(amount, years)| amount * 365.0 * years).sum();
        let weights = self.weights(coins);
        self.charge("vega_spread_pct_per_day", |f| &f.vega_spread_pct_per_day, coin_days, &weights)
    }

    fn stable_spread(&self) -> Result<Charge, InputError> {
        let quoted =
            |leg: &UnitLeg, quote| if leg.quote.as_str() == quote { leg.delta } else { 0.0 };
        let net = |quote| -> f64 { self.legs.iter().map(|leg| quoted(leg, quote)).sum() };
        let hedged = offset(net("USDT"), net("USDC"));
        let weights = self.weights(|leg| quoted(leg, "USDT") + quoted(leg, "USDC"));
        self.charge("stable_spread_pct", |f| &f.stable_spread_pct, hedged, &weights)
    }

    fn delta_spread(&self) -> Result<Charge, InputError> {
        let found = matched(self.legs.iter().map(|leg| (leg.tau_years, leg.delta)));
        let coin_years = found.pairs.iter().map(|(amount, years)| amount * years).sum();
        let weights = self.weights(|leg| leg.delta);
        let name = "delta_spread_pct_per_year";
        self.charge(name, |f| &f.delta_spread_pct_per_year, coin_years, &weights)
    }

    fn futures(&self) -> Result<Charge, InputError> {
        let weights = self.weights(|leg| if leg.is_option { 0.0 } else { leg.coins.abs() });
        let gross = weights.iter().map(|(_, coins)| coins).sum();
        self.charge("futures_pct", |f| &f.futures_pct, gross, &weights)
    }
}
