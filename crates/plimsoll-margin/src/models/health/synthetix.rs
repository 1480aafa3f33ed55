//! `synthetix-perps`: Synthetix v3 perpetuals, margin that grows with size against the skew scale.
//!
//! ```text
//! r_I    = |coins|/skew_scale·initial_ratio + minimum_initial_ratio
//! IM     = |coins|·price·r_I + minimum_position_margin
//! MM     = |coins|·price·r_I·maintenance_scalar + minimum_position_margin
//! flag   = keeper(Σ |coins|·price·flag_reward_ratio, flag cost, equity)
//! steps  = (windows − 1)·keeper(0, liquidation cost, 0),   windows = max ⌈|coins|/window_coins⌉
//! keeper(reward, cost, margin) = min(max(cost + min_reward, cost·(1 + min_profit_ratio), reward + cost),
//!                                    margin·max_scaling_ratio if margin > 0, max_reward)
//! health = collateral + Σ unrealised profit − Σ IM (MM) − flag − steps
//! ```
//!
//! `window_coins` is what one liquidation window takes: seconds × (maker + taker fee) × skew scale ×
//! multiplier.

use std::collections::BTreeMap;

use plimsoll_model::error::InputError;
use plimsoll_model::params::check_bounds;
use plimsoll_model::{Asset, Provenance};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Account, HealthRule, Level, Position, Term};
use crate::model::Leg;

/// Parameters of Synthetix v3 perpetuals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SynthetixParams {
    /// `synthetix-perps`.
    pub family: String,
    /// The model's id.
    pub id: String,
    /// Where the numbers come from.
    pub source: Provenance,
    /// Collateral at one dollar.
    pub quote: Vec<Asset>,
    /// Other collateral: the share of its value that counts.
    #[serde(default)]
    pub collateral_weights: BTreeMap<Asset, f64>,
    /// Rewards of whoever liquidates.
    pub keeper: Keeper,
    /// Perpetual markets by coin.
    pub perpetuals: BTreeMap<Asset, PerpMarket>,
}

/// Rewards of whoever liquidates, USD.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Keeper {
    /// Cost of flagging an account.
    pub flag_cost_usd: f64,
    /// Cost of one liquidation step.
    pub liquidation_cost_usd: f64,
    /// Least profit.
    pub min_reward_usd: f64,
    /// Least profit as a share of the cost.
    pub min_profit_ratio: f64,
    /// Most in all.
    pub max_reward_usd: f64,
    /// Most as a share of the account's margin.
    pub max_scaling_ratio: f64,
}

/// One perpetual market.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PerpMarket {
    /// Coins.
    pub skew_scale: f64,
    /// Slope of the initial ratio.
    pub initial_ratio: f64,
    /// Initial ratio of a small position.
    pub minimum_initial_ratio: f64,
    /// Maintenance as a share of the initial ratio.
    pub maintenance_scalar: f64,
    /// Added to both margins, USD.
    pub minimum_position_margin_usd: f64,
    /// Reward for flagging, as a share of notional.
    pub flag_reward_ratio: f64,
    /// Coins that one liquidation window takes.
    pub window_coins: f64,
}

