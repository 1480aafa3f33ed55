//! One self-contained page: the tables of the terminal, and charts drawn by the script that the
//! plotly crate carries. The page asks the network for nothing, and its policy header forbids it.

mod backtest;
mod charts;
mod page;
pub mod risk;

use plimsoll::margin::report::Assessment;
use plimsoll::{MarginModel, Portfolio};

use crate::commands::Accounts;
use crate::input::Inputs;
use crate::progress::Progress;
pub use backtest::page as backtest;
use charts::Charts;

/// An account and what its charts show.
struct Section<'a> {
    answer: &'a Assessment,
    charts: Charts,
}

/// The page about these answers; the group, where there is one, comes first.
pub fn page(
    inputs: &Inputs,
    model: &dyn MarginModel,
    answers: &Accounts,
) -> anyhow::Result<String> {
    let mut subjects: Vec<(&Portfolio, &Assessment)> = Vec::new();
    subjects.extend(inputs.group.iter().zip(&answers.group));
    subjects.extend(inputs.accounts.iter().zip(&answers.accounts));
    let progress = Progress::start("moving the market", subjects.len() * Charts::STEPS);
    let mut sections = Vec::with_capacity(subjects.len());
    for (portfolio, answer) in subjects {
        let market = &inputs.market.value;
        let charts = Charts::of(model, market, portfolio, answer, &progress)
            .map_err(|error| inputs.blame(error))?;
        sections.push(Section { answer, charts });
    }
    page::render(&sections, answers)
}
