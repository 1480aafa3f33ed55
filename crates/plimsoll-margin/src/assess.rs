//! The whole answer for one account, put together from one model.

use std::collections::BTreeMap;

use plimsoll_model::error::InputError;
use plimsoll_model::{Asset, InstrumentId, Market, Portfolio};
use plimsoll_pricing::contract;

use crate::collateral::{Cash, holdings_value_usd, price_usd};
use crate::distance::Displaced;
use crate::exposure::{self, Bucket, NetGreeks};
use crate::liquidation::liquidation_prices;
use crate::model::{Leg, MarginModel, Pool, Prepared, Requirement};
use crate::netting::{Netting, netting};
use crate::report::{
    Assessment, CollateralReport, ComponentReport, GreeksReport, Leverage, ModelReport, PoolReport,
    PositionReport, ScenarioReport, SnapshotReport, Summary, Surface,
};
use crate::trade;

/// Moves of the margin ladder, percent.
pub const LADDER_PCT: [f64; 13] =
    [-20.0, -15.0, -10.0, -5.0, -2.0, -1.0, 0.0, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0];

/// How many scenarios after the worst are shown as runners-up.
const RUNNERS_UP: usize = 4;

/// Margins one account under one model and explains the result.
///
/// Fails where a position cannot be valued or is not one the model margins; nothing is left out.
pub fn assess(
    model: &dyn MarginModel,
    market: &Market,
    portfolio: &Portfolio,
) -> Result<Assessment, InputError> {
    let (market, portfolio) = portfolio.narrowed(market);
    let ids = every_id(&market);
    let prepared = model.prepare(&market, &ids)?;
    let requirement = trade::with_orders(prepared.as_ref(), &market, &portfolio)?;
    let netting = netting(prepared.as_ref(), &market, &portfolio)?;
    let displaced = Displaced::new(model, &market, &portfolio);
    let scenarios = scenario_reports(&requirement);
    let ranked = ranked(&scenarios);
    let marginal = marginal_by_leg(&requirement);
    let initial_margin = requirement.initial_margin_usd();
    let equity = requirement.equity_usd();
    Ok(Assessment {
        account: portfolio.name.clone(),
        model: ModelReport::of(model),
        snapshot: SnapshotReport { id: market.id.clone(), time: market.time },
        equity,
        option_value: holdings_value_usd(&market, &portfolio)?,
        initial_margin,
        maintenance_margin: requirement.maintenance_margin_usd(),
        excess: equity - initial_margin,
        margin_ratio: finite(requirement.margin_ratio()),
        under_maintenance: requirement.under_maintenance(),
        gross: netting.gross,
        net: netting.net,
        benefit: netting.benefit,
        components: total_components(&requirement),
        pools: requirement.pools.iter().map(pool_report).collect(),
        worst: ranked.first().cloned(),
        runners_up: ranked.into_iter().skip(1).take(RUNNERS_UP).collect(),
        scenarios,
        positions: positions(prepared.as_ref(), &market, &portfolio, netting.net, &marginal)?,
        collateral: collateral(&market, &portfolio, &marginal)?,
        greeks: greeks(&market, &portfolio)?,
        distance_to_liquidation: displaced.distance()?,
        liquidation_prices: liquidation_prices(model, &market, &portfolio)?,
        ladder: displaced.ladder(&LADDER_PCT)?,
        leverage: leverage(&market, &portfolio, &requirement)?,
        notes: notes(model, &market, requirement.notes),
    })
}

/// The headline numbers of one account under one model.
pub fn compare_row(
    model: &dyn MarginModel,
    market: &Market,
    portfolio: &Portfolio,
) -> Result<Summary, InputError> {
    let (market, portfolio) = portfolio.narrowed(market);
    let prepared = model.prepare(&market, &every_id(&market))?;
    let requirement = trade::with_orders(prepared.as_ref(), &market, &portfolio)?;
    let Netting { gross, net, benefit } = netting(prepared.as_ref(), &market, &portfolio)?;
    let (up, down) = Displaced::new(model, &market, &portfolio).up_and_down()?;
    let (equity, initial_margin) = (requirement.equity_usd(), requirement.initial_margin_usd());
    Ok(Summary {
        account: portfolio.name.clone(),
        model: ModelReport::of(model),
        equity,
        initial_margin,
        maintenance_margin: requirement.maintenance_margin_usd(),
        excess: equity - initial_margin,
        margin_ratio: finite(requirement.margin_ratio()),
        under_maintenance: requirement.under_maintenance(),
        components: total_components(&requirement),
        gross,
        net,
        benefit,
        worst: ranked(&scenario_reports(&requirement)).into_iter().next(),
        up_move_pct: up.map(|share| 100.0 * share),
        down_move_pct: down.map(|share| 100.0 * share),
        notes: notes(model, &market, requirement.notes),
    })
}

