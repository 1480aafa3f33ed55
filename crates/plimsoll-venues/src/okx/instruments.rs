//! `public/instruments`.

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::instrument::Kind;
use plimsoll_model::number::{Exact, Real, to_f64};
use plimsoll_model::{Asset, ContractUnit, OptionType, Timestamp};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::draft::{Contract, Draft};
use crate::payload::{Payload, Row, maybe_exact, maybe_millis, maybe_real, maybe_text};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    inst_id: String,
    inst_type: String,
    /// The index, for example `BTC-USDT`.
    #[serde(default, deserialize_with = "maybe_text")]
    uly: Option<String>,
    #[serde(default, deserialize_with = "maybe_text")]
    inst_family: Option<String>,
    #[serde(default, deserialize_with = "maybe_text")]
    settle_ccy: Option<String>,
    #[serde(default, deserialize_with = "maybe_exact")]
    ct_val: Option<Exact>,
    #[serde(default, deserialize_with = "maybe_exact")]
    ct_mult: Option<Exact>,
    #[serde(default, deserialize_with = "maybe_text")]
    ct_val_ccy: Option<String>,
    #[serde(default, deserialize_with = "maybe_millis")]
    exp_time: Option<Timestamp>,
    #[serde(default, deserialize_with = "maybe_real")]
    stk: Option<Real>,
    #[serde(default, deserialize_with = "maybe_text")]
    opt_type: Option<String>,
}

/// Adds what is listed.
pub(super) fn read(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    for row in payload.rows() {
        let listed: Listed = row.decode()?;
        draft.list(&listed.inst_id, contract(&listed, &row)?, &row)?;
    }
    Ok(())
}

/// The contract, or why it is not taken in.
fn contract(listed: &Listed, row: &Row<'_>) -> Result<Result<Contract, String>, InputError> {
    let name = &listed.inst_id;
    let missing = |what: &str| row.error(InputCode::Missing, format!("{name} has no `{what}`"));
    let expiry = || listed.exp_time.ok_or_else(|| missing("expTime"));
    let kind = match listed.inst_type.as_str() {
        "SWAP" => Kind::Perpetual,
        "FUTURES" => Kind::Future { expiry: expiry()? },
        "OPTION" => Kind::Option {
            expiry: expiry()?,
            strike: listed.stk.ok_or_else(|| missing("stk"))?.0,
            option_type: listed
                .opt_type
                .as_deref()
                .ok_or_else(|| missing("optType"))?
                .parse::<OptionType>()
                .map_err(|why| row.error(InputCode::Malformed, why))?,
        },
        "SPOT" | "MARGIN" => {
            return Ok(Err("a pair is held as balances of its two assets".to_owned()));
        }
        other => return Ok(Err(format!("its instType `{other}` is not known"))),
    };
    let index =
        listed.uly.as_ref().or(listed.inst_family.as_ref()).ok_or_else(|| missing("uly"))?;
    let Some((base, quote)) = index_pair(index) else {
        return Ok(Err(format!("its uly `{index}` is not of the form BTC-USDT")));
    };
    let settlement = Asset::new(listed.settle_ccy.as_deref().ok_or_else(|| missing("settleCcy"))?);
    let value = listed.ct_val.ok_or_else(|| missing("ctVal"))?.0;
    let multiplier = listed.ct_mult.map_or(Decimal::ONE, |multiplier| multiplier.0);
    let size = value.checked_mul(multiplier).ok_or_else(|| {
        row.error(InputCode::BadNumber, format!("{name}: ctVal times ctMult is too large"))
    })?;
    let unit = match listed.ct_val_ccy.as_deref().ok_or_else(|| missing("ctValCcy"))? {
        counted if counted == base.as_str() => ContractUnit::Base,
        // Coin-settled contracts are worth dollars; some list USDT or USDC for the same.
        counted if counted == quote.as_str() => ContractUnit::Quote,
        other => {
            return Ok(Err(format!("its value is counted in {other}, not in {base} or {quote}")));
        }
    };
    Ok(Ok(Contract {
        name: name.clone(),
        kind,
        underlying: base,
        quote,
        settlement,
        size: Real(to_f64(size)),
        unit,
    }))
}

/// Base and quote of an index, `BTC-USDT`; a suffix as in `BTC-USD_UM` is a family, not a currency.
pub(super) fn index_pair(index: &str) -> Option<(Asset, Asset)> {
    let (base, quote) = index.split_once('-')?;
    let quote = quote.split('_').next().unwrap_or(quote);
    (!base.is_empty() && !quote.is_empty()).then(|| (Asset::new(base), Asset::new(quote)))
}
