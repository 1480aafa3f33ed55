//! Assets: what balances, prices and profits are counted in.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A currency or coin by its ticker, for example `BTC`, `USDC`, `USD`. Cheap to clone and compare;
/// ordered as its ticker is.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Arc<str>", into = "Arc<str>")]
#[schemars(with = "String")]
pub struct Asset {
    /// The ticker's first bytes, the first one highest, zeros behind its end: they order as the ticker
    /// does, and most comparisons need nothing else.
    head: u64,
    ticker: Arc<str>,
}

impl Asset {
    /// The asset with this ticker.
    pub fn new(ticker: &str) -> Self {
        Self::from(Arc::from(ticker))
    }

    /// The ticker.
    pub fn as_str(&self) -> &str {
        &self.ticker
    }

    /// US dollars, the numeraire of every report.
    pub fn usd() -> Self {
        Self::new("USD")
    }
}

impl From<Arc<str>> for Asset {
    fn from(ticker: Arc<str>) -> Self {
        let mut head = [0; 8];
        head.iter_mut().zip(ticker.bytes()).for_each(|(head, byte)| *head = byte);
        Self { head: u64::from_be_bytes(head), ticker }
    }
}

impl From<Asset> for Arc<str> {
    fn from(asset: Asset) -> Self {
        asset.ticker
    }
}

impl PartialEq for Asset {
    fn eq(&self, other: &Self) -> bool {
        let length = self.ticker.len();
        self.head == other.head
            && length == other.ticker.len()
            && (length <= size_of::<u64>() || self.ticker == other.ticker)
    }
}

impl Eq for Asset {}

impl Ord for Asset {
    fn cmp(&self, other: &Self) -> Ordering {
        self.head.cmp(&other.head).then_with(|| self.ticker.cmp(&other.ticker))
    }
}

impl PartialOrd for Asset {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Asset {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.ticker.hash(state);
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.ticker)
    }
}

impl fmt::Debug for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.ticker)
    }
}

impl From<&str> for Asset {
    fn from(ticker: &str) -> Self {
        Self::new(ticker)
    }
}

impl std::borrow::Borrow<str> for Asset {
    fn borrow(&self) -> &str {
        &self.ticker
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_and_order_are_those_of_the_tickers() {
        let tickers =
            ["", "B", "BTC", "BTC\0", "BTD", "WSTETH12", "WSTETH123", "WSTETH124", "é", "日本"];
        for a in tickers {
            for b in tickers {
                assert_eq!(Asset::new(a) == Asset::new(b), a == b, "{a} {b}");
                assert_eq!(Asset::new(a).cmp(&Asset::new(b)), a.cmp(b), "{a} {b}");
            }
        }
    }
}
