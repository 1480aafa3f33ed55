//! `isolated`: every leg on its own, by the standard rules of an options venue: the gross baseline, and
//! the standard margin of the venues whose parameter files are of this family.
//!
//! Short options: [`super::short_option`]. Long options: premium only (0). Futures, with `n` the coins of
//! one position and `N` its notional:
//!
//! ```text
//! sloped      IM = N·(initial_pct + slope_pct·n),   MM = N·(maintenance_pct + slope_pct·n)
//! by leverage IM = N/L(N),                          MM = maintenance_share·IM
//! ```
//!
//! Where premium is kept apart (`option_value_in_equity = false`), option values are not equity and the
//! mark of a short is margin.

use std::collections::BTreeMap;

use plimsoll_model::error::InputError;
use plimsoll_model::params::{check_bounds, from_toml};
use plimsoll_model::{
    Asset, Holding, InstrumentId, Kind, Market, Portfolio, Provenance, Settlement,
};
use plimsoll_pricing::contract;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::known::{Known, no_entry, own_or_any};
use super::option_orders::OptionOrders;
use super::short_option::{ShortMargin, ShortOptionRates};
use crate::collateral::{self, Cash, CollateralRules, price_usd};
use crate::cross::unprepared;
use crate::liquidation::ClosedForm;
use crate::model::{Component, Contribution, Leg, MarginModel, Pool, Prepared, Requirement};

/// Parameters of the leg-by-leg rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IsolatedParams {
    /// `isolated`.
    pub family: String,
    /// The model's id.
    pub id: String,
    /// Where the numbers come from.
    pub source: Provenance,
    /// Whether every settlement asset is a pool of its own.
    #[serde(default)]
    pub segregated: bool,
    /// Rates of short options by underlying; `*` is every coin not named.
    #[serde(default)]
    pub options: BTreeMap<Asset, ShortOptionRates>,
    /// Rates of futures that grow with the position, by underlying; `*` is every coin not named.
    #[serde(default)]
    pub futures: BTreeMap<Asset, FutureRates>,
    /// Rates of futures by leverage, by underlying; `*` is every coin not named.
    #[serde(default)]
    pub futures_by_leverage: BTreeMap<Asset, LeverageRates>,
    /// The venue's own charge for orders in options; absent: the worst fill, as everywhere.
    #[serde(default)]
    pub option_orders: Option<OptionOrders>,
    /// Collateral.
    pub collateral: CollateralRules,
}

/// Rates of futures, percent of notional, growing with the size of the position.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FutureRates {
    /// Initial rate of a small position.
    pub initial_pct: f64,
    /// Maintenance rate of a small position.
    pub maintenance_pct: f64,
    /// Added to both per coin of the position.
    pub slope_pct_per_coin: f64,
}

/// Rates of futures by the leverage that a position of some size may have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeverageRates {
    /// `L(N)`: steps in ascending order of notional.
    pub leverage: Known<Vec<LeverageStep>>,
    /// Maintenance margin as a share of initial margin.
    pub maintenance_share: f64,
}

/// The leverage of positions up to a notional, above that of the step before.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeverageStep {
    /// Largest notional of the step, USD; positions beyond the last step have its leverage.
    pub up_to_usd: f64,
    /// Notional over initial margin.
    pub leverage: f64,
}

/// The leg-by-leg model.
#[derive(Clone, Debug)]
pub struct Isolated {
    params: IsolatedParams,
}

impl Isolated {
    /// Reads and checks a parameter file.
    pub fn from_toml(text: &str) -> Result<Self, InputError> {
        let params: IsolatedParams = from_toml(text)?;
        for (asset, rates) in &params.options {
            rates.check(&format!("options.{asset}"))?;
        }
        for (asset, rates) in &params.futures {
            let name = |field: &str| format!("futures.{asset}.{field}");
            check_bounds(&name("initial_pct"), rates.initial_pct, 0.0, 100.0)?;
            check_bounds(&name("maintenance_pct"), rates.maintenance_pct, 0.0, rates.initial_pct)?;
            check_bounds(&name("slope_pct_per_coin"), rates.slope_pct_per_coin, 0.0, 100.0)?;
        }
        for (asset, rates) in &params.futures_by_leverage {
            rates.check(&format!("futures_by_leverage.{asset}"))?;
        }
        if let Some(orders) = &params.option_orders {
            orders.check()?;
        }
        params.collateral.check()?;
        Ok(Self { params })
    }
}

