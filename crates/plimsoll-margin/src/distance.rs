//! How far liquidation is: the smallest moves of prices and vols at which some pool's equity meets
//! its maintenance margin. Every point is a full revaluation by the model itself.

use plimsoll_math::float::{cos, sin, sqrt};
use plimsoll_math::root::brent;
use plimsoll_model::error::InputError;
use plimsoll_model::{InstrumentId, Kind, Market, MarketMove, Portfolio};
use plimsoll_risk::{MarketShift, shifted_by};

use crate::model::MarginModel;
use crate::report::{Distance, JointMove, Rung, Surface};

/// A model, a market and a portfolio that can be asked about moved markets.
pub struct Displaced<'a> {
    model: &'a dyn MarginModel,
    market: &'a Market,
    portfolio: &'a Portfolio,
    ids: Vec<InstrumentId>,
}

/// Margin and equity in a moved market, USD.
#[derive(Clone, Copy, Debug)]
pub struct State {
    /// Equity of all pools.
    pub equity: f64,
    /// Initial margin of all pools.
    pub initial_margin: f64,
    /// Maintenance margin of all pools.
    pub maintenance_margin: f64,
    /// Least `equity − maintenance margin` over the pools.
    pub maintenance_excess: f64,
}

/// Largest searched rise of prices: +400 %.
const MOST_UP: f64 = 4.0;
/// Largest searched fall of prices: −99 %.
const MOST_DOWN: f64 = -0.99;
/// Largest searched relative rise of vols: +400 %.
const MOST_VOL_UP: f64 = 4.0;
/// Largest searched relative fall of vols: −99 %.
const MOST_VOL_DOWN: f64 = -0.99;
/// Largest searched joint move, in daily standard deviations.
const MOST_DEVIATIONS: f64 = 30.0;
/// One standard deviation of a day's relative change of implied vol. Daily changes of 30-day BTC
/// vol indices have had a standard deviation of about 5 % since 2021.
const VOL_SD: f64 = 0.05;
/// One standard deviation of a day's price where the market has no option to read it from.
const FALLBACK_VOL_ANN: f64 = 0.6;

impl<'a> Displaced<'a> {
    /// Asks about a portfolio on (moves of) a market.
    pub fn new(model: &'a dyn MarginModel, market: &'a Market, portfolio: &'a Portfolio) -> Self {
        let ids = portfolio.holdings.iter().map(|holding| holding.id).collect();
        Self { model, market, portfolio, ids }
    }

    /// Margin and equity after a move.
    pub fn state(&self, by: impl Into<MarketShift>) -> Result<State, InputError> {
        let market = shifted_by(self.market, &by.into());
        let prepared = self.model.prepare(&market, &self.ids)?;
        let requirement = prepared.requirement(self.portfolio)?;
        // A pool that holds and owes nothing has nothing to liquidate: its zero is no line reached.
        let stakes = requirement.pools.iter().filter(|pool| pool.has_stake());
        let excess = stakes.map(|pool| pool.maintenance_excess() * pool.asset_price_usd);
        let least = excess.reduce(f64::min).unwrap_or(0.0);
        Ok(State {
            equity: requirement.equity_usd(),
            initial_margin: requirement.initial_margin_usd(),
            maintenance_margin: requirement.maintenance_margin_usd(),
            maintenance_excess: least,
        })
    }

    /// The first distance along `path` (0 at the current market) at which the maintenance excess
    /// falls through zero; 0 if it is negative now; `None` if it stays positive up to `limit`.
    ///
    /// # Errors
    /// A moved market that the model cannot margin.
    pub fn first_crossing<M: Into<MarketShift>>(
        &self,
        limit: f64,
        steps: u32,
        path: impl Fn(f64) -> M,
    ) -> Result<Option<f64>, InputError> {
        let mut failure = None;
        let mut excess = |distance: f64| match self.state(path(distance)) {
            Ok(state) => state.maintenance_excess,
            Err(error) => {
                failure.get_or_insert(error);
                f64::NAN
            }
        };
        let (mut near, mut near_excess) = (0.0, excess(0.0));
        let mut found = (near_excess < 0.0).then_some(0.0);
        let mut step = 1;
        while found.is_none() && step <= steps && !near_excess.is_nan() {
            // Quadratic spacing: fine near the market, where a crossing matters most.
            let share = f64::from(step) / f64::from(steps);
            let far = limit * share * share;
            let far_excess = excess(far);
            if far_excess < 0.0 {
                found = brent(&mut excess, near, far, 1e-12).ok();
                break;
            }
            (near, near_excess) = (far, far_excess);
            step += 1;
        }
        failure.map_or(Ok(found), Err)
    }

    /// The first rise (positive `limit`) or fall of every price that liquidates.
    pub fn spot(&self, limit: f64) -> Result<Option<f64>, InputError> {
        self.first_crossing(limit, 60, |spot| MarketMove { spot, ..MarketMove::default() })
    }

    /// The nearest liquidating rise and fall of every price.
    pub fn up_and_down(&self) -> Result<(Option<f64>, Option<f64>), InputError> {
        Ok((self.spot(MOST_UP)?, self.spot(MOST_DOWN)?))
    }

