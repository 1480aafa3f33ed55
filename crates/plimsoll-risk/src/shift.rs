//! A whole market moved at once: for ladders, distances to liquidation and stress tests.

use plimsoll_model::{Kind, Market, MarketMove};
use plimsoll_pricing::contract::{base_per_contract, model_value};

/// The market after a move: indices, forwards and futures times `1 + spot`, vols times `1 + vol`,
/// the clock `days` later. Option marks follow the model: the distance of the venue's mark from the
/// model value is kept, and a mark never falls below zero. Bids and asks are dropped, as nobody
/// quoted them there.
///
/// An option past its expiry after `days` is worth its payoff.
#[must_use]
pub fn shifted(market: &Market, by: MarketMove) -> Market {
    let growth = 1.0 + by.spot;
    let mut moved = market.clone();
    moved.time = market.time.plus_days(by.days);
    for underlying in moved.underlyings.values_mut() {
        underlying.index_price *= growth;
        underlying.forwards.values_mut().for_each(|forward| {
            // What a settlement average has fixed does not move any more.
            forward.price = forward.fixed + (forward.price - forward.fixed) * growth;
        });
    }
    for listing in &mut moved.listings {
        listing.bid = None;
        listing.ask = None;
        listing.mark_vol = listing.mark_vol.map(|vol| vol * (1.0 + by.vol).max(0.0));
        if !matches!(listing.instrument.kind, Kind::Option { .. }) {
            listing.mark_price = listing.mark_price.map(|price| price * growth);
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
