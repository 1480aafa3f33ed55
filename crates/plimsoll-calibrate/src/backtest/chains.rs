//! Replaying real snapshots: any margin model, and every method, on books picked from what was listed.
//!
//! ```text
//! at t        book      ← what the snapshot of t lists
//!             margin    ← the model on the snapshot of t; or a method on moves up to t
//! at t + 1    profit    ← the venue's own marks of the same contracts; expired ones are settled
//!             exception ⇔ profit < −margin
//! ```
//!
//! A [`Replay`] is handed one snapshot after the other and answers each before it is handed the next,
//! so no margin can depend on a later one. Parameters are another matter: a file dated after a
//! snapshot knows more than was known then, which [`Runner::parameters_after`] tells.
//!
//! **The margin under test** is the loss in USD that the account bears when it holds exactly its
//! initial margin: worth of its positions less its excess, `W − (equity − IM)`. Where a model counts
//! option values as equity that is IM. Where it does not (the mark of a short is part of IM and its
//! value no debt, or a long has no credit), IM alone would compare a liability with a change of it.
//!
//! **Profits** are counted in what the collateral is: in coins, at the price of `t`, where a pool of
//! the model is in that coin, else in USD at the prices of each snapshot.

use std::collections::BTreeMap;

use plimsoll_margin::model::{MarginModel, Requirement};
use plimsoll_math::moments::mean;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::{Asset, Kind, Market, Portfolio, Timestamp};
use plimsoll_pricing::snapshot::completed;
use schemars::JsonSchema;
use serde::Serialize;

use super::books::TestBook;
use super::lineup::MethodRun;
use super::marks::{Account, Delivery, Worth, in_usd, profit_usd};
use super::replay::Forecasts;
use super::verdict::{Levels, Period};
use crate::history::{ReturnPanel, Series};

mod laws;

use laws::Methods;

/// A margin model under test, with every version of its parameters.
#[derive(Debug)]
pub struct Contender {
    /// The name in tables.
    pub name: String,
    /// Versions by effective date, ascending.
    pub versions: Vec<Box<dyn MarginModel>>,
}

impl Contender {
    /// The version in force at an instant: the latest effective by then, else the earliest.
    fn in_force(&self, at: Timestamp) -> Option<&dyn MarginModel> {
        let today = day(at);
        // ISO dates sort as text.
        let known = |model: &&dyn MarginModel| model.provenance().effective <= today;
        let mut versions = self.versions.iter().map(AsRef::as_ref);
        versions.clone().rfind(known).or_else(|| versions.next())
    }
}

fn day(at: Timestamp) -> String {
    let (year, month, day) = at.date_utc();
    format!("{year:04}-{month:02}-{day:02}")
}

/// What to replay.
pub struct Setup {
    /// The coin whose index and 30-day vol are the factors of the methods.
    pub coin: Asset,
    /// Nominal time between snapshots in milliseconds.
    pub step_ms: i64,
    /// Levels of the tests.
    pub levels: Levels,
    /// Margin models.
    pub contenders: Vec<Contender>,
    /// Methods; they need `past`.
    pub methods: Vec<MethodRun>,
    /// Books.
    pub books: Vec<TestBook>,
    /// Moves of spot and vol, in this order, before the first snapshot. Later rows are not used.
    pub past: Option<ReturnPanel>,
    /// Spot histories, for delivery prices alone.
    pub spots: BTreeMap<Asset, Series>,
}

/// A margin under test: a model or a charge of a method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Runner {
    /// The name.
    pub name: String,
    /// Whether it is a margin model or a method on rolling history.
    pub is_model: bool,
    /// The date of the parameters where some snapshot is older than they are: they were written with
    /// hindsight.
    pub parameters_after: Option<String>,
}

/// The time between two neighbouring snapshots.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Step {
    /// The earlier snapshot.
    pub from: Timestamp,
    /// The later one.
    pub to: Timestamp,
    /// Why no period was made of it; absent where one was.
    pub left_out: Option<String>,
}

/// One margin on one book.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Track {
    /// Place among the runners.
    pub runner: usize,
    /// Place among the books.
    pub book: usize,
    /// What was judged, in order of time; `row` is the number of the step.
    pub periods: Vec<Period>,
    /// Why periods are missing, with how many.
    pub missing: BTreeMap<String, usize>,
}

/// A finished replay.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Replayed {
    /// Every step between two snapshots.
    pub steps: Vec<Step>,
    /// What was tested.
    pub runners: Vec<Runner>,
    /// One track per runner and book, book by book within a runner.
    pub tracks: Vec<Track>,
}

/// A replay under way.
pub struct Replay {
    setup: Setup,
    methods: Methods,
    open: Option<Open>,
    steps: Vec<Step>,
    runners: Vec<Runner>,
    tracks: Vec<Track>,
}

/// Everything said at the latest snapshot.
struct Open {
    market: Market,
    books: Vec<Result<OpenBook, String>>,
}

