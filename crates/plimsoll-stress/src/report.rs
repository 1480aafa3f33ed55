//! The risk report: everything of this crate for one account.

use std::collections::BTreeMap;

use plimsoll_calibrate::covariance::{Stress as CorrelationStress, correlation};
use plimsoll_margin::MarginModel;
use plimsoll_margin::exposure::{by_bucket, legs};
use plimsoll_margin::model::Leg;
use plimsoll_margin::models::var::joint::JointScenarios;
use plimsoll_margin::models::var::tail;
use plimsoll_math::float::sqrt;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::{Asset, InstrumentId, Market, Portfolio, Provenance, Timestamp};
use plimsoll_risk::shifted_by;
use schemars::JsonSchema;
use serde::Serialize;

use crate::concentration::{Concentration, concentration};
use crate::library::{Stress, StressKind, StressLibrary};
use crate::liquidity::{Exit, LiquiditySettings, exits};
use crate::losses::{leg_name, profits, values};
use crate::reverse::{BreakingMove, breaking_move};
use crate::tails::{
    CONFIDENCE, Factor, LegLosses, LogMoves, components, estimate, leg_losses, total_losses,
};

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

/// How many worst scenarios and legs are named.
const WORST: usize = 5;

/// Writes the report.
///
/// # Errors
/// An instrument that cannot be valued or margined, a coin without scenarios; names it.
pub fn risk_report(
    model: &dyn MarginModel,
    market: &Market,
    portfolio: &Portfolio,
    scenarios: &Scenarios<'_>,
    library: &StressLibrary,
    settings: &Settings,
    step: &dyn Fn(),
) -> Result<RiskReport, InputError> {
    let (market, portfolio) = portfolio.narrowed(market);
    let (market, portfolio) = (&market, &portfolio);
    let account = Account { model, market, portfolio };
    if !scenarios.joint.weights.is_empty() {
        let message = format!("{} weights its scenarios by age", scenarios.id);
        return Err(InputError::new(InputCode::Unsupported, message)
            .hint("the risk report counts every scenario once: take one without weights"));
    }
    let coins = coins(market, portfolio);
    let moves = LogMoves::of(scenarios.joint, &coins)?;
    let names = &scenarios.joint.names;
    let day = leg_losses(market, portfolio, &moves.scenarios(names), 0.0)?;
    step();
    let tails = tail_rows(market, portfolio, &moves, names, settings)?;
    step();
    let stresses = library.scenarios.iter().map(|stress| {
        let row = account.stressed(stress);
        step();
        row
    });
    let stresses = stresses.collect::<Result<Vec<_>, _>>()?;
    let exits = exits(market, portfolio, &settings.liquidity)?;
    let reverse = breaking_move(model, market, portfolio, &moves)?;
    step();
    let value = values(market, portfolio)?.iter().map(|(_, amount)| amount).sum();
    Ok(RiskReport {
        account: portfolio.name.clone(),
        snapshot: market.id.clone(),
        time: market.time,
        model: model.id().to_owned(),
        scenarios: ScenarioSource {
            id: scenarios.id.to_owned(),
            source: scenarios.source.source.clone(),
            effective: scenarios.source.effective.clone(),
            count: names.len(),
        },
        value,
        state: account.state(market)?,
        correlation_stress: correlation_rows(market, portfolio, &moves, names, settings)?,
        components: leg_parts(market, &day, settings.main_level_pct / 100.0)?,
        worst: worst_scenarios(names, &day),
        losses: day.sum.clone(),
        correlations: correlations(&moves)?,
        narrative: narrative(&stresses),
        notes: notes(&stresses, &exits, scenarios.source),
        exit_cost: exits.iter().map(|exit| exit.half_spread + exit.impact.unwrap_or(0.0)).sum(),
        exit_days: exits.iter().filter_map(|exit| exit.days).reduce(f64::max),
        concentrations: concentrations(market, portfolio, &day, settings)?,
        reverse: reverse.as_ref().map(reverse_row),
        tails,
        stresses,
        exits,
    })
}

/// Calls of `step` that a report makes.
#[must_use]
pub fn steps(library: &StressLibrary) -> usize {
    library.scenarios.len() + 3
}

struct Account<'a> {
    model: &'a dyn MarginModel,
    market: &'a Market,
    portfolio: &'a Portfolio,
}

