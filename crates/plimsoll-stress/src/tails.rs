//! VaR and ES of a book over several horizons, from one set of joint one-day scenarios, and what
//! they become when coins stop, or start, moving together.
//!
//! A horizon of `h` days takes every scenario's logarithmic moves times `√h` and revalues the book in
//! full: the scaling of independent days, applied to the market and not to the loss, so that an
//! option's gamma counts. It is exact for independent, identically distributed moves only as far as
//! their variance goes, and it is stated in the report.

use std::collections::BTreeMap;

use plimsoll_calibrate::covariance::{
    Stress, correlation, covariance_from, sample_covariance, stressed,
};
use plimsoll_margin::collateral::{Cash, price_usd};
use plimsoll_margin::model::Leg;
use plimsoll_margin::models::var::joint::{JointScenarios, MoveColumns};
use plimsoll_margin::models::var::revalued::Revalued;
use plimsoll_margin::models::var::tail::{self, TailEstimate, TailMeasure};
use plimsoll_math::float::{exp_m1, ln_1p, sqrt};
use plimsoll_math::linalg::{Matrix, cholesky};
use plimsoll_math::quantile::Convention;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::{Asset, InstrumentId, Market, Portfolio};
use plimsoll_risk::{Measure, axpy, net_profits};

/// Confidence of the interval of every VaR.
pub const CONFIDENCE: f64 = 0.95;

/// Losses in USD, one per scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct LegLosses {
    /// Of every leg.
    pub legs: Vec<(Leg, Vec<f64>)>,
    /// Of all together.
    pub sum: Vec<f64>,
}

/// Scenario moves of some coins as logarithms, one row per scenario.
#[derive(Clone, Debug)]
pub struct LogMoves {
    /// The factors: spot of each coin, then vol of each coin.
    pub factors: Vec<Factor>,
    /// `ln(1 + move)`.
    pub rows: Vec<Vec<f64>>,
}

/// A risk factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Factor {
    /// Prices of a coin.
    Spot(Asset),
    /// Vols of a coin's options.
    Vol(Asset),
}

impl LogMoves {
    /// The moves of these coins; a vol that never moves is no factor.
    ///
    /// # Errors
    /// A coin without scenarios.
    pub fn of(scenarios: &JointScenarios, coins: &[Asset]) -> Result<Self, InputError> {
        let mut columns: Vec<(Factor, Vec<f64>)> = Vec::new();
        let logs =
            |column: &[f64]| -> Vec<f64> { column.iter().map(|pct| ln_1p(pct / 100.0)).collect() };
        for coin in coins {
            let moves = scenarios.columns("the risk report", coin)?;
            columns.push((Factor::Spot(coin.clone()), logs(&moves.spot_pct)));
        }
        for coin in coins {
            let moves = scenarios.columns("the risk report", coin)?;
            if moves.vol_pct.iter().any(|pct| *pct != 0.0) {
                columns.push((Factor::Vol(coin.clone()), logs(&moves.vol_pct)));
            }
        }
        let count = scenarios.names.len();
        let rows =
            (0..count).map(|s| columns.iter().map(|(_, column)| column[s]).collect()).collect();
        Ok(Self { factors: columns.into_iter().map(|(factor, _)| factor).collect(), rows })
    }

    /// Every move times a factor: other horizons.
    #[must_use]
    pub fn scaled(&self, by: f64) -> Self {
        let rows = self.rows.iter().map(|row| row.iter().map(|x| x * by).collect()).collect();
        Self { factors: self.factors.clone(), rows }
    }

    /// The moves as scenarios again.
    #[must_use]
    pub fn scenarios(&self, names: &[String]) -> JointScenarios {
        let mut underlyings: BTreeMap<Asset, MoveColumns> = BTreeMap::new();
        for (place, factor) in self.factors.iter().enumerate() {
            let column = self.rows.iter().map(|row| 100.0 * exp_m1(row[place])).collect();
            let (Factor::Spot(coin) | Factor::Vol(coin)) = factor;
            let still = || MoveColumns { spot_pct: vec![], vol_pct: vec![] };
            let columns = underlyings.entry(coin.clone()).or_insert_with(still);
            match factor {
                Factor::Spot(_) => columns.spot_pct = column,
                Factor::Vol(_) => columns.vol_pct = column,
            }
        }
        JointScenarios { names: names.to_vec(), weights: vec![], underlyings }
    }

    /// Covariance of the moves about their mean, with a millionth of every variance added to its
    /// diagonal: coins that share one column would make it singular.
    ///
    /// # Errors
    /// Fewer scenarios than factors, or a factor that never moves.
    pub fn covariance(&self) -> Result<Matrix, InputError> {
        let sample = sample_covariance(&self.rows)?;
        Ok(sample.map(|i, j, cell| if i == j { cell * (1.0 + 1e-6) } else { cell }))
    }

