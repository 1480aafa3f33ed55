//! `v1/markets/summary`.

use plimsoll_model::Timestamp;
use plimsoll_model::error::InputError;
use plimsoll_model::instrument::Kind;
use plimsoll_model::number::Real;
use serde::Deserialize;

use crate::draft::{Carry, Contract, Draft, Quote};
use crate::payload::{Payload, maybe_millis, maybe_real, nonzero};

/// Hours between funding payments unless the listing says otherwise.
const FUNDING_HOURS: f64 = 8.0;

#[derive(Deserialize)]
struct Ticker {
    symbol: String,
    #[serde(default, deserialize_with = "maybe_millis")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "nonzero")]
    mark_price: Option<Real>,
    /// Decimal per year.
    #[serde(default, deserialize_with = "nonzero")]
    mark_iv: Option<Real>,
    /// The spot price of the coin.
    #[serde(default, deserialize_with = "nonzero")]
    underlying_price: Option<Real>,
    #[serde(default, deserialize_with = "nonzero")]
    bid: Option<Real>,
    #[serde(default, deserialize_with = "nonzero")]
    ask: Option<Real>,
    #[serde(default, deserialize_with = "nonzero")]
    bid_size: Option<Real>,
    #[serde(default, deserialize_with = "nonzero")]
    ask_size: Option<Real>,
    #[serde(default, deserialize_with = "maybe_real")]
    open_interest: Option<Real>,
    #[serde(default, deserialize_with = "maybe_real")]
    funding_rate: Option<Real>,
    /// Of dated options: forward = spot · exp(rate · years).
    #[serde(default, deserialize_with = "maybe_real")]
    forward_rate: Option<Real>,
    #[serde(default, deserialize_with = "maybe_real")]
    risk_free_rate: Option<Real>,
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
    draft.quoted_at(ticker.created_at);
    let name = ticker.symbol.as_str();
    let Some(contract) = draft.quoted(name) else { return };
    let Contract { underlying: coin, quote, kind, .. } = contract;
    draft.index(&coin, &quote, ticker.underlying_price);
    if let (Kind::Option { expiry, .. }, Some(growth)) = (kind, ticker.forward_rate) {
        let rate_ann = ticker.risk_free_rate.map_or(0.0, |rate| rate.0);
        draft.carry(&coin, expiry, Carry { quote, growth_ann: growth.0, rate_ann });
    }
    let quote = Quote {
        mark_price: ticker.mark_price,
        mark_vol: ticker.mark_iv.filter(|_| matches!(kind, Kind::Option { .. })),
        bid: ticker.bid,
        ask: ticker.ask,
        bid_size: ticker.bid_size,
        ask_size: ticker.ask_size,
        open_interest: ticker.open_interest,
        funding_8h: None,
    };
    draft.quote(name, quote);
    draft.funding(name, ticker.funding_rate.filter(|_| kind == Kind::Perpetual), FUNDING_HOURS);
}
