//! Numbers that a venue keeps to itself. A parameter file may say where a number is to be found
//! instead of giving one; what needs it is then refused by name, and the user's own file fills it in.

use std::collections::BTreeMap;

use plimsoll_model::Asset;
use plimsoll_model::error::{InputCode, InputError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A parameter, or where to find it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a value, or { unknown = \"where to find it\" }")]
pub enum Known<T> {
    /// The value.
    Value(T),
    /// Not public, or not read.
    Unknown {
        /// What is known of it, and where the venue shows it.
        unknown: String,
    },
}

impl<T> Known<T> {
    /// The value, or the refusal of `culprit`, which needs it under its name in the parameter file.
    pub fn need(&self, model: &str, parameter: &str, culprit: &str) -> Result<&T, InputError> {
        match self {
            Self::Value(value) => Ok(value),
            Self::Unknown { unknown } => {
                let message = format!("{culprit} needs {parameter}, unknown to {model}: {unknown}");
                Err(InputError::new(InputCode::Unsupported, message)
                    .hint("give the number in a parameter file of your own"))
            }
        }
    }

    /// The value, if it is known.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Unknown { .. } => None,
        }
    }
}

/// The refusal of `culprit` where a table of the parameter file has no entry for it.
pub fn no_entry(model: &str, parameter: &str, culprit: &str) -> InputError {
    let message = format!("{culprit} needs {parameter}, which {model} does not have");
    InputError::new(InputCode::Unsupported, message)
        .hint("give the number in a parameter file of your own")
}

/// The entry of a coin in a table: its own, or that of `*`, every coin not named.
pub fn own_or_any<'a, T>(
    table: &'a BTreeMap<Asset, T>,
    underlying: &Asset,
) -> Option<(&'a Asset, &'a T)> {
    table.get_key_value(underlying).or_else(|| table.get_key_value("*"))
}
