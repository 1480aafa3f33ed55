//! `account/position-builder` and `account/balance`.
//!
//! | theirs, of one risk unit | ours, of the same coin |
//! | --- | --- |
//! | `mr1` … `mr7`, `mr9` | figures `BTC_mr1` … |
//! | `mmr`, `imr` | figures `BTC_mmr`, `BTC_imr` |
//! | `borrowMmr`, `borrowImr` of all assets | component `borrowing` |

use plimsoll_model::error::InputError;
use plimsoll_model::number::Exact;
use plimsoll_model::{Asset, Book, BookAccount};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::Venue;
use crate::payload::{MaybeExact, Payload, Row, maybe_exact};
use crate::response::{Counterpart, VenueMargin, VenuePool, add_position, unknown_answer};

/// What a risk unit is charged, by the names of both.
const CHARGES: [&str; 10] = ["mr1", "mr2", "mr3", "mr4", "mr5", "mr6", "mr7", "mr9", "mmr", "imr"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Built {
    #[serde(default, deserialize_with = "maybe_exact")]
    eq: Option<Exact>,
    total_imr: Exact,
    total_mmr: Exact,
    #[serde(default)]
    assets: Vec<BuiltAsset>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BuiltAsset {
    ccy: Asset,
    #[serde(default, deserialize_with = "maybe_exact")]
    avail_eq: Option<Exact>,
    #[serde(default, deserialize_with = "maybe_exact")]
    borrow_imr: Option<Exact>,
    #[serde(default, deserialize_with = "maybe_exact")]
    borrow_mmr: Option<Exact>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BuiltPosition {
    inst_id: String,
    amt: Exact,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(default, deserialize_with = "maybe_exact")]
    adj_eq: Option<Exact>,
    #[serde(default, deserialize_with = "maybe_exact")]
    total_eq: Option<Exact>,
    #[serde(default, deserialize_with = "maybe_exact")]
    imr: Option<Exact>,
    #[serde(default, deserialize_with = "maybe_exact")]
    mmr: Option<Exact>,
}

/// Reads what an answer says of margin.
pub(super) fn margin(payload: Payload<'_>) -> Result<VenueMargin, InputError> {
    let known = "account/position-builder and account/balance";
    let Some(row) = payload.rows().into_iter().next() else {
        return Ok(VenueMargin::of(Venue::Okx, known, None, vec![]));
    };
    if row.value.get("riskUnitData").is_some() {
        return built(&row);
    }
    if row.value.get("details").is_none() {
        return Err(unknown_answer(&row, known));
    }
    let statement: Statement = row.decode()?;
    let pool = VenuePool {
        equity: statement.adj_eq.or(statement.total_eq),
        initial_margin: statement.imr,
        maintenance_margin: statement.mmr,
        ..VenuePool::account()
    };
    Ok(VenueMargin::of(Venue::Okx, "account/balance", Some("okx-pm"), vec![pool]))
}

fn built(row: &Row<'_>) -> Result<VenueMargin, InputError> {
    let built: Built = row.decode()?;
    let mut pool = VenuePool {
        equity: built.eq,
        initial_margin: Some(built.total_imr),
        maintenance_margin: Some(built.total_mmr),
        ..VenuePool::account()
    };
    let mut account = BookAccount { name: "simulated".to_owned(), ..BookAccount::default() };
    for unit in row.members("riskUnitData") {
        let coin = unit.value.get("riskUnit").and_then(|name| name.as_str()).unwrap_or_default();
        // A unit is named by its coin; older answers name it by an index, `BTC-USDT`.
        let coin = coin.split('-').next().unwrap_or(coin);
        for name in CHARGES {
            let Some(number) = unit.member(name) else { continue };
            let amount: MaybeExact = number.decode()?;
            if let Some(amount) = amount.0 {
                let ours = Counterpart::Figure(format!("{coin}_{name}"));
                pool.push(format!("{coin} {name}"), Some(ours), amount);
            }
        }
        for held in unit.members("portfolios") {
            let position: BuiltPosition = held.decode()?;
            add_position(&mut account, &position.inst_id, position.amt.0, &held)?;
        }
    }
    type Rate = fn(&BuiltAsset) -> Option<Exact>;
    let borrowing: [(&str, Rate, Counterpart); 2] = [
        ("borrowMmr", |a| a.borrow_mmr, Counterpart::Maintenance("borrowing".to_owned())),
        ("borrowImr", |a| a.borrow_imr, Counterpart::Initial("borrowing".to_owned())),
    ];
    for (name, of, ours) in borrowing {
        let sum = built.assets.iter().filter_map(of).map(|amount| amount.0);
        let sum = sum.fold(Decimal::ZERO, Decimal::saturating_add);
        pool.push(name, Some(ours), Exact(sum));
    }
    for asset in built.assets {
        // What is available counts the open profit already, so positions carry no entry price.
        if let Some(amount) = asset.avail_eq.filter(|amount| !amount.0.is_zero()) {
            account.balances.insert(asset.ccy, amount);
        }
    }
    let margin =
        VenueMargin::of(Venue::Okx, "account/position-builder", Some("okx-pm"), vec![pool]);
    Ok(VenueMargin { book: Some(Book { accounts: vec![account] }), ..margin })
}
