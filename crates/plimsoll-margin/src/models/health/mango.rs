//! `mango`: Mango v4, fixed weights by side and a slow price.
//!
//! ```text
//! perpetual  h = coins·price·w_base(side) + quote,  quote = profit − coins·oracle
//!            H = h·w_overall if h > 0, else h
//! token      amount + Σ H paid in it, times price and the weight of its side
//! health     = Σ tokens
//! ```
//!
//! | health | prices | weights |
//! | --- | --- | --- |
//! | initial | worse of oracle and stable price | initial |
//! | liquidation end | oracle | initial |
//! | maintenance | oracle | maintenance |

use std::collections::BTreeMap;

use plimsoll_model::error::InputError;
use plimsoll_model::{Asset, Provenance};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::drift::Weights;
use super::{Account, HealthRule, Level, Position, Term, check_slow_prices, strict_price};
use crate::model::Leg;

/// Parameters of Mango v4.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MangoParams {
    /// `mango`.
    pub family: String,
    /// The model's id.
    pub id: String,
    /// Where the numbers come from.
    pub source: Provenance,
    /// Stable prices by token or coin; the oracle where none is given.
    #[serde(default)]
    pub slow_prices_usd: BTreeMap<Asset, f64>,
    /// Tokens.
    pub tokens: BTreeMap<Asset, Bank>,
    /// Perpetual markets by coin.
    pub perpetuals: BTreeMap<Asset, PerpMarket>,
}

/// One token.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bank {
    /// Weight of a deposit; initial as scaled by the bank's deposits.
    pub asset: Weights,
    /// Weight of a debt; initial as scaled by the bank's loans.
    pub liability: Weights,
}

/// One perpetual market.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PerpMarket {
    /// Weight of a long position's coins.
    pub base_asset: Weights,
    /// Weight of a short position's coins.
    pub base_liability: Weights,
    /// Weight of a positive result.
    pub overall_asset: Weights,
}

impl Weights {
    /// The weights of initial health until the end of a liquidation.
    fn until_end(self, level: Level) -> f64 {
        if level == Level::Maintenance { self.maintenance } else { self.initial }
    }
}

impl HealthRule for MangoParams {
    const COMPONENTS: &'static [&'static str] = &["tokens", "perpetuals"];
    const BETWEEN: Option<&'static str> = Some("liquidation_end");

    fn head(&self) -> (&str, &Provenance) {
        (&self.id, &self.source)
    }

    fn check(&self) -> Result<(), InputError> {
        check_slow_prices(&self.slow_prices_usd)?;
        for (token, bank) in &self.tokens {
            bank.asset.check_asset(&format!("tokens.{token}.asset"))?;
            bank.liability.check_liability(&format!("tokens.{token}.liability"), 1.0)?;
        }
        for (coin, market) in &self.perpetuals {
            let name = format!("perpetuals.{coin}");
            market.base_asset.check_asset(&format!("{name}.base_asset"))?;
            market.base_liability.check_liability(&format!("{name}.base_liability"), 1.0)?;
            market.overall_asset.check_asset(&format!("{name}.overall_asset"))?;
        }
        Ok(())
    }

    fn knows_token(&self, token: &Asset) -> bool {
        self.tokens.contains_key(token)
    }

    fn knows_market(&self, coin: &Asset) -> bool {
        self.perpetuals.contains_key(coin)
    }

    fn terms(&self, account: &Account<'_>, level: Level) -> Result<Vec<Term>, InputError> {
        let results: Vec<f64> =
            account.perpetuals.iter().map(|position| self.result(position, level)).collect();
        // What a token weighs depends on the sign of all that is paid in it.
        let mut amounts: BTreeMap<&Asset, f64> = BTreeMap::new();
        for token in &account.tokens {
            *amounts.entry(&token.asset).or_default() += token.amount;
        }
        for (position, result) in account.perpetuals.iter().zip(&results) {
            *amounts.entry(position.settlement_asset).or_default() += result;
        }
        let weighted_price = |token: &Asset, oracle: f64| {
            let amount = amounts.get(token).copied().unwrap_or(0.0);
            let price = strict_price(level, amount, oracle, self.slow_prices_usd.get(token));
            let weight = self.tokens.get(token).map_or(0.0, |bank| {
                let side = if amount < 0.0 { bank.liability } else { bank.asset };
                side.until_end(level)
            });
            price * weight
        };
        let tokens = account.tokens.iter().map(|token| Term {
            component: "tokens",
            leg: Leg::Cash(token.asset.clone()),
            value: token.amount * token.price_usd,
            weighted: token.amount * weighted_price(&token.asset, token.price_usd),
        });
        let perpetuals = account.perpetuals.iter().zip(&results).map(|(position, result)| {
            let usd = position.settlement_price_usd;
            Term {
                component: "perpetuals",
                leg: Leg::Instrument(position.id),
                value: position.gain * usd,
                weighted: result * weighted_price(position.settlement_asset, usd),
            }
        });
        Ok(tokens.chain(perpetuals).collect())
    }
}

impl MangoParams {
    /// `H`: what a position counts for, in its settlement token.
    fn result(&self, position: &Position<'_>, level: Level) -> f64 {
        let Some(market) = self.perpetuals.get(position.underlying) else { return 0.0 };
        let coins = position.coins;
        let side = if coins < 0.0 { market.base_liability } else { market.base_asset };
        let slow = self.slow_prices_usd.get(position.underlying);
        let price = strict_price(level, coins, position.price, slow);
        let quote = position.gain - coins * position.price;
        let result = coins * price * side.until_end(level) + quote;
        if result > 0.0 { result * market.overall_asset.until_end(level) } else { result }
    }
}
