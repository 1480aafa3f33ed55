//! `binance-pm`: Binance's portfolio margin, one ratio for margin loans, quote-settled and coin-settled
//! futures.
//!
//! ```text
//! uniMMR   = (equity − open loss) / MM
//! equity   = Σ_assets min(E·index·collateral rate, E·index),  E = balance + unrealised profit
//! MM       = Σ futures maintenance·index + Σ debt·loan_mmr_pct·index
//! futures  = rate·N − cum,  N = |contracts|·coins·mark in the settlement asset, by bracket
//!            (coin-settled: N = |contracts|·contract size/mark coins)
//! open loss = Σ max(0, ±(limit − mark))·size over orders (+ buys, − sells)
//! ```
//!
//! The venue has no initial margin here: its bands act on uniMMR. Initial margin is reported equal to
//! maintenance margin, and the band is named in a note. Options are not margined.

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::{check_bounds, from_toml};
use plimsoll_model::{
    Asset, Holding, InstrumentId, Kind, Market, Portfolio, Provenance, Settlement,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::known::no_entry;
use crate::collateral::{self, CollateralRules, price_usd};
use crate::liquidation::{ClosedForm, bracketed};
use crate::model::{Component, Contribution, Leg, MarginModel, Pool, Prepared, Requirement};
use crate::tiers::BracketTable;

/// Parameters of Binance's portfolio margin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BinancePmParams {
    /// `binance-pm`.
    pub family: String,
    /// The model's id.
    pub id: String,
    /// Where the numbers come from.
    pub source: Provenance,
    /// Maintenance margin of a debt, percent.
    pub loan_mmr_pct: f64,
    /// What the venue does by uniMMR, from the safest band down.
    pub bands: Vec<Band>,
    /// Maintenance brackets.
    pub brackets: Vec<ContractBrackets>,
    /// Collateral: a haircut is one minus the collateral rate.
    pub collateral: CollateralRules,
}

/// What the venue does while uniMMR is above a level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// The level, percent; the band below begins at it.
    pub above_pct: f64,
    /// What the venue does.
    pub state: String,
}

/// Brackets of the contracts on some coins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContractBrackets {
    /// The coins.
    pub underlyings: Vec<Asset>,
    /// The settlement asset; `coin` is the underlying itself.
    pub settlement: String,
    /// Perpetuals or dated futures.
    pub contract: ContractKind,
    /// Bands of notional in the settlement asset.
    pub brackets: BracketTable,
}

/// Which futures brackets hold for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ContractKind {
    /// Without expiry.
    Perpetual,
    /// With expiry.
    Future,
}

/// Binance's portfolio margin.
#[derive(Clone, Debug)]
pub struct BinancePm {
    params: BinancePmParams,
}

impl BinancePm {
    /// Reads and checks a parameter file.
    pub fn from_toml(text: &str) -> Result<Self, InputError> {
        let params: BinancePmParams = from_toml(text)?;
        check_bounds("loan_mmr_pct", params.loan_mmr_pct, 0.0, 100.0)?;
        let mut most = 1e6;
        for (index, band) in params.bands.iter().enumerate() {
            check_bounds(&format!("bands[{index}].above_pct"), band.above_pct, 0.0, most)?;
            most = band.above_pct;
        }
        params.collateral.check()?;
        Ok(Self { params })
    }

    fn brackets(&self, market: &Market, id: InstrumentId) -> Result<&BracketTable, InputError> {
        let instrument = &market.listing(id).instrument;
        let contract = match instrument.kind {
            Kind::Perpetual => ContractKind::Perpetual,
            Kind::Future { .. } => ContractKind::Future,
            Kind::Spot | Kind::Option { .. } => {
                let message =
                    format!("{}: {} margins futures only", instrument.name, self.params.id);
                return Err(InputError::new(InputCode::Unsupported, message));
            }
        };
        let settlement = match instrument.settlement() {
            Settlement::Coin => "coin",
            Settlement::Quote => instrument.settlement_asset.as_str(),
        };
        let fits = |entry: &&ContractBrackets| {
            entry.contract == contract
                && entry.settlement == settlement
                && entry.underlyings.contains(&instrument.underlying)
        };
        let found = self.params.brackets.iter().find(fits);
        found.map(|entry| &entry.brackets).ok_or_else(|| {
            let parameter =
                format!("brackets of {} {contract:?}s in {settlement}", instrument.underlying);
            no_entry(&self.params.id, &parameter, &instrument.name)
        })
    }
}

impl MarginModel for BinancePm {
    fn id(&self) -> &str {
        &self.params.id
    }

    fn provenance(&self) -> &Provenance {
        &self.params.source
    }

    fn prepare<'a>(
        &'a self,
        market: &'a Market,
        _ids: &[InstrumentId],
    ) -> Result<Box<dyn Prepared + 'a>, InputError> {
        // Nothing is priced in scenarios; brackets are read when a position needs them.
        Ok(Box::new(PreparedBinance { model: self, market }))
    }
}

struct PreparedBinance<'a> {
    model: &'a BinancePm,
    market: &'a Market,
}

