//! The replay on the reference series, and the proof that it does not look ahead.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use plimsoll_calibrate::backtest::law::{Charge, Measure, StressFloor};
use plimsoll_calibrate::backtest::replay::{self, Book};
use plimsoll_calibrate::backtest::verdict::{Levels, Period, divergence, verdict};
use plimsoll_calibrate::scenarios::{Generator, Method};
use plimsoll_calibrate::volatility::ewma_variances;
use plimsoll_math::normal;
use plimsoll_math::rng::{Stream, reference_panel, reference_returns};
use plimsoll_model::InputError;

const LEVELS: Levels = Levels { margin: 0.99, shortfall: 0.975 };
const VAR: Charge = Charge { measure: Measure::Var(0.99), floor: None };
const FLOORED: Charge = Charge {
    measure: Measure::Es(0.975),
    floor: Some(StressFloor { window: 60, stride: 5, share: 1.0 }),
};

/// The tracks of the books under VaR.
fn replay(
    rows: &[Vec<f64>],
    first: usize,
    generator: &mut Generator,
    books: &[Book<'_>],
    levels: Levels,
) -> Result<Vec<Vec<Period>>, InputError> {
    Ok(replay::replay(rows, first, generator, books, &[VAR], levels)?.swap_remove(0))
}

fn long(name: &str, weights: [f64; 3]) -> Book<'static> {
    Book {
        name: name.to_owned(),
        class: "directional".to_owned(),
        pnl: Box::new(move |_, moves| moves.iter().zip(weights).map(|(m, w)| m * w).sum()),
    }
}

fn exceptions(track: &[Period], first: usize) -> Vec<usize> {
    track.iter().filter(|period| period.is_exception()).map(|period| period.row - first).collect()
}

/// Third worst of the last 250, over the second half of the reference series.
#[test]
fn rolling_historical_simulation() {
    let rows: Vec<Vec<f64>> = reference_returns(500).into_iter().map(|r| vec![r]).collect();
    let mut generator = Generator::new(Method::Historical { window: 250 }).unwrap();
    let tracks = replay(&rows, 250, &mut generator, &[long("long", [1.0; 3])], LEVELS).unwrap();
    assert_eq!(exceptions(&tracks[0], 250), [101, 119, 122, 170, 246]);
    let verdict = verdict(&tracks[0], LEVELS).unwrap();
    assert_eq!((verdict.periods, verdict.exceptions), (250, 5));
    // Kupiec at 5 of 250.
    assert!((verdict.coverage.unconditional.statistic - 1.9568097882).abs() < 1e-9);
}

/// EWMA times the normal quantile.
#[test]
fn rolling_ewma_normal() {
    let returns = reference_returns(500);
    let variances = ewma_variances(&returns, 0.94, 25).unwrap();
    let z = normal::inv_cdf(0.01);
    let hits: Vec<usize> =
        (250..500).filter(|t| returns[*t] < z * variances[*t].sqrt()).map(|t| t - 250).collect();
    assert_eq!(hits, [101, 119, 170, 233, 246]);
}

const METHODS: [Method; 6] = [
    Method::Historical { window: 120 },
    Method::AgeWeighted { window: 120, lambda: 0.98 },
    Method::FilteredEwma { window: 120, lambda: 0.94 },
    Method::FilteredGarch { window: 120, refit: 10 },
    Method::StudentCopula { window: 120, lambda: 0.94, paths: 256, seed: 1 },
    Method::Normal { window: 120, lambda: 0.94, paths: 256, seed: 1 },
];

/// Whatever happens after a period, its figures and all before it stay the same, bit for bit.
#[test]
fn shuffling_the_future_changes_no_past_figure() {
    let rows: Vec<Vec<f64>> = reference_panel(200).iter().map(|row| row.to_vec()).collect();
    let cut = 160;
    let mut shuffled = rows.clone();
    let mut stream = Stream::new(8, 0);
    for i in (cut + 1..shuffled.len()).rev() {
        let j = cut + (stream.bits() % (i - cut + 1) as u64) as usize;
        shuffled.swap(i, j);
    }
    assert_ne!(rows, shuffled);
    let books = [long("one", [1.0, 0.0, 0.0]), long("spread", [1.0, -1.0, 0.2])];
    for method in METHODS {
        let run = |rows: &[Vec<f64>]| {
            let charges = [VAR, FLOORED];
            let mut generator = Generator::new(method).unwrap();
            let tracks = replay::replay(rows, 130, &mut generator, &books, &charges, LEVELS);
            tracks.unwrap().concat()
        };
        let (before, after) = (run(&rows), run(&shuffled));
        for (before, after) in before.iter().zip(&after) {
            let known = cut - 130;
            assert_eq!(before[..known], after[..known], "{method:?}");
            assert_eq!(before[known].margin, after[known].margin, "{method:?}");
            assert_ne!(before[known..], after[known..], "{method:?}: the future was not shuffled");
        }
    }
}

#[test]
fn margins_scale_with_the_book_and_models_can_be_compared() {
    let rows: Vec<Vec<f64>> = reference_panel(200).iter().map(|row| row.to_vec()).collect();
    let books = [long("one", [1.0, 0.5, 0.0]), long("two", [2.0, 1.0, 0.0])];
    for method in METHODS {
        let mut generator = Generator::new(method).unwrap();
        let tracks = replay(&rows, 190, &mut generator, &books, LEVELS).unwrap();
        for (one, two) in tracks[0].iter().zip(&tracks[1]) {
            assert_eq!(2.0 * one.margin, two.margin, "{method:?}");
            let tail = one.tail.as_ref().unwrap();
            assert!(tail.es >= tail.var && (0.0..=1.0).contains(&tail.pit));
        }
        assert_eq!(divergence(&tracks[0], &tracks[0], 0.0), Vec::<usize>::new());
        assert_eq!(divergence(&tracks[0], &tracks[1], 0.5).len(), 10);
    }
    assert!(Generator::new(Method::Historical { window: 3 }).is_err());
    let mut short = Generator::new(Method::Historical { window: 150 }).unwrap();
    let refusal = replay(&rows, 100, &mut short, &books, LEVELS).unwrap_err().to_string();
    assert!(refusal.contains("100") && refusal.contains("150"), "{refusal}");
}
