//! Fixed-width files, "expanded unpacked" (header format `U2`). Positions are counted from 1, as the
//! layouts print them. Numbers are digits with an implied point; signs stand in a byte of their own.
//!
//! Read are the records 0, 2, 3, 4, 6, 81–84, B, P, S and T. Records C and E (spreads within a
//! commodity) are noticed and not read: a portfolio that would form such spreads is refused. The rest
//! (exchanges, groups, products' names, redefinitions, …) carries nothing that margin needs.

mod commodities;
mod contracts;
mod line;

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::span::{CurrencyRate, SCENARIOS, SpanCommodity};
use plimsoll_model::{Asset, OptionType};

use super::{ImportedSpan, check_size, iso_date, text};
use line::Line;

/// Which of the three ratios of initial to maintenance margin holds for the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountType {
    /// Members of the exchange.
    Member,
    /// Hedgers.
    Hedger,
    /// Everybody else.
    Speculator,
}

/// Weights of the composite delta in published files: the layout does not hold them, and arrays that
/// come with the file do not need them.
const DELTA_WEIGHTS: [f64; 7] = [0.037, 0.111, 0.217, 0.270, 0.217, 0.111, 0.037];

/// Reads a fixed-width risk-parameter file. Text in it is taken as single bytes.
///
/// # Errors
/// With the line of the offending record: `malformed` (a field that is not a number, an array whose
/// second half is missing), `unsupported` (a format other than `U2`), `missing` (a contract without
/// commodity, an option without price factor), `duplicate`, `bad_parameter`.
pub fn parse_pa2(bytes: &[u8], account: AccountType) -> Result<ImportedSpan, InputError> {
    check_size(bytes)?;
    let mut records = Records::default();
    let lines = text::without_mark(bytes).split(|byte| *byte == b'\n').enumerate();
    for (index, bytes) in lines {
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        if !bytes.iter().all(u8::is_ascii_whitespace) {
            let line = Line { number: index + 1, bytes };
            records.read(line, account).map_err(|error| error.at(format!("line {}", index + 1)))?;
        }
    }
    records.finish()
}

/// Exchange, product and product type.
type Product = (String, String, String);
/// A product with the months of its future and its option.
type Series = (Product, String, String);

/// How a product's arrays are scaled.
struct ArrayScale {
    commodity: String,
    decimals: u32,
    exponent: u32,
}

/// Record P.
struct ProductInfo {
    price_decimals: i32,
    strike_decimals: i32,
    value_factor: f64,
    valuation: String,
}

/// Record B.
struct SeriesInfo {
    price_scan_range: u64,
    delta_scale: f64,
}

/// The two records of one array, before the records that explain them are known to be complete.
struct RawContract {
    line: usize,
    series: Series,
    option_type: Option<OptionType>,
    strike: u64,
    values: [f64; SCENARIOS],
    delta: f64,
    price: f64,
}

/// The first half of an array.
struct HalfArray {
    key: Vec<u8>,
    digits: usize,
    values: Vec<f64>,
}

#[derive(Default)]
struct Records {
    imported: ImportedSpan,
    /// Whether the header limits net option value for every commodity.
    limited: bool,
    headed: bool,
    scales: BTreeMap<Product, ArrayScale>,
    products: BTreeMap<Product, ProductInfo>,
    series: BTreeMap<Series, SeriesInfo>,
    half: Option<HalfArray>,
    raw: Vec<RawContract>,
}

impl Records {
    fn read(&mut self, line: Line, account: AccountType) -> Result<(), InputError> {
        if !self.headed && line.text(1, 2) != "0" {
            let message = format!("the first record is `{}`, not a header", line.text(1, 2));
            return Err(InputError::new(InputCode::Malformed, message));
        }
        if self.half.is_some() && !matches!(line.text(1, 2), "82" | "84") {
            let message = "the second half of the array before this record is missing";
            return Err(InputError::new(InputCode::Malformed, message));
        }
        match line.text(1, 2) {
            "0" => self.header(line),
            "2" => self.commodity(line),
            "3" => self.intra_tiers(line, account),
            "4" => self.delivery(line),
            "6" => self.inter_spread(line),
            "81" => self.first_half(line, 5),
            "83" => self.first_half(line, 8),
            "82" => self.second_half(line, 5),
            "84" => self.second_half(line, 8),
            "B" => self.array_parameters(line),
            "C" | "E" => {
                let code = line.text(3, 8).to_owned();
                self.known(&code)?.intra_spreads_unread = true;
                Ok(())
            }
            "P" => self.product(line),
            "S" => self.tiers(line),
            "T" => self.currency_rate(line),
            _ => Ok(()),
        }
    }

    fn known(&mut self, code: &str) -> Result<&mut SpanCommodity, InputError> {
        self.imported.parameters.commodities.get_mut(code).ok_or_else(|| {
            let message = format!("commodity `{code}` has no record 2 before this one");
            InputError::new(InputCode::Missing, message)
        })
    }

    fn header(&mut self, line: Line) -> Result<(), InputError> {
        let format = line.text(36, 37);
        if format != "U2" {
            let message = format!("file format `{format}`; only U2, expanded unpacked, is read");
            return Err(InputError::new(InputCode::Unsupported, message));
        }
        self.headed = true;
        self.limited = matches!(line.text(39, 39), "Y" | "1");
        self.imported.parameters.clearing_organisation = line.text(3, 8).to_owned();
        self.imported.parameters.business_date = iso_date(line.text(9, 16));
        Ok(())
    }

    fn currency_rate(&mut self, line: Line) -> Result<(), InputError> {
        let rate = line.decimal(11, 20, 6)?.filter(|rate| *rate > 0.0);
        self.imported.parameters.currency_rates.extend(rate.map(|rate| CurrencyRate {
            from: Asset::new(line.text(3, 5)),
            to: Asset::new(line.text(7, 9)),
            rate,
        }));
        Ok(())
    }

    fn finish(mut self) -> Result<ImportedSpan, InputError> {
        if !self.headed {
            return Err(InputError::new(InputCode::Empty, "the file holds no record"));
        }
        if self.half.is_some() {
            let message = "the file ends in the middle of an array";
            return Err(InputError::new(InputCode::Malformed, message));
        }
        for raw in std::mem::take(&mut self.raw) {
            let line = raw.line;
            self.contract(&raw).map_err(|error| error.at(format!("line {line}")))?;
        }
        let commodities = &self.imported.parameters.commodities;
        for (code, _) in commodities.iter().filter(|(_, c)| c.intra_spreads_unread) {
            self.imported.warnings.push(format!(
                "{code}: spreads within the commodity (records C, E) are not read: portfolios that \
                 would form some are refused"
            ));
        }
        self.imported.parameters.check()?;
        Ok(self.imported)
    }
}

/// Exact up to 10^19; a single digit is all that the layout has room for.
fn ten_to(exponent: u32) -> f64 {
    10_u64.checked_pow(exponent).map_or(f64::INFINITY, |power| power as f64)
}

fn power_of_ten(exponent: i32) -> f64 {
    let size = ten_to(exponent.unsigned_abs());
    if exponent < 0 { 1.0 / size } else { size }
}