impl LeverageRates {
    fn check(&self, name: &str) -> Result<(), InputError> {
        check_bounds(&format!("{name}.maintenance_share"), self.maintenance_share, 0.0, 1.0)?;
        let mut from = 0.0;
        for (index, step) in self.leverage.value().into_iter().flatten().enumerate() {
            let name = |field: &str| format!("{name}.leverage[{index}].{field}");
            check_bounds(&name("up_to_usd"), step.up_to_usd, from, 1e15)?;
            check_bounds(&name("leverage"), step.leverage, 1.0, 1000.0)?;
            from = step.up_to_usd;
        }
        Ok(())
    }
}

impl MarginModel for Isolated {
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
        let mut rates = BTreeMap::new();
        for id in ids {
            rates.insert(*id, self.unit_rate(market, *id)?);
        }
        Ok(Box::new(PreparedIsolated { params: &self.params, market, rates }))
    }
}

/// What one contract needs in its settlement asset.
#[derive(Clone, Debug)]
pub(super) enum UnitRate<'a> {
    /// An option: what it needs where it is short, or why that is not known.
    Option(Result<ShortMargin, InputError>),
    /// A future: notional and coins of one contract, and how its need grows with them.
    Future { notional: f64, base: f64, rule: Result<FutureRule<'a>, InputError> },
    /// A spot holding.
    Nothing,
}

/// How a future's need grows with its size.
#[derive(Clone, Copy, Debug)]
pub(super) enum FutureRule<'a> {
    Sloped(FutureRates),
    ByLeverage { steps: &'a [LeverageStep], maintenance_share: f64 },
}

impl Isolated {
    fn unit_rate(&self, market: &Market, id: InstrumentId) -> Result<UnitRate<'_>, InputError> {
        let instrument = &market.listing(id).instrument;
        let price = market.reference_price(id)?;
        let base = instrument.base_per_contract(price);
        Ok(match instrument.kind {
            Kind::Spot => UnitRate::Nothing,
            Kind::Perpetual | Kind::Future { .. } => {
                let notional = match instrument.settlement() {
                    Settlement::Coin => base,
                    Settlement::Quote => base * price,
                };
                let rule = self.future_rule(&instrument.underlying, &instrument.name);
                UnitRate::Future { notional, base, rule }
            }
            Kind::Option { .. } => UnitRate::Option(self.short_option(market, id)),
        })
    }

    fn short_option(&self, market: &Market, id: InstrumentId) -> Result<ShortMargin, InputError> {
        let IsolatedParams { id: model, options, .. } = &self.params;
        let instrument = &market.listing(id).instrument;
        let Some((asset, rates)) = own_or_any(options, &instrument.underlying) else {
            let parameter = format!("options.{}", instrument.underlying);
            return Err(no_entry(model, &parameter, &instrument.name));
        };
        rates.per_contract(model, &format!("options.{asset}"), market, id)
    }

    fn future_rule(&self, underlying: &Asset, name: &str) -> Result<FutureRule<'_>, InputError> {
        let IsolatedParams { id, futures, futures_by_leverage, .. } = &self.params;
        if let Some((asset, rates)) = own_or_any(futures_by_leverage, underlying) {
            let parameter = format!("futures_by_leverage.{asset}.leverage");
            let steps = rates.leverage.need(id, &parameter, name)?;
            let maintenance_share = rates.maintenance_share;
            return Ok(FutureRule::ByLeverage { steps, maintenance_share });
        }
        let found = own_or_any(futures, underlying);
        let rates = found.ok_or_else(|| no_entry(id, &format!("futures.{underlying}"), name))?;
        Ok(FutureRule::Sloped(*rates.1))
    }
}

impl FutureRule<'_> {
    /// Margin of a position of `notional` (settlement asset), `coins` and `notional_usd`.
    fn margin(&self, notional: f64, coins: f64, notional_usd: f64) -> ShortMargin {
        match self {
            Self::Sloped(rates) => {
                let slope = rates.slope_pct_per_coin * coins;
                ShortMargin {
                    initial: notional * (rates.initial_pct + slope) / 100.0,
                    maintenance: notional * (rates.maintenance_pct + slope) / 100.0,
                }
            }
            Self::ByLeverage { steps, maintenance_share } => {
                let step = steps.iter().find(|step| notional_usd <= step.up_to_usd);
                let leverage = step.or(steps.last()).map_or(1.0, |step| step.leverage);
                let initial = notional / leverage;
                ShortMargin { initial, maintenance: initial * maintenance_share }
            }
        }
    }
}

pub(super) struct PreparedIsolated<'a> {
    pub(super) params: &'a IsolatedParams,
    pub(super) market: &'a Market,
    pub(super) rates: BTreeMap<InstrumentId, UnitRate<'a>>,
}

