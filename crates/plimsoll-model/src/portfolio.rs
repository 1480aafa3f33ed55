//! A portfolio: one account, or several netted as one, bound to a market. Order of rows, and how a
//! position is split over rows, leave no trace in it: quantities are added exactly, as decimals.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use crate::asset::Asset;
use crate::book::{Book, BookAccount, BookPosition};
use crate::error::{InputCode, InputError};
use crate::instrument::{Instrument, Kind};
use crate::market::{Forward, InstrumentId, Market};
use crate::name;
use crate::number::to_f64;

/// What one margin calculation is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Portfolio {
    /// The account, or the accounts joined by `+`.
    pub name: String,
    /// One entry per instrument, in instrument order; quantities may be zero where lots offset.
    pub holdings: Vec<Holding>,
    /// Assets held; negative is debt.
    pub balances: BTreeMap<Asset, f64>,
    /// Orders that may still fill, in instrument order.
    pub orders: Vec<Order>,
}

/// The net position in one instrument.
#[derive(Clone, Debug, PartialEq)]
pub struct Holding {
    /// Which instrument.
    pub id: InstrumentId,
    /// Contracts, signed.
    pub quantity: f64,
    /// The parts with their entry prices, for unrealised profit; they add up to `quantity`.
    pub lots: Vec<Lot>,
}

/// A part of a position that was entered at one price.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lot {
    /// Contracts, signed.
    pub quantity: f64,
    /// Entry price; for a row that named none, the mark when the book was bound.
    pub entry_price: f64,
}

/// An order that may still fill.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Order {
    /// Which instrument.
    pub id: InstrumentId,
    /// Contracts, signed: positive buys.
    pub quantity: f64,
    /// Limit price; `None` fills at the mark.
    pub price: Option<f64>,
}

impl Portfolio {
    /// Binds one account to a market.
    pub fn bind(account: &BookAccount, market: &Market) -> Result<Self, InputError> {
        Self::group(std::slice::from_ref(account), market)
    }

    /// Binds every account of a book as one: affiliated accounts netted by election.
    pub fn bind_group(book: &Book, market: &Market) -> Result<Self, InputError> {
        Self::group(&book.accounts, market)
    }

    fn group(accounts: &[BookAccount], market: &Market) -> Result<Self, InputError> {
        let mut rows: BTreeMap<InstrumentId, Vec<(Decimal, Option<Decimal>)>> = BTreeMap::new();
        let mut balances: BTreeMap<Asset, Decimal> = BTreeMap::new();
        let mut orders = Vec::new();
        for account in accounts {
            for position in &account.positions {
                match resolve(position, market)? {
                    Target::Instrument(id) => {
                        let entry = position.entry_price.map(|price| price.0);
                        rows.entry(id).or_default().push((position.quantity.0, entry));
                    }
                    Target::Asset(asset) => {
                        add_balance(&mut balances, &asset, position.quantity.0, &position.at)?;
                    }
                }
            }
            for (asset, amount) in &account.balances {
                let at = format!("account {}: balances.{asset}", account.name);
                if market.asset_price_usd(asset).is_none() {
                    return Err(unknown_asset(asset.as_str(), market).at(at));
                }
                add_balance(&mut balances, asset, amount.0, &at)?;
            }
            for (index, order) in account.open_orders.iter().enumerate() {
                let at = format!("account {}: open_orders[{index}]", account.name);
                let id = market
                    .find(&order.instrument)
                    .ok_or_else(|| unknown_instrument(&order.instrument, market).at(at))?;
                orders.push(Order {
                    id,
                    quantity: to_f64(order.side.sign() * order.quantity.0),
                    price: order.price.map(|price| to_f64(price.0)),
                });
            }
        }
        orders.sort_by(|a, b| {
            (a.id, a.quantity, a.price).partial_cmp(&(b.id, b.quantity, b.price)).unwrap_or(
                // Decimals are never NaN, so the comparison is total.
                std::cmp::Ordering::Equal,
            )
        });
        let mut holdings = Vec::with_capacity(rows.len());
        for (id, lots) in rows {
            holdings.push(holding(id, lots, market)?);
        }
        let names: Vec<&str> = accounts.iter().map(|account| account.name.as_str()).collect();
        let balances = balances.into_iter().map(|(asset, sum)| (asset, to_f64(sum))).collect();
        Ok(Self { name: names.join("+"), holdings, balances, orders })
    }

    /// The same portfolio on a market that lists only what it holds or has orders for, so that
    /// moving that market is cheap. Forward curves are kept, with the forwards that were read off
    /// listed futures written into them.
    pub fn narrowed(&self, market: &Market) -> (Market, Self) {
        let used: BTreeSet<InstrumentId> = self
            .holdings
            .iter()
            .map(|holding| holding.id)
            .chain(self.orders.iter().map(|order| order.id))
            .collect();
        let place: BTreeMap<InstrumentId, InstrumentId> =
            used.iter().enumerate().map(|(new, old)| (*old, InstrumentId(new as u32))).collect();
        let mut narrow = Market {
            listings: used.iter().map(|id| market.listing(*id).clone()).collect(),
            ..market.without_listings()
        };
        for id in &used {
            let instrument = &market.listing(*id).instrument;
            if let Kind::Option { expiry, .. } = instrument.kind
                && let Some(forward) = market.forward(&instrument.underlying, expiry)
                && let Some(curve) = narrow.underlyings.get_mut(&instrument.underlying)
            {
                curve.forwards.entry(expiry).or_insert_with(|| Forward::at(forward));
            }
        }
        let mut portfolio = self.clone();
        portfolio.holdings.iter_mut().for_each(|holding| holding.id = place[&holding.id]);
        portfolio.orders.iter_mut().for_each(|order| order.id = place[&order.id]);
        (narrow, portfolio)
    }