impl Account<'_> {
    fn state(&self, market: &Market) -> Result<AccountState, InputError> {
        let ids: Vec<InstrumentId> = self.portfolio.holdings.iter().map(|h| h.id).collect();
        let requirement = self.model.prepare(market, &ids)?.requirement(self.portfolio)?;
        let buckets = by_bucket(market, &legs(market, self.portfolio)?, &BTreeMap::new())?;
        let mut greeks = plimsoll_margin::exposure::NetGreeks::default();
        buckets.values().for_each(|bucket| greeks.add(1.0, &bucket.net, 0.0));
        let mut delta_usd = greeks.net.delta_usd;
        for (asset, amount) in &self.portfolio.balances {
            if let Some(coin) = market.underlyings.get(asset) {
                delta_usd += amount * coin.index_price;
            }
        }
        Ok(AccountState {
            equity: requirement.equity_usd(),
            initial_margin: requirement.initial_margin_usd(),
            maintenance_margin: requirement.maintenance_margin_usd(),
            under_maintenance: requirement.under_maintenance(),
            delta_1pct: delta_usd * 0.01,
            gamma_1pct: greeks.net.gamma_usd * 1e-4,
            vega: greeks.net.vega_usd * 0.01,
            theta: greeks.net.theta_usd_per_day,
        })
    }

    fn stressed(&self, stress: &Stress) -> Result<StressRow, InputError> {
        let moved = shifted_by(self.market, &stress.shift());
        let mut lost: Vec<LegPart> = profits(self.market, &moved, self.portfolio)?
            .into_iter()
            .map(|(leg, profit)| LegPart { leg: leg_name(self.market, &leg), amount: 0.0 - profit })
            .collect();
        let loss = lost.iter().map(|part| part.amount).sum();
        let value: f64 =
            values(self.market, self.portfolio)?.iter().map(|(_, amount)| amount).sum();
        lost.sort_by(|a, b| b.amount.total_cmp(&a.amount).then_with(|| a.leg.cmp(&b.leg)));
        lost.retain(|part| part.amount > 0.0);
        lost.truncate(WORST);
        Ok(StressRow {
            name: stress.name.clone(),
            kind: stress.kind,
            date: stress.date.clone(),
            about: stress.about.clone(),
            loss,
            loss_pct: (value > 0.0).then(|| 100.0 * loss / value),
            // A model may refuse a market beyond its bounds; the loss stands without it.
            after: self.state(&moved).ok(),
            worst_legs: lost,
        })
    }
}

/// The coins a portfolio depends on.
fn coins(market: &Market, portfolio: &Portfolio) -> Vec<Asset> {
    let of_positions =
        portfolio.holdings.iter().map(|holding| &market.listing(holding.id).instrument.underlying);
    let held = portfolio.balances.keys().filter(|asset| market.underlyings.contains_key(*asset));
    let coins: std::collections::BTreeSet<&Asset> = of_positions.chain(held).collect();
    coins.into_iter().cloned().collect()
}

fn tail_rows(
    market: &Market,
    portfolio: &Portfolio,
    moves: &LogMoves,
    names: &[String],
    settings: &Settings,
) -> Result<Vec<TailRow>, InputError> {
    let mut rows = Vec::new();
    for horizon_days in &settings.horizons_days {
        let scenarios = moves.scaled(sqrt(*horizon_days)).scenarios(names);
        let losses = total_losses(market, portfolio, &scenarios, 0.0)?;
        for level_pct in &settings.levels_pct {
            let found = estimate(&losses, level_pct / 100.0)?;
            rows.push(TailRow {
                horizon_days: *horizon_days,
                level_pct: *level_pct,
                var: found.var,
                var_low: found.var_interval.low,
                var_high: Some(found.var_interval.high).filter(|high| high.is_finite()),
                es: found.es,
                es_error: Some(found.es_error).filter(|error| error.is_finite()),
            });
        }
    }
    Ok(rows)
}

fn correlation_rows(
    market: &Market,
    portfolio: &Portfolio,
    moves: &LogMoves,
    names: &[String],
    settings: &Settings,
) -> Result<Vec<CorrelationRow>, InputError> {
    let coins = moves.factors.iter().filter(|f| matches!(f, Factor::Spot(_))).count();
    if coins < 2 {
        return Ok(vec![]);
    }
    let share = settings.correlation_share;
    let percent = 100.0 * share;
    let cases = [
        ("as in the scenarios".to_owned(), moves.clone()),
        (
            format!("{percent:.0} % of the way to all coins together"),
            moves.correlated(CorrelationStress::Together, share)?,
        ),
        (
            format!("{percent:.0} % of the way to no coins together"),
            moves.correlated(CorrelationStress::Apart, share)?,
        ),
    ];
    let row = |(name, moves): (String, LogMoves)| {
        let losses = total_losses(market, portfolio, &moves.scenarios(names), 0.0)?;
        let found = estimate(&losses, settings.main_level_pct / 100.0)?;
        Ok(CorrelationRow { name, var: found.var, es: found.es })
    };
    cases.into_iter().map(row).collect()
}

fn leg_parts(market: &Market, day: &LegLosses, level: f64) -> Result<Vec<LegPart>, InputError> {
    let parts = day.legs.iter().zip(components(day, level)?);
    let mut parts: Vec<LegPart> =
        parts.map(|((leg, _), amount)| LegPart { leg: leg_name(market, leg), amount }).collect();
    parts.sort_by(|a, b| b.amount.total_cmp(&a.amount).then_with(|| a.leg.cmp(&b.leg)));
    Ok(parts)
}

fn worst_scenarios(names: &[String], day: &LegLosses) -> Vec<NamedLoss> {
    let worst = tail::worst(&day.sum, WORST).into_iter();
    worst.map(|s| NamedLoss { name: names[s].clone(), loss: day.sum[s] }).collect()
}

