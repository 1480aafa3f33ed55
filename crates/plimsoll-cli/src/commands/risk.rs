//! `plimsoll risk`: what a book could lose, and what would break it.

use plimsoll::Portfolio;
use plimsoll::margin::models::var::model::Var;
use plimsoll::stress::{RiskReport, Scenarios, Settings, StressLibrary, risk_report, steps};
use plimsoll::{InputCode, InputError, MarginModel};

use super::json;
use crate::args::RiskArgs;
use crate::args::common::Format;
use crate::exit::{Answer, Status};
use crate::input::{self, Inputs};
use crate::progress::Progress;
use crate::{files, html, view};

/// Runs the command.
pub fn run(args: &RiskArgs) -> anyhow::Result<Answer> {
    let inputs = Inputs::load(&args.book)?;
    let model = input::model(&args.model, &inputs.market.value)?;
    let (var, origin) = scenarios(&args.scenarios)?;
    let joint = var.scenarios().map_err(|error| error.from_origin(&origin))?;
    let scenarios = Scenarios { id: var.id(), source: var.provenance(), joint };
    let library = match &args.stresses {
        None => StressLibrary::bundled()?,
        Some(path) => {
            let bytes = files::read(path)?;
            let text = plimsoll::model::error::utf8(&bytes);
            text.and_then(StressLibrary::from_toml)
                .map_err(|error| error.from_origin(files::origin(path)))?
        }
    };
    let subjects: Vec<&Portfolio> = match &inputs.group {
        Some(group) => vec![group],
        None => inputs.accounts.iter().collect(),
    };
    let settings = Settings::default();
    let progress = Progress::start("stressing accounts", subjects.len() * steps(&library));
    let report = |portfolio: &&Portfolio| {
        let market = &inputs.market.value;
        let step = || progress.step();
        risk_report(model.as_ref(), market, portfolio, &scenarios, &library, &settings, &step)
            .map_err(|error| inputs.blame(error))
    };
    let reports: Vec<RiskReport> = subjects.iter().map(report).collect::<Result<_, _>>()?;
    drop(progress);
    let text = match (args.format.format, reports.as_slice()) {
        (Format::Json, [one]) => json(one)?,
        (Format::Json, all) => json(&all)?,
        (Format::Table, all) => view::risk::text(all),
    };
    let mut remarks = Vec::new();
    if let Some(path) = &args.html {
        files::write(path, &html::risk::page(&reports)?)?;
        remarks.push(format!("wrote {}", path.display()));
    }
    let under = reports.iter().any(|report| report.state.under_maintenance);
    Ok(Answer { text, remarks, status: Status::under_maintenance(under) })
}

/// The parameter file that holds the scenarios: a bundled model's, or one of the user's own.
fn scenarios(word: &str) -> Result<(Var, String), InputError> {
    let read = |text: &str, origin: &str| {
        let var = Var::from_toml(text).map_err(|error| {
            error.from_origin(origin).hint("scenarios are read from a parameter file of family var")
        })?;
        Ok((var, origin.to_owned()))
    };
    match input::parameters(word) {
        Ok(file) => read(file.text, file.path),
        Err(unknown) => match files::read(word) {
            Ok(bytes) => read(plimsoll::model::error::utf8(&bytes)?, files::origin(word)),
            Err(error) if error.code == InputCode::Missing => Err(unknown),
            Err(error) => Err(error),
        },
    }
}
