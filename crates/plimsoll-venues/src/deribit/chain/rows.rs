//! Chain files as rows: which columns a shape has, which snapshots a file holds, what a cell may be.

use std::collections::BTreeSet;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::instrument::Kind;
use plimsoll_model::{Asset, OptionType, Timestamp, name};

use super::table::{Line, Table};

/// Stamps closer than this belong to one snapshot: a chain takes some seconds to record.
const SNAPSHOT_GAP_MS: u64 = 60_000;
/// How many snapshots an error lists.
const LISTED_SNAPSHOTS: usize = 5;

/// One option at the time of the snapshot. Prices of the option are in coin.
pub(super) struct Row {
    pub line: u64,
    pub name: String,
    pub coin: Asset,
    pub expiry: Timestamp,
    pub strike: f64,
    pub option_type: OptionType,
    /// The listed future that prices the option, if it is one.
    pub future: Option<String>,
    pub forward: f64,
    pub index_price: f64,
    pub mark_price: Option<f64>,
    pub mark_vol: Option<f64>,
    pub bid: Option<f64>,
    pub ask: Option<f64>,
    pub open_interest: Option<f64>,
}

impl Row {
    pub fn at(&self) -> String {
        format!("line {}", self.line)
    }

    pub fn error(&self, code: InputCode, message: String) -> InputError {
        InputError::new(code, message).at(self.at())
    }
}

/// The column names of one way to publish a chain.
struct Shape {
    time: &'static str,
    underlying_name: &'static str,
    forward: &'static str,
    index_price: &'static str,
    mark_price: &'static str,
    mark_vol: Option<&'static str>,
    bid: &'static str,
    ask: &'static str,
}

static COLLECTOR: Shape = Shape {
    time: "timestamp",
    underlying_name: "underlying_name",
    forward: "underlying",
    index_price: "index_price",
    mark_price: "mark_price",
    mark_vol: Some("implied_volatility"),
    bid: "bid_price",
    ask: "ask_price",
};

static PANEL: Shape = Shape {
    time: "snapshot_utc",
    underlying_name: "underlying_index",
    forward: "underlying_price",
    index_price: "index_price",
    mark_price: "mark_price_coin",
    mark_vol: Some("mark_iv"),
    bid: "bid_price_coin",
    ask: "ask_price_coin",
};

// `estimated_delivery_price` is the index, averaged in the last half hour before an expiry.
static BOOK_SUMMARY: Shape = Shape {
    time: "creation_timestamp",
    underlying_name: "underlying_index",
    forward: "underlying_price",
    index_price: "estimated_delivery_price",
    mark_price: "mark_price",
    mark_vol: None,
    bid: "bid_price",
    ask: "ask_price",
};

impl Shape {
    fn columns(&self) -> Vec<&'static str> {
        let Self { time, underlying_name, forward, index_price, mark_price, bid, ask, .. } = *self;
        let own = [time, underlying_name, forward, index_price, mark_price, bid, ask];
        own.into_iter().chain(["instrument_name", "open_interest"]).chain(self.mark_vol).collect()
    }

    /// The shape whose columns the header holds; else an error about the one it comes nearest to.
    fn find(table: &Table) -> Result<&'static Self, InputError> {
        let shapes = [&COLLECTOR, &PANEL, &BOOK_SUMMARY];
        let absent = |shape: &&Self| {
            let columns = shape.columns().into_iter();
            columns.filter(|name| table.column(name).is_err()).collect::<Vec<_>>()
        };
        let nearest = shapes.into_iter().min_by_key(|shape| absent(shape).len());
        let nearest = nearest.unwrap_or(&COLLECTOR);
        let missing = absent(&nearest);
        if missing.is_empty() {
            return Ok(nearest);
        }
        let message = format!("no known chain: the header lacks `{}`", missing.join("`, `"));
        Err(InputError::new(InputCode::Malformed, message).at("line 1").hint(format!(
            "a collector's file has `{}`, a panel `{}`, a book summary `{}`",
            COLLECTOR.time, PANEL.time, BOOK_SUMMARY.time
        )))
    }
}

/// A snapshot of a file: the stamps that belong to it, and the last of them, which names it.
pub(super) struct Snapshot {
    pub time: Timestamp,
    stamps: BTreeSet<Timestamp>,
}

/// A chain file whose shape and stamps are known.
pub(super) struct Reading<'a> {
    text: &'a str,
    shape: &'static Shape,
    snapshots: Vec<Snapshot>,
}

impl<'a> Reading<'a> {
    /// Finds the shape from the header and the snapshots from the time column.
    pub fn new(text: &'a str) -> Result<Self, InputError> {
        let mut table = Table::new(text)?;
        let shape = Shape::find(&table)?;
        let time = table.column(shape.time)?;
        let mut stamps = BTreeSet::new();
        while let Some(line) = table.next()? {
            stamps.insert(line.time(time)?);
        }
        let mut snapshots: Vec<Snapshot> = Vec::new();
        for stamp in stamps {
            match snapshots.last_mut() {
                Some(last) if stamp.0.abs_diff(last.time.0) < SNAPSHOT_GAP_MS => {
                    last.time = stamp;
                    last.stamps.insert(stamp);
                }
                _ => snapshots.push(Snapshot { time: stamp, stamps: BTreeSet::from([stamp]) }),
            }
        }
        Ok(Self { text, shape, snapshots })
    }

