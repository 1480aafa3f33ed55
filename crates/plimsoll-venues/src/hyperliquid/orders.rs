//! `frontendOpenOrders`, `openOrders`.

use plimsoll_model::error::InputError;
use plimsoll_model::number::Exact;
use serde::Deserialize;

use super::perpetual;
use crate::draft::Draft;
use crate::orders::{Order, side};
use crate::payload::{Payload, maybe_exact};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    coin: String,
    /// `B` bids, `A` asks.
    side: String,
    /// Coins left.
    sz: Exact,
    #[serde(default, deserialize_with = "maybe_exact")]
    limit_px: Option<Exact>,
    #[serde(default)]
    reduce_only: bool,
    #[serde(default)]
    is_trigger: bool,
}

/// Adds orders.
pub(super) fn read(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    for row in payload.rows() {
        let listed: Listed = row.decode()?;
        // Spot pairs are `PURR/USDC` or a number, `@107`.
        if listed.coin.contains('/') || listed.coin.starts_with('@') {
            draft.leave_out_order(&listed.coin, "they are in spot, and hold balances");
            continue;
        }
        let order = Order {
            instrument: &perpetual(&listed.coin),
            side: side(&listed.side, &row)?,
            left: listed.sz.0,
            price: listed.limit_px,
            reduce_only: listed.reduce_only,
            waits: listed.is_trigger,
            ..Order::default()
        };
        draft.order(&order, &row)?;
    }
    Ok(())
}