    /// The same portfolio without its holding in one instrument.
    #[must_use]
    pub fn without(&self, id: InstrumentId) -> Self {
        self.filtered(|holding| holding.id != id)
    }

    /// Only the holdings that pass; balances and orders stay.
    #[must_use]
    pub fn filtered(&self, keep: impl Fn(&Holding) -> bool) -> Self {
        let mut changed = self.clone();
        changed.holdings.retain(keep);
        changed
    }

    /// Only the holdings that pass, without balances and orders: a bare set of positions.
    #[must_use]
    pub fn positions_only(&self, keep: impl Fn(&Holding) -> bool) -> Self {
        Self {
            name: self.name.clone(),
            holdings: self.holdings.iter().filter(|holding| keep(holding)).cloned().collect(),
            ..Self::default()
        }
    }

    /// The quantity held of one instrument, zero if none.
    pub fn quantity(&self, id: InstrumentId) -> f64 {
        self.holdings
            .binary_search_by_key(&id, |holding| holding.id)
            .map_or(0.0, |place| self.holdings[place].quantity)
    }
}

fn holding(
    id: InstrumentId,
    mut lots: Vec<(Decimal, Option<Decimal>)>,
    market: &Market,
) -> Result<Holding, InputError> {
    lots.sort();
    let instrument = &market.listing(id).instrument;
    let overflow = || {
        let message =
            format!("{}: the quantities add up to more than a decimal holds", instrument.name);
        InputError::new(InputCode::BadNumber, message)
    };
    let mut total = Decimal::ZERO;
    // Lots at one entry price are one lot, so that splitting a row changes nothing.
    let mut merged: BTreeMap<Option<Decimal>, Decimal> = BTreeMap::new();
    for (quantity, entry) in lots {
        total = total.checked_add(quantity).ok_or_else(overflow)?;
        let slot = merged.entry(entry).or_default();
        *slot = slot.checked_add(quantity).ok_or_else(overflow)?;
    }
    let mark = entry_mark(instrument, market, id)?;
    let lots = merged
        .into_iter()
        .map(|(entry, quantity)| Lot {
            quantity: to_f64(quantity),
            entry_price: entry.map_or(mark, to_f64),
        })
        .collect();
    Ok(Holding { id, quantity: to_f64(total), lots })
}

/// The price at which a row without an entry price counts as entered.
fn entry_mark(
    instrument: &Instrument,
    market: &Market,
    id: InstrumentId,
) -> Result<f64, InputError> {
    match instrument.kind {
        // An option's premium was paid at the trade; its whole value is in equity, entry or not.
        Kind::Option { .. } => Ok(0.0),
        _ => market.reference_price(id),
    }
}

enum Target {
    Instrument(InstrumentId),
    Asset(Asset),
}

fn resolve(position: &BookPosition, market: &Market) -> Result<Target, InputError> {
    let word = position.instrument.as_str();
    if let Some(id) = market.find(word) {
        return Ok(Target::Instrument(id));
    }
    let Some(ticker) = name::ticker(word) else {
        return Err(unknown_instrument(word, market).at(position.at.clone()));
    };
    let asset = Asset::new(ticker);
    if market.asset_price_usd(&asset).is_none() {
        return Err(unknown_asset(word, market).at(position.at.clone()));
    }
    if position.entry_price.is_some() {
        let message = format!("`{word}` is a balance, which has no entry_price");
        return Err(InputError::new(InputCode::Malformed, message).at(position.at.clone()));
    }
    Ok(Target::Asset(asset))
}

fn add_balance(
    balances: &mut BTreeMap<Asset, Decimal>,
    asset: &Asset,
    amount: Decimal,
    at: &str,
) -> Result<(), InputError> {
    let slot = balances.entry(asset.clone()).or_default();
    *slot = slot.checked_add(amount).ok_or_else(|| {
        let message = format!("the balances of {asset} add up to more than a decimal holds");
        InputError::new(InputCode::BadNumber, message).at(at)
    })?;
    Ok(())
}

fn unknown_asset(word: &str, market: &Market) -> InputError {
    let message = format!("`{word}` is neither an instrument nor an asset of market {}", market.id);
    let known: Vec<&str> = market
        .underlyings
        .keys()
        .chain(market.asset_prices_usd.keys())
        .map(Asset::as_str)
        .collect();
    InputError::new(InputCode::UnknownAsset, message)
        .hint(format!("its assets are USD, {}", known.join(", ")))
}

fn unknown_instrument(word: &str, market: &Market) -> InputError {
    let expired = name::parse(word)
        .and_then(|parsed| match parsed.kind {
            Kind::Future { expiry } | Kind::Option { expiry, .. } => Some(expiry),
            _ => None,
        })
        .filter(|expiry| *expiry < market.time);
    if let Some(expiry) = expired {
        let message = format!("`{word}` expired at {expiry}; the snapshot is of {}", market.time);
        return InputError::new(InputCode::Expired, message);
    }
    let message = format!("market {} does not list `{word}`", market.id);
    let error = InputError::new(InputCode::UnknownInstrument, message);
    match nearest_name(word, market) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error,
    }
}

/// A listed name that shares the longest beginning with `word`, if that is at least its coin.
fn nearest_name<'a>(word: &str, market: &'a Market) -> Option<&'a str> {
    let shared = |name: &str| name.bytes().zip(word.bytes()).take_while(|(a, b)| a == b).count();
    let coin = word.find('-').unwrap_or(word.len());
    market
        .listings
        .iter()
        .map(|listing| listing.instrument.name.as_str())
        .max_by_key(|name| (shared(name), std::cmp::Reverse(name.len())))
        .filter(|name| coin > 0 && shared(name) > coin)
}
