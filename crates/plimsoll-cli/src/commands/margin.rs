//! `plimsoll margin`: the full answer, with its explanation.

use plimsoll::margin::report::Assessment;
use plimsoll::{MarginModel, Portfolio, assess};
use schemars::JsonSchema;
use serde::Serialize;

use super::json;
use crate::args::MarginArgs;
use crate::args::common::Format;
use crate::exit::{Answer, Status};
use crate::html;
use crate::input::{self, Inputs};
use crate::progress::Progress;
use crate::{files, view};

/// Several accounts under one model.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Accounts {
    /// Each account by itself.
    pub accounts: Vec<Assessment>,
    /// All accounts netted as one; absent where not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Assessment>,
    /// What netting the accounts saves; absent where not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saving: Option<Saving>,
}

/// Σ of the accounts alone − the group, USD.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Saving {
    /// Of initial margin.
    pub initial_margin: f64,
    /// Of maintenance margin.
    pub maintenance_margin: f64,
    /// Of initial margin, as a percentage of the sum; 0 where the sum is 0.
    pub percent: f64,
}

/// Runs the command.
pub fn run(args: &MarginArgs) -> anyhow::Result<Answer> {
    let inputs = Inputs::load(&args.book)?;
    let model = input::model(&args.model, &inputs.market.value)?;
    let answers = assess_all(&inputs, model.as_ref())?;
    let status = Status::under_maintenance(match &answers.group {
        // Accounts netted by election stand and fall together.
        Some(group) => group.under_maintenance,
        None => answers.accounts.iter().any(|account| account.under_maintenance),
    });
    let text = match (args.format.format, answers.accounts.as_slice()) {
        (Format::Json, [account]) if answers.group.is_none() => json(account)?,
        (Format::Json, _) => json(&answers)?,
        (Format::Table, _) => view::margin::text(&answers),
    };
    let mut remarks = Vec::new();
    if let Some(path) = &args.html {
        let page = html::page(&inputs, model.as_ref(), &answers)?;
        files::write(path, &page)?;
        remarks.push(format!("wrote {}", path.display()));
    }
    Ok(Answer { text, remarks, status })
}

fn assess_all(inputs: &Inputs, model: &dyn MarginModel) -> anyhow::Result<Accounts> {
    let steps = inputs.accounts.len() + usize::from(inputs.group.is_some());
    let progress = Progress::start("margining accounts", steps);
    let one = |portfolio: &Portfolio| {
        let answer = assess(model, &inputs.market.value, portfolio);
        progress.step();
        answer.map_err(|error| inputs.blame(error))
    };
    let accounts = inputs.accounts.iter().map(one).collect::<Result<Vec<_>, _>>()?;
    let group = inputs.group.as_ref().map(one).transpose()?;
    let saving = group.as_ref().map(|group| saving(&accounts, group));
    Ok(Accounts { accounts, group, saving })
}

fn saving(accounts: &[Assessment], group: &Assessment) -> Saving {
    let sum = |of: fn(&Assessment) -> f64| accounts.iter().map(of).sum::<f64>();
    let alone = sum(|account| account.initial_margin);
    let initial_margin = alone - group.initial_margin;
    Saving {
        initial_margin,
        maintenance_margin: sum(|account| account.maintenance_margin) - group.maintenance_margin,
        percent: if alone > 0.0 { 100.0 * initial_margin / alone } else { 0.0 },
    }
}
