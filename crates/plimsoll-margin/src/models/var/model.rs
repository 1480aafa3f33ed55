//! `var`: VaR or ES of a cross-margined account, by the method that the parameter file names.
//!
//! ```text
//! scenarios   : loss[s] = −Σ_u Σ_i q_i·array_u,i[s] − Σ_u coins_u·S_u·m_u[s]
//!               ρ       = VaR or ES of loss at level
//! derivatives : P = θ + δᵀx + ½xᵀΓx,  x ~ law,  δ and Γ by differences of the same risk array
//!               ρ       = VaR or ES of −P, in closed form, by expansion or by inversion
//! IM = max(0, ρ, share·ρ over the stressed scenarios),   MM = maintenance_pct·IM
//! ```
//!
//! Where the scenarios or the law come from (history, filtered history, a fit) is the file's
//! business; its `[source]` says it. All underlyings move together: hedges across coins count for
//! what they were worth on that day. Contributions are Euler components.

use std::collections::BTreeMap;

use plimsoll_math::quantile::Convention;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::{check_bounds, from_toml};
use plimsoll_model::{Asset, InstrumentId, Market, Portfolio, Provenance};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::joint::JointScenarios;
use super::law::FactorLaw;
use super::quadratic::Quadratic;
use super::revalued::Revalued;
use super::tail::TailMeasure;
use crate::collateral::{self, Cash, CollateralRules};
use crate::model::{Component, Contribution, MarginModel, Pool, Prepared, Requirement};

/// Parameters of the VaR family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VarParams {
    /// `var`.
    pub family: String,
    /// The model's id.
    pub id: String,
    /// Where the scenarios or the law come from.
    pub source: Provenance,
    /// How losses are judged.
    #[serde(default)]
    pub method: Method,
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
    /// Joint moves, for the methods that revalue.
    #[serde(default)]
    pub scenarios: Option<JointScenarios>,
    /// A joint law, for simulation and the methods on derivatives.
    #[serde(default)]
    pub law: Option<FactorLaw>,
    /// A floor from stressed days, with any method.
    #[serde(default)]
    pub stressed: Option<Stressed>,
}

/// How losses are judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Full revaluation over days as they were.
    #[default]
    Historical,
    /// The same with the weights of `[scenarios]`.
    AgeWeighted,
    /// Full revaluation over days rescaled to today's vol; the file holds them rescaled.
    FilteredHistorical,
    /// Full revaluation over simulated moves: those of `[scenarios]`, or drawn from `[law]`.
    MonteCarlo,
    /// First derivatives under a normal `[law]`, or a Student one with `copula_dof`.
    DeltaNormal,
    /// First and second derivatives under a normal `[law]`, by the Cornish–Fisher expansion.
    DeltaGamma,
    /// The same, exactly, by inversion of the characteristic function.
    DeltaGammaExact,
}

impl Method {
    fn on_derivatives(self) -> bool {
        matches!(self, Self::DeltaNormal | Self::DeltaGamma | Self::DeltaGammaExact)
    }

    /// The name that parameter files have for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Historical => "historical",
            Self::AgeWeighted => "age-weighted",
            Self::FilteredHistorical => "filtered-historical",
            Self::MonteCarlo => "monte-carlo",
            Self::DeltaNormal => "delta-normal",
            Self::DeltaGamma => "delta-gamma",
            Self::DeltaGammaExact => "delta-gamma-exact",
        }
    }

    /// How reports describe it.
    fn words(self) -> &'static str {
        match self {
            Self::Historical => "historical scenarios, revalued",
            Self::AgeWeighted => "historical scenarios weighted by age, revalued",
            Self::FilteredHistorical => "filtered historical scenarios, revalued",
            Self::MonteCarlo => "simulated scenarios, revalued",
            Self::DeltaNormal => "deltas under an elliptical law",
            Self::DeltaGamma => "deltas and gammas under a normal law, Cornish-Fisher expansion",
            Self::DeltaGammaExact => "deltas and gammas under a normal law, exact",
        }
    }
}

/// The `[stressed]` table: a margin is not below a share of what it is over these days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stressed {
    /// Share of the stressed measure, in percent.
    pub share_pct: f64,
    /// Joint moves of the stressed days, as they were.
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
    /// Drawn once, from the law of the file.
    drawn: Option<JointScenarios>,
}

