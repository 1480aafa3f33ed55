//! Margin of perpetuals by tiers, for every account mode.

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::check_bounds;
use plimsoll_model::{Asset, InstrumentId, Market, Portfolio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Component, Contribution, Leg};
use crate::models::perpetual::{self, PerpetualLeg, Role, role};
use crate::tiers::{BracketRow, BracketTable};

/// Margin of perpetuals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PerpsParams {
    /// Maintenance margin as a share of initial margin at maximum leverage.
    pub maintenance_share: f64,
    /// Equity below this share of maintenance margin goes to the backstop liquidator.
    pub backstop_share: f64,
    /// The leverage this account has set, by coin; the most there is where it is not named.
    #[serde(default)]
    pub leverage: BTreeMap<Asset, f64>,
    /// Margin tables.
    pub tables: Vec<MarginTable>,
}

/// The margin table of some coins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarginTable {
    /// The coins it holds for.
    pub coins: Vec<Asset>,
    /// Tiers, lowest first.
    pub tiers: Vec<LeverageTier>,
}

/// One tier of a margin table.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeverageTier {
    /// Lower end of the tier, collateral token.
    pub lower_usd: f64,
    /// Most leverage inside the tier.
    pub max_leverage: f64,
}

/// Checked tables by coin.
#[derive(Clone, Debug)]
pub struct Perps {
    model: String,
    maintenance_share: f64,
    by_coin: BTreeMap<Asset, CoinTable>,
}

/// The table of one coin.
#[derive(Clone, Debug)]
pub struct CoinTable {
    /// Maintenance brackets.
    pub brackets: BracketTable,
    /// Leverage the account has set.
    leverage: f64,
}

impl Perps {
    /// Checks the tables and derives their brackets.
    pub fn new(model: &str, params: &PerpsParams) -> Result<Self, InputError> {
        let share = params.maintenance_share;
        check_bounds("perps.maintenance_share", share, 0.01, 1.0)?;
        check_bounds("perps.backstop_share", params.backstop_share, 0.0, 1.0)?;
        let mut by_coin = BTreeMap::new();
        for (index, table) in params.tables.iter().enumerate() {
            let name = format!("perps.tables[{index}]");
            for tier in &table.tiers {
                check_bounds(&format!("{name}.max_leverage"), tier.max_leverage, 1.0, 1000.0)?;
            }
            let row = |tier: &LeverageTier| BracketRow {
                lower_usd: tier.lower_usd,
                rate: share / tier.max_leverage,
                deduction_usd: None,
            };
            let rows: Vec<BracketRow> = table.tiers.iter().map(row).collect();
            let brackets = BracketTable::new(&rows).map_err(|error| error.at(name))?;
            let most = table.tiers.first().map_or(1.0, |tier| tier.max_leverage);
            for coin in &table.coins {
                let leverage = params.leverage.get(coin).copied().unwrap_or(most);
                check_bounds(&format!("perps.leverage.{coin}"), leverage, 1.0, most)?;
                let table = CoinTable { brackets: brackets.clone(), leverage };
                if by_coin.insert(coin.clone(), table).is_some() {
                    let message = format!("two margin tables for {coin}");
                    return Err(InputError::new(InputCode::BadParameter, message));
                }
            }
        }
        if let Some(coin) = params.leverage.keys().find(|coin| !by_coin.contains_key(*coin)) {
            let message = format!("perps.leverage names {coin}, which has no margin table");
            return Err(InputError::new(InputCode::BadParameter, message));
        }
        Ok(Self { model: model.to_owned(), maintenance_share: share, by_coin })
    }

    /// Finds the table of every perpetual among the instruments, and refuses what is none.
    pub fn prepare<'a>(
        &'a self,
        market: &'a Market,
        ids: &[InstrumentId],
    ) -> Result<PreparedPerps<'a>, InputError> {
        let mut tables = BTreeMap::new();
        for id in ids {
            if role(&self.model, market, *id)? == Role::Spot {
                continue;
            }
            let instrument = &market.listing(*id).instrument;
            let table = self.by_coin.get(&instrument.underlying).ok_or_else(|| {
                let message = format!(
                    "{}: {} has no margin table for {}",
                    instrument.name, self.model, instrument.underlying
                );
                InputError::new(InputCode::Unsupported, message)
                    .hint("add the venue's table to a parameter file of your own")
            })?;
            tables.insert(*id, table);
        }
        Ok(PreparedPerps { perps: self, market, tables })
    }
}

