//! `v5/market/risk-limit`: one row per contract and tier, by the upper end of the tier.

use std::collections::BTreeMap;

use plimsoll_model::error::InputError;
use plimsoll_model::number::Real;
use serde::Deserialize;

use crate::draft::Draft;
use crate::payload::{Payload, Row, maybe_real};
use crate::tiers::Tier;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    symbol: String,
    /// Most notional in the settlement asset.
    risk_limit_value: Real,
    /// A decimal.
    maintenance_margin: Real,
    #[serde(default, deserialize_with = "maybe_real")]
    mm_deduction: Option<Real>,
}

/// Adds the brackets of every contract that is listed.
pub(super) fn read(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    let mut by_contract: BTreeMap<String, Vec<(Listed, Row<'_>)>> = BTreeMap::new();
    for row in payload.rows() {
        let listed: Listed = row.decode()?;
        by_contract.entry(listed.symbol.clone()).or_default().push((listed, row));
    }
    for (name, mut rows) in by_contract {
        let Some(contract) = draft.quoted(&name) else { continue };
        rows.sort_by(|a, b| a.0.risk_limit_value.0.total_cmp(&b.0.risk_limit_value.0));
        let mut lower_usd = 0.0;
        let mut tiers = Vec::with_capacity(rows.len());
        for (listed, _) in &rows {
            tiers.push(Tier {
                lower_usd,
                rate: listed.maintenance_margin.0,
                deduction_usd: listed.mm_deduction.map(|deduction| deduction.0),
            });
            lower_usd = listed.risk_limit_value.0;
        }
        if let Some((_, row)) = rows.first() {
            draft.brackets(&contract, tiers, row)?;
        }
    }
    Ok(())
}
