//! What the charts show beyond the assessment: the account on a grid of moved markets.

use plimsoll::margin::distance::Displaced;
use plimsoll::margin::report::{Assessment, Rung, Surface};
use plimsoll::{InputError, MarginModel, Market, Portfolio, surface};
use serde::Serialize;

use crate::progress::Progress;

/// The least and the greatest relative move of every vol, and the percent between moves.
const VOL_PCT: (i32, i32, usize) = (-50, 100, 5);

/// The least, the usual and the greatest fall and rise that are shown, percent.
const DOWN_PCT: (f64, f64, f64) = (30.0, 50.0, 90.0);
const UP_PCT: (f64, f64, f64) = (30.0, 50.0, 100.0);

/// Percent between price moves: the first that needs no more than so many of them.
const STEPS_PCT: [f64; 3] = [1.0, 2.0, 2.5];
const MOST_MOVES: f64 = 80.0;

/// The account in moved markets.
#[derive(Debug, Serialize)]
pub struct Charts {
    surface: Surface,
    sweep: Vec<Rung>,
}

impl Charts {
    /// Steps that [`Charts::of`] reports: one per row of the surface and one for the sweep.
    pub const STEPS: usize = (VOL_PCT.1 - VOL_PCT.0) as usize / VOL_PCT.2 + 2;

    /// Revalues the account on the grid.
    pub fn of(
        model: &dyn MarginModel,
        market: &Market,
        portfolio: &Portfolio,
        answer: &Assessment,
        progress: &Progress,
    ) -> Result<Self, InputError> {
        let moves = moves(answer);
        let vol_moves = || (VOL_PCT.0..=VOL_PCT.1).step_by(VOL_PCT.2).map(f64::from);
        let mut whole = Surface {
            spot_moves_pct: moves.clone(),
            vol_moves_pct: vol_moves().collect(),
            pnl: vec![],
            equity: vec![],
            maintenance_excess: vec![],
        };
        for vol_move in vol_moves() {
            let row = surface(model, market, portfolio, &moves, &[vol_move])?;
            whole.pnl.extend(row.pnl);
            whole.equity.extend(row.equity);
            whole.maintenance_excess.extend(row.maintenance_excess);
            progress.step();
        }
        let (narrow, portfolio) = portfolio.narrowed(market);
        let sweep = Displaced::new(model, &narrow, &portfolio).ladder(&moves)?;
        progress.step();
        Ok(Self { surface: whole, sweep })
    }
}

/// Moves of every price that show liquidation, where it is near enough, with room beyond it.
fn moves(answer: &Assessment) -> Vec<f64> {
    let reach = |found: Option<f64>, (least, usual, most): (f64, f64, f64)| {
        found.map_or(usual, |percent| 1.3 * percent.abs()).clamp(least, most)
    };
    let distance = &answer.distance_to_liquidation;
    let down = reach(distance.down_move_pct, DOWN_PCT);
    let up = reach(distance.up_move_pct, UP_PCT);
    let fine = STEPS_PCT.into_iter().find(|step| (down + up) / step <= MOST_MOVES);
    let step = fine.unwrap_or(STEPS_PCT[STEPS_PCT.len() - 1]);
    // Counted from zero, so that the present market is one of them.
    let (below, above) = ((down / step).ceil() as i32, (up / step).ceil() as i32);
    (-below..=above).map(|count| f64::from(count) * step).collect()
}
