//! `plimsoll schema`: JSON Schema of every input and output.

use plimsoll::margin::models::deribit_spm::DeribitParams;
use plimsoll::margin::models::greeks::GreekParams;
use plimsoll::margin::models::isolated::IsolatedParams;
use plimsoll::margin::models::paradex_pm::ParadexParams;
use plimsoll::margin::models::portfolio_delta::DeltaParams;
use plimsoll::margin::models::scan::ScanParams;
use plimsoll::margin::models::var::model::VarParams;
use plimsoll::margin::report::{Assessment, Summary};
use plimsoll::model::Book;
use plimsoll::model::market::MarketFile;
use plimsoll::stress::{RiskReport, StressLibrary};
use plimsoll::{InputCode, InputError};
use schemars::{Schema, schema_for};

use super::backtest::Backtest;
use super::calibrate::Estimates;
use super::chain::{Chain, Strikes};
use super::compare::Comparison;
use super::import_span::SpanReport;
use super::json;
use super::margin::Accounts;
use super::models::Models;
use super::params::{Diff, Impacts};
use super::what_if::WhatIf;
use crate::args::SchemaArgs;
use crate::args::common::Format;
use crate::exit::Answer;
use crate::table::Table;

struct Entry {
    name: &'static str,
    about: &'static str,
    schema: fn() -> Schema,
}

const ENTRIES: &[Entry] = &[
    Entry { name: "market", about: "input: --market", schema: || schema_for!(MarketFile) },
    Entry { name: "book", about: "input: --book as JSON, --trades", schema: || schema_for!(Book) },
    Entry {
        name: "params-isolated",
        about: "input: --params of family isolated",
        schema: || schema_for!(IsolatedParams),
    },
    Entry {
        name: "params-scan",
        about: "input: --params of family scan",
        schema: || schema_for!(ScanParams),
    },
    Entry {
        name: "params-deribit-spm",
        about: "input: --params of family deribit-spm",
        schema: || schema_for!(DeribitParams),
    },
    Entry {
        name: "params-paradex-pm",
        about: "input: --params of family paradex-pm",
        schema: || schema_for!(ParadexParams),
    },
    Entry {
        name: "params-delta",
        about: "input: --params of family delta",
        schema: || schema_for!(DeltaParams),
    },
    Entry {
        name: "params-var",
        about: "input: --params of family var",
        schema: || schema_for!(VarParams),
    },
    Entry {
        name: "params-greeks",
        about: "input: --params of family greeks",
        schema: || schema_for!(GreekParams),
    },
    Entry {
        name: "assessment",
        about: "output: margin of one account",
        schema: || schema_for!(Assessment),
    },
    Entry {
        name: "accounts",
        about: "output: margin of several accounts, or with --group",
        schema: || schema_for!(Accounts),
    },
    Entry { name: "comparison", about: "output: compare", schema: || schema_for!(Comparison) },
    Entry {
        name: "summary",
        about: "output: one row of a comparison",
        schema: || schema_for!(Summary),
    },
    Entry { name: "what-if", about: "output: what-if", schema: || schema_for!(WhatIf) },
    Entry { name: "backtest", about: "output: backtest", schema: || schema_for!(Backtest) },
    Entry { name: "risk", about: "output: risk", schema: || schema_for!(RiskReport) },
    Entry { name: "stresses", about: "input: --stresses", schema: || schema_for!(StressLibrary) },
    Entry { name: "chain", about: "output: chain", schema: || schema_for!(Chain) },
    Entry { name: "strikes", about: "output: chain --expiry", schema: || schema_for!(Strikes) },
    Entry { name: "params-diff", about: "output: params diff", schema: || schema_for!(Diff) },
    Entry {
        name: "params-impact",
        about: "output: params impact",
        schema: || schema_for!(Impacts),
    },
    Entry {
        name: "span-file",
        about: "output: import span --format json",
        schema: || schema_for!(SpanReport),
    },
    Entry { name: "estimates", about: "output: calibrate", schema: || schema_for!(Estimates) },
    Entry { name: "models", about: "output: models", schema: || schema_for!(Models) },
];

/// Runs the command.
pub fn run(args: &SchemaArgs) -> anyhow::Result<Answer> {
    let text = match (&args.name, args.format.format) {
        (Some(name), _) => json(&named(name)?)?,
        (None, Format::Json) => {
            let all = ENTRIES.iter().map(|entry| (entry.name.to_owned(), (entry.schema)().into()));
            json(&serde_json::Value::Object(all.collect()))?
        }
        (None, Format::Table) => list(),
    };
    Ok(Answer::text(text))
}

fn named(name: &str) -> Result<Schema, InputError> {
    let entry = ENTRIES.iter().find(|entry| entry.name == name).ok_or_else(|| {
        let known: Vec<&str> = ENTRIES.iter().map(|entry| entry.name).collect();
        InputError::new(InputCode::Unsupported, format!("no schema `{name}`"))
            .hint(format!("there are {}", known.join(", ")))
    })?;
    Ok((entry.schema)())
}

fn list() -> String {
    let mut table = Table::new("JSON schemas").text("Name").text("Of what");
    for entry in ENTRIES {
        table.push([entry.name.to_owned(), entry.about.to_owned()]);
    }
    format!("{}`plimsoll schema NAME` prints one.\n", table.to_terminal())
}