struct OpenBook {
    account: Account,
    worth: Worth,
    /// One per contender.
    covers: Vec<Result<Cover, String>>,
    /// One per method, with the number of its charges.
    forecasts: Vec<(usize, Result<Forecasts, String>)>,
}

/// The margin under test, with the coins that are collateral of their own.
#[derive(Clone, Debug, PartialEq)]
struct Cover {
    usd: f64,
    kept: Vec<Asset>,
}

impl Replay {
    /// A replay of no snapshots yet.
    ///
    /// # Errors
    /// A charge, a method or a step that is not one; a past of another step or other factors.
    pub fn new(setup: Setup) -> Result<Self, InputError> {
        if setup.step_ms <= 0 {
            let message = format!("a step of {} ms", setup.step_ms);
            return Err(InputError::new(InputCode::BadNumber, message));
        }
        let methods = Methods::new(&setup)?;
        let model = |contender: &Contender| Runner {
            name: contender.name.clone(),
            is_model: true,
            parameters_after: None,
        };
        let names = setup.methods.iter().flat_map(|run| &run.charges).map(|(name, _)| *name);
        let method =
            |name: &str| Runner { name: name.to_owned(), is_model: false, parameters_after: None };
        let runners: Vec<Runner> =
            setup.contenders.iter().map(model).chain(names.map(method)).collect();
        let mut tracks = Vec::new();
        for runner in 0..runners.len() {
            for book in 0..setup.books.len() {
                tracks.push(Track { runner, book, ..Track::default() });
            }
        }
        Ok(Self { setup, methods, open: None, steps: vec![], runners, tracks })
    }

    /// Takes the next snapshot: the period since the last one ends, and the next begins.
    ///
    /// # Errors
    /// A snapshot that is not later than the one before, or that lacks the coin.
    pub fn push(&mut self, market: Market) -> Result<(), InputError> {
        let market = completed(market);
        if market.asset_price_usd(&self.setup.coin).is_none() {
            let message =
                format!("the snapshot of {} does not price {}", market.time, self.setup.coin);
            return Err(InputError::new(InputCode::UnknownAsset, message));
        }
        if let Some(open) = self.open.take() {
            if market.time <= open.market.time {
                let message = format!(
                    "the snapshot of {} follows that of {}; snapshots must be in order of time",
                    market.time, open.market.time
                );
                return Err(InputError::new(InputCode::Duplicate, message));
            }
            self.close(&open, &market);
        }
        let books = self.open_books(&market);
        self.open = Some(Open { market, books });
        Ok(())
    }

    /// What came of it.
    pub fn finish(self) -> Replayed {
        Replayed { steps: self.steps, runners: self.runners, tracks: self.tracks }
    }

    fn close(&mut self, open: &Open, market: &Market) {
        let (from, to) = (open.market.time, market.time);
        let share = (to.0 - from.0) as f64 / self.setup.step_ms as f64;
        // Between half a step and one and a half: snapshots are taken when the collector ran.
        let is_gap = !(0.5..=1.5).contains(&share);
        let left_out = is_gap.then(|| {
            let hours = (to.0 - from.0) as f64 / 3.6e6;
            format!("{hours:.1} h, which is no step of {} h", self.setup.step_ms as f64 / 3.6e6)
        });
        let row = self.steps.len();
        self.steps.push(Step { from, to, left_out });
        self.methods.learn(&open.market, market, is_gap);
        if is_gap {
            return;
        }
        let delivery = Delivery { spots: &self.setup.spots };
        for (place, book) in open.books.iter().enumerate() {
            let ended = book.as_ref().map_err(Clone::clone).and_then(|book| {
                let worth = book.account.worth(market, delivery).map_err(|e| e.to_string())?;
                Ok((book, worth))
            });
            let tracks = self.tracks.iter_mut().filter(|track| track.book == place);
            match ended {
                Err(why) => tracks.for_each(|track| track.miss(&why)),
                Ok((book, worth)) => book.judge(tracks, row, (&open.market, market), &worth),
            }
        }
    }

    fn open_books(&mut self, market: &Market) -> Vec<Result<OpenBook, String>> {
        let portfolios: Vec<Result<Portfolio, String>> = self
            .setup
            .books
            .iter()
            .map(|book| book.portfolio(market).map_err(|error| error.to_string()))
            .collect();
        let mut laws = self.methods.forecasts(&self.setup, market, &portfolios).into_iter();
        let contenders = &self.setup.contenders;
        for (runner, contender) in self.runners.iter_mut().zip(contenders) {
            let effective = contender.in_force(market.time).map(|m| &m.provenance().effective);
            if let Some(effective) = effective.filter(|date| **date > day(market.time)) {
                runner.parameters_after.get_or_insert_with(|| effective.clone());
            }
        }
        let delivery = Delivery { spots: &self.setup.spots };
        portfolios
            .into_iter()
            .map(|portfolio| {
                let forecasts = laws.next().unwrap_or_default();
                let portfolio = portfolio?;
                let account = Account::of(&portfolio, market);
                let worth = account.worth(market, delivery).map_err(|e| e.to_string())?;
                let value = in_usd(&worth, market).map_err(|e| e.to_string())?;
                let cover = |contender: &Contender| {
                    let model = contender.in_force(market.time).ok_or("no parameters")?;
                    cover(model, market, &portfolio, value).map_err(|error| error.to_string())
                };
                let covers = contenders.iter().map(cover).collect();
                Ok(OpenBook { account, worth, covers, forecasts })
            })
            .collect()
    }
}

