//! Assets: what balances, prices and profits are counted in.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A currency or coin by its ticker, for example `BTC`, `USDC`, `USD`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Asset(Arc<str>);

impl Asset {
    /// The asset with this ticker.
    pub fn new(ticker: &str) -> Self {
        Self(Arc::from(ticker))
    }

    /// The ticker.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// US dollars, the numeraire of every report.
    pub fn usd() -> Self {
        Self::new("USD")
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Asset {
    fn from(ticker: &str) -> Self {
        Self::new(ticker)
    }
}

impl std::borrow::Borrow<str> for Asset {
    fn borrow(&self) -> &str {
        &self.0
    }
}
