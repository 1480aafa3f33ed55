//! `private/get_subaccount`, `private/get_positions`, `private/get_collaterals`.
//!
//! Profit on perpetuals is settled into cash at the venue's pleasure. What is still open is
//! `positions_value` less the value of options; it is taken with the cash, so positions carry no entry
//! price.

use plimsoll_model::Asset;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::number::{Exact, Real, to_f64};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::CASH;
use crate::accounts::{MAIN, Position};
use crate::draft::{Draft, Quote};
use crate::payload::{MaybeExact, Payload, Row, nonzero};

#[derive(Deserialize)]
pub(super) struct Held {
    pub instrument_name: String,
    pub amount: Exact,
    #[serde(default)]
    instrument_type: String,
    #[serde(default)]
    mark_value: MaybeExact,
    #[serde(default, deserialize_with = "nonzero")]
    mark_price: Option<Real>,
    #[serde(default, deserialize_with = "nonzero")]
    index_price: Option<Real>,
}

#[derive(Deserialize)]
pub(super) struct Collateral {
    pub asset_name: Asset,
    pub amount: Exact,
    #[serde(default)]
    mark_price: MaybeExact,
}

/// Adds positions.
pub(super) fn positions(draft: &mut Draft, mut payload: Payload<'_>) -> Result<(), InputError> {
    payload.descend("positions");
    for row in payload.rows() {
        let held: Held = row.decode()?;
        if held.amount.0.is_zero() {
            continue;
        }
        let name = held.instrument_name.as_str();
        let contract = draft.held(name, &row)?;
        let (coin, quote) = (contract.underlying.clone(), contract.quote.clone());
        let quantity = held.amount.0;
        let position = Position { account: MAIN, instrument: name, quantity, entry_price: None };
        draft.accounts.position(&position, &row)?;
        draft.index(&coin, &quote, held.index_price);
        draft.quote_if_absent(name, Quote { mark_price: held.mark_price, ..Quote::default() });
    }
    Ok(())
}

/// Adds collateral, and to the cash the profit on perpetuals that is still open.
pub(super) fn balances(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    let account = payload.row();
    if account.value.get("collaterals").is_none() {
        let message = "no `collaterals`: this is no answer about a subaccount";
        return Err(account.error(InputCode::Missing, message));
    }
    for row in account.members("collaterals") {
        let held: Collateral = row.decode()?;
        draft.accounts.balance(MAIN, &held.asset_name, held.amount.0, &row)?;
        if let Some(price) = held.mark_price.0 {
            draft.price_usd(&held.asset_name, to_f64(price.0));
        }
    }
    match open_profit(&account)? {
        Some(profit) => draft.accounts.balance(MAIN, &Asset::new(CASH), profit, &account),
        None => {
            draft.warnings.push(
                "the open profit on perpetuals is not in the balances: only \
                 private/get_subaccount states it"
                    .to_owned(),
            );
            Ok(())
        }
    }
}

/// Profit on perpetuals that is not settled yet: `positions_value` − Σ value of options.
pub(super) fn open_profit(account: &Row<'_>) -> Result<Option<Decimal>, InputError> {
    let Some(value) = account.member("positions_value") else { return Ok(None) };
    let total: Exact = value.decode()?;
    let mut profit = total.0;
    for row in account.members("positions") {
        let held: Held = row.decode()?;
        if held.instrument_type == "option" {
            let worth = held.mark_value.0.ok_or_else(|| {
                let message = format!("{} has no `mark_value`", held.instrument_name);
                row.error(InputCode::Missing, message)
            })?;
            profit = profit.checked_sub(worth.0).ok_or_else(|| {
                row.error(InputCode::BadNumber, format!("mark_value = {} is too large", worth.0))
            })?;
        }
    }
    Ok(Some(profit))
}
