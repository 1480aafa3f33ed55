//! `okx-pm`: OKX's portfolio margin: one risk unit per underlying, in which contracts of every
//! settlement and hedging spot net.
//!
//! ```text
//! MMR(unit) = max( max(MR1, MR2, MR6) + MR3 + MR4 + MR5 + MR9, adjusted MR7 )
//! IMR(unit) = imr_factor·MMR(unit)
//! MMR = Σ MMR(unit) + mmr_pct·debt,   IMR = Σ IMR(unit) + imr_pct·debt            (MR8)
//! ```
//!
//! `MR1` spot × vol, `MR2` decay of a day, `MR6` an extreme move: `scenarios`. `MR3` vega term
//! structure, `MR4` basis, `MR5` rates, `MR7` minimum charge, `MR9` stable coins: `charges`. Tables that
//! the venue shows only in its pages are optional; a book that needs an absent one is refused by the
//! name of the instrument and the table.

mod charges;
mod params;
mod scenarios;

use std::collections::BTreeMap;

use plimsoll_model::error::InputError;
use plimsoll_model::params::from_toml;
use plimsoll_model::{Asset, Holding, InstrumentId, Market, Portfolio, Provenance};

pub use params::{
    Borrowing, DepegBand, IvShock, MinimumTier, OkxParams, OptionTables, TenorRate, UnitRates,
};

use super::unified::{
    UnitLeg, coins_held, derivative_legs, marked_at_index, offset, shared, spot_in_use,
};
use crate::collateral::{self, Cash, price_usd};
use crate::cross::unprepared;
use crate::model::{Component, Contribution, Leg, MarginModel, Pool, Prepared, Requirement, Unit};
use scenarios::{Shocked, UnitArrays};

/// OKX's portfolio margin.
#[derive(Clone, Debug)]
pub struct OkxPm {
    params: OkxParams,
}

impl OkxPm {
    /// Reads and checks a parameter file.
    pub fn from_toml(text: &str) -> Result<Self, InputError> {
        let params: OkxParams = from_toml(text)?;
        params.check()?;
        Ok(Self { params })
    }
}

impl MarginModel for OkxPm {
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
        let mut by_unit: BTreeMap<Asset, Vec<InstrumentId>> = BTreeMap::new();
        for id in ids {
            let underlying = &market.listing(*id).instrument.underlying;
            by_unit.entry(underlying.clone()).or_default().push(*id);
        }
        let at_index = marked_at_index(market)?;
        let mut arrays = BTreeMap::new();
        for (underlying, ids) in by_unit {
            let rates = self.params.unit(&underlying, &market.listing(ids[0]).instrument.name)?;
            let array = UnitArrays::price(&self.params, rates, &at_index, &ids)?;
            arrays.insert(underlying, array);
        }
        Ok(Box::new(PreparedOkx { params: &self.params, market, arrays }))
    }
}

struct PreparedOkx<'a> {
    params: &'a OkxParams,
    market: &'a Market,
    arrays: BTreeMap<Asset, UnitArrays>,
}

/// Everything charged in one risk unit, at maintenance.
struct UnitCharges {
    unit: Unit,
    components: Vec<Charge>,
}

/// A named charge with its split, at maintenance.
struct Charge {
    name: &'static str,
    amount: f64,
    parts: Vec<Contribution>,
}

/// What one risk unit is made of.
struct UnitBook<'a> {
    underlying: &'a Asset,
    rates: &'a UnitRates,
    legs: Vec<UnitLeg>,
    /// Coins of collateral that hedge.
    spot_in_use: f64,
    index_usd: f64,
}

impl Prepared for PreparedOkx<'_> {
    fn requirement(&self, portfolio: &Portfolio) -> Result<Requirement, InputError> {
        let rules = &self.params.collateral;
        let cash = rules.cash(self.market, portfolio)?;
        let mut components: Vec<Component> = Vec::new();
        let mut units = Vec::new();
        let mut figures = BTreeMap::new();
        let mut notes = rules.refusals(portfolio);
        let unit_of = |holding: &Holding| &self.market.listing(holding.id).instrument.underlying;
        if portfolio.holdings.iter().any(|holding| !self.arrays.contains_key(unit_of(holding))) {
            return Err(unprepared(self.market, portfolio));
        }
        for (underlying, arrays) in &self.arrays {
            let Some(book) = self.unit_book(underlying, portfolio, &cash)? else { continue };
            let found = self.unit(&book, arrays, portfolio, &mut figures, &mut notes)?;
            for charge in found.components {
                self.add(&mut components, charge);
            }
            units.push(found.unit);
        }
        components.push(self.borrowing(&cash)?);
        let pool = Pool {
            name: "account".to_owned(),
            asset: Asset::usd(),
            asset_price_usd: 1.0,
            equity: collateral::equity_usd(rules, self.market, portfolio, &cash)?,
            components,
            units,
            figures,
        };
        Ok(Requirement { pools: vec![pool], notes })
    }
}