impl HealthRule for SynthetixParams {
    const COMPONENTS: &'static [&'static str] =
        &["perpetuals", "collateral_haircut", "liquidation_reward"];

    fn head(&self) -> (&str, &Provenance) {
        (&self.id, &self.source)
    }

    fn check(&self) -> Result<(), InputError> {
        for (token, weight) in &self.collateral_weights {
            check_bounds(&format!("collateral_weights.{token}"), *weight, 0.0, 1.0)?;
        }
        let keeper = &self.keeper;
        for (field, value) in [
            ("flag_cost_usd", keeper.flag_cost_usd),
            ("liquidation_cost_usd", keeper.liquidation_cost_usd),
            ("min_reward_usd", keeper.min_reward_usd),
            ("min_profit_ratio", keeper.min_profit_ratio),
            ("max_reward_usd", keeper.max_reward_usd),
            ("max_scaling_ratio", keeper.max_scaling_ratio),
        ] {
            check_bounds(&format!("keeper.{field}"), value, 0.0, 1e12)?;
        }
        for (coin, market) in &self.perpetuals {
            let name = |field: &str| format!("perpetuals.{coin}.{field}");
            check_bounds(&name("skew_scale"), market.skew_scale, 1e-9, 1e18)?;
            check_bounds(&name("initial_ratio"), market.initial_ratio, 0.0, 100.0)?;
            let least = market.minimum_initial_ratio;
            check_bounds(&name("minimum_initial_ratio"), least, 0.0, 100.0)?;
            check_bounds(&name("maintenance_scalar"), market.maintenance_scalar, 0.0, 1.0)?;
            let fixed = market.minimum_position_margin_usd;
            check_bounds(&name("minimum_position_margin_usd"), fixed, 0.0, 1e12)?;
            check_bounds(&name("flag_reward_ratio"), market.flag_reward_ratio, 0.0, 1.0)?;
            check_bounds(&name("window_coins"), market.window_coins, 1e-9, 1e18)?;
        }
        Ok(())
    }

    fn at_par(&self) -> &[Asset] {
        &self.quote
    }

    fn knows_token(&self, token: &Asset) -> bool {
        self.quote.contains(token) || self.collateral_weights.contains_key(token)
    }

    fn knows_market(&self, coin: &Asset) -> bool {
        self.perpetuals.contains_key(coin)
    }

    fn terms(&self, account: &Account<'_>, level: Level) -> Result<Vec<Term>, InputError> {
        let mut terms = Vec::new();
        for token in &account.tokens {
            let value = token.amount * token.price_usd;
            // Debt counts in full.
            let weight = self.collateral_weights.get(&token.asset).filter(|_| value > 0.0);
            terms.push(Term {
                component: "collateral_haircut",
                leg: Leg::Cash(token.asset.clone()),
                value,
                weighted: value * weight.copied().unwrap_or(1.0),
            });
        }
        let gains: f64 =
            account.perpetuals.iter().map(|one| one.gain * one.settlement_price_usd).sum();
        let margin = terms.iter().map(|term| term.weighted).sum::<f64>() + gains;
        let reward = self.liquidation_reward(account, margin);
        let notional: f64 = account.perpetuals.iter().map(notional_usd).sum();
        for position in account.perpetuals.iter().filter(|position| position.coins != 0.0) {
            let Some(market) = self.perpetuals.get(position.underlying) else { continue };
            let leg = Leg::Instrument(position.id);
            let value = position.gain * position.settlement_price_usd;
            terms.push(Term {
                component: "perpetuals",
                leg: leg.clone(),
                value,
                weighted: value - market.margin(position, level),
            });
            let share = notional_usd(position) / notional;
            let weighted = -reward * share;
            terms.push(Term { component: "liquidation_reward", leg, value: 0.0, weighted });
        }
        Ok(terms)
    }
}

fn notional_usd(position: &Position<'_>) -> f64 {
    position.coins.abs() * position.price * position.settlement_price_usd
}

impl PerpMarket {
    fn margin(&self, position: &Position<'_>, level: Level) -> f64 {
        let size = position.coins.abs();
        let initial = size / self.skew_scale * self.initial_ratio + self.minimum_initial_ratio;
        let share = if level == Level::Maintenance { self.maintenance_scalar } else { 1.0 };
        notional_usd(position) * initial * share + self.minimum_position_margin_usd
    }
}

impl Keeper {
    /// What a keeper is paid: at least its cost and a profit, at most what the account and the protocol
    /// allow.
    fn reward(&self, reward: f64, cost: f64, margin: f64) -> f64 {
        let least = (cost + self.min_reward_usd).max(cost * (1.0 + self.min_profit_ratio));
        let scaled = margin * self.max_scaling_ratio;
        let most = if margin > 0.0 { scaled.min(self.max_reward_usd) } else { self.max_reward_usd };
        least.max(reward + cost).min(most)
    }
}

impl SynthetixParams {
    /// What liquidating the account would pay; nothing without positions.
    fn liquidation_reward(&self, account: &Account<'_>, margin: f64) -> f64 {
        let (mut flag, mut windows) = (0.0, 0.0_f64);
        for position in &account.perpetuals {
            if let Some(market) = self.perpetuals.get(position.underlying) {
                flag += notional_usd(position) * market.flag_reward_ratio;
                windows = windows.max((position.coins.abs() / market.window_coins).ceil());
            }
        }
        if windows == 0.0 {
            return 0.0;
        }
        let step = self.keeper.reward(0.0, self.keeper.liquidation_cost_usd, 0.0);
        self.keeper.reward(flag, self.keeper.flag_cost_usd, margin) + (windows - 1.0) * step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keeper_earns_its_cost_and_a_profit_within_what_the_account_allows() {
        let keeper = Keeper {
            flag_cost_usd: 2.0,
            liquidation_cost_usd: 3.0,
            min_reward_usd: 5.0,
            min_profit_ratio: 0.3,
            max_reward_usd: 1000.0,
            max_scaling_ratio: 0.5,
        };
        // Reward 100 and cost 2; least 2 + 5; most 0.5·10,000.
        assert_eq!(keeper.reward(100.0, 2.0, 10_000.0), 102.0);
        // Nothing to flag: the least. An account of 8: half of it.
        assert_eq!(keeper.reward(0.0, 2.0, 10_000.0), 7.0);
        assert_eq!(keeper.reward(0.0, 2.0, 8.0), 4.0);
        // An account already flagged: the protocol's cap alone.
        assert_eq!(keeper.reward(5000.0, 2.0, 0.0), 1000.0);
        // A cost of 100 asks for 30 % of it, more than 5.
        assert_eq!(keeper.reward(0.0, 100.0, 0.0), 130.0);
    }
}
