//! Replays market history and prints, as Markdown, how every method would have fared on every book.
//!
//! ```text
//! replay_history <folder>
//! ```
//!
//! The folder holds plain CSV files; a panel whose files are missing is left out:
//!
//! | file | columns | used for |
//! | --- | --- | --- |
//! | `btc_spot_1h.csv`, `eth_spot_1h.csv` | `open_time_ms`, …, `close` | spot books |
//! | `perp_1h_close.csv` | `open_time_utc`, one per symbol | many-coin books |
//! | `dvol_1h.csv` | `open_time_ms`, …, `dvol_close` | option books on a vol index |
//! | `chain_index.csv`, `chains.csv` | snapshot panels of a venue's full option chains | option books re-marked on real chains |

#![allow(clippy::print_stdout, reason = "an example prints its table")]

mod books;
mod chains;

use std::fs;
use std::path::Path;

use plimsoll_calibrate::backtest::replay::{Book, Levels, Period, Verdict, replay, verdict};
use plimsoll_calibrate::history::{ReturnPanel, Series};
use plimsoll_calibrate::scenarios::{Generator, Method};
use plimsoll_model::Timestamp;
use plimsoll_venues::history::{Observations, hourly_closes, hourly_closes_of, vol_index};

pub(crate) type Failure = Box<dyn std::error::Error>;

const DAY_MS: i64 = 86_400_000;
const LEVELS: Levels = Levels { margin: 0.99, shortfall: 0.975 };

/// Names and methods compared.
const METHODS: [(&str, Method); 7] = [
    ("hs-500", Method::Historical { window: 500 }),
    ("age-weighted .98", Method::AgeWeighted { window: 500, lambda: 0.98 }),
    ("fhs-ewma .94", Method::FilteredEwma { window: 500, lambda: 0.94 }),
    ("fhs-ewma .97", Method::FilteredEwma { window: 500, lambda: 0.97 }),
    ("fhs-garch", Method::FilteredGarch { window: 500, refit: 50 }),
    ("normal ewma .94", Method::Normal { window: 500, lambda: 0.94, paths: 1024, seed: 1 }),
    ("t-copula .94", Method::StudentCopula { window: 500, lambda: 0.94, paths: 1024, seed: 1 }),
];

