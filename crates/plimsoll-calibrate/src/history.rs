//! Price histories: checked when they enter, so that nothing behind them meets a gap unawares.
//!
//! | fault | answer |
//! | --- | --- |
//! | a value that is not positive and finite | refused, with its stamp |
//! | the same stamp twice with different values | refused |
//! | the same stamp twice with one value | one kept, stated |
//! | stamps out of order | sorted, stated |
//! | a gap | the return across it is left out, stated |
//! | fewer returns than a method needs | refused, with both numbers |
//! | a constant series | refused by whatever divides by its spread |

use plimsoll_math::float::ln;
use plimsoll_model::Timestamp;
use plimsoll_model::error::{InputCode, InputError};

/// A history of positive values (prices, vols), strictly increasing in time.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What it is a history of.
    pub name: String,
    times: Vec<Timestamp>,
    values: Vec<f64>,
}

/// A checked history and what was repaired to get it.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked<T> {
    /// The history.
    pub history: T,
    /// One sentence per repair.
    pub repairs: Vec<String>,
}

impl Series {
    /// Checks raw observations; see the table of this module.
    ///
    /// # Errors
    /// A value that is not positive and finite, two values for one stamp, or nothing at all.
    pub fn checked(
        name: &str,
        mut raw: Vec<(Timestamp, f64)>,
    ) -> Result<Checked<Self>, InputError> {
        let mut repairs = Vec::new();
        if raw.is_empty() {
            return Err(InputError::new(InputCode::Empty, format!("{name} has no observations")));
        }
        if let Some((time, value)) = raw.iter().find(|(_, v)| !(v.is_finite() && *v > 0.0)) {
            let message = format!("{name} is {value} at {time}; a price is positive");
            return Err(InputError::new(InputCode::BadNumber, message));
        }
        let late = raw.windows(2).filter(|pair| pair[1].0 < pair[0].0).count();
        if late > 0 {
            raw.sort_by_key(|(time, _)| *time);
            repairs.push(format!("{name}: {late} stamps were out of order and were sorted"));
        }
        let before = raw.len();
        let clash = raw.windows(2).find(|pair| pair[0].0 == pair[1].0 && pair[0].1 != pair[1].1);
        if let Some([(time, first), (_, second)]) = clash {
            let message = format!("{name} has both {first} and {second} at {time}");
            return Err(InputError::new(InputCode::Duplicate, message));
        }
        raw.dedup();
        if raw.len() < before {
            let count = before - raw.len();
            repairs.push(format!("{name}: {count} observations were there twice; one was kept"));
        }
        let (times, values) = raw.into_iter().unzip();
        Ok(Checked { history: Self { name: name.to_owned(), times, values }, repairs })
    }

    /// The stamps.
    pub fn times(&self) -> &[Timestamp] {
        &self.times
    }

    /// The values.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The value stamped exactly so.
    pub fn at(&self, time: Timestamp) -> Option<f64> {
        self.times.binary_search(&time).ok().map(|place| self.values[place])
    }

    /// What was known at an instant: the observations stamped at or before it.
    #[must_use]
    pub fn until(&self, time: Timestamp) -> Self {
        let known = self.times.partition_point(|stamp| *stamp <= time);
        Self {
            name: self.name.clone(),
            times: self.times[..known].to_vec(),
            values: self.values[..known].to_vec(),
        }
    }

    /// Every observation stamped at a whole multiple of `step_ms` since 1970: hours become days.
    #[must_use]
    pub fn sampled(&self, step_ms: i64) -> Self {
        let kept = self.times.iter().zip(&self.values).filter(|(time, _)| time.0 % step_ms == 0);
        let (times, values) = kept.map(|(time, value)| (*time, *value)).unzip();
        Self { name: self.name.clone(), times, values }
    }
}

/// Logarithmic returns of several series over the same periods: one row per period.
#[derive(Clone, Debug, PartialEq)]
pub struct ReturnPanel {
    /// Names of the columns.
    pub names: Vec<String>,
    /// End of each period, ascending.
    pub times: Vec<Timestamp>,
    /// `rows[t][j] = ln(P_j(times[t])/P_j(times[t] − step))`.
    pub rows: Vec<Vec<f64>>,
    /// Length of a period in milliseconds.
    pub step_ms: i64,
}

impl ReturnPanel {
    /// The returns of every period of `step_ms` at whose both ends every series has an observation.
    /// Periods that lack one are left out and stated.
    ///
    /// # Errors
    /// No series, a step that is not positive, or no common period.
    pub fn new(series: &[&Series], step_ms: i64) -> Result<Checked<Self>, InputError> {
        let Some(first) = series.first() else {
            return Err(InputError::new(InputCode::Empty, "returns of no series"));
        };
        if step_ms <= 0 {
            let message = format!("a step of {step_ms} ms");
            return Err(InputError::new(InputCode::BadNumber, message));
        }
        let names: Vec<String> = series.iter().map(|series| series.name.clone()).collect();
        let mut times = Vec::new();
        let mut rows = Vec::new();
        for end in &first.times {
            let start = Timestamp(end.0 - step_ms);
            let row: Option<Vec<f64>> = series
                .iter()
                .map(|series| Some(ln(series.at(*end)? / series.at(start)?)))
                .collect();
            if let Some(row) = row {
                times.push(*end);
                rows.push(row);
            }
        }
        let (Some(from), Some(to)) = (times.first(), times.last()) else {
            let message = format!("{} share no period of {step_ms} ms", names.join(", "));
            return Err(InputError::new(InputCode::Empty, message));
        };
        let periods = (to.0 - from.0) / step_ms + 1;
        let missing = periods - times.len() as i64;
        let mut repairs = Vec::new();
        if missing > 0 {
            let gap = |series: &&Series| {
                let gaps = series.times.windows(2).map(|pair| pair[1].0 - pair[0].0);
                (gaps.max().unwrap_or(0), series.name.clone())
            };
            let longest = series.iter().map(gap).reduce(|a, b| if b.0 > a.0 { b } else { a });
            let (gap_ms, name) = longest.unwrap_or_default();
            let hours = gap_ms as f64 / 3_600_000.0;
            repairs.push(format!(
                "{}: {missing} of {periods} periods lack an end and were left out; the longest gap of {name} is {hours} h",
                names.join(", "),
            ));
        }
        Ok(Checked { history: Self { names, times, rows, step_ms }, repairs })
    }

    /// One column.
    pub fn column(&self, index: usize) -> Vec<f64> {
        self.rows.iter().filter_map(|row| row.get(index).copied()).collect()
    }

    /// Refuses fewer than `least` periods.
    ///
    /// # Errors
    /// Too short, with both numbers.
    pub fn require(&self, least: usize) -> Result<(), InputError> {
        require(&self.names.join(", "), self.rows.len(), least)
    }
}

/// Refuses a sample below its least size.
pub(crate) fn require(name: &str, have: usize, least: usize) -> Result<(), InputError> {
    if have >= least {
        return Ok(());
    }
    let message = format!("{name} has {have} returns; at least {least} are needed");
    Err(InputError::new(InputCode::Missing, message))
}

/// Refuses a sample that does not move.
pub(crate) fn require_movement(name: &str, returns: &[f64]) -> Result<(), InputError> {
    if returns.iter().any(|r| *r != returns[0]) {
        return Ok(());
    }
    let message = format!("{name} is constant over {} returns: it has no vol", returns.len());
    Err(InputError::new(InputCode::BadNumber, message))
}
