//! What a track of margins and profits amounts to: every test in one place.

use std::sync::Arc;

use plimsoll_margin::models::var::tail::{TailMeasure, measure};
use plimsoll_math::moments::mean;
use plimsoll_math::quantile::Convention;
use plimsoll_model::error::InputError;
use schemars::JsonSchema;
use serde::Serialize;

use super::coverage::{
    Christoffersen, LikelihoodRatio, TrafficLight, christoffersen, time_until_first_failure,
    traffic_light,
};
use super::duration::{DurationTest, duration_test};
use super::law::Law;
use super::shortfall::{
    AcerbiSzekely, Forecast, acerbi_szekely, acerbi_szekely_z3, fissler_ziegel,
};
use crate::procyclicality::{largest_rise, peak_to_trough};

/// Levels of a back-test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Levels {
    /// Coverage of the margin: 0.99.
    pub margin: f64,
    /// Level of the shortfall tests: 0.975.
    pub shortfall: f64,
}

/// One period of one book.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Period {
    /// Row of the panel, or number of the step between two snapshots.
    pub row: usize,
    /// The margin set when the period began.
    pub margin: f64,
    /// The profit that came, negative for a loss.
    pub pnl: f64,
    /// The forecast law, where the margin comes from one.
    pub tail: Option<Tail>,
}

/// What the forecast law said.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Tail {
    /// VaR at the shortfall level.
    pub var: f64,
    /// ES at the shortfall level.
    pub es: f64,
    /// Probability that the law gave to a profit at most as large as the one that came.
    pub pit: f64,
    /// The law.
    #[serde(skip)]
    pub law: Arc<Law>,
}

impl Period {
    /// Whether the loss went through the margin. A billionth of the margin is rounding.
    #[must_use]
    pub fn is_exception(&self) -> bool {
        self.margin + self.pnl < -1e-9 * self.margin.abs()
    }
}

/// What a track amounts to.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Verdict {
    /// Periods.
    pub periods: usize,
    /// Losses above the margin.
    pub exceptions: usize,
    /// Coverage and independence of the margin.
    pub coverage: Christoffersen,
    /// Time until the first failure; absent without one.
    pub first_failure: Option<LikelihoodRatio>,
    /// Traffic light of the whole track.
    pub light: TrafficLight,
    /// Times between exceptions; absent with fewer than two.
    pub duration: Option<DurationTest>,
    /// Size of losses against the shortfall; absent without a law, or where a forecast was not
    /// positive.
    pub shortfall: Option<AcerbiSzekely>,
    /// The whole tail of the laws; absent without laws, or with no period in the tail.
    pub z3: Option<f64>,
    /// Mean Fissler–Ziegel score, lower is better; absent as `shortfall`.
    pub score: Option<f64>,
    /// Mean margin.
    pub mean_margin: f64,
    /// Largest loss over its margin; absent where a loss met no margin, or one below a millionth of it.
    pub worst_breach: Option<f64>,
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
    let hits: Vec<bool> = track.iter().map(Period::is_exception).collect();
    let rate = 1.0 - levels.margin;
    let coverage = christoffersen(&hits, rate)?;
    let exceptions = hits.iter().filter(|hit| **hit).count();
    let light = traffic_light(exceptions as u64, track.len() as u64, rate)?;
    let first = hits.iter().position(|hit| *hit);
    let first_failure =
        first.map(|place| time_until_first_failure(place as u64 + 1, rate)).transpose()?;
    let forecasts: Option<Vec<Forecast>> = track.iter().map(Period::forecast).collect();
    let tail = 1.0 - levels.shortfall;
    let losses: Vec<f64> = track.iter().map(|period| 0.0 - period.pnl).collect();
    let margins: Vec<f64> = track.iter().map(|period| period.margin).collect();
    let convention = TailMeasure::ValueAtRisk(Convention::InverseEcdf);
    let hindsight = measure(&losses, levels.margin, convention)?;
    Ok(Verdict {
        periods: track.len(),
        exceptions,
        coverage,
        first_failure,
        light,
        duration: duration_test(&hits).ok(),
        shortfall: forecasts.as_ref().and_then(|all| acerbi_szekely(all, tail).ok()),
        z3: z3(track, tail),
        score: forecasts.as_ref().and_then(|all| fissler_ziegel(all, tail).ok()),
        mean_margin: mean(&margins),
        worst_breach: worst_breach(track),
        over_margin: (hindsight > 0.0).then(|| mean(&margins) / hindsight),
        peak_to_trough: peak_to_trough(&margins),
        rise_5: largest_rise(&margins, 5),
    })
}

impl Period {
    fn forecast(&self) -> Option<Forecast> {
        let tail = self.tail.as_ref()?;
        Some(Forecast { pnl: self.pnl, var: tail.var, es: tail.es })
    }
}

fn worst_breach(track: &[Period]) -> Option<f64> {
    let mut worst: f64 = 0.0;
    for period in track.iter().filter(|period| period.pnl < 0.0) {
        if period.margin <= -1e-6 * period.pnl {
            return None;
        }
        worst = worst.max(-period.pnl / period.margin);
    }
    Some(worst)
}

/// A law of finitely many scenarios gives the probabilities 0 and 1; they count as half a scenario
/// from the end.
fn z3(track: &[Period], rate: f64) -> Option<f64> {
    let tails: Option<Vec<&Tail>> = track.iter().map(|period| period.tail.as_ref()).collect();
    let tails = tails?;
    let pits: Vec<f64> = tails
        .iter()
        .map(|tail| {
            let edge = 0.5 / tail.law.size() as f64;
            tail.pit.clamp(edge, 1.0 - edge)
        })
        .collect();
    let z3 = acerbi_szekely_z3(&pits, |t, u| tails[t].law.quantile(u), rate).ok()?;
    z3.is_finite().then_some(z3)
}

/// Periods, by their rows, in which two models disagree by more than `ratio` of the smaller margin: a
/// challenger that parts from the champion is a reason to look, whoever is right. Only periods that
/// both answered are compared.
pub fn divergence(champion: &[Period], challenger: &[Period], ratio: f64) -> Vec<usize> {
    let mut apart = Vec::new();
    let mut others = challenger.iter().peekable();
    for a in champion {
        while others.next_if(|b| b.row < a.row).is_some() {}
        let Some(b) = others.next_if(|b| b.row == a.row) else { continue };
        let (low, high) = (a.margin.min(b.margin), a.margin.max(b.margin));
        if high > (1.0 + ratio) * low {
            apart.push(a.row);
        }
    }
    apart
}