/// P&L, equity and distance from liquidation over a grid of price and vol moves, in percent.
pub fn surface(
    model: &dyn MarginModel,
    market: &Market,
    portfolio: &Portfolio,
    spot_moves_pct: &[f64],
    vol_moves_pct: &[f64],
) -> Result<Surface, InputError> {
    let (market, portfolio) = portfolio.narrowed(market);
    Displaced::new(model, &market, &portfolio).surface(spot_moves_pct, vol_moves_pct)
}

/// The requirement's notes, and a word where the parameters are younger than the snapshot.
fn notes(model: &dyn MarginModel, market: &Market, mut notes: Vec<String>) -> Vec<String> {
    let effective = &model.provenance().effective;
    let (year, month, day) = market.time.date_utc();
    let today = format!("{year:04}-{month:02}-{day:02}");
    // ISO dates sort as text.
    if *effective > today {
        notes.push(format!(
            "parameters of {effective} are applied to an earlier snapshot, of {today}"
        ));
    }
    notes
}

fn every_id(market: &Market) -> Vec<InstrumentId> {
    market.ids().collect()
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// Components of all pools by name, in USD, in order of first appearance.
fn total_components(requirement: &Requirement) -> Vec<ComponentReport> {
    let mut totals: Vec<ComponentReport> = Vec::new();
    for pool in &requirement.pools {
        for component in &pool.components {
            let amount = component.initial * pool.asset_price_usd;
            let maintenance = component.maintenance * pool.asset_price_usd;
            match totals.iter_mut().find(|total| total.name == component.name) {
                Some(total) => {
                    total.amount += amount;
                    total.maintenance += maintenance;
                }
                None => totals.push(ComponentReport {
                    name: component.name.to_owned(),
                    amount,
                    maintenance,
                }),
            }
        }
    }
    totals
}

fn pool_report(pool: &Pool) -> PoolReport {
    let component = |component: &crate::model::Component| ComponentReport {
        name: component.name.to_owned(),
        amount: component.initial,
        maintenance: component.maintenance,
    };
    PoolReport {
        name: pool.name.clone(),
        asset: pool.asset.clone(),
        asset_price: pool.asset_price_usd,
        equity: pool.equity,
        initial_margin: pool.initial_margin(),
        maintenance_margin: pool.maintenance_margin(),
        excess: pool.equity - pool.initial_margin(),
        components: pool.components.iter().map(component).collect(),
        figures: pool.figures.clone(),
    }
}

fn scenario_reports(requirement: &Requirement) -> Vec<ScenarioReport> {
    let mut reports = Vec::new();
    for pool in &requirement.pools {
        for unit in &pool.units {
            for (index, state) in unit.losses.iter().enumerate() {
                reports.push(ScenarioReport {
                    pool: pool.name.clone(),
                    unit: unit.name.clone(),
                    index,
                    spot_move_pct: 100.0 * state.scenario.spot_move,
                    vol_move: state.scenario.vol_move,
                    days: state.scenario.days,
                    weight: state.scenario.weight,
                    tail: state.scenario.tail,
                    label: state.label.map(str::to_owned),
                    raw_loss: state.raw_loss * pool.asset_price_usd,
                    loss: state.loss * pool.asset_price_usd,
                    loss_in_pool_asset: state.loss,
                });
            }
        }
    }
    reports
}

/// Scenarios by loss, largest first; equals keep their order.
fn ranked(scenarios: &[ScenarioReport]) -> Vec<ScenarioReport> {
    let mut ranked = scenarios.to_vec();
    ranked.sort_by(|a, b| b.loss.total_cmp(&a.loss));
    ranked
}

/// Contributions to initial margin by leg, in USD.
fn marginal_by_leg(requirement: &Requirement) -> BTreeMap<Leg, f64> {
    let mut marginal = BTreeMap::new();
    for pool in &requirement.pools {
        for part in pool.components.iter().flat_map(|component| &component.contributions) {
            *marginal.entry(part.leg.clone()).or_insert(0.0) += part.amount * pool.asset_price_usd;
        }
    }
    marginal
}

fn positions(
    prepared: &dyn Prepared,
    market: &Market,
    portfolio: &Portfolio,
    net: f64,
    marginal: &BTreeMap<Leg, f64>,
) -> Result<Vec<PositionReport>, InputError> {
    let mut reports = Vec::with_capacity(portfolio.holdings.len());
    for holding in &portfolio.holdings {
        let id = holding.id;
        let usd = contract::settlement_price_usd(market, id)?;
        let mut unrealised = 0.0;
        for lot in &holding.lots {
            unrealised += contract::unrealised(market, id, lot.quantity, lot.entry_price)?;
        }
        let alone = portfolio.positions_only(|other| other.id == id);
        let rest = prepared.requirement(&portfolio.without(id))?.initial_margin_usd();
        reports.push(PositionReport {
            instrument: market.listing(id).instrument.name.clone(),
            quantity: holding.quantity,
            mark_price: trade::mark(market, id)?,
            value: holding.quantity * contract::value(market, id)? * usd,
            unrealised_pnl: unrealised * usd,
            delta: holding.quantity * contract::greeks(market, id)?.delta,
            marginal: marginal.get(&Leg::Instrument(id)).copied().unwrap_or(0.0),
            incremental: net - rest,
            stand_alone: prepared.requirement(&alone)?.initial_margin_usd(),
        });
    }
    Ok(reports)
}

fn collateral(
    market: &Market,
    portfolio: &Portfolio,
    marginal: &BTreeMap<Leg, f64>,
) -> Result<Vec<CollateralReport>, InputError> {
    let report = |(asset, balance): (&Asset, &f64)| {
        let price = price_usd(market, asset)?;
        Ok(CollateralReport {
            asset: asset.clone(),
            balance: *balance,
            price,
            value: balance * price,
            marginal: marginal.get(&Leg::Cash(asset.clone())).copied().unwrap_or(0.0),
        })
    };
    portfolio.balances.iter().map(report).collect()
}

fn greeks(market: &Market, portfolio: &Portfolio) -> Result<Vec<GreeksReport>, InputError> {
    let legs = exposure::legs(market, portfolio)?;
    // Coins held have the delta that their owner sees: all of it, before any haircut.
    let held = portfolio
        .balances
        .iter()
        .map(|(asset, amount)| (asset.clone(), Cash { amount: *amount, credit: *amount }));
    let buckets = exposure::by_bucket(market, &legs, &held.collect())?;
    Ok(buckets.iter().map(|(bucket, net)| greeks_report(bucket, net)).collect())
}

fn greeks_report(bucket: &Bucket, greeks: &NetGreeks) -> GreeksReport {
    let net = &greeks.net;
    GreeksReport {
        underlying: bucket.underlying.clone(),
        expiry: bucket.expiry,
        delta: net.delta,
        premium_adjusted_delta: net.premium_adjusted_delta,
        delta_1pct: 0.01 * net.delta_usd,
        gamma_1pct: 0.0001 * net.gamma_usd,
        vega: 0.01 * net.vega_usd,
        theta: net.theta_usd_per_day,
        rho: 0.01 * net.rho_usd,
        vanna: 0.01 * net.vanna,
        volga: 0.0001 * net.volga_usd,
    }
}

fn leverage(
    market: &Market,
    portfolio: &Portfolio,
    requirement: &Requirement,
) -> Result<Leverage, InputError> {
    let mut gross_notional = 0.0;
    for holding in &portfolio.holdings {
        let index = price_usd(market, &market.listing(holding.id).instrument.underlying)?;
        let base = contract::base_per_contract(market, holding.id)?;
        gross_notional += holding.quantity.abs() * base * index;
    }
    let equity = requirement.equity_usd();
    let required = requirement.initial_margin_usd();
    // Units lose in their own worst scenarios at once: the sum is what the requirement covers.
    let worst: Option<f64> = requirement
        .pools
        .iter()
        .flat_map(|pool| pool.units.iter().map(move |unit| (pool.asset_price_usd, unit)))
        .filter_map(|(price, unit)| Some(price * unit.worst()?.1.loss.max(0.0)))
        .reduce(|sum, loss| sum + loss);
    let over = |amount: f64, base: f64| (base > 0.0).then(|| amount / base);
    Ok(Leverage {
        gross_notional,
        effective: over(gross_notional, equity),
        gearing: over(gross_notional, required),
        worst_loss_pct_of_equity: worst.and_then(|worst| over(100.0 * worst, equity)),
    })
}
