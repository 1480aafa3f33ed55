//! What the JSON answers of all venues have in common: envelopes that say whether the venue refused,
//! lists of rows, numbers as strings, empty strings for "none".

use plimsoll_model::Timestamp;
use plimsoll_model::error::{InputCode, InputError, from_json};
use plimsoll_model::number::{Exact, Real, parse_exact, parse_real};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error};
use serde_json::{Map, Value};

use crate::Part;

/// An answer without its envelope.
#[derive(Clone)]
pub(crate) struct Payload<'a> {
    /// The file it was read from.
    pub origin: &'a str,
    /// Where in the document the content stands, for example `result.list`.
    path: String,
    /// The content.
    pub value: Value,
    /// The stamp on the envelope.
    pub time: Option<Timestamp>,
    /// Whether the venue says that there are further pages.
    pub has_more: bool,
}

/// One element of an answer, with its place.
pub(crate) struct Row<'a> {
    origin: &'a str,
    pub at: String,
    pub value: Value,
}

impl<'a> Payload<'a> {
    /// Reads an answer and takes it out of its envelope.
    pub fn read(part: &Part<'a>) -> Result<Self, InputError> {
        let value = from_json(part.bytes).map_err(|error| error.from_origin(part.origin))?;
        let bare =
            Self { origin: part.origin, path: String::new(), value, time: None, has_more: false };
        bare.unwrapped()
    }

    /// Takes the content out of the envelopes in use:
    ///
    /// | envelope | venues | refused when |
    /// | --- | --- | --- |
    /// | `{jsonrpc, result}` or `{id, result}`, with `error` | Deribit, Derive | `error` is there |
    /// | `{jsonrpc, method, params: {data}}` (a pushed message) | Deribit | |
    /// | `{code, msg, data: []}` | OKX | `code` is not 0 |
    /// | `{arg, data: []}`, `{topic, ts, data}` (pushed messages) | OKX, Bybit | |
    /// | `{code, msg}` | Binance | always |
    /// | `{retCode, retMsg, result: {list: []}, time}` | Bybit | `retCode` is not 0 |
    /// | `{results: []}`, or `{error, message}` | Paradex | `error` is there |
    /// | none | Binance, Hyperliquid | |
    fn unwrapped(mut self) -> Result<Self, InputError> {
        let Value::Object(mut map) = self.value else { return Ok(self) };
        if let Some(refusal) = refusal(&map) {
            return Err(InputError::new(InputCode::Malformed, refusal)
                .from_origin(self.origin)
                .hint("this is the venue's refusal of the request, not data"));
        }
        self.time = stamp(&map);
        let inner = [("result", None), ("data", None), ("results", None), ("params", Some("data"))];
        for (key, second) in inner {
            let enveloped = match key {
                "data" => ["code", "arg", "topic"].iter().any(|key| map.contains_key(*key)),
                "params" => map.contains_key("method"),
                _ => true,
            };
            if let Some(content) = map.get_mut(key).filter(|_| enveloped) {
                self.value = content.take();
                self.path = key.to_owned();
                if let Some(second) = second {
                    self.descend(second);
                }
                self.has_more = cursor(&self.value);
                self.descend("list");
                return Ok(self);
            }
        }
        self.value = Value::Object(map);
        Ok(self)
    }

    /// Goes into a member if there is one of this name.
    pub fn descend(&mut self, key: &str) -> bool {
        let Some(inner) = self.value.get_mut(key) else { return false };
        self.value = inner.take();
        self.path = joined(&self.path, key);
        true
    }

    /// The elements of a list; anything else is a list of one.
    pub fn rows(self) -> Vec<Row<'a>> {
        let row = self.row();
        if row.value.is_array() { row.elements() } else { vec![row] }
    }

    /// The content as one row.
    pub fn row(self) -> Row<'a> {
        Row { origin: self.origin, at: self.path, value: self.value }
    }
}

