//! `clearinghouseState`, `spotClearinghouseState`.
//!
//! The venue keeps margin as `rawUsd`, from which the cost of every position has been paid:
//! account value = rawUsd + Σ size · mark. Cash is therefore rawUsd + Σ size · entry price, and equity
//! comes out as the venue's whatever the rounding of entry prices.

use plimsoll_model::Asset;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::number::Exact;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::{CASH, perpetual};
use crate::accounts::{MAIN, Position};
use crate::draft::Draft;
use crate::payload::{MaybeExact, Payload, Row};

/// The account of tokens that are no collateral of the perpetuals.
const SPOT: &str = "spot";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Held {
    pub coin: String,
    /// Coins, signed.
    pub szi: Exact,
    #[serde(default)]
    entry_px: MaybeExact,
    leverage: Leverage,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Leverage {
    #[serde(rename = "type")]
    kind: String,
    /// Of an isolated position.
    #[serde(default)]
    raw_usd: MaybeExact,
}

impl Held {
    pub fn is_isolated(&self) -> bool {
        self.leverage.kind == "isolated"
    }

    pub fn entry_price(&self) -> Option<Exact> {
        self.entry_px.0
    }

    /// size · entry price.
    pub fn cost(&self, row: &Row<'_>) -> Result<Decimal, InputError> {
        let entry = self.entry_px.0.ok_or_else(|| {
            row.error(InputCode::Missing, format!("{} has no `entryPx`", self.coin))
        })?;
        self.szi.0.checked_mul(entry.0).ok_or_else(|| {
            row.error(InputCode::BadNumber, format!("{}: the position is too large", self.coin))
        })
    }
}

/// The positions of an answer, each with its place.
pub(super) fn held<'a>(state: &Row<'a>) -> Result<Vec<(Held, Row<'a>)>, InputError> {
    if state.value.get("assetPositions").is_none() {
        let message = "no `assetPositions`: this is not a clearinghouseState";
        return Err(state.error(InputCode::Missing, message));
    }
    let rows = state.members("assetPositions").into_iter();
    let rows = rows.filter_map(|row| row.member("position"));
    let mut held = Vec::new();
    for row in rows {
        let position: Held = row.decode()?;
        if !position.szi.0.is_zero() {
            held.push((position, row));
        }
    }
    Ok(held)
}

/// Adds positions; an isolated one is an account of its own.
pub(super) fn positions(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    for (held, row) in held(&payload.row())? {
        let name = perpetual(&held.coin);
        draft.held(&name, &row)?;
        let account = if held.is_isolated() { name.as_str() } else { MAIN };
        if held.is_isolated() {
            let raw = held.leverage.raw_usd.0.ok_or_else(|| {
                let message = format!("{} is isolated and has no `rawUsd`", held.coin);
                row.error(InputCode::Missing, message)
            })?;
            let cash = sum(raw.0, held.cost(&row)?, &row)?;
            draft.accounts.balance(account, &Asset::new(CASH.0), cash, &row)?;
        }
        let position = Position {
            account,
            instrument: &name,
            quantity: held.szi.0,
            entry_price: held.entry_price(),
        };
        draft.accounts.position(&position, &row)?;
    }
    Ok(())
}

fn sum(a: Decimal, b: Decimal, row: &Row<'_>) -> Result<Decimal, InputError> {
    a.checked_add(b).ok_or_else(|| row.error(InputCode::BadNumber, "the balance is too large"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    total_raw_usd: Exact,
}

#[derive(Deserialize)]
struct Balance {
    coin: Asset,
    total: Exact,
}

/// Adds the cash of cross margin, or the tokens of the spot wallet. Those are an account of their own
/// unless portfolio margin is on, for only then are they collateral.
pub(super) fn balances(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    let state = payload.row();
    if state.value.get("balances").is_some() {
        let unified = state.value.get("portfolioMarginEnabled");
        let unified = unified.and_then(serde_json::Value::as_bool).unwrap_or_default();
        let account = if unified { MAIN } else { SPOT };
        for row in state.members("balances") {
            let balance: Balance = row.decode()?;
            draft.accounts.balance(account, &balance.coin, balance.total.0, &row)?;
        }
        return Ok(());
    }
    let cash = cross_cash(&state)?;
    draft.accounts.balance(MAIN, &Asset::new(CASH.0), cash, &state)
}

/// rawUsd + Σ size · entry price of the positions on cross margin.
pub(super) fn cross_cash(state: &Row<'_>) -> Result<Decimal, InputError> {
    let summary = state.member("crossMarginSummary").ok_or_else(|| {
        state.error(InputCode::Missing, "no `crossMarginSummary`: this is no clearinghouseState")
    })?;
    let summary: Summary = summary.decode()?;
    let mut cash = summary.total_raw_usd.0;
    for (held, row) in held(state)? {
        if !held.is_isolated() {
            cash = sum(cash, held.cost(&row)?, &row)?;
        }
    }
    Ok(cash)
}
