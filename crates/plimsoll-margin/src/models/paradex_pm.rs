//! `paradex-pm`: scan with far tails, or a charge on net and hedged delta, whichever is larger.
//!
//! ```text
//! min_delta = (u·|net Δ| + h·hedged Δ)·S,  hedged Δ = (gross Δ − |net Δ|)/2,  gross Δ = Σ|q·Δ|
//! IMR = Σ_u max(scan_u, min_delta_u) + funding + fees
//! MMR = 50 %·Σ_u max(scan_u, min_delta_u) + funding + fees
//! ```
//!
//! Funding is the net expected funding cost of the next eight hours, not below zero; fees are
//! `fee_provision_pct` of notional. The venue margins one underlying's risk at a time.

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::{check_bounds, from_toml};
use plimsoll_model::{Asset, InstrumentId, Kind, Market, Portfolio, Provenance};
use plimsoll_pricing::contract;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::collateral::{self, CollateralRules};
use crate::cross::{Grid, Grids, UnitArrays};
use crate::exposure::{self, LegGreeks};
use crate::functional::{Charge, accrue};
use crate::model::{Component, Contribution, Leg, MarginModel, Pool, Prepared, Requirement};

/// Parameters of Paradex portfolio margin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParadexParams {
    /// `paradex-pm`.
    pub family: String,
    /// The model's id.
    pub id: String,
    /// Where the numbers come from.
    pub source: Provenance,
    /// Scenario grids by underlying.
    pub grids: Vec<Grid>,
    /// The minimum-delta charge by underlying.
    pub min_delta: BTreeMap<Asset, MinDelta>,
    /// Maintenance as a percentage of the risk part of initial margin.
    pub maintenance_pct: f64,
    /// Fee provision, percent of notional.
    pub fee_provision_pct: f64,
    /// Collateral.
    pub collateral: CollateralRules,
}

/// Rates of the minimum-delta charge, percent of spot per coin of delta.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MinDelta {
    /// On net delta.
    pub net_pct: f64,
    /// On hedged delta.
    pub hedged_pct: f64,
}

/// Paradex portfolio margin.
#[derive(Clone, Debug)]
pub struct ParadexPm {
    params: ParadexParams,
    grids: Grids,
}

impl ParadexPm {
    /// Reads and checks a parameter file.
    pub fn from_toml(text: &str) -> Result<Self, InputError> {
        let params: ParadexParams = from_toml(text)?;
        check_bounds("maintenance_pct", params.maintenance_pct, 0.0, 100.0)?;
        check_bounds("fee_provision_pct", params.fee_provision_pct, 0.0, 10.0)?;
        for (asset, rates) in &params.min_delta {
            check_bounds(&format!("min_delta.{asset}.net_pct"), rates.net_pct, 0.0, 100.0)?;
            check_bounds(&format!("min_delta.{asset}.hedged_pct"), rates.hedged_pct, 0.0, 100.0)?;
        }
        params.collateral.check()?;
        let grids = Grids::new(&params.grids)?;
        Ok(Self { params, grids })
    }
}

impl MarginModel for ParadexPm {
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
        let arrays = UnitArrays::price(&self.params.id, market, ids, &self.grids)?;
        Ok(Box::new(PreparedParadex { params: &self.params, market, arrays }))
    }
}

struct PreparedParadex<'a> {
    params: &'a ParadexParams,
    market: &'a Market,
    arrays: UnitArrays,
}

