//! What can be wrong with an input, and where.

use serde::Serialize;

/// The kind of fault in an input. The names are stable: programs may match on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InputCode {
    /// Not valid UTF-8, not JSON, not CSV, cut off, or not the documented shape.
    Malformed,
    /// Larger than the documented limit.
    TooLarge,
    /// A number that is not finite, or outside its domain.
    BadNumber,
    /// An instrument that the market does not list.
    UnknownInstrument,
    /// An asset that the market does not price.
    UnknownAsset,
    /// An account that the book does not hold.
    UnknownAccount,
    /// The same key twice.
    Duplicate,
    /// A value that is needed and not there (vol, forward, index, contract size, mark).
    Missing,
    /// An instrument past its expiry.
    Expired,
    /// A bid above its ask.
    Crossed,
    /// Nothing to margin.
    Empty,
    /// A parameter outside its stated bounds, or a parameter file that contradicts itself.
    BadParameter,
    /// Something this version or this model does not handle.
    Unsupported,
}

/// An input that was refused: which one, where in it, why, and what would help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}{message}{}", self.origin, self.place(), self.hint_text())]
pub struct InputError {
    /// The kind of fault.
    pub code: InputCode,
    /// The file or stream, empty where unknown.
    pub origin: String,
    /// The line (`line 12`) or path (`instruments[3].mark_vol`), empty where it concerns the whole.
    pub at: String,
    /// What is wrong, with the offending value.
    pub message: String,
    /// What would mend it.
    pub hint: Option<String>,
}

impl InputError {
    /// An error about the whole input.
    pub fn new(code: InputCode, message: impl Into<String>) -> Self {
        Self { code, origin: String::new(), at: String::new(), message: message.into(), hint: None }
    }

    /// The same error, placed at a line or path.
    #[must_use]
    pub fn at(mut self, at: impl Into<String>) -> Self {
        self.at = at.into();
        self
    }

    /// The same error, naming the file it came from; an origin already named is kept.
    #[must_use]
    pub fn from_origin(mut self, origin: &str) -> Self {
        if self.origin.is_empty() {
            self.origin = origin.to_owned();
        }
        self
    }

    /// The same error with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn place(&self) -> String {
        match (self.origin.is_empty(), self.at.is_empty()) {
            (true, true) => String::new(),
            (true, false) => format!("{}: ", self.at),
            (false, true) => ": ".to_owned(),
            (false, false) => format!(": {}: ", self.at),
        }
    }

    fn hint_text(&self) -> String {
        self.hint.as_ref().map(|hint| format!(" (hint: {hint})")).unwrap_or_default()
    }
}

/// Reads JSON text into `T`; the error names the path inside the document and the line.
pub fn from_json<T: serde::de::DeserializeOwned>(text: &[u8]) -> Result<T, InputError> {
    let text = utf8(text)?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        let at = if path == "." { String::new() } else { path };
        InputError::new(InputCode::Malformed, inner.to_string()).at(at)
    })?;
    reader.end().map_err(|error| {
        InputError::new(InputCode::Malformed, format!("text after the end of the JSON: {error}"))
    })?;
    Ok(value)
}

/// The text of an input that must be UTF-8 and no larger than [`MAX_INPUT_BYTES`].
pub fn utf8(bytes: &[u8]) -> Result<&str, InputError> {
    if bytes.len() > MAX_INPUT_BYTES {
        return Err(InputError::new(
            InputCode::TooLarge,
            format!("{} bytes; the limit is {MAX_INPUT_BYTES} bytes", bytes.len()),
        ));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        InputError::new(
            InputCode::Malformed,
            format!("not UTF-8: the byte at offset {} is invalid", error.valid_up_to()),
        )
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The largest input that is read, 64 MiB: a hundred times a full venue chain.
pub const MAX_INPUT_BYTES: usize = 64 << 20;
