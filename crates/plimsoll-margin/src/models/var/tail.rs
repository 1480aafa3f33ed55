//! VaR and ES of a vector of losses, their error, and what each leg adds.

use plimsoll_math::quantile::{
    Convention, Interval, QuantileError, quantile, quantile_interval, quantile_weights, tail_mean,
    tail_size, tail_weights, weighted_quantile_index, weighted_tail_weights,
};
use plimsoll_math::sum::neumaier;
use plimsoll_model::error::InputError;

use super::refused;

/// What is read off the tail of a loss vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TailMeasure {
    /// The quantile, by a named order-statistic convention.
    ValueAtRisk(Convention),
    /// The mean of the worst `(1−α)n` losses, the boundary one in part (Acerbi and Tasche).
    ExpectedShortfall,
}

impl TailMeasure {
    /// The name that reports print, with the convention.
    pub fn name(self) -> String {
        match self {
            Self::ValueAtRisk(convention) => format!("VaR ({})", convention.name()),
            Self::ExpectedShortfall => "ES (fractional boundary)".to_owned(),
        }
    }
}

/// The measure of a loss vector at `level`.
///
/// # Errors
/// An empty or non-finite vector, or a level outside (0, 1).
pub fn measure(losses: &[f64], level: f64, measure: TailMeasure) -> Result<f64, InputError> {
    match measure {
        TailMeasure::ValueAtRisk(convention) => quantile(losses, level, convention),
        TailMeasure::ExpectedShortfall => tail_mean(losses, level),
    }
    .map_err(of_losses)
}

fn of_losses(error: QuantileError) -> InputError {
    refused("tail of the losses", error)
}

/// Weights of scenarios in the measure: `value = Σ wᵢ·lossᵢ`. They are its gradient, so the same
/// sum over a leg's losses is the leg's Euler component, and components add up to the value.
///
/// # Errors
/// As [`measure`].
pub fn scenario_weights(
    losses: &[f64],
    level: f64,
    measure: TailMeasure,
) -> Result<Vec<(usize, f64)>, InputError> {
    match measure {
        TailMeasure::ValueAtRisk(convention) => quantile_weights(losses, level, convention),
        TailMeasure::ExpectedShortfall => tail_weights(losses, level),
    }
    .map_err(of_losses)
}

/// [`scenario_weights`] where scenarios have weights of their own: newer days count more. A VaR is
/// read by the inverse of the weighted distribution function, the only convention that weights have.
///
/// # Errors
/// As [`measure`]; weights that do not fit, or another convention.
pub fn aged_scenario_weights(
    losses: &[f64],
    ages: &[f64],
    level: f64,
    measure: TailMeasure,
) -> Result<Vec<(usize, f64)>, InputError> {
    match measure {
        TailMeasure::ValueAtRisk(Convention::InverseEcdf) => {
            weighted_quantile_index(losses, ages, level).map(|index| vec![(index, 1.0)])
        }
        TailMeasure::ValueAtRisk(other) => {
            return Err(refused("weighted scenarios", format!("no {} quantile", other.name())));
        }
        TailMeasure::ExpectedShortfall => weighted_tail_weights(losses, ages, level),
    }
    .map_err(of_losses)
}

/// A measure split over legs.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    /// The measure of the sum of the legs.
    pub value: f64,
    /// Euler component of each leg; they add up to the value.
    pub components: Vec<f64>,
    /// The measure less the measure without the leg; these do not add up.
    pub incremental: Vec<f64>,
    /// The measure of each leg alone.
    pub stand_alone: Vec<f64>,
    /// The scenarios that make the value, worst first, with their weights.
    pub scenarios: Vec<(usize, f64)>,
}

/// Splits the measure of the sum of `legs` (one loss vector each, of one length) over them.
///
/// # Errors
/// As [`measure`]; legs of different lengths.
pub fn attribute(
    legs: &[&[f64]],
    level: f64,
    tail_measure: TailMeasure,
) -> Result<Attribution, InputError> {
    let columns = legs.first().map_or(0, |leg| leg.len());
    if let Some(odd) = legs.iter().find(|leg| leg.len() != columns) {
        return Err(refused("legs", format!("{} scenarios against {columns}", odd.len())));
    }
    let sum_without = |left_out: Option<usize>| -> Vec<f64> {
        let kept = || legs.iter().enumerate().filter(|(i, _)| Some(*i) != left_out);
        (0..columns).map(|s| kept().map(|(_, leg)| leg[s]).sum()).collect()
    };
    let total = sum_without(None);
    let value = measure(&total, level, tail_measure)?;
    let mut scenarios = scenario_weights(&total, level, tail_measure)?;
    scenarios.sort_by(|a, b| total[b.0].total_cmp(&total[a.0]).then(a.0.cmp(&b.0)));
    let component = |leg: &&[f64]| neumaier(scenarios.iter().map(|(s, w)| w * leg[*s]));
    let components = legs.iter().map(component).collect();
    let incremental = (0..legs.len())
        .map(|leg| Ok(value - measure(&sum_without(Some(leg)), level, tail_measure)?))
        .collect::<Result<_, InputError>>()?;
    let stand_alone =
        legs.iter().map(|leg| measure(leg, level, tail_measure)).collect::<Result<_, _>>()?;
    Ok(Attribution { value, components, incremental, stand_alone, scenarios })
}

/// VaR and ES with what is known of their error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TailEstimate {
    /// The level.
    pub level: f64,
    /// The quantile convention of `var`.
    pub convention: Convention,
    /// Value at risk.
    pub var: f64,
    /// Distribution-free interval of `var` at the stated confidence.
    pub var_interval: Interval,
    /// Expected shortfall.
    pub es: f64,
    /// Asymptotic standard error of `es` for independent scenarios:
    /// `√([Var(L | tail) + α·(ES − VaR)²]/((1−α)n))`. NaN where the tail has fewer than two losses.
    ///
    /// Source: B. J. Manistre and G. H. Hancock, *Variance of the CTE estimator*, NAAJ 9, 2005.
    pub es_error: f64,
    /// Scenarios.
    pub count: usize,
}

/// VaR and ES of a loss vector at `level`, with errors at `confidence`.
///
/// # Errors
/// As [`measure`]; a confidence outside (0, 1).
pub fn estimate(
    losses: &[f64],
    level: f64,
    convention: Convention,
    confidence: f64,
) -> Result<TailEstimate, InputError> {
    let var = measure(losses, level, TailMeasure::ValueAtRisk(convention))?;
    let es = measure(losses, level, TailMeasure::ExpectedShortfall)?;
    let var_interval = quantile_interval(losses, level, confidence).map_err(of_losses)?;
    let weights = tail_weights(losses, level).map_err(of_losses)?;
    let spread = neumaier(weights.iter().map(|(s, w)| w * (losses[*s] - es) * (losses[*s] - es)));
    let size = tail_size(losses.len(), level);
    let variance = if size > 1.0 { spread * size / (size - 1.0) } else { f64::NAN };
    let es_error = ((variance + level * (es - var) * (es - var)) / size).sqrt();
    Ok(TailEstimate { level, convention, var, var_interval, es, es_error, count: losses.len() })
}

/// The scenarios of the `count` largest losses, worst first; the first of equals first.
pub fn worst(losses: &[f64], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..losses.len()).collect();
    let downwards = |a: &usize, b: &usize| losses[*b].total_cmp(&losses[*a]).then(a.cmp(b));
    if count < order.len() {
        order.select_nth_unstable_by(count, downwards);
        order.truncate(count);
    }
    order.sort_by(downwards);
    order
}
