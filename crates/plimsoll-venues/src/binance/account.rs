//! Positions and balances of all products.

use plimsoll_model::Asset;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::number::{Exact, Real};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::accounts::{MAIN, Position};
use crate::draft::{Draft, Quote};
use crate::payload::{Payload, Row, maybe_exact, maybe_text, nonzero};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Held {
    symbol: String,
    /// Contracts of a future, signed.
    #[serde(default, deserialize_with = "maybe_exact")]
    position_amt: Option<Exact>,
    /// Contracts of an option; `side` has the sign.
    #[serde(default, deserialize_with = "maybe_exact")]
    quantity: Option<Exact>,
    #[serde(default, deserialize_with = "maybe_text")]
    side: Option<String>,
    #[serde(default, deserialize_with = "maybe_exact")]
    entry_price: Option<Exact>,
    #[serde(default, deserialize_with = "nonzero")]
    mark_price: Option<Real>,
    #[serde(default, deserialize_with = "maybe_text")]
    margin_type: Option<String>,
    #[serde(default)]
    isolated: bool,
    /// Cash of an isolated position, without its open profit.
    #[serde(default, deserialize_with = "maybe_exact")]
    isolated_wallet: Option<Exact>,
}

/// Adds positions; an isolated one is an account of its own.
pub(super) fn positions(draft: &mut Draft, mut payload: Payload<'_>) -> Result<(), InputError> {
    payload.descend("positions");
    for row in payload.rows() {
        let held: Held = row.decode()?;
        let quantity = quantity(&held, &row)?;
        if quantity.is_zero() {
            continue;
        }
        let name = held.symbol.as_str();
        let contract = draft.held(name, &row)?;
        let settlement = contract.settlement;
        let wallet = held.isolated_wallet.map_or(Decimal::ZERO, |wallet| wallet.0);
        let isolated =
            held.isolated || held.margin_type.as_deref() == Some("isolated") || !wallet.is_zero();
        let account = if isolated { name } else { MAIN };
        draft.accounts.balance(account, &settlement, wallet, &row)?;
        let entry_price = held.entry_price.ok_or_else(|| {
            row.error(InputCode::Missing, format!("{name} has no `entryPrice`"))
                .hint("save positionRisk, which has it")
        })?;
        let entry_price = Some(entry_price);
        let position = Position { account, instrument: name, quantity, entry_price };
        draft.accounts.position(&position, &row)?;
        draft.quote_if_absent(name, Quote { mark_price: held.mark_price, ..Quote::default() });
    }
    Ok(())
}

fn quantity(held: &Held, row: &Row<'_>) -> Result<Decimal, InputError> {
    let name = &held.symbol;
    if let Some(amount) = held.position_amt {
        return Ok(amount.0);
    }
    let amount = held.quantity.ok_or_else(|| {
        let message = format!("{name} has neither `positionAmt` nor `quantity`");
        row.error(InputCode::Missing, message)
    })?;
    match held.side.as_deref() {
        Some("LONG") => Ok(amount.0.abs()),
        Some("SHORT") => Ok(-amount.0.abs()),
        other => {
            let message = format!("{name}: side `{}` is not known", other.unwrap_or_default());
            Err(row.error(InputCode::Unsupported, message))
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Balance {
    asset: Asset,
    /// Futures: cash outside isolated positions.
    #[serde(default, deserialize_with = "maybe_exact")]
    cross_wallet_balance: Option<Exact>,
    /// Portfolio margin: what is held in the margin wallet, debts not deducted.
    #[serde(default, deserialize_with = "maybe_exact")]
    cross_margin_asset: Option<Exact>,
    #[serde(default, deserialize_with = "maybe_exact")]
    cross_margin_borrowed: Option<Exact>,
    #[serde(default, deserialize_with = "maybe_exact")]
    cross_margin_interest: Option<Exact>,
    #[serde(default, deserialize_with = "maybe_exact")]
    um_wallet_balance: Option<Exact>,
    #[serde(default, deserialize_with = "maybe_exact")]
    cm_wallet_balance: Option<Exact>,
    /// Options: cash.
    #[serde(default, deserialize_with = "maybe_exact")]
    margin_balance: Option<Exact>,
}

/// Adds balances, debts negative.
pub(super) fn balances(draft: &mut Draft, mut payload: Payload<'_>) -> Result<(), InputError> {
    if !payload.descend("assets") {
        payload.descend("asset");
    }
    for row in payload.rows() {
        let balance: Balance = row.decode()?;
        let parts = match balance {
            Balance { cross_margin_asset: Some(held), .. } => {
                let owed = [balance.cross_margin_borrowed, balance.cross_margin_interest];
                let owed = owed.map(|amount| amount.map(|amount| Exact(-amount.0)));
                let wallets = [balance.um_wallet_balance, balance.cm_wallet_balance];
                [vec![Some(held)], owed.into(), wallets.into()].concat()
            }
            Balance { cross_wallet_balance: Some(cash), .. }
            | Balance { margin_balance: Some(cash), .. } => vec![Some(cash)],
            _ => {
                let message = format!("{} has no balance that is read", balance.asset);
                return Err(row
                    .error(InputCode::Missing, message)
                    .hint("read are crossWalletBalance, crossMarginAsset and marginBalance"));
            }
        };
        for amount in parts.into_iter().flatten() {
            draft.accounts.balance(MAIN, &balance.asset, amount.0, &row)?;
        }
    }
    Ok(())
}
