//! Instants and day counts. No clock is read: every instant comes from an input.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Milliseconds in a year of 365 days: the Actual/365 day count that crypto option venues use.
pub const MS_PER_YEAR: f64 = 31_536_000_000.0;
/// Milliseconds in a day.
pub const MS_PER_DAY: f64 = 86_400_000.0;

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Years from `self` to `later` on Actual/365; negative if `later` is earlier.
    pub fn years_until(self, later: Self) -> f64 {
        self.millis_until(later) / MS_PER_YEAR
    }

    /// Days of 24 hours from `self` to `later`; negative if `later` is earlier.
    pub fn days_until(self, later: Self) -> f64 {
        self.millis_until(later) / MS_PER_DAY
    }

    // Exact: both ends are within the years -9999..9999, far inside 2^53 milliseconds.
    fn millis_until(self, later: Self) -> f64 {
        (later.0 - self.0) as f64
    }

    /// The instant `days` later, to the nearest millisecond, kept inside the years -9999 to 9999.
    #[must_use]
    pub fn plus_days(self, days: f64) -> Self {
        let limit = jiff::Timestamp::MAX.as_millisecond();
        let floor = jiff::Timestamp::MIN.as_millisecond();
        Self(self.0.saturating_add((days * MS_PER_DAY).round() as i64).clamp(floor, limit))
    }

    /// 08:00 UTC on a civil date: the hour at which crypto options expire.
    pub fn expiry_on(year: i16, month: i8, day: i8) -> Option<Self> {
        let date = jiff::civil::Date::new(year, month, day).ok()?;
        let instant = date.at(8, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Self(instant.timestamp().as_millisecond()))
    }

    /// The civil date in UTC: year, month, day.
    pub fn date_utc(self) -> (i16, i8, i8) {
        let date = self.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).date();
        (date.year(), date.month(), date.day())
    }

    fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

impl FromStr for Timestamp {
    type Err = String;

    /// Reads RFC 3339, for example `2026-02-05T21:29:37Z`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<jiff::Timestamp>()
            .map(|instant| Self(instant.as_millisecond()))
            .map_err(|_| format!("`{text}` is not a time like 2026-02-05T21:29:37Z"))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_jiff().fmt(f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "format": "date-time",
            "description": "RFC 3339, for example 2026-02-05T21:29:37Z",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints_rfc3339() {
        let instant: Timestamp = "2026-02-05T21:29:37Z".parse().unwrap();
        assert_eq!(instant.to_string(), "2026-02-05T21:29:37Z");
        assert_eq!("2026-02-05T22:29:37+01:00".parse::<Timestamp>(), Ok(instant));
        assert!("2026-02-30T00:00:00Z".parse::<Timestamp>().is_err());
    }

    #[test]
    fn counts_actual_over_365() {
        let start = Timestamp::expiry_on(2026, 1, 1).unwrap();
        let end = Timestamp::expiry_on(2027, 1, 1).unwrap();
        // 2026 has 365 days.
        assert_eq!(start.years_until(end), 1.0);
        assert_eq!(start.days_until(start.plus_days(30.0)), 30.0);
        assert_eq!(Timestamp::expiry_on(2026, 2, 29), None);
    }
}