    /// The same moves with their correlations moved a share `k` towards all together or all apart;
    /// vols, and the shape of the tails as far as a linear map keeps it, stay.
    ///
    /// Moves are whitened by the Cholesky factor of their own covariance and coloured by that of the
    /// stressed one.
    ///
    /// # Errors
    /// As [`Self::covariance`].
    pub fn correlated(&self, stress: Stress, k: f64) -> Result<Self, InputError> {
        let covariance = self.covariance()?;
        let sds: Vec<f64> = covariance.diagonal().iter().map(|v| sqrt(*v)).collect();
        // Only prices of coins are moved together: the link of a coin's vol to its price stays, as
        // far as the matrix allows.
        let spots = self.factors.iter().filter(|factor| matches!(factor, Factor::Spot(_))).count();
        let own = correlation(&covariance)?;
        let all = stressed(&own, stress, k)?;
        let mixed = own.map(|i, j, cell| if i < spots && j < spots { all.get(i, j) } else { cell });
        let repaired = plimsoll_calibrate::covariance::repaired(&mixed)?.correlation;
        let target = covariance_from(&repaired, &sds)
            .map(|i, j, cell| if i == j { cell * (1.0 + 1e-6) } else { cell });
        let (from, to) = (factor(&covariance)?, factor(&target)?);
        let rows = self.rows.iter().map(|row| {
            let white = forward_solve(&from, row);
            (0..row.len()).map(|i| (0..=i).map(|j| to.get(i, j) * white[j]).sum()).collect()
        });
        Ok(Self { factors: self.factors.clone(), rows: rows.collect() })
    }
}

/// Cholesky factor, or an error in words.
///
/// # Errors
/// A matrix that is not positive definite.
pub fn factor(covariance: &Matrix) -> Result<Matrix, InputError> {
    cholesky(covariance).map_err(|error| {
        let message = format!("covariance of the scenarios: {error}");
        InputError::new(InputCode::BadNumber, message)
            .hint("more scenarios than risk factors are needed, and each factor has to move")
    })
}

/// `L⁻¹·x` for a lower triangle.
#[must_use]
pub fn forward_solve(lower: &Matrix, x: &[f64]) -> Vec<f64> {
    let mut y: Vec<f64> = Vec::with_capacity(x.len());
    for (i, x) in x.iter().enumerate() {
        let known: f64 = y.iter().enumerate().map(|(j, y)| lower.get(i, j) * y).sum();
        y.push((x - known) / lower.get(i, i));
    }
    y
}

/// Revalues every leg in every scenario, `days` passing. Balances count in full; stable coins stand
/// still here, the stress library moves them.
///
/// # Errors
/// An instrument that cannot be valued, a coin without scenarios.
pub fn leg_losses(
    market: &Market,
    portfolio: &Portfolio,
    scenarios: &JointScenarios,
    days: f64,
) -> Result<LegLosses, InputError> {
    let mut by_coin: BTreeMap<&Asset, Vec<InstrumentId>> = BTreeMap::new();
    for holding in &portfolio.holdings {
        let coin = &market.listing(holding.id).instrument.underlying;
        by_coin.entry(coin).or_default().push(holding.id);
    }
    let held = portfolio
        .balances
        .iter()
        .map(|(asset, amount)| (asset.clone(), Cash { amount: *amount, credit: *amount }));
    let revalued = Revalued::price("the risk report", market, scenarios, &by_coin, days)?;
    let losses = revalued.losses(portfolio, &held.collect())?;
    Ok(LegLosses { legs: losses.by_leg(), sum: losses.total().to_vec() })
}

/// Losses of everything together, where no leg is asked for: the sums of [`leg_losses`], to rounding.
///
/// # Errors
/// As [`leg_losses`].
pub fn total_losses(
    market: &Market,
    portfolio: &Portfolio,
    scenarios: &JointScenarios,
    days: f64,
) -> Result<Vec<f64>, InputError> {
    let columns = |coin: &Asset| scenarios.columns("the risk report", coin);
    let mut by_coin: BTreeMap<&Asset, Vec<(InstrumentId, f64)>> = BTreeMap::new();
    for holding in &portfolio.holdings {
        let coin = &market.listing(holding.id).instrument.underlying;
        by_coin.entry(coin).or_default().push((holding.id, holding.quantity));
    }
    let mut losses = vec![0.0; scenarios.names.len()];
    for (coin, positions) in by_coin {
        let set = columns(coin)?.scenario_set(days);
        let profits = net_profits(market, &positions, &set, Measure::Usd)?;
        axpy(&mut losses, -1.0, &profits);
    }
    for (asset, amount) in &portfolio.balances {
        if *amount != 0.0 && market.underlyings.contains_key(asset) {
            let value = amount * price_usd(market, asset)?;
            axpy(&mut losses, -value / 100.0, &columns(asset)?.spot_pct);
        }
    }
    Ok(losses)
}

/// VaR (inverse ECDF) and ES at a level, with their errors.
///
/// # Errors
/// A level outside (0, 1).
pub fn estimate(losses: &[f64], level: f64) -> Result<TailEstimate, InputError> {
    tail::estimate(losses, level, Convention::InverseEcdf, CONFIDENCE)
}

/// Euler components of the ES at a level; they add up to it.
///
/// # Errors
/// As [`estimate`].
pub fn components(losses: &LegLosses, level: f64) -> Result<Vec<f64>, InputError> {
    let weights = tail::scenario_weights(&losses.sum, level, TailMeasure::ExpectedShortfall)?;
    let component = |row: &Vec<f64>| weights.iter().map(|(s, weight)| weight * row[*s]).sum();
    Ok(losses.legs.iter().map(|(_, row)| component(row)).collect())
}
