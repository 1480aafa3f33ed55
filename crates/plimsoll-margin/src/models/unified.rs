//! What the risk units of unified accounts (OKX, Bybit) share: shocks that move the index rather than
//! each contract's mark, spot that hedges, and charges on exposures that offset each other across
//! expiries or across currencies.

use std::collections::BTreeMap;

use plimsoll_model::error::InputError;
use plimsoll_model::{Asset, Forward, Holding, InstrumentId, Kind, Market, Portfolio, Settlement};
use plimsoll_pricing::contract::{self, ContractGreeks};

use super::short_option::index_in_quote;
use crate::collateral::{Cash, price_usd};
use crate::model::{Contribution, Leg};

/// The same market with futures and spot marked at their index, so that a scenario's move of them is a
/// move of the index. Forwards that options read off a listed future are kept.
pub(super) fn marked_at_index(market: &Market) -> Result<Market, InputError> {
    let mut moved = market.clone();
    for id in market.ids() {
        let instrument = &market.listing(id).instrument;
        match instrument.kind {
            Kind::Option { expiry, .. } => {
                if let Some(forward) = market.forward(&instrument.underlying, expiry)
                    && let Some(curve) = moved.underlyings.get_mut(&instrument.underlying)
                {
                    curve.forwards.entry(expiry).or_insert_with(|| Forward::at(forward));
                }
            }
            // A coin-settled contract is already revalued at the index, and its mark says how many
            // coins it holds.
            _ if instrument.settlement() == Settlement::Coin => {}
            _ => {
                let index = index_in_quote(market, id)?;
                let listing = &mut moved.listings[id.0 as usize];
                listing.mark_price = listing.mark_price.map(|_| index);
            }
        }
    }
    Ok(moved)
}

/// Coins held that hedge: as many as the derivatives of the other sign can use. Coins owed hedge
/// nothing.
pub(super) fn spot_in_use(coins: f64, derivatives_delta: f64) -> f64 {
    coins.max(0.0).min((-derivatives_delta).max(0.0))
}

/// Coins of one underlying that an account holds: its cash, unrealised profit included, and spot
/// positions.
pub(super) fn coins_held(
    market: &Market,
    portfolio: &Portfolio,
    cash: &BTreeMap<Asset, Cash>,
    underlying: &Asset,
) -> Result<f64, InputError> {
    let mut coins = cash.get(underlying).map_or(0.0, |cash| cash.amount);
    for holding in &portfolio.holdings {
        let instrument = &market.listing(holding.id).instrument;
        if instrument.kind == Kind::Spot && instrument.underlying == *underlying {
            coins += holding.quantity * contract::base_per_contract(market, holding.id)?;
        }
    }
    Ok(coins)
}

/// One position of a risk unit.
pub(super) struct UnitLeg {
    pub id: InstrumentId,
    pub name: String,
    pub is_option: bool,
    /// Signed contracts.
    pub quantity: f64,
    /// Sensitivities of one contract.
    pub unit: ContractGreeks,
    /// Signed coins of the contracts, an option counting as one coin per coin.
    pub coins: f64,
    /// Signed coins of delta.
    pub delta: f64,
    /// Signed USD: futures at their own mark, options by delta at the index.
    pub delta_usd: f64,
    /// Years to expiry; 0 for perpetuals.
    pub tau_years: f64,
    /// `USD` for coin-settled contracts, else the settlement asset.
    pub quote: Asset,
}

/// The derivatives of one underlying in a portfolio. Spot positions are not among them.
pub(super) fn derivative_legs(
    market: &Market,
    portfolio: &Portfolio,
    underlying: &Asset,
    index_usd: f64,
) -> Result<Vec<UnitLeg>, InputError> {
    let mut legs = Vec::new();
    for Holding { id, quantity, .. } in &portfolio.holdings {
        let instrument = &market.listing(*id).instrument;
        let elsewhere = instrument.underlying != *underlying || instrument.kind == Kind::Spot;
        if elsewhere || *quantity == 0.0 {
            continue;
        }
        let unit = contract::greeks(market, *id)?;
        let delta = quantity * unit.delta;
        let quote = match instrument.settlement() {
            Settlement::Coin => Asset::usd(),
            Settlement::Quote => instrument.settlement_asset.clone(),
        };
        let delta_usd = if instrument.is_option() {
            delta * index_usd
        } else {
            delta * market.reference_price(*id)? * price_usd(market, &quote)?
        };
        let expiry = instrument.expiry();
        legs.push(UnitLeg {
            id: *id,
            name: instrument.name.clone(),
            is_option: instrument.is_option(),
            quantity: *quantity,
            unit,
            coins: quantity * contract::base_per_contract(market, *id)?,
            delta,
            delta_usd,
            tau_years: expiry.map_or(0.0, |at| market.time.years_until(at).max(0.0)),
            quote,
        });
    }
    Ok(legs)
}

