//! Replaying history: at every period a margin from the past alone, then what happened.
//!
//! The generator is handed `rows[..t]` and never more, so no figure of period `t` can depend on a
//! later row; a test shuffles the future to prove it.

use std::sync::Arc;

use plimsoll_model::error::{InputCode, InputError};

use super::law::{Charge, Law, Measure};
use super::verdict::{Levels, Period, Tail};
use crate::scenarios::Generator;

/// Profit of one step, from its number and the factor returns of that step.
pub type PnlOfStep<'a> = Box<dyn Fn(usize, &[f64]) -> f64 + 'a>;

/// A book as a function of a move: `pnl(t, moves)` is its profit in period `t` if the factors change by
/// `moves` (logarithmic). It may use what was known when the period began, and nothing later.
pub struct Book<'a> {
    /// The name.
    pub name: String,
    /// Directional, hedged, short vol, spread, …
    pub class: String,
    /// Profit of a move.
    pub pnl: PnlOfStep<'a>,
}

/// The margins of every book in every period from row `first` on: `tracks[charge][book]`.
///
/// # Errors
/// A generator that refuses the past, a charge or a profit that is not one.
pub fn replay(
    rows: &[Vec<f64>],
    first: usize,
    generator: &mut Generator,
    books: &[Book<'_>],
    charges: &[Charge],
    levels: Levels,
) -> Result<Vec<Vec<Vec<Period>>>, InputError> {
    charges.iter().try_for_each(Charge::check)?;
    let mut tracks = vec![vec![Vec::new(); books.len()]; charges.len()];
    for (row, realised) in rows.iter().enumerate().skip(first) {
        let scenarios = generator.scenarios(&rows[..row])?;
        for (place, book) in books.iter().enumerate() {
            let profits = |moves: &[Vec<f64>]| -> Vec<f64> {
                moves.iter().map(|moves| (book.pnl)(row, moves)).collect()
            };
            let law = Law::new(profits(&scenarios.moves), scenarios.weights.as_deref())?;
            let forecast = Forecasts::new(law, charges, levels, || profits(&rows[..row]))?;
            let pnl = (book.pnl)(row, realised);
            if !pnl.is_finite() {
                let message = format!("{} gains {pnl} in period {row}", book.name);
                return Err(InputError::new(InputCode::BadNumber, message));
            }
            for (tracks, period) in tracks.iter_mut().zip(forecast.periods(row, pnl)) {
                tracks[place].push(period);
            }
        }
    }
    Ok(tracks)
}

/// What one method says about one book before a period: a margin per charge, and the law behind them.
pub(super) struct Forecasts {
    margins: Vec<f64>,
    var: f64,
    es: f64,
    law: Arc<Law>,
}

impl Forecasts {
    /// Reads every charge off the law; the profits of the past are asked for only where one has a
    /// floor.
    pub fn new(
        law: Law,
        charges: &[Charge],
        levels: Levels,
        past: impl FnOnce() -> Vec<f64>,
    ) -> Result<Self, InputError> {
        let past = if charges.iter().any(|c| c.floor.is_some()) { past() } else { vec![] };
        let margins = charges.iter().map(|charge| charge.margin(&law, &past));
        Ok(Self {
            margins: margins.collect::<Result<_, _>>()?,
            var: law.read(Measure::Var(levels.shortfall))?,
            es: law.read(Measure::Es(levels.shortfall))?,
            law: Arc::new(law),
        })
    }

    /// One period per charge, once the profit is known.
    pub fn periods(&self, row: usize, pnl: f64) -> impl Iterator<Item = Period> + '_ {
        let pit = self.law.probability(pnl);
        self.margins.iter().map(move |margin| {
            let law = Arc::clone(&self.law);
            let tail = Some(Tail { var: self.var, es: self.es, pit, law });
            Period { row, margin: *margin, pnl, tail }
        })
    }
}
