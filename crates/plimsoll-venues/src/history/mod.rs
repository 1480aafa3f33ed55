//! Histories from the CSV files in which collectors publish them: hourly candles, funding rates, vol
//! indices, and panels of many option chains.
//!
//! A reader gives what the file says, stamped when it was **known**: a candle's close is stamped at the
//! end of the candle, not at its open. Whether stamps are in order, prices positive and gaps small is
//! for whoever uses the history to check.

mod optionsdx;

use plimsoll_model::Timestamp;
use plimsoll_model::error::{InputCode, InputError, utf8};

/// Raw observations, in the order of the file.
pub type Observations = Vec<(Timestamp, f64)>;

/// An hour in milliseconds.
pub const HOUR_MS: i64 = 3_600_000;

/// Which cells of a CSV are a history.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    /// The column of stamps: RFC 3339, a date, or milliseconds since 1970.
    pub time: &'a str,
    /// The column of values; empty cells are left out.
    pub value: &'a str,
    /// Only rows in which this column has this text.
    pub only: Option<(&'a str, &'a str)>,
    /// Added to every stamp: the length of a candle stamped at its open.
    pub shift_ms: i64,
}

/// Reads one history.
///
/// # Errors
/// With the line: `malformed` (not UTF-8, no such column, a row cut short, a stamp that does not
/// parse), `bad_number`. Without: `empty` where no row fits.
pub fn observations(csv: &[u8], columns: &Columns<'_>) -> Result<Observations, InputError> {
    let mut reader = csv::Reader::from_reader(utf8(csv)?.as_bytes());
    let header = reader.headers().map_err(|error| malformed(&error))?.clone();
    let place = |name: &str| {
        header.iter().position(|column| column == name).ok_or_else(|| {
            let message = format!("no column `{name}`");
            InputError::new(InputCode::Malformed, message).at("line 1")
        })
    };
    let (time, value) = (place(columns.time)?, place(columns.value)?);
    let only = columns.only.map(|(name, text)| Ok((place(name)?, text))).transpose()?;
    let mut found = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| malformed(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |column: usize| record.get(column).unwrap_or_default().trim();
        if only.is_some_and(|(column, text)| cell(column) != text) || cell(value).is_empty() {
            continue;
        }
        let at = |error: InputError| error.at(format!("line {line}"));
        let stamp = stamp(cell(time)).map_err(at)?;
        let number = cell(value).parse::<f64>().ok().filter(|number| number.is_finite());
        let number = number.ok_or_else(|| {
            let message = format!("{} = `{}` is not a number", columns.value, cell(value));
            at(InputError::new(InputCode::BadNumber, message))
        })?;
        found.push((Timestamp(stamp.0 + columns.shift_ms), number));
    }
    if found.is_empty() {
        let message = format!("no value in column `{}`", columns.value);
        return Err(InputError::new(InputCode::Empty, message));
    }
    Ok(found)
}

fn malformed(error: &csv::Error) -> InputError {
    let place = error.position().map(|position| format!("line {}", position.line()));
    InputError::new(InputCode::Malformed, error.to_string()).at(place.unwrap_or_default())
}

fn stamp(text: &str) -> Result<Timestamp, InputError> {
    if let Ok(millis) = text.parse() {
        return Ok(Timestamp(millis));
    }
    // A bare date is its midnight.
    let date = text.len() == 10;
    let instant = if date { format!("{text}T00:00:00Z").parse() } else { text.parse() };
    instant.map_err(|why: String| InputError::new(InputCode::Malformed, why))
}

/// Closes of hourly candles (`open_time_ms`, …, `close`), stamped at the end of the hour.
///
/// # Errors
/// As [`observations`].
pub fn hourly_closes(csv: &[u8]) -> Result<Observations, InputError> {
    let columns = Columns { time: "open_time_ms", value: "close", only: None, shift_ms: HOUR_MS };
    observations(csv, &columns)
}

/// One symbol of a panel of hourly closes (`open_time_utc`, one column per symbol), stamped at the end
/// of the hour.
///
/// # Errors
/// As [`observations`].
pub fn hourly_closes_of(csv: &[u8], symbol: &str) -> Result<Observations, InputError> {
    let columns = Columns { time: "open_time_utc", value: symbol, only: None, shift_ms: HOUR_MS };
    observations(csv, &columns)
}

/// Funding rates of one symbol per 8 hours (`symbol`, `funding_time_utc`, `funding_rate_8h`), stamped
/// when they were paid. Rates are fractions of notional, of either sign; positive: longs pay.
///
/// # Errors
/// As [`observations`].
pub fn funding_8h(csv: &[u8], symbol: &str) -> Result<Observations, InputError> {
    let only = Some(("symbol", symbol));
    let columns = Columns { time: "funding_time_utc", value: "funding_rate_8h", only, shift_ms: 0 };
    observations(csv, &columns)
}

