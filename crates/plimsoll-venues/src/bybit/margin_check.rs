//! `v5/asset/portfolio-margin` and `v5/account/wallet-balance`.
//!
//! | theirs, of one base coin | ours, of the same coin |
//! | --- | --- |
//! | the worst of `totalPnlRanges.ALL`, negated | figure `BTC_scan` |
//! | `optionContingency` | figure `BTC_short_option` |
//! | `optionVegaContingency` | figure `BTC_vega_spread` |
//! | `usdtUsdcContingency` | figure `BTC_stable_spread` |
//! | `futureDeltaContingency` | figure `BTC_delta_spread` |
//! | `futureContingency` | figure `BTC_futures` |
//! | `assetMM`, `assetIM` | none: the sum of the above, and a multiple of it |

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::number::Exact;
use plimsoll_model::{Book, BookAccount};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::Venue;
use crate::payload::{MaybeExact, Payload, Row, maybe_exact};
use crate::response::{Counterpart, VenueMargin, VenuePool, add_position, unknown_answer};

/// Their contingencies, and ours.
const CONTINGENCIES: [(&str, &str); 5] = [
    ("optionContingency", "short_option"),
    ("optionVegaContingency", "vega_spread"),
    ("usdtUsdcContingency", "stable_spread"),
    ("futureDeltaContingency", "delta_spread"),
    ("futureContingency", "futures"),
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    total_margin_balance: Exact,
    #[serde(default, deserialize_with = "maybe_exact")]
    total_initial_margin: Option<Exact>,
    #[serde(default, deserialize_with = "maybe_exact")]
    total_maintenance_margin: Option<Exact>,
}

#[derive(Deserialize)]
struct Wallet {
    #[serde(rename = "marginBalance")]
    margin_balance: Exact,
    #[serde(rename = "accountIM")]
    initial_margin: Exact,
    #[serde(rename = "accountMM")]
    maintenance_margin: Exact,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Unit {
    base_coin: String,
}

#[derive(Deserialize)]
struct PricePoint {
    pnls: Vec<Exact>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UnitPosition {
    symbol_name: String,
    position: Exact,
}

/// Reads what an answer says of margin.
pub(super) fn margin(payload: Payload<'_>) -> Result<VenueMargin, InputError> {
    let known = "asset/portfolio-margin and account/wallet-balance";
    let Some(row) = payload.rows().into_iter().next() else {
        return Ok(VenueMargin::of(Venue::Bybit, known, None, vec![]));
    };
    if row.value.get("assetPnlRange").is_some() {
        return portfolio_margin(&row);
    }
    if row.value.get("totalMarginBalance").is_none() {
        return Err(unknown_answer(&row, known));
    }
    let statement: Statement = row.decode()?;
    let pool = VenuePool {
        equity: Some(statement.total_margin_balance),
        initial_margin: statement.total_initial_margin,
        maintenance_margin: statement.total_maintenance_margin,
        ..VenuePool::account()
    };
    Ok(VenueMargin::of(Venue::Bybit, "account/wallet-balance", Some("bybit-pm"), vec![pool]))
}

fn portfolio_margin(row: &Row<'_>) -> Result<VenueMargin, InputError> {
    let mut pool = VenuePool::account();
    if let Some(wallet) = row.member("wallet") {
        let wallet: Wallet = wallet.decode()?;
        pool.equity = Some(wallet.margin_balance);
        pool.initial_margin = Some(wallet.initial_margin);
        pool.maintenance_margin = Some(wallet.maintenance_margin);
    }
    let mut account = BookAccount { name: "simulated".to_owned(), ..BookAccount::default() };
    for unit in row.members("assetPnlRange") {
        let Unit { base_coin: coin } = unit.decode()?;
        let figure = |name: &str| Some(Counterpart::Figure(format!("{coin}_{name}")));
        if let Some(worst) = worst(&unit)? {
            pool.push(format!("{coin} max loss"), figure("scan"), Exact(worst));
        }
        let contingency = unit.member("contingency");
        for (theirs, ours) in CONTINGENCIES {
            let part = contingency.as_ref().and_then(|part| part.member(theirs));
            if let Some(amount) = part.map(|part| part.decode::<MaybeExact>()).transpose()?
                && let Some(amount) = amount.0
            {
                pool.push(format!("{coin} {theirs}"), figure(ours), amount);
            }
        }
        let asset = unit.member("asset");
        for theirs in ["assetMM", "assetIM"] {
            let part = asset.as_ref().and_then(|asset| asset.member(theirs));
            if let Some(amount) = part.map(|part| part.decode::<MaybeExact>()).transpose()?
                && let Some(amount) = amount.0
            {
                pool.push(format!("{coin} {theirs}"), None, amount);
            }
        }
        let expiries = unit.members("optionExpiryDatePnlRanges");
        let options = expiries.iter().flat_map(|date| date.members("optionPositionPnlRanges"));
        for held in unit.members("perpPositionPnlRanges").into_iter().chain(options) {
            let position: UnitPosition = held.decode()?;
            add_position(&mut account, &position.symbol_name, position.position.0, &held)?;
        }
    }
    let answer = "asset/portfolio-margin";
    let margin = VenueMargin::of(Venue::Bybit, answer, Some("bybit-pm"), vec![pool]);
    Ok(VenueMargin { book: Some(Book { accounts: vec![account] }), ..margin })
}

/// The largest loss of all positions of a unit, not below zero.
fn worst(unit: &Row<'_>) -> Result<Option<Decimal>, InputError> {
    let all = unit.member("totalPnlRanges").and_then(|ranges| ranges.member("ALL"));
    let Some(all) = all else { return Ok(None) };
    let mut least = Decimal::ZERO;
    let points = all.members("pnlRanges");
    if points.is_empty() {
        return Err(all.error(InputCode::Missing, "no `pnlRanges`"));
    }
    for point in points {
        let point: PricePoint = point.decode()?;
        least = point.pnls.iter().fold(least, |least, pnl| least.min(pnl.0));
    }
    Ok(Some(-least))
}
