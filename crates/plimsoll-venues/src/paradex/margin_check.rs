//! `v1/account`.
//!
//! | theirs | ours |
//! | --- | --- |
//! | `account_value` | equity |
//! | `initial_margin_requirement` | initial margin |
//! | `maintenance_margin_requirement` | maintenance margin |
//! | `free_collateral` | equity − initial margin |

use plimsoll_model::Asset;
use plimsoll_model::error::InputError;
use plimsoll_model::number::Exact;
use serde::Deserialize;

use crate::Venue;
use crate::payload::{MaybeExact, Payload};
use crate::response::{VenueMargin, VenuePool, unknown_answer};

#[derive(Deserialize)]
struct Account {
    account_value: Exact,
    initial_margin_requirement: Exact,
    maintenance_margin_requirement: Exact,
    settlement_asset: Asset,
    #[serde(default)]
    free_collateral: MaybeExact,
}

/// Reads what an answer says of margin.
pub(super) fn margin(payload: Payload<'_>) -> Result<VenueMargin, InputError> {
    let row = payload.row();
    if row.value.get("initial_margin_requirement").is_none() {
        return Err(unknown_answer(&row, "v1/account"));
    }
    let account: Account = row.decode()?;
    let pool = VenuePool {
        equity: Some(account.account_value),
        initial_margin: Some(account.initial_margin_requirement),
        maintenance_margin: Some(account.maintenance_margin_requirement),
        excess_initial: account.free_collateral.0,
        ..VenuePool::named("account", account.settlement_asset)
    };
    let mut margin = VenueMargin::of(Venue::Paradex, "v1/account", None, vec![pool]);
    let note = "the answer does not say whether the account is on cross or portfolio margin";
    margin.notes.push(note.to_owned());
    Ok(margin)
}
