//! `v5/market/tickers`.

use plimsoll_model::error::InputError;
use plimsoll_model::instrument::Kind;
use plimsoll_model::number::Real;
use serde::Deserialize;

use crate::draft::{Contract, Draft, Quote};
use crate::payload::{Payload, maybe_real, nonzero};

/// Hours between funding payments unless something says otherwise.
const FUNDING_HOURS: f64 = 8.0;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ticker {
    symbol: String,
    #[serde(default, deserialize_with = "nonzero")]
    mark_price: Option<Real>,
    #[serde(default, deserialize_with = "nonzero")]
    index_price: Option<Real>,
    /// Decimal per year; `markPriceIv` in pushed messages.
    #[serde(default, alias = "markPriceIv", deserialize_with = "nonzero")]
    mark_iv: Option<Real>,
    /// The forward of an option's expiry.
    #[serde(default, deserialize_with = "nonzero")]
    underlying_price: Option<Real>,
    #[serde(default, alias = "bidPrice", deserialize_with = "nonzero")]
    bid1_price: Option<Real>,
    #[serde(default, alias = "askPrice", deserialize_with = "nonzero")]
    ask1_price: Option<Real>,
    #[serde(default, alias = "bidSize", deserialize_with = "nonzero")]
    bid1_size: Option<Real>,
    #[serde(default, alias = "askSize", deserialize_with = "nonzero")]
    ask1_size: Option<Real>,
    #[serde(default, deserialize_with = "maybe_real")]
    open_interest: Option<Real>,
    #[serde(default, deserialize_with = "maybe_real")]
    funding_rate: Option<Real>,
    #[serde(default, deserialize_with = "nonzero")]
    funding_interval_hour: Option<Real>,
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
    let name = ticker.symbol.as_str();
    let Some(contract) = draft.quoted(name) else { return };
    let Contract { underlying: coin, quote, kind, .. } = contract;
    draft.index(&coin, &quote, ticker.index_price);
    if let Kind::Option { expiry, .. } = kind {
        draft.forward(&coin, expiry, ticker.underlying_price);
    }
    let hours = ticker.funding_interval_hour.map_or(0.0, |hours| hours.0);
    draft.pays_funding_every(name, hours);
    let quote = Quote {
        mark_price: ticker.mark_price,
        mark_vol: ticker.mark_iv,
        bid: ticker.bid1_price,
        ask: ticker.ask1_price,
        bid_size: ticker.bid1_size,
        ask_size: ticker.ask1_size,
        open_interest: ticker.open_interest,
        funding_8h: None,
    };
    draft.quote(name, quote);
    draft.funding(name, ticker.funding_rate.filter(|_| kind == Kind::Perpetual), FUNDING_HOURS);
}
