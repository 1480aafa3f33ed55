//! `v5/market/instruments-info`, and `v2/public/symbols` of before 2023.

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::instrument::Kind;
use plimsoll_model::number::Real;
use plimsoll_model::{Asset, ContractUnit, OptionType, Timestamp};
use serde::Deserialize;

use crate::draft::{Contract, Draft};
use crate::payload::{Payload, Row, maybe_millis, maybe_real, maybe_text};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    #[serde(alias = "name")]
    symbol: String,
    #[serde(alias = "base_currency")]
    base_coin: Asset,
    #[serde(alias = "quote_currency")]
    quote_coin: Asset,
    #[serde(default)]
    settle_coin: Option<Asset>,
    /// `LinearPerpetual`, `InverseFutures`, …; absent for options and spot.
    #[serde(default, deserialize_with = "maybe_text")]
    contract_type: Option<String>,
    /// `Call` or `Put`; options only.
    #[serde(default, deserialize_with = "maybe_text")]
    options_type: Option<String>,
    #[serde(default, deserialize_with = "maybe_millis")]
    delivery_time: Option<Timestamp>,
    /// Minutes.
    #[serde(default, deserialize_with = "maybe_real")]
    funding_interval: Option<Real>,
}

/// Adds what is listed.
pub(super) fn read(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    for row in payload.rows() {
        let listed: Listed = row.decode()?;
        draft.list(&listed.symbol, contract(&listed, &row)?, &row)?;
        let minutes = listed.funding_interval.map_or(0.0, |minutes| minutes.0);
        draft.pays_funding_every(&listed.symbol, minutes / 60.0);
    }
    Ok(())
}

/// The contract, or why it is not taken in.
fn contract(listed: &Listed, row: &Row<'_>) -> Result<Result<Contract, String>, InputError> {
    let name = &listed.symbol;
    let expiry = || {
        listed
            .delivery_time
            .ok_or_else(|| row.error(InputCode::Missing, format!("{name} has no `deliveryTime`")))
    };
    let (kind, in_dollars) = match (listed.contract_type.as_deref(), &listed.options_type) {
        (Some("LinearPerpetual"), _) => (Kind::Perpetual, false),
        (Some("LinearFutures"), _) => (Kind::Future { expiry: expiry()? }, false),
        (Some("InversePerpetual"), _) => (Kind::Perpetual, true),
        (Some("InverseFutures"), _) => (Kind::Future { expiry: expiry()? }, true),
        (Some(other), _) => return Ok(Err(format!("its contractType `{other}` is not known"))),
        (None, Some(side)) => {
            let option_type = match side.as_str() {
                "Call" => OptionType::Call,
                "Put" => OptionType::Put,
                other => return Ok(Err(format!("its optionsType `{other}` is not known"))),
            };
            let Some(strike) = strike(name) else {
                return Ok(Err("its name is not of the form BTC-26JUN26-100000-C-USDT".to_owned()));
            };
            (Kind::Option { expiry: expiry()?, strike, option_type }, false)
        }
        // API v2 says nothing of the kind: a perpetual is named by its pair.
        (None, None) if row.value.get("quote_currency").is_some() => {
            if *name != format!("{}{}", listed.base_coin, listed.quote_coin) {
                return Ok(Err("a dated future whose listing does not say its expiry".to_owned()));
            }
            (Kind::Perpetual, listed.quote_coin.as_str() == "USD")
        }
        (None, None) => return Ok(Err("a pair is held as balances of its two coins".to_owned())),
    };
    let usual = if in_dollars { &listed.base_coin } else { &listed.quote_coin };
    Ok(Ok(Contract {
        name: name.clone(),
        kind,
        underlying: listed.base_coin.clone(),
        quote: listed.quote_coin.clone(),
        settlement: listed.settle_coin.clone().unwrap_or_else(|| usual.clone()),
        // Sizes are in coins, or in dollars where coin-settled: one contract of one.
        size: Real(1.0),
        unit: if in_dollars { ContractUnit::Quote } else { ContractUnit::Base },
    }))
}

/// The strike in `BTC-26JUN26-100000-C` or `BTC-26JUN26-100000-C-USDT`; no other field has it.
fn strike(name: &str) -> Option<f64> {
    let strike = name.split('-').nth(2)?.parse::<f64>().ok()?;
    (strike.is_finite() && strike > 0.0).then_some(strike)
}
