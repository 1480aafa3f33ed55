//! Bybit, API v5 of a unified trading account.
//!
//! | part | answers |
//! | --- | --- |
//! | instruments | `v5/market/instruments-info`, one per `category` and page; the listing of API v2 too |
//! | tickers | `v5/market/tickers`, one per `category` (and `baseCoin` for options) |
//! | positions | `v5/position/list`, one per `category` and page |
//! | balances | `v5/account/wallet-balance` |

mod account;
mod instruments;
mod margin_check;
mod tickers;

use plimsoll_model::error::InputError;

pub(crate) use margin_check::margins;

use crate::draft::Draft;
use crate::payload::Payload;
use crate::{Part, PartKind};

/// Adds one answer.
pub(crate) fn read(draft: &mut Draft, part: &Part<'_>) -> Result<(), InputError> {
    let payload = Payload::read(part)?;
    draft.answered_at(payload.time);
    if payload.has_more {
        draft.warnings.push(format!("{}: the venue has further pages of this answer", part.origin));
    }
    match part.kind {
        PartKind::Instruments => instruments::read(draft, payload),
        PartKind::Tickers => tickers::read(draft, payload),
        PartKind::Balances => account::balances(draft, payload),
        PartKind::Positions => account::positions(draft, payload),
    }
}