impl PreparedOkx<'_> {
    fn unit_book<'b>(
        &'b self,
        underlying: &'b Asset,
        portfolio: &Portfolio,
        cash: &BTreeMap<Asset, Cash>,
    ) -> Result<Option<UnitBook<'b>>, InputError> {
        let index_usd = price_usd(self.market, underlying)?;
        let legs = derivative_legs(self.market, portfolio, underlying, index_usd)?;
        let Some(first) = legs.first() else { return Ok(None) };
        let rates = self.params.unit(underlying, &first.name)?;
        let delta = legs.iter().map(|leg| leg.delta).sum();
        let held = coins_held(self.market, portfolio, cash, underlying)?;
        let hedging = if self.params.spot_hedging { spot_in_use(held, delta) } else { 0.0 };
        Ok(Some(UnitBook { underlying, rates, legs, spot_in_use: hedging, index_usd }))
    }

    fn unit(
        &self,
        book: &UnitBook<'_>,
        arrays: &UnitArrays,
        portfolio: &Portfolio,
        figures: &mut BTreeMap<String, f64>,
        notes: &mut Vec<String>,
    ) -> Result<UnitCharges, InputError> {
        let params = self.params;
        let Shocked { unit, mr1, mr2, mr6, parts } =
            arrays.shocked(params, book, self.market, portfolio)?;
        let scan = mr1.max(mr2).max(mr6);
        let vega = params.vega_term(book)?;
        let basis = params.basis(book, notes)?;
        let rate = params.interest(book)?;
        let depeg = params.depeg(book, self.market)?;
        let covered = scan + vega.amount + basis.amount + rate.amount + depeg.amount;
        let minimum = params.minimum(book, covered)?;
        let (raw, adjusted) = (minimum.raw, minimum.adjusted);
        let above = minimum.above(covered);
        let mmr = covered + above.amount;
        let coin = book.underlying;
        let delta_usd: f64 = book.legs.iter().map(|leg| leg.delta_usd).sum();
        let named = [
            ("delta_usd", delta_usd),
            ("spot_in_use_coins", book.spot_in_use),
            ("mr1", mr1),
            ("mr2", mr2),
            ("mr3", vega.amount),
            ("mr4", basis.amount),
            ("mr5", rate.amount),
            ("mr6", mr6),
            ("mr7", raw),
            ("mr9", depeg.amount),
            ("mmr", mmr),
            ("imr", params.imr_factor * mmr),
        ];
        figures.extend(named.map(|(name, value)| (format!("{coin}_{name}"), value)));
        if let Some(adjusted) = adjusted {
            figures.insert(format!("{coin}_mr7_adjusted"), adjusted);
        }
        let scan = Charge { name: "scan", amount: scan, parts };
        Ok(UnitCharges { unit, components: vec![scan, vega, basis, rate, depeg, above] })
    }

    /// Adds a unit's charge to the component of its name: maintenance as charged, initial margin
    /// `imr_factor` times that.
    fn add(&self, components: &mut Vec<Component>, charge: Charge) {
        let place = components.iter().position(|component| component.name == charge.name);
        let place = place.unwrap_or_else(|| {
            components.push(Component::scaled(charge.name, 0.0, 0.0, vec![]));
            components.len() - 1
        });
        let factor = self.params.imr_factor;
        let component = &mut components[place];
        component.initial += factor * charge.amount;
        component.maintenance += charge.amount;
        let part = |part: Contribution| Contribution { amount: factor * part.amount, ..part };
        component.contributions.extend(charge.parts.into_iter().map(part));
    }

    /// MR8: a share of every debt, unrealised losses included.
    fn borrowing(&self, cash: &BTreeMap<Asset, Cash>) -> Result<Component, InputError> {
        let rates = &self.params.borrowing;
        let mut component = Component::scaled("borrowing", 0.0, 0.0, vec![]);
        for (asset, cash) in cash.iter().filter(|(_, cash)| cash.amount < 0.0) {
            let debt = -cash.amount * price_usd(self.market, asset)?;
            let amount = debt * rates.imr_pct / 100.0;
            component.initial += amount;
            component.maintenance += debt * rates.mmr_pct / 100.0;
            component.contributions.push(Contribution { leg: Leg::Cash(asset.clone()), amount });
        }
        Ok(component)
    }
}
