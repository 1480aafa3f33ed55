//! `public/position-tiers`: of option families the margin factor. Rates of swaps and futures hold for
//! the whole position and are read by no model here.

use plimsoll_model::Asset;
use plimsoll_model::error::InputError;
use plimsoll_model::number::Real;
use serde::Deserialize;

use crate::draft::Draft;
use crate::payload::{Payload, maybe_real, maybe_text};
use crate::tiers::OptionFactor;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    /// For example `BTC-USD`.
    #[serde(default, deserialize_with = "maybe_text")]
    inst_family: Option<String>,
    #[serde(default, deserialize_with = "maybe_text")]
    uly: Option<String>,
    #[serde(default, deserialize_with = "maybe_text")]
    inst_id: Option<String>,
    #[serde(default, deserialize_with = "maybe_text")]
    tier: Option<String>,
    /// 0 for what is no option.
    #[serde(default, deserialize_with = "maybe_real")]
    opt_mgn_factor: Option<Real>,
}

/// Adds the margin factor of each family's first tier; a family whose factor differs by tier is told.
pub(super) fn read(draft: &mut Draft, payload: Payload<'_>) -> Result<(), InputError> {
    let mut whole = false;
    for row in payload.rows() {
        let listed: Listed = row.decode()?;
        let factor = listed.opt_mgn_factor.map_or(0.0, |factor| factor.0);
        let family = listed.inst_family.or(listed.uly).or(listed.inst_id).unwrap_or_default();
        if factor == 0.0 {
            whole = true;
            continue;
        }
        let coin = Asset::new(family.split('-').next().unwrap_or_default());
        let options = &mut draft.tiers.get_or_insert_default().options;
        match options.get(&coin) {
            None => {
                options.insert(coin, OptionFactor { margin_factor: factor });
            }
            Some(known) if known.margin_factor == factor => {}
            Some(known) => draft.warnings.push(format!(
                "{family}: the margin factor of tier {} is {factor}; {} of an earlier row is kept",
                listed.tier.unwrap_or_default(),
                known.margin_factor
            )),
        }
    }
    if whole {
        draft.warnings.push(
            "tiers of what is no option are left out: their rates hold for the whole position, \
             and no model reads them"
                .to_owned(),
        );
    }
    Ok(())
}
