//! `private/pme/simulate`, `private/simulate_portfolio`, `private/get_account_summary` and
//! `private/get_account_summaries`.
//!
//! | theirs | ours |
//! | --- | --- |
//! | `worst_case` | component `scan` |
//! | `roll_shock` | component `roll` |
//! | `delta_shock` | component `delta_liquidity` |
//! | `correlation_contingency`, `mmp_margin`, `spot_margin` | none |
//! | `open_orders_margin` | component `open_orders` |
//!
//! The simulation is documented by example, not by schema: parts are looked up by name wherever they
//! stand below the currency.

use plimsoll_model::Asset;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::number::Exact;
use serde::Deserialize;

use crate::Venue;
use crate::payload::{Payload, Row, find, maybe_exact};
use crate::response::{Counterpart, VenueMargin, VenuePool, unknown_answer};

/// Their parts of the initial margin, and ours.
const PARTS: [(&str, Option<&str>); 7] = [
    ("worst_case", Some("scan")),
    ("roll_shock", Some("roll")),
    ("delta_shock", Some("delta_liquidity")),
    ("correlation_contingency", None),
    ("mmp_margin", None),
    ("open_orders_margin", Some("open_orders")),
    ("spot_margin", None),
];

#[derive(Deserialize)]
struct Summary {
    currency: Asset,
    #[serde(default, deserialize_with = "maybe_exact")]
    margin_balance: Option<Exact>,
    #[serde(default, deserialize_with = "maybe_exact")]
    equity: Option<Exact>,
    initial_margin: Exact,
    maintenance_margin: Exact,
    #[serde(default)]
    margin_model: Option<String>,
    #[serde(default, deserialize_with = "maybe_exact")]
    total_margin_balance_usd: Option<Exact>,
    #[serde(default, deserialize_with = "maybe_exact")]
    total_initial_margin_usd: Option<Exact>,
    #[serde(default, deserialize_with = "maybe_exact")]
    total_maintenance_margin_usd: Option<Exact>,
}

/// Reads what an answer says of margin.
pub(super) fn margin(mut payload: Payload<'_>) -> Result<VenueMargin, InputError> {
    if payload.descend("margins") {
        return simulated(&payload.row());
    }
    if payload.descend("summaries") {
        return summaries(&payload.rows(), "private/get_account_summaries");
    }
    let row = payload.row();
    if row.value.get("currency").is_some() && row.value.get("margin_balance").is_some() {
        return summaries(&[row], "private/get_account_summary or private/simulate_portfolio");
    }
    match find(&row.value, "margins") {
        Some(margins) => simulated(&row.below("margins", margins.clone())),
        None => Err(unknown_answer(
            &row,
            "private/pme/simulate, private/simulate_portfolio and private/get_account_summaries",
        )),
    }
}

fn summaries(rows: &[Row<'_>], answer: &'static str) -> Result<VenueMargin, InputError> {
    let mut pools = Vec::new();
    let mut model = None;
    let mut account = None;
    for row in rows {
        let summary: Summary = row.decode()?;
        model = model.or(summary.margin_model.as_deref().and_then(model_id));
        if summary.total_initial_margin_usd.is_some() {
            account = Some(VenuePool {
                equity: summary.total_margin_balance_usd,
                initial_margin: summary.total_initial_margin_usd,
                maintenance_margin: summary.total_maintenance_margin_usd,
                ..VenuePool::account()
            });
        }
        let equity = summary.margin_balance.or(summary.equity);
        let needs = [summary.initial_margin, summary.maintenance_margin];
        if equity.is_none_or(|equity| equity.0.is_zero()) && needs.iter().all(|n| n.0.is_zero()) {
            continue;
        }
        pools.push(VenuePool {
            equity,
            initial_margin: Some(summary.initial_margin),
            maintenance_margin: Some(summary.maintenance_margin),
            ..VenuePool::named(summary.currency.as_str(), summary.currency.clone())
        });
    }
    pools.extend(account);
    Ok(VenueMargin::of(Venue::Deribit, answer, model, pools))
}

fn model_id(margin_model: &str) -> Option<&'static str> {
    match margin_model {
        "segregated_pm" => Some("deribit-spm"),
        "cross_pm" => Some("deribit-xpm"),
        "segregated_sm" => Some("deribit-sm"),
        _ => None,
    }
}

/// A simulation: `margins` by currency.
fn simulated(row: &Row<'_>) -> Result<VenueMargin, InputError> {
    let mut pools = Vec::new();
    let mut model = "deribit-spm";
    for key in row.value.as_object().into_iter().flat_map(|map| map.keys()) {
        let Some(block) = row.member(key) else { continue };
        let currency = key.to_uppercase();
        let mut pool = if currency == "CROSS" {
            model = "deribit-xpm";
            VenuePool::account()
        } else {
            VenuePool::named(&currency, Asset::new(&currency))
        };
        pool.initial_margin = number(&block, "initial_margin")?;
        pool.maintenance_margin = number(&block, "maintenance_margin")?;
        if pool.initial_margin.is_none() {
            let message = format!("`{key}` has no initial_margin");
            return Err(block.error(InputCode::Missing, message));
        }
        let details = block.member("initial_margin_details").unwrap_or(block);
        for (name, ours) in PARTS {
            if let Some(amount) = number(&details, name)? {
                let ours = ours.map(|name| Counterpart::Initial(name.to_owned()));
                pool.push(name, ours, amount);
            }
        }
        pools.push(pool);
    }
    Ok(VenueMargin::of(Venue::Deribit, "private/pme/simulate", Some(model), pools))
}

/// The number of this name at or below the row.
fn number(row: &Row<'_>, name: &str) -> Result<Option<Exact>, InputError> {
    match find(&row.value, name).filter(|found| !found.is_null()) {
        None => Ok(None),
        Some(found) => row.below(name, found.clone()).decode().map(Some),
    }
}