/// Amounts of opposite sign at different times, matched nearest first.
#[derive(Debug, PartialEq)]
pub(super) struct Matched {
    /// What is matched, and how far apart in years.
    pub pairs: Vec<(f64, f64)>,
    /// What is left over at all times; of one sign.
    pub left: f64,
}

/// Matches net amounts at `(tau_years, amount)`: the pair nearest in time first, the earliest of equals.
pub(super) fn matched(legs: impl Iterator<Item = (f64, f64)>) -> Matched {
    let mut net: Vec<(f64, f64)> = Vec::new();
    for (tau, amount) in legs {
        match net.iter_mut().find(|(known, _)| *known == tau) {
            Some((_, sum)) => *sum += amount,
            None => net.push((tau, amount)),
        }
    }
    net.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut order: Vec<(usize, usize)> = Vec::new();
    for near in 0..net.len() {
        order.extend((near + 1..net.len()).map(|far| (near, far)));
    }
    // Stable: equal gaps keep the earlier pair first.
    order.sort_by(|a, b| {
        let gap = |pair: &(usize, usize)| net[pair.1].0 - net[pair.0].0;
        gap(a).total_cmp(&gap(b))
    });
    let mut pairs = Vec::new();
    for (near, far) in order {
        let amount = offset(net[near].1, net[far].1);
        if amount > 0.0 {
            net[near].1 -= amount * net[near].1.signum();
            net[far].1 -= amount * net[far].1.signum();
            pairs.push((amount, net[far].0 - net[near].0));
        }
    }
    Matched { pairs, left: net.iter().map(|(_, amount)| amount).sum() }
}

/// How much of two amounts offsets: the smaller of the two where the signs differ.
pub(super) fn offset(a: f64, b: f64) -> f64 {
    if a * b < 0.0 { a.abs().min(b.abs()) } else { 0.0 }
}

/// Splits an amount over legs in proportion to their weights.
pub(super) fn shared(amount: f64, weights: &[(InstrumentId, f64)]) -> Vec<Contribution> {
    let total: f64 = weights.iter().map(|(_, weight)| weight.abs()).sum();
    if amount == 0.0 || total == 0.0 {
        return vec![];
    }
    let part = |(id, weight): &(InstrumentId, f64)| Contribution {
        leg: Leg::Instrument(*id),
        amount: amount * weight.abs() / total,
    };
    weights.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opposite_amounts_are_matched_nearest_first() {
        // 5 against −3 a quarter apart, then the 2 left against −4 three quarters apart.
        let found = matched([(0.0, 5.0), (0.25, -3.0), (0.75, -4.0)].into_iter());
        assert_eq!(found, Matched { pairs: vec![(3.0, 0.25), (2.0, 0.75)], left: -2.0 });
        // Amounts at one time net before anything is matched.
        let found = matched([(0.5, 2.0), (0.5, -2.0), (1.0, 1.0)].into_iter());
        assert_eq!(found, Matched { pairs: vec![], left: 1.0 });
        assert_eq!(matched([].into_iter()), Matched { pairs: vec![], left: 0.0 });
    }

    #[test]
    fn spot_hedges_what_it_can_and_debt_hedges_nothing() {
        assert_eq!(spot_in_use(3.0, -2.0), 2.0);
        assert_eq!(spot_in_use(3.0, -5.0), 3.0);
        assert_eq!(spot_in_use(3.0, 5.0), 0.0);
        assert_eq!(spot_in_use(-3.0, 5.0), 0.0);
    }
}
