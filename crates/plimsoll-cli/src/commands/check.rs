//! `plimsoll check`: our numbers beside the venue's own.

use plimsoll::margin::report::{Assessment, ModelReport, PoolReport, SnapshotReport};
use plimsoll::model::number::{Exact, to_f64};
use plimsoll::venues::{Counterpart, VenueMargin, VenuePool, any_venue_margin, venue_margin};
use plimsoll::{Book, InputCode, InputError, Market, Portfolio, assess};
use schemars::JsonSchema;
use serde::Serialize;

use super::json;
use crate::args::CheckArgs;
use crate::args::common::{Format, MarketArg, ModelArgs};
use crate::exit::{Answer, Status};
use crate::input::{self, Source};
use crate::{files, view};

/// What a venue says an account needs, and what we say.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Check {
    /// The venue.
    pub venue: String,
    /// The answer that was read.
    pub answer: String,
    /// The account.
    pub account: String,
    /// Our model and its parameters.
    pub model: ModelReport,
    /// The market.
    pub snapshot: SnapshotReport,
    /// Pots of collateral.
    pub pools: Vec<CheckedPool>,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// One pot of collateral; amounts in its own asset.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CheckedPool {
    /// The name.
    pub name: String,
    /// What amounts are counted in.
    pub asset: String,
    /// Number by number.
    pub lines: Vec<Line>,
}

/// One number of theirs, and ours where we have one.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Line {
    /// What it is, in the venue's words where it is a part.
    pub what: String,
    /// Theirs.
    pub theirs: f64,
    /// Ours; absent where we have no such number.
    pub ours: Option<f64>,
    /// Ours − theirs.
    pub difference: Option<f64>,
    /// The difference as a percentage of theirs; absent where theirs is 0.
    pub difference_pct: Option<f64>,
}

/// Runs the command.
pub fn run(args: &CheckArgs) -> anyhow::Result<Answer> {
    let path = &args.venue_response;
    let (bytes, origin) = (files::read(path)?, files::origin(path));
    let theirs = match args.venue {
        Some(venue) => venue_margin(venue, origin, &bytes)?,
        None => any_venue_margin(origin, &bytes)?,
    };
    let market = input::market(&MarketArg { market: args.market.clone() })?;
    let book = match (&args.book, &theirs.book) {
        (Some(path), _) => input::book(path)?,
        (None, Some(book)) => Source { value: book.clone(), origin: origin.to_owned() },
        (None, None) => {
            let message = "the answer carries no positions";
            let error = InputError::new(InputCode::Missing, message).from_origin(origin);
            return Err(error.hint("give the account's book with --book").into());
        }
    };
    let portfolio = portfolio(&book, args.account.as_deref(), &market.value)
        .map_err(|error| error.from_origin(&book.origin))?;
    let model = input::model(&model_args(args, &theirs, origin)?, &market.value)?;
    let ours = assess(model.as_ref(), &market.value, &portfolio)
        .map_err(|error| error.from_origin(&book.origin))?;
    let check = compare(theirs, ours, &market.value)?;
    let text = match args.format.format {
        Format::Json => json(&check)?,
        Format::Table => view::check::text(&check),
    };
    let differs = args.tolerance_pct.is_some_and(|percent| check.differs_by_more_than(percent));
    let status = if differs { Status::Differs } else { Status::Fine };
    Ok(Answer { text, remarks: vec![], status })
}

fn portfolio(
    book: &Source<Book>,
    name: Option<&str>,
    market: &Market,
) -> Result<Portfolio, InputError> {
    let account = match (name, book.value.accounts.as_slice()) {
        (Some(name), _) => book.value.account(name)?,
        (None, [account]) => account,
        (None, accounts) => {
            let known: Vec<&str> = accounts.iter().map(|one| one.name.as_str()).collect();
            let message = format!("the book holds {} accounts", accounts.len());
            return Err(InputError::new(InputCode::UnknownAccount, message)
                .hint(format!("choose with --account ({})", known.join(", "))));
        }
    };
    Portfolio::bind(account, market)
}