impl<'a> Row<'a> {
    /// Reads the row into `T`; the error names the path.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, InputError> {
        serde_path_to_error::deserialize(&self.value).map_err(|error| {
            let inner = error.path().to_string();
            let at = if inner == "." { self.at.clone() } else { joined(&self.at, &inner) };
            InputError::new(InputCode::Malformed, error.into_inner().to_string())
                .at(at)
                .from_origin(self.origin)
        })
    }

    /// An error about this row.
    pub fn error(&self, code: InputCode, message: impl Into<String>) -> InputError {
        InputError::new(code, message).at(self.at.clone()).from_origin(self.origin)
    }

    /// Something that stands below this row under a name.
    pub fn below(&self, key: &str, value: Value) -> Row<'a> {
        Row { origin: self.origin, at: joined(&self.at, key), value }
    }

    /// The member of this name as a row of its own.
    pub fn member(&self, key: &str) -> Option<Row<'a>> {
        self.value.get(key).map(|value| self.below(key, value.clone()))
    }

    /// The elements of the list that this row is; none if it is no list.
    pub fn elements(self) -> Vec<Row<'a>> {
        let Self { origin, at, value } = self;
        let Value::Array(values) = value else { return vec![] };
        let row = |(index, value)| Row { origin, at: format!("{at}[{index}]"), value };
        values.into_iter().enumerate().map(row).collect()
    }

    /// The elements of the list in the member of this name; none if it is absent or no list.
    pub fn members(&self, key: &str) -> Vec<Row<'a>> {
        self.member(key).map(Row::elements).unwrap_or_default()
    }
}

/// The first value of this name at or below a value, the top before what stands in it.
pub(crate) fn find<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    if let Some(found) = value.get(key) {
        return Some(found);
    }
    match value {
        Value::Object(map) => map.values().find_map(|inner| find(inner, key)),
        Value::Array(values) => values.iter().find_map(|inner| find(inner, key)),
        _ => None,
    }
}

fn joined(path: &str, key: &str) -> String {
    match (path.is_empty(), key.starts_with('[')) {
        (true, _) => key.to_owned(),
        (false, true) => format!("{path}{key}"),
        (false, false) => format!("{path}.{key}"),
    }
}

/// The venue's words if the answer is a refusal.
fn refusal(map: &Map<String, Value>) -> Option<String> {
    let text = |key: &str| map.get(key).and_then(Value::as_str).unwrap_or_default();
    if let Some(error) = map.get("error").filter(|error| !error.is_null()) {
        let said = match error {
            Value::Object(inner) => {
                let code = inner.get("code").map(ToString::to_string).unwrap_or_default();
                let message = inner.get("message").and_then(Value::as_str).unwrap_or_default();
                format!("{code} {message}")
            }
            Value::String(word) => format!("{word} {}", text("message")),
            other => other.to_string(),
        };
        return Some(format!("the venue answered with an error: {}", said.trim()));
    }
    let code = ["code", "retCode", "ret_code"].iter().find_map(|key| map.get(*key))?;
    let is_zero = match code {
        Value::String(code) => code.parse() == Ok(0),
        code => code.as_i64() == Some(0),
    };
    let said = [text("msg"), text("retMsg"), text("ret_msg"), text("message")].concat();
    let code = code.to_string();
    let code = code.trim_matches('"');
    (!is_zero).then(|| format!("the venue answered with error {code}: {said}"))
}

/// The envelope's own stamp: `usOut` in microseconds, `time`, `ts` or `serverTime` in milliseconds.
fn stamp(map: &Map<String, Value>) -> Option<Timestamp> {
    let number = |key: &str| map.get(key).and_then(Value::as_i64);
    let millis = number("usOut").map(|micros| micros / 1000);
    let mut others = ["time", "ts", "serverTime"].into_iter();
    millis.or_else(|| others.find_map(number)).and_then(instant)
}

/// Whether a list says that it goes on.
fn cursor(value: &Value) -> bool {
    let cursor = value.get("nextPageCursor").and_then(Value::as_str);
    cursor.is_some_and(|cursor| !cursor.is_empty())
}

/// Reads a number that may be absent, `null` or `""`.
pub(crate) fn maybe_real<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Real>, D::Error> {
    let number = match Option::<Value>::deserialize(from)? {
        None => return Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
        Some(Value::String(text)) => parse_real(&text).map_err(D::Error::custom)?,
        Some(number) => return Real::deserialize(number).map(Some).map_err(D::Error::custom),
    };
    Ok(Some(Real(number)))
}

/// As [`maybe_real`]; zero, which several venues write for "none", is absent too.
pub(crate) fn nonzero<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Real>, D::Error> {
    maybe_real(from).map(|number| number.filter(|number| number.0 != 0.0))
}

