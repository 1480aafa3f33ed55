//! Completing a snapshot: vols implied from marks, marks computed from vols.

use std::collections::BTreeMap;

use plimsoll_model::{InstrumentId, Kind, Market, Settlement, Timestamp};

use crate::contract::{base_per_contract, model_value};
use crate::implied::implied_vol;

/// Fills in what a market leaves out, where it can be known:
///
/// * an option with a mark price and no vol gets the vol implied by the mark. If the mark cannot be
///   inverted (a deep in-the-money mark has no time value left in its last digit), it takes the vol
///   implied by the other option at the strike, as call and put share one vol by parity;
/// * an option with a vol and no mark price gets the model value.
///
/// Options for which neither is known stay as they are, and are refused by name when used.
#[must_use]
pub fn completed(mut market: Market) -> Market {
    let mut by_strike: BTreeMap<StrikeKey, f64> = BTreeMap::new();
    let unknown: Vec<InstrumentId> =
        market.ids().filter(|id| market.listing(*id).mark_vol.is_none()).collect();
    for id in &unknown {
        if let (Some(vol), Some(key)) = (implied(&market, *id), strike_key(&market, *id)) {
            market.listings[id.0 as usize].mark_vol = Some(vol);
            by_strike.insert(key, vol);
        }
    }
    for id in &unknown {
        let listing = market.listing(*id);
        if listing.mark_vol.is_none() && listing.mark_price.is_some() {
            let shared = strike_key(&market, *id).and_then(|key| by_strike.get(&key).copied());
            market.listings[id.0 as usize].mark_vol = shared;
        }
    }
    for id in market.ids() {
        let listing = market.listing(id);
        if listing.instrument.is_option()
            && listing.mark_price.is_none()
            && let Ok(value) = model_value(&market, id)
            && let Ok(base) = base_per_contract(&market, id)
        {
            market.listings[id.0 as usize].mark_price = Some(value / base);
        }
    }
    market
}

/// Underlying, settlement asset, expiry and the bits of the strike.
type StrikeKey = (String, String, Timestamp, u64);

fn strike_key(market: &Market, id: InstrumentId) -> Option<StrikeKey> {
    let instrument = &market.listing(id).instrument;
    let Kind::Option { expiry, strike, .. } = instrument.kind else { return None };
    let underlying = instrument.underlying.as_str().to_owned();
    let settlement = instrument.settlement_asset.as_str().to_owned();
    Some((underlying, settlement, expiry, strike.to_bits()))
}

fn implied(market: &Market, id: InstrumentId) -> Option<f64> {
    let listing = market.listing(id);
    let Kind::Option { expiry, strike, option_type } = listing.instrument.kind else { return None };
    let forward = market.reference_price(id).ok()?;
    let price = match listing.instrument.settlement() {
        Settlement::Quote => listing.mark_price?,
        Settlement::Coin => listing.mark_price? * forward,
    };
    let tau_years = market.time.years_until(expiry);
    implied_vol(option_type, forward, strike, tau_years, price)
        .ok()
        .filter(|vol| *vol > 0.0 && vol.is_finite())
}
