//! Derive.
//!
//! | part | answers |
//! | --- | --- |
//! | instruments | `public/get_instruments`, `public/get_all_instruments`, `public/get_instrument` |
//! | tickers | `public/get_ticker`, `public/get_tickers` |
//! | positions | `private/get_subaccount`, `private/get_positions` |
//! | balances | `private/get_subaccount`, `private/get_collaterals` |

mod account;
mod instruments;
mod margin_check;
mod tickers;

use plimsoll_model::error::InputError;

pub(crate) use margin_check::margins;

use crate::draft::Draft;
use crate::payload::Payload;
use crate::{Part, PartKind};

/// What every contract is settled in, and what cash is held in.
const CASH: &str = "USDC";

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
