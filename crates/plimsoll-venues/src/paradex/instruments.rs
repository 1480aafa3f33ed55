//! `v1/markets`.

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::instrument::Kind;
use plimsoll_model::number::Real;
use plimsoll_model::{Asset, ContractUnit, OptionType, Timestamp};
use serde::Deserialize;

use crate::draft::{Contract, Draft};
use crate::payload::{Payload, Row, maybe_millis, maybe_real, maybe_text};

#[derive(Deserialize)]
struct Listed {
    symbol: String,
    asset_kind: String,
    base_currency: Asset,
    quote_currency: Asset,
    settlement_currency: Asset,
    #[serde(default, deserialize_with = "maybe_millis")]
    expiry_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "maybe_real")]
    strike_price: Option<Real>,
    #[serde(default, deserialize_with = "maybe_text")]
    option_type: Option<String>,
    #[serde(default, deserialize_with = "maybe_real")]
    funding_period_hours: Option<Real>,
}

/// Adds what is listed.
pub(super) fn read(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    for row in payload.rows() {
        let listed: Listed = row.decode()?;
        draft.list(&listed.symbol, contract(&listed, &row)?, &row)?;
        let hours = listed.funding_period_hours.map_or(0.0, |hours| hours.0);
        draft.pays_funding_every(&listed.symbol, hours);
    }
    Ok(())
}

/// The contract, or why it is not taken in.
fn contract(listed: &Listed, row: &Row<'_>) -> Result<Result<Contract, String>, InputError> {
    let missing =
        |what: &str| row.error(InputCode::Missing, format!("{} has no `{what}`", listed.symbol));
    let kind = match (listed.asset_kind.as_str(), listed.expiry_at) {
        ("PERP", _) => Kind::Perpetual,
        ("FUTURE", Some(expiry)) => Kind::Future { expiry },
        ("FUTURE", None) => return Ok(Err("a rolling future, which has no expiry".to_owned())),
        ("OPTION", expiry) => {
            let option_type = match listed.option_type.as_deref() {
                Some("CALL") => OptionType::Call,
                Some("PUT") => OptionType::Put,
                other => {
                    let word = other.unwrap_or_default();
                    return Ok(Err(format!("its option_type `{word}` is not known")));
                }
            };
            let strike = listed.strike_price.ok_or_else(|| missing("strike_price"))?.0;
            let expiry = expiry.ok_or_else(|| missing("expiry_at"))?;
            Kind::Option { expiry, strike, option_type }
        }
        ("PERP_OPTION", _) => {
            return Ok(Err("a perpetual option, which no model here values".to_owned()));
        }
        ("SPOT", _) => return Ok(Err("spot is held as balances".to_owned())),
        (other, _) => return Ok(Err(format!("its asset_kind `{other}` is not known"))),
    };
    Ok(Ok(Contract {
        name: listed.symbol.clone(),
        kind,
        underlying: listed.base_currency.clone(),
        quote: listed.quote_currency.clone(),
        settlement: listed.settlement_currency.clone(),
        size: Real(1.0),
        unit: ContractUnit::Base,
    }))
}
