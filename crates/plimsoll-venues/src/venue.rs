//! The venues, and the answers of theirs that are read.

use std::fmt;
use std::str::FromStr;

use plimsoll_model::error::{InputCode, InputError};
use serde::{Serialize, Serializer};

/// A venue whose answers are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Venue {
    /// Deribit, API v2.
    Deribit,
    /// OKX, API v5.
    Okx,
    /// Binance: USD-M futures, COIN-M futures, options, portfolio margin.
    Binance,
    /// Bybit, API v5.
    Bybit,
    /// Derive, formerly Lyra.
    Derive,
    /// Hyperliquid.
    Hyperliquid,
    /// Paradex.
    Paradex,
}

impl Venue {
    /// Every venue.
    pub const ALL: [Self; 7] = [
        Self::Deribit,
        Self::Okx,
        Self::Binance,
        Self::Bybit,
        Self::Derive,
        Self::Hyperliquid,
        Self::Paradex,
    ];

    /// The name in commands and files, lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deribit => "deribit",
            Self::Okx => "okx",
            Self::Binance => "binance",
            Self::Bybit => "bybit",
            Self::Derive => "derive",
            Self::Hyperliquid => "hyperliquid",
            Self::Paradex => "paradex",
        }
    }
}

impl fmt::Display for Venue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Venue {
    type Err = InputError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|venue| venue.name() == text).ok_or_else(|| {
            InputError::new(InputCode::Unsupported, format!("no venue `{text}`"))
                .hint(format!("there are {}", Self::ALL.map(Self::name).join(", ")))
        })
    }
}

impl Serialize for Venue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// What an answer is about. Which endpoints belong to each is told on the venue's module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartKind {
    /// What is listed: sizes, units, expiries, strikes.
    Instruments,
    /// Prices: marks, vols, indices, forwards, funding.
    Tickers,
    /// What is held in assets.
    Balances,
    /// What is held in contracts.
    Positions,
    /// What may still fill.
    Orders,
    /// Margin tiers: brackets, risk limits, margin tables.
    Tiers,
}

/// One saved answer of a venue.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// What it is about.
    pub kind: PartKind,
    /// The file it was read from; errors name it.
    pub origin: &'a str,
    /// The answer, envelope and all.
    pub bytes: &'a [u8],
}
