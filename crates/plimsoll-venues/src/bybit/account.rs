//! `v5/position/list`, `v5/account/wallet-balance`.

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
    symbol: String,
    /// Empty where nothing is held.
    #[serde(default, deserialize_with = "maybe_text")]
    side: Option<String>,
    size: Exact,
    #[serde(default, deserialize_with = "maybe_exact")]
    avg_price: Option<Exact>,
    /// The price at which a USDC contract was last settled into the wallet.
    #[serde(default, deserialize_with = "maybe_exact")]
    session_avg_price: Option<Exact>,
    #[serde(default, deserialize_with = "nonzero")]
    mark_price: Option<Real>,
    /// 1 for an isolated position.
    #[serde(default)]
    trade_mode: i64,
    /// Margin of an isolated position.
    #[serde(default, deserialize_with = "maybe_exact")]
    position_balance: Option<Exact>,
}

/// Adds positions; an isolated one is an account of its own.
pub(super) fn positions(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    for row in payload.rows() {
        let held: Held = row.decode()?;
        if held.size.0.is_zero() {
            continue;
        }
        let name = held.symbol.as_str();
        let contract = draft.held(name, &row)?;
        let settlement = contract.settlement;
        let quantity = match held.side.as_deref() {
            Some("Buy") => held.size.0.abs(),
            Some("Sell") => -held.size.0.abs(),
            other => {
                let side = other.unwrap_or_default();
                let message = format!("{name}: side `{side}` is not known");
                return Err(row.error(InputCode::Unsupported, message));
            }
        };
        let isolated = held.trade_mode == 1;
        let account = if isolated { name } else { MAIN };
        if isolated {
            let margin = held.position_balance.map_or(Decimal::ZERO, |margin| margin.0);
            draft.accounts.balance(account, &settlement, margin, &row)?;
        }
        let settled = held.session_avg_price.filter(|price| !price.0.is_zero());
        let entry_price = settled.or(held.avg_price);
        let position = Position { account, instrument: name, quantity, entry_price };
        draft.accounts.position(&position, &row)?;
        draft.quote_if_absent(name, Quote { mark_price: held.mark_price, ..Quote::default() });
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Coin {
    coin: Asset,
    wallet_balance: Exact,
    /// Owed from spot margin trading and manual loans; the wallet does not deduct it.
    #[serde(default, deserialize_with = "maybe_exact")]
    spot_borrow: Option<Exact>,
    #[serde(default, deserialize_with = "maybe_exact")]
    equity: Option<Exact>,
    #[serde(default, deserialize_with = "maybe_exact")]
    usd_value: Option<Exact>,
}

/// Adds balances, debts deducted: wallet balance − spot borrowing. Equity is that plus the open profit
/// of futures and the value of options.
pub(super) fn balances(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    for account in payload.rows() {
        if account.value.get("coin").is_none() {
            let message = "no `coin`: this is not an answer of account/wallet-balance";
            return Err(account.error(InputCode::Missing, message));
        }
        for row in account.members("coin") {
            let coin: Coin = row.decode()?;
            let owed = coin.spot_borrow.map_or(Decimal::ZERO, |owed| owed.0);
            let amount = coin.wallet_balance.0.checked_sub(owed);
            let amount = amount.ok_or_else(|| too_large(&row, &coin.coin))?;
            draft.accounts.balance(MAIN, &coin.coin, amount, &row)?;
            if let (Some(usd), Some(units)) = (coin.usd_value, coin.equity)
                && !units.0.is_zero()
            {
                draft.price_usd(&coin.coin, to_f64(usd.0) / to_f64(units.0));
            }
        }
    }
    Ok(())
}

fn too_large(row: &Row<'_>, coin: &Asset) -> InputError {
    row.error(InputCode::BadNumber, format!("{coin}: walletBalance is too large"))
}
