//! `leverageBracket`: of USD-M futures by notional, of COIN-M futures by coins.

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::number::Real;
use serde::Deserialize;

use crate::draft::Draft;
use crate::payload::{Payload, maybe_real};
use crate::tiers::Tier;

#[derive(Deserialize)]
struct Listed {
    symbol: String,
    brackets: Vec<Bracket>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bracket {
    #[serde(default, deserialize_with = "maybe_real")]
    notional_floor: Option<Real>,
    #[serde(default, deserialize_with = "maybe_real")]
    qty_floor: Option<Real>,
    maint_margin_ratio: Real,
    #[serde(default, deserialize_with = "maybe_real")]
    cum: Option<Real>,
}

/// Adds the brackets of every contract that is listed.
pub(super) fn read(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    for row in payload.rows() {
        let listed: Listed = row.decode()?;
        let Some(contract) = draft.quoted(&listed.symbol) else { continue };
        let mut tiers = Vec::with_capacity(listed.brackets.len());
        for bracket in &listed.brackets {
            let floor = bracket.notional_floor.or(bracket.qty_floor).ok_or_else(|| {
                let message = format!(
                    "{} has a bracket with neither `notionalFloor` nor `qtyFloor`",
                    listed.symbol
                );
                row.error(InputCode::Missing, message)
            })?;
            tiers.push(Tier {
                lower_usd: floor.0,
                rate: bracket.maint_margin_ratio.0,
                deduction_usd: bracket.cum.map(|cum| cum.0),
            });
        }
        // The venue lists its brackets in either order.
        tiers.sort_by(|a, b| a.lower_usd.total_cmp(&b.lower_usd));
        draft.brackets(&contract, tiers, &row)?;
    }
    Ok(())
}
