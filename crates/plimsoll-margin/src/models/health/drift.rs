//! `drift`: Drift v2, weights that worsen with the square root of size.
//!
//! ```text
//! premium(w, s)  = max(w, 0.8·w + imf·√s)             perpetuals, debt; s in coins
//! discount(w, s) = min(w, 1.1/(1 + imf·√s))           deposits, profit
//! health = Σ deposits·price·discount(w_asset) − Σ debt·price·premium(w_liability)
//!        + Σ profit·(discount(w_profit) if positive, else 1)
//!        − Σ |coins|·oracle·premium(ratio)
//! ```
//!
//! Initial health takes the worse of the oracle and its five-minute average for tokens, and the
//! account's own margin ratio where that is higher; maintenance takes the oracle. `fill` weights are
//! half way. Open orders: the worse of all bids and all asks filled, in both kinds of margin. The
//! program computes in integers; this in real numbers.

use std::collections::BTreeMap;

use plimsoll_math::float::sqrt;
use plimsoll_model::error::InputError;
use plimsoll_model::params::check_bounds;
use plimsoll_model::{Asset, Provenance};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Account, HealthRule, Level, Position, Term, Token, check_slow_prices, strict_price};
use crate::model::Leg;

/// Parameters of Drift v2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DriftParams {
    /// `drift`.
    pub family: String,
    /// The model's id.
    pub id: String,
    /// Where the numbers come from.
    pub source: Provenance,
    /// USD charged per open order.
    pub order_charge_usd: f64,
    /// The account's own least initial margin ratio.
    #[serde(default)]
    pub account_margin_ratio: f64,
    /// Five-minute averages of oracle prices; the oracle where none is given.
    #[serde(default)]
    pub slow_prices_usd: BTreeMap<Asset, f64>,
    /// Share of a liability weight that size is added to: 0.8.
    pub premium_share: f64,
    /// Numerator of the discount: 1.1.
    pub discount_numerator: f64,
    /// Tokens.
    pub tokens: BTreeMap<Asset, SpotMarket>,
    /// Perpetual markets by coin.
    pub perpetuals: BTreeMap<Asset, PerpMarket>,
}

/// A number for initial and for maintenance health.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// For initial health.
    pub initial: f64,
    /// For maintenance health.
    pub maintenance: f64,
}

/// One token.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpotMarket {
    /// Weight of a deposit.
    pub asset: Weights,
    /// Weight of a debt.
    pub liability: Weights,
    /// How fast the weights worsen with size.
    #[serde(default)]
    pub imf: f64,
}

/// One perpetual market.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PerpMarket {
    /// Margin ratio of a small position.
    pub margin_ratio: Weights,
    /// How fast the ratio rises with size.
    #[serde(default)]
    pub imf: f64,
    /// Weight of unrealised profit.
    pub profit: Weights,
    /// How fast the initial weight of profit falls with its size.
    #[serde(default)]
    pub profit_imf: f64,
}

impl Weights {
    pub(super) fn of(self, level: Level) -> f64 {
        match level {
            Level::Initial => self.initial,
            Level::Between => (self.initial + self.maintenance) / 2.0,
            Level::Maintenance => self.maintenance,
        }
    }

    /// Checks weights of what is owned: at most 1, initial at most maintenance.
    pub(super) fn check_asset(self, name: &str) -> Result<(), InputError> {
        check_bounds(&format!("{name}.maintenance"), self.maintenance, 0.0, 1.0)?;
        check_bounds(&format!("{name}.initial"), self.initial, 0.0, self.maintenance)
    }

    /// Checks weights of what is owed or at risk: at least `least`, initial at least maintenance.
    pub(super) fn check_liability(self, name: &str, least: f64) -> Result<(), InputError> {
        check_bounds(&format!("{name}.maintenance"), self.maintenance, least, 100.0)?;
        check_bounds(&format!("{name}.initial"), self.initial, self.maintenance, 100.0)
    }
}

