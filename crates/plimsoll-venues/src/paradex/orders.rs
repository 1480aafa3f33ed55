//! `v1/orders`.

use plimsoll_model::error::InputError;
use plimsoll_model::number::Exact;
use serde::Deserialize;

use crate::draft::Draft;
use crate::orders::{Order, side};
use crate::payload::{Payload, maybe_exact};

#[derive(Deserialize)]
struct Listed {
    market: String,
    side: String,
    size: Exact,
    #[serde(default, deserialize_with = "maybe_exact")]
    remaining_size: Option<Exact>,
    /// 0 for market orders.
    #[serde(default, deserialize_with = "maybe_exact")]
    price: Option<Exact>,
    /// `NEW`, `OPEN`, `UNTRIGGERED` or `CLOSED`.
    status: String,
    #[serde(default)]
    flags: Vec<String>,
}

/// Adds orders.
pub(super) fn read(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    for row in payload.rows() {
        let listed: Listed = row.decode()?;
        if listed.status == "CLOSED" {
            continue;
        }
        let order = Order {
            instrument: &listed.market,
            side: side(&listed.side, &row)?,
            left: listed.remaining_size.unwrap_or(listed.size).0,
            price: listed.price,
            reduce_only: listed.flags.iter().any(|flag| flag == "REDUCE_ONLY"),
            waits: listed.status == "UNTRIGGERED",
            ..Order::default()
        };
        draft.order(&order, &row)?;
    }
    Ok(())
}
