//! `trade/orders-pending`.

use plimsoll_model::error::InputError;
use plimsoll_model::number::Exact;
use serde::Deserialize;

use crate::accounts::MAIN;
use crate::draft::Draft;
use crate::orders::{Order, left, side};
use crate::payload::{Payload, maybe_exact, maybe_text};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    inst_id: String,
    inst_type: String,
    side: String,
    /// Contracts.
    sz: Exact,
    #[serde(default, deserialize_with = "maybe_exact")]
    acc_fill_sz: Option<Exact>,
    /// Absent for market orders, and for options ordered by vol or in dollars.
    #[serde(default, deserialize_with = "maybe_exact")]
    px: Option<Exact>,
    #[serde(default, deserialize_with = "maybe_text")]
    td_mode: Option<String>,
    #[serde(default, deserialize_with = "maybe_text")]
    reduce_only: Option<String>,
}

/// Adds orders; one for an isolated position stands in that position's account.
pub(super) fn read(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    for row in payload.rows() {
        let listed: Listed = row.decode()?;
        if ["SPOT", "MARGIN"].contains(&listed.inst_type.as_str()) {
            draft.leave_out_order(&listed.inst_id, "they are in spot, and hold balances");
            continue;
        }
        let isolated = listed.td_mode.as_deref() == Some("isolated");
        let order = Order {
            account: if isolated { &listed.inst_id } else { MAIN },
            instrument: &listed.inst_id,
            side: side(&listed.side, &row)?,
            left: left(listed.sz, listed.acc_fill_sz, &row)?,
            price: listed.px,
            reduce_only: listed.reduce_only.as_deref() == Some("true"),
            waits: false,
        };
        draft.order(&order, &row)?;
    }
    Ok(())
}
