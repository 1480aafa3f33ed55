//! Histories as CSV text: one row per stamp, one column per price or vol.
//!
//! ```text
//! time,BTC,ETH,BTC_vol
//! 2025-09-18,116447.6,4589.2,34.5
//! 2025-09-19,117073.53,4587.66,33.81
//! ```
//!
//! `time` is RFC 3339 or a date, which is its midnight UTC. A column is named by its coin; `BTC_vol` is
//! the history of a vol of BTC, in any unit, as only its relative changes count. An empty cell is a
//! missing observation.

use plimsoll_model::error::{InputCode, InputError, utf8};
use plimsoll_model::{Asset, Timestamp};

use crate::history::{Checked, Series};

/// What is known of one coin.
#[derive(Clone, Debug, PartialEq)]
pub struct CoinHistory {
    /// The coin.
    pub coin: Asset,
    /// Its prices.
    pub spot: Series,
    /// A vol of it.
    pub vol: Option<Series>,
}

/// A file with its name for errors.
#[derive(Clone, Copy, Debug)]
pub struct HistoryFile<'a> {
    /// The name.
    pub origin: &'a str,
    /// The content.
    pub bytes: &'a [u8],
}

/// A column with its raw observations.
struct Column {
    name: String,
    origin: String,
    raw: Vec<(Timestamp, f64)>,
}

/// Ends the name of a vol column.
const VOL: &str = "_vol";

/// Most columns of all files together.
const MAX_COLUMNS: usize = 200;

/// Reads files of columns; a column that several files have is one history. Coins come in the order
/// of their first appearance.
///
/// # Errors
/// A file that is not such a table, a cell that is not a number, a vol without its coin, and what
/// [`Series::checked`] refuses.
pub fn read_histories(files: &[HistoryFile<'_>]) -> Result<Checked<Vec<CoinHistory>>, InputError> {
    let mut columns: Vec<Column> = Vec::new();
    for file in files {
        read_file(file, &mut columns).map_err(|error| error.from_origin(file.origin))?;
    }
    let mut repairs = Vec::new();
    let mut series = Vec::new();
    for column in columns {
        let checked = Series::checked(&column.name, column.raw)
            .map_err(|error| error.from_origin(&column.origin))?;
        repairs.extend(checked.repairs);
        series.push((checked.history, column.origin));
    }
    let is_vol = |series: &Series| series.name.ends_with(VOL);
    let mut coins: Vec<CoinHistory> = series
        .iter()
        .filter(|(series, _)| !is_vol(series))
        .map(|(spot, _)| CoinHistory {
            coin: Asset::new(&spot.name),
            spot: spot.clone(),
            vol: None,
        })
        .collect();
    for (vol, origin) in series.into_iter().filter(|(series, _)| is_vol(series)) {
        let of = vol.name.trim_end_matches(VOL).to_owned();
        let coin = coins.iter_mut().find(|known| known.coin.as_str() == of);
        let coin = coin.ok_or_else(|| {
            let message = format!("{} is a vol of {of}, which has no price column", vol.name);
            InputError::new(InputCode::Missing, message).from_origin(&origin)
        })?;
        coin.vol = Some(vol);
    }
    if coins.is_empty() {
        return Err(InputError::new(InputCode::Empty, "no price column in any file"));
    }
    Ok(Checked { history: coins, repairs })
}

fn read_file(file: &HistoryFile<'_>, columns: &mut Vec<Column>) -> Result<(), InputError> {
    let text = utf8(file.bytes)?;
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_reader(text.as_bytes());
    let malformed = |error: &csv::Error| {
        let line = error.position().map(|place| format!("line {}", place.line()));
        InputError::new(InputCode::Malformed, error.to_string()).at(line.unwrap_or_default())
    };
    let header = reader.headers().map_err(|error| malformed(&error))?.clone();
    let mut names = header.iter();
    if names.next() != Some("time") {
        let message = format!("the first column is `{}`", header.get(0).unwrap_or_default());
        return Err(InputError::new(InputCode::Malformed, message)
            .at("line 1")
            .hint("the columns are time, then one per coin (BTC) and per vol (BTC_vol)"));
    }
    let mut places = Vec::new();
    for name in names {
        if name.is_empty() || name == VOL || places.iter().any(|(known, _)| *known == name) {
            let message = format!("a column named `{name}`");
            let code = if name.is_empty() { InputCode::Malformed } else { InputCode::Duplicate };
            return Err(InputError::new(code, message).at("line 1"));
        }
        let place = columns.iter().position(|column| column.name == name).unwrap_or_else(|| {
            let (name, origin) = (name.to_owned(), file.origin.to_owned());
            columns.push(Column { name, origin, raw: vec![] });
            columns.len() - 1
        });
        places.push((name, place));
    }
    if columns.len() > MAX_COLUMNS {
        let message = format!("{} columns; the limit is {MAX_COLUMNS}", columns.len());
        return Err(InputError::new(InputCode::TooLarge, message));
    }
    for record in reader.records() {
        let record = record.map_err(|error| malformed(&error))?;
        let at = format!("line {}", record.position().map_or(0, csv::Position::line));
        let time = stamp(record.get(0).unwrap_or_default())
            .map_err(|why| InputError::new(InputCode::Malformed, why).at(&at))?;
        for ((name, place), cell) in places.iter().zip(record.iter().skip(1)) {
            if cell.is_empty() {
                continue;
            }
            let value: f64 = cell.parse().map_err(|_| {
                let message = format!("{name} is `{cell}`, not a number");
                InputError::new(InputCode::BadNumber, message).at(&at)
            })?;
            columns[*place].raw.push((time, value));
        }
    }
    Ok(())
}

/// An instant, or a date as its midnight.
///
/// # Errors
/// Neither.
pub fn stamp(text: &str) -> Result<Timestamp, String> {
    let date = text.len() == 10 && !text.contains('T');
    let instant = if date { format!("{text}T00:00:00Z") } else { text.to_owned() };
    instant
        .parse()
        .map_err(|_| format!("`{text}` is not a date or a time like 2026-02-05T21:29:37Z"))
}
