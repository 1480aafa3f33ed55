//! `plimsoll compare`: one book under several models, side by side.

use plimsoll::margin::report::{ModelReport, Summary};
use plimsoll::{InputCode, InputError, Market, Portfolio, compare_row};
use schemars::JsonSchema;
use serde::Serialize;

use super::json;
use crate::args::CompareArgs;
use crate::args::common::Format;
use crate::exit::{Answer, Status};
use crate::input::{self, Candidate, Inputs};
use crate::progress::Progress;
use crate::view;

/// One book under several models.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Comparison {
    /// Account by account, model by model.
    pub rows: Vec<Row>,
}

/// What one model says about one account.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Row {
    /// Its answer.
    Answer(Box<Summary>),
    /// Why it has none.
    Refusal(Refusal),
}

/// A model that does not margin this account.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Refusal {
    /// The account.
    pub account: String,
    /// The model and its parameters.
    pub model: ModelReport,
    /// The reason.
    pub refused: String,
}

/// One account under every model, in the order of the models.
#[derive(Debug)]
pub struct Compared {
    /// The account.
    pub account: String,
    /// One row per model.
    pub rows: Vec<Row>,
}

/// What a newcomer sees: the comparison, with a line before it and hints after it.
pub fn welcome(args: &CompareArgs) -> anyhow::Result<Answer> {
    let mut answer = run(args)?;
    if args.format.format == Format::Table {
        answer.text.push_str(&view::compare::hints());
    }
    Ok(answer)
}

/// Runs the command.
pub fn run(args: &CompareArgs) -> anyhow::Result<Answer> {
    let inputs = Inputs::load(&args.book)?;
    let candidates = input::models(&args.models, &inputs.market.value)?;
    let portfolios: Vec<&Portfolio> = inputs.accounts.iter().chain(&inputs.group).collect();
    let progress = Progress::start("margining", portfolios.len() * candidates.len());
    let mut compared = Vec::with_capacity(portfolios.len());
    for portfolio in portfolios {
        let mut rows = Vec::with_capacity(candidates.len());
        for candidate in &candidates {
            let row = row(candidate, &inputs.market.value, portfolio);
            rows.push(row.map_err(|error| inputs.blame(error))?);
            progress.step();
        }
        compared.push(Compared { account: portfolio.name.clone(), rows });
    }
    drop(progress);
    let mut rows = compared.iter().flat_map(|one| &one.rows);
    if rows.clone().all(|row| row.answer().is_none())
        && let Some(Row::Refusal(refusal)) = rows.next()
    {
        anyhow::bail!("no model margins this book; {}: {}", refusal.model.id, refusal.refused);
    }
    let status = Status::under_maintenance(compared.iter().any(Compared::is_under_everywhere));
    let text = match args.format.format {
        Format::Table => view::compare::text(&inputs, &candidates, &compared),
        Format::Json => {
            json(&Comparison { rows: compared.into_iter().flat_map(|one| one.rows).collect() })?
        }
    };
    Ok(Answer { text, remarks: vec![], status })
}

impl Compared {
    /// Whether every model that answers says so: models differ in strictness, and a comparison of
    /// them does not choose one.
    fn is_under_everywhere(&self) -> bool {
        let mut answers = self.rows.iter().filter_map(Row::answer).peekable();
        answers.peek().is_some() && answers.all(|answer| answer.under_maintenance)
    }
}

impl Row {
    /// The answer, if there is one.
    pub fn answer(&self) -> Option<&Summary> {
        match self {
            Self::Answer(summary) => Some(summary),
            Self::Refusal(_) => None,
        }
    }
}

/// A model that does not handle the book is a result; a wrong input is an error.
fn row(candidate: &Candidate, market: &Market, portfolio: &Portfolio) -> Result<Row, InputError> {
    let model = candidate.model.as_ref();
    match compare_row(model, market, portfolio) {
        Ok(summary) => Ok(Row::Answer(Box::new(summary))),
        Err(error) if error.code == InputCode::Unsupported => {
            let provenance = model.provenance();
            Ok(Row::Refusal(Refusal {
                account: portfolio.name.clone(),
                model: ModelReport {
                    id: model.id().to_owned(),
                    effective: provenance.effective.clone(),
                    source: provenance.source.clone(),
                    evidence: provenance.evidence,
                },
                refused: error.to_string(),
            }))
        }
        Err(error) => Err(error),
    }
}
