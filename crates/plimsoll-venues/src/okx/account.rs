//! `account/positions`, `account/balance`.

use plimsoll_model::Asset;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::number::{Exact, Real, to_f64};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::accounts::{MAIN, Position};
use crate::draft::{Draft, Quote};
use crate::payload::{Payload, Row, maybe_exact, maybe_text, nonzero};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Held {
    inst_id: String,
    inst_type: String,
    /// Contracts; signed where `posSide` is `net`.
    pos: Exact,
    pos_side: String,
    #[serde(default, deserialize_with = "maybe_exact")]
    avg_px: Option<Exact>,
    /// The entry price less the profit that was settled into the balance on the way.
    #[serde(default, deserialize_with = "maybe_exact")]
    non_settle_avg_px: Option<Exact>,
    #[serde(default, deserialize_with = "maybe_text")]
    mgn_mode: Option<String>,
    /// Margin of an isolated position, in its settlement currency.
    #[serde(default, deserialize_with = "maybe_exact")]
    margin: Option<Exact>,
    #[serde(default, deserialize_with = "nonzero")]
    mark_px: Option<Real>,
}

/// Adds positions; an isolated one is an account of its own.
pub(super) fn positions(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    for row in payload.rows() {
        let held: Held = row.decode()?;
        if !held.pos.0.is_zero() {
            position(draft, &held, &row)?;
        }
    }
    Ok(())
}

fn position(draft: &mut Draft, held: &Held, row: &Row<'_>) -> Result<(), InputError> {
    let name = held.inst_id.as_str();
    if held.inst_type == "MARGIN" {
        let message = format!("{name}: a leveraged pair is held, which is not taken in");
        return Err(row.error(InputCode::Unsupported, message));
    }
    let settlement = draft.held(name, row)?.settlement;
    let quantity = match held.pos_side.as_str() {
        "net" => held.pos.0,
        "long" => held.pos.0.abs(),
        "short" => -held.pos.0.abs(),
        other => {
            let message = format!("{name}: posSide `{other}` is not known");
            return Err(row.error(InputCode::Unsupported, message));
        }
    };
    let isolated = held.mgn_mode.as_deref() == Some("isolated");
    let account = if isolated { name } else { MAIN };
    if isolated {
        let margin = held.margin.map_or(Decimal::ZERO, |margin| margin.0);
        draft.accounts.balance(account, &settlement, margin, row)?;
    }
    let entry_price = held.non_settle_avg_px.or(held.avg_px);
    let position = Position { account, instrument: name, quantity, entry_price };
    draft.accounts.position(&position, row)?;
    draft.quote_if_absent(name, Quote { mark_price: held.mark_px, ..Quote::default() });
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    ccy: Asset,
    cash_bal: Exact,
    #[serde(default, deserialize_with = "maybe_exact")]
    eq: Option<Exact>,
    #[serde(default, deserialize_with = "maybe_exact")]
    eq_usd: Option<Exact>,
    /// Interest owed and not yet charged; positive.
    #[serde(default, deserialize_with = "maybe_exact")]
    interest: Option<Exact>,
}

/// Adds cash balances, debts negative, and the prices that the statement implies.
pub(super) fn balances(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    for account in payload.rows() {
        if account.value.get("details").is_none() {
            let message = "no `details`: this is not an answer of account/balance";
            return Err(account.error(InputCode::Missing, message));
        }
        for row in account.members("details") {
            let detail: Detail = row.decode()?;
            let interest = detail.interest.map_or(Decimal::ZERO, |interest| interest.0.abs());
            let amount = detail.cash_bal.0.checked_sub(interest).ok_or_else(|| {
                row.error(InputCode::BadNumber, format!("{}: cashBal is too large", detail.ccy))
            })?;
            draft.accounts.balance(MAIN, &detail.ccy, amount, &row)?;
            if let (Some(usd), Some(units)) = (detail.eq_usd, detail.eq)
                && !units.0.is_zero()
            {
                draft.price_usd(&detail.ccy, to_f64(usd.0) / to_f64(units.0));
            }
        }
    }
    Ok(())
}
