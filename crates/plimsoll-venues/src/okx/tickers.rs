//! Every public answer with prices: each row says what it is about by the fields it has.

use plimsoll_model::Timestamp;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::instrument::Kind;
use plimsoll_model::number::Real;
use serde::Deserialize;

use super::instruments::index_pair;
use crate::draft::{Contract, Draft, Quote};
use crate::payload::{Payload, Row, maybe_millis, maybe_real, nonzero};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ticker {
    inst_id: String,
    #[serde(default, deserialize_with = "maybe_millis")]
    ts: Option<Timestamp>,
    #[serde(default, deserialize_with = "nonzero")]
    mark_px: Option<Real>,
    #[serde(default, deserialize_with = "nonzero")]
    bid_px: Option<Real>,
    #[serde(default, deserialize_with = "nonzero")]
    ask_px: Option<Real>,
    #[serde(default, deserialize_with = "nonzero")]
    bid_sz: Option<Real>,
    #[serde(default, deserialize_with = "nonzero")]
    ask_sz: Option<Real>,
    #[serde(default, deserialize_with = "nonzero")]
    last: Option<Real>,
    /// Decimal per year.
    #[serde(default, deserialize_with = "nonzero")]
    mark_vol: Option<Real>,
    #[serde(default, deserialize_with = "nonzero")]
    fwd_px: Option<Real>,
    #[serde(default, deserialize_with = "nonzero")]
    idx_px: Option<Real>,
    #[serde(default, deserialize_with = "maybe_real")]
    oi: Option<Real>,
    #[serde(default, deserialize_with = "maybe_real")]
    funding_rate: Option<Real>,
    #[serde(default, deserialize_with = "maybe_millis")]
    funding_time: Option<Timestamp>,
    #[serde(default, deserialize_with = "maybe_millis")]
    next_funding_time: Option<Timestamp>,
}

/// Adds what is quoted.
pub(super) fn read(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    for row in payload.rows() {
        let ticker: Ticker = row.decode()?;
        add(draft, &ticker, &row)?;
    }
    Ok(())
}

fn add(draft: &mut Draft, ticker: &Ticker, row: &Row<'_>) -> Result<(), InputError> {
    draft.quoted_at(ticker.ts);
    let name = ticker.inst_id.as_str();
    if let Some(price) = ticker.idx_px {
        let (base, quote) = index_pair(name).ok_or_else(|| {
            row.error(InputCode::Malformed, format!("`{name}` is no index like BTC-USDT"))
        })?;
        draft.index(&base, &quote, Some(price));
        return Ok(());
    }
    let Some(Contract { underlying: coin, kind, .. }) = draft.quoted(name) else { return Ok(()) };
    if let Kind::Option { expiry, .. } = kind {
        draft.forward(&coin, expiry, ticker.fwd_px);
    }
    let quote = Quote {
        mark_price: ticker.mark_px,
        mark_vol: ticker.mark_vol,
        bid: ticker.bid_px,
        ask: ticker.ask_px,
        bid_size: ticker.bid_sz,
        ask_size: ticker.ask_sz,
        open_interest: ticker.oi,
        funding_8h: funding_8h(ticker),
    };
    // A last trade alone is no quote: the contract may not have traded for weeks.
    if quote != Quote::default() || ticker.last.is_some() {
        draft.quote(name, quote);
    }
    Ok(())
}

/// The funding of eight hours, from the rate of one interval.
fn funding_8h(ticker: &Ticker) -> Option<Real> {
    let rate = ticker.funding_rate?.0;
    let (from, to) = (ticker.funding_time?, ticker.next_funding_time?);
    let hours = from.days_until(to) * 24.0;
    (hours > 0.0).then(|| Real(rate * 8.0 / hours))
}