fn correlations(moves: &LogMoves) -> Result<Correlations, InputError> {
    let matrix = correlation(&moves.covariance()?)?;
    let rows = (0..matrix.rows()).map(|i| matrix.row(i).to_vec()).collect();
    Ok(Correlations { names: moves.factors.iter().map(factor_name).collect(), matrix: rows })
}

fn factor_name(factor: &Factor) -> String {
    match factor {
        Factor::Spot(coin) => format!("{coin} price"),
        Factor::Vol(coin) => format!("{coin} vol"),
    }
}

fn reverse_row(found: &BreakingMove) -> ReverseStress {
    let moves = found
        .moves
        .iter()
        .map(|(factor, by)| FactorMove { factor: factor_name(factor), move_pct: 100.0 * by });
    ReverseStress { standard_deviations: found.beta, moves: moves.collect() }
}

fn concentrations(
    market: &Market,
    portfolio: &Portfolio,
    day: &LegLosses,
    settings: &Settings,
) -> Result<Vec<Concentration>, InputError> {
    let coin_of = |leg: &Leg| match leg {
        Leg::Instrument(id) => market.listing(*id).instrument.underlying.to_string(),
        Leg::Cash(asset) => asset.to_string(),
    };
    let parts = components(day, settings.main_level_pct / 100.0)?;
    let by_coin = day.legs.iter().zip(parts).map(|((leg, _), part)| (coin_of(leg), part));
    let mut vega = Vec::new();
    let mut vega_by_expiry = Vec::new();
    for leg in legs(market, portfolio)? {
        let instrument = &market.listing(leg.id).instrument;
        if let (true, Some(expiry)) = (instrument.is_option(), instrument.expiry()) {
            let amount = leg.quantity * leg.unit.vega_usd * 0.01;
            vega.push((instrument.underlying.to_string(), amount));
            let date: String = expiry.to_string().chars().take(10).collect();
            vega_by_expiry.push((date, amount));
        }
    }
    let exposures = values(market, portfolio)?;
    let held = exposures.into_iter().filter_map(|(leg, amount)| match leg {
        Leg::Cash(asset) => Some((asset.to_string(), amount)),
        Leg::Instrument(_) => None,
    });
    let found = [
        concentration(&format!("ES {} %, 1 day, by coin", settings.main_level_pct), by_coin),
        concentration("vega by coin", vega),
        concentration("vega by expiry", vega_by_expiry),
        concentration("collateral by asset", held),
    ];
    Ok(found.into_iter().flatten().collect())
}

/// The worst stress in sentences.
fn narrative(stresses: &[StressRow]) -> Vec<String> {
    let worst = stresses.iter().max_by(|a, b| a.loss.total_cmp(&b.loss));
    let Some(worst) = worst.filter(|worst| worst.loss > 0.0) else {
        return vec!["The book gains or stands still in every stress of the library.".to_owned()];
    };
    let share = worst.loss_pct.map_or(String::new(), |pct| format!(", {pct:.1} % of its value"));
    let mut text = vec![format!(
        "The worst of {} stresses is {} ({}): the book loses {} USD{share}.",
        stresses.len(),
        worst.name,
        worst.about,
        whole(worst.loss)
    )];
    if let Some(leg) = worst.worst_legs.first() {
        text.push(format!(
            "{} alone loses {} USD, before what other legs gain.",
            leg.leg,
            whole(leg.amount)
        ));
    }
    if let Some(after) = worst.after {
        let state = if after.under_maintenance { "is liquidated" } else { "survives" };
        text.push(format!(
            "The account {state}: equity {} USD against maintenance margin {} USD; a further 1 % \
             costs or earns {} USD.",
            whole(after.equity),
            whole(after.maintenance_margin),
            whole(after.delta_1pct.abs())
        ));
    }
    let broken = stresses.iter().filter(|s| s.after.is_some_and(|after| after.under_maintenance));
    text.push(format!("{} of {} stresses liquidate it.", broken.count(), stresses.len()));
    text
}

/// Whole dollars with thousands separators.
fn whole(amount: f64) -> String {
    let digits = format!("{:.0}", amount.abs());
    let mut out = if amount < 0.0 && digits != "0" { "−".to_owned() } else { String::new() };
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn notes(stresses: &[StressRow], exits: &[Exit], source: &Provenance) -> Vec<String> {
    let mut notes = vec![format!(
        "VaR is the inverse-ECDF order statistic, ES has a fractional boundary term, intervals are at \
         {:.0} %. Horizons other than one day scale every scenario's logarithmic moves by √days and \
         revalue in full.",
        100.0 * CONFIDENCE
    )];
    notes.extend(source.notes.iter().cloned());
    let unquoted = exits.iter().filter(|exit| !exit.quoted).count();
    if unquoted > 0 {
        notes.push(format!(
            "{unquoted} of {} positions have no quote on the other side; their spread is assumed.",
            exits.len()
        ));
    }
    let refused: Vec<&str> =
        stresses.iter().filter(|s| s.after.is_none()).map(|s| s.name.as_str()).collect();
    if !refused.is_empty() {
        notes.push(format!("the model gives no margin after: {}", refused.join(", ")));
    }
    notes
}