fn model_args(
    args: &CheckArgs,
    theirs: &VenueMargin,
    origin: &str,
) -> Result<ModelArgs, InputError> {
    let id = args.model.as_deref().or(theirs.model);
    if id.is_none() && args.params.is_none() {
        let message = "the answer does not say under which model it was computed";
        let error = InputError::new(InputCode::Missing, message).from_origin(origin);
        return Err(error.hint("choose with --model; `plimsoll models` lists them"));
    }
    Ok(ModelArgs { model: id.unwrap_or_default().to_owned(), params: args.params.clone() })
}

fn compare(theirs: VenueMargin, ours: Assessment, market: &Market) -> anyhow::Result<Check> {
    let mut notes = theirs.notes;
    let mut pools = Vec::new();
    for pool in &theirs.pools {
        match counterpart(pool, &ours) {
            Some(own) => pools.push(checked(pool, own, market)?),
            None => {
                notes.push(format!("{} has no pool {} to compare with", ours.model.id, pool.name));
            }
        }
    }
    notes.extend(ours.notes);
    Ok(Check {
        venue: theirs.venue.to_string(),
        answer: theirs.answer.to_owned(),
        account: ours.account,
        model: ours.model,
        snapshot: ours.snapshot,
        pools,
        notes,
    })
}

/// Our pool of the same name or asset; where both have only one, that.
fn counterpart<'a>(theirs: &VenuePool, ours: &'a Assessment) -> Option<&'a PoolReport> {
    let by_name = ours.pools.iter().find(|pool| pool.name == theirs.name);
    let by_asset = || ours.pools.iter().find(|pool| pool.asset == theirs.asset);
    by_name.or_else(by_asset)
}

fn checked(theirs: &VenuePool, ours: &PoolReport, market: &Market) -> anyhow::Result<CheckedPool> {
    let price = market.asset_price_usd(&theirs.asset).ok_or_else(|| {
        let message = format!("market {} has no price of {}", market.id, theirs.asset);
        InputError::new(InputCode::UnknownAsset, message)
    })?;
    // Ours in their asset.
    let scale = ours.asset_price / price;
    let line = |what: &str, theirs: Exact, ours: Option<f64>| {
        let theirs = to_f64(theirs.0);
        let difference = ours.map(|ours| ours - theirs);
        let share = |difference: f64| 100.0 * difference / theirs.abs();
        Line {
            what: what.to_owned(),
            theirs,
            ours,
            difference,
            difference_pct: difference.filter(|_| theirs != 0.0).map(share),
        }
    };
    let totals = [
        ("equity", theirs.equity, ours.equity),
        ("initial margin", theirs.initial_margin, ours.initial_margin),
        ("maintenance margin", theirs.maintenance_margin, ours.maintenance_margin),
        ("excess over initial", theirs.excess_initial, ours.excess),
        (
            "excess over maintenance",
            theirs.excess_maintenance,
            ours.equity - ours.maintenance_margin,
        ),
    ];
    let totals = totals
        .into_iter()
        .filter_map(|(what, theirs, ours)| Some(line(what, theirs?, Some(ours * scale))));
    let parts = theirs.components.iter().map(|part| {
        let own = part.ours.as_ref().and_then(|name| part_of_ours(name, ours));
        line(&part.name, part.amount, own.map(|own| own * scale))
    });
    let lines = totals.chain(parts).collect();
    Ok(CheckedPool { name: theirs.name.clone(), asset: theirs.asset.to_string(), lines })
}

fn part_of_ours(name: &Counterpart, ours: &PoolReport) -> Option<f64> {
    let component = |name: &str| ours.components.iter().find(|part| part.name == name);
    match name {
        Counterpart::Initial(name) => component(name).map(|part| part.amount),
        Counterpart::Maintenance(name) => component(name).map(|part| part.maintenance),
        Counterpart::Figure(name) => ours.figures.get(name).copied(),
    }
}

impl Check {
    /// Whether some number of ours is further than this from theirs, in percent of theirs.
    fn differs_by_more_than(&self, percent: f64) -> bool {
        let lines = self.pools.iter().flat_map(|pool| &pool.lines);
        lines.into_iter().any(|line| match (line.difference_pct, line.difference) {
            (Some(share), _) => share.abs() > percent,
            (None, Some(difference)) => difference != 0.0,
            (None, None) => false,
        })
    }
}
