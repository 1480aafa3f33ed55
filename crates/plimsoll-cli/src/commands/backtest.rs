//! `plimsoll backtest`: margins replayed on real snapshots, and the evidence for and against them.

mod history;

use plimsoll::calibrate::backtest::books::{Class, Holds, TestBook, standard};
use plimsoll::calibrate::backtest::chains::{Contender, Replay, Replayed, Runner, Setup, Step};
use plimsoll::calibrate::backtest::lineup;
use plimsoll::calibrate::backtest::verdict::{Levels, Period, Verdict, divergence, verdict};
use plimsoll::margin::models::{self, BUNDLED};
use plimsoll::venues::deribit::chain::{ChainOptions, parse_chain};
use plimsoll::{Asset, InputCode, InputError, from_params};
use schemars::JsonSchema;
use serde::Serialize;

use super::json;
use crate::args::BacktestArgs;
use crate::args::common::Format;
use crate::exit::Answer;
use crate::html;
use crate::input;
use crate::progress::Progress;
use crate::{files, view};
use history::History;

/// Periods behind every method.
const WINDOW: usize = 500;
/// Level of the shortfall tests.
const SHORTFALL: f64 = 0.975;

/// The whole answer.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Backtest {
    /// The coin.
    pub coin: String,
    /// Nominal hours between snapshots: the horizon on which margins are judged.
    pub step_hours: f64,
    /// Levels of the tests.
    pub levels: Levels,
    /// Files, gaps and repairs, one sentence each.
    pub notes: Vec<String>,
    /// The steps between snapshots.
    pub steps: Vec<Step>,
    /// Against which margin the others are held, and the alarm in percent.
    pub champion: Champion,
    /// What was tested.
    pub runners: Vec<Runner>,
    /// The books.
    pub books: Vec<BookName>,
    /// One result per runner and book.
    pub results: Vec<Outcome>,
}

/// The champion of the comparison.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Champion {
    /// Its name; absent from the results where it is not among the runners.
    pub name: String,
    /// Percent of the smaller margin beyond which two margins are apart.
    pub alarm_pct: f64,
}

/// A book by name and class.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BookName {
    /// The name.
    pub name: String,
    /// The class.
    pub class: Class,
}

/// One margin on one book.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outcome {
    /// Place among the runners.
    pub runner: usize,
    /// Place among the books.
    pub book: usize,
    /// Every test; absent with fewer than two periods.
    pub verdict: Option<Verdict>,
    /// Steps in which the margin is apart from the champion's.
    pub apart: Vec<usize>,
    /// Why periods are missing.
    pub missing: Vec<Missing>,
    /// The periods; `row` counts the steps.
    pub periods: Vec<Period>,
}

/// A reason for missing periods.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Missing {
    /// The reason.
    pub why: String,
    /// How many periods.
    pub periods: usize,
}

/// Runs the command.
pub fn run(args: &BacktestArgs) -> anyhow::Result<Answer> {
    if !(50.0..100.0).contains(&args.level) || !(0.0..=10_000.0).contains(&args.alarm) {
        let message = format!("--level {} --alarm {}", args.level, args.alarm);
        return Err(InputError::new(InputCode::BadParameter, message)
            .hint("a level lies from 50 to below 100 percent, an alarm from 0 to 10,000")
            .into());
    }
    let levels = Levels { margin: args.level / 100.0, shortfall: SHORTFALL };
    let history = History::load(args)?;
    let mut notes = history.notes.clone();
    let coin = Asset::new(&args.coin);
    let books = books(args, &coin)?;
    let names: Vec<BookName> =
        books.iter().map(|book| BookName { name: book.name.clone(), class: book.class }).collect();
    let methods = if history.past.is_some() && !args.no_methods {
        lineup::standard(WINDOW, levels)
    } else {
        vec![]
    };
    let setup = Setup {
        coin,
        step_ms: history.step_ms,
        levels,
        contenders: contenders(args)?,
        methods,
        books,
        past: history.past,
        spots: history.spots,
    };
    let mut replay = Replay::new(setup)?;
    let progress = Progress::start("replaying snapshots", history.slices.len());
    let mut warned = 0;
    for (origin, slice) in &history.slices {
        let read = parse_chain(slice.csv.as_bytes(), &ChainOptions::default())
            .and_then(|chain| Ok((chain.warnings.len(), chain.market.check()?)))
            .map_err(|error| error.from_origin(&format!("{origin}, snapshot {}", slice.time)))?;
        warned += read.0;
        replay.push(read.1).map_err(|error| error.from_origin(origin))?;
        progress.step();
    }
    drop(progress);
    if warned > 0 {
        notes.push(format!("{warned} rows without a value or past their expiry were left out"));
    }
    let step_hours = history.step_ms as f64 / 3.6e6;
    let answer = judged(args, replay.finish(), names, notes, step_hours, levels);
    let text = match args.format.format {
        Format::Table => view::backtest::text(&answer),
        Format::Json => json(&answer)?,
    };
    let mut remarks = Vec::new();
    if let Some(path) = &args.html {
        files::write(path, &html::backtest(&answer)?)?;
        remarks.push(format!("wrote {}", path.display()));
    }
    Ok(Answer { text, remarks, ..Answer::text(String::new()) })
}