impl Prepared for PreparedParadex<'_> {
    fn requirement(&self, portfolio: &Portfolio) -> Result<Requirement, InputError> {
        let rules = &self.params.collateral;
        let cash = rules.cash(self.market, portfolio)?;
        let legs = exposure::legs(self.market, portfolio)?;
        let share = self.params.maintenance_pct / 100.0;
        let mut scan = Component::scaled("scan", 0.0, share, vec![]);
        let mut min_delta = Component::scaled("min_delta", 0.0, share, vec![]);
        let mut units = Vec::new();
        let mut figures = BTreeMap::new();
        for unit in self.arrays.scan(self.market, portfolio, &cash)? {
            let found = self.min_delta(&unit.underlying, &legs)?;
            let base = Charge::from_scan(&unit);
            let raised = base.raised_to(&found.charge);
            accrue(&mut scan, &Charge::default(), &base, share);
            accrue(&mut min_delta, &base, &raised, share);
            let coin = &unit.underlying;
            figures.insert(format!("{coin}_net_delta"), found.net_delta);
            figures.insert(format!("{coin}_gross_delta"), found.gross_delta);
            figures.insert(format!("{coin}_hedged_delta"), found.hedged_delta);
            figures.insert(format!("{coin}_min_delta_charge"), found.charge.amount);
            figures.insert(format!("{coin}_scan"), base.amount);
            units.push(unit.worst.unit);
        }
        let pool = Pool {
            name: "account".to_owned(),
            asset: Asset::usd(),
            asset_price_usd: 1.0,
            equity: collateral::equity_usd(rules, self.market, portfolio, &cash)?,
            components: vec![scan, min_delta, self.funding(portfolio)?, self.fees(portfolio)?],
            units,
            figures,
        };
        Ok(Requirement { pools: vec![pool], notes: rules.refusals(portfolio) })
    }
}

/// The minimum-delta charge of one underlying with its workings.
struct MinDeltaCharge {
    net_delta: f64,
    gross_delta: f64,
    hedged_delta: f64,
    charge: Charge,
}

impl PreparedParadex<'_> {
    fn min_delta(
        &self,
        underlying: &Asset,
        legs: &[LegGreeks],
    ) -> Result<MinDeltaCharge, InputError> {
        let rates = self.params.min_delta.get(underlying).ok_or_else(|| {
            let message = format!("{} has no min_delta for {underlying}", self.params.id);
            InputError::new(InputCode::Unsupported, message)
        })?;
        let spot = collateral::price_usd(self.market, underlying)?;
        let on_coin =
            |leg: &&LegGreeks| self.market.listing(leg.id).instrument.underlying == *underlying;
        let deltas: Vec<(InstrumentId, f64)> = legs
            .iter()
            .filter(on_coin)
            .map(|leg| (leg.id, leg.quantity * leg.unit.delta))
            .collect();
        let net_delta: f64 = deltas.iter().map(|(_, delta)| delta).sum();
        let gross_delta: f64 = deltas.iter().map(|(_, delta)| delta.abs()).sum();
        let hedged_delta = (gross_delta - net_delta.abs()) / 2.0;
        let (net_rate, hedged_rate) = (rates.net_pct / 100.0, rates.hedged_pct / 100.0);
        // d|net|/dq and d hedged/dq, each times q: homogeneous of degree one, so they add up.
        let mut charge = Charge::default();
        for (id, delta) in &deltas {
            let toward_net = delta * net_delta.signum();
            let toward_hedged = (delta.abs() - toward_net) / 2.0;
            charge.push(*id, (net_rate * toward_net + hedged_rate * toward_hedged) * spot);
        }
        charge.amount = (net_rate * net_delta.abs() + hedged_rate * hedged_delta) * spot;
        Ok(MinDeltaCharge { net_delta, gross_delta, hedged_delta, charge })
    }

    fn funding(&self, portfolio: &Portfolio) -> Result<Component, InputError> {
        let mut parts = Charge::default();
        for holding in &portfolio.holdings {
            let listing = self.market.listing(holding.id);
            let rate = listing.funding_8h.filter(|_| listing.instrument.kind == Kind::Perpetual);
            if let Some(rate) = rate {
                let notional = contract::greeks(self.market, holding.id)?.delta_usd;
                parts.push(holding.id, holding.quantity * notional * rate);
            }
        }
        if parts.amount <= 0.0 {
            parts = Charge::default();
        }
        Ok(Component::scaled("funding_provision", parts.amount, 1.0, parts.parts))
    }

    fn fees(&self, portfolio: &Portfolio) -> Result<Component, InputError> {
        let mut parts = Vec::new();
        let mut amount = 0.0;
        for holding in &portfolio.holdings {
            let coin = &self.market.listing(holding.id).instrument.underlying;
            let base = contract::base_per_contract(self.market, holding.id)?;
            let notional =
                holding.quantity.abs() * base * collateral::price_usd(self.market, coin)?;
            let fee = notional * self.params.fee_provision_pct / 100.0;
            amount += fee;
            parts.push(Contribution { leg: Leg::Instrument(holding.id), amount: fee });
        }
        Ok(Component::scaled("fee_provision", amount, 1.0, parts))
    }
}
