//! Asking the other modules and putting their answers together.

use std::collections::BTreeSet;

use plimsoll_calibrate::covariance::{Stress as CorrelationStress, correlation};
use plimsoll_margin::MarginModel;
use plimsoll_margin::exposure::{NetGreeks, coin_delta, legs};
use plimsoll_margin::model::Leg;
use plimsoll_margin::models::var::tail;
use plimsoll_math::float::sqrt;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::{Asset, InstrumentId, Market, Portfolio};
use plimsoll_risk::shifted_by;

use super::words::{narrative, notes};
use super::{
    AccountState, CorrelationRow, Correlations, FactorMove, LegPart, NamedLoss, ReverseStress,
    RiskReport, ScenarioSource, Scenarios, Settings, StressRow, TailRow,
};
use crate::concentration::{Concentration, concentration};
use crate::library::{Stress, StressLibrary};
use crate::liquidity::exits;
use crate::losses::{leg_name, profits, values};
use crate::reverse::{BreakingMove, breaking_move};
use crate::tails::{Factor, LegLosses, LogMoves, components, estimate, leg_losses, total_losses};

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
    let value = values(market, portfolio)?.iter().map(|(_, amount)| amount).sum();
    let account = Account { model, market, portfolio, value };
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
    /// market value of everything, before haircuts
    value: f64,
}

impl Account<'_> {
    fn state(&self, market: &Market) -> Result<AccountState, InputError> {
        let ids: Vec<InstrumentId> = self.portfolio.holdings.iter().map(|h| h.id).collect();
        let requirement = self.model.prepare(market, &ids)?.requirement(self.portfolio)?;
        let mut greeks = NetGreeks::default();
        for leg in legs(market, self.portfolio)? {
            greeks.add(leg.quantity, &leg.unit, leg.vol_ann);
        }
        for (asset, amount) in &self.portfolio.balances {
            if let Some(coin) = market.underlyings.get(asset) {
                greeks.add(*amount, &coin_delta(coin.index_price), 0.0);
            }
        }
        Ok(AccountState {
            equity: requirement.equity_usd(),
            initial_margin: requirement.initial_margin_usd(),
            maintenance_margin: requirement.maintenance_margin_usd(),
            under_maintenance: requirement.under_maintenance(),
            delta_1pct: greeks.net.delta_usd * 0.01,
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
        lost.sort_by(|a, b| b.amount.total_cmp(&a.amount).then_with(|| a.leg.cmp(&b.leg)));
        lost.retain(|part| part.amount > 0.0);
        lost.truncate(WORST);
        Ok(StressRow {
            name: stress.name.clone(),
            kind: stress.kind,
            date: stress.date.clone(),
            about: stress.about.clone(),
            loss,
            loss_pct: (self.value > 0.0).then(|| 100.0 * loss / self.value),
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
    let coins: BTreeSet<&Asset> = of_positions.chain(held).collect();
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
