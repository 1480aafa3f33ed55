//! Reverse stress: the most likely joint move that breaks the account.
//!
//! Moves `x` are logarithmic, of the price of every coin held and of its vols, with the covariance `C`
//! of the scenario set. Among all moves at which some pool's equity meets its maintenance margin the
//! most likely one under a normal law with that covariance is the shortest in `β² = xᵀ·C⁻¹·x`. It is
//! looked for from several starts, each improved by turning towards the gradient of the maintenance
//! excess (the first-order reliability method of Hasofer and Lind, 1974, and Rackwitz and Fiessler,
//! 1978). Every point is a full revaluation by the margin model itself; the move returned does reach
//! the line, whether or not a shorter one was missed.

use std::collections::BTreeMap;

use plimsoll_margin::MarginModel;
use plimsoll_margin::distance::Displaced;
use plimsoll_math::float::exp_m1;
use plimsoll_math::linalg::Matrix;
use plimsoll_model::error::InputError;
use plimsoll_model::{Market, Portfolio};
use plimsoll_risk::MarketShift;

use crate::tails::{Factor, LogMoves, factor, forward_solve};

/// The shortest move found.
#[derive(Clone, Debug, PartialEq)]
pub struct BreakingMove {
    /// Its length in standard deviations of one period of the scenario set.
    pub beta: f64,
    /// The move of every factor, as a fraction.
    pub moves: Vec<(Factor, f64)>,
}

/// Longest move looked at, in standard deviations.
const MOST: f64 = 40.0;
/// Steps of the first search outwards.
const STEPS: u32 = 80;
/// Turns of a start at most.
const TURNS: u32 = 12;
/// Step of the difference quotients, in standard deviations.
const STEP: f64 = 0.05;

/// Looks for the most likely move of one period that leaves some pool without its maintenance margin;
/// `None`: there is none within forty standard deviations in any direction tried.
///
/// # Errors
/// A moved market the model cannot margin; scenarios whose covariance is singular.
pub fn breaking_move(
    model: &dyn MarginModel,
    market: &Market,
    portfolio: &Portfolio,
    moves: &LogMoves,
) -> Result<Option<BreakingMove>, InputError> {
    let displaced = Displaced::new(model, market, portfolio);
    let search = Search { displaced, moves, lower: factor(&moves.covariance()?)? };
    let dimensions = moves.factors.len();
    if search.excess(&vec![0.0; dimensions])? < 0.0 {
        let still = moves.factors.iter().map(|factor| (factor.clone(), 0.0)).collect();
        return Ok(Some(BreakingMove { beta: 0.0, moves: still }));
    }
    let mut best: Option<(f64, Vec<f64>)> = None;
    for start in search.starts()? {
        let mut direction = start;
        let mut reached: Option<(f64, Vec<f64>)> = None;
        for _ in 0..TURNS {
            let limit = reached.as_ref().map_or(MOST, |(length, _)| *length);
            let Some(length) = search.radius(&direction, limit)? else { break };
            let gain = reached.as_ref().map_or(f64::INFINITY, |(before, _)| before - length);
            let point: Vec<f64> = direction.iter().map(|x| x * length).collect();
            let gradient = search.gradient(&point)?;
            reached = Some((length, direction));
            let Some(next) = unit(&gradient.iter().map(|slope| -slope).collect::<Vec<_>>()) else {
                break;
            };
            if gain < 1e-4 * length {
                break;
            }
            direction = next;
        }
        if let Some((length, direction)) = reached
            && best.as_ref().is_none_or(|(least, _)| length < *least)
        {
            best = Some((length, direction));
        }
    }
    Ok(best.map(|(beta, direction)| {
        let z: Vec<f64> = direction.iter().map(|x| x * beta).collect();
        let moves = moves.factors.iter().cloned().zip(search.coloured(&z));
        BreakingMove { beta, moves: moves.map(|(factor, log)| (factor, exp_m1(log))).collect() }
    }))
}

