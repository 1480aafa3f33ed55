//! `clearinghouseState` and `spotClearinghouseState`.
//!
//! | theirs | ours |
//! | --- | --- |
//! | `crossMarginSummary.accountValue` | equity of the cross account |
//! | `crossMarginSummary.totalMarginUsed` | initial margin |
//! | `crossMaintenanceMarginUsed` | maintenance margin |
//! | `portfolioMarginRatio`, `tokenToAvailableAfterMaintenance` | none |

use plimsoll_model::book::BookPosition;
use plimsoll_model::error::InputError;
use plimsoll_model::number::Exact;
use plimsoll_model::{Asset, Book, BookAccount};
use serde::Deserialize;

use super::account::{cross_cash, held};
use super::{CASH, perpetual};
use crate::Venue;
use crate::payload::{MaybeExact, Payload, Row};
use crate::response::{VenueMargin, VenuePool, unknown_answer};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct State {
    cross_margin_summary: Summary,
    #[serde(default)]
    cross_maintenance_margin_used: MaybeExact,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    account_value: Exact,
    total_margin_used: Exact,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpotState {
    portfolio_margin_ratio: Exact,
    #[serde(default)]
    token_to_available_after_maintenance: Vec<(u64, Exact)>,
}

/// Reads what an answer says of margin.
pub(super) fn margin(payload: Payload<'_>) -> Result<VenueMargin, InputError> {
    let row = payload.row();
    if row.value.get("crossMarginSummary").is_some() {
        cross(&row)
    } else if row.value.get("portfolioMarginRatio").is_some() {
        unified(&row)
    } else {
        Err(unknown_answer(
            &row,
            "clearinghouseState, and spotClearinghouseState of an account on portfolio margin",
        ))
    }
}

fn cross(row: &Row<'_>) -> Result<VenueMargin, InputError> {
    let state: State = row.decode()?;
    let pool = VenuePool {
        equity: Some(state.cross_margin_summary.account_value),
        initial_margin: Some(state.cross_margin_summary.total_margin_used),
        maintenance_margin: state.cross_maintenance_margin_used.0,
        ..VenuePool::account()
    };
    let mut account = BookAccount { name: "cross".to_owned(), ..BookAccount::default() };
    let mut isolated = 0;
    for (held, place) in held(row)? {
        if held.is_isolated() {
            isolated += 1;
            continue;
        }
        account.positions.push(BookPosition {
            instrument: perpetual(&held.coin),
            quantity: held.szi,
            entry_price: held.entry_price(),
            at: place.at.clone(),
        });
    }
    account.balances.insert(Asset::new(CASH.0), Exact(cross_cash(row)?));
    let model = Some("hyperliquid-cross");
    let mut margin = VenueMargin::of(Venue::Hyperliquid, "clearinghouseState", model, vec![pool]);
    margin.book = Some(Book { accounts: vec![account] });
    if isolated > 0 {
        margin.notes.push(format!("{isolated} isolated positions are margined apart: left out"));
    }
    Ok(margin)
}

fn unified(row: &Row<'_>) -> Result<VenueMargin, InputError> {
    let state: SpotState = row.decode()?;
    let mut pool = VenuePool::account();
    pool.push("portfolioMarginRatio", None, state.portfolio_margin_ratio);
    for (token, amount) in state.token_to_available_after_maintenance {
        pool.push(format!("token {token} available after maintenance"), None, amount);
    }
    let model = Some("hyperliquid-pm");
    Ok(VenueMargin::of(Venue::Hyperliquid, "spotClearinghouseState", model, vec![pool]))
}
