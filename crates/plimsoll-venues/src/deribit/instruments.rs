//! `public/get_instruments`, `public/get_instrument`.

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::instrument::Kind;
use plimsoll_model::number::Real;
use plimsoll_model::{Asset, ContractUnit, OptionType, Timestamp};
use serde::Deserialize;

use crate::draft::{Contract, Draft};
use crate::payload::{Payload, Row, maybe_millis, maybe_real, maybe_text};

#[derive(Deserialize)]
struct Listed {
    instrument_name: String,
    kind: String,
    base_currency: Asset,
    #[serde(default)]
    quote_currency: Option<Asset>,
    #[serde(default)]
    counter_currency: Option<Asset>,
    /// Absent in answers of before 2022, which list coin-settled contracts only.
    #[serde(default)]
    settlement_currency: Option<Asset>,
    #[serde(default, deserialize_with = "maybe_text")]
    instrument_type: Option<String>,
    #[serde(default, deserialize_with = "maybe_text")]
    settlement_period: Option<String>,
    contract_size: Real,
    #[serde(default, deserialize_with = "maybe_millis")]
    expiration_timestamp: Option<Timestamp>,
    #[serde(default, deserialize_with = "maybe_real")]
    strike: Option<Real>,
    #[serde(default, deserialize_with = "maybe_text")]
    option_type: Option<String>,
}

/// Adds what is listed.
pub(super) fn read(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    for row in payload.rows() {
        let listed: Listed = row.decode()?;
        draft.list(&listed.instrument_name, contract(&listed, &row)?, &row)?;
    }
    Ok(())
}

/// The contract, or why it is not taken in.
fn contract(listed: &Listed, row: &Row<'_>) -> Result<Result<Contract, String>, InputError> {
    let missing = |what: &str| {
        let message = format!("{} has no `{what}`", listed.instrument_name);
        row.error(InputCode::Missing, message)
    };
    let expiry = || listed.expiration_timestamp.ok_or_else(|| missing("expiration_timestamp"));
    let kind = match listed.kind.as_str() {
        "future" if listed.settlement_period.as_deref() == Some("perpetual") => Kind::Perpetual,
        "future" => Kind::Future { expiry: expiry()? },
        "option" => {
            let word = listed.option_type.as_deref().ok_or_else(|| missing("option_type"))?;
            Kind::Option {
                expiry: expiry()?,
                strike: listed.strike.ok_or_else(|| missing("strike"))?.0,
                option_type: word
                    .parse::<OptionType>()
                    .map_err(|why| row.error(InputCode::Malformed, why))?,
            }
        }
        "future_combo" | "option_combo" => {
            return Ok(Err("a combo is traded, not held: its legs are".to_owned()));
        }
        "spot" => return Ok(Err("spot is held as balances".to_owned())),
        other => return Ok(Err(format!("its kind `{other}` is not known"))),
    };
    let underlying = listed.base_currency.clone();
    let settlement =
        listed.settlement_currency.clone().unwrap_or_else(|| listed.base_currency.clone());
    let in_coin = match listed.instrument_type.as_deref() {
        Some("reversed") => true,
        Some("linear") => false,
        None => settlement == underlying,
        Some(other) => {
            return Ok(Err(format!("its instrument_type `{other}` is not known")));
        }
    };
    // A coin-settled future counts dollars; everything else counts coins of the underlying.
    let in_dollars = in_coin && matches!(kind, Kind::Perpetual | Kind::Future { .. });
    let quote = listed
        .counter_currency
        .clone()
        .or_else(|| listed.quote_currency.clone().filter(|quote| *quote != underlying));
    Ok(Ok(Contract {
        name: listed.instrument_name.clone(),
        kind,
        underlying,
        quote: quote.unwrap_or_else(Asset::usd),
        settlement,
        size: listed.contract_size,
        unit: if in_dollars { ContractUnit::Quote } else { ContractUnit::Base },
    }))
}
