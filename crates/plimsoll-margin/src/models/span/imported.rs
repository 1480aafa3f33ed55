//! Risk parameters that were read from a clearing house's file, as a parameter file of this project.

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::Evidence;
use plimsoll_model::span::SpanParameters;
use plimsoll_model::{Asset, Provenance};

use super::{Span, SpanParams};
use crate::collateral::{CollateralRules, HaircutTier};

impl SpanParams {
    /// A parameter file of `span`: the risk parameters as they are, and as collateral cash in their
    /// currencies and in dollars, in full. `effective` is `YYYY-MM-DD`.
    pub fn imported(
        id: &str,
        source: String,
        effective: String,
        span: SpanParameters,
        mut notes: Vec<String>,
    ) -> Self {
        notes.push(
            "Collateral is our own choice: cash in the currencies of the file and in dollars counts \
             in full, anything else not at all."
                .to_owned(),
        );
        let currencies = span.commodities.values().map(|commodity| commodity.currency.clone());
        let in_full = |asset| (asset, vec![HaircutTier { up_to: None, haircut: 0.0 }]);
        let haircuts: BTreeMap<Asset, Vec<HaircutTier>> =
            currencies.chain([Asset::usd()]).map(in_full).collect();
        Self {
            family: "span".to_owned(),
            id: id.to_owned(),
            source: Provenance { source, effective, evidence: Evidence::Published, notes },
            collateral: CollateralRules {
                haircuts,
                other_haircut: 1.0,
                option_value_in_equity: false,
            },
            span,
        }
    }

    /// The text of the parameter file, which reads back to the same parameters.
    ///
    /// # Errors
    /// `bad_parameter` where the parameters would be refused when read back.
    pub fn to_toml(&self) -> Result<String, InputError> {
        let text = toml::to_string(self)
            .map_err(|error| InputError::new(InputCode::BadParameter, error.to_string()))?;
        Span::from_toml(&text)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::params::from_toml;

    use super::*;

    #[test]
    fn what_is_written_reads_back_to_the_same() {
        let text = include_str!("../../../../../params/span/crypto-example/2026-01-01.toml");
        let span = from_toml::<SpanParams>(text).unwrap().span;
        let source = "a \"file\"\nin two lines".to_owned();
        let effective = "2026-01-01".to_owned();
        let params = SpanParams::imported("mine", source, effective, span, vec![]);
        let again: SpanParams = from_toml(&params.to_toml().unwrap()).unwrap();
        assert_eq!(again, params);
        assert!(!params.collateral.refuses(&Asset::usd()));
        assert!(params.collateral.refuses(&Asset::new("BTC")));
    }

    #[test]
    fn parameters_that_could_not_be_used_are_not_written() {
        let span = SpanParameters::default();
        let params = SpanParams::imported("x", String::new(), String::new(), span, vec![]);
        // No scenario definition.
        assert!(params.to_toml().unwrap_err().message.contains("span.scenarios"));
    }
}
