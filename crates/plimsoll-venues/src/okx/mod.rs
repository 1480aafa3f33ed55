//! OKX, API v5.
//!
//! | part | answers |
//! | --- | --- |
//! | instruments | `public/instruments`, one per `instType` (and `instFamily` for options) |
//! | tickers | `public/mark-price`, `market/tickers`, `public/opt-summary`, `market/index-tickers`, `public/open-interest`, `public/funding-rate` |
//! | positions | `account/positions` |
//! | balances | `account/balance` |

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
    match part.kind {
        PartKind::Instruments => instruments::read(draft, payload),
        PartKind::Tickers => tickers::read(draft, payload),
        PartKind::Balances => account::balances(draft, payload),
        PartKind::Positions => account::positions(draft, payload),
    }
}