/// Closes of an hourly vol index in vol points (`open_time_ms`, …, `dvol_close`), stamped at the end of
/// the hour.
///
/// # Errors
/// As [`observations`].
pub fn vol_index(csv: &[u8]) -> Result<Observations, InputError> {
    let columns =
        Columns { time: "open_time_ms", value: "dvol_close", only: None, shift_ms: HOUR_MS };
    observations(csv, &columns)
}

/// One chain cut out of a panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainSlice {
    /// Its stamp.
    pub time: Timestamp,
    /// A CSV of its own, with the header, for [`crate::deribit::chain::parse_chain`].
    pub csv: String,
}

/// Cuts a panel of option chains (`snapshot_utc` first) into one CSV per snapshot, in the order of the
/// file. End-of-day files in the format of OptionsDX (columns in square brackets) are read as such a
/// panel. Reading a hundred chains one by one out of the panel would read the panel a hundred times.
///
/// # Errors
/// Not UTF-8, no such column, a stamp that does not parse, or a snapshot that stands in two places.
pub fn chains(panel: &[u8]) -> Result<Vec<ChainSlice>, InputError> {
    let text = utf8(panel)?;
    if text.starts_with('[') {
        return optionsdx::chains(text);
    }
    let mut lines = text.lines();
    let header = lines.next().unwrap_or_default();
    if header.split(',').next().is_none_or(|first| first.trim() != "snapshot_utc") {
        let message = "the first column is not `snapshot_utc`";
        return Err(InputError::new(InputCode::Malformed, message).at("line 1"));
    }
    let mut slices: Vec<ChainSlice> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    let mut current = "";
    for (index, line) in lines.enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let text = line.split(',').next().unwrap_or_default();
        let at = |error: InputError| error.at(format!("line {}", index + 2));
        if slices.is_empty() || text != current {
            let time = stamp(text.trim()).map_err(at)?;
            if !seen.insert(time) {
                let message = format!("the snapshot {time} stands in two places");
                return Err(at(InputError::new(InputCode::Duplicate, message)));
            }
            slices.push(ChainSlice { time, csv: format!("{header}\n") });
            current = text;
        }
        if let Some(slice) = slices.last_mut() {
            slice.csv.push_str(line);
            slice.csv.push('\n');
        }
    }
    if slices.is_empty() {
        return Err(InputError::new(InputCode::Empty, "a panel of no snapshots"));
    }
    Ok(slices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closes_are_stamped_when_they_were_known() {
        let csv = b"open_time_ms,open_time_utc,open,high,low,close,volume_base\n\
            1502942400000,2017-08-17T04:00:00Z,4261.48,4313.62,4261.32,4308.83,47.1\n";
        let want: Timestamp = "2017-08-17T05:00:00Z".parse().unwrap();
        assert_eq!(hourly_closes(csv).unwrap(), [(want, 4308.83)]);
    }

    #[test]
    fn empty_cells_are_left_out_and_bad_ones_named() {
        let csv = b"open_time_utc,BTCUSDT,NEWUSDT\n2023-01-01T00:00:00Z,16527,\n2023-01-01T01:00:00Z,16550.4,1.5\n";
        assert_eq!(hourly_closes_of(csv, "NEWUSDT").unwrap().len(), 1);
        assert!(hourly_closes_of(csv, "OLDUSDT").unwrap_err().to_string().contains("OLDUSDT"));
        let bad = b"open_time_utc,X\n2023-01-01T00:00:00Z,1\n2023-01-01T01:00:00Z,abc\n";
        assert!(hourly_closes_of(bad, "X").unwrap_err().to_string().contains("line 3"));
        let cut = b"open_time_utc,X\n2023-01-01T00:00:00Z\n";
        assert!(hourly_closes_of(cut, "X").is_err());
        let none = b"open_time_utc,X\n2023-01-01T00:00:00Z,\n";
        assert_eq!(hourly_closes_of(none, "X").unwrap_err().code, InputCode::Empty);
    }

    #[test]
    fn funding_of_one_symbol() {
        let csv =
            b"symbol,funding_time_utc,funding_rate_8h\nBTCUSDT,2020-01-01T00:00:00Z,-0.00012359\n\
            ETHUSDT,2020-01-01T00:00:00Z,0.0001\n";
        assert_eq!(funding_8h(csv, "BTCUSDT").unwrap()[0].1, -0.00012359);
    }

    #[test]
    fn a_panel_is_cut_at_its_stamps() {
        let panel = b"snapshot_utc,instrument_name\n2026-01-01T16:00:00Z,a\n2026-01-01T16:00:00Z,b\n2026-01-02T16:00:00Z,a\n";
        let slices = chains(panel).unwrap();
        assert_eq!(slices.len(), 2);
        assert_eq!(slices[1].csv, "snapshot_utc,instrument_name\n2026-01-02T16:00:00Z,a\n");
        let torn = b"snapshot_utc,x\n2026-01-01T16:00:00Z,a\n2026-01-02T16:00:00Z,b\n2026-01-01T16:00:00Z,c\n";
        assert_eq!(chains(torn).unwrap_err().code, InputCode::Duplicate);
        assert!(chains(b"time,x\n1,2\n").is_err() && chains(b"snapshot_utc\n").is_err());
    }
}
