//! Named moves of whole markets: past crises with their dates, and imagined ones.

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::{check_bounds, from_toml};
use plimsoll_model::{Asset, Provenance};
use plimsoll_risk::{CoinMove, MarketShift};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The library that comes with the program.
pub const BUNDLED: &str = include_str!("../../../params/plimsoll/stress/2026-11-22.toml");

/// A file of stress scenarios.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StressLibrary {
    /// `stress`.
    pub family: String,
    /// A name for the file.
    pub id: String,
    /// Where the moves were read.
    pub source: Provenance,
    /// The scenarios, in the order in which they are shown.
    pub scenarios: Vec<Stress>,
}

/// One stress scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stress {
    /// The name.
    pub name: String,
    /// What sort of event.
    pub kind: StressKind,
    /// When it happened, `YYYY-MM-DD`; absent: imagined.
    #[serde(default)]
    pub date: Option<String>,
    /// What happens, in a sentence.
    pub about: String,
    /// Days that pass.
    #[serde(default)]
    pub days: f64,
    /// Moves by coin; `*` stands for every coin without a move of its own, and without it those stay.
    #[serde(default)]
    pub coins: BTreeMap<Asset, StressMove>,
    /// Changes of the USD price of assets without an index (stable coins, staked tokens), percent.
    #[serde(default)]
    pub assets_pct: BTreeMap<Asset, f64>,
}

/// What a coin does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StressMove {
    /// Relative move of index, forwards and futures, percent.
    #[serde(default)]
    pub spot_pct: f64,
    /// Relative move of every vol, percent.
    #[serde(default)]
    pub vol_pct: f64,
}

/// Sorts of stress scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StressKind {
    /// A replay of something that happened.
    Historical,
    /// Imagined: all prices one way.
    Hypothetical,
    /// Imagined: coins that usually move together part.
    Correlation,
    /// Imagined: vols move, prices hardly.
    VolRegime,
    /// A stable coin loses its peg.
    Depeg,
}

impl StressKind {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Historical => "historical",
            Self::Hypothetical => "hypothetical",
            Self::Correlation => "correlation",
            Self::VolRegime => "vol regime",
            Self::Depeg => "depeg",
        }
    }
}

/// Stands for every coin without a move of its own.
const EVERY_OTHER: &str = "*";

impl StressLibrary {
    /// The bundled library.
    ///
    /// # Errors
    /// None that a test does not exclude.
    pub fn bundled() -> Result<Self, InputError> {
        Self::from_toml(BUNDLED)
    }

    /// Reads and checks a file.
    ///
    /// # Errors
    /// The line that does not parse; a move outside its bounds; a name that stands twice.
    pub fn from_toml(text: &str) -> Result<Self, InputError> {
        let library: Self = from_toml(text)?;
        let mut names: Vec<&str> = Vec::new();
        for stress in &library.scenarios {
            if names.contains(&stress.name.as_str()) {
                let message = format!("the scenario `{}` stands there twice", stress.name);
                return Err(InputError::new(InputCode::Duplicate, message));
            }
            names.push(&stress.name);
            stress.check()?;
        }
        Ok(library)
    }
}

impl Stress {
    fn check(&self) -> Result<(), InputError> {
        let name = &self.name;
        check_bounds(&format!("{name}: days"), self.days, 0.0, 365.0)?;
        for (coin, by) in &self.coins {
            check_bounds(&format!("{name}: {coin} spot_pct"), by.spot_pct, -99.9, 10_000.0)?;
            check_bounds(&format!("{name}: {coin} vol_pct"), by.vol_pct, -99.0, 1000.0)?;
        }
        for (asset, by) in &self.assets_pct {
            check_bounds(&format!("{name}: {asset} pct"), *by, -99.9, 1000.0)?;
        }
        Ok(())
    }

    /// The move of the market.
    #[must_use]
    pub fn shift(&self) -> MarketShift {
        let fraction =
            |by: &StressMove| CoinMove { spot: by.spot_pct / 100.0, vol: by.vol_pct / 100.0 };
        let own = self.coins.iter().filter(|(coin, _)| coin.as_str() != EVERY_OTHER);
        MarketShift {
            days: self.days,
            coins: own.map(|(coin, by)| (coin.clone(), fraction(by))).collect(),
            other_coins: self.coins.get(EVERY_OTHER).map(fraction).unwrap_or_default(),
            assets: self
                .assets_pct
                .iter()
                .map(|(asset, pct)| (asset.clone(), pct / 100.0))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_library_is_sound_and_dates_are_of_replays() {
        let library = StressLibrary::bundled().unwrap();
        assert!(library.scenarios.len() >= 15);
        for stress in &library.scenarios {
            assert_eq!(
                stress.date.is_some(),
                stress.kind == StressKind::Historical || stress.name.contains("2023"),
                "{}",
                stress.name
            );
        }
    }

    #[test]
    fn a_coin_without_a_move_takes_that_of_the_star() {
        let text = r#"
            family = "stress"
            id = "mine"
            [source]
            source = "a test"
            effective = "2026-01-01"
            evidence = "own"
            [[scenarios]]
            name = "one"
            kind = "hypothetical"
            about = "BTC falls, the others fall more"
            coins = { BTC = { spot_pct = -10 }, "*" = { spot_pct = -20, vol_pct = 50 } }
            assets_pct = { USDC = -5 }
        "#;
        let shift = StressLibrary::from_toml(text).unwrap().scenarios[0].shift();
        assert_eq!(shift.coins[&Asset::new("BTC")], CoinMove { spot: -0.1, vol: 0.0 });
        assert_eq!(shift.other_coins, CoinMove { spot: -0.2, vol: 0.5 });
        assert_eq!(shift.assets[&Asset::new("USDC")], -0.05);
        let twice = text.replace("spot_pct = -10", "spot_pct = -100");
        assert!(StressLibrary::from_toml(&twice).unwrap_err().to_string().contains("BTC spot_pct"));
    }
}