impl Prepared for PreparedBinance<'_> {
    fn requirement(&self, portfolio: &Portfolio) -> Result<Requirement, InputError> {
        self.with_open_loss(portfolio, 0.0)
    }

    fn requirement_with_orders(
        &self,
        portfolio: &Portfolio,
    ) -> Option<Result<Requirement, InputError>> {
        Some(self.open_loss(portfolio).and_then(|loss| self.with_open_loss(portfolio, loss)))
    }

    /// The venue's formula for cross-margined quote-settled futures, where one such contract is all
    /// that moves with its coin: uniMMR is 100 % there. Source: Binance, "How to Calculate Liquidation Price of USDⓈ-M
    /// Futures Contracts".
    fn liquidation_price(
        &self,
        portfolio: &Portfolio,
        id: InstrumentId,
    ) -> Result<Option<ClosedForm>, InputError> {
        let instrument = &self.market.listing(id).instrument;
        let (coin, settled) = (&instrument.underlying, &instrument.settlement_asset);
        let moves = |holding: &&Holding| {
            let other = &self.market.listing(holding.id).instrument;
            holding.quantity != 0.0
                && (other.underlying == *coin || other.settlement_asset == *coin)
        };
        let mut moving = portfolio.holdings.iter().filter(moves);
        let (Some(own), None) = (moving.next(), moving.next()) else { return Ok(None) };
        let alone = instrument.settlement() == Settlement::Quote
            && instrument.is_future()
            && !self.market.underlyings.contains_key(settled)
            && !portfolio.balances.contains_key(coin)
            && self.model.params.collateral.counts_in_full(settled);
        if !alone {
            return Ok(None);
        }
        let table = self.model.brackets(self.market, id)?;
        let usd = price_usd(self.market, settled)?;
        let price = self.market.reference_price(id)?;
        let mut available = table.maintenance(self.notional(own)?);
        for pool in self.requirement(portfolio)?.pools {
            available += pool.maintenance_excess() / usd;
        }
        let coins = own.quantity * instrument.base_per_contract(price);
        Ok(Some(bracketed(table, price, coins, available)))
    }
}

impl PreparedBinance<'_> {
    fn with_open_loss(
        &self,
        portfolio: &Portfolio,
        open_loss: f64,
    ) -> Result<Requirement, InputError> {
        let params = &self.model.params;
        let cash = params.collateral.cash(self.market, portfolio)?;
        let mut figures = BTreeMap::new();
        let futures = self.futures(portfolio, &mut figures)?;
        let loans = self.loans(portfolio)?;
        let equity = collateral::equity_usd(&params.collateral, self.market, portfolio, &cash)?;
        let adjusted = equity - open_loss;
        figures.insert("equity_before_open_loss".to_owned(), equity);
        figures.insert("open_loss".to_owned(), open_loss);
        let maintenance = futures.maintenance + loans.maintenance;
        let mut notes = params.collateral.refusals(portfolio);
        if maintenance > 0.0 {
            let ratio_pct = 100.0 * adjusted / maintenance;
            figures.insert("uni_mmr_pct".to_owned(), ratio_pct);
            let above = params.bands.iter().find(|band| ratio_pct > band.above_pct);
            if let Some(band) = above.or(params.bands.last()) {
                notes.push(format!("uniMMR is {ratio_pct:.2} %: {}", band.state));
            }
        }
        let pool = Pool {
            name: "account".to_owned(),
            asset: Asset::usd(),
            asset_price_usd: 1.0,
            equity: adjusted,
            components: vec![futures, loans],
            units: vec![],
            figures,
        };
        Ok(Requirement { pools: vec![pool], notes })
    }

    fn futures(
        &self,
        portfolio: &Portfolio,
        figures: &mut BTreeMap<String, f64>,
    ) -> Result<Component, InputError> {
        let mut component = Component::scaled("futures", 0.0, 1.0, vec![]);
        for holding in &portfolio.holdings {
            let instrument = &self.market.listing(holding.id).instrument;
            if holding.quantity == 0.0 || instrument.kind == Kind::Spot {
                continue;
            }
            let table = self.model.brackets(self.market, holding.id)?;
            let margin = table.maintenance(self.notional(holding)?);
            let settled = &instrument.settlement_asset;
            figures.insert(format!("{}_maintenance_{settled}", instrument.name), margin);
            *figures.entry(format!("futures_maintenance_{settled}")).or_default() += margin;
            let amount = margin * price_usd(self.market, settled)?;
            component.initial += amount;
            component.maintenance += amount;
            component.contributions.push(Contribution { leg: Leg::Instrument(holding.id), amount });
        }
        Ok(component)
    }

    /// Of a position in its settlement asset.
    fn notional(&self, holding: &Holding) -> Result<f64, InputError> {
        let instrument = &self.market.listing(holding.id).instrument;
        let mark = self.market.reference_price(holding.id)?;
        let coins = holding.quantity.abs() * instrument.base_per_contract(mark);
        Ok(match instrument.settlement() {
            Settlement::Coin => coins,
            Settlement::Quote => coins * mark,
        })
    }

    fn loans(&self, portfolio: &Portfolio) -> Result<Component, InputError> {
        let mut component = Component::scaled("loans", 0.0, 1.0, vec![]);
        for (asset, balance) in portfolio.balances.iter().filter(|(_, balance)| **balance < 0.0) {
            let debt = -balance * price_usd(self.market, asset)?;
            let amount = debt * self.model.params.loan_mmr_pct / 100.0;
            component.initial += amount;
            component.maintenance += amount;
            component.contributions.push(Contribution { leg: Leg::Cash(asset.clone()), amount });
        }
        Ok(component)
    }

    /// What orders lose at once by limits worse than the mark, in USD.
    fn open_loss(&self, portfolio: &Portfolio) -> Result<f64, InputError> {
        let mut sum = 0.0;
        for order in &portfolio.orders {
            let instrument = &self.market.listing(order.id).instrument;
            if instrument.kind == Kind::Spot {
                continue;
            }
            // What is not margined as a position is refused as an order.
            self.model.brackets(self.market, order.id)?;
            let Some(limit) = order.price else { continue };
            let lot = plimsoll_pricing::contract::unrealised(
                self.market,
                order.id,
                order.quantity,
                limit,
            )?;
            sum += (-lot).max(0.0) * price_usd(self.market, &instrument.settlement_asset)?;
        }
        Ok(sum)
    }
}
