//! Parameter governance: what changed between two parameter files, and what the change does to a
//! book.

use std::collections::BTreeMap;

use plimsoll_model::error::InputError;
use plimsoll_model::params::from_toml;
use plimsoll_model::{Market, Portfolio};
use schemars::JsonSchema;
use serde::Serialize;

use crate::assess::compare_row;
use crate::model::MarginModel;
use crate::report::{ComponentReport, Summary};

/// One parameter that differs.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ParameterChange {
    /// Its place in the file, for example `pairs.BTC.price_range` or `grids[0].vol.up`.
    pub path: String,
    /// The value before; absent if it is new.
    pub from: Option<String>,
    /// The value after; absent if it is gone.
    pub to: Option<String>,
    /// The change as a percentage of the value before; absent unless both are numbers and the first
    /// is not 0.
    pub change_pct: Option<f64>,
}

/// What a change of parameters does to one account.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Impact {
    /// Under the old parameters.
    pub before: Summary,
    /// Under the new ones.
    pub after: Summary,
    /// Change of initial margin.
    pub initial_margin_change: f64,
    /// Change of maintenance margin.
    pub maintenance_margin_change: f64,
    /// Change of excess.
    pub excess_change: f64,
    /// Every charge of either, in the order of the old parameters, then of the new.
    pub components: Vec<ComponentChange>,
}

/// One named charge under both parameters, USD; 0 where there is no such charge.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ComponentChange {
    /// The name.
    pub name: String,
    /// Its part of initial margin before.
    pub initial_before: f64,
    /// Its part of initial margin after.
    pub initial_after: f64,
    /// Its part of maintenance margin before.
    pub maintenance_before: f64,
    /// Its part of maintenance margin after.
    pub maintenance_after: f64,
}

/// The parameters that differ between two files, in path order. Values are compared as values: `20e6`
/// and `20000000.0` are the same. The `[source]` table says where parameters come from; it holds none.
pub fn diff(from: &str, to: &str) -> Result<Vec<ParameterChange>, InputError> {
    let (from, to) = (flattened(from)?, flattened(to)?);
    let mut paths: Vec<&String> = from.keys().chain(to.keys()).collect();
    paths.sort();
    paths.dedup();
    let change = |path: &String| {
        let (from, to) = (from.get(path).cloned(), to.get(path).cloned());
        let change_pct = change_pct(from.as_deref(), to.as_deref());
        ParameterChange { path: path.clone(), from, to, change_pct }
    };
    let parameters = paths.into_iter().filter(|path| !path.starts_with("source."));
    Ok(parameters.map(change).filter(|change| change.from != change.to).collect())
}

/// Margins one account under two versions of a model (or two models).
pub fn impact(
    from: &dyn MarginModel,
    to: &dyn MarginModel,
    market: &Market,
    portfolio: &Portfolio,
) -> Result<Impact, InputError> {
    let before = compare_row(from, market, portfolio)?;
    let after = compare_row(to, market, portfolio)?;
    Ok(Impact {
        initial_margin_change: after.initial_margin - before.initial_margin,
        maintenance_margin_change: after.maintenance_margin - before.maintenance_margin,
        excess_change: after.excess - before.excess,
        components: component_changes(&before.components, &after.components),
        before,
        after,
    })
}

/// Every charge of either side.
pub fn component_changes(
    before: &[ComponentReport],
    after: &[ComponentReport],
) -> Vec<ComponentChange> {
    let mut changes: Vec<ComponentChange> = Vec::new();
    for part in before {
        changes.push(ComponentChange {
            name: part.name.clone(),
            initial_before: part.amount,
            initial_after: 0.0,
            maintenance_before: part.maintenance,
            maintenance_after: 0.0,
        });
    }
    for part in after {
        match changes.iter_mut().find(|change| change.name == part.name) {
            Some(change) => {
                change.initial_after = part.amount;
                change.maintenance_after = part.maintenance;
            }
            None => changes.push(ComponentChange {
                name: part.name.clone(),
                initial_before: 0.0,
                initial_after: part.amount,
                maintenance_before: 0.0,
                maintenance_after: part.maintenance,
            }),
        }
    }
    changes
}

fn change_pct(from: Option<&str>, to: Option<&str>) -> Option<f64> {
    let (from, to) = (from?.parse::<f64>().ok()?, to?.parse::<f64>().ok()?);
    let share = 100.0 * (to - from) / from.abs();
    share.is_finite().then_some(share)
}

fn flattened(text: &str) -> Result<BTreeMap<String, String>, InputError> {
    let mut leaves = BTreeMap::new();
    flatten(String::new(), &toml::Value::Table(from_toml(text)?), &mut leaves);
    Ok(leaves)
}

fn flatten(path: String, value: &toml::Value, leaves: &mut BTreeMap<String, String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                let dot = if path.is_empty() { "" } else { "." };
                flatten(format!("{path}{dot}{key}"), value, leaves);
            }
        }
        toml::Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                flatten(format!("{path}[{index}]"), value, leaves);
            }
        }
        // An integer and a float of the same value are one parameter.
        toml::Value::Integer(number) => {
            leaves.insert(path, (*number as f64).to_string());
        }
        toml::Value::Float(number) => {
            leaves.insert(path, number.to_string());
        }
        toml::Value::String(text) => {
            leaves.insert(path, text.clone());
        }
        other => {
            leaves.insert(path, other.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_names_paths_and_compares_values() {
        let old = "a = 20e6\nsource = { effective = \"2025\" }\n[pairs.BTC]\nrange = 0.16\nold = 1\n[[grid]]\nmoves = [1, 2]\n";
        let new = "a = 20000000\nsource = { effective = \"2026\" }\n[pairs.BTC]\nrange = 0.14\n[[grid]]\nmoves = [1.0, 2, 3]\n";
        let changes = diff(old, new).unwrap();
        let change =
            |path: &str, from: Option<&str>, to: Option<&str>, change_pct| ParameterChange {
                path: path.to_owned(),
                from: from.map(str::to_owned),
                to: to.map(str::to_owned),
                change_pct,
            };
        assert_eq!(
            changes,
            [
                change("grid[0].moves[2]", None, Some("3"), None),
                change("pairs.BTC.old", Some("1"), None, None),
                // (0.14 − 0.16)/0.16 in binary.
                change(
                    "pairs.BTC.range",
                    Some("0.16"),
                    Some("0.14"),
                    Some(100.0 * (0.14 - 0.16) / 0.16)
                ),
            ]
        );
    }

    #[test]
    fn every_charge_of_either_side_is_listed_once() {
        let charge = |name: &str, amount: f64| ComponentReport {
            name: name.to_owned(),
            amount,
            maintenance: amount / 2.0,
        };
        let changes = component_changes(
            &[charge("scan", 10.0), charge("roll", 4.0)],
            &[charge("floor", 2.0), charge("scan", 12.0)],
        );
        let rows = changes.iter().map(|c| (c.name.as_str(), c.initial_before, c.maintenance_after));
        let rows: Vec<_> = rows.collect();
        assert_eq!(rows, [("scan", 10.0, 6.0), ("roll", 4.0, 0.0), ("floor", 0.0, 1.0)]);
    }
}
