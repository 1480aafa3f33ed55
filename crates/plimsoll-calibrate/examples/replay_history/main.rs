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
//!
//! Margin models run on the spot panel too, on perpetuals marked at spot. Real option chains are
//! replayed by `plimsoll backtest --chains`.
//!
#![allow(clippy::print_stdout, reason = "an example prints its table")]

mod books;
mod perpetuals;

use std::fs;
use std::path::Path;

use plimsoll_calibrate::backtest::law::Charge;
use plimsoll_calibrate::backtest::lineup;
use plimsoll_calibrate::backtest::replay::{Book, replay};
use plimsoll_calibrate::backtest::verdict::{Levels, Period, verdict};
use plimsoll_calibrate::history::{ReturnPanel, Series};
use plimsoll_calibrate::scenarios::Generator;
use plimsoll_model::Timestamp;
use plimsoll_venues::history::{Observations, hourly_closes, hourly_closes_of, vol_index};

pub(crate) type Failure = Box<dyn std::error::Error>;

const DAY_MS: i64 = 86_400_000;
const LEVELS: Levels = Levels { margin: 0.99, shortfall: 0.975 };
const WINDOW: usize = 500;

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
        perpetuals::run(&series)?;
        run("BTC and ETH spot, daily, rolling methods", &series, &books::spot())?;
    }
    if let Some(perps) = read("perp_1h_close.csv") {
        let coin = |symbol: &str| daily(symbol, hourly_closes_of(&perps, symbol)?);
        let series =
            books::COINS.iter().map(|symbol| coin(symbol)).collect::<Result<Vec<_>, _>>()?;
        run("Ten perpetuals, daily, rolling methods", &series, &books::baskets())?;
    }
    if let (Some(btc), Some(dvol)) = (&btc, read("dvol_1h.csv")) {
        let spot = daily("BTC", hourly_closes(btc)?)?;
        let vol = daily("DVOL", vol_index(&dvol)?)?;
        let panel = ReturnPanel::new(&[&spot, &vol], DAY_MS)?;
        let vols = books::vols_before(&panel.history, &vol);
        let title = "BTC spot and DVOL, daily, options revalued, rolling methods";
        run(title, &[spot.clone(), vol.clone()], &books::options(&vols))?;
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
    println!("## {title}\n");
    for repair in &panel.repairs {
        println!("> {repair}\n");
    }
    let (rows, times) = (&panel.history.rows, &panel.history.times);
    println!("Judged from {} to {}.\n", times[WINDOW], times[times.len() - 1]);
    print_head();
    for method in lineup::standard(WINDOW, LEVELS) {
        let charges: Vec<Charge> = method.charges.iter().map(|(_, charge)| *charge).collect();
        let mut generator = Generator::new(method.method)?;
        let tracks = replay(rows, WINDOW, &mut generator, books, &charges, LEVELS)?;
        for ((name, _), tracks) in method.charges.iter().zip(&tracks) {
            for (book, track) in books.iter().zip(tracks) {
                print_row([name, &book.name, &book.class], track, |row| times[row])?;
            }
        }
    }
    println!();
    Ok(())
}

/// The head of a table of [`print_row`]s.
pub(crate) fn print_head() {
    println!(
        "| margin | book | class | days | exceptions | expected | Kupiec p | TUFF p | indep. p | cond. cov. p | durations p | light | Z1 | Z2 | Z3 | FZ score | over-margin | peak/trough | 5-day rise | worst loss/margin | {} |",
        CRASHES.map(|crash| crash.0).join(" | ")
    );
    println!("{}|", "| --- ".repeat(20 + CRASHES.len()));
}

/// Every test of one track; `time` is the end of a row.
pub(crate) fn print_row(
    names: [&str; 3],
    track: &[Period],
    time: impl Fn(usize) -> Timestamp,
) -> Result<(), Failure> {
    let verdict = verdict(track, LEVELS)?;
    let maybe = |x: Option<f64>, digits: usize| {
        x.map_or_else(|| "–".to_owned(), |x| format!("{x:.digits$}"))
    };
    let mut crashes = Vec::new();
    for (_, from, to) in CRASHES {
        let (from, to): (Timestamp, Timestamp) = (from.parse()?, to.parse()?);
        let inside: Vec<&Period> =
            track.iter().filter(|p| time(p.row) >= from && time(p.row) < to).collect();
        let hits = inside.iter().filter(|period| period.is_exception()).count();
        crashes.push(if inside.is_empty() {
            "–".to_owned()
        } else {
            format!("{hits}/{}", inside.len())
        });
    }
    let coverage = &verdict.coverage;
    println!(
        "| {} | {} | {} | {:.1} | {:.4} | {} | {:.4} | {:.4} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
        names.join(" | "),
        verdict.periods,
        verdict.exceptions,
        verdict.periods as f64 * (1.0 - LEVELS.margin),
        coverage.unconditional.p_value,
        maybe(verdict.first_failure.map(|test| test.p_value), 4),
        coverage.independence.p_value,
        coverage.conditional.p_value,
        maybe(verdict.duration.map(|test| test.test.p_value), 4),
        format!("{:?}", verdict.light.zone).to_lowercase(),
        maybe(verdict.shortfall.and_then(|s| s.z1), 2),
        maybe(verdict.shortfall.map(|s| s.z2), 2),
        maybe(verdict.z3, 2),
        maybe(verdict.score, 3),
        maybe(verdict.over_margin, 2),
        maybe(verdict.peak_to_trough, 1),
        maybe(verdict.rise_5, 2),
        maybe(verdict.worst_breach, 2),
        crashes.join(" | "),
    );
    Ok(())
}
