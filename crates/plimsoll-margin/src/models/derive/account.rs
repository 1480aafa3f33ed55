//! An account in the venue's terms: cash, perpetuals, options by expiry, and coins held.

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::{Asset, InstrumentId, Kind, Market, OptionType, Portfolio, Timestamp};
use plimsoll_pricing::contract;

use crate::collateral::price_usd;
use crate::model::Leg;

/// What an account holds.
pub struct Account {
    /// USD: the stable coin and dollars at face, and what futures have gained.
    pub cash: f64,
    /// Coins and tokens other than cash, by where they come from: balances and spot positions.
    pub held: Vec<Held>,
    /// Perpetuals and options by coin; only coins in which something is open.
    pub books: BTreeMap<Asset, CoinBook>,
}

/// Units of an asset held.
pub struct Held {
    /// The asset.
    pub asset: Asset,
    /// The balance or the spot position.
    pub leg: Leg,
    /// Units.
    pub amount: f64,
}

/// Open positions on one coin.
#[derive(Default)]
pub struct CoinBook {
    /// Perpetuals, any settlement.
    pub perps: Vec<Perp>,
    /// Options by expiry.
    pub expiries: BTreeMap<Timestamp, Vec<OptionLeg>>,
}

/// A perpetual.
pub struct Perp {
    /// Which.
    pub id: InstrumentId,
    /// Signed coins.
    pub coins: f64,
    /// Mark price.
    pub mark: f64,
    /// Confidence of the mark.
    pub confidence: f64,
}

/// An option.
pub struct OptionLeg {
    /// Which.
    pub id: InstrumentId,
    /// Signed coins.
    pub coins: f64,
    /// Strike in quote currency.
    pub strike: f64,
    /// Call or put.
    pub option_type: OptionType,
}

impl CoinBook {
    /// Some instrument of the book.
    pub fn first(&self) -> Option<InstrumentId> {
        let perp = self.perps.first().map(|perp| perp.id);
        perp.or_else(|| self.expiries.values().flatten().next().map(|leg| leg.id))
    }

    /// The least confidence among the spot index and the perpetuals held.
    pub fn confidence(&self, spot_confidence: f64) -> f64 {
        self.perps.iter().map(|perp| perp.confidence).fold(spot_confidence, f64::min)
    }
}

impl Account {
    /// Sorts a portfolio into the venue's terms. A contract settled in coin counts as its coins; what
    /// it has gained is cash at the coin's price. Fails on dated futures, which the venue does not
    /// have, and on debt in anything but cash, which it does not lend.
    pub fn read(
        model: &str,
        market: &Market,
        portfolio: &Portfolio,
        stable: &Asset,
    ) -> Result<Self, InputError> {
        let is_cash = |asset: &Asset| asset == stable || asset.as_str() == "USD";
        let mut account = Self { cash: 0.0, held: Vec::new(), books: BTreeMap::new() };
        for (asset, amount) in &portfolio.balances {
            if is_cash(asset) {
                account.cash += amount;
            } else if *amount != 0.0 {
                let leg = Leg::Cash(asset.clone());
                account.held.push(Held { asset: asset.clone(), leg, amount: *amount });
            }
        }
        for holding in &portfolio.holdings {
            let instrument = &market.listing(holding.id).instrument;
            let settled_in = &instrument.settlement_asset;
            let rate = if is_cash(settled_in) { 1.0 } else { price_usd(market, settled_in)? };
            for lot in &holding.lots {
                let gain = contract::unrealised(market, holding.id, lot.quantity, lot.entry_price)?;
                account.cash += gain * rate;
            }
            account.add(model, market, holding.id, holding.quantity)?;
        }
        account.refuse_debt(model)?;
        Ok(account)
    }

    fn add(
        &mut self,
        model: &str,
        market: &Market,
        id: InstrumentId,
        quantity: f64,
    ) -> Result<(), InputError> {
        require_kind(model, market, id)?;
        let coins = quantity * contract::base_per_contract(market, id)?;
        if coins == 0.0 {
            return Ok(());
        }
        let listing = market.listing(id);
        let coin = &listing.instrument.underlying;
        match listing.instrument.kind {
            Kind::Spot => {
                let leg = Leg::Instrument(id);
                self.held.push(Held { asset: coin.clone(), leg, amount: coins });
            }
            Kind::Perpetual | Kind::Future { .. } => {
                let mark = market.reference_price(id)?;
                let perp = Perp { id, coins, mark, confidence: listing.confidence };
                self.books.entry(coin.clone()).or_default().perps.push(perp);
            }
            Kind::Option { expiry, strike, option_type } => {
                let book = self.books.entry(coin.clone()).or_default();
                let leg = OptionLeg { id, coins, strike, option_type };
                book.expiries.entry(expiry).or_default().push(leg);
            }
        }
        Ok(())
    }

    /// The one coin that is traded, if any. Fails naming two instruments if there are two.
    pub fn only_coin(&self, model: &str, market: &Market) -> Result<Option<&Asset>, InputError> {
        let mut books = self.books.iter();
        let (Some((coin, book)), next) = (books.next(), books.next()) else { return Ok(None) };
        let Some((other, other_book)) = next else { return Ok(Some(coin)) };
        let name = |id| market.listing(id).instrument.name.as_str();
        let message = format!(
            "{model} margins one coin per account; this one holds {} on {coin} and {} on {other}",
            book.first().map_or("", name),
            other_book.first().map_or("", name),
        );
        Err(InputError::new(InputCode::Unsupported, message)
            .hint("split it into one account per coin, or use derive-srm"))
    }

    fn refuse_debt(&self, model: &str) -> Result<(), InputError> {
        let mut totals: BTreeMap<&Asset, f64> = BTreeMap::new();
        for held in &self.held {
            *totals.entry(&held.asset).or_default() += held.amount;
        }
        match totals.into_iter().find(|(_, total)| *total < 0.0) {
            None => Ok(()),
            Some((asset, total)) => {
                let message = format!("{model} does not lend {asset}: the account owes {}", -total);
                Err(InputError::new(InputCode::Unsupported, message)
                    .hint("only cash can be borrowed"))
            }
        }
    }
}

/// Refuses what the venue does not list: dated futures.
pub fn require_kind(model: &str, market: &Market, id: InstrumentId) -> Result<(), InputError> {
    let instrument = &market.listing(id).instrument;
    if matches!(instrument.kind, Kind::Future { .. }) {
        let message = format!("{}: {model} has no rule for dated futures", instrument.name);
        return Err(InputError::new(InputCode::Unsupported, message));
    }
    Ok(())
}

/// Σ over strikes of `max(0, −Σ coins)`, calls and puts alike, leg by leg: the short size that no
/// long of the same strike covers. A spread across strikes covers nothing.
pub fn naked_shorts(legs: &[OptionLeg]) -> Vec<(InstrumentId, f64)> {
    let mut net: BTreeMap<u64, f64> = BTreeMap::new();
    for leg in legs {
        *net.entry(leg.strike.to_bits()).or_default() += leg.coins;
    }
    let naked = legs.iter().filter(|leg| net.get(&leg.strike.to_bits()).is_some_and(|n| *n < 0.0));
    naked.map(|leg| (leg.id, -leg.coins)).collect()
}
