//! `exchangeInfo` of futures (`symbols`) and of options (`optionSymbols`).

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::instrument::Kind;
use plimsoll_model::number::Real;
use plimsoll_model::{Asset, ContractUnit, OptionType, Timestamp};
use serde::Deserialize;

use crate::draft::{Contract, Draft};
use crate::payload::{Payload, Row, maybe_millis, maybe_real};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Future {
    symbol: String,
    /// `PERPETUAL`, `CURRENT_QUARTER`, …; empty before listing.
    contract_type: String,
    base_asset: Asset,
    quote_asset: Asset,
    margin_asset: Asset,
    #[serde(default, deserialize_with = "maybe_millis")]
    delivery_date: Option<Timestamp>,
    /// Dollars per contract; COIN-M only.
    #[serde(default, deserialize_with = "maybe_real")]
    contract_size: Option<Real>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Opt {
    symbol: String,
    /// The spot pair, for example `BTCUSDT`.
    underlying: String,
    quote_asset: Asset,
    side: String,
    strike_price: Real,
    #[serde(deserialize_with = "maybe_millis")]
    expiry_date: Option<Timestamp>,
    unit: Real,
}

/// Adds what is listed.
pub(super) fn read(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    let row = payload.row();
    let (futures, options) = (row.members("symbols"), row.members("optionSymbols"));
    if futures.is_empty() && options.is_empty() {
        let message = "neither `symbols` nor `optionSymbols`: this is not an exchangeInfo";
        return Err(row.error(InputCode::Missing, message));
    }
    for row in futures {
        let listed: Future = row.decode()?;
        draft.list(&listed.symbol, future(&listed, &row)?, &row)?;
    }
    for row in options {
        let listed: Opt = row.decode()?;
        draft.list(&listed.symbol, option(&listed, &row)?, &row)?;
    }
    Ok(())
}

fn future(listed: &Future, row: &Row<'_>) -> Result<Result<Contract, String>, InputError> {
    let word = listed.contract_type.as_str();
    // `CURRENT_QUARTER DELIVERING` is still the same contract.
    let kind = if word.contains("PERPETUAL") {
        Kind::Perpetual
    } else if word.contains("QUARTER") || word.contains("MONTH") {
        let expiry = listed.delivery_date.ok_or_else(|| {
            row.error(InputCode::Missing, format!("{} has no `deliveryDate`", listed.symbol))
        })?;
        Kind::Future { expiry }
    } else {
        return Ok(Err(format!("its contractType `{word}` is not known")));
    };
    let (size, unit) = match listed.contract_size {
        Some(dollars) => (dollars, ContractUnit::Quote),
        None => (Real(1.0), ContractUnit::Base),
    };
    Ok(Ok(Contract {
        name: listed.symbol.clone(),
        kind,
        underlying: listed.base_asset.clone(),
        quote: listed.quote_asset.clone(),
        settlement: listed.margin_asset.clone(),
        size,
        unit,
    }))
}

fn option(listed: &Opt, row: &Row<'_>) -> Result<Result<Contract, String>, InputError> {
    let base = listed.underlying.strip_suffix(listed.quote_asset.as_str());
    let Some(base) = base.filter(|base| !base.is_empty()) else {
        let (pair, quote) = (&listed.underlying, &listed.quote_asset);
        return Ok(Err(format!("its underlying `{pair}` does not end in its quoteAsset {quote}")));
    };
    let option_type = match listed.side.as_str() {
        "CALL" => OptionType::Call,
        "PUT" => OptionType::Put,
        other => return Ok(Err(format!("its side `{other}` is neither CALL nor PUT"))),
    };
    let expiry = listed.expiry_date.ok_or_else(|| {
        row.error(InputCode::Missing, format!("{} has no `expiryDate`", listed.symbol))
    })?;
    Ok(Ok(Contract {
        name: listed.symbol.clone(),
        kind: Kind::Option { expiry, strike: listed.strike_price.0, option_type },
        underlying: Asset::new(base),
        quote: listed.quote_asset.clone(),
        settlement: listed.quote_asset.clone(),
        size: listed.unit,
        unit: ContractUnit::Base,
    }))
}