impl Var {
    /// Reads and checks a parameter file, and draws its scenarios where it asks for it.
    pub fn from_toml(text: &str) -> Result<Self, InputError> {
        let params: VarParams = from_toml(text)?;
        check_bounds("level_pct", params.level_pct, 50.0, 99.999)?;
        check_bounds("days", params.days, 0.0, 365.0)?;
        check_bounds("maintenance_pct", params.maintenance_pct, 0.0, 100.0)?;
        params.collateral.check()?;
        params.scenarios.as_ref().map_or(Ok(()), JointScenarios::check)?;
        params.law.as_ref().map_or(Ok(()), FactorLaw::check)?;
        if let Some(stressed) = &params.stressed {
            check_bounds("stressed.share_pct", stressed.share_pct, 0.0, 1000.0)?;
            stressed.scenarios.check()?;
        }
        params.check_method()?;
        let drawn = match (params.method, &params.scenarios, &params.law) {
            (Method::MonteCarlo, None, Some(law)) => Some(law.scenarios()?),
            _ => None,
        };
        drawn.as_ref().map_or(Ok(()), JointScenarios::check)?;
        Ok(Self { params, drawn })
    }
}

impl Var {
    /// The joint scenarios that it revalues over, for whoever asks them more than one question.
    ///
    /// # Errors
    /// A method on derivatives has none.
    pub fn scenarios(&self) -> Result<&JointScenarios, InputError> {
        self.drawn.as_ref().or(self.params.scenarios.as_ref()).ok_or_else(|| {
            let message = format!(
                "{} has a law and no scenarios: its method is {}",
                self.params.id,
                self.params.method.name()
            );
            InputError::new(InputCode::Unsupported, message)
                .hint("take a model with scenarios, for example fhs-es or hs-var")
        })
    }
}

impl VarParams {
    /// What each method needs, and nothing that it would ignore.
    fn check_method(&self) -> Result<(), InputError> {
        let method = self.method.name();
        let bad = |message: String| Err(InputError::new(InputCode::BadParameter, message));
        let weighted = self.scenarios.as_ref().is_some_and(|set| !set.weights.is_empty());
        let sources = (self.scenarios.is_some(), self.law.is_some());
        match (self.method, sources) {
            (Method::MonteCarlo, (true, false) | (false, true)) => {}
            (Method::MonteCarlo, _) => {
                return bad(format!("{method} needs either [scenarios] or [law]"));
            }
            (_, (false, true)) if self.method.on_derivatives() => {}
            (_, _) if self.method.on_derivatives() => {
                return bad(format!("{method} needs [law] and no [scenarios]"));
            }
            (_, (true, false)) => {}
            (_, _) => return bad(format!("{method} needs [scenarios] and no [law]")),
        }
        if weighted != (self.method == Method::AgeWeighted) {
            return bad(format!(
                "{method} with{} scenarios.weights",
                if weighted { "" } else { "out" }
            ));
        }
        let by_rank = [MeasureName::VarLinear, MeasureName::VarUpperOrderStatistic];
        if weighted && by_rank.contains(&self.measure) {
            return bad("weighted scenarios have es and var-inverse-ecdf".to_owned());
        }
        let student = self.law.as_ref().is_some_and(|law| {
            law.copula_dof.is_some() || law.factors.iter().any(|factor| factor.dof.is_some())
        });
        if student && matches!(self.method, Method::DeltaGamma | Method::DeltaGammaExact) {
            return bad(format!("{method} is for a normal law: leave out every dof"));
        }
        Ok(())
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
        let params = &self.params;
        let (id, days) = (params.id.as_str(), params.days);
        let mut by_underlying: BTreeMap<&Asset, Vec<InstrumentId>> = BTreeMap::new();
        for id in ids {
            by_underlying.entry(&market.listing(*id).instrument.underlying).or_default().push(*id);
        }
        let revalued = |scenarios| Revalued::price(id, market, scenarios, &by_underlying, days);
        let current = match (&params.law, self.drawn.as_ref().or(params.scenarios.as_ref())) {
            (_, Some(scenarios)) => Current::Revalued(revalued(scenarios)?),
            (Some(law), None) => {
                let method = params.method;
                Current::Quadratic(Quadratic::price(id, market, law, method, ids, days)?)
            }
            (None, None) => {
                let message = format!("{id} has neither scenarios nor a law");
                return Err(InputError::new(InputCode::BadParameter, message));
            }
        };
        let stressed = params.stressed.as_ref().map(|table| revalued(&table.scenarios));
        let stressed = stressed.transpose()?;
        Ok(Box::new(PreparedVar { params, market, current, stressed, drawn: self.drawn.is_some() }))
    }
}

