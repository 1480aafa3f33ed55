//! A whole market moved at once: for ladders, distances to liquidation and stress tests.

use std::collections::BTreeMap;

use plimsoll_model::{Asset, Kind, Market, MarketMove};
use plimsoll_pricing::contract::{base_per_contract, model_value};

/// A displacement of a market in which every coin may move by itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MarketShift {
    /// Days that pass.
    pub days: f64,
    /// What a coin does.
    pub coins: BTreeMap<Asset, CoinMove>,
    /// What every other coin does.
    pub other_coins: CoinMove,
    /// Relative change of the USD price of assets without an index: stable coins, staked tokens.
    pub assets: BTreeMap<Asset, f64>,
}

/// What one coin does.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CoinMove {
    /// Relative move of its index, forwards and futures (0.05 is +5 %).
    pub spot: f64,
    /// Relative move of its vols (0.10 turns 60 % into 66 %).
    pub vol: f64,
}

impl MarketShift {
    fn of(&self, coin: &Asset) -> CoinMove {
        self.coins.get(coin).copied().unwrap_or(self.other_coins)
    }
}

impl From<MarketMove> for MarketShift {
    /// The same move for every coin.
    fn from(by: MarketMove) -> Self {
        let other_coins = CoinMove { spot: by.spot, vol: by.vol };
        Self { days: by.days, other_coins, ..Self::default() }
    }
}

/// The market after a move that is the same for every coin: [`shifted_by`].
#[must_use]
pub fn shifted(market: &Market, by: MarketMove) -> Market {
    shifted_by(market, &by.into())
}

/// The market after a move: indices, forwards and futures times `1 + spot`, vols times `1 + vol`,
/// prices of assets without an index times `1 + change`, the clock `days` later. Option marks follow
/// the model: the distance of the venue's mark from the model value is kept, and a mark never falls
/// below zero. Bids and asks are dropped, as nobody quoted them there.
///
/// Indices are in USD and contracts are marked in their quote currency: where a stable coin loses
/// its peg, what is settled in it loses with it.
///
/// An option past its expiry after `days` is worth its payoff.
#[must_use]
pub fn shifted_by(market: &Market, by: &MarketShift) -> Market {
    let mut moved = market.clone();
    moved.time = market.time.plus_days(by.days);
    for (coin, underlying) in &mut moved.underlyings {
        let growth = 1.0 + by.of(coin).spot;
        underlying.index_price *= growth;
        underlying.forwards.values_mut().for_each(|forward| {
            // What a settlement average has fixed does not move any more.
            forward.price = forward.fixed + (forward.price - forward.fixed) * growth;
        });
    }
    for (asset, price) in &mut moved.asset_prices_usd {
        *price *= 1.0 + by.assets.get(asset).copied().unwrap_or(0.0);
    }
    for listing in &mut moved.listings {
        let coin = by.of(&listing.instrument.underlying);
        listing.bid = None;
        listing.ask = None;
        listing.mark_vol = listing.mark_vol.map(|vol| vol * (1.0 + coin.vol).max(0.0));
        if !matches!(listing.instrument.kind, Kind::Option { .. }) {
            listing.mark_price = listing.mark_price.map(|price| price * (1.0 + coin.spot));
        }
    }
    for id in market.ids() {
        let listing = market.listing(id);
        if !listing.instrument.is_option() {
            continue;
        }
        let per_base = |market: &Market| {
            let base = base_per_contract(market, id).ok()?;
            Some(model_value(market, id).ok()? / base)
        };
        let marks = listing.mark_price.zip(per_base(market)).zip(per_base(&moved));
        moved.listings[id.0 as usize].mark_price =
            marks.map(|((mark, before), after)| (after + (mark - before)).max(0.0));
    }
    moved
}