/// As [`maybe_real`], exactly.
pub(crate) fn maybe_exact<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Exact>, D::Error> {
    let number = match Option::<Value>::deserialize(from)? {
        None => return Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
        Some(Value::String(text)) => parse_exact(&text).map_err(D::Error::custom)?,
        Some(number) => return Exact::deserialize(number).map(Some).map_err(D::Error::custom),
    };
    Ok(Some(Exact(number)))
}

/// An exact number that may be absent, `null` or `""`.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize)]
pub(crate) struct MaybeExact(#[serde(deserialize_with = "maybe_exact")] pub Option<Exact>);

/// Reads a text that may be absent, `null` or `""`.
pub(crate) fn maybe_text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    Ok(text.filter(|text| !text.is_empty()))
}

/// Reads milliseconds since 1970 from a number or a string; absent, `null`, `""` and 0 are none.
pub(crate) fn maybe_millis<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Timestamp>, D::Error> {
    let Some(value) = Option::<Value>::deserialize(from)? else { return Ok(None) };
    let millis = match &value {
        Value::String(text) if text.trim().is_empty() => return Ok(None),
        Value::String(text) => text.trim().parse::<i64>().ok(),
        value => value.as_i64(),
    };
    if millis == Some(0) {
        return Ok(None);
    }
    let time = millis.and_then(instant);
    let wrong = || D::Error::custom(format!("{value} is not a time in milliseconds since 1970"));
    time.ok_or_else(wrong).map(Some)
}

/// An instant between 1970 and the year 9999; differences of such instants never overflow.
pub(crate) fn instant(millis: i64) -> Option<Timestamp> {
    const YEAR_9999_MS: i64 = 253_370_764_800_000;
    (0..YEAR_9999_MS).contains(&millis).then_some(Timestamp(millis))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PartKind;

    fn read(text: &str) -> Result<Payload<'_>, InputError> {
        let kind = PartKind::Tickers;
        Payload::read(&Part { kind, origin: "f.json", bytes: text.as_bytes() })
    }

    #[test]
    fn every_envelope_is_taken_off() {
        for (text, at) in [
            (r#"{"jsonrpc":"2.0","result":[{"a":1}],"usOut":1700000000123456}"#, "result[0]"),
            (r#"{"id":1,"result":[{"a":1}]}"#, "result[0]"),
            (
                r#"{"jsonrpc":"2.0","method":"subscription","params":{"data":{"a":1}}}"#,
                "params.data",
            ),
            (r#"{"code":"0","msg":"","data":[{"a":1}]}"#, "data[0]"),
            (r#"{"retCode":0,"result":{"category":"x","list":[{"a":1}]}}"#, "result.list[0]"),
            (r#"{"results":[{"a":1}]}"#, "results[0]"),
            (r#"{"arg":{"channel":"x"},"data":[{"a":1}]}"#, "data[0]"),
            (r#"{"topic":"x","ts":1,"data":{"a":1}}"#, "data"),
            (r#"[{"a":1}]"#, "[0]"),
            (r#"{"a":1}"#, ""),
        ] {
            let rows = read(text).unwrap().rows();
            assert_eq!(rows.len(), 1, "{text}");
            assert_eq!((rows[0].at.as_str(), &rows[0].value["a"]), (at, &Value::from(1)), "{text}");
        }
        let time = read(r#"{"jsonrpc":"2.0","result":[],"usOut":1700000000123456}"#).unwrap().time;
        assert_eq!(time, Some(Timestamp(1_700_000_000_123)));
        let paged = r#"{"retCode":0,"result":{"nextPageCursor":"x","list":[]}}"#;
        assert!(read(paged).unwrap().has_more);
    }

    #[test]
    fn a_refusal_keeps_the_words_of_the_venue() {
        for (text, words) in [
            (
                r#"{"jsonrpc":"2.0","error":{"code":13004,"message":"invalid_credentials"}}"#,
                "13004",
            ),
            (r#"{"code":"50113","msg":"Invalid Sign","data":[]}"#, "50113: Invalid Sign"),
            (r#"{"code":-2015,"msg":"Invalid API-key"}"#, "-2015: Invalid API-key"),
            (r#"{"retCode":10003,"retMsg":"API key is invalid.","result":{}}"#, "10003: API key"),
            (r#"{"error":"NOT_AUTHORIZED","message":"token expired"}"#, "token expired"),
        ] {
            let error = read(text).err().unwrap();
            assert!(error.to_string().contains(words), "{error}");
            assert_eq!(error.origin, "f.json");
        }
    }
}
