//! Replaying history: at every period a margin from the past alone, then what happened.
//!
//! The generator is handed `rows[..t]` and never more, so no figure of period `t` can depend on a
//! later row; a test shuffles the future to prove it.

use plimsoll_margin::models::var::tail::{TailMeasure, measure};
use plimsoll_math::moments::mean;
use plimsoll_math::quantile::{Convention, weighted_quantile, weighted_tail_mean};
use plimsoll_model::error::{InputCode, InputError};
use serde::Serialize;

use super::coverage::{Christoffersen, TrafficLight, christoffersen, traffic_light};
use super::duration::{DurationTest, duration_test};
use super::shortfall::{AcerbiSzekely, Forecast, acerbi_szekely, fissler_ziegel};
use crate::procyclicality::{largest_rise, peak_to_trough};
use crate::scenarios::{Generator, Scenarios};

/// Realised profit of one step, from its number and the factor returns of that step.
pub type PnlOfStep<'a> = Box<dyn Fn(usize, &[f64]) -> f64 + 'a>;

/// A book as a function of a move: `pnl(t, moves)` is its profit in period `t` if the factors change by
/// `moves` (logarithmic). It may use what was known when the period began, and nothing later.
pub struct Book<'a> {
    /// The name.
    pub name: String,
    /// Directional, hedged, short vol, spread, …
    pub class: String,
    /// Profit of a move.
    pub pnl: PnlOfStep<'a>,
    /// The profit that came in a period where it is known otherwise than from the factors, from the
    /// marks of a real option chain for example; absent: `pnl` of the moves that came.
    pub realised: Option<Box<dyn Fn(usize) -> f64 + 'a>>,
}

/// Levels of a back-test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Levels {
    /// Coverage of the margin, a VaR: 0.99.
    pub margin: f64,
    /// Level of the shortfall tests: 0.975.
    pub shortfall: f64,
}

/// One period of one book.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Period {
    /// Row of the panel.
    pub row: usize,
    /// The margin: VaR at the margin level.
    pub margin: f64,
    /// VaR and ES at the shortfall level, with the profit that came.
    pub forecast: Forecast,
    /// Probability that the scenarios gave to a profit at most as large as the one that came.
    pub pit: f64,
}

