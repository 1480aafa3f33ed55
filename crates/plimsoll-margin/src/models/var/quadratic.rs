//! The measure from first and second derivatives of the risk array, under the law of the file.

use std::collections::BTreeMap;

use plimsoll_math::linalg::Matrix;
use plimsoll_model::error::InputError;
use plimsoll_model::{Asset, InstrumentId, Market, Portfolio};
use plimsoll_risk::{Scenario, VolMove};

use super::delta_gamma::{Gradient, QuadraticBook, Split, cornish_fisher_is_monotone};
use super::joint::rows;
use super::law::{FactorLaw, FactorsOfCoin};
use super::model::{Charge, Method};
use super::parametric::{Law, delta_normal};
use crate::collateral::{Cash, price_usd};
use crate::cross::unprepared;
use crate::model::{Contribution, Leg};

/// Step of the differences: small against the width of any option, large against the rounding of a
/// price, and a power of two, so that contracts without curvature show none.
const STEP: f64 = 1.0 / 8192.0;

/// Relative moves of spot and vol, in steps, of the scenarios behind the derivatives.
const STENCIL: [(f64, f64); 7] =
    [(0.0, 0.0), (1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0), (1.0, 1.0), (-1.0, -1.0)];

/// Profit in USD to second order in logarithmic moves of spot and vol, per contract or per leg.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Expansion {
    /// Profit of time passing alone.
    time: f64,
    spot: f64,
    vol: f64,
    spot_spot: f64,
    spot_vol: f64,
    vol_vol: f64,
}

impl Expansion {
    /// Central differences of a row of the risk array. The array moves are relative; with
    /// `m = eˣ − 1` a second derivative in `x` is that in `m` plus the first.
    fn of(row: &[f64]) -> Option<Self> {
        let [time, up, down, vol_up, vol_down, both_up, both_down] = *row else { return None };
        let first = |up: f64, down: f64| (up - down) / (2.0 * STEP);
        let second = |up: f64, down: f64| ((up - time) + (down - time)) / (STEP * STEP);
        let (spot, vol) = (first(up, down), first(vol_up, vol_down));
        let corners = (both_up - up - vol_up + time) + (both_down - down - vol_down + time);
        Some(Self {
            time,
            spot,
            vol,
            spot_spot: second(up, down) + spot,
            spot_vol: corners / (2.0 * STEP * STEP),
            vol_vol: second(vol_up, vol_down) + vol,
        })
    }

    /// Of a coin worth `value_usd` more for each unit of its relative move.
    fn of_coins(value_usd: f64) -> Self {
        Self { spot: value_usd, spot_spot: value_usd, ..Self::default() }
    }

    fn times(self, quantity: f64) -> Self {
        Self {
            time: quantity * self.time,
            spot: quantity * self.spot,
            vol: quantity * self.vol,
            spot_spot: quantity * self.spot_spot,
            spot_vol: quantity * self.spot_vol,
            vol_vol: quantity * self.vol_vol,
        }
    }

    /// Adds to the book's `δ` and `Γ`.
    fn add_to(&self, factors: FactorsOfCoin, delta: &mut [f64], gamma: &mut Matrix) {
        let mut add = |i: usize, j: usize, cell: f64| gamma.set(i, j, gamma.get(i, j) + cell);
        let FactorsOfCoin { spot, vol } = factors;
        delta[spot] += self.spot;
        add(spot, spot, self.spot_spot);
        if let Some(vol) = vol {
            delta[vol] += self.vol;
            add(vol, vol, self.vol_vol);
            add(spot, vol, self.spot_vol);
            add(vol, spot, self.spot_vol);
        }
    }

    /// The Euler component of this part of the book.
    fn component(&self, factors: FactorsOfCoin, gradient: &Gradient) -> f64 {
        let FactorsOfCoin { spot, vol } = factors;
        let Gradient { delta, gamma } = gradient;
        let mut sum = delta[spot] * self.spot + gamma.get(spot, spot) * self.spot_spot - self.time;
        if let Some(vol) = vol {
            sum += delta[vol] * self.vol + gamma.get(vol, vol) * self.vol_vol;
            sum += 2.0 * gamma.get(spot, vol) * self.spot_vol;
        }
        sum
    }
}

/// A market differentiated.
pub(super) struct Quadratic<'a> {
    model: &'a str,
    market: &'a Market,
    law: &'a FactorLaw,
    method: Method,
    expansions: BTreeMap<InstrumentId, Expansion>,
}

impl<'a> Quadratic<'a> {
    /// Prices the stencil and takes its differences.
    pub fn price(
        model: &'a str,
        market: &'a Market,
        law: &'a FactorLaw,
        method: Method,
        ids: &[InstrumentId],
        days: f64,
    ) -> Result<Self, InputError> {
        let scenario = |(spot, vol): &(f64, f64)| Scenario {
            spot_move: spot * STEP,
            vol_move: VolMove::By(vol * STEP),
            days,
            weight: 1.0,
            tail: false,
        };
        for id in ids {
            law.factors_of(model, &market.listing(*id).instrument.underlying)?;
        }
        let rows = rows(market, ids, STENCIL.iter().map(scenario).collect())?;
        let expansion = |(id, row): (InstrumentId, Vec<f64>)| Some((id, Expansion::of(&row)?));
        let expansions = rows.into_iter().filter_map(expansion).collect();
        Ok(Self { model, market, law, method, expansions })
    }

