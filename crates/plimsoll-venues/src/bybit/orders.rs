//! `v5/order/realtime`.

use plimsoll_model::error::InputError;
use plimsoll_model::number::Exact;
use serde::Deserialize;

use crate::draft::Draft;
use crate::orders::{Order, left, side};
use crate::payload::{Payload, maybe_exact};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    symbol: String,
    side: String,
    /// As positions are counted.
    qty: Exact,
    #[serde(default, deserialize_with = "maybe_exact")]
    cum_exec_qty: Option<Exact>,
    /// 0 for market orders.
    #[serde(default, deserialize_with = "maybe_exact")]
    price: Option<Exact>,
    order_status: String,
    #[serde(default)]
    reduce_only: bool,
    #[serde(default)]
    close_on_trigger: bool,
}

/// Adds orders. The answer lists closed ones too, of the last minutes.
pub(super) fn read(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    for row in payload.rows() {
        let listed: Listed = row.decode()?;
        let waits = listed.order_status == "Untriggered";
        if !waits && !["New", "PartiallyFilled"].contains(&listed.order_status.as_str()) {
            continue;
        }
        let order = Order {
            instrument: &listed.symbol,
            side: side(&listed.side, &row)?,
            left: left(listed.qty, listed.cum_exec_qty, &row)?,
            price: listed.price,
            reduce_only: listed.reduce_only || listed.close_on_trigger,
            waits,
            ..Order::default()
        };
        draft.order(&order, &row)?;
    }
    Ok(())
}