/// Windows named in the table, first and last day.
const CRASHES: [(&str, &str, &str); 5] = [
    ("Mar 2020", "2020-03-01T00:00:00Z", "2020-04-01T00:00:00Z"),
    ("May 2021", "2021-05-01T00:00:00Z", "2021-06-30T00:00:00Z"),
    ("Nov 2022", "2022-11-01T00:00:00Z", "2022-12-01T00:00:00Z"),
    ("Oct 2025", "2025-10-01T00:00:00Z", "2025-11-01T00:00:00Z"),
    ("Feb 2026", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"),
];

fn main() -> Result<(), Failure> {
    let folder = std::env::args().nth(1).ok_or("usage: replay_history <folder>")?;
    let folder = Path::new(&folder);
    let read = |name: &str| fs::read(folder.join(name)).ok();
    let (btc, eth) = (read("btc_spot_1h.csv"), read("eth_spot_1h.csv"));
    if let (Some(btc), Some(eth)) = (&btc, &eth) {
        let series = [daily("BTC", hourly_closes(btc)?)?, daily("ETH", hourly_closes(eth)?)?];
        run("BTC and ETH spot, daily", &series, &books::spot())?;
    }
    if let Some(perps) = read("perp_1h_close.csv") {
        let coin = |symbol: &str| daily(symbol, hourly_closes_of(&perps, symbol)?);
        let series =
            books::COINS.iter().map(|symbol| coin(symbol)).collect::<Result<Vec<_>, _>>()?;
        run("Ten perpetuals, daily", &series, &books::baskets())?;
    }
    if let (Some(btc), Some(dvol)) = (&btc, read("dvol_1h.csv")) {
        let spot = daily("BTC", hourly_closes(btc)?)?;
        let vol = daily("DVOL", vol_index(&dvol)?)?;
        let panel = ReturnPanel::new(&[&spot, &vol], DAY_MS)?;
        let vols = books::vols_before(&panel.history, &vol);
        run(
            "BTC spot and DVOL, daily, options revalued",
            &[spot.clone(), vol.clone()],
            &books::options(&vols),
        )?;
        if let (Some(index), Some(chain)) = (read("chain_index.csv"), read("chains.csv")) {
            let replayed = chains::Replayed::new(&panel.history, &index, &chain)?;
            let first = replayed.first;
            let books = replayed.books();
            println!("## Real BTC option chains, daily, from {}\n", replayed.times[first]);
            table(&replayed.rows, &replayed.times, first, &books)?;
        }
    }
    Ok(())
}

fn daily(name: &str, raw: Observations) -> Result<Series, Failure> {
    let checked = Series::checked(name, raw)?;
    for repair in &checked.repairs {
        println!("> {repair}\n");
    }
    Ok(checked.history.sampled(DAY_MS))
}

fn run(title: &str, series: &[Series], books: &[Book<'_>]) -> Result<(), Failure> {
    let refs: Vec<&Series> = series.iter().collect();
    let panel = ReturnPanel::new(&refs, DAY_MS)?;
    let first = 500;
    println!("## {title}\n");
    for repair in &panel.repairs {
        println!("> {repair}\n");
    }
    let times = &panel.history.times;
    println!("Judged from {} to {}.\n", times[first], times[times.len() - 1]);
    table(&panel.history.rows, times, first, books)
}

fn table(
    rows: &[Vec<f64>],
    times: &[Timestamp],
    first: usize,
    books: &[Book<'_>],
) -> Result<(), Failure> {
    println!(
        "| method | book | class | days | exceptions | expected | Kupiec p | cond. cov. p | Z₂ | FZ score | over-margin | peak/trough | 5-day rise | worst loss/margin | {} |",
        CRASHES.map(|crash| crash.0).join(" | ")
    );
    println!("{}|", "| --- ".repeat(14 + CRASHES.len()));
    for (name, method) in METHODS {
        let tracks = replay(rows, first, &mut Generator::new(method)?, books, LEVELS)?;
        for (book, track) in books.iter().zip(&tracks) {
            let verdict = verdict(track, LEVELS)?;
            print_row(name, book, &verdict, track, times)?;
        }
    }
    println!();
    Ok(())
}

fn print_row(
    method: &str,
    book: &Book<'_>,
    verdict: &Verdict,
    track: &[Period],
    times: &[Timestamp],
) -> Result<(), Failure> {
    let optional = |x: Option<f64>, digits: usize| {
        x.map_or_else(|| "–".to_owned(), |x| format!("{x:.digits$}"))
    };
    let mut crashes = Vec::new();
    for (_, from, to) in CRASHES {
        let (from, to): (Timestamp, Timestamp) = (from.parse()?, to.parse()?);
        let inside: Vec<&Period> =
            track.iter().filter(|p| times[p.row] >= from && times[p.row] < to).collect();
        let hits = inside.iter().filter(|p| p.margin + p.forecast.pnl < 0.0).count();
        crashes.push(if inside.is_empty() {
            "–".to_owned()
        } else {
            format!("{hits}/{}", inside.len())
        });
    }
    println!(
        "| {method} | {} | {} | {} | {} | {:.1} | {:.4} | {:.4} | {} | {} | {} | {} | {} | {:.2} | {} |",
        book.name,
        book.class,
        verdict.periods,
        verdict.exceptions,
        verdict.periods as f64 * (1.0 - LEVELS.margin),
        verdict.coverage.unconditional.p_value,
        verdict.coverage.conditional.p_value,
        optional(verdict.shortfall.map(|s| s.z2), 2),
        optional(verdict.score, 3),
        optional(verdict.over_margin, 2),
        optional(verdict.peak_to_trough, 1),
        optional(verdict.rise_5, 2),
        verdict.worst_breach,
        crashes.join(" | "),
    );
    Ok(())
}
