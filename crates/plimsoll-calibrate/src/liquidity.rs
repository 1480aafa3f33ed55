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

/// A clearing house's surcharge on positions that the market cannot take within the days that its
/// margin covers. The European Commodity Clearing publishes 0.3 extra days, 2 to 3 days and a half of
/// the member's gross margin (its page on the concentration risk margin).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConcentrationRule {
    /// Added to the time that selling takes.
    pub extra_days: f64,
    /// Days that the margin covers already.
    pub least_days: f64,
    /// Longest period charged for.
    pub most_days: f64,
    /// Largest surcharge of a member as a share of its gross margin.
    pub member_cap: f64,
}

impl ConcentrationRule {
    /// `value/capacity + extra`, kept between the least and the most days. `capacity_usd` is what the
    /// market takes in a day.
    ///
    /// # Errors
    /// A number outside its bounds.
    pub fn days(&self, value_usd: f64, capacity_usd: f64) -> Result<f64, InputError> {
        check_bounds("least_days", self.least_days, 1e-3, 365.0)?;
        check_bounds("most_days", self.most_days, self.least_days, 365.0)?;
        check_bounds("extra_days", self.extra_days, 0.0, 365.0)?;
        check_bounds("value_usd", value_usd, 0.0, 1e18)?;
        check_bounds("capacity_usd", capacity_usd, f64::MIN_POSITIVE, 1e18)?;
        Ok((value_usd / capacity_usd + self.extra_days).clamp(self.least_days, self.most_days))
    }

    /// What a margin over the least days lacks for the days: `margin·(√(days/least) − 1)`, the square
    /// root being our reading of how a margin grows with time.
    ///
    /// # Errors
    /// As [`Self::days`].
    pub fn surcharge(
        &self,
        margin_usd: f64,
        value_usd: f64,
        capacity_usd: f64,
    ) -> Result<f64, InputError> {
        check_bounds("margin_usd", margin_usd, 0.0, 1e18)?;
        let days = self.days(value_usd, capacity_usd)?;
        Ok(margin_usd * ((days / self.least_days).sqrt() - 1.0))
    }

    /// The surcharges of a member together, no more than its share of gross margin.
    ///
    /// # Errors
    /// A gross margin or share outside its bounds.
    pub fn member(&self, surcharges_usd: &[f64], gross_margin_usd: f64) -> Result<f64, InputError> {
        check_bounds("member_cap", self.member_cap, 0.0, 10.0)?;
        check_bounds("gross margin", gross_margin_usd, 0.0, 1e18)?;
        let sum: f64 = surcharges_usd.iter().sum();
        Ok(sum.min(self.member_cap * gross_margin_usd))
    }
}
