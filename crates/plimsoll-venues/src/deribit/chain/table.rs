//! A CSV with a header, read line by line; every complaint names its line.

use std::collections::BTreeSet;

use plimsoll_model::Timestamp;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::number::parse_real;

/// A CSV being read. Every row must be as long as the header.
pub(super) struct Table<'a> {
    reader: csv::Reader<&'a [u8]>,
    header: csv::StringRecord,
}

impl<'a> Table<'a> {
    pub fn new(text: &'a str) -> Result<Self, InputError> {
        if text.trim().is_empty() {
            return Err(InputError::new(InputCode::Empty, "the file is empty"));
        }
        let mut reader =
            csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| malformed(&error))?.clone();
        let mut seen = BTreeSet::new();
        if let Some(twice) = header.iter().find(|name| !seen.insert(*name)) {
            let message = format!("the column `{twice}` stands twice in the header");
            return Err(InputError::new(InputCode::Duplicate, message).at("line 1"));
        }
        Ok(Self { reader, header })
    }

    pub fn column(&self, name: &str) -> Result<usize, InputError> {
        self.header.iter().position(|column| column == name).ok_or_else(|| {
            InputError::new(InputCode::Malformed, format!("no column `{name}`")).at("line 1")
        })
    }

    pub fn next(&mut self) -> Result<Option<Line>, InputError> {
        let mut record = csv::StringRecord::new();
        let more = self.reader.read_record(&mut record).map_err(|error| malformed(&error))?;
        Ok(more.then(|| {
            let number = record.position().map_or(0, csv::Position::line);
            Line { record, number }
        }))
    }
}

/// One row and its place in the file.
pub(super) struct Line {
    record: csv::StringRecord,
    pub number: u64,
}

impl Line {
    pub fn error(&self, code: InputCode, message: String) -> InputError {
        InputError::new(code, message).at(format!("line {}", self.number))
    }

    pub fn text(&self, column: usize) -> &str {
        self.record.get(column).unwrap_or_default()
    }

    /// An instant, as RFC 3339 or as milliseconds since 1970.
    pub fn time(&self, column: usize) -> Result<Timestamp, InputError> {
        let text = self.text(column);
        let millis = text.parse::<i64>().ok().map(Timestamp);
        // Outside the calendar a stamp would print as another instant.
        let in_calendar = |stamp: &Timestamp| stamp.plus_days(0.0) == *stamp;
        let stamp = match millis.filter(in_calendar) {
            Some(stamp) => Ok(stamp),
            None => text.parse::<Timestamp>(),
        };
        stamp.map_err(|why| self.error(InputCode::Malformed, why))
    }

    /// A number that is not negative; `None` for an empty cell.
    pub fn number(&self, column: usize, what: &str) -> Result<Option<f64>, InputError> {
        let text = self.text(column);
        if text.is_empty() {
            return Ok(None);
        }
        let value = parse_real(text)
            .map_err(|why| self.error(InputCode::BadNumber, format!("{what}: {why}")))?;
        if value < 0.0 {
            let message = format!("{what} = {value} must not be negative");
            return Err(self.error(InputCode::BadNumber, message));
        }
        Ok(Some(value))
    }

    /// A number above zero; `None` for an empty cell and for zero, which stands for "none" in quotes.
    pub fn quote(&self, column: usize, what: &str) -> Result<Option<f64>, InputError> {
        Ok(self.number(column, what)?.filter(|value| *value > 0.0))
    }

    /// A price that must be there.
    pub fn price(&self, column: usize, what: &str) -> Result<f64, InputError> {
        self.quote(column, what)?
            .ok_or_else(|| self.error(InputCode::Missing, format!("the row has no {what}")))
    }
}

fn malformed(error: &csv::Error) -> InputError {
    let at = error.position().map(|place| format!("line {}", place.line())).unwrap_or_default();
    InputError::new(InputCode::Malformed, error.to_string()).at(at)
}
