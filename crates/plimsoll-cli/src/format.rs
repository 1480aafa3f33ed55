//! Numbers and words for people: thousands separators, true minus signs, units.

use plimsoll::Timestamp;
use plimsoll::margin::report::ScenarioReport;
use plimsoll::risk::VolMove;

/// Stands for a value that does not exist.
pub const NONE: &str = "–";

/// USD amounts of one report, all with the same number of decimals.
#[derive(Clone, Copy, Debug)]
pub struct Usd {
    decimals: usize,
}

impl Usd {
    /// Whole dollars where the largest amount has six digits or more, else cents.
    pub fn fitting(amounts: impl IntoIterator<Item = f64>) -> Self {
        let largest = amounts.into_iter().fold(0.0, |most: f64, amount| most.max(amount.abs()));
        Self { decimals: if largest >= 100_000.0 { 0 } else { 2 } }
    }

    /// The amount.
    pub fn show(self, amount: f64) -> String {
        number(amount, self.decimals)
    }

    /// The amount, with a plus sign where positive.
    pub fn change(self, amount: f64) -> String {
        signed(amount, self.decimals)
    }
}

/// A number with thousands separators and this many decimals.
pub fn number(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut out = String::with_capacity(text.len() + text.len() / 3 + 3);
    // What rounds to zero has no sign.
    if value < 0.0 && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) {
        out.push('−');
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) && digit.is_ascii_digit() {
            out.push(',');
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// A number with an explicit sign, except zero.
pub fn signed(value: f64, decimals: usize) -> String {
    let text = number(value, decimals);
    let is_zero = !text.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
    if value > 0.0 && !is_zero { format!("+{text}") } else { text }
}

/// A number with as many decimals as it needs, at most this many.
pub fn shortest(value: f64, most_decimals: usize) -> String {
    let text = number(value, most_decimals);
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A price: two decimals from 100 up, else about six significant digits.
pub fn price(value: f64) -> String {
    let size = value.abs();
    if size >= 100.0 {
        number(value, 2)
    } else if size >= 1.0 || size == 0.0 {
        number(value, 4)
    } else {
        number(value, 6)
    }
}

/// A percentage with its sign and unit, or a dash.
pub fn move_pct(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| NONE.to_owned(), |value| format!("{} %", signed(value, decimals)))
}

/// A value that may be absent.
pub fn optional(value: Option<f64>, show: impl FnOnce(f64) -> String) -> String {
    value.map_or_else(|| NONE.to_owned(), show)
}

/// A count with its noun: `1 account`, `1,366 options`.
pub fn count(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", number(count as f64, 0))
}

/// A scenario in words: `BTC −16 %, vol up`.
pub fn scenario(scenario: &ScenarioReport) -> String {
    let move_pct = format!("{} %", shortest_signed(scenario.spot_move_pct));
    let mut words =
        format!("{} {move_pct}, {}", clean(&scenario.unit), vol_move(scenario.vol_move));
    if scenario.days > 0.0 {
        words.push_str(&format!(", {} d", shortest(scenario.days, 2)));
    }
    words
}

/// A vol move in words.
pub fn vol_move(vol_move: VolMove) -> String {
    match vol_move {
        VolMove::Up => "vol up".to_owned(),
        VolMove::Unchanged => "vol unchanged".to_owned(),
        VolMove::Down => "vol down".to_owned(),
        VolMove::By(own) => format!("vol {} %", shortest_signed(100.0 * own)),
    }
}

fn shortest_signed(value: f64) -> String {
    let text = shortest(value, 2);
    if value > 0.0 { format!("+{text}") } else { text }
}

/// A date as venues write it in names: `27MAR26`.
pub fn expiry(at: Timestamp) -> String {
    const MONTHS: [&str; 12] =
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    let (year, month, day) = at.date_utc();
    let month = MONTHS.get((month - 1).max(0) as usize).copied().unwrap_or_default();
    format!("{day}{month}{:02}", year.rem_euclid(100))
}

/// An instant to the second: `2026-01-14 21:22:07 UTC`.
pub fn instant(at: Timestamp) -> String {
    let text = at.to_string();
    let seconds = text.split(['.', 'Z']).next().unwrap_or(&text);
    format!("{} UTC", seconds.replace('T', " "))
}

/// Text from a file, safe to show on one line: line breaks become spaces, other control characters
/// are spelled out, so that a name cannot command the terminal.
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\r' | '\t' => out.push(' '),
            letter if letter.is_control() => out.extend(letter.escape_unicode()),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_in_thousands_and_never_negative_zero() {
        assert_eq!(number(1_234_567.891, 2), "1,234,567.89");
        assert_eq!(number(-999.5, 0), "−1,000");
        assert_eq!(number(-0.004, 2), "0.00");
        assert_eq!(number(0.0, 0), "0");
        assert_eq!(signed(0.001, 2), "0.00");
        assert_eq!(signed(12.0, 1), "+12.0");
        assert_eq!(shortest(-286_800.0, 8), "−286,800");
        assert_eq!(shortest(0.125, 8), "0.125");
        assert_eq!(number(f64::INFINITY, 2), "inf");
    }

    #[test]
    fn a_report_shows_cents_only_where_they_matter() {
        assert_eq!(Usd::fitting([50.0, -1400.0]).show(1400.0), "1,400.00");
        assert_eq!(Usd::fitting([50.0, -2e6]).show(1400.4), "1,400");
        assert_eq!(Usd::fitting([2e6]).change(1400.4), "+1,400");
    }

    #[test]
    fn instants_and_expiries_read_as_people_write_them() {
        let at: Timestamp = "2026-01-14T21:22:07.934Z".parse().unwrap();
        assert_eq!(instant(at), "2026-01-14 21:22:07 UTC");
        assert_eq!(expiry(Timestamp::expiry_on(2026, 2, 6).unwrap()), "6FEB26");
    }
}
