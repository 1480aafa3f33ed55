//! SPAN risk-parameter files: XML (`.spn`, format 4.00) and fixed-width "expanded unpacked" (`.pa2`,
//! format U2). Both become [`SpanParameters`] with every contract's array.
//!
//! A contract is named `exchange-product-type-period`, an option `…-strike-C` or `…-P`, for example
//! `BIST-AKBNKE-OOP-201605S0-6.25-C`. What a file asks for and this version cannot do is never
//! dropped in silence: a credit that is left out is told in [`ImportedSpan::warnings`], and a charge
//! that is left out makes the commodity refuse to be margined.

pub mod market;
mod pa2;
mod text;
mod xml;

use plimsoll_model::OptionType;
use plimsoll_model::error::{InputCode, InputError, MAX_INPUT_BYTES};
use plimsoll_model::span::SpanParameters;

pub use pa2::{AccountType, parse_pa2};
pub use xml::parse_xml;

/// Parameters read from a file, and what had to be left out of them.
#[derive(Clone, Debug, Default)]
pub struct ImportedSpan {
    /// The parameters; they pass [`SpanParameters::check`].
    pub parameters: SpanParameters,
    /// One sentence for each thing that was left out or assumed.
    pub warnings: Vec<String>,
}

/// Reads a file of either format: XML if it begins with `<`. Fixed-width files are read with the
/// margin ratio of speculators, the highest of the three they hold.
///
/// # Errors
/// As [`parse_xml`] and [`parse_pa2`]; `too_large` above [`MAX_INPUT_BYTES`].
pub fn parse(bytes: &[u8]) -> Result<ImportedSpan, InputError> {
    let body = text::without_mark(bytes);
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => Err(InputError::new(InputCode::Empty, "the file is empty")),
        Some(b'<') => parse_xml(bytes),
        Some(_) => parse_pa2(bytes, AccountType::Speculator),
    }
}

fn check_size(bytes: &[u8]) -> Result<(), InputError> {
    if bytes.len() <= MAX_INPUT_BYTES {
        return Ok(());
    }
    let message = format!("{} bytes; the limit is {MAX_INPUT_BYTES} bytes", bytes.len());
    Err(InputError::new(InputCode::TooLarge, message))
}

fn contract_name(
    exchange: &str,
    product: &str,
    product_type: &str,
    period: &str,
    option: Option<(OptionType, f64)>,
) -> String {
    let name = format!("{exchange}-{product}-{product_type}-{period}");
    match option {
        None => name,
        Some((OptionType::Call, strike)) => format!("{name}-{strike}-C"),
        Some((OptionType::Put, strike)) => format!("{name}-{strike}-P"),
    }
}

/// `2016-05-17` from `20160517`; `None` unless it is eight digits.
fn iso_date(digits: &str) -> Option<String> {
    let digits = digits.trim();
    let all = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..]))
}