    /// The measure and each leg's Euler component of it.
    pub fn charge(
        &self,
        portfolio: &Portfolio,
        cash: &BTreeMap<Asset, Cash>,
        level: f64,
        shortfall: bool,
    ) -> Result<Charge, InputError> {
        let legs = self.legs(portfolio, cash)?;
        let n = self.law.factors.len();
        let (mut delta, mut gamma, mut time) = (vec![0.0; n], Matrix::zeros(n, n), 0.0);
        for (_, factors, expansion) in &legs {
            expansion.add_to(*factors, &mut delta, &mut gamma);
            time += expansion.time;
        }
        let covariance = self.law.covariance()?;
        let mut notes = vec![];
        let mut figures = vec![("time_decay", 0.0 - time)];
        let flat = delta.iter().all(|cell| *cell == 0.0) && gamma.frobenius() == 0.0;
        let split = if flat {
            Split { value: 0.0, gradient: Gradient { delta, gamma } }
        } else if self.method == Method::DeltaNormal {
            let linear = self.linear(&delta, &covariance, level, shortfall)?;
            figures.push(("standard_deviation", linear.1));
            linear.0
        } else {
            let book = QuadraticBook::new(&delta, &gamma, &covariance)?;
            let shape = book.shape();
            figures.extend([
                ("mean", shape.mean + time),
                ("standard_deviation", shape.variance.sqrt()),
                ("skewness", shape.skewness),
                ("excess_kurtosis", shape.excess_kurtosis),
            ]);
            let expanded = self.method == Method::DeltaGamma;
            if expanded && !cornish_fisher_is_monotone(shape.skewness, shape.excess_kurtosis) {
                notes.push(format!(
                    "skewness {:.2} and excess kurtosis {:.2} are outside the region where the \
                     Cornish-Fisher expansion is a quantile; use delta-gamma-exact",
                    shape.skewness, shape.excess_kurtosis
                ));
            }
            if expanded {
                book.expanded(level, shortfall)?
            } else {
                book.exact_split(level, shortfall)?
            }
        };
        let amount = split.value - time;
        let part = |(leg, factors, expansion): &(Leg, FactorsOfCoin, Expansion)| Contribution {
            leg: leg.clone(),
            amount: expansion.component(*factors, &split.gradient),
        };
        let contributions = legs.iter().map(part).collect();
        let figures = figures.into_iter().map(|(name, figure)| (name.to_owned(), figure)).collect();
        Ok(Charge { amount, contributions, figures, notes })
    }

    /// Delta-normal, and the standard deviation.
    fn linear(
        &self,
        delta: &[f64],
        covariance: &Matrix,
        level: f64,
        shortfall: bool,
    ) -> Result<(Split, f64), InputError> {
        let law = self.law.copula_dof.map_or(Law::Normal, |dof| Law::Student { dof });
        let closed = delta_normal(delta, covariance, level, law)?;
        let value = if shortfall { closed.es } else { closed.var };
        // Marginals are those of the VaR; ES is a constant multiple of it.
        let ratio = if closed.var > 0.0 { value / closed.var } else { 0.0 };
        let by_delta = closed.marginal.iter().map(|cell| ratio * cell).collect();
        let gamma = Matrix::zeros(delta.len(), delta.len());
        let gradient = Gradient { delta: by_delta, gamma };
        Ok((Split { value, gradient }, closed.sd))
    }

    fn legs(
        &self,
        portfolio: &Portfolio,
        cash: &BTreeMap<Asset, Cash>,
    ) -> Result<Vec<(Leg, FactorsOfCoin, Expansion)>, InputError> {
        let mut legs = Vec::new();
        for holding in &portfolio.holdings {
            let unit = self
                .expansions
                .get(&holding.id)
                .ok_or_else(|| unprepared(self.market, portfolio))?;
            let coin = &self.market.listing(holding.id).instrument.underlying;
            let factors = self.law.factors_of(self.model, coin)?;
            legs.push((Leg::Instrument(holding.id), factors, unit.times(holding.quantity)));
        }
        for (asset, cash) in cash {
            // Only coins with an index move; stable coins are held.
            if cash.credit != 0.0 && self.market.underlyings.contains_key(asset) {
                let factors = self.law.factors_of(self.model, asset)?;
                let value_usd = cash.credit * price_usd(self.market, asset)?;
                legs.push((Leg::Cash(asset.clone()), factors, Expansion::of_coins(value_usd)));
            }
        }
        Ok(legs)
    }
}
