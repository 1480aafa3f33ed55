//! What a method believes about one period of one book: a law of its profit, and the margin read off it.

use plimsoll_margin::models::var::tail::{TailMeasure, measure};
use plimsoll_math::quantile::{Convention, weighted_quantile, weighted_tail_mean};
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::check_bounds;
use schemars::JsonSchema;
use serde::Serialize;

/// A law of profit, from scenarios with equal or given weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Law {
    /// Profits, ascending.
    pnl: Vec<f64>,
    /// Weights in the same order, adding up to 1; absent: equal.
    weights: Option<Vec<f64>>,
    /// Sums of the weights up to and with each profit, where they differ.
    cumulative: Vec<f64>,
}

impl Law {
    /// The law of scenario profits.
    ///
    /// # Errors
    /// No scenario, a profit that is not finite, weights of another length or sum.
    pub fn new(pnl: Vec<f64>, weights: Option<&[f64]>) -> Result<Self, InputError> {
        if pnl.is_empty() {
            return Err(InputError::new(InputCode::Empty, "a law of no scenarios"));
        }
        if let Some(bad) = pnl.iter().find(|x| !x.is_finite()) {
            let message = format!("a scenario gains {bad}");
            return Err(InputError::new(InputCode::BadNumber, message));
        }
        let Some(weights) = weights else {
            let mut pnl = pnl;
            pnl.sort_by(f64::total_cmp);
            return Ok(Self { pnl, weights: None, cumulative: vec![] });
        };
        let total: f64 = weights.iter().sum();
        if weights.len() != pnl.len() || total.is_nan() || total <= 0.0 {
            let message =
                format!("{} weights of sum {total} for {} scenarios", weights.len(), pnl.len());
            return Err(InputError::new(InputCode::BadNumber, message));
        }
        let mut both: Vec<(f64, f64)> = pnl.into_iter().zip(weights.iter().copied()).collect();
        both.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut sum = 0.0;
        let cumulative = both.iter().map(|(_, weight)| {
            sum += weight / total;
            sum
        });
        let cumulative = cumulative.collect();
        let weights = Some(both.iter().map(|(_, weight)| weight / total).collect());
        Ok(Self { pnl: both.into_iter().map(|(pnl, _)| pnl).collect(), weights, cumulative })
    }

    /// `VaR` or `ES` as a positive amount of loss.
    ///
    /// # Errors
    /// A level outside (0, 1).
    pub fn read(&self, what: Measure) -> Result<f64, InputError> {
        // `0 − x` rather than `−x`, so that no loss prints as −0.
        let losses: Vec<f64> = self.pnl.iter().map(|pnl| 0.0 - pnl).collect();
        match (&self.weights, what) {
            (None, Measure::Var(level)) => {
                measure(&losses, level, TailMeasure::ValueAtRisk(Convention::InverseEcdf))
            }
            (None, Measure::Es(level)) => measure(&losses, level, TailMeasure::ExpectedShortfall),
            (Some(weights), Measure::Var(level)) => {
                weighted_quantile(&losses, weights, level).map_err(refused)
            }
            (Some(weights), Measure::Es(level)) => {
                weighted_tail_mean(&losses, weights, level).map_err(refused)
            }
        }
    }

    /// The probability that the law gives to a profit of at most `pnl`: 0 below every scenario.
    pub fn probability(&self, pnl: f64) -> f64 {
        let below = self.pnl.partition_point(|x| *x <= pnl);
        match (below, self.cumulative.is_empty()) {
            (0, _) => 0.0,
            (below, true) => below as f64 / self.pnl.len() as f64,
            (below, false) => self.cumulative[below - 1].min(1.0),
        }
    }

    /// The profit that the law falls below with probability `u`: the least whose probability is at
    /// least `u`.
    pub fn quantile(&self, u: f64) -> f64 {
        let last = self.pnl.len() - 1;
        let place = if self.cumulative.is_empty() {
            // A grain less, so that u = k/n is the k-th profit however it was rounded.
            (u * self.pnl.len() as f64 - 1e-9).floor().max(0.0) as usize
        } else {
            self.cumulative.partition_point(|sum| *sum < u - 1e-12)
        };
        self.pnl[place.min(last)]
    }

    /// How many scenarios.
    pub fn size(&self) -> usize {
        self.pnl.len()
    }
}

fn refused(error: impl std::fmt::Display) -> InputError {
    InputError::new(InputCode::BadNumber, error.to_string())
}

