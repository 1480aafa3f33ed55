//! `meta`, alone or as the first half of `metaAndAssetCtxs`.

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::instrument::Kind;
use plimsoll_model::number::Real;
use plimsoll_model::{Asset, ContractUnit};
use serde::Deserialize;

use super::{CASH, perpetual};
use crate::draft::{Contract, Draft};
use crate::payload::{Payload, Row};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    pub name: String,
    #[serde(default)]
    is_delisted: Option<bool>,
}

/// Adds what is listed.
pub(super) fn read(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    let mut found = false;
    for meta in payload.rows() {
        if meta.value.get("universe").is_none() {
            continue;
        }
        found = true;
        let collateral = meta.value.get("collateralToken").and_then(serde_json::Value::as_u64);
        let foreign = collateral.filter(|token| *token != CASH.1);
        for row in meta.members("universe") {
            let listed: Listed = row.decode()?;
            let name = perpetual(&listed.name);
            let contract = match foreign {
                _ if listed.is_delisted == Some(true) => Err("it is delisted".to_owned()),
                Some(token) => Err(format!("it is settled in token {token}, not in {}", CASH.0)),
                None => Ok(contract(&listed, name.clone())),
            };
            draft.list(&name, contract, &row)?;
        }
    }
    if found { Ok(()) } else { Err(no_universe()) }
}

fn contract(listed: &Listed, name: String) -> Contract {
    Contract {
        name,
        kind: Kind::Perpetual,
        underlying: Asset::new(&listed.name),
        quote: Asset::usd(),
        settlement: Asset::new(CASH.0),
        size: Real(1.0),
        unit: ContractUnit::Base,
    }
}

pub(super) fn no_universe() -> InputError {
    InputError::new(InputCode::Missing, "no `universe`: this is neither meta nor metaAndAssetCtxs")
}

/// The two halves of an answer that is a list of two, a universe and its contexts.
pub(super) fn halves<'a>(payload: Payload<'a>) -> Result<(Row<'a>, Row<'a>), InputError> {
    let mut rows = payload.rows().into_iter();
    match (rows.next(), rows.next()) {
        (Some(meta), Some(contexts)) if meta.value.get("universe").is_some() => {
            Ok((meta, contexts))
        }
        _ => Err(no_universe()),
    }
}
