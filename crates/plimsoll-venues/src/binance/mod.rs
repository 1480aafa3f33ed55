//! Binance: USD-M futures (`fapi`), COIN-M futures (`dapi`), European options (`eapi`) and portfolio
//! margin (`papi`). Each row says by its fields which product it is of.
//!
//! | part | answers |
//! | --- | --- |
//! | instruments | `exchangeInfo` of each product |
//! | tickers | `premiumIndex`, `ticker/bookTicker`, `fundingInfo` of futures; `mark`, `ticker` of options |
//! | positions | `positionRisk`, `account`; `eapi/v1/position`; `papi/v1/um/positionRisk`, `papi/v1/cm/positionRisk` |
//! | balances | `balance`, `account`; `eapi/v1/marginAccount`; `papi/v1/balance` |

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
    match part.kind {
        PartKind::Instruments => instruments::read(draft, payload),
        PartKind::Tickers => tickers::read(draft, payload),
        PartKind::Balances => account::balances(draft, payload),
        PartKind::Positions => account::positions(draft, payload),
    }
}
