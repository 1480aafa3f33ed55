//! `openOrders` of futures, options and portfolio margin.

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::number::Exact;
use serde::Deserialize;

use crate::draft::Draft;
use crate::orders::{Order, left, side};
use crate::payload::{Payload, maybe_exact, maybe_text};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    symbol: String,
    side: String,
    /// Of a future.
    #[serde(default, deserialize_with = "maybe_exact")]
    orig_qty: Option<Exact>,
    /// Of an option.
    #[serde(default, deserialize_with = "maybe_exact")]
    quantity: Option<Exact>,
    #[serde(default, deserialize_with = "maybe_exact")]
    executed_qty: Option<Exact>,
    /// 0 for market orders.
    #[serde(default, deserialize_with = "maybe_exact")]
    price: Option<Exact>,
    /// `LIMIT`, or the kind that a trigger made of it.
    #[serde(rename = "type", default, deserialize_with = "maybe_text")]
    kind: Option<String>,
    #[serde(default)]
    reduce_only: bool,
    /// Closes whatever is held when it triggers; its quantity is 0.
    #[serde(default)]
    close_position: bool,
}

/// Adds orders. In hedge mode the venue writes no `reduceOnly`: an order that closes one side counts.
pub(super) fn read(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    for row in payload.rows() {
        let listed: Listed = row.decode()?;
        let Some(amount) = listed.orig_qty.or(listed.quantity) else {
            let message = format!("{} has neither `origQty` nor `quantity`", listed.symbol);
            return Err(row.error(InputCode::Missing, message));
        };
        let kind = listed.kind.unwrap_or_default();
        let order = Order {
            instrument: &listed.symbol,
            side: side(&listed.side, &row)?,
            left: left(amount, listed.executed_qty, &row)?,
            price: listed.price,
            reduce_only: listed.reduce_only || listed.close_position,
            waits: kind.starts_with("STOP")
                || kind.starts_with("TAKE_PROFIT")
                || kind.starts_with("TRAILING"),
            ..Order::default()
        };
        draft.order(&order, &row)?;
    }
    Ok(())
}
