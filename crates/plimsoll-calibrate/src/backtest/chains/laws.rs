//! The methods on a portfolio of real contracts: every contract revalued in every scenario, once per
//! snapshot, then sums over rows.

use std::collections::BTreeSet;

use plimsoll_margin::models::var::joint::{MoveColumns, price};
use plimsoll_math::float::{exp_m1, ln};
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::time::MS_PER_DAY;
use plimsoll_model::{Asset, InstrumentId, Market, Portfolio};
use plimsoll_risk::{RiskArray, axpy};

use super::{Setup, atm_vol};
use crate::backtest::law::Law;
use crate::backtest::replay::Forecasts;
use crate::scenarios::Generator;

/// Tenor of the vol factor.
const VOL_DAYS: f64 = 30.0;

/// The methods with the moves they have seen.
pub struct Methods {
    generators: Vec<Generator>,
    /// Log changes of spot and vol, in order of time.
    rows: Vec<Vec<f64>>,
    /// Whether the rows of `Setup::past` still have to be taken over.
    is_fresh: bool,
    coin: Asset,
}

/// Profits of every contract, and the move of the coin, per scenario.
struct Priced {
    rows: RiskArray,
    spot: Vec<f64>,
}

impl Methods {
    pub fn new(setup: &Setup) -> Result<Self, InputError> {
        for run in &setup.methods {
            run.charges.iter().try_for_each(|(_, charge)| charge.check())?;
        }
        if let Some(past) = &setup.past {
            let factors = past.names.len();
            if factors != 2 || past.step_ms != setup.step_ms {
                let message = format!(
                    "a past of {factors} factors every {} ms for steps of {} ms; spot and vol are needed",
                    past.step_ms, setup.step_ms
                );
                return Err(InputError::new(InputCode::BadParameter, message));
            }
        }
        let generators = setup.methods.iter().map(|run| Generator::new(run.method));
        let generators = generators.collect::<Result<_, _>>()?;
        Ok(Self { generators, rows: vec![], is_fresh: true, coin: setup.coin.clone() })
    }

    /// Adds the move between two neighbouring snapshots; nothing across a gap or without a vol.
    pub fn learn(&mut self, before: &Market, after: &Market, is_gap: bool) {
        let of = |market: &Market| {
            let vol = atm_vol(market, &self.coin, VOL_DAYS)?;
            Some([market.asset_price_usd(&self.coin)?, vol])
        };
        if let (Some(before), Some(after), false) = (of(before), of(after), is_gap) {
            self.rows.push(before.iter().zip(after).map(|(a, b)| ln(b / a)).collect());
        }
    }

    /// For every portfolio one forecast per method, with the number of its charges.
    pub fn forecasts(
        &mut self,
        setup: &Setup,
        market: &Market,
        portfolios: &[Result<Portfolio, String>],
    ) -> Vec<Vec<(usize, Result<Forecasts, String>)>> {
        if std::mem::take(&mut self.is_fresh)
            && let Some(past) = &setup.past
        {
            let known = past.times.partition_point(|end| *end <= market.time);
            self.rows = past.rows[..known].to_vec();
        }
        let mut answers: Vec<Vec<_>> = portfolios.iter().map(|_| vec![]).collect();
        if setup.methods.is_empty() {
            return answers;
        }
        let ids = portfolios.iter().flatten().flat_map(|portfolio| &portfolio.holdings);
        let ids: BTreeSet<InstrumentId> = ids.map(|holding| holding.id).collect();
        let ids: Vec<InstrumentId> = ids.into_iter().collect();
        let days = setup.step_ms as f64 / MS_PER_DAY;
        let priced = |moves: &[Vec<f64>]| {
            self.priced(market, &ids, moves, days).map_err(|error| error.to_string())
        };
        let has_floor = setup.methods.iter().flat_map(|r| &r.charges).any(|c| c.1.floor.is_some());
        let past = if has_floor && !self.rows.is_empty() {
            priced(&self.rows)
        } else {
            Err("no move is known yet".to_owned())
        };
        let scenarios: Vec<_> = {
            let rows = &self.rows;
            self.generators.iter_mut().map(|generator| generator.scenarios(rows)).collect()
        };
        for (run, scenarios) in setup.methods.iter().zip(scenarios) {
            let scenarios = scenarios.map_err(|error| error.to_string());
            let scenarios = scenarios.and_then(|s| {
                let table = self.priced(market, &ids, &s.moves, days).map_err(|e| e.to_string())?;
                Ok((table, s.weights))
            });
            let charges: Vec<_> = run.charges.iter().map(|(_, charge)| *charge).collect();
            for (portfolio, answers) in portfolios.iter().zip(&mut answers) {
                let answer = || {
                    let portfolio = portfolio.as_ref().map_err(Clone::clone)?;
                    let (table, weights) = scenarios.as_ref().map_err(Clone::clone)?;
                    let pnl = table.pnl(market, &self.coin, portfolio)?;
                    let law = Law::new(pnl, weights.as_deref()).map_err(|e| e.to_string())?;
                    let floor = match &past {
                        Ok(past) => past.pnl(market, &self.coin, portfolio)?,
                        Err(_) => vec![],
                    };
                    Forecasts::new(law, &charges, setup.levels, || floor).map_err(|e| e.to_string())
                };
                answers.push((charges.len(), answer()));
            }
        }
        answers
    }

    fn priced(
        &self,
        market: &Market,
        ids: &[InstrumentId],
        moves: &[Vec<f64>],
        days: f64,
    ) -> Result<Priced, InputError> {
        let relative = |factor: usize| -> Vec<f64> {
            moves.iter().map(|row| row.get(factor).copied().map_or(0.0, exp_m1)).collect()
        };
        let spot = relative(0);
        let pct = |moves: &[f64]| moves.iter().map(|m| 100.0 * m).collect();
        let columns = MoveColumns { spot_pct: pct(&spot), vol_pct: pct(&relative(1)) };
        let own = |id: &InstrumentId| market.listing(*id).instrument.underlying == self.coin;
        let ids: Vec<InstrumentId> = ids.iter().copied().filter(own).collect();
        Ok(Priced { rows: price(market, &ids, &columns, days)?, spot })
    }
}

impl Priced {
    /// Profit of a portfolio in every scenario, in USD: positions and what is held of the coin.
    fn pnl(
        &self,
        market: &Market,
        coin: &Asset,
        portfolio: &Portfolio,
    ) -> Result<Vec<f64>, String> {
        let mut pnl = vec![0.0; self.spot.len()];
        for holding in &portfolio.holdings {
            let row = self.rows.row(holding.id).ok_or_else(|| {
                let name = &market.listing(holding.id).instrument.name;
                format!("{name}: the history has moves of {coin} alone")
            })?;
            axpy(&mut pnl, holding.quantity, row);
        }
        for (asset, amount) in &portfolio.balances {
            if asset == coin {
                let value = amount * market.asset_price_usd(coin).unwrap_or(0.0);
                pnl.iter_mut().zip(&self.spot).for_each(|(sum, by)| *sum += value * by);
            } else if market.underlyings.contains_key(asset) {
                return Err(format!("{asset} is held; the history has moves of {coin} alone"));
            }
        }
        Ok(pnl)
    }
}
