//! Coverage tests: are there as many exceptions as promised, and do they come one at a time?
//!
//! An exception is a period whose loss exceeded the margin; `hits[t]` is true there. `rate` is the
//! promised share of exceptions, 0.01 for a 99 % margin.

use plimsoll_math::float::ln;
use plimsoll_math::special::{binomial_cdf, chi_squared_sf};
use plimsoll_model::error::{InputCode, InputError};
use schemars::JsonSchema;
use serde::Serialize;

/// A likelihood-ratio test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LikelihoodRatio {
    /// `−2 ln Λ`, never negative.
    pub statistic: f64,
    /// Degrees of freedom of its asymptotic chi-squared law.
    pub degrees: u32,
    /// Probability of a statistic at least as large if the margin keeps its promise.
    pub p_value: f64,
}

impl LikelihoodRatio {
    /// Twice the gain in log-likelihood of the free over the restricted model.
    pub(super) fn new(free: f64, restricted: f64, degrees: u32) -> Self {
        let statistic = (2.0 * (free - restricted)).max(0.0);
        Self { statistic, degrees, p_value: chi_squared_sf(statistic, f64::from(degrees)) }
    }
}

/// `n·ln p` with `0·ln 0 = 0`.
fn times_ln(count: f64, probability: f64) -> f64 {
    if count == 0.0 { 0.0 } else { count * ln(probability) }
}

/// `ln[(1−p)^{n−x}·p^x]`.
fn bernoulli(hits: f64, misses: f64, rate: f64) -> f64 {
    times_ln(hits, rate) + times_ln(misses, 1.0 - rate)
}

pub(super) fn check_rate(rate: f64) -> Result<(), InputError> {
    if rate > 0.0 && rate < 1.0 {
        return Ok(());
    }
    let message = format!("exception rate {rate} is not between 0 and 1");
    Err(InputError::new(InputCode::BadNumber, message))
}

fn check_counts(exceptions: u64, periods: u64) -> Result<(), InputError> {
    if periods == 0 {
        return Err(InputError::new(InputCode::Empty, "a back-test of no periods"));
    }
    if exceptions > periods {
        let message = format!("{exceptions} exceptions in {periods} periods");
        return Err(InputError::new(InputCode::BadNumber, message));
    }
    Ok(())
}

/// Proportion of failures: `LR = −2 ln[(1−p)^{T−x}·p^x / ((1−x/T)^{T−x}·(x/T)^x)] ~ χ²₁`.
///
/// # Errors
/// No periods, more exceptions than periods, or a rate outside (0, 1).
///
/// Source: P. Kupiec, *Techniques for verifying the accuracy of risk measurement models*, 1995.
pub fn kupiec(exceptions: u64, periods: u64, rate: f64) -> Result<LikelihoodRatio, InputError> {
    check_rate(rate)?;
    check_counts(exceptions, periods)?;
    let (hits, misses) = (exceptions as f64, (periods - exceptions) as f64);
    let observed = hits / periods as f64;
    let free = bernoulli(hits, misses, observed);
    Ok(LikelihoodRatio::new(free, bernoulli(hits, misses, rate), 1))
}

/// Time until first failure: `LR = −2 ln[p(1−p)^{v−1}] + 2 ln[(1/v)(1−1/v)^{v−1}] ~ χ²₁`, with `v`
/// the period (from 1) of the first exception.
///
/// # Errors
/// `v = 0` or a rate outside (0, 1).
pub fn time_until_first_failure(v: u64, rate: f64) -> Result<LikelihoodRatio, InputError> {
    check_rate(rate)?;
    check_counts(1, v)?;
    let misses = (v - 1) as f64;
    Ok(LikelihoodRatio::new(
        bernoulli(1.0, misses, 1.0 / v as f64),
        bernoulli(1.0, misses, rate),
        1,
    ))
}

