//! `private/get_open_orders`, and the orders in `private/get_subaccount`.

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::number::Exact;
use serde::Deserialize;

use crate::draft::Draft;
use crate::orders::{Order, left, side};
use crate::payload::{Payload, maybe_exact};

#[derive(Deserialize)]
struct Listed {
    instrument_name: String,
    direction: String,
    amount: Exact,
    #[serde(default, deserialize_with = "maybe_exact")]
    filled_amount: Option<Exact>,
    #[serde(default, deserialize_with = "maybe_exact")]
    limit_price: Option<Exact>,
    /// `open`, `untriggered`, or how it ended.
    order_status: String,
}

/// Adds orders.
pub(super) fn read(draft: &mut Draft, mut payload: Payload<'_>) -> Result<(), InputError> {
    if !payload.descend("orders") && !payload.descend("open_orders") {
        let message = "neither `orders` nor `open_orders`: this is no answer about orders";
        return Err(payload.row().error(InputCode::Missing, message));
    }
    for row in payload.rows() {
        let listed: Listed = row.decode()?;
        if !["open", "untriggered"].contains(&listed.order_status.as_str()) {
            continue;
        }
        let order = Order {
            instrument: &listed.instrument_name,
            side: side(&listed.direction, &row)?,
            left: left(listed.amount, listed.filled_amount, &row)?,
            price: listed.limit_price,
            waits: listed.order_status == "untriggered",
            ..Order::default()
        };
        draft.order(&order, &row)?;
    }
    Ok(())
}
