//! Fields of one fixed-width record by position.

use plimsoll_model::error::{InputCode, InputError};

/// One record; positions are counted from 1, and what lies beyond the end of a line is blank.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    pub number: usize,
    pub bytes: &'a [u8],
}

impl<'a> Line<'a> {
    fn field(&self, from: usize, to: usize) -> &'a [u8] {
        let end = to.min(self.bytes.len());
        self.bytes.get(from - 1..end).unwrap_or_default().trim_ascii()
    }

    /// The text of a field without spaces around it; empty where it is not ASCII.
    pub fn text(&self, from: usize, to: usize) -> &'a str {
        let field = self.field(from, to);
        std::str::from_utf8(field).ok().filter(|text| text.is_ascii()).unwrap_or_default()
    }

    /// The bytes of a field, to compare records by.
    pub fn key(&self, from: usize, to: usize) -> Vec<u8> {
        self.field(from, to).to_vec()
    }

    /// A month and its day or week code as one period, for example `202612` or `20261225`.
    pub fn joined(&self, from: usize, to: usize) -> String {
        let month = self.text(from, from + 5);
        format!("{month}{}", self.text(from + 6, to))
    }

    /// Digits as a whole number; `None` where the field is blank.
    pub fn number(&self, from: usize, to: usize) -> Result<Option<u64>, InputError> {
        let field = self.field(from, to);
        if field.is_empty() {
            return Ok(None);
        }
        let digits = field.iter().all(u8::is_ascii_digit);
        let parsed = std::str::from_utf8(field).ok().filter(|_| digits);
        parsed.and_then(|text| text.parse().ok()).map(Some).ok_or_else(|| {
            let found = String::from_utf8_lossy(field);
            let message = format!("positions {from} to {to}: `{found}` is not a number");
            InputError::new(InputCode::Malformed, message)
        })
    }

    /// Digits with an implied point `decimals` from the right.
    pub fn decimal(
        &self,
        from: usize,
        to: usize,
        decimals: u32,
    ) -> Result<Option<f64>, InputError> {
        let number = self.number(from, to)?;
        Ok(number.map(|digits| digits as f64 / super::ten_to(decimals)))
    }

    /// As [`Self::decimal`], and blank is refused.
    pub fn required_decimal(
        &self,
        name: &str,
        from: usize,
        to: usize,
        decimals: u32,
    ) -> Result<f64, InputError> {
        self.decimal(from, to, decimals)?.ok_or_else(|| {
            let message = format!("{name} (positions {from} to {to}) is blank");
            InputError::new(InputCode::Malformed, message)
        })
    }

    /// As [`Self::decimal`] with the sign in the byte after the field.
    pub fn signed_decimal(
        &self,
        from: usize,
        to: usize,
        decimals: u32,
    ) -> Result<Option<f64>, InputError> {
        let sign = if self.text(to + 1, to + 1) == "-" { -1.0 } else { 1.0 };
        Ok(self.decimal(from, to, decimals)?.map(|value| sign * value))
    }

    /// `count` numbers of so many digits, each followed by its sign; none may be blank.
    pub fn signed_values(
        &self,
        from: usize,
        digits: usize,
        count: usize,
    ) -> Result<Vec<f64>, InputError> {
        let value = |slot: usize| {
            let at = from + slot * (digits + 1);
            self.signed_decimal(at, at + digits - 1, 0)?.ok_or_else(|| {
                let message = format!("the array value at position {at} is blank");
                InputError::new(InputCode::Malformed, message)
            })
        };
        (0..count).map(value).collect()
    }

    /// A whole number that may carry a sign in front.
    pub fn integer(&self, from: usize, to: usize) -> Result<Option<i32>, InputError> {
        let text = self.text(from, to);
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| {
            let message = format!("positions {from} to {to}: `{text}` is not a whole number");
            InputError::new(InputCode::Malformed, message)
        })
    }
}
