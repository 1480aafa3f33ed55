//! `papi/v1/account`, the futures `account`, `eapi/v1/marginAccount`.
//!
//! | theirs | ours |
//! | --- | --- |
//! | `accountEquity` | equity, after haircuts and open loss |
//! | `totalMarginOpenLoss` | figure `open_loss` |
//! | `uniMMR`, times 100 | figure `uni_mmr_pct` |

use plimsoll_model::error::InputError;
use plimsoll_model::number::Exact;
use plimsoll_model::{Asset, error::InputCode};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::Venue;
use crate::payload::{Payload, Row, maybe_exact};
use crate::response::{Counterpart, VenueMargin, VenuePool, unknown_answer};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Unified {
    #[serde(rename = "uniMMR")]
    uni_mmr: Exact,
    account_equity: Exact,
    account_initial_margin: Exact,
    account_maint_margin: Exact,
    #[serde(default, deserialize_with = "maybe_exact")]
    total_margin_open_loss: Option<Exact>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Futures {
    total_margin_balance: Exact,
    total_initial_margin: Exact,
    total_maint_margin: Exact,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OptionAsset {
    asset: Asset,
    equity: Exact,
    #[serde(default, deserialize_with = "maybe_exact")]
    initial_margin: Option<Exact>,
    #[serde(default, deserialize_with = "maybe_exact")]
    maint_margin: Option<Exact>,
}

/// Reads what an answer says of margin.
pub(super) fn margin(payload: Payload<'_>) -> Result<VenueMargin, InputError> {
    let row = payload.row();
    let has = |key: &str| row.value.get(key).is_some();
    if has("uniMMR") {
        unified(&row)
    } else if has("totalMaintMargin") {
        futures(&row)
    } else if has("asset") {
        options(&row)
    } else {
        Err(unknown_answer(&row, "papi/v1/account, account of futures and eapi/v1/marginAccount"))
    }
}

fn unified(row: &Row<'_>) -> Result<VenueMargin, InputError> {
    let account: Unified = row.decode()?;
    let mut pool = VenuePool {
        equity: Some(account.account_equity),
        initial_margin: Some(account.account_initial_margin),
        maintenance_margin: Some(account.account_maint_margin),
        ..VenuePool::account()
    };
    let figure = |name: &str| Some(Counterpart::Figure(name.to_owned()));
    if let Some(loss) = account.total_margin_open_loss {
        pool.push("totalMarginOpenLoss", figure("open_loss"), loss);
    }
    let percent = account.uni_mmr.0.checked_mul(Decimal::ONE_HUNDRED).ok_or_else(|| {
        row.error(InputCode::BadNumber, format!("uniMMR = {} is too large", account.uni_mmr.0))
    })?;
    pool.push("uniMMR, percent", figure("uni_mmr_pct"), Exact(percent));
    Ok(VenueMargin::of(Venue::Binance, "papi/v1/account", Some("binance-pm"), vec![pool]))
}

fn futures(row: &Row<'_>) -> Result<VenueMargin, InputError> {
    let account: Futures = row.decode()?;
    let pool = VenuePool {
        equity: Some(account.total_margin_balance),
        initial_margin: Some(account.total_initial_margin),
        maintenance_margin: Some(account.total_maint_margin),
        ..VenuePool::account()
    };
    Ok(VenueMargin::of(Venue::Binance, "account of futures", None, vec![pool]))
}

fn options(row: &Row<'_>) -> Result<VenueMargin, InputError> {
    let mut pools = Vec::new();
    for row in row.members("asset") {
        let asset: OptionAsset = row.decode()?;
        pools.push(VenuePool {
            equity: Some(asset.equity),
            initial_margin: asset.initial_margin,
            maintenance_margin: asset.maint_margin,
            ..VenuePool::named(asset.asset.as_str(), asset.asset.clone())
        });
    }
    let model = Some("binance-option");
    Ok(VenueMargin::of(Venue::Binance, "eapi/v1/marginAccount", model, pools))
}
