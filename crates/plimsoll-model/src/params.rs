//! Parameter files: where a number comes from, and how sure we are of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{InputCode, InputError};

/// How well a parameter set is known.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// The venue's own documents or interface state it.
    Published,
    /// Somebody else's reading of the venue.
    ThirdParty,
    /// Inferred from published results.
    Inferred,
    /// Our own choice, not a venue's.
    Own,
    /// Estimated from market history.
    Calibrated,
}

/// The `[source]` table that opens every parameter file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Where the numbers were read.
    pub source: String,
    /// The date from which they hold, `YYYY-MM-DD`.
    pub effective: String,
    /// How well they are known.
    pub evidence: Evidence,
    /// What is missing, doubtful or chosen.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Reads a TOML parameter file; the error names the line.
pub fn from_toml<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, InputError> {
    toml::from_str(text).map_err(|error| {
        let line = error
            .span()
            .map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count())
            .map(|line| format!("line {line}"))
            .unwrap_or_default();
        InputError::new(InputCode::BadParameter, error.message().replace('\n', " ")).at(line)
    })
}

/// Checks a parameter against its closed bounds.
pub fn check_bounds(name: &str, value: f64, low: f64, high: f64) -> Result<(), InputError> {
    if value.is_finite() && (low..=high).contains(&value) {
        return Ok(());
    }
    Err(InputError::new(
        InputCode::BadParameter,
        format!("{name} = {value} is outside its bounds [{low}, {high}]"),
    ))
}