/// Tables by instrument.
#[derive(Debug)]
pub struct PreparedPerps<'a> {
    perps: &'a Perps,
    market: &'a Market,
    tables: BTreeMap<InstrumentId, &'a CoinTable>,
}

/// A position with its margin, in the collateral token.
#[derive(Clone, Copy, Debug)]
pub struct Margined {
    /// The position at its mark.
    pub(super) leg: PerpetualLeg,
    /// Its average entry price; absent where its lots offset each other.
    entry_price: Option<f64>,
    /// Its initial margin.
    pub initial: f64,
    /// Its maintenance margin.
    pub maintenance: f64,
}

impl PreparedPerps<'_> {
    /// The margin of every perpetual, in portfolio order.
    pub fn margined(&self, portfolio: &Portfolio) -> Result<Vec<Margined>, InputError> {
        let price = |id| self.market.reference_price(id);
        let legs = perpetual::legs(self.market, portfolio, price)?;
        let margined = |leg: PerpetualLeg| {
            let table = self.table(leg.id)?;
            let notional = leg.notional();
            let maintenance = table.brackets.maintenance(notional);
            let most = maintenance / self.perps.maintenance_share;
            let initial = (notional / table.leverage).max(most);
            let entry_price = entry_price(portfolio, leg.id);
            Ok(Margined { leg, entry_price, initial, maintenance })
        };
        legs.into_iter().map(margined).collect()
    }

    /// The table of a prepared perpetual.
    pub fn table(&self, id: InstrumentId) -> Result<&CoinTable, InputError> {
        self.tables.get(&id).copied().ok_or_else(|| {
            let name = &self.market.listing(id).instrument.name;
            let message = format!("{name} was not prepared on market {}", self.market.id);
            InputError::new(InputCode::UnknownInstrument, message)
        })
    }

    /// Every prepared perpetual.
    pub fn ids(&self) -> impl Iterator<Item = InstrumentId> {
        self.tables.keys().copied()
    }

    /// The token that an instrument pays in.
    pub fn settlement_asset(&self, id: InstrumentId) -> &Asset {
        &self.market.listing(id).instrument.settlement_asset
    }
}

/// Average entry price of a holding.
fn entry_price(portfolio: &Portfolio, id: InstrumentId) -> Option<f64> {
    let holding = portfolio.holdings.iter().find(|holding| holding.id == id)?;
    let cost: f64 = holding.lots.iter().map(|lot| lot.quantity * lot.entry_price).sum();
    let average = cost / holding.quantity;
    (average.is_finite() && average > 0.0).then_some(average)
}

impl Margined {
    /// `(mark/entry)·(notional/account value)`, `entry/mark` for a short: the higher, the sooner a
    /// profitable position is reduced. Absent where the account is worth nothing.
    pub fn adl_index(&self, account_value: f64) -> Option<f64> {
        let entry = self.entry_price.filter(|_| account_value > 0.0 && self.leg.coins != 0.0)?;
        let gain = self.leg.price / entry;
        let gain = if self.leg.coins > 0.0 { gain } else { 1.0 / gain };
        Some(gain * self.leg.notional() / account_value)
    }
}

/// The margin of positions as a component, in units of which one collateral token is `unit`.
pub fn component(positions: &[&Margined], unit: f64) -> Component {
    let part = |one: &&Margined| Contribution {
        leg: Leg::Instrument(one.leg.id),
        amount: one.initial * unit,
    };
    Component {
        name: "perpetuals",
        initial: positions.iter().map(|one| one.initial * unit).sum(),
        maintenance: positions.iter().map(|one| one.maintenance * unit).sum(),
        contributions: positions.iter().map(part).collect(),
    }
}
