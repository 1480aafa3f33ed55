//! One file per command: inputs in, one whole answer out.

mod backtest;
mod bench;
mod calibrate;
mod chain;
mod check;
mod compare;
mod import;
mod import_span;
mod margin;
mod models;
mod params;
mod risk;
mod schema;
mod what_if;

use serde::Serialize;

pub use backtest::{Backtest, Outcome};
pub use calibrate::Estimates;
pub use chain::{Chain, ExpiryStrikes, Strikes};
pub use check::{Check, CheckedPool};
pub use compare::{Compared, Row};
pub use import_span::SpanReport;
pub use margin::Accounts;
pub use params::{Diff, Impacts, ParameterFile};
pub use what_if::WhatIf;

use crate::args::{Cli, Command};
use crate::exit::Answer;

/// Runs the command, or the comparison where none is given.
pub fn run(cli: &Cli) -> anyhow::Result<Answer> {
    match &cli.command {
        None => compare::welcome(&cli.compare),
        Some(Command::Margin(args)) => margin::run(args),
        Some(Command::Compare(args)) => compare::run(args),
        Some(Command::WhatIf(args)) => what_if::run(args),
        Some(Command::Risk(args)) => risk::run(args),
        Some(Command::Chain(args)) => chain::run(args),
        Some(Command::Models(args)) => models::run(args),
        Some(Command::Params(args)) => params::run(args),
        Some(Command::Schema(args)) => schema::run(args),
        Some(Command::Import(args)) => import::run(args),
        Some(Command::Backtest(args)) => backtest::run(args),
        Some(Command::Bench(args)) => bench::run(args),
        Some(Command::Calibrate(args)) => calibrate::run(args),
        Some(Command::Check(args)) => check::run(args),
    }
}

fn json(value: &impl Serialize) -> anyhow::Result<String> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(text)
}
