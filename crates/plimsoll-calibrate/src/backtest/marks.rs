//! What an account was worth at the venue's own marks, and what became of the same contracts at the
//! next snapshot.

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::{
    Asset, Instrument, Kind, Lot, Market, OptionType, Portfolio, Settlement, Timestamp,
};
use plimsoll_pricing::contract;

use crate::history::Series;

/// Worth of an account, in units of each asset it is paid in.
pub type Worth = BTreeMap<Asset, f64>;

/// An account as it leaves a snapshot: contracts with their terms, so that they can be marked, or
/// settled, wherever they are met again.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    held: Vec<(Instrument, f64, Vec<Lot>)>,
    balances: BTreeMap<Asset, f64>,
}

/// Where delivery prices come from.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// Spot by coin; an expiry without an observation at its instant is delivered at the index of
    /// the snapshot after it.
    pub spots: &'a BTreeMap<Asset, Series>,
}

impl Account {
    /// The account of a portfolio in its market.
    pub fn of(portfolio: &Portfolio, market: &Market) -> Self {
        let held = portfolio.holdings.iter().map(|holding| {
            let instrument = market.listing(holding.id).instrument.clone();
            (instrument, holding.quantity, holding.lots.clone())
        });
        Self { held: held.collect(), balances: portfolio.balances.clone() }
    }

    /// Balances, option values at the marks and unrealised profit of futures; contracts that expired
    /// by then are settled:
    ///
    /// ```text
    /// option   q·base·max(±(D − K), 0), over D where coin-settled
    /// future   q·base(entry)·(D − entry), over D where coin-settled
    /// ```
    ///
    /// with `D` the delivery price; what they paid is then held in the settlement asset.
    ///
    /// # Errors
    /// `missing`, naming the contract, where one is alive and has no mark.
    pub fn worth(&self, market: &Market, delivery: Delivery<'_>) -> Result<Worth, InputError> {
        let mut worth = self.balances.clone();
        for (instrument, quantity, lots) in &self.held {
            let amount = match (market.find(&instrument.name), instrument.expiry()) {
                (Some(id), _) => {
                    let unrealised = lots
                        .iter()
                        .map(|lot| contract::unrealised(market, id, lot.quantity, lot.entry_price));
                    let unrealised = unrealised.sum::<Result<f64, _>>()?;
                    quantity * contract::value(market, id)? + unrealised
                }
                (None, Some(expiry)) if expiry <= market.time => {
                    let price = delivery.price(instrument, expiry, market)?;
                    settled(instrument, *quantity, lots, price)
                }
                (None, _) => {
                    let message = format!("{} is not listed at {}", instrument.name, market.time);
                    return Err(InputError::new(InputCode::Missing, message));
                }
            };
            *worth.entry(instrument.settlement_asset.clone()).or_default() += amount;
        }
        Ok(worth)
    }
}

impl Delivery<'_> {
    fn price(
        &self,
        instrument: &Instrument,
        expiry: Timestamp,
        market: &Market,
    ) -> Result<f64, InputError> {
        let coin = &instrument.underlying;
        let known = self.spots.get(coin).and_then(|spot| spot.at(expiry));
        known.or_else(|| market.asset_price_usd(coin)).ok_or_else(|| {
            let message = format!("{}: no delivery price of {coin}", instrument.name);
            InputError::new(InputCode::Missing, message)
        })
    }
}

fn settled(instrument: &Instrument, quantity: f64, lots: &[Lot], price: f64) -> f64 {
    let in_quote = match instrument.kind {
        Kind::Option { strike, option_type, .. } => {
            let intrinsic = match option_type {
                OptionType::Call => (price - strike).max(0.0),
                OptionType::Put => (strike - price).max(0.0),
            };
            quantity * instrument.base_per_contract(price) * intrinsic
        }
        _ => {
            let gain = |lot: &Lot| {
                let base = instrument.base_per_contract(lot.entry_price);
                lot.quantity * base * (price - lot.entry_price)
            };
            lots.iter().map(gain).sum()
        }
    };
    match instrument.settlement() {
        Settlement::Quote => in_quote,
        Settlement::Coin => in_quote / price,
    }
}

/// USD worth of what is held, at a market's prices.
///
/// # Errors
/// An asset without a price.
pub fn in_usd(worth: &Worth, market: &Market) -> Result<f64, InputError> {
    worth.iter().map(|(asset, amount)| Ok(amount * price(market, asset)?)).sum()
}

/// Profit in USD between two snapshots. Assets in `kept` are collateral in their own right: what is
/// gained or lost in them is counted in units and valued at the first snapshot's price; the others
/// are valued at the prices of each.
///
/// # Errors
/// An asset without a price.
pub fn profit_usd(
    before: (&Worth, &Market),
    after: (&Worth, &Market),
    kept: &[Asset],
) -> Result<f64, InputError> {
    let mut assets: Vec<&Asset> = before.0.keys().chain(after.0.keys()).collect();
    assets.sort();
    assets.dedup();
    let mut profit = 0.0;
    for asset in assets {
        let amount = |worth: &Worth| worth.get(asset).copied().unwrap_or(0.0);
        let first = price(before.1, asset)?;
        let last = if kept.contains(asset) { first } else { price(after.1, asset)? };
        profit += amount(after.0) * last - amount(before.0) * first;
    }
    Ok(profit)
}

fn price(market: &Market, asset: &Asset) -> Result<f64, InputError> {
    market.asset_price_usd(asset).ok_or_else(|| {
        let message = format!("market {} has no price for {asset}", market.id);
        InputError::new(InputCode::UnknownAsset, message)
    })
}
