//! Hyperliquid, answers of its `info` endpoint by request type.
//!
//! | part | answers |
//! | --- | --- |
//! | instruments | `metaAndAssetCtxs` or `meta` |
//! | tickers | `metaAndAssetCtxs`; `spotMetaAndAssetCtxs` for the prices of tokens |
//! | positions | `clearinghouseState` |
//! | balances | `clearinghouseState`, `spotClearinghouseState` |
//!
//! The venue names a perpetual by its coin alone. A bare ticker is an asset in a book, so perpetuals
//! are named here as in `BTC-PERP`. No answer about prices has a stamp: the time of the snapshot is
//! that of `clearinghouseState`, or has to be stated.

mod account;
mod instruments;
mod margin_check;
mod tickers;

use plimsoll_model::error::InputError;

pub(crate) use margin_check::margins;

use crate::draft::Draft;
use crate::payload::Payload;
use crate::{Part, PartKind};

/// The token that margin is held in: its name, and its number among the tokens.
const CASH: (&str, u64) = ("USDC", 0);

/// Our name for the perpetual on a coin.
fn perpetual(coin: &str) -> String {
    format!("{coin}-PERP")
}

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
