//! `private/get_open_orders`.

use plimsoll_model::error::InputError;
use plimsoll_model::number::Exact;
use serde::de::{Deserialize, Deserializer, Error};
use serde_json::Value;

use super::account::contracts;
use crate::draft::Draft;
use crate::orders::{Order, left, side};
use crate::payload::{Payload, maybe_exact};

#[derive(serde::Deserialize)]
struct Listed {
    instrument_name: String,
    direction: String,
    /// Dollars of a coin-settled future, coins otherwise.
    amount: Exact,
    #[serde(default, deserialize_with = "maybe_exact")]
    filled_amount: Option<Exact>,
    /// `market_price` for an order without limit.
    #[serde(default, deserialize_with = "limit")]
    price: Option<Exact>,
    #[serde(default)]
    order_state: String,
    #[serde(default)]
    reduce_only: bool,
}

/// Adds orders.
pub(super) fn read(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    for row in payload.rows() {
        let listed: Listed = row.decode()?;
        let amount = left(listed.amount, listed.filled_amount, &row)?;
        let taken = !listed.reduce_only && listed.order_state != "untriggered";
        let amount = if taken {
            contracts(&draft.ordered(&listed.instrument_name, &row)?, amount, &row)?
        } else {
            amount
        };
        let order = Order {
            instrument: &listed.instrument_name,
            side: side(&listed.direction, &row)?,
            left: amount,
            price: listed.price,
            reduce_only: listed.reduce_only,
            waits: listed.order_state == "untriggered",
            ..Order::default()
        };
        draft.order(&order, &row)?;
    }
    Ok(())
}

/// A number; a word is none.
fn limit<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Exact>, D::Error> {
    match Value::deserialize(from)? {
        Value::String(_) => Ok(None),
        number => maybe_exact(number).map_err(D::Error::custom),
    }
}