/// What is read off a law, with its level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Measure {
    /// Value at risk.
    Var(f64),
    /// Expected shortfall.
    Es(f64),
}

/// A margin rule over a law: a measure, with or without a floor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Charge {
    /// The measure.
    pub measure: Measure,
    /// What the margin never falls below.
    pub floor: Option<StressFloor>,
}

/// A floor from the worst stretch of the past known when the margin was set:
/// `margin = max(measure, share·max_w measure(profits of window w))`.
///
/// Windows of `window` consecutive periods end at the latest period and every `stride` before it;
/// every one is revalued on the book as it stands. With fewer periods than a window, the whole past
/// is one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StressFloor {
    /// Periods in a stressed window.
    pub window: usize,
    /// Periods between the ends of two windows.
    pub stride: usize,
    /// Share of the stressed measure that always counts.
    pub share: f64,
}

impl Charge {
    /// Checks levels and shares.
    ///
    /// # Errors
    /// A level outside (0, 1), a share outside [0, 10], a window or stride of nothing.
    pub fn check(&self) -> Result<(), InputError> {
        let (Measure::Var(level) | Measure::Es(level)) = self.measure;
        check_bounds("level", level, 0.5, 1.0 - 1e-9)?;
        if let Some(floor) = self.floor {
            check_bounds("floor window", floor.window as f64, 25.0, 1e6)?;
            check_bounds("floor stride", floor.stride as f64, 1.0, 1e6)?;
            check_bounds("floor share", floor.share, 0.0, 10.0)?;
        }
        Ok(())
    }

    /// The margin; `past` are the book's profits under every move known, in order of time.
    ///
    /// # Errors
    /// As [`Law::read`]; a floor without any past.
    pub fn margin(&self, law: &Law, past: &[f64]) -> Result<f64, InputError> {
        let mut margin = law.read(self.measure)?;
        if let Some(floor) = self.floor {
            let (mut end, window) = (past.len(), floor.window.min(past.len()));
            loop {
                let stretch = Law::new(past[end - window..end].to_vec(), None)?;
                margin = margin.max(floor.share * stretch.read(self.measure)?);
                if end < window + floor.stride {
                    break;
                }
                end -= floor.stride;
            }
        }
        Ok(margin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn law(weights: Option<&[f64]>) -> Law {
        Law::new(vec![3.0, -4.0, 1.0, -1.0], weights).unwrap()
    }

    #[test]
    fn probabilities_and_quantiles_are_inverse() {
        let equal = law(None);
        assert_eq!(equal.probability(-5.0), 0.0);
        assert_eq!(equal.probability(-4.0), 0.25);
        assert_eq!(equal.probability(0.0), 0.5);
        assert_eq!(equal.probability(9.0), 1.0);
        assert_eq!([0.1, 0.25, 0.26, 1.0].map(|u| equal.quantile(u)), [-4.0, -4.0, -1.0, 3.0]);
        // −4 weighs 0.4, −1 weighs 0.1, 1 weighs 0.2, 3 weighs 0.3.
        let weighted = law(Some(&[0.3, 0.4, 0.2, 0.1]));
        assert!((weighted.probability(-1.0) - 0.5).abs() < 1e-15);
        assert_eq!([0.4, 0.41, 0.6, 0.9].map(|u| weighted.quantile(u)), [-4.0, -1.0, 1.0, 3.0]);
        assert!(Law::new(vec![], None).is_err() && Law::new(vec![f64::NAN], None).is_err());
    }

    #[test]
    fn a_floor_is_a_share_of_the_worst_window_of_the_past() {
        // Windows of two, every one: worst losses 1, 8, 8, 2; the law itself loses 1 at most.
        let past = [-1.0, 0.0, -8.0, 0.0, -2.0];
        let calm = Law::new(vec![-1.0, 0.0], None).unwrap();
        let charge = |share: f64| Charge {
            measure: Measure::Var(0.75),
            floor: Some(StressFloor { window: 2, stride: 1, share }),
        };
        assert_eq!(charge(0.5).margin(&calm, &past).unwrap(), 4.0);
        assert_eq!(charge(0.1).margin(&calm, &past).unwrap(), 1.0);
        // What comes later is not in `past`, so it is in no floor; nothing known is no floor at all.
        assert_eq!(charge(0.5).margin(&calm, &past[..2]).unwrap(), 1.0);
        assert!(charge(0.5).margin(&calm, &[]).is_err());
        assert!(charge(0.5).check().is_err(), "windows of two are no stress");
    }
}