impl HealthRule for DriftParams {
    const COMPONENTS: &'static [&'static str] =
        &["collateral_haircut", "debt", "perpetuals", "profit_haircut"];
    const BETWEEN: Option<&'static str> = Some("fill");

    fn head(&self) -> (&str, &Provenance) {
        (&self.id, &self.source)
    }

    fn check(&self) -> Result<(), InputError> {
        check_bounds("order_charge_usd", self.order_charge_usd, 0.0, 1000.0)?;
        check_bounds("account_margin_ratio", self.account_margin_ratio, 0.0, 100.0)?;
        check_bounds("premium_share", self.premium_share, 0.0, 1.0)?;
        check_bounds("discount_numerator", self.discount_numerator, 1.0, 10.0)?;
        check_slow_prices(&self.slow_prices_usd)?;
        for (token, market) in &self.tokens {
            market.asset.check_asset(&format!("tokens.{token}.asset"))?;
            market.liability.check_liability(&format!("tokens.{token}.liability"), 1.0)?;
            check_bounds(&format!("tokens.{token}.imf"), market.imf, 0.0, 1.0)?;
        }
        for (coin, market) in &self.perpetuals {
            let name = format!("perpetuals.{coin}");
            market.margin_ratio.check_liability(&format!("{name}.margin_ratio"), 0.0)?;
            market.profit.check_asset(&format!("{name}.profit"))?;
            check_bounds(&format!("{name}.imf"), market.imf, 0.0, 1.0)?;
            check_bounds(&format!("{name}.profit_imf"), market.profit_imf, 0.0, 1.0)?;
        }
        Ok(())
    }

    fn knows_token(&self, token: &Asset) -> bool {
        self.tokens.contains_key(token)
    }

    fn knows_market(&self, coin: &Asset) -> bool {
        self.perpetuals.contains_key(coin)
    }

    fn order_charge_usd(&self) -> Option<f64> {
        Some(self.order_charge_usd)
    }

    fn terms(&self, account: &Account<'_>, level: Level) -> Result<Vec<Term>, InputError> {
        let mut terms = Vec::new();
        for token in &account.tokens {
            if let Some(market) = self.tokens.get(&token.asset) {
                terms.push(self.token(token, market, level));
            }
        }
        for position in &account.perpetuals {
            if let Some(market) = self.perpetuals.get(position.underlying) {
                terms.extend(self.perpetual(position, market, level));
            }
        }
        Ok(terms)
    }
}

impl DriftParams {
    /// A liability weight or margin ratio that rises with size.
    fn premium(&self, weight: f64, imf: f64, size: f64) -> f64 {
        if imf == 0.0 { weight } else { weight.max(self.premium_share * weight + imf * sqrt(size)) }
    }

    /// An asset weight that falls with size.
    fn discount(&self, weight: f64, imf: f64, size: f64) -> f64 {
        weight.min(self.discount_numerator / (1.0 + imf * sqrt(size)))
    }

    fn token(&self, token: &Token, market: &SpotMarket, level: Level) -> Term {
        let slow = self.slow_prices_usd.get(&token.asset);
        let price = strict_price(level, token.amount, token.price_usd, slow);
        let size = token.amount.abs();
        let (component, weight) = if token.amount < 0.0 {
            ("debt", self.premium(market.liability.of(level), market.imf, size))
        } else {
            ("collateral_haircut", self.discount(market.asset.of(level), market.imf, size))
        };
        Term {
            component,
            leg: Leg::Cash(token.asset.clone()),
            value: token.amount * token.price_usd,
            weighted: token.amount * price * weight,
        }
    }

    /// The position at risk, and its profit or loss.
    fn perpetual(&self, position: &Position<'_>, market: &PerpMarket, level: Level) -> [Term; 2] {
        let usd = position.settlement_price_usd;
        let size = position.worst_coins.abs();
        let mut ratio = self.premium(market.margin_ratio.of(level), market.imf, size);
        if level == Level::Initial {
            ratio = ratio.max(self.account_margin_ratio);
        }
        let leg = Leg::Instrument(position.id);
        let at_risk = Term {
            component: "perpetuals",
            leg: leg.clone(),
            value: 0.0,
            weighted: -size * position.price * ratio * usd,
        };
        let slow = self.slow_prices_usd.get(position.settlement_asset);
        let price = strict_price(level, position.gain, usd, slow);
        let weight = match level {
            _ if position.gain <= 0.0 => 1.0,
            Level::Maintenance => market.profit.maintenance,
            // A fill weighs profit as initial health does.
            _ => self.discount(market.profit.initial, market.profit_imf, position.gain),
        };
        let profit = Term {
            component: "profit_haircut",
            leg,
            value: position.gain * usd,
            weighted: position.gain * price * weight,
        };
        [at_risk, profit]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> DriftParams {
        let at = "2026-06-01T00:00:00Z".parse().unwrap();
        let text = crate::models::bundled_at("drift", at).unwrap().text;
        plimsoll_model::params::from_toml(text).unwrap()
    }

    #[test]
    fn size_worsens_weights_by_its_square_root() {
        let rule = rule();
        // 0.8·0.1 + 0.001·√100 = 0.09 is below 0.1; with √10,000: 0.08 + 0.1 = 0.18.
        assert_eq!(rule.premium(0.1, 0.001, 100.0), 0.1);
        assert!((rule.premium(0.1, 0.001, 10_000.0) - 0.18).abs() < 1e-15);
        // 1.1/(1 + 0.001·√10,000) = 1; with √1,000,000: 1.1/2.
        assert_eq!(rule.discount(0.8, 0.001, 10_000.0), 0.8);
        assert!((rule.discount(0.8, 0.001, 1e6) - 0.55).abs() < 1e-15);
    }

    #[test]
    fn weights_the_wrong_way_round_are_refused() {
        let mut rule = rule();
        for market in rule.perpetuals.values_mut() {
            market.margin_ratio = Weights { initial: 0.03, maintenance: 0.05 };
        }
        assert!(rule.check().is_err());
    }
}
