//! `private/get_subaccount`, `public/margin_watch`, `public/get_margin`.
//!
//! Derive states margins net: what it calls `initial_margin` is what is left of the account's value
//! after the requirement, and the account is in order while that is not negative.
//!
//! | theirs | ours |
//! | --- | --- |
//! | `subaccount_value` | equity |
//! | `initial_margin` | equity − initial margin |
//! | `maintenance_margin` | equity − maintenance margin |
//! | `open_orders_margin` | component `open_orders` |

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::number::Exact;
use plimsoll_model::{Asset, Book, BookAccount};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::CASH;
use super::account::{Collateral, Held, open_profit};
use crate::Venue;
use crate::payload::{MaybeExact, Payload, Row};
use crate::response::{Counterpart, VenueMargin, VenuePool, add_position, unknown_answer};

#[derive(Deserialize)]
struct Subaccount {
    subaccount_value: Exact,
    initial_margin: Exact,
    maintenance_margin: Exact,
    margin_type: String,
    #[serde(default)]
    open_orders_margin: MaybeExact,
}

#[derive(Deserialize)]
struct Simulated {
    post_initial_margin: Exact,
    post_maintenance_margin: Exact,
}

/// Reads what an answer says of margin.
pub(super) fn margin(payload: Payload<'_>) -> Result<VenueMargin, InputError> {
    let row = payload.row();
    if row.value.get("subaccount_value").is_some() {
        return subaccount(&row);
    }
    if row.value.get("post_initial_margin").is_none() {
        let known = "private/get_subaccount, public/margin_watch and public/get_margin";
        return Err(unknown_answer(&row, known));
    }
    let simulated: Simulated = row.decode()?;
    let pool = VenuePool {
        excess_initial: Some(simulated.post_initial_margin),
        excess_maintenance: Some(simulated.post_maintenance_margin),
        ..VenuePool::account()
    };
    let mut margin = VenueMargin::of(Venue::Derive, "public/get_margin", None, vec![pool]);
    margin.notes.push("the margins after the change; open orders are not counted".to_owned());
    Ok(margin)
}

fn subaccount(row: &Row<'_>) -> Result<VenueMargin, InputError> {
    let account: Subaccount = row.decode()?;
    let model = match account.margin_type.as_str() {
        "PM" => Some("derive-pm1"),
        "PM2" => Some("derive-pm2"),
        "SM" => Some("derive-srm"),
        _ => None,
    };
    let less = |net: Exact| {
        account
            .subaccount_value
            .0
            .checked_sub(net.0)
            .map(Exact)
            .ok_or_else(|| row.error(InputCode::BadNumber, "subaccount_value is too large"))
    };
    let mut pool = VenuePool {
        equity: Some(account.subaccount_value),
        initial_margin: Some(less(account.initial_margin)?),
        maintenance_margin: Some(less(account.maintenance_margin)?),
        excess_initial: Some(account.initial_margin),
        excess_maintenance: Some(account.maintenance_margin),
        ..VenuePool::account()
    };
    if let Some(orders) = account.open_orders_margin.0 {
        let ours = Counterpart::Initial("open_orders".to_owned());
        pool.push("open_orders_margin", Some(ours), orders);
    }
    let answer = "private/get_subaccount";
    let margin = VenueMargin::of(Venue::Derive, answer, model, vec![pool]);
    Ok(VenueMargin { book: Some(book(row)?), ..margin })
}

fn book(row: &Row<'_>) -> Result<Book, InputError> {
    let mut account = BookAccount { name: "subaccount".to_owned(), ..BookAccount::default() };
    let mut cash = open_profit(row)?.unwrap_or_default();
    for row in row.members("positions") {
        let held: Held = row.decode()?;
        add_position(&mut account, &held.instrument_name, held.amount.0, &row)?;
    }
    for row in row.members("collaterals") {
        let held: Collateral = row.decode()?;
        if held.asset_name.as_str() == CASH {
            cash = cash.saturating_add(held.amount.0);
        } else if !held.amount.0.is_zero() {
            account.balances.insert(held.asset_name, held.amount);
        }
    }
    if cash != Decimal::ZERO {
        account.balances.insert(Asset::new(CASH), Exact(cash));
    }
    Ok(Book { accounts: vec![account] })
}
