//! Instruments: what a contract is, apart from any market it is quoted in.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::asset::Asset;
use crate::time::Timestamp;

/// The right an option gives.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum OptionType {
    /// The right to buy.
    Call,
    /// The right to sell.
    Put,
}

/// What is traded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// The asset itself, held.
    Spot,
    /// A future without expiry.
    Perpetual,
    /// A dated future.
    Future {
        /// The instant of delivery.
        expiry: Timestamp,
    },
    /// A European option on the forward of its own expiry.
    Option {
        /// The instant of exercise.
        expiry: Timestamp,
        /// The strike in quote currency per unit of underlying.
        strike: f64,
        /// Call or put.
        option_type: OptionType,
    },
}

/// Where profit and loss are paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Settlement {
    /// In the quote currency or a stable coin ("linear").
    Quote,
    /// In the underlying coin itself ("inverse").
    Coin,
}

/// What `contract_size` counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ContractUnit {
    /// Units of the underlying coin per contract.
    #[default]
    Base,
    /// Units of the quote currency per contract: the contract holds `contract_size / price` coins
    /// (for an option, `contract_size / strike`).
    Quote,
}

/// One listed contract.
#[derive(Clone, Debug, PartialEq)]
pub struct Instrument {
    /// The venue's own name, for example `BTC-27MAR26-80000-C`.
    pub name: String,
    /// The coin whose price drives it.
    pub underlying: Asset,
    /// What is traded.
    pub kind: Kind,
    /// The asset in which profit and loss are paid.
    pub settlement_asset: Asset,
    /// Units of base or quote per contract; see [`ContractUnit`].
    pub contract_size: f64,
    /// What `contract_size` counts.
    pub contract_unit: ContractUnit,
}

impl Instrument {
    /// Whether profit and loss are paid in the underlying coin or in the quote currency.
    pub fn settlement(&self) -> Settlement {
        if self.settlement_asset == self.underlying { Settlement::Coin } else { Settlement::Quote }
    }

    /// The expiry, if it has one.
    pub fn expiry(&self) -> Option<Timestamp> {
        match self.kind {
            Kind::Future { expiry } | Kind::Option { expiry, .. } => Some(expiry),
            Kind::Spot | Kind::Perpetual => None,
        }
    }

    /// Whether it is an option.
    pub fn is_option(&self) -> bool {
        matches!(self.kind, Kind::Option { .. })
    }

    /// Whether it is a perpetual or a dated future.
    pub fn is_future(&self) -> bool {
        matches!(self.kind, Kind::Perpetual | Kind::Future { .. })
    }

    /// Coins of the underlying behind one contract when the reference price is `price`.
    ///
    /// `contract_size` where it counts base; `contract_size / price` where it counts quote. For an
    /// option the reference is its strike, whatever the price (the notional convention of FX).
    pub fn base_per_contract(&self, price: f64) -> f64 {
        match (self.contract_unit, self.kind) {
            (ContractUnit::Base, _) => self.contract_size,
            (ContractUnit::Quote, Kind::Option { strike, .. }) => self.contract_size / strike,
            (ContractUnit::Quote, _) => self.contract_size / price,
        }
    }
}

impl OptionType {
    /// What one unit pays at exercise, in quote currency: (S − K)⁺ or (K − S)⁺.
    pub fn payoff(self, price: f64, strike: f64) -> f64 {
        match self {
            Self::Call => (price - strike).max(0.0),
            Self::Put => (strike - price).max(0.0),
        }
    }

    /// +1 for a call, −1 for a put.
    pub fn sign(self) -> f64 {
        match self {
            Self::Call => 1.0,
            Self::Put => -1.0,
        }
    }
}

impl fmt::Display for OptionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Call => "call",
            Self::Put => "put",
        })
    }
}

impl FromStr for OptionType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "call" | "C" => Ok(Self::Call),
            "put" | "P" => Ok(Self::Put),
            other => Err(format!("`{other}` is neither call nor put")),
        }
    }
}
