//! `plimsoll import`: what a venue publishes, as a market file.

use std::path::Path;

use plimsoll::venues::deribit::chain::{ChainOptions, parse_chain};
use plimsoll::venues::lines::market_json;

use super::chain::Chain;
use super::json;
use crate::args::common::Format;
use crate::args::{DeribitChainArgs, ImportArgs, ImportSource};
use crate::exit::Answer;
use crate::{files, view};

/// Runs the command.
pub fn run(args: &ImportArgs) -> anyhow::Result<Answer> {
    match &args.source {
        ImportSource::DeribitChain(args) => deribit_chain(args),
    }
}

fn deribit_chain(args: &DeribitChainArgs) -> anyhow::Result<Answer> {
    let chain = files::read(&args.file)?;
    let perpetuals = args.perpetuals.as_deref().map(files::read).transpose()?;
    let origin = files::origin(&args.file);
    let options = ChainOptions {
        id: args.id.clone(),
        // Where the file lay is nobody else's business.
        source: Some(format!("Deribit option chain, {}", file_name(&args.file))),
        snapshot: args.snapshot,
        perpetuals: perpetuals.as_deref(),
    };
    let imported = parse_chain(&chain, &options).map_err(|error| match &args.perpetuals {
        // The parser does not know the names of its two inputs, only which of them is wrong.
        Some(path) if error.origin == "perpetuals" => {
            plimsoll::InputError { origin: path.clone(), ..error }
        }
        _ => error.from_origin(origin),
    })?;
    let market = market_json(&imported.market)?;
    let summary = || -> anyhow::Result<Chain> { Ok(Chain::of(&imported.market.clone().check()?)) };
    let mut remarks = warnings(&imported.warnings);
    let text = match (&args.out, args.format) {
        (None, None | Some(Format::Json)) => market,
        (None | Some(_), Some(Format::Table)) | (Some(_), None) => view::chain::text(&summary()?),
        (Some(_), Some(Format::Json)) => json(&summary()?)?,
    };
    if let Some(path) = &args.out {
        files::write(path, &market_json(&imported.market)?)?;
        remarks.push(format!("wrote {}", path.display()));
    }
    Ok(Answer { text, remarks, ..Answer::text(String::new()) })
}

fn file_name(path: &str) -> String {
    Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The first few; a chain of a crash has dozens of the same kind.
fn warnings(all: &[String]) -> Vec<String> {
    const SHOWN: usize = 10;
    let mut remarks: Vec<String> =
        all.iter().take(SHOWN).map(|warning| format!("warning: {warning}")).collect();
    if all.len() > SHOWN {
        remarks.push(format!("warning: and {} more like these", all.len() - SHOWN));
    }
    remarks
}
