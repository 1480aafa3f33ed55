//! Orders in options where the venue charges each order by itself.
//!
//! With `p` the limit and `M` the initial margin of a short, both per contract in the settlement asset,
//! the charge of each contract that may fill is
//!
//! ```text
//! sell, opening a short   max(M − p, sell_floor_pct of one coin)
//! sell, closing a long    0
//! buy,  opening a long    p
//! buy,  closing a short   max(p − M, 0)
//! ```
//!
//! An order without a limit counts at the mark. Orders are taken as listed; what one closes, the next
//! cannot close again. What one may open, none can close: any of them may fill first, or alone.

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::check_bounds;
use plimsoll_model::{Asset, InstrumentId, Order, Portfolio, Settlement};
use plimsoll_pricing::contract;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::isolated::{PreparedIsolated, UnitRate};
use super::short_option::index_in_quote;
use crate::collateral::price_usd;
use crate::cross::unprepared;
use crate::model::{Component, Pool, Prepared, Requirement};
use crate::trade;

/// A venue's charge for orders in options.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OptionOrders {
    /// Least charge for selling to open, percent of one coin per coin of underlying.
    pub sell_floor_pct: f64,
}

impl OptionOrders {
    pub(super) fn check(self) -> Result<(), InputError> {
        check_bounds("option_orders.sell_floor_pct", self.sell_floor_pct, 0.0, 100.0)
    }
}

impl PreparedIsolated<'_> {
    /// The requirement of the positions plus what each order needs.
    pub(super) fn with_option_orders(
        &self,
        rule: OptionOrders,
        portfolio: &Portfolio,
    ) -> Result<Requirement, InputError> {
        let mut requirement = self.requirement(portfolio)?;
        let mut charges: BTreeMap<Asset, f64> = BTreeMap::new();
        let mut left: BTreeMap<InstrumentId, f64> = BTreeMap::new();
        for order in &portfolio.orders {
            let held = left.entry(order.id).or_insert_with(|| portfolio.quantity(order.id));
            let size = order.quantity.abs();
            let closing = (-*held * order.quantity.signum()).clamp(0.0, size);
            let charge = self.order(rule, order, closing, portfolio)?;
            *held += closing * order.quantity.signum();
            let settled = &self.market.listing(order.id).instrument.settlement_asset;
            *charges.entry(settled.clone()).or_default() += charge;
        }
        for (asset, charge) in charges {
            let unit = price_usd(self.market, &asset)?;
            let name = if self.params.segregated { asset.as_str() } else { "account" };
            let place = requirement.pools.iter().position(|pool| pool.name == name);
            let place = place.unwrap_or_else(|| {
                // An order may open a pool that the positions alone do not need.
                requirement.pools.push(empty_pool(&asset, unit));
                requirement.pools.len() - 1
            });
            let pool = &mut requirement.pools[place];
            let amount = charge * unit / pool.asset_price_usd;
            match pool.components.iter_mut().find(|component| component.name == "open_orders") {
                Some(component) => component.initial += amount,
                None => {
                    pool.components.push(Component::scaled("open_orders", amount, 0.0, vec![]));
                }
            }
        }
        Ok(requirement)
    }

    /// What one order needs, in the settlement asset, `closing` of its contracts closing something held.
    fn order(
        &self,
        rule: OptionOrders,
        order: &Order,
        closing: f64,
        portfolio: &Portfolio,
    ) -> Result<f64, InputError> {
        let market = self.market;
        let instrument = &market.listing(order.id).instrument;
        let rate = self.rates.get(&order.id).ok_or_else(|| unprepared(market, portfolio))?;
        let UnitRate::Option(margin) = rate else {
            let message =
                format!("{}: {} margins orders in options only", instrument.name, self.params.id);
            return Err(InputError::new(InputCode::Unsupported, message));
        };
        let limit = order.price.map_or_else(|| trade::mark(market, order.id), Ok)?;
        let base = contract::base_per_contract(market, order.id)?;
        let price = limit * base;
        let opening = order.quantity.abs() - closing;
        let short = || margin.as_ref().map(|unit| unit.initial).map_err(InputError::clone);
        if order.quantity < 0.0 {
            if opening == 0.0 {
                return Ok(0.0);
            }
            let coin = match instrument.settlement() {
                Settlement::Coin => 1.0,
                Settlement::Quote => index_in_quote(market, order.id)?,
            };
            let floor = rule.sell_floor_pct / 100.0 * base * coin;
            return Ok(opening * (short()? - price).max(floor));
        }
        let closing_cost = if closing > 0.0 { (price - short()?).max(0.0) } else { 0.0 };
        Ok(opening * price + closing * closing_cost)
    }
}

fn empty_pool(asset: &Asset, asset_price_usd: f64) -> Pool {
    Pool {
        name: asset.to_string(),
        asset: asset.clone(),
        asset_price_usd,
        equity: 0.0,
        components: vec![],
        units: vec![],
        figures: BTreeMap::new(),
    }
}
