//! `plimsoll import`: what a venue publishes, as a market file.

use std::path::Path;

use plimsoll::venues::deribit::chain::{ChainOptions, parse_chain};
use plimsoll::venues::lines::market_json;
use plimsoll::venues::{ImportOptions, Imported, Part, PartKind, Venue, import};

use super::chain::Chain;
use super::{import_span, json};
use crate::args::common::Format;
use crate::args::{DeribitChainArgs, ImportArgs, ImportSource, VenueArgs};
use crate::exit::Answer;
use crate::{files, view};

/// Runs the command.
pub fn run(args: &ImportArgs) -> anyhow::Result<Answer> {
    match &args.source {
        ImportSource::DeribitChain(args) => deribit_chain(args),
        ImportSource::Span(args) => import_span::run(args),
        ImportSource::Deribit(args) => venue(Venue::Deribit, args),
        ImportSource::Okx(args) => venue(Venue::Okx, args),
        ImportSource::Binance(args) => venue(Venue::Binance, args),
        ImportSource::Bybit(args) => venue(Venue::Bybit, args),
        ImportSource::Derive(args) => venue(Venue::Derive, args),
        ImportSource::Hyperliquid(args) => venue(Venue::Hyperliquid, args),
        ImportSource::Paradex(args) => venue(Venue::Paradex, args),
    }
}

fn venue(venue: Venue, args: &VenueArgs) -> anyhow::Result<Answer> {
    let kinds = [
        (PartKind::Instruments, &args.instruments),
        (PartKind::Tickers, &args.tickers),
        (PartKind::Positions, &args.positions),
        (PartKind::Balances, &args.balances),
        (PartKind::Orders, &args.orders),
        (PartKind::Tiers, &args.tiers),
    ];
    let paths =
        kinds.into_iter().flat_map(|(kind, paths)| paths.iter().map(move |path| (kind, path)));
    let files = paths.map(|(kind, path)| Ok((kind, files::origin(path), files::read(path)?)));
    let files = files.collect::<anyhow::Result<Vec<_>>>()?;
    let parts: Vec<Part<'_>> =
        files.iter().map(|(kind, origin, bytes)| Part { kind: *kind, origin, bytes }).collect();
    let options = ImportOptions {
        id: args.id.clone(),
        // Where the files lay is nobody else's business.
        source: Some(format!("saved answers of {venue}")),
        time: args.time,
        asset_prices_usd: args.asset_price.iter().cloned().collect(),
        ..ImportOptions::default()
    };
    let imported = import(venue, &parts, &options)?;
    let mut answer = answer(&imported, args.out.as_deref(), args.format)?;
    match (&imported.book, &args.book_out) {
        (Some(book), Some(path)) => {
            files::write(path, &json(book)?)?;
            answer.remarks.push(format!("wrote {}", path.display()));
        }
        (Some(_), None) => {
            answer.remarks.push("the answers hold a book: write it with --book-out".to_owned());
        }
        (None, Some(path)) => {
            answer.remarks.push(format!("no answer holds a book: {} not written", path.display()));
        }
        (None, None) => {}
    }
    match (&imported.tiers, &args.tiers_out) {
        (Some(tiers), Some(path)) => {
            files::write(path, &tiers.to_toml()?)?;
            answer.remarks.push(format!("wrote {}", path.display()));
        }
        (Some(_), None) => {
            answer.remarks.push("the answers hold tiers: write them with --tiers-out".to_owned());
        }
        (None, Some(path)) => {
            answer.remarks.push(format!("no answer holds tiers: {} not written", path.display()));
        }
        (None, None) => {}
    }
    Ok(answer)
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
    answer(&imported, args.out.as_deref(), args.format)
}

/// The market, or a summary where it is written to a file.
fn answer(
    imported: &Imported,
    out: Option<&Path>,
    format: Option<Format>,
) -> anyhow::Result<Answer> {
    let market = market_json(&imported.market)?;
    let summary = || -> anyhow::Result<Chain> { Ok(Chain::of(&imported.market.clone().check()?)) };
    let mut remarks = warnings(&imported.warnings);
    let text = match (out, format) {
        (None, None | Some(Format::Json)) => market.clone(),
        (None | Some(_), Some(Format::Table)) | (Some(_), None) => view::chain::text(&summary()?),
        (Some(_), Some(Format::Json)) => json(&summary()?)?,
    };
    if let Some(path) = out {
        files::write(path, &market)?;
        remarks.push(format!("wrote {}", path.display()));
    }
    Ok(Answer { text, remarks, ..Answer::text(String::new()) })
}

pub(super) fn file_name(path: &str) -> String {
    Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The first few; a chain of a crash has dozens of the same kind.
pub(super) fn warnings(all: &[String]) -> Vec<String> {
    const SHOWN: usize = 10;
    let mut remarks: Vec<String> =
        all.iter().take(SHOWN).map(|warning| format!("warning: {warning}")).collect();
    if all.len() > SHOWN {
        remarks.push(format!("warning: and {} more like these", all.len() - SHOWN));
    }
    remarks
}
