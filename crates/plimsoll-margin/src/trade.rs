//! Trades added to a portfolio, and the charge for orders that may still fill.

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::{Holding, InstrumentId, Lot, Market, Order, Portfolio};
use plimsoll_pricing::contract;

use crate::model::{Component, Pool, Prepared, Requirement};

/// The price at which a trade counts if it names none: the mark (coin for coin-settled options).
pub fn mark(market: &Market, id: InstrumentId) -> Result<f64, InputError> {
    let listing = market.listing(id);
    if !listing.instrument.is_option() {
        return market.reference_price(id);
    }
    match listing.mark_price {
        Some(mark) => Ok(mark),
        None => Ok(contract::model_value(market, id)? / contract::base_per_contract(market, id)?),
    }
}

/// The portfolio after buying (selling, if negative) `quantity` contracts at `price`.
///
/// Premium of options and the price of spot are paid from (into) the balance of the settlement asset;
/// a future becomes a lot at that entry price. Fees are not taken.
pub fn traded(
    market: &Market,
    portfolio: &Portfolio,
    id: InstrumentId,
    quantity: f64,
    price: f64,
) -> Result<Portfolio, InputError> {
    let instrument = &market.listing(id).instrument;
    if !quantity.is_finite() || !price.is_finite() || price < 0.0 {
        let message = format!("{}: a trade of {quantity} at {price}", instrument.name);
        return Err(InputError::new(InputCode::BadNumber, message));
    }
    if instrument.is_future() && price == 0.0 {
        let message = format!("{}: the price of a future must be positive", instrument.name);
        return Err(InputError::new(InputCode::BadNumber, message));
    }
    let mut after = portfolio.clone();
    let lot = Lot { quantity, entry_price: price };
    match after.holdings.binary_search_by_key(&id, |holding| holding.id) {
        Ok(place) => {
            let holding = &mut after.holdings[place];
            holding.quantity += quantity;
            holding.lots.push(lot);
        }
        Err(place) => after.holdings.insert(place, Holding { id, quantity, lots: vec![lot] }),
    }
    if !instrument.is_future() {
        let paid = quantity * instrument.base_per_contract(market.reference_price(id)?) * price;
        *after.balances.entry(instrument.settlement_asset.clone()).or_default() -= paid;
    }
    Ok(after)
}

/// Adds to every pool an `open_orders` component: by how much the worst fill of the orders worsens
/// the excess; or asks the model, where its venue has a rule of its own.
///
/// Tried are: all buys fill, all sells fill, everything fills. The charge per pool is the largest
/// `(IM after − IM before) + (equity before − equity after)`, not below zero; the equity lost is that
/// of limits worse than the mark. It is initial margin only.
pub fn with_orders(
    prepared: &dyn Prepared,
    market: &Market,
    portfolio: &Portfolio,
) -> Result<Requirement, InputError> {
    if portfolio.orders.is_empty() {
        return prepared.requirement(portfolio);
    }
    if let Some(own) = prepared.requirement_with_orders(portfolio) {
        return own;
    }
    let mut requirement = prepared.requirement(portfolio)?;
    let fills: [fn(&Order) -> bool; 3] =
        [|order| order.quantity > 0.0, |order| order.quantity < 0.0, |_| true];
    let mut after = Vec::with_capacity(fills.len());
    for fill in fills {
        let mut filled = portfolio.clone();
        for order in portfolio.orders.iter().filter(|order| fill(order)) {
            let price = order.price.map_or_else(|| mark(market, order.id), Ok)?;
            filled = traded(market, &filled, order.id, order.quantity, price)?;
        }
        after.push(prepared.requirement(&filled)?);
    }
    // A fill may open a pool that the positions alone do not need.
    for pool in after.iter().flat_map(|requirement| &requirement.pools) {
        if !requirement.pools.iter().any(|known| known.name == pool.name) {
            let empty = Pool { equity: 0.0, components: vec![], units: vec![], ..pool.clone() };
            requirement.pools.push(empty);
        }
    }
    for pool in &mut requirement.pools {
        let name = pool.name.clone();
        let worse = |filled: &Requirement| {
            let other = filled.pools.iter().find(|other| other.name == name)?;
            let margin = other.initial_margin() - pool.initial_margin();
            Some(margin + (pool.equity - other.equity))
        };
        let charge = after.iter().filter_map(worse).fold(0.0, f64::max);
        pool.components.push(Component::scaled("open_orders", charge, 0.0, vec![]));
    }
    Ok(requirement)
}