impl Prepared for PreparedIsolated<'_> {
    fn requirement(&self, portfolio: &Portfolio) -> Result<Requirement, InputError> {
        let rules = &self.params.collateral;
        let cash = rules.cash(self.market, portfolio)?;
        let pools = if self.params.segregated {
            self.segregated_pools(portfolio, &cash)?
        } else {
            let equity = collateral::equity_usd(rules, self.market, portfolio, &cash)?;
            vec![self.pool("account", &Asset::usd(), equity, portfolio, &portfolio.holdings)?]
        };
        Ok(Requirement { pools, notes: rules.refusals(portfolio) })
    }

    fn requirement_with_orders(
        &self,
        portfolio: &Portfolio,
    ) -> Option<Result<Requirement, InputError>> {
        let rule = self.params.option_orders?;
        Some(self.with_option_orders(rule, portfolio))
    }

    fn liquidation_price(
        &self,
        portfolio: &Portfolio,
        id: InstrumentId,
    ) -> Result<Option<ClosedForm>, InputError> {
        self.own_formula(portfolio, id)
    }
}

impl PreparedIsolated<'_> {
    fn segregated_pools(
        &self,
        portfolio: &Portfolio,
        cash: &BTreeMap<Asset, Cash>,
    ) -> Result<Vec<Pool>, InputError> {
        let mut held: BTreeMap<&Asset, Vec<Holding>> = BTreeMap::new();
        for asset in cash.keys() {
            held.entry(asset).or_default();
        }
        for holding in &portfolio.holdings {
            let asset = &self.market.listing(holding.id).instrument.settlement_asset;
            held.entry(asset).or_default().push(holding.clone());
        }
        let mut pools = Vec::with_capacity(held.len());
        for (asset, holdings) in held {
            let mut equity = cash.get(asset).map_or(0.0, |cash| cash.credit);
            if self.params.collateral.option_value_in_equity {
                for holding in &holdings {
                    equity += holding.quantity * contract::value(self.market, holding.id)?;
                }
            }
            pools.push(self.pool(asset.as_str(), asset, equity, portfolio, &holdings)?);
        }
        Ok(pools)
    }

    fn pool(
        &self,
        name: &str,
        asset: &Asset,
        equity: f64,
        portfolio: &Portfolio,
        holdings: &[Holding],
    ) -> Result<Pool, InputError> {
        let asset_price_usd = price_usd(self.market, asset)?;
        let mut options = Component::scaled("short_options", 0.0, 1.0, vec![]);
        let mut futures = Component::scaled("futures", 0.0, 1.0, vec![]);
        for holding in holdings {
            let rate = self.rates.get(&holding.id);
            let rate = rate.ok_or_else(|| unprepared(self.market, portfolio))?;
            let (component, margin) = match rate {
                UnitRate::Nothing => continue,
                UnitRate::Option(margin) => (&mut options, short(holding.quantity, margin)?),
                UnitRate::Future { .. } => (&mut futures, self.future(holding, rate)?),
            };
            let settled = &self.market.listing(holding.id).instrument.settlement_asset;
            let unit = if settled == asset {
                1.0
            } else {
                price_usd(self.market, settled)? / asset_price_usd
            };
            let amount = margin.initial * unit;
            component.initial += amount;
            component.maintenance += margin.maintenance * unit;
            let leg = Leg::Instrument(holding.id);
            component.contributions.push(Contribution { leg, amount });
        }
        Ok(Pool {
            name: name.to_owned(),
            asset: asset.clone(),
            asset_price_usd,
            equity,
            components: vec![options, futures],
            units: vec![],
            figures: BTreeMap::new(),
        })
    }

    fn future(&self, holding: &Holding, rate: &UnitRate<'_>) -> Result<ShortMargin, InputError> {
        let UnitRate::Future { notional, base, rule } = rate else {
            return Ok(ShortMargin::NOTHING);
        };
        let contracts = holding.quantity.abs();
        if contracts == 0.0 {
            return Ok(ShortMargin::NOTHING);
        }
        let rule = rule.as_ref().map_err(InputError::clone)?;
        let usd = contract::settlement_price_usd(self.market, holding.id)?;
        let notional = contracts * notional;
        Ok(rule.margin(notional, contracts * base, notional * usd))
    }
}

/// What `quantity` contracts of an option need; only short ones need anything.
fn short(
    quantity: f64,
    margin: &Result<ShortMargin, InputError>,
) -> Result<ShortMargin, InputError> {
    if quantity >= 0.0 {
        return Ok(ShortMargin::NOTHING);
    }
    let unit = margin.as_ref().map_err(InputError::clone)?;
    let (initial, maintenance) = (-quantity * unit.initial, -quantity * unit.maintenance);
    Ok(ShortMargin { initial, maintenance })
}
