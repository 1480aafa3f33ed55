//! The measure over joint scenarios, by full revaluation.

use std::collections::BTreeMap;

use plimsoll_math::quantile::Convention;
use plimsoll_model::error::InputError;
use plimsoll_model::{Asset, InstrumentId, Market, Portfolio};
use plimsoll_risk::{RiskArray, axpy};

use super::joint::{JointScenarios, price};
use super::model::Charge;
use super::monte_carlo::simulation_error;
use super::tail::{self, TailMeasure};
use crate::collateral::{Cash, price_usd};
use crate::cross::unprepared;
use crate::model::{Contribution, Leg};

/// Scenarios with one market priced in them.
#[derive(Debug)]
pub struct Revalued<'a> {
    model: &'a str,
    market: &'a Market,
    scenarios: &'a JointScenarios,
    arrays: BTreeMap<&'a Asset, RiskArray>,
}

/// Losses of an account in USD with the legs they are the sum of: `sum[s] = Σ scale·row[s]`.
#[derive(Clone, Debug)]
pub struct Losses<'r> {
    legs: Vec<LegRow<'r>>,
    sum: Vec<f64>,
}

/// A leg's losses as a multiple of a row.
#[derive(Clone, Debug)]
struct LegRow<'r> {
    leg: Leg,
    scale: f64,
    row: &'r [f64],
}

impl Losses<'_> {
    /// Losses of all legs together, one per scenario.
    #[must_use]
    pub fn total(&self) -> &[f64] {
        &self.sum
    }

    /// Losses of every leg by itself, one per scenario.
    #[must_use]
    pub fn by_leg(&self) -> Vec<(Leg, Vec<f64>)> {
        let own = |LegRow { leg, scale, row }: &LegRow<'_>| {
            // Plus zero, so that no loss prints as −0.
            (leg.clone(), row.iter().map(|cell| scale * cell + 0.0).collect())
        };
        self.legs.iter().map(own).collect()
    }
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
        ids: &BTreeMap<&'a Asset, Vec<InstrumentId>>,
        days: f64,
    ) -> Result<Self, InputError> {
        let mut arrays = BTreeMap::new();
        for (underlying, ids) in ids {
            let columns = scenarios.columns(model, underlying)?;
            arrays.insert(*underlying, price(market, ids, columns, days)?);
        }
        Ok(Self { model, market, scenarios, arrays })
    }

    /// Losses in USD in every scenario: the net vector.
    ///
    /// # Errors
    /// An instrument that was not priced, a coin without scenarios.
    pub fn losses(
        &self,
        portfolio: &Portfolio,
        cash: &BTreeMap<Asset, Cash>,
    ) -> Result<Losses<'_>, InputError> {
        let mut legs = Vec::new();
        for holding in &portfolio.holdings {
            let underlying = &self.market.listing(holding.id).instrument.underlying;
            let row = self.arrays.get(underlying).and_then(|array| array.row(holding.id));
            let row = row.ok_or_else(|| unprepared(self.market, portfolio))?;
            legs.push(LegRow { leg: Leg::Instrument(holding.id), scale: -holding.quantity, row });
        }
        for (asset, cash) in cash {
            // Only coins with an index move; stable coins are held.
            if cash.credit == 0.0 || !self.market.underlyings.contains_key(asset) {
                continue;
            }
            let row = &self.scenarios.columns(self.model, asset)?.spot_pct;
            let scale = -cash.credit * price_usd(self.market, asset)? / 100.0;
            legs.push(LegRow { leg: Leg::Cash(asset.clone()), scale, row });
        }
        let mut sum = vec![0.0; self.scenarios.names.len()];
        for LegRow { scale, row, .. } in &legs {
            axpy(&mut sum, *scale, row);
        }
        Ok(Losses { legs, sum })
    }

    /// The measure of the losses and each leg's Euler component of it.
    pub(super) fn charge(
        &self,
        losses: &Losses<'_>,
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
        let part = |LegRow { leg, scale, row }: &LegRow<'_>| {
            let mean: f64 = weights.iter().map(|(s, weight)| weight * row[*s]).sum();
            // Plus zero, so that no contribution prints as −0.
            Contribution { leg: leg.clone(), amount: scale * mean + 0.0 }
        };
        let contributions = losses.legs.iter().map(part).collect();
        Ok(Charge { amount, contributions, figures: vec![], notes: vec![] })
    }

    /// [`Self::charge`] with what is known of its error: for scenarios that are a sample of days the
    /// interval of the VaR and the standard error of the ES, for our own draws the standard error of
    /// the simulation.
    pub(super) fn charge_with_error(
        &self,
        losses: &Losses<'_>,
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
