//! What a portfolio is worth, leg by leg, and what a move of the market takes from it.

use plimsoll_margin::collateral::price_usd;
use plimsoll_margin::model::Leg;
use plimsoll_model::error::InputError;
use plimsoll_model::{Market, Portfolio};
use plimsoll_pricing::contract;

/// A leg with an amount in USD.
pub type LegAmount = (Leg, f64);

/// Market value in USD of every leg, without haircuts: options and spot at their marks, futures at
/// their unrealised profit, balances at their price.
///
/// # Errors
/// Names the instrument or asset without a price.
pub fn values(market: &Market, portfolio: &Portfolio) -> Result<Vec<LegAmount>, InputError> {
    let mut values = Vec::with_capacity(portfolio.holdings.len() + portfolio.balances.len());
    for holding in &portfolio.holdings {
        let mut amount = holding.quantity * contract::value(market, holding.id)?;
        for lot in &holding.lots {
            amount += contract::unrealised(market, holding.id, lot.quantity, lot.entry_price)?;
        }
        let usd = contract::settlement_price_usd(market, holding.id)?;
        values.push((Leg::Instrument(holding.id), amount * usd));
    }
    for (asset, amount) in &portfolio.balances {
        values.push((Leg::Cash(asset.clone()), amount * price_usd(market, asset)?));
    }
    Ok(values)
}

/// Change of every leg's value from one market to another with the same listings.
///
/// # Errors
/// As [`values`].
pub fn profits(
    before: &Market,
    after: &Market,
    portfolio: &Portfolio,
) -> Result<Vec<LegAmount>, InputError> {
    let pairs = values(before, portfolio)?.into_iter().zip(values(after, portfolio)?);
    Ok(pairs.map(|((leg, before), (_, after))| (leg, after - before)).collect())
}

/// How a leg is called: the instrument's name, or the asset's ticker.
#[must_use]
pub fn leg_name(market: &Market, leg: &Leg) -> String {
    match leg {
        Leg::Instrument(id) => market.listing(*id).instrument.name.clone(),
        Leg::Cash(asset) => asset.to_string(),
    }
}
