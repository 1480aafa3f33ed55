//! What the charts show beyond the assessment: the account on a grid of moved markets.

use plimsoll::margin::distance::Displaced;
use plimsoll::margin::report::{Assessment, Rung, Surface};
use plimsoll::{InputError, MarginModel, Market, Portfolio, surface};
use serde::Serialize;

use crate::progress::Progress;

/// Relative moves of every vol, percent.
const VOL_MOVES_PCT: [f64; 16] = [
    -50.0, -40.0, -30.0, -20.0, -10.0, 0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0,
    100.0,
];

/// The least, the usual and the greatest fall and rise that are shown, percent.
const DOWN_PCT: (f64, f64, f64) = (30.0, 50.0, 90.0);
const UP_PCT: (f64, f64, f64) = (30.0, 50.0, 100.0);

/// Percent between price moves.
const STEP_PCT: f64 = 2.5;

/// The account in moved markets.
#[derive(Debug, Serialize)]
pub struct Charts {
    surface: Surface,
    sweep: Vec<Rung>,
}

impl Charts {
    /// Steps that [`Charts::of`] reports: one per row of the surface and one for the sweep.
    pub const STEPS: usize = VOL_MOVES_PCT.len() + 1;

    /// Revalues the account on the grid.
    pub fn of(
        model: &dyn MarginModel,
        market: &Market,
        portfolio: &Portfolio,
        answer: &Assessment,
        progress: &Progress,
    ) -> Result<Self, InputError> {
        let moves = moves(answer);
        let mut whole = Surface {
            spot_moves_pct: moves.clone(),
            vol_moves_pct: VOL_MOVES_PCT.to_vec(),
            pnl: vec![],
            equity: vec![],
            maintenance_excess: vec![],
        };
        for vol_move in VOL_MOVES_PCT {
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
        let percent = found.map_or(usual, |percent| 1.3 * percent.abs()).clamp(least, most);
        (percent / STEP_PCT).ceil() as i32
    };
    let distance = &answer.distance_to_liquidation;
    let down = reach(distance.down_move_pct, DOWN_PCT);
    let up = reach(distance.up_move_pct, UP_PCT);
    (-down..=up).map(|step| f64::from(step) * STEP_PCT).collect()
}
