//! `plimsoll params`: what changed between two parameter files, and what that does to a book.

use plimsoll::margin::governance::{self, Impact, ParameterChange};
use plimsoll::margin::report::ModelReport;
use schemars::JsonSchema;
use serde::Serialize;

use super::json;
use crate::args::common::Format;
use crate::args::{ParamsArgs, ParamsCommand, ParamsDiffArgs, ParamsImpactArgs};
use crate::exit::{Answer, Status};
use crate::input::{self, Inputs, Parameters};
use crate::view;

/// What differs between two parameter files.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Diff {
    /// The old parameters.
    pub from: ParameterFile,
    /// The new ones.
    pub to: ParameterFile,
    /// Every parameter that differs, in path order.
    pub changes: Vec<ParameterChange>,
}

/// What a change of parameters does to a book.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Impacts {
    /// The parameters and what differs.
    pub diff: Diff,
    /// Each account, or the accounts netted as one where asked for.
    pub accounts: Vec<Impact>,
}

/// A parameter file and where its numbers come from.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ParameterFile {
    /// The file, under `params/` where it is bundled.
    pub file: String,
    /// The model it is for, its date, source and evidence.
    pub model: ModelReport,
    /// What is missing, doubtful or chosen.
    pub notes: Vec<String>,
}

/// Runs the command.
pub fn run(args: &ParamsArgs) -> anyhow::Result<Answer> {
    match &args.command {
        ParamsCommand::Diff(args) => diff(args),
        ParamsCommand::Impact(args) => impact(args),
    }
}

fn diff(args: &ParamsDiffArgs) -> anyhow::Result<Answer> {
    let (from, to) = input::two_parameters(&args.from, &args.to)?;
    let diff = Diff::between(&from, &to)?;
    Ok(Answer::text(match args.format.format {
        Format::Json => json(&diff)?,
        Format::Table => view::params::diff(&diff),
    }))
}

fn impact(args: &ParamsImpactArgs) -> anyhow::Result<Answer> {
    let (from, to) = input::two_parameters(&args.from, &args.to)?;
    let diff = Diff::between(&from, &to)?;
    let inputs = Inputs::load(&args.book)?;
    let portfolios = match &inputs.group {
        Some(group) => std::slice::from_ref(group),
        None => inputs.accounts.as_slice(),
    };
    let market = &inputs.market.value;
    let one = |portfolio| {
        governance::impact(from.model.as_ref(), to.model.as_ref(), market, portfolio)
            .map_err(|error| inputs.blame(error))
    };
    let accounts = portfolios.iter().map(one).collect::<Result<Vec<_>, _>>()?;
    let under = accounts.iter().any(|account| account.after.under_maintenance);
    let impacts = Impacts { diff, accounts };
    let text = match args.format.format {
        Format::Json => json(&impacts)?,
        Format::Table => view::params::impact(&impacts, market),
    };
    Ok(Answer { text, remarks: vec![], status: Status::under_maintenance(under) })
}

impl Diff {
    fn between(from: &Parameters, to: &Parameters) -> anyhow::Result<Self> {
        let changes = governance::diff(&from.text, &to.text)?;
        Ok(Self { from: ParameterFile::of(from), to: ParameterFile::of(to), changes })
    }
}

impl ParameterFile {
    fn of(parameters: &Parameters) -> Self {
        Self {
            file: parameters.origin.clone(),
            model: ModelReport::of(parameters.model.as_ref()),
            notes: parameters.model.provenance().notes.clone(),
        }
    }
}