/// The margins of every book in every period from row `first` on; one track per book.
///
/// # Errors
/// A generator that refuses the past, a profit that is not finite.
pub fn replay(
    rows: &[Vec<f64>],
    first: usize,
    generator: &mut Generator,
    books: &[Book<'_>],
    levels: Levels,
) -> Result<Vec<Vec<Period>>, InputError> {
    let mut tracks = vec![Vec::new(); books.len()];
    for (row, realised) in rows.iter().enumerate().skip(first) {
        let scenarios = generator.scenarios(&rows[..row])?;
        for (book, track) in books.iter().zip(&mut tracks) {
            track.push(period(book, row, &scenarios, realised, levels)?);
        }
    }
    Ok(tracks)
}

fn period(
    book: &Book<'_>,
    row: usize,
    scenarios: &Scenarios,
    realised: &[f64],
    levels: Levels,
) -> Result<Period, InputError> {
    let losses: Vec<f64> = scenarios.moves.iter().map(|moves| -(book.pnl)(row, moves)).collect();
    let pnl = match &book.realised {
        Some(came) => came(row),
        None => (book.pnl)(row, realised),
    };
    if !pnl.is_finite() {
        let message = format!("{} gains {pnl} in period {row}", book.name);
        return Err(InputError::new(InputCode::BadNumber, message));
    }
    let convention = Convention::InverseEcdf;
    let read = |level: f64, tail: TailMeasure| match (&scenarios.weights, tail) {
        (None, tail) => measure(&losses, level, tail),
        (Some(weights), TailMeasure::ValueAtRisk(_)) => {
            weighted_quantile(&losses, weights, level).map_err(refused)
        }
        (Some(weights), TailMeasure::ExpectedShortfall) => {
            weighted_tail_mean(&losses, weights, level).map_err(refused)
        }
    };
    let margin = read(levels.margin, TailMeasure::ValueAtRisk(convention))?;
    let var = read(levels.shortfall, TailMeasure::ValueAtRisk(convention))?;
    let es = read(levels.shortfall, TailMeasure::ExpectedShortfall)?;
    let equal = 1.0 / losses.len() as f64;
    let weight = |s: usize| scenarios.weights.as_ref().map_or(equal, |weights| weights[s]);
    let total: f64 = (0..losses.len()).map(weight).sum();
    let at_most: f64 = (0..losses.len()).filter(|s| -losses[*s] <= pnl).map(weight).sum();
    Ok(Period { row, margin, forecast: Forecast { pnl, var, es }, pit: at_most / total })
}

fn refused(error: impl std::fmt::Display) -> InputError {
    InputError::new(InputCode::BadNumber, error.to_string())
}

/// What a track amounts to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// Periods.
    pub periods: usize,
    /// Losses above the margin.
    pub exceptions: usize,
    /// Coverage and independence of the margin.
    pub coverage: Christoffersen,
    /// Traffic light of the whole track.
    pub light: TrafficLight,
    /// Times between exceptions; absent with fewer than two.
    pub duration: Option<DurationTest>,
    /// Size of losses against the shortfall; absent where a forecast was not positive.
    pub shortfall: Option<AcerbiSzekely>,
    /// Mean Fissler–Ziegel score, lower is better; absent as above.
    pub score: Option<f64>,
    /// Largest loss over its margin.
    pub worst_breach: f64,
    /// Mean margin over the constant margin that hindsight would have set: the margin-level quantile
    /// of the losses that came. Above 1 is paid for nothing; absent where nothing was lost.
    pub over_margin: Option<f64>,
    /// Largest margin over least.
    pub peak_to_trough: Option<f64>,
    /// Largest rise of the margin over five periods, as a fraction.
    pub rise_5: Option<f64>,
}

/// Judges a track.
///
/// # Errors
/// Fewer than two periods, or levels outside (0, 1).
pub fn verdict(track: &[Period], levels: Levels) -> Result<Verdict, InputError> {
    let breach = |period: &Period| -period.forecast.pnl / period.margin;
    let hits: Vec<bool> = track.iter().map(|p| p.margin + p.forecast.pnl < 0.0).collect();
    let coverage = christoffersen(&hits, 1.0 - levels.margin)?;
    let exceptions = hits.iter().filter(|hit| **hit).count();
    let light = traffic_light(exceptions as u64, track.len() as u64, 1.0 - levels.margin)?;
    let forecasts: Vec<Forecast> = track.iter().map(|period| period.forecast).collect();
    let losses: Vec<f64> = forecasts.iter().map(|forecast| -forecast.pnl).collect();
    let margins: Vec<f64> = track.iter().map(|period| period.margin).collect();
    let convention = TailMeasure::ValueAtRisk(Convention::InverseEcdf);
    let hindsight = measure(&losses, levels.margin, convention)?;
    Ok(Verdict {
        periods: track.len(),
        exceptions,
        coverage,
        light,
        duration: duration_test(&hits).ok(),
        shortfall: acerbi_szekely(&forecasts, 1.0 - levels.shortfall).ok(),
        score: fissler_ziegel(&forecasts, 1.0 - levels.shortfall).ok(),
        worst_breach: track.iter().map(breach).fold(0.0, f64::max),
        over_margin: (hindsight > 0.0).then(|| mean(&margins) / hindsight),
        peak_to_trough: peak_to_trough(&margins),
        rise_5: largest_rise(&margins, 5),
    })
}

/// Periods in which two models disagree by more than `ratio` of the smaller margin: a challenger that
/// parts from the champion is a reason to look, whoever is right.
pub fn divergence(champion: &[Period], challenger: &[Period], ratio: f64) -> Vec<usize> {
    let apart = |(a, b): (&Period, &Period)| {
        let (low, high) = (a.margin.min(b.margin), a.margin.max(b.margin));
        (high > (1.0 + ratio) * low).then_some(a.row)
    };
    champion.iter().zip(challenger).filter_map(apart).collect()
}
