//! `metaAndAssetCtxs` and `spotMetaAndAssetCtxs`.
//!
//! The oracle price of a perpetual is its index. It is counted in dollars, as the venue does, though
//! its sources quote stable coins.

use std::collections::BTreeMap;

use plimsoll_model::Asset;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::number::Real;
use serde::Deserialize;

use super::instruments::{Listed, halves};
use super::{CASH, perpetual};
use crate::draft::{Draft, Quote};
use crate::payload::{Payload, Row, maybe_real, nonzero};

/// Funding rates are stated per hour.
const FUNDING_HOURS: f64 = 1.0;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    #[serde(default, deserialize_with = "nonzero")]
    mark_px: Option<Real>,
    #[serde(default, deserialize_with = "nonzero")]
    oracle_px: Option<Real>,
    #[serde(default, deserialize_with = "maybe_real")]
    funding: Option<Real>,
    #[serde(default, deserialize_with = "maybe_real")]
    open_interest: Option<Real>,
    /// The pair; spot only.
    #[serde(default)]
    coin: Option<String>,
}

#[derive(Deserialize)]
struct Token {
    name: String,
    index: u64,
}

#[derive(Deserialize)]
struct Pair {
    name: String,
    /// Numbers of the base and the quote token.
    tokens: Vec<u64>,
}

/// Adds what is quoted.
pub(super) fn read(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    let (meta, contexts) = halves(payload)?;
    let contexts = contexts.elements();
    if meta.value.get("tokens").is_some() {
        return spot(draft, &meta, &contexts);
    }
    let universe = meta.members("universe");
    if universe.len() != contexts.len() {
        let message =
            format!("{} contracts, and {} contexts for them", universe.len(), contexts.len());
        return Err(meta.error(InputCode::Malformed, message));
    }
    for (listed, context) in universe.iter().zip(&contexts) {
        let listed: Listed = listed.decode()?;
        let context: Context = context.decode()?;
        let name = perpetual(&listed.name);
        draft.index(&Asset::new(&listed.name), &Asset::usd(), context.oracle_px);
        let quote = Quote {
            mark_price: context.mark_px,
            open_interest: context.open_interest,
            ..Quote::default()
        };
        draft.quote(&name, quote);
        draft.funding(&name, context.funding, FUNDING_HOURS);
    }
    Ok(())
}

/// Adds the prices of tokens in cash.
fn spot(draft: &mut Draft, meta: &Row<'_>, contexts: &[Row<'_>]) -> Result<(), InputError> {
    let mut tokens = BTreeMap::new();
    for row in meta.members("tokens") {
        let token: Token = row.decode()?;
        tokens.insert(token.index, token.name);
    }
    let mut marks = BTreeMap::new();
    for row in contexts {
        let context: Context = row.decode()?;
        if let (Some(pair), mark) = (context.coin, context.mark_px) {
            marks.insert(pair, mark);
        }
    }
    for row in meta.members("universe") {
        let pair: Pair = row.decode()?;
        if let [base, quote] = pair.tokens.as_slice()
            && *quote == CASH.1
            && let Some(token) = tokens.get(base)
            && let Some(mark) = marks.get(&pair.name)
        {
            draft.index(&Asset::new(token), &Asset::new(CASH.0), *mark);
        }
    }
    Ok(())
}
