//! `private/get_positions`, `private/get_account_summary`, `private/get_account_summaries`.

use plimsoll_model::Asset;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::number::{Exact, Real};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use serde::Deserialize;

use crate::accounts::{MAIN, Position};
use crate::draft::{Contract, Draft, Quote};
use crate::payload::{Payload, Row, maybe_exact, nonzero};

#[derive(Deserialize)]
struct Held {
    instrument_name: String,
    /// Dollars of a coin-settled future, coins otherwise; signed.
    size: Exact,
    #[serde(default, deserialize_with = "nonzero")]
    mark_price: Option<Real>,
    #[serde(default, deserialize_with = "nonzero")]
    index_price: Option<Real>,
}

/// Adds positions. Futures are settled every day into the balance, so entry prices say nothing about
/// profit that is still open: it is taken with the balances, as [`balances`] tells.
pub(super) fn positions(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    for row in payload.rows() {
        let held: Held = row.decode()?;
        if held.size.0.is_zero() {
            continue;
        }
        let contract = draft.held(&held.instrument_name, &row)?;
        let quantity = contracts(&contract, held.size.0, &row)?;
        let position = Position {
            account: MAIN,
            instrument: &held.instrument_name,
            quantity,
            entry_price: None,
        };
        draft.accounts.position(&position, &row)?;
        draft.index(&contract.underlying, &contract.quote, held.index_price);
        let mark = Quote { mark_price: held.mark_price, ..Quote::default() };
        draft.quote_if_absent(&held.instrument_name, mark);
    }
    Ok(())
}

/// Contracts of an amount in dollars of a coin-settled future, in coins otherwise.
pub(super) fn contracts(
    contract: &Contract,
    amount: Decimal,
    row: &Row<'_>,
) -> Result<Decimal, InputError> {
    let size = Decimal::from_f64(contract.size.0).filter(|size| !size.is_zero());
    size.and_then(|size| amount.checked_div(size)).ok_or_else(|| {
        let message = format!(
            "{}: size {amount} over contract size {} is no number",
            contract.name, contract.size.0
        );
        row.error(InputCode::BadNumber, message)
    })
}

#[derive(Deserialize)]
struct Summary {
    currency: Asset,
    equity: Exact,
    #[serde(default, deserialize_with = "maybe_exact")]
    options_value: Option<Exact>,
}

/// Adds balances: equity less the value of options, which a market revalues. With it comes the
/// session's profit on futures, so positions carry no entry price.
pub(super) fn balances(draft: &mut Draft, mut payload: Payload<'_>) -> Result<(), InputError> {
    payload.descend("summaries");
    for row in payload.rows() {
        let summary: Summary = row.decode()?;
        let options = summary.options_value.map_or(Decimal::ZERO, |value| value.0);
        let cash = summary.equity.0.checked_sub(options).ok_or_else(|| {
            row.error(InputCode::BadNumber, format!("{}: equity is too large", summary.currency))
        })?;
        draft.accounts.balance(MAIN, &summary.currency, cash, &row)?;
    }
    Ok(())
}
