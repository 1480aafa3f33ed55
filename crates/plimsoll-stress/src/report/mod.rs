//! The risk report: everything of this crate for one account.

mod build;
mod words;

use plimsoll_margin::models::var::joint::JointScenarios;
use plimsoll_model::{Provenance, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use crate::concentration::Concentration;
use crate::library::StressKind;
use crate::liquidity::{Exit, LiquiditySettings};

pub use build::{risk_report, steps};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Levels of VaR and ES, percent.
    pub levels_pct: Vec<f64>,
    /// Horizons, days.
    pub horizons_days: Vec<f64>,
    /// The level and horizon of everything that needs one.
    pub main_level_pct: f64,
    /// Share of the way that correlations are moved.
    pub correlation_share: f64,
    /// How positions are closed.
    pub liquidity: LiquiditySettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            levels_pct: vec![95.0, 97.5, 99.0, 99.5],
            horizons_days: vec![1.0 / 24.0, 1.0, 10.0],
            main_level_pct: 97.5,
            correlation_share: 0.5,
            liquidity: LiquiditySettings::default(),
        }
    }
}

/// Joint scenarios of one day, and where they come from.
#[derive(Clone, Copy, Debug)]
pub struct Scenarios<'a> {
    /// The parameter file's id.
    pub id: &'a str,
    /// Its source.
    pub source: &'a Provenance,
    /// The moves.
    pub joint: &'a JointScenarios,
}

/// The report. Amounts are US dollars, before haircuts; losses are positive.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RiskReport {
    /// The account.
    pub account: String,
    /// The market's name.
    pub snapshot: String,
    /// Its instant.
    pub time: Timestamp,
    /// The margin model that says what breaks the account.
    pub model: String,
    /// Where the joint scenarios come from.
    pub scenarios: ScenarioSource,
    /// Market value of everything, before haircuts.
    pub value: f64,
    /// Now.
    pub state: AccountState,
    /// VaR and ES by horizon and level.
    pub tails: Vec<TailRow>,
    /// The same at the main level and one day with correlations moved.
    pub correlation_stress: Vec<CorrelationRow>,
    /// Euler components of the main ES by leg; they add up to it.
    pub components: Vec<LegPart>,
    /// The worst scenarios of the set.
    pub worst: Vec<NamedLoss>,
    /// Loss in every scenario of the set, in its order.
    pub losses: Vec<f64>,
    /// Correlations of the scenario moves.
    pub correlations: Correlations,
    /// The library, in its order.
    pub stresses: Vec<StressRow>,
    /// The most likely move that breaks the account; absent: none found.
    pub reverse: Option<ReverseStress>,
    /// Cost and time of closing every position.
    pub exits: Vec<Exit>,
    /// Sum of half spreads and impacts.
    pub exit_cost: f64,
    /// The slowest position; absent where no open interest is known.
    pub exit_days: Option<f64>,
    /// Where the risk sits.
    pub concentrations: Vec<Concentration>,
    /// The worst stress in words.
    pub narrative: Vec<String>,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// Where scenarios come from.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ScenarioSource {
    /// The parameter file's id.
    pub id: String,
    /// Its source.
    pub source: String,
    /// From when it holds.
    pub effective: String,
    /// How many scenarios.
    pub count: usize,
}

/// Margin and sensitivities of the account in one market.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AccountState {
    /// Equity after haircuts.
    pub equity: f64,
    /// Initial margin.
    pub initial_margin: f64,
    /// Maintenance margin.
    pub maintenance_margin: f64,
    /// Whether some pool is under maintenance.
    pub under_maintenance: bool,
    /// USD per 1 % move of every coin.
    pub delta_1pct: f64,
    /// Change of that per 1 %.
    pub gamma_1pct: f64,
    /// USD per vol point.
    pub vega: f64,
    /// USD per day.
    pub theta: f64,
}

/// VaR and ES at one horizon and level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TailRow {
    /// Days.
    pub horizon_days: f64,
    /// Percent.
    pub level_pct: f64,
    /// Value at risk, inverse-ECDF order statistic.
    pub var: f64,
    /// Ends of its distribution-free 95 % interval.
    pub var_low: f64,
    /// As above; absent where the sample is too short to bound it.
    pub var_high: Option<f64>,
    /// Expected shortfall with a fractional boundary term.
    pub es: f64,
    /// Its asymptotic standard error; absent with fewer than two losses in the tail.
    pub es_error: Option<f64>,
}

/// The main VaR and ES under moved correlations.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CorrelationRow {
    /// What was done.
    pub name: String,
    /// Value at risk.
    pub var: f64,
    /// Expected shortfall.
    pub es: f64,
}

/// A leg's part of a measure.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LegPart {
    /// The instrument or asset.
    pub leg: String,
    /// The part.
    pub amount: f64,
}

/// A scenario with its loss.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct NamedLoss {
    /// The scenario: a date, or a number.
    pub name: String,
    /// The loss.
    pub loss: f64,
}

/// A correlation matrix.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Correlations {
    /// The factors.
    pub names: Vec<String>,
    /// Rows.
    pub matrix: Vec<Vec<f64>>,
}

/// The account in one stress.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct StressRow {
    /// The name.
    pub name: String,
    /// What sort of event.
    pub kind: StressKind,
    /// When it happened.
    pub date: Option<String>,
    /// In a sentence.
    pub about: String,
    /// Loss.
    pub loss: f64,
    /// Loss over the market value of everything, percent; absent where that is not positive.
    pub loss_pct: Option<f64>,
    /// Margin and sensitivities there; absent where the model cannot margin the moved market.
    pub after: Option<AccountState>,
    /// The legs that lose most, largest first.
    pub worst_legs: Vec<LegPart>,
}

/// The most likely breaking move.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ReverseStress {
    /// Length in standard deviations of one day of the scenario set.
    pub standard_deviations: f64,
    /// Moves in percent.
    pub moves: Vec<FactorMove>,
}

/// What one factor does.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct FactorMove {
    /// `BTC price` or `BTC vol`.
    pub factor: String,
    /// Relative move, percent.
    pub move_pct: f64,
}