    fn vol(&self, limit: f64) -> Result<Option<f64>, InputError> {
        self.first_crossing(limit, 40, |vol| MarketMove { vol, ..MarketMove::default() })
    }

    /// All distances.
    pub fn distance(&self) -> Result<Distance, InputError> {
        let percent = |found: Option<f64>| found.map(|share| 100.0 * share);
        let (up, down) = self.up_and_down()?;
        Ok(Distance {
            up_move_pct: percent(up),
            down_move_pct: percent(down),
            vol_up_pct: percent(self.vol(MOST_VOL_UP)?),
            vol_down_pct: percent(self.vol(MOST_VOL_DOWN)?),
            joint: self.joint()?,
        })
    }

    /// The joint move of prices and vols with the least length in daily standard deviations, found
    /// by a sweep of directions refined around the best.
    fn joint(&self) -> Result<Option<JointMove>, InputError> {
        let spot_sd = self.spot_sd();
        let path = |angle: f64| {
            let (along_spot, along_vol) = (cos(angle) * spot_sd, sin(angle) * VOL_SD);
            move |length: f64| MarketMove {
                spot: (length * along_spot).max(MOST_DOWN),
                vol: (length * along_vol).max(MOST_VOL_DOWN),
                days: 0.0,
            }
        };
        let radius = |angle: f64| self.first_crossing(MOST_DEVIATIONS, 30, path(angle));
        let mut best: Option<(f64, f64)> = None;
        let consider = |angle: f64, best: &mut Option<(f64, f64)>| -> Result<(), InputError> {
            if let Some(length) = radius(angle)?
                && best.is_none_or(|(_, least)| length < least)
            {
                *best = Some((angle, length));
            }
            Ok(())
        };
        const DIRECTIONS: u32 = 24;
        let mut width = 2.0 * std::f64::consts::PI / f64::from(DIRECTIONS);
        for direction in 0..DIRECTIONS {
            consider(f64::from(direction) * width, &mut best)?;
        }
        while width > 0.01 {
            width /= 2.0;
            if let Some((centre, _)) = best {
                consider(centre - width, &mut best)?;
                consider(centre + width, &mut best)?;
            } else {
                break;
            }
        }
        Ok(best.map(|(angle, length)| {
            let by = path(angle)(length);
            JointMove {
                spot_move_pct: 100.0 * by.spot,
                vol_move_pct: 100.0 * by.vol,
                standard_deviations: length,
                spot_sd_pct: 100.0 * spot_sd,
                vol_sd_pct: 100.0 * VOL_SD,
            }
        }))
    }

    /// One standard deviation of a day's price: the vol of the held option nearest to the money and
    /// to 30 days, over √365.
    fn spot_sd(&self) -> f64 {
        let mut nearest: Option<(f64, f64)> = None;
        for listing in &self.market.listings {
            let instrument = &listing.instrument;
            let Kind::Option { expiry, strike, .. } = instrument.kind else { continue };
            let forward = self.market.forward(&instrument.underlying, expiry);
            let (Some(forward), Some(vol)) = (forward, listing.mark_vol) else { continue };
            let days = self.market.time.days_until(expiry);
            let away = (strike / forward - 1.0).abs() + (days - 30.0).abs() / 365.0;
            if nearest.is_none_or(|(least, _)| away < least) {
                nearest = Some((away, vol));
            }
        }
        nearest.map_or(FALLBACK_VOL_ANN, |(_, vol)| vol) / sqrt(365.0)
    }

    /// Margin and equity after each move of every price.
    pub fn ladder(&self, moves_pct: &[f64]) -> Result<Vec<Rung>, InputError> {
        let rung = |move_pct: &f64| {
            let by = MarketMove { spot: move_pct / 100.0, ..MarketMove::default() };
            let state = self.state(by)?;
            Ok(Rung {
                move_pct: *move_pct,
                equity: state.equity,
                initial_margin: state.initial_margin,
                maintenance_margin: state.maintenance_margin,
                under_maintenance: state.maintenance_excess < 0.0,
            })
        };
        moves_pct.iter().map(rung).collect()
    }

    /// P&L, equity and maintenance excess over a grid of moves.
    pub fn surface(
        &self,
        spot_moves_pct: &[f64],
        vol_moves_pct: &[f64],
    ) -> Result<Surface, InputError> {
        let now = self.state(MarketMove::default())?;
        let mut surface = Surface {
            spot_moves_pct: spot_moves_pct.to_vec(),
            vol_moves_pct: vol_moves_pct.to_vec(),
            pnl: vec![],
            equity: vec![],
            maintenance_excess: vec![],
        };
        for vol_pct in vol_moves_pct {
            let row: Result<Vec<State>, InputError> = spot_moves_pct
                .iter()
                .map(|spot_pct| {
                    let by = MarketMove { spot: spot_pct / 100.0, vol: vol_pct / 100.0, days: 0.0 };
                    self.state(by)
                })
                .collect();
            let row = row?;
            surface.pnl.push(row.iter().map(|state| state.equity - now.equity).collect());
            surface.equity.push(row.iter().map(|state| state.equity).collect());
            surface
                .maintenance_excess
                .push(row.iter().map(|state| state.maintenance_excess).collect());
        }
        Ok(surface)
    }
}
