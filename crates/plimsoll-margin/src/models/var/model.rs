//! `var`: VaR or ES of a cross-margined account over joint scenarios that the parameter file carries.
//!
//! ```text
//! loss[s] = −Σ_u Σ_i q_i·array_u,i[s] − Σ_u coins_u·S_u·m_u[s]
//! IM      = max(0, VaR or ES of loss at level),   MM = maintenance_pct·IM
//! ```
//!
//! Which law the scenarios come from (history, filtered history, simulation) is the file's business;
//! its `[source]` says it. All underlyings move together in a scenario: hedges across coins count for
//! what they were worth on that day. Contributions are Euler components.

use std::collections::BTreeMap;

use plimsoll_math::quantile::Convention;
use plimsoll_model::error::InputError;
use plimsoll_model::params::{check_bounds, from_toml};
use plimsoll_model::{Asset, InstrumentId, Market, Portfolio, Provenance};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::joint::{JointScenarios, Rows, price};
use super::tail::{self, TailMeasure};
use crate::collateral::{self, CollateralRules, price_usd};
use crate::cross::unprepared;
use crate::model::{Component, Contribution, Leg, MarginModel, Pool, Prepared, Requirement};

/// Parameters of the VaR family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VarParams {
    /// `var`.
    pub family: String,
    /// The model's id.
    pub id: String,
    /// Where the scenarios come from.
    pub source: Provenance,
    /// What is read off the tail.
    pub measure: MeasureName,
    /// Its level in percent: 97.5.
    pub level_pct: f64,
    /// Days that pass in every scenario.
    pub days: f64,
    /// Maintenance margin as a percentage of initial margin.
    pub maintenance_pct: f64,
    /// Collateral.
    pub collateral: CollateralRules,
    /// Joint moves.
    pub scenarios: JointScenarios,
}

/// What is read off the tail, by name; the order-statistic convention of a VaR is part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MeasureName {
    /// Expected shortfall with a fractional boundary term.
    Es,
    /// VaR, the smallest loss that a share of at least `level` does not exceed.
    VarInverseEcdf,
    /// VaR, interpolated between order statistics (type 7).
    VarLinear,
    /// VaR, the `⌈(1−α)n⌉`-th largest loss.
    VarUpperOrderStatistic,
}

impl MeasureName {
    /// The measure.
    pub fn measure(self) -> TailMeasure {
        match self {
            Self::Es => TailMeasure::ExpectedShortfall,
            Self::VarInverseEcdf => TailMeasure::ValueAtRisk(Convention::InverseEcdf),
            Self::VarLinear => TailMeasure::ValueAtRisk(Convention::Linear),
            Self::VarUpperOrderStatistic => {
                TailMeasure::ValueAtRisk(Convention::UpperOrderStatistic)
            }
        }
    }
}

/// The VaR model.
#[derive(Clone, Debug)]
pub struct Var {
    params: VarParams,
}

/// Confidence of the interval among the figures.
const CONFIDENCE: f64 = 0.95;

/// How many worst scenarios the notes name.
const WORST: usize = 3;

impl Var {
    /// Reads and checks a parameter file.
    pub fn from_toml(text: &str) -> Result<Self, InputError> {
        let params: VarParams = from_toml(text)?;
        check_bounds("level_pct", params.level_pct, 50.0, 99.999)?;
        check_bounds("days", params.days, 0.0, 365.0)?;
        check_bounds("maintenance_pct", params.maintenance_pct, 0.0, 100.0)?;
        params.collateral.check()?;
        params.scenarios.check()?;
        Ok(Self { params })
    }
}

impl MarginModel for Var {
    fn id(&self) -> &str {
        &self.params.id
    }

    fn provenance(&self) -> &Provenance {
        &self.params.source
    }