/// A measure of an account, not floored, with its split.
pub(super) struct Charge {
    pub amount: f64,
    pub contributions: Vec<Contribution>,
    pub figures: Vec<(String, f64)>,
    pub notes: Vec<String>,
}

enum Current<'a> {
    Revalued(Revalued<'a>),
    Quadratic(Quadratic<'a>),
}

struct PreparedVar<'a> {
    params: &'a VarParams,
    market: &'a Market,
    current: Current<'a>,
    stressed: Option<Revalued<'a>>,
    /// Whether the current scenarios are our own draws.
    drawn: bool,
}

impl Prepared for PreparedVar<'_> {
    fn requirement(&self, portfolio: &Portfolio) -> Result<Requirement, InputError> {
        let rules = &self.params.collateral;
        let cash = rules.cash(self.market, portfolio)?;
        let measure = self.params.measure.measure();
        let share = self.params.maintenance_pct / 100.0;
        let current = self.current(portfolio, &cash)?;
        let mut figures = current.figures;
        let name = if self.params.measure == MeasureName::Es { "es" } else { "var" };
        let amount = current.amount.max(0.0);
        let charged = |amount: f64, parts: Vec<Contribution>| {
            if amount > 0.0 { parts } else { vec![] }
        };
        let parts = charged(current.amount, current.contributions);
        let mut components = vec![Component::scaled(name, amount, share, parts.clone())];
        if let (Some(stressed), Some(table)) = (&self.stressed, &self.params.stressed) {
            let losses = stressed.losses(portfolio, &cash)?;
            let charge = stressed.charge(&losses, self.level(), measure)?;
            let floor = charge.amount * table.share_pct / 100.0;
            figures.push(("stressed".to_owned(), charge.amount));
            let more = (floor - amount).max(0.0);
            let stressed_parts = scaled(charge.contributions, table.share_pct / 100.0);
            let added = charged(more, difference(stressed_parts, &parts));
            components.push(Component::scaled("stressed_floor", more, share, added));
        }
        let pool = Pool {
            name: "account".to_owned(),
            asset: Asset::usd(),
            asset_price_usd: 1.0,
            equity: collateral::equity_usd(rules, self.market, portfolio, &cash)?,
            components,
            // A joint scenario has no one spot move; the notes name the worst.
            units: vec![],
            figures: figures.into_iter().collect(),
        };
        let mut notes = rules.refusals(portfolio);
        let measure = if self.params.method.on_derivatives() {
            name.to_uppercase().replace("VAR", "VaR")
        } else {
            measure.name()
        };
        let words = self.params.method.words();
        notes.push(format!("{measure} at {} %: {words}", self.params.level_pct));
        notes.extend(current.notes);
        Ok(Requirement { pools: vec![pool], notes })
    }
}

impl PreparedVar<'_> {
    fn level(&self) -> f64 {
        self.params.level_pct / 100.0
    }

    fn current(
        &self,
        portfolio: &Portfolio,
        cash: &BTreeMap<Asset, Cash>,
    ) -> Result<Charge, InputError> {
        match &self.current {
            Current::Revalued(revalued) => {
                let losses = revalued.losses(portfolio, cash)?;
                let measure = self.params.measure.measure();
                revalued.charge_with_error(&losses, self.level(), measure, self.drawn)
            }
            Current::Quadratic(quadratic) => {
                let shortfall = self.params.measure == MeasureName::Es;
                quadratic.charge(portfolio, cash, self.level(), shortfall)
            }
        }
    }
}

fn scaled(parts: Vec<Contribution>, share: f64) -> Vec<Contribution> {
    parts.into_iter().map(|part| Contribution { amount: share * part.amount, ..part }).collect()
}

/// Contributions to a floor less those to what it floors. Both list the same legs in the same order,
/// or the latter none.
fn difference(floor: Vec<Contribution>, below: &[Contribution]) -> Vec<Contribution> {
    let less = |(index, part): (usize, Contribution)| {
        let below = below.get(index).map_or(0.0, |part| part.amount);
        Contribution { amount: part.amount - below, ..part }
    };
    floor.into_iter().enumerate().map(less).collect()
}
