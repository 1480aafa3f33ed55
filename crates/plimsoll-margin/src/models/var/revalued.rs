//! The measure over joint scenarios, by full revaluation.

use std::collections::BTreeMap;

use plimsoll_math::quantile::Convention;
use plimsoll_model::error::InputError;
use plimsoll_model::{Asset, InstrumentId, Market, Portfolio};

use super::joint::{JointScenarios, Rows, price};
use super::model::Charge;
use super::monte_carlo::simulation_error;
use super::tail::{self, TailMeasure};
use crate::collateral::{Cash, price_usd};
use crate::cross::unprepared;
use crate::model::{Contribution, Leg};

/// Scenarios with one market priced in them.
#[derive(Clone, Debug)]
pub struct Revalued<'a> {
    model: &'a str,
    market: &'a Market,
    scenarios: &'a JointScenarios,
    rows: Rows,
}

/// Losses of an account with the legs they are the sum of.
#[derive(Clone, Debug, PartialEq)]
pub struct Losses {
    /// USD lost by every leg in every scenario.
    pub legs: Vec<(Leg, Vec<f64>)>,
    /// Their sum: the net vector.
    pub sum: Vec<f64>,
}

/// Confidence of the interval among the figures.
const CONFIDENCE: f64 = 0.95;

/// How many worst scenarios the notes name.
const WORST: usize = 3;

impl<'a> Revalued<'a> {
    /// Prices every instrument in every scenario, `days` passing; `model` is who an error blames.
    ///
    /// # Errors
    /// An instrument that cannot be valued, a coin without scenarios.
    pub fn price(
        model: &'a str,
        market: &'a Market,
        scenarios: &'a JointScenarios,
        ids: &BTreeMap<&Asset, Vec<InstrumentId>>,
        days: f64,
    ) -> Result<Self, InputError> {
        let mut rows = Rows::new();
        for (underlying, ids) in ids {
            let columns = scenarios.columns(model, underlying)?;
            rows.append(&mut price(market, ids, columns, days)?);
        }
        Ok(Self { model, market, scenarios, rows })
    }

    /// Losses in USD of every leg in every scenario, and their sum: the net vector.
    ///
    /// # Errors
    /// An instrument that was not priced, a coin without scenarios.
    pub fn losses(
        &self,
        portfolio: &Portfolio,
        cash: &BTreeMap<Asset, Cash>,
    ) -> Result<Losses, InputError> {
        let mut legs = Vec::new();
        for holding in &portfolio.holdings {
            let row =
                self.rows.get(&holding.id).ok_or_else(|| unprepared(self.market, portfolio))?;
            // `0 − x` rather than `−x`, so that no loss prints as −0.
            let losses = row.iter().map(|pnl| 0.0 - holding.quantity * pnl).collect();
            legs.push((Leg::Instrument(holding.id), losses));
        }
        for (asset, cash) in cash {
            // Only coins with an index move; stable coins are held.
            if cash.credit == 0.0 || !self.market.underlyings.contains_key(asset) {
                continue;
            }
            let columns = self.scenarios.columns(self.model, asset)?;
            let value = cash.credit * price_usd(self.market, asset)?;
            let losses = columns.spot_pct.iter().map(|pct| 0.0 - value * pct / 100.0).collect();
            legs.push((Leg::Cash(asset.clone()), losses));
        }
        let mut sum = vec![0.0; self.scenarios.names.len()];
        for (_, leg) in &legs {
            sum.iter_mut().zip(leg).for_each(|(sum, loss)| *sum += loss);
        }
        Ok(Losses { legs, sum })
    }

    /// The measure of the losses and each leg's Euler component of it.
    pub(super) fn charge(
        &self,
        losses: &Losses,
        level: f64,
        measure: TailMeasure,
    ) -> Result<Charge, InputError> {
        let ages = &self.scenarios.weights;
        let (amount, weights) = if ages.is_empty() {
            let amount = tail::measure(&losses.sum, level, measure)?;
            (amount, tail::scenario_weights(&losses.sum, level, measure)?)
        } else {
            let weights = tail::aged_scenario_weights(&losses.sum, ages, level, measure)?;
            (weights.iter().map(|(s, weight)| weight * losses.sum[*s]).sum(), weights)
        };
        let part = |(leg, row): &(Leg, Vec<f64>)| Contribution {
            leg: leg.clone(),
            amount: weights.iter().map(|(s, weight)| weight * row[*s]).sum(),
        };
        let contributions = losses.legs.iter().map(part).collect();
        Ok(Charge { amount, contributions, figures: vec![], notes: vec![] })
    }

    /// [`Self::charge`] with what is known of its error: for scenarios that are a sample of days the
    /// interval of the VaR and the standard error of the ES, for our own draws the standard error of
    /// the simulation.
    pub(super) fn charge_with_error(
        &self,
        losses: &Losses,
        level: f64,
        measure: TailMeasure,
        drawn: bool,
    ) -> Result<Charge, InputError> {
        let mut charge = self.charge(losses, level, measure)?;
        let ages = &self.scenarios.weights;
        let mut figures = Vec::new();
        if ages.is_empty() {
            let convention = match measure {
                TailMeasure::ValueAtRisk(convention) => convention,
                TailMeasure::ExpectedShortfall => Convention::InverseEcdf,
            };
            let estimate = tail::estimate(&losses.sum, level, convention, CONFIDENCE)?;
            figures.push(("var", estimate.var));
            figures.push(("es", estimate.es));
            if drawn {
                let error = simulation_error(&losses.sum, level, measure)?;
                figures.push(("simulation_standard_error", error));
            } else {
                figures.push(("var_low_95", estimate.var_interval.low));
                figures.push(("var_high_95", estimate.var_interval.high));
                figures.push(("es_standard_error", estimate.es_error));
            }
        } else {
            // Kish's number: so many scenarios of equal weight say as much.
            let (sum, squares) =
                ages.iter().fold((0.0, 0.0), |(sum, squares), w| (sum + w, squares + w * w));
            figures.push(("effective_scenarios", sum * sum / squares));
        }
        let known = figures.into_iter().filter(|(_, figure)| figure.is_finite());
        charge.figures = known.map(|(name, figure)| (name.to_owned(), figure)).collect();
        let sum = &losses.sum;
        for scenario in tail::worst(sum, WORST).into_iter().filter(|s| sum[*s] > 0.0) {
            let name = &self.scenarios.names[scenario];
            charge.notes.push(format!("scenario {name} loses {:.2} USD", sum[scenario]));
        }
        Ok(charge)
    }
}