    fn prepare<'a>(
        &'a self,
        market: &'a Market,
        ids: &[InstrumentId],
    ) -> Result<Box<dyn Prepared + 'a>, InputError> {
        let mut by_underlying: BTreeMap<&Asset, Vec<InstrumentId>> = BTreeMap::new();
        for id in ids {
            by_underlying.entry(&market.listing(*id).instrument.underlying).or_default().push(*id);
        }
        let mut rows = Rows::new();
        for (underlying, ids) in by_underlying {
            let columns = self.params.scenarios.columns(&self.params.id, underlying)?;
            rows.append(&mut price(market, &ids, columns, self.params.days)?);
        }
        Ok(Box::new(PreparedVar { params: &self.params, market, rows }))
    }
}

struct PreparedVar<'a> {
    params: &'a VarParams,
    market: &'a Market,
    rows: Rows,
}

impl Prepared for PreparedVar<'_> {
    fn requirement(&self, portfolio: &Portfolio) -> Result<Requirement, InputError> {
        let rules = &self.params.collateral;
        let cash = rules.cash(self.market, portfolio)?;
        let legs = self.legs(portfolio, &cash)?;
        let count = self.params.scenarios.names.len();
        let mut losses = vec![0.0; count];
        for (_, leg) in &legs {
            losses.iter_mut().zip(leg).for_each(|(sum, loss)| *sum += loss);
        }
        let level = self.params.level_pct / 100.0;
        let measure = self.params.measure.measure();
        let amount = tail::measure(&losses, level, measure)?;
        let weights = tail::scenario_weights(&losses, level, measure)?;
        let share = self.params.maintenance_pct / 100.0;
        let contributions = if amount > 0.0 {
            let part = |(leg, row): &(Leg, Vec<f64>)| Contribution {
                leg: leg.clone(),
                amount: weights.iter().map(|(s, weight)| weight * row[*s]).sum(),
            };
            legs.iter().map(part).collect()
        } else {
            vec![]
        };
        let name = if self.params.measure == MeasureName::Es { "es" } else { "var" };
        let component = Component::scaled(name, amount.max(0.0), share, contributions);
        let convention = match measure {
            TailMeasure::ValueAtRisk(convention) => convention,
            TailMeasure::ExpectedShortfall => Convention::InverseEcdf,
        };
        let estimate = tail::estimate(&losses, level, convention, CONFIDENCE)?;
        let figures = [
            ("var", estimate.var),
            ("var_low_95", estimate.var_interval.low),
            ("var_high_95", estimate.var_interval.high),
            ("es", estimate.es),
            ("es_standard_error", estimate.es_error),
        ];
        let figures = figures.into_iter().filter(|(_, figure)| figure.is_finite());
        let pool = Pool {
            name: "account".to_owned(),
            asset: Asset::usd(),
            asset_price_usd: 1.0,
            equity: collateral::equity_usd(rules, self.market, portfolio, &cash)?,
            components: vec![component],
            // A joint scenario has no one spot move; the notes name the worst.
            units: vec![],
            figures: figures.map(|(name, figure)| (name.to_owned(), figure)).collect(),
        };
        let mut notes = rules.refusals(portfolio);
        notes.push(format!("{} at {} %", measure.name(), self.params.level_pct));
        for scenario in tail::worst(&losses, WORST).into_iter().filter(|s| losses[*s] > 0.0) {
            let name = &self.params.scenarios.names[scenario];
            notes.push(format!("scenario {name} loses {:.2} USD", losses[scenario]));
        }
        Ok(Requirement { pools: vec![pool], notes })
    }
}

impl PreparedVar<'_> {
    /// Losses in USD of every leg in every scenario.
    fn legs(
        &self,
        portfolio: &Portfolio,
        cash: &BTreeMap<Asset, collateral::Cash>,
    ) -> Result<Vec<(Leg, Vec<f64>)>, InputError> {
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
            let columns = self.params.scenarios.columns(&self.params.id, asset)?;
            let value = cash.credit * price_usd(self.market, asset)?;
            let losses = columns.spot_pct.iter().map(|pct| 0.0 - value * pct / 100.0).collect();
            legs.push((Leg::Cash(asset.clone()), losses));
        }
        Ok(legs)
    }
}
