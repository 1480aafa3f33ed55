//! `public/ticker` (or its pushed messages), `public/get_book_summary_by_currency`.

use plimsoll_model::Timestamp;
use plimsoll_model::error::InputError;
use plimsoll_model::instrument::Kind;
use plimsoll_model::number::Real;
use serde::Deserialize;

use crate::draft::{Contract, Draft, Quote};
use crate::payload::{Payload, maybe_millis, maybe_real, nonzero};

#[derive(Deserialize)]
struct Ticker {
    instrument_name: String,
    #[serde(default, alias = "creation_timestamp", deserialize_with = "maybe_millis")]
    timestamp: Option<Timestamp>,
    #[serde(default, deserialize_with = "nonzero")]
    mark_price: Option<Real>,
    /// Percent per year.
    #[serde(default, deserialize_with = "nonzero")]
    mark_iv: Option<Real>,
    #[serde(default, deserialize_with = "nonzero")]
    index_price: Option<Real>,
    /// The index, averaged in the last half hour before an expiry.
    #[serde(default, deserialize_with = "nonzero")]
    estimated_delivery_price: Option<Real>,
    /// The forward of an option's expiry.
    #[serde(default, deserialize_with = "nonzero")]
    underlying_price: Option<Real>,
    #[serde(default, alias = "bid_price", deserialize_with = "nonzero")]
    best_bid_price: Option<Real>,
    #[serde(default, alias = "ask_price", deserialize_with = "nonzero")]
    best_ask_price: Option<Real>,
    #[serde(default, deserialize_with = "nonzero")]
    best_bid_amount: Option<Real>,
    #[serde(default, deserialize_with = "nonzero")]
    best_ask_amount: Option<Real>,
    #[serde(default, deserialize_with = "maybe_real")]
    open_interest: Option<Real>,
    #[serde(default, deserialize_with = "maybe_real")]
    funding_8h: Option<Real>,
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
    let name = ticker.instrument_name.as_str();
    let Some(contract) = draft.quoted(name) else { return };
    let Contract { underlying: coin, quote, kind, .. } = contract;
    // Amounts are in units of the contract: dollars of a coin-settled future, coins otherwise.
    let size = contract.size.0;
    let contracts = |amount: Option<Real>| amount.map(|amount| Real(amount.0 / size));
    draft.quoted_at(ticker.timestamp);
    // Indices of USDC contracts are counted in USDC, all others in USD.
    draft.index(&coin, &quote, ticker.index_price.or(ticker.estimated_delivery_price));
    if let Kind::Option { expiry, .. } = kind {
        draft.forward(&coin, expiry, ticker.underlying_price);
    }
    let quote = Quote {
        mark_price: ticker.mark_price,
        mark_vol: ticker.mark_iv.map(|percent| Real(percent.0 / 100.0)),
        bid: ticker.best_bid_price,
        ask: ticker.best_ask_price,
        bid_size: contracts(ticker.best_bid_amount),
        ask_size: contracts(ticker.best_ask_amount),
        open_interest: contracts(ticker.open_interest),
        funding_8h: ticker.funding_8h.filter(|_| kind == Kind::Perpetual),
    };
    draft.quote(name, quote);
}
