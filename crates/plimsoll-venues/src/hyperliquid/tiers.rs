//! `universe` and `marginTables` of `meta`. A table number below 50 is a table of one tier with that
//! leverage, and so is the leverage of a coin without a number.

use std::collections::BTreeMap;

use plimsoll_model::Asset;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::number::Real;
use serde::Deserialize;

use super::instruments::no_universe;
use crate::draft::Draft;
use crate::payload::{Payload, Row};
use crate::tiers::{LeverageTier, MarginTable};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    name: Asset,
    max_leverage: Real,
    #[serde(default)]
    margin_table_id: Option<u64>,
    #[serde(default)]
    is_delisted: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Table {
    margin_tiers: Vec<RawTier>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawTier {
    lower_bound: Real,
    max_leverage: Real,
}

/// Numbers from here on are tables that the answer holds.
const FIRST_TABLE: u64 = 50;

/// Adds the margin tables, each with the coins that it holds for.
pub(super) fn read(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    let rows = payload.rows();
    let meta = rows.iter().find(|row| row.value.get("universe").is_some());
    let meta = meta.ok_or_else(no_universe)?;
    let known = tables(meta)?;
    let found = &mut draft.tiers.get_or_insert_default().perps.get_or_insert_default().tables;
    for row in meta.members("universe") {
        let listed: Listed = row.decode()?;
        if listed.is_delisted == Some(true) {
            continue;
        }
        let single = |leverage: f64| vec![LeverageTier { lower_usd: 0.0, max_leverage: leverage }];
        let tiers = match listed.margin_table_id {
            Some(id) if id >= FIRST_TABLE => known.get(&id).cloned().ok_or_else(|| {
                let message = format!("{}: no margin table has the number {id}", listed.name);
                row.error(InputCode::Missing, message)
            })?,
            Some(id) => single(id as f64),
            None => single(listed.max_leverage.0),
        };
        match found.iter_mut().find(|table| table.tiers == tiers) {
            Some(table) => table.coins.push(listed.name),
            None => found.push(MarginTable { coins: vec![listed.name], tiers }),
        }
    }
    Ok(())
}

/// Tables by number: pairs of the number and the table.
fn tables(meta: &Row<'_>) -> Result<BTreeMap<u64, Vec<LeverageTier>>, InputError> {
    let mut tables = BTreeMap::new();
    for row in meta.members("marginTables") {
        let (id, table): (u64, Table) = row.decode()?;
        let tier = |tier: &RawTier| LeverageTier {
            lower_usd: tier.lower_bound.0,
            max_leverage: tier.max_leverage.0,
        };
        tables.insert(id, table.margin_tiers.iter().map(tier).collect());
    }
    Ok(tables)
}
