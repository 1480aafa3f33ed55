//! Venue-style instrument names: what `BTC-27MAR26-80000-C` says about the contract.
//!
//! | name | meaning |
//! | --- | --- |
//! | `BTC-PERPETUAL` | perpetual, coin-settled |
//! | `BTC-27MAR26` | dated future, coin-settled |
//! | `BTC-27MAR26-80000-C` | call, coin-settled |
//! | `SOL_USDC-PERPETUAL` | perpetual, settled in USDC |
//! | `XRP_USDC-27MAR26-0d625-P` | put with strike 0.625, settled in USDC |
//! | `BTC_USDC` | spot |
//!
//! Expiries are 08:00 UTC on the named date. A market file may override every part by explicit
//! fields; the name is only the default.

use crate::asset::Asset;
use crate::instrument::Kind;
use crate::time::Timestamp;

/// What a name says.
#[derive(Clone, Debug, PartialEq)]
pub struct ParsedName {
    /// The underlying coin.
    pub underlying: Asset,
    /// What is traded.
    pub kind: Kind,
    /// The asset of settlement.
    pub settlement_asset: Asset,
}

/// Reads a venue-style name; `None` if it does not follow the pattern.
pub fn parse(name: &str) -> Option<ParsedName> {
    let mut parts = name.split('-');
    let (base, quote) = match parts.next()?.split_once('_') {
        Some((base, quote)) => (ticker(base)?, Some(ticker(quote)?)),
        None => (ticker(name.split('-').next()?)?, None),
    };
    let rest: Vec<&str> = parts.collect();
    let kind = match rest.as_slice() {
        [] if quote.is_some() => Kind::Spot,
        ["PERPETUAL"] => Kind::Perpetual,
        [date] => Kind::Future { expiry: parse_date(date)? },
        [date, strike, right] => Kind::Option {
            expiry: parse_date(date)?,
            strike: parse_strike(strike)?,
            option_type: right.parse().ok().filter(|_| right.len() == 1)?,
        },
        _ => return None,
    };
    let underlying = Asset::new(base);
    let settlement_asset = quote.map_or_else(|| underlying.clone(), Asset::new);
    Some(ParsedName { underlying, kind, settlement_asset })
}

/// Whether a word can be the ticker of an asset: letters, digits and dots, not a dot first.
pub fn ticker(word: &str) -> Option<&str> {
    let mut bytes = word.bytes();
    let first = bytes.next()?;
    let rest_fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.';
    (first.is_ascii_alphanumeric() && bytes.all(rest_fits)).then_some(word)
}

/// Reads `7FEB26` or `27MAR26` as 08:00 UTC on that date.
pub fn parse_date(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] =
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    if !text.is_ascii() || !(6..=7).contains(&text.len()) {
        return None;
    }
    let (day, tail) = text.split_at(text.len() - 5);
    let (month, year) = tail.split_at(3);
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(day) || !digits(year) {
        return None;
    }
    let month = MONTHS.iter().position(|known| *known == month)?;
    Timestamp::expiry_on(2000 + year.parse::<i16>().ok()?, month as i8 + 1, day.parse().ok()?)
}

/// Digits, with `d` or `.` for the decimal point and no needless zero in front, so that one contract
/// has one name.
fn parse_strike(text: &str) -> Option<f64> {
    let (whole, fraction) = text.split_once(['d', '.']).unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || (whole.len() > 1 && whole.starts_with('0')) {
        return None;
    }
    format!("{whole}.{fraction}").parse::<f64>().ok().filter(|s| s.is_finite() && *s > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::OptionType;

    fn kind(name: &str) -> Kind {
        parse(name).unwrap().kind
    }

    #[test]
    fn reads_every_documented_form() {
        let march = Timestamp::expiry_on(2026, 3, 27).unwrap();
        assert_eq!(kind("BTC-PERPETUAL"), Kind::Perpetual);
        assert_eq!(kind("BTC-27MAR26"), Kind::Future { expiry: march });
        assert_eq!(
            kind("BTC-27MAR26-80000-C"),
            Kind::Option { expiry: march, strike: 80_000.0, option_type: OptionType::Call }
        );
        assert_eq!(
            kind("XRP_USDC-27MAR26-0d625-P"),
            Kind::Option { expiry: march, strike: 0.625, option_type: OptionType::Put }
        );
        assert_eq!(kind("BTC_USDC"), Kind::Spot);
        assert_eq!(parse("BTC-PERPETUAL").unwrap().settlement_asset, Asset::new("BTC"));
        assert_eq!(parse("SOL_USDC-PERPETUAL").unwrap().settlement_asset, Asset::new("USDC"));
        assert_eq!(
            kind("ETH-7FEB26"),
            Kind::Future { expiry: Timestamp::expiry_on(2026, 2, 7).unwrap() }
        );
    }

    #[test]
    fn what_does_not_follow_the_pattern_is_not_guessed() {
        for name in [
            "",
            "BTC",
            "-",
            "BTC-",
            "BTC-30FEB26",
            "BTC-27MAR26-80000",
            "BTC-27MAR26-80000-X",
            "BTC-27MAR26-0-C",
            "BTC-27MAR26-1e5-C",
            "BTC-27MAR26--5-C",
            "BTC-27MAR26-80000-call",
            "BTC-２7MAR26",
            "BTC-27MAR26-80000-C-1",
            "BTC-27MAR26-080000-C",
            "BTC-27MAR26-5.-C",
            "_USDC",
        ] {
            assert_eq!(parse(name), None, "{name}");
        }
    }
}