struct Search<'a> {
    displaced: Displaced<'a>,
    moves: &'a LogMoves,
    /// Cholesky factor of the covariance
    lower: Matrix,
}

impl Search<'_> {
    /// Logarithmic moves of independent unit moves.
    fn coloured(&self, z: &[f64]) -> Vec<f64> {
        (0..z.len()).map(|i| (0..=i).map(|j| self.lower.get(i, j) * z[j]).sum()).collect()
    }

    /// Least equity less maintenance margin over the pools, USD, after independent unit moves.
    fn excess(&self, z: &[f64]) -> Result<f64, InputError> {
        Ok(self.displaced.state(self.shift(z))?.maintenance_excess)
    }

    /// The market after independent unit moves.
    fn shift(&self, z: &[f64]) -> MarketShift {
        shift(&self.moves.factors, &self.coloured(z))
    }

    /// How far along a unit direction the excess first meets zero, up to `limit`.
    fn radius(&self, direction: &[f64], limit: f64) -> Result<Option<f64>, InputError> {
        let path = |length: f64| -> MarketShift {
            let z: Vec<f64> = direction.iter().map(|x| x * length).collect();
            self.shift(&z)
        };
        self.displaced.first_crossing(limit, STEPS, path)
    }

    fn gradient(&self, z: &[f64]) -> Result<Vec<f64>, InputError> {
        let mut point = z.to_vec();
        let mut slopes = Vec::with_capacity(z.len());
        for i in 0..z.len() {
            point[i] = z[i] + STEP;
            let above = self.excess(&point)?;
            point[i] = z[i] - STEP;
            let below = self.excess(&point)?;
            point[i] = z[i];
            slopes.push((above - below) / (2.0 * STEP));
        }
        Ok(slopes)
    }

    /// Directions to begin with: downhill from here, the scenarios of the set that hurt most, and
    /// every factor by itself both ways.
    fn starts(&self) -> Result<Vec<Vec<f64>>, InputError> {
        let dimensions = self.moves.factors.len();
        let downhill: Vec<f64> =
            self.gradient(&vec![0.0; dimensions])?.iter().map(|x| -x).collect();
        let mut starts: Vec<Vec<f64>> = unit(&downhill).into_iter().collect();
        let mut hurting = Vec::new();
        for row in &self.moves.rows {
            let z = forward_solve(&self.lower, row);
            if let Some(direction) = unit(&z) {
                let far: Vec<f64> = direction.iter().map(|x| 4.0 * x).collect();
                hurting.push((self.excess(&far)?, direction));
            }
        }
        hurting.sort_by(|a, b| a.0.total_cmp(&b.0));
        starts.extend(hurting.into_iter().take(4).map(|(_, direction)| direction));
        for i in 0..dimensions {
            for sign in [1.0, -1.0] {
                let mut axis = vec![0.0; dimensions];
                axis[i] = sign;
                starts.push(axis);
            }
        }
        Ok(starts)
    }
}

/// A direction of length 1; `None` where there is none.
fn unit(x: &[f64]) -> Option<Vec<f64>> {
    let length = x.iter().map(|x| x * x).sum::<f64>().sqrt();
    (length.is_finite() && length > 0.0).then(|| x.iter().map(|x| x / length).collect())
}

/// The market shift of some logarithmic moves.
#[must_use]
pub fn shift(factors: &[Factor], log_moves: &[f64]) -> MarketShift {
    let mut coins = BTreeMap::new();
    for (factor, log) in factors.iter().zip(log_moves) {
        match factor {
            Factor::Spot(coin) => {
                let coin: &mut plimsoll_risk::CoinMove = coins.entry(coin.clone()).or_default();
                coin.spot = exp_m1(*log);
            }
            Factor::Vol(coin) => coins.entry(coin.clone()).or_default().vol = exp_m1(*log),
        }
    }
    MarketShift { coins, ..MarketShift::default() }
}
