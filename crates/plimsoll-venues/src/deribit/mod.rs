//! Deribit: answers of its API, option chains as collectors record them, and what its contracts hold.
//!
//! | part | answers |
//! | --- | --- |
//! | instruments | `public/get_instruments`, one per currency |
//! | tickers | `public/ticker`, `public/get_book_summary_by_currency` |
//! | positions | `private/get_positions` |
//! | balances | `private/get_account_summary`, `private/get_account_summaries` |

mod account;
pub mod chain;
pub mod contracts;
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
    match part.kind {
        PartKind::Instruments => instruments::read(draft, payload),
        PartKind::Tickers => tickers::read(draft, payload),
        PartKind::Balances => account::balances(draft, payload),
        PartKind::Positions => account::positions(draft, payload),
    }
}