    /// The only snapshot, or the one nearest to `wanted` and less than a minute away.
    pub fn choose(&self, wanted: Option<Timestamp>) -> Result<&Snapshot, InputError> {
        let Some(wanted) = wanted else {
            return match self.snapshots.as_slice() {
                [only] => Ok(only),
                [] => Err(InputError::new(InputCode::Empty, "the chain has no rows")),
                many => {
                    let message =
                        format!("the file holds {} snapshots; one must be chosen", many.len());
                    Err(InputError::new(InputCode::Missing, message).hint(self.listed()))
                }
            };
        };
        let distance_ms = |snapshot: &&Snapshot| snapshot.time.0.abs_diff(wanted.0);
        let nearest = self.snapshots.iter().min_by_key(distance_ms);
        nearest.filter(|found| distance_ms(found) < SNAPSHOT_GAP_MS).ok_or_else(|| {
            let message = format!("the file holds no snapshot at {wanted}");
            InputError::new(InputCode::Missing, message).hint(self.listed())
        })
    }

    fn listed(&self) -> String {
        let shown = self.snapshots.iter().take(LISTED_SNAPSHOTS);
        let times: Vec<String> = shown.map(|snapshot| snapshot.time.to_string()).collect();
        let rest = self.snapshots.len().saturating_sub(LISTED_SNAPSHOTS);
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        format!("it holds {}{more}", times.join(", "))
    }

    /// The rows of one snapshot, in file order.
    pub fn rows(&self, snapshot: &Snapshot) -> Result<Vec<Row>, InputError> {
        let mut table = Table::new(self.text)?;
        let columns = Columns::find(&table, self.shape)?;
        let mut rows = Vec::new();
        while let Some(line) = table.next()? {
            if snapshot.stamps.contains(&line.time(columns.time)?) {
                rows.push(columns.row(&line)?);
            }
        }
        Ok(rows)
    }
}

/// Where the columns of a shape stand in one file.
struct Columns {
    time: usize,
    name: usize,
    underlying_name: usize,
    forward: usize,
    index_price: usize,
    mark_price: usize,
    mark_vol: Option<usize>,
    bid: usize,
    ask: usize,
    open_interest: usize,
}

impl Columns {
    fn find(table: &Table, shape: &Shape) -> Result<Self, InputError> {
        Ok(Self {
            time: table.column(shape.time)?,
            name: table.column("instrument_name")?,
            underlying_name: table.column(shape.underlying_name)?,
            forward: table.column(shape.forward)?,
            index_price: table.column(shape.index_price)?,
            mark_price: table.column(shape.mark_price)?,
            mark_vol: shape.mark_vol.map(|name| table.column(name)).transpose()?,
            bid: table.column(shape.bid)?,
            ask: table.column(shape.ask)?,
            open_interest: table.column("open_interest")?,
        })
    }

    fn row(&self, line: &Line) -> Result<Row, InputError> {
        let instrument = line.text(self.name);
        let parsed = name::parse(instrument).ok_or_else(|| {
            let message = format!("`{instrument}` is not the name of an option");
            line.error(InputCode::Malformed, message)
        })?;
        let Kind::Option { expiry, strike, option_type } = parsed.kind else {
            let message = format!("`{instrument}` is not an option; a chain lists options only");
            return Err(line.error(InputCode::Malformed, message));
        };
        if parsed.settlement_asset != parsed.underlying {
            let message = format!(
                "{instrument} is settled in {}; only coin-settled chains are read",
                parsed.settlement_asset
            );
            return Err(line.error(InputCode::Unsupported, message));
        }
        let coin = parsed.underlying;
        let bid = line.quote(self.bid, "bid")?;
        let ask = line.quote(self.ask, "ask")?;
        if let (Some(bid), Some(ask)) = (bid, ask)
            && bid > ask
        {
            let message = format!("{instrument}: bid {bid} is above ask {ask}");
            return Err(line.error(InputCode::Crossed, message));
        }
        let mark_vol = self.mark_vol.map(|column| line.quote(column, "mark vol")).transpose()?;
        Ok(Row {
            line: line.number,
            name: instrument.to_owned(),
            future: pricing_future(line, line.text(self.underlying_name), &coin, expiry)?,
            coin,
            expiry,
            strike,
            option_type,
            forward: line.price(self.forward, "underlying price")?,
            index_price: line.price(self.index_price, "index price")?,
            mark_price: line.quote(self.mark_price, "mark price")?,
            mark_vol: mark_vol.flatten().map(without_division_noise),
            bid,
            ask,
            open_interest: line.number(self.open_interest, "open interest")?,
        })
    }
}

/// The venue publishes vols in per cent with two decimals; collectors divide by 100 and write
/// 0.5720000000000001. The nearest millionth is the number meant.
fn without_division_noise(vol_ann: f64) -> f64 {
    (vol_ann * 1e6).round() / 1e6
}

/// The listed future that an option's row names as its underlying; `None` where it names a
/// synthetic forward (`SYN.BTC-7FEB26`) or the index (`index_price`).
fn pricing_future(
    line: &Line,
    underlying: &str,
    coin: &Asset,
    expiry: Timestamp,
) -> Result<Option<String>, InputError> {
    if underlying == "index_price" || underlying.starts_with("SYN.") {
        return Ok(None);
    }
    let names_its_own = name::parse(underlying).is_some_and(|named| {
        named.kind == Kind::Future { expiry }
            && named.underlying == *coin
            && named.settlement_asset == *coin
    });
    if names_its_own {
        return Ok(Some(underlying.to_owned()));
    }
    let message =
        format!("the underlying `{underlying}` is not a {coin} future that expires at {expiry}");
    Err(line.error(InputCode::Malformed, message))
}
