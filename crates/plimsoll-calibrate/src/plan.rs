//! From histories to a parameter file in one step: what `plimsoll calibrate` does.
//!
//! Nothing stamped after the date as of which it calibrates is looked at, so that changing it changes
//! no byte of the file.

use std::collections::BTreeMap;

use plimsoll_margin::models::from_params;
use plimsoll_margin::models::var::model::{self, MeasureName};
use plimsoll_model::error::InputError;
use plimsoll_model::params::check_bounds;
use plimsoll_model::{Asset, Timestamp};
use serde::Serialize;

use crate::columns::CoinHistory;
use crate::parameters::to_toml;
use crate::past::{Past, range_estimates};

/// What is to be estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Days as they were.
    Historical,
    /// Days weighted `λ^age`.
    AgeWeighted,
    /// Days rescaled by EWMA vols.
    FilteredEwma,
    /// Days rescaled by GARCH(1,1) vols.
    FilteredGarch,
    /// A law with Student marginals and a t copula, to draw from.
    MonteCarlo,
    /// A normal law for deltas.
    DeltaNormal,
    /// A normal law for deltas and gammas, by expansion.
    DeltaGamma,
    /// The same, exactly.
    DeltaGammaExact,
    /// Scan ranges of a scan model.
    Scan,
}

impl Goal {
    pub(crate) fn method(self) -> model::Method {
        match self {
            Self::Historical | Self::Scan => model::Method::Historical,
            Self::AgeWeighted => model::Method::AgeWeighted,
            Self::FilteredEwma | Self::FilteredGarch => model::Method::FilteredHistorical,
            Self::MonteCarlo => model::Method::MonteCarlo,
            Self::DeltaNormal => model::Method::DeltaNormal,
            Self::DeltaGamma => model::Method::DeltaGamma,
            Self::DeltaGammaExact => model::Method::DeltaGammaExact,
        }
    }

    pub(crate) fn is_law(self) -> bool {
        matches!(
            self,
            Self::MonteCarlo | Self::DeltaNormal | Self::DeltaGamma | Self::DeltaGammaExact
        )
    }
}

/// How to estimate it.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// What.
    pub goal: Goal,
    /// The model's id.
    pub id: String,
    /// What the history is, for the file's `[source]`.
    pub source: String,
    /// Nothing later is looked at; absent: the last day that every coin has.
    pub as_of: Option<Timestamp>,
    /// Days looked back upon.
    pub window: usize,
    /// `λ` of EWMA vols.
    pub lambda: f64,
    /// `λ` of age weights.
    pub age_lambda: f64,
    /// What is read off the tail.
    pub measure: MeasureName,
    /// Its level in percent.
    pub level_pct: f64,
    /// Share of history that scan ranges cover, in percent.
    pub coverage_pct: f64,
    /// Days to close out.
    pub horizon_days: u32,
    /// Maintenance margin as a percentage of initial margin.
    pub maintenance_pct: f64,
    /// Length of the stressed window in days, 0 for no floor.
    pub stressed_days: usize,
    /// Share of the stressed measure in percent.
    pub stressed_share_pct: f64,
    /// Coins whose vol moves as another's.
    pub vol_like: BTreeMap<Asset, Asset>,
    /// The coin as which every other coin moves.
    pub others_like: Option<Asset>,
    /// Scenarios of a simulation.
    pub paths: u32,
    /// Names the draws.
    pub seed: u64,
}

/// One estimated number.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// What it is.
    pub name: String,
    /// The estimate.
    pub value: f64,
    /// Ends of its 95 % interval, where there is one.
    pub interval: Option<(f64, f64)>,
    /// Of `value`: `%`, `% a year`, or empty.
    pub unit: &'static str,
    /// Observations behind it.
    pub count: usize,
}

/// A parameter file with what was found on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibrated {
    /// The text; it has been loaded once.
    pub toml: String,
    /// The model's id.
    pub id: String,
    /// The date as of which it holds.
    pub as_of: Timestamp,
    /// First and last day that it was estimated from.
    pub span: (Timestamp, Timestamp),
    /// What was estimated.
    pub estimates: Vec<Estimate>,
    /// What had to be repaired or was left out.
    pub remarks: Vec<String>,
}

/// Fewest observations for a quantile of every side at the usual coverage.
const LEAST_WINDOW: usize = 60;

/// Calibrates. `step` is called once for each of [`steps`] pieces of work.
///
/// # Errors
/// Settings outside their bounds; a history that is too short, constant, or without common days; a
/// coin that another should move like and that is not there.
pub fn calibrate(
    histories: &[CoinHistory],
    settings: &Settings,
    step: &dyn Fn(),
) -> Result<Calibrated, InputError> {
    check(settings)?;
    let past = Past::until(histories, settings)?;
    let mut remarks = past.remarks.clone();
    let mut estimates = past.estimates(settings, &mut remarks, step)?;
    let ranges = past.ranges(settings)?;
    estimates.extend(ranges.iter().flat_map(range_estimates));
    let mut notes: Vec<String> = vec![past.sample_words(settings)];
    notes.extend(assumptions(settings));
    notes.extend(remarks.iter().cloned());
    let toml = if settings.goal == Goal::Scan {
        to_toml(&past.scan(settings, &ranges, &notes)?)?
    } else {
        to_toml(&past.var(settings, &mut estimates, &mut notes, &mut remarks, step)?)?
    };
    // What cannot be loaded is not worth writing.
    from_params(&toml)?;
    let (first, last) = (past.recent.times.first(), past.recent.times.last());
    let span = first.zip(last).map_or((past.as_of, past.as_of), |(first, last)| (*first, *last));
    Ok(Calibrated { toml, id: settings.id.clone(), as_of: past.as_of, span, estimates, remarks })
}

/// What was assumed: which coins borrow the moves of another, how days become a horizon.
fn assumptions(settings: &Settings) -> Vec<String> {
    let vols = settings.vol_like.iter().map(|(coin, other)| {
        format!("The vol of {coin} moves as that of {other}: no history of its own was used.")
    });
    let others = settings.others_like.iter();
    let others = others.map(|coin| format!("Every other coin moves as {coin}."));
    let days = settings.horizon_days;
    let horizon = (days > 1).then(|| {
        format!(
            "Moves over {days} days: sums of days as they were; filtered, stressed and fitted ones are those of a day times √{days}."
        )
    });
    vols.chain(others).chain(horizon).collect()
}

/// Pieces of work of a calibration: one for each factor and one for the file.
pub fn steps(histories: &[CoinHistory]) -> usize {
    histories.iter().map(|coin| 1 + usize::from(coin.vol.is_some())).sum::<usize>() + 1
}

fn check(settings: &Settings) -> Result<(), InputError> {
    check_bounds("window", settings.window as f64, LEAST_WINDOW as f64, 1e5)?;
    check_bounds("lambda", settings.lambda, 0.5, 0.9999)?;
    check_bounds("age lambda", settings.age_lambda, 0.5, 0.9999)?;
    check_bounds("level", settings.level_pct, 50.0, 99.99)?;
    check_bounds("coverage", settings.coverage_pct, 50.0, 99.99)?;
    check_bounds("horizon in days", f64::from(settings.horizon_days), 1.0, 30.0)?;
    check_bounds("stressed days", settings.stressed_days as f64, 0.0, 1e5)?;
    check_bounds("stressed share", settings.stressed_share_pct, 0.0, 1000.0)
}

/// `2025-09-19`.
pub(crate) fn date(time: Timestamp) -> String {
    let (year, month, day) = time.date_utc();
    format!("{year:04}-{month:02}-{day:02}")
}
