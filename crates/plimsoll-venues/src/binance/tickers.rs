//! Every public answer with prices: each row says what it is about by the fields it has.
//!
//! Options are valued by the venue on the spot index at a rate that each row states; the forward of
//! their expiry is index · exp(rate · years), unless a future of the same expiry is listed.

use plimsoll_model::Timestamp;
use plimsoll_model::error::InputError;
use plimsoll_model::instrument::Kind;
use plimsoll_model::number::Real;
use serde::Deserialize;

use crate::draft::{Carry, Contract, Draft, Quote};
use crate::payload::{Payload, maybe_millis, maybe_real, nonzero};

/// Hours between funding payments unless `fundingInfo` says otherwise.
const FUNDING_HOURS: f64 = 8.0;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ticker {
    symbol: String,
    #[serde(default, deserialize_with = "maybe_millis")]
    time: Option<Timestamp>,
    #[serde(default, deserialize_with = "nonzero")]
    mark_price: Option<Real>,
    #[serde(default, deserialize_with = "nonzero")]
    index_price: Option<Real>,
    /// Of the interval that ends next.
    #[serde(default, deserialize_with = "maybe_real")]
    last_funding_rate: Option<Real>,
    #[serde(default, deserialize_with = "nonzero")]
    funding_interval_hours: Option<Real>,
    /// Decimal per year.
    #[serde(default, rename = "markIV", deserialize_with = "nonzero")]
    mark_iv: Option<Real>,
    #[serde(default, deserialize_with = "maybe_real")]
    risk_free_interest: Option<Real>,
    #[serde(default, deserialize_with = "nonzero")]
    bid_price: Option<Real>,
    #[serde(default, deserialize_with = "nonzero")]
    ask_price: Option<Real>,
    #[serde(default, deserialize_with = "nonzero")]
    bid_qty: Option<Real>,
    #[serde(default, deserialize_with = "nonzero")]
    ask_qty: Option<Real>,
}

/// Adds what is quoted.
pub(super) fn read(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    for row in payload.rows() {
        let ticker: Ticker = row.decode()?;
        add(draft, &ticker);
    }
    Ok(())
}

fn add(draft: &mut Draft, ticker: &Ticker) {
    draft.quoted_at(ticker.time);
    let name = ticker.symbol.as_str();
    if let Some(hours) = ticker.funding_interval_hours {
        draft.pays_funding_every(name, hours.0);
        return;
    }
    let Some(contract) = draft.quoted(name) else { return };
    let Contract { underlying: coin, quote, kind, .. } = contract;
    draft.index(&coin, &quote, ticker.index_price);
    if let (Kind::Option { expiry, .. }, Some(rate)) = (kind, ticker.risk_free_interest) {
        draft.carry(&coin, expiry, Carry { quote, growth_ann: rate.0, rate_ann: rate.0 });
    }
    let rate = ticker.last_funding_rate.filter(|_| kind == Kind::Perpetual);
    let quote = Quote {
        mark_price: ticker.mark_price,
        mark_vol: ticker.mark_iv,
        bid: ticker.bid_price,
        ask: ticker.ask_price,
        bid_size: ticker.bid_qty,
        ask_size: ticker.ask_qty,
        open_interest: None,
        funding_8h: None,
    };
    draft.quote(name, quote);
    draft.funding(name, rate, FUNDING_HOURS);
}