fn judged(
    args: &BacktestArgs,
    replayed: Replayed,
    books: Vec<BookName>,
    mut notes: Vec<String>,
    step_hours: f64,
    levels: Levels,
) -> Backtest {
    let Replayed { steps, runners, tracks } = replayed;
    let champion = runners.iter().position(|runner| runner.name == args.champion);
    if champion.is_none() {
        notes.push(format!("no margin is called `{}`: nothing is compared with it", args.champion));
    }
    let results = tracks.iter().map(|track| {
        let same_book = |runner: usize| {
            tracks.iter().find(|other| other.runner == runner && other.book == track.book)
        };
        let champion = champion.and_then(same_book);
        Outcome {
            runner: track.runner,
            book: track.book,
            verdict: verdict(&track.periods, levels).ok(),
            apart: champion.map_or_else(Vec::new, |champion| {
                divergence(&champion.periods, &track.periods, args.alarm / 100.0)
            }),
            missing: track
                .missing
                .iter()
                .map(|(why, periods)| Missing { why: why.clone(), periods: *periods })
                .collect(),
            periods: track.periods.clone(),
        }
    });
    let results = results.collect();
    let champion = Champion { name: args.champion.clone(), alarm_pct: args.alarm };
    let coin = args.coin.clone();
    Backtest { coin, step_hours, levels, notes, steps, champion, runners, books, results }
}

fn books(args: &BacktestArgs, coin: &Asset) -> Result<Vec<TestBook>, InputError> {
    if let Some(path) = &args.book {
        let book = input::book(path)?.value;
        let own = |account: plimsoll::model::BookAccount| TestBook {
            name: account.name.clone(),
            class: Class::Own,
            holds: Holds::Fixed(account),
        };
        return Ok(book.accounts.into_iter().map(own).collect());
    }
    let wanted = |book: &TestBook| {
        args.class.is_empty() || args.class.iter().any(|class| class.class() == book.class)
    };
    Ok(standard(coin).into_iter().filter(wanted).collect())
}

/// The models under test, each with every version of its parameters unless one was chosen.
fn contenders(args: &BacktestArgs) -> Result<Vec<Contender>, InputError> {
    let named: Vec<&str> = match args.model.as_slice() {
        [] => models::ids(),
        some => some.iter().map(String::as_str).collect(),
    };
    let mut contenders = Vec::new();
    for word in named {
        let chosen = input::parameters(word)?;
        let all = BUNDLED.iter().filter(|file| {
            file.id == chosen.id && (!word.contains('@') || file.effective == chosen.effective)
        });
        let versions = all
            .map(|file| from_params(file.text).map_err(|error| error.from_origin(file.path)))
            .collect::<Result<Vec<_>, _>>()?;
        contenders.push(Contender { name: word.to_owned(), versions });
    }
    for path in &args.params {
        let model = input::own_model(path)?;
        let name = format!("{} ({})", model.id(), files::origin(path));
        contenders.push(Contender { name, versions: vec![model] });
    }
    Ok(contenders)
}
