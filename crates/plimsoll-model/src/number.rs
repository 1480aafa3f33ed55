//! Numbers as people and programs write them in JSON and CSV: bare, or as strings for exactness.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use schemars::JsonSchema;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};

/// An exact decimal read from a JSON number or a string; written as a string.
///
/// A bare JSON number passes through its shortest decimal form, so `0.1` is exactly one tenth; beyond
/// 15 significant digits only a string is exact. Refuses what is not finite or does not fit 28 digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exact(pub Decimal);

/// A finite binary number read from a JSON number or a string; written as a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Real(pub f64);

/// The one door from the exact ledger to binary risk arithmetic: the nearest `f64`.
pub fn to_f64(exact: Decimal) -> f64 {
    // A Decimal is always within the range of f64.
    exact.to_f64().unwrap_or(f64::NAN)
}

/// Reads a decimal, plain (`-12.5`) or scientific (`1e-3`).
pub fn parse_exact(text: &str) -> Result<Decimal, String> {
    let text = text.trim();
    let plain = !text.contains('_');
    let parsed = text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(text));
    parsed.ok().filter(|_| plain).ok_or_else(|| match text.parse::<f64>() {
        Ok(value) if value.is_finite() => {
            format!(
                "`{text}` does not fit an exact decimal (28 digits, 28 of them after the point)"
            )
        }
        Ok(_) => format!("`{text}` is not a finite number"),
        Err(_) => format!("`{text}` is not a number"),
    })
}

/// Reads a finite binary number.
pub fn parse_real(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => Err(format!("`{}` is not a finite number", text.trim())),
        Err(_) => Err(format!("`{}` is not a number", text.trim())),
    }
}

impl Serialize for Exact {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.normalize())
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(NumberText)
            .and_then(|text| parse_exact(&text).map(Self).map_err(de::Error::custom))
    }
}

impl<'de> Deserialize<'de> for Real {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(NumberText)
            .and_then(|text| parse_real(&text).map(Self).map_err(de::Error::custom))
    }
}

/// Takes a number or a string and hands on its shortest decimal text.
struct NumberText;

impl<'de> Visitor<'de> for NumberText {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, or a string holding one")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(value.to_string()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(value.to_string()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
        // `{:e}` prints the shortest text that reads back as the same number.
        Ok(Cow::Owned(format!("{value:e}")))
    }
}

/// Reads a JSON object whose keys must be different; two spellings of one key are one key.
pub fn unique_keys<'de, K, V, D>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
where
    K: Deserialize<'de> + Ord + fmt::Display,
    V: Deserialize<'de>,
    D: Deserializer<'de>,
{
    struct UniqueKeys<K, V>(PhantomData<(K, V)>);

    impl<'de, K, V> Visitor<'de> for UniqueKeys<K, V>
    where
        K: Deserialize<'de> + Ord + fmt::Display,
        V: Deserialize<'de>,
    {
        type Value = BTreeMap<K, V>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: de::MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
            let mut map = BTreeMap::new();
            while let Some((key, value)) = access.next_entry::<K, V>()? {
                if map.contains_key(&key) {
                    return Err(de::Error::custom(format!("`{key}` appears twice")));
                }
                map.insert(key, value);
            }
            Ok(map)
        }
    }

    deserializer.deserialize_map(UniqueKeys(PhantomData))
}

fn number_schema(description: &str) -> schemars::Schema {
    schemars::json_schema!({ "type": ["number", "string"], "description": description })
}

impl JsonSchema for Exact {
    fn schema_name() -> Cow<'static, str> {
        "Exact".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        number_schema("an exact decimal: a number, or a string holding one")
    }
}

impl JsonSchema for Real {
    fn schema_name() -> Cow<'static, str> {
        "Real".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        number_schema("a finite number, or a string holding one")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(json: &str) -> Result<Exact, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_bare_number_and_its_string_are_the_same_exact_decimal() {
        assert_eq!(exact("0.1").unwrap(), exact("\"0.1\"").unwrap());
        assert_eq!(exact("1e-3").unwrap().0, Decimal::new(1, 3));
        assert_eq!(exact("-5").unwrap().0, Decimal::from(-5));
    }

    #[test]
    fn what_is_not_a_finite_number_is_refused_with_its_value() {
        for bad in [
            "\"NaN\"",
            "\"inf\"",
            "\"\"",
            "\"1,5\"",
            "null",
            "true",
            "1e308",
            "\"1e308\"",
            "\"1_000\"",
        ] {
            assert!(exact(bad).is_err(), "{bad} was read");
        }
        assert!(exact("\"1e308\"").unwrap_err().contains("1e308"));
        assert!(serde_json::from_str::<Real>("\"NaN\"").is_err());
    }
}
