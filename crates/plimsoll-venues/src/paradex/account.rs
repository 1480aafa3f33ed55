//! `v1/positions`, `v1/balance`.

use plimsoll_model::Asset;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::number::Exact;
use serde::Deserialize;

use crate::accounts::{MAIN, Position};
use crate::draft::Draft;
use crate::payload::{Payload, maybe_exact, maybe_text};

#[derive(Deserialize)]
struct Held {
    market: String,
    /// Signed by the documentation; the side decides.
    size: Exact,
    #[serde(default, deserialize_with = "maybe_text")]
    side: Option<String>,
    #[serde(default, deserialize_with = "maybe_exact")]
    average_entry_price: Option<Exact>,
    /// Funding earned and not paid out yet; negative is owed.
    #[serde(default, deserialize_with = "maybe_exact")]
    unrealized_funding_pnl: Option<Exact>,
}

/// Adds positions, and the funding they have earned to the balance they settle in.
pub(super) fn positions(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    for row in payload.rows() {
        let held: Held = row.decode()?;
        if held.size.0.is_zero() {
            continue;
        }
        let name = held.market.as_str();
        let contract = draft.held(name, &row)?;
        let settlement = contract.settlement;
        let quantity = match held.side.as_deref() {
            Some("LONG") => held.size.0.abs(),
            Some("SHORT") => -held.size.0.abs(),
            None => held.size.0,
            Some(other) => {
                let message = format!("{name}: side `{other}` is not known");
                return Err(row.error(InputCode::Unsupported, message));
            }
        };
        let entry_price = held.average_entry_price;
        let position = Position { account: MAIN, instrument: name, quantity, entry_price };
        draft.accounts.position(&position, &row)?;
        if let Some(funding) = held.unrealized_funding_pnl {
            draft.accounts.balance(MAIN, &settlement, funding.0, &row)?;
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct Balance {
    token: Asset,
    size: Exact,
}

/// Adds balances.
pub(super) fn balances(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    for row in payload.rows() {
        let balance: Balance = row.decode()?;
        draft.accounts.balance(MAIN, &balance.token, balance.size.0, &row)?;
    }
    Ok(())
}
