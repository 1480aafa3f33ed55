//! `dydx`: dYdX Chain (v4), liquidity tiers that tighten with open interest.
//!
//! ```text
//! scale  = clamp((open interest·oracle − lower)/(upper − lower), 0, 1)      0 where upper is 0
//! IMF    = max(min(base + scale·(1 − base), 1), the account's own)
//! IMR    = |coins|·oracle·IMF
//! MMR    = |coins|·oracle·base·maintenance_fraction
//! health = USDC + Σ unrealised profit − Σ IMR (MMR)
//! ```
//!
//! Positions do not offset each other. USDC counts as one dollar and is the only collateral. The
//! chain rounds margins up to a millionth of a USDC; this does not.

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::check_bounds;
use plimsoll_model::{Asset, Provenance};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Account, HealthRule, Level, Position, Term};
use crate::model::Leg;

/// Parameters of dYdX v4.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DydxParams {
    /// `dydx`.
    pub family: String,
    /// The model's id.
    pub id: String,
    /// Where the numbers come from.
    pub source: Provenance,
    /// The collateral, at one dollar.
    pub quote: Vec<Asset>,
    /// The account's own least initial margin fraction, by coin.
    #[serde(default)]
    pub account_margin_fraction: BTreeMap<Asset, f64>,
    /// Perpetual markets by coin.
    pub perpetuals: BTreeMap<Asset, PerpMarket>,
}

/// One perpetual market.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PerpMarket {
    /// `base`: initial margin fraction at little open interest.
    pub initial_margin_fraction: f64,
    /// Maintenance margin as a share of `base`.
    pub maintenance_fraction: f64,
    /// Open notional from which the initial fraction rises, USDC.
    #[serde(default)]
    pub open_interest_lower_cap: f64,
    /// Open notional at which it is 1, USDC; 0: it never rises.
    #[serde(default)]
    pub open_interest_upper_cap: f64,
    /// Whether a position here must be the only one of its subaccount.
    #[serde(default)]
    pub isolated: bool,
}

impl HealthRule for DydxParams {
    const COMPONENTS: &'static [&'static str] = &["perpetuals"];

    fn head(&self) -> (&str, &Provenance) {
        (&self.id, &self.source)
    }

    fn check(&self) -> Result<(), InputError> {
        for (coin, fraction) in &self.account_margin_fraction {
            check_bounds(&format!("account_margin_fraction.{coin}"), *fraction, 0.0, 1.0)?;
        }
        for (coin, market) in &self.perpetuals {
            let name = |field: &str| format!("perpetuals.{coin}.{field}");
            let (base, share) = (market.initial_margin_fraction, market.maintenance_fraction);
            check_bounds(&name("initial_margin_fraction"), base, 0.0, 1.0)?;
            check_bounds(&name("maintenance_fraction"), share, 0.0, 1.0)?;
            let (lower, upper) = (market.open_interest_lower_cap, market.open_interest_upper_cap);
            check_bounds(&name("open_interest_upper_cap"), upper, 0.0, 1e18)?;
            check_bounds(&name("open_interest_lower_cap"), lower, 0.0, upper)?;
        }
        Ok(())
    }

    fn at_par(&self) -> &[Asset] {
        &self.quote
    }

    fn knows_token(&self, token: &Asset) -> bool {
        self.quote.contains(token)
    }

    fn knows_market(&self, coin: &Asset) -> bool {
        self.perpetuals.contains_key(coin)
    }

    fn terms(&self, account: &Account<'_>, level: Level) -> Result<Vec<Term>, InputError> {
        let mut terms = Vec::new();
        for token in &account.tokens {
            let leg = Leg::Cash(token.asset.clone());
            let value = token.amount;
            terms.push(Term { component: "perpetuals", leg, value, weighted: value });
        }
        for position in &account.perpetuals {
            let Some(market) = self.perpetuals.get(position.underlying) else { continue };
            let alone = account.perpetuals.iter().filter(|one| one.coins != 0.0).count() <= 1;
            if market.isolated && position.coins != 0.0 && !alone {
                let message = format!(
                    "{}: an isolated market of {} must be alone in its subaccount",
                    position.name, self.id
                );
                return Err(InputError::new(InputCode::Unsupported, message)
                    .hint("write it as an account of its own"));
            }
            let fraction = match level {
                Level::Maintenance => market.initial_margin_fraction * market.maintenance_fraction,
                _ => self.initial_fraction(position, market)?,
            };
            let notional = position.coins.abs() * position.price;
            terms.push(Term {
                component: "perpetuals",
                leg: Leg::Instrument(position.id),
                value: position.gain,
                weighted: position.gain - notional * fraction,
            });
        }
        Ok(terms)
    }
}

impl DydxParams {
    fn initial_fraction(
        &self,
        position: &Position<'_>,
        market: &PerpMarket,
    ) -> Result<f64, InputError> {
        let own = self.account_margin_fraction.get(position.underlying).copied().unwrap_or(0.0);
        let base = market.initial_margin_fraction;
        let (lower, upper) = (market.open_interest_lower_cap, market.open_interest_upper_cap);
        if upper == 0.0 {
            return Ok(base.max(own));
        }
        let open = position.open_interest.ok_or_else(|| {
            let message =
                format!("{}: its initial margin needs the market's open_interest", position.name);
            InputError::new(InputCode::Missing, message)
        })?;
        let notional = open * position.price;
        let scale = if upper > lower {
            ((notional - lower) / (upper - lower)).clamp(0.0, 1.0)
        } else {
            f64::from(u8::from(notional > upper))
        };
        Ok((base + scale * (1.0 - base)).min(1.0).max(own))
    }
}
