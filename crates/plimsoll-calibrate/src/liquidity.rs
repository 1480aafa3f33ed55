//! What it costs to get out: spread, impact, and the longer time a large position stays open.

use plimsoll_model::error::InputError;
use plimsoll_model::params::check_bounds;
use serde::{Deserialize, Serialize};

/// The market in one instrument.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiquidityProfile {
    /// Price of one unit.
    pub price_usd: f64,
    /// Ask less bid, as a fraction of the price (0.0008 is 8 bp).
    pub spread: f64,
    /// Daily vol of the price, as a fraction.
    pub vol_daily: f64,
    /// Units traded on an average day.
    pub adv: f64,
}

/// How positions are sold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExitRules {
    /// `Y` in the square-root law; about 1 in most markets.
    pub impact: f64,
    /// Largest share of a day's volume to trade.
    pub participation: f64,
}

/// Cost and time of closing one position.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ExitCost {
    /// `½·spread·P·Q`.
    pub half_spread_usd: f64,
    /// `Y·σ·√(Q/ADV)·P·Q`: the price at the end of the sale, times the whole position.
    pub impact_usd: f64,
    /// Two thirds of it: what a sale along the square-root path costs on average.
    pub average_impact_usd: f64,
    /// `Q/(participation·ADV)`.
    pub days: f64,
}

/// Cost and time of closing `quantity` units, of either sign.
///
/// # Errors
/// A market number or rule outside its bounds.
pub fn exit_cost(
    market: &LiquidityProfile,
    rules: &ExitRules,
    quantity: f64,
) -> Result<ExitCost, InputError> {
    check_bounds("price_usd", market.price_usd, 0.0, 1e12)?;
    check_bounds("spread", market.spread, 0.0, 2.0)?;
    check_bounds("vol_daily", market.vol_daily, 0.0, 10.0)?;
    check_bounds("adv", market.adv, f64::MIN_POSITIVE, 1e18)?;
    check_bounds("impact", rules.impact, 0.0, 100.0)?;
    check_bounds("participation", rules.participation, 1e-9, 1.0)?;
    check_bounds("quantity", quantity, -1e18, 1e18)?;
    let size = quantity.abs();
    let value = size * market.price_usd;
    let impact_usd = rules.impact * market.vol_daily * (size / market.adv).sqrt() * value;
    Ok(ExitCost {
        half_spread_usd: 0.5 * market.spread * value,
        impact_usd,
        average_impact_usd: impact_usd * 2.0 / 3.0,
        days: size / (rules.participation * market.adv),
    })
}

/// Factor on a one-day VaR for a position sold in equal parts over `days` days, independent days:
/// `√(n(n+1)(2n+1)/(6n²))`. A position held whole would need `√n`.
pub fn unwind_factor(days: u32) -> f64 {
    let n = f64::from(days.max(1));
    ((n + 1.0) * (2.0 * n + 1.0) / (6.0 * n)).sqrt()
}
