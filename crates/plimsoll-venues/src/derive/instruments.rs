//! `public/get_instruments`, `public/get_all_instruments`, `public/get_instrument`.

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::instrument::Kind;
use plimsoll_model::number::Real;
use plimsoll_model::{Asset, ContractUnit, OptionType};
use serde::Deserialize;

use super::CASH;
use crate::draft::{Contract, Draft};
use crate::payload::{Payload, Row, instant};

#[derive(Deserialize)]
struct Listed {
    instrument_name: String,
    instrument_type: String,
    base_currency: Asset,
    #[serde(default)]
    option_details: Option<OptionDetails>,
}

#[derive(Deserialize)]
struct OptionDetails {
    /// Seconds since 1970.
    expiry: i64,
    strike: Real,
    option_type: String,
}

/// Adds what is listed.
pub(super) fn read(draft: &mut Draft, mut payload: Payload<'_>) -> Result<(), InputError> {
    payload.descend("instruments");
    for row in payload.rows() {
        let listed: Listed = row.decode()?;
        draft.list(&listed.instrument_name, contract(&listed, &row)?, &row)?;
    }
    Ok(())
}

/// The contract, or why it is not taken in.
fn contract(listed: &Listed, row: &Row<'_>) -> Result<Result<Contract, String>, InputError> {
    let name = &listed.instrument_name;
    let kind = match listed.instrument_type.as_str() {
        "perp" => Kind::Perpetual,
        "option" => {
            let details = listed.option_details.as_ref().ok_or_else(|| {
                row.error(InputCode::Missing, format!("{name} has no `option_details`"))
            })?;
            let option_type = details
                .option_type
                .parse::<OptionType>()
                .map_err(|why| row.error(InputCode::Malformed, why))?;
            let expiry = instant(details.expiry.saturating_mul(1000)).ok_or_else(|| {
                let message = format!("{name}: expiry {} is no time in seconds", details.expiry);
                row.error(InputCode::BadNumber, message)
            })?;
            Kind::Option { expiry, strike: details.strike.0, option_type }
        }
        "erc20" => return Ok(Err("spot is held as balances".to_owned())),
        other => return Ok(Err(format!("its instrument_type `{other}` is not known"))),
    };
    Ok(Ok(Contract {
        name: name.clone(),
        kind,
        underlying: listed.base_currency.clone(),
        quote: Asset::usd(),
        settlement: Asset::new(CASH),
        size: Real(1.0),
        unit: ContractUnit::Base,
    }))
}
