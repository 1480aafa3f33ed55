//! `plimsoll calibrate`: history in, a parameter file out.

use std::collections::BTreeMap;
use std::path::Path;

use plimsoll::calibrate::columns::{HistoryFile, read_histories, stamp};
use plimsoll::calibrate::plan::{self, Calibrated, Estimate, Settings};
use plimsoll::{Asset, InputCode, InputError, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::json;
use crate::args::CalibrateArgs;
use crate::args::common::Format;
use crate::bundled::{HISTORY, HISTORY_SOURCE};
use crate::exit::Answer;
use crate::progress::Progress;
use crate::{files, view};

/// What was estimated, from what.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Estimates {
    /// The model's id.
    pub id: String,
    /// Nothing later was looked at.
    pub as_of: Timestamp,
    /// First day behind the estimates.
    pub from: Timestamp,
    /// Last day behind the estimates.
    pub to: Timestamp,
    /// The numbers.
    pub estimates: Vec<Number>,
    /// What was repaired or left out.
    pub remarks: Vec<String>,
}

/// One estimate.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Number {
    /// What it is.
    pub name: String,
    /// The estimate.
    pub value: f64,
    /// Lower end of its 95 % interval.
    pub low: Option<f64>,
    /// Upper end of its 95 % interval.
    pub high: Option<f64>,
    /// `%`, `% a year`, or empty.
    pub unit: String,
    /// Observations behind it.
    pub observations: usize,
}

/// Runs the command.
pub fn run(args: &CalibrateArgs) -> anyhow::Result<Answer> {
    let texts: Vec<(String, Vec<u8>)> = if args.history.is_empty() {
        vec![(HISTORY.path.to_owned(), HISTORY.text.as_bytes().to_vec())]
    } else {
        let read = |path: &String| Ok((files::origin(path).to_owned(), files::read(path)?));
        args.history.iter().map(read).collect::<Result<_, InputError>>()?
    };
    let inputs: Vec<HistoryFile<'_>> =
        texts.iter().map(|(origin, bytes)| HistoryFile { origin, bytes }).collect();
    let histories = read_histories(&inputs)?;
    let source = if args.history.is_empty() {
        HISTORY_SOURCE.to_owned()
    } else {
        // Where the files lay is nobody else's business.
        let names: Vec<String> = texts.iter().map(|(origin, _)| file_name(origin)).collect();
        names.join(", ")
    };
    let settings = settings(args, &source)?;
    let progress = Progress::start("estimating", plan::steps(&histories.history));
    let found = plan::calibrate(&histories.history, &settings, &|| progress.step())?;
    drop(progress);
    let estimates = Estimates::of(&found, histories.repairs);
    let mut remarks: Vec<String> =
        estimates.remarks.iter().map(|remark| format!("note: {remark}")).collect();
    let text = match (&args.out, args.format.format) {
        (None, Format::Table) => found.toml.clone(),
        (_, Format::Json) => json(&estimates)?,
        (Some(_), Format::Table) => view::calibrate::text(&estimates),
    };
    if let Some(path) = &args.out {
        files::write(path, &found.toml)?;
        let path = path.display();
        remarks.push(format!("wrote {path}: use it with `plimsoll margin --params {path}`"));
    }
    Ok(Answer { remarks, ..Answer::text(text) })
}

fn settings(args: &CalibrateArgs, source: &str) -> Result<Settings, InputError> {
    let malformed = |message: String| InputError::new(InputCode::Malformed, message);
    let as_of = args.as_of.as_deref().map(stamp).transpose();
    let as_of = as_of.map_err(|why| malformed(format!("--as-of: {why}")))?;
    let pair = |text: &String| {
        let (coin, other) = text
            .split_once('=')
            .ok_or_else(|| malformed(format!("--vol-like: `{text}` is not like ETH=BTC")))?;
        Ok((Asset::new(coin), Asset::new(other)))
    };
    let vol_like =
        args.vol_like.iter().map(pair).collect::<Result<BTreeMap<_, _>, InputError>>()?;
    Ok(Settings {
        goal: args.goal(),
        id: args.id(),
        source: format!("Estimated from {source}."),
        as_of,
        window: args.window,
        lambda: args.lambda,
        age_lambda: args.age_lambda,
        measure: args.measure(),
        level_pct: args.level,
        coverage_pct: args.coverage,
        horizon_days: args.horizon_days,
        maintenance_pct: args.maintenance,
        stressed_days: args.stressed_days,
        stressed_share_pct: args.stressed_share,
        vol_like,
        others_like: args.others_like.as_deref().map(Asset::new),
        paths: args.paths,
        seed: args.seed,
    })
}

fn file_name(path: &str) -> String {
    Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

impl Estimates {
    fn of(found: &Calibrated, mut remarks: Vec<String>) -> Self {
        let number = |estimate: &Estimate| Number {
            name: estimate.name.clone(),
            value: estimate.value,
            low: estimate.interval.map(|interval| interval.0),
            high: estimate.interval.map(|interval| interval.1),
            unit: estimate.unit.to_owned(),
            observations: estimate.count,
        };
        remarks.extend(found.remarks.iter().cloned());
        Self {
            id: found.id.clone(),
            as_of: found.as_of,
            from: found.span.0,
            to: found.span.1,
            estimates: found.estimates.iter().map(number).collect(),
            remarks,
        }
    }
}
