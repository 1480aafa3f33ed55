//! `public/get_ticker`, and `public/get_tickers` with its one-letter names.

use plimsoll_model::Timestamp;
use plimsoll_model::error::InputError;
use plimsoll_model::instrument::Kind;
use plimsoll_model::number::Real;
use serde::Deserialize;

use crate::draft::{Contract, Draft, Quote};
use crate::payload::{Payload, maybe_millis, maybe_real, nonzero};

/// Funding rates are stated per hour.
const FUNDING_HOURS: f64 = 1.0;

#[derive(Deserialize)]
struct Ticker {
    #[serde(default, alias = "t", deserialize_with = "maybe_millis")]
    timestamp: Option<Timestamp>,
    #[serde(default, alias = "M", deserialize_with = "nonzero")]
    mark_price: Option<Real>,
    #[serde(default, alias = "I", deserialize_with = "nonzero")]
    index_price: Option<Real>,
    #[serde(default, alias = "b", deserialize_with = "nonzero")]
    best_bid_price: Option<Real>,
    #[serde(default, alias = "a", deserialize_with = "nonzero")]
    best_ask_price: Option<Real>,
    #[serde(default, alias = "B", deserialize_with = "nonzero")]
    best_bid_amount: Option<Real>,
    #[serde(default, alias = "A", deserialize_with = "nonzero")]
    best_ask_amount: Option<Real>,
    /// Of a perpetual, per hour.
    #[serde(default, rename = "f", deserialize_with = "maybe_real")]
    funding_rate: Option<Real>,
    #[serde(default)]
    perp_details: Option<PerpDetails>,
    #[serde(default)]
    option_pricing: Option<Pricing>,
    #[serde(default)]
    stats: Option<Stats>,
}

#[derive(Deserialize)]
struct PerpDetails {
    #[serde(default, deserialize_with = "maybe_real")]
    funding_rate: Option<Real>,
}

#[derive(Deserialize)]
struct Pricing {
    /// Decimal per year.
    #[serde(default, alias = "i", deserialize_with = "nonzero")]
    iv: Option<Real>,
    #[serde(default, alias = "f", deserialize_with = "nonzero")]
    forward_price: Option<Real>,
    #[serde(default, alias = "df", deserialize_with = "nonzero")]
    discount_factor: Option<Real>,
}

#[derive(Deserialize)]
struct Stats {
    #[serde(default, alias = "oi", deserialize_with = "maybe_real")]
    open_interest: Option<Real>,
}

#[derive(Deserialize)]
struct Named {
    instrument_name: String,
}

/// Adds what is quoted.
pub(super) fn read(draft: &mut Draft, mut payload: Payload<'_>) -> Result<(), InputError> {
    if payload.descend("tickers") {
        let row = payload.row();
        let names = row.value.as_object().into_iter().flat_map(|map| map.keys());
        for name in names {
            if let Some(ticker) = row.member(name) {
                add(draft, name, &ticker.decode()?);
            }
        }
        return Ok(());
    }
    for row in payload.rows() {
        let Named { instrument_name } = row.decode()?;
        add(draft, &instrument_name, &row.decode()?);
    }
    Ok(())
}

fn add(draft: &mut Draft, name: &str, ticker: &Ticker) {
    draft.quoted_at(ticker.timestamp);
    let Some(contract) = draft.quoted(name) else { return };
    let Contract { underlying: coin, quote, kind, .. } = contract;
    draft.index(&coin, &quote, ticker.index_price);
    let pricing = ticker.option_pricing.as_ref();
    if let (Kind::Option { expiry, .. }, Some(pricing)) = (kind, pricing) {
        draft.forward(&coin, expiry, pricing.forward_price);
        draft.discount(&coin, expiry, pricing.discount_factor);
    }
    let rate = ticker.perp_details.as_ref().and_then(|perp| perp.funding_rate);
    let quote = Quote {
        mark_price: ticker.mark_price,
        mark_vol: pricing.and_then(|pricing| pricing.iv),
        bid: ticker.best_bid_price,
        ask: ticker.best_ask_price,
        bid_size: ticker.best_bid_amount,
        ask_size: ticker.best_ask_amount,
        open_interest: ticker.stats.as_ref().and_then(|stats| stats.open_interest),
        funding_8h: None,
    };
    draft.quote(name, quote);
    draft.funding(name, rate.or(ticker.funding_rate), FUNDING_HOURS);
}