impl OpenBook {
    /// Adds the ended period to every track of this book.
    fn judge<'a>(
        &self,
        mut tracks: impl Iterator<Item = &'a mut Track>,
        row: usize,
        (before, after): (&Market, &Market),
        worth: &Worth,
    ) {
        let profit = |kept: &[Asset]| {
            profit_usd((&self.worth, before), (worth, after), kept).map_err(|e| e.to_string())
        };
        for (cover, track) in self.covers.iter().zip(tracks.by_ref()) {
            let period = cover.as_ref().map_err(Clone::clone).and_then(|cover| {
                let pnl = profit(&cover.kept)?;
                Ok(Period { row, margin: cover.usd, pnl, tail: None })
            });
            track.take(period);
        }
        for (charges, forecasts) in &self.forecasts {
            let periods = forecasts
                .as_ref()
                .map_err(Clone::clone)
                .and_then(|forecasts| Ok(forecasts.periods(row, profit(&[])?).collect::<Vec<_>>()));
            for (charge, track) in tracks.by_ref().take(*charges).enumerate() {
                track.take(periods.clone().map(|mut periods| periods.swap_remove(charge)));
            }
        }
    }
}

/// What a model asks of a portfolio whose positions are worth `worth_usd`.
fn cover(
    model: &dyn MarginModel,
    market: &Market,
    portfolio: &Portfolio,
    worth_usd: f64,
) -> Result<Cover, InputError> {
    let (market, portfolio) = portfolio.narrowed(market);
    let ids: Vec<_> = market.ids().collect();
    let requirement: Requirement = model.prepare(&market, &ids)?.requirement(&portfolio)?;
    let excess = requirement.equity_usd() - requirement.initial_margin_usd();
    let usd = worth_usd - excess;
    if !usd.is_finite() {
        let message = format!("{} asks {usd} USD of {}", model.id(), portfolio.name);
        return Err(InputError::new(InputCode::BadNumber, message));
    }
    let pools = requirement.pools.into_iter().map(|pool| pool.asset);
    let kept = pools.filter(|asset| market.underlyings.contains_key(asset)).collect();
    Ok(Cover { usd, kept })
}

/// At-the-money vol at `days` from a chain: per expiry the mean mark vol of the strike nearest to the
/// forward, between expiries linear in total variance, flat beyond the first and the last.
pub fn atm_vol(market: &Market, coin: &Asset, days: f64) -> Option<f64> {
    let mut nearest: BTreeMap<Timestamp, (f64, Vec<f64>)> = BTreeMap::new();
    for listing in &market.listings {
        let Kind::Option { expiry, strike, .. } = listing.instrument.kind else { continue };
        let Some(vol) = listing.mark_vol.filter(|_| listing.instrument.underlying == *coin) else {
            continue;
        };
        let Some(forward) = market.forward(coin, expiry) else { continue };
        let far = (strike / forward - 1.0).abs();
        let best = nearest.entry(expiry).or_insert((f64::INFINITY, vec![]));
        if far < best.0 {
            *best = (far, vec![vol]);
        } else if far == best.0 {
            best.1.push(vol);
        }
    }
    let curve: Vec<(f64, f64)> = nearest
        .into_iter()
        .map(|(expiry, (_, vols))| (market.time.days_until(expiry), mean(&vols)))
        // A vol of the last hours says nothing about a month.
        .filter(|(left, _)| *left >= 1.0)
        .collect();
    let above = curve.partition_point(|(left, _)| *left < days);
    match (above.checked_sub(1).and_then(|place| curve.get(place)), curve.get(above)) {
        (Some((t0, v0)), Some((t1, v1))) => {
            let share = (days - t0) / (t1 - t0);
            let total = (1.0 - share) * v0 * v0 * t0 + share * v1 * v1 * t1;
            Some((total / days).sqrt())
        }
        (Some((_, vol)), None) | (None, Some((_, vol))) => Some(*vol),
        (None, None) => None,
    }
}

impl Track {
    fn take(&mut self, period: Result<Period, String>) {
        match period {
            Ok(period) => self.periods.push(period),
            Err(why) => self.miss(&why),
        }
    }

    fn miss(&mut self, why: &str) {
        *self.missing.entry(why.to_owned()).or_default() += 1;
    }
}