/// Christoffersen's tests of one sequence of hits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Christoffersen {
    /// `transitions[a][b]`: steps from state `a` to state `b`, 1 being an exception.
    pub transitions: [[u64; 2]; 2],
    /// Kupiec's test over all periods.
    pub unconditional: LikelihoodRatio,
    /// Whether an exception is as likely after an exception as after a quiet period.
    pub independence: LikelihoodRatio,
    /// Both at once: the sum of the statistics, two degrees of freedom.
    pub conditional: LikelihoodRatio,
}

/// Independence and conditional coverage from the 2 × 2 transition counts.
///
/// `unconditional` uses all `T` periods, `independence` the `T − 1` steps between them.
///
/// # Errors
/// Fewer than two periods, or a rate outside (0, 1).
///
/// Source: P. Christoffersen, *Evaluating interval forecasts*, Int. Econ. Rev. 39, 1998.
pub fn christoffersen(hits: &[bool], rate: f64) -> Result<Christoffersen, InputError> {
    if hits.len() < 2 {
        let message = format!("{} periods have no transition", hits.len());
        return Err(InputError::new(InputCode::Empty, message));
    }
    let mut transitions = [[0_u64; 2]; 2];
    for step in hits.windows(2) {
        transitions[usize::from(step[0])][usize::from(step[1])] += 1;
    }
    let n = transitions.map(|row| row.map(|count| count as f64));
    let share = |hits: f64, misses: f64| if hits == 0.0 { 0.0 } else { hits / (hits + misses) };
    let pooled = share(n[0][1] + n[1][1], n[0][0] + n[1][0]);
    let restricted = bernoulli(n[0][1] + n[1][1], n[0][0] + n[1][0], pooled);
    let free: f64 = n.iter().map(|row| bernoulli(row[1], row[0], share(row[1], row[0]))).sum();
    let exceptions = hits.iter().filter(|hit| **hit).count() as u64;
    let unconditional = kupiec(exceptions, hits.len() as u64, rate)?;
    let independence = LikelihoodRatio::new(free, restricted, 1);
    let both = unconditional.statistic + independence.statistic;
    let conditional = LikelihoodRatio::new(0.5 * both, 0.0, 2);
    Ok(Christoffersen { transitions, unconditional, independence, conditional })
}

/// The colour of the Basel traffic light.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Zone {
    /// The chance of fewer exceptions is below 95 %.
    Green,
    /// Between.
    Yellow,
    /// The chance of at most so many exceptions is at least 99.99 %.
    Red,
}

/// Where a count of exceptions lies on the traffic light.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TrafficLight {
    /// The colour.
    pub zone: Zone,
    /// Probability of at most so many exceptions if the margin keeps its promise.
    pub cumulative: f64,
    /// What the supervisors add to the multiplier 3; stated for 250 days at 99 % only.
    pub addition: Option<f64>,
}

/// The traffic light of the Basel Committee (1996), by cumulative probability for any length and
/// rate: yellow from 95 %, red from 99.99 %. For 250 days at 99 % that is green 0–4, yellow 5–9, red
/// from 10.
///
/// # Errors
/// As [`kupiec`].
pub fn traffic_light(exceptions: u64, periods: u64, rate: f64) -> Result<TrafficLight, InputError> {
    check_rate(rate)?;
    check_counts(exceptions, periods)?;
    let cumulative = binomial_cdf(exceptions, periods, rate);
    let zone = match cumulative {
        c if c < 0.95 => Zone::Green,
        c if c < 0.9999 => Zone::Yellow,
        _ => Zone::Red,
    };
    let basel = periods == 250 && (rate - 0.01).abs() < 1e-12;
    let addition = basel.then_some(match exceptions {
        0..=4 => 0.0,
        5 => 0.40,
        6 => 0.50,
        7 => 0.65,
        8 => 0.75,
        9 => 0.85,
        _ => 1.0,
    });
    Ok(TrafficLight { zone, cumulative, addition })
}
