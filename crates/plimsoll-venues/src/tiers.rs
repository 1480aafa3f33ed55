//! Margin tiers as venues publish them, in the shape in which parameter files hold them.

use std::collections::BTreeMap;

use plimsoll_model::Asset;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::instrument::Kind;
use serde::Serialize;

use crate::draft::{Contract, Draft};
use crate::payload::Row;

/// Part of a parameter file: what the venue decides of it, to be put in place of the tables of the
/// same name.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TierParams {
    /// Marginal maintenance rates by notional, as `binance-pm` holds them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub brackets: Vec<BracketParams>,
    /// Leverage by notional, as `hyperliquid-cross` holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub perps: Option<Perps>,
    /// Margin factors of options, as `okx-option` holds them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<Asset, OptionFactor>,
}

/// Brackets of the futures on one coin.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BracketParams {
    /// The coin.
    pub underlyings: Vec<Asset>,
    /// The settlement asset; `coin` is the underlying itself.
    pub settlement: String,
    /// `perpetual` or `future`.
    pub contract: &'static str,
    /// The bands, lowest first.
    pub brackets: Bands,
}

/// Bands of notional.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bands {
    /// Lowest first.
    pub tiers: Vec<Tier>,
}

/// One band of notional.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tier {
    /// Its lower end, in the settlement asset.
    pub lower_usd: f64,
    /// Maintenance rate of what lies in the band, as a decimal.
    pub rate: f64,
    /// What the venue takes off rate · notional, if it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deduction_usd: Option<f64>,
}

/// Margin tables of perpetuals.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Perps {
    /// One for each set of coins that share one.
    pub tables: Vec<MarginTable>,
}

/// The margin table of some coins.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MarginTable {
    /// The coins.
    pub coins: Vec<Asset>,
    /// The tiers, lowest first.
    pub tiers: Vec<LeverageTier>,
}

/// One tier of a margin table.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LeverageTier {
    /// Its lower end, collateral token.
    pub lower_usd: f64,
    /// Most leverage inside.
    pub max_leverage: f64,
}

/// The margin factor of the options on a coin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct OptionFactor {
    /// The factor.
    pub margin_factor: f64,
}

impl TierParams {
    /// The text to put into a parameter file.
    ///
    /// # Errors
    /// `bad_number` where a number cannot be written.
    pub fn to_toml(&self) -> Result<String, InputError> {
        toml::to_string(self)
            .map_err(|error| InputError::new(InputCode::BadNumber, error.to_string()))
    }
}

impl Draft {
    /// Adds the brackets of a contract. Contracts of one kind on one coin share theirs: brackets that
    /// differ are an error.
    pub fn brackets(
        &mut self,
        contract: &Contract,
        tiers: Vec<Tier>,
        row: &Row<'_>,
    ) -> Result<(), InputError> {
        let kind = match contract.kind {
            Kind::Perpetual => "perpetual",
            Kind::Future { .. } => "future",
            Kind::Option { .. } | Kind::Spot => {
                let message = format!("{} is no future, and has no brackets", contract.name);
                return Err(row.error(InputCode::Unsupported, message));
            }
        };
        let coin_settled = contract.settlement == contract.underlying;
        let settlement =
            if coin_settled { "coin".to_owned() } else { contract.settlement.to_string() };
        let found = BracketParams {
            underlyings: vec![contract.underlying.clone()],
            settlement,
            contract: kind,
            brackets: Bands { tiers },
        };
        let known = &mut self.tiers.get_or_insert_default().brackets;
        let same = known.iter().find(|other| {
            (&other.underlyings, &other.settlement, other.contract)
                == (&found.underlyings, &found.settlement, found.contract)
        });
        match same {
            None => known.push(found),
            Some(other) if *other == found => {}
            Some(_) => {
                let message = format!(
                    "{}: its brackets differ from those of another {kind} on {} in the same asset",
                    contract.name, contract.underlying
                );
                return Err(row.error(InputCode::Duplicate, message));
            }
        }
        Ok(())
    }
}
