//! Time and cost of getting out, position by position, from what the market shows: the quoted spread,
//! the size at the best price, and the open interest.
//!
//! A market snapshot holds no traded volume. Daily volume is therefore taken as open interest times a
//! turnover that the settings name; the estimate is as good as that number.

use plimsoll_calibrate::liquidity::{ExitRules, LiquidityProfile, exit_cost};
use plimsoll_model::error::InputError;
use plimsoll_model::{Holding, Market, Portfolio};
use plimsoll_pricing::contract;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How positions are closed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LiquiditySettings {
    /// Share of a day's volume that is ours at most.
    pub participation: f64,
    /// Contracts traded per day over contracts open.
    pub turnover: f64,
    /// `Y` of the square-root law of impact.
    pub impact: f64,
    /// Half the spread where no two-sided quote stands, as a fraction of the value; for futures and
    /// spot, of the notional.
    pub half_spread_unquoted: f64,
    /// The same for futures and spot.
    pub half_spread_unquoted_future: f64,
    /// Vol per √year of what has no vol of its own: futures and spot.
    pub vol_ann_future: f64,
}

/// Our own choices, not estimates; docs/risk.md names them.
impl Default for LiquiditySettings {
    fn default() -> Self {
        Self {
            participation: 0.2,
            turnover: 0.1,
            impact: 1.0,
            half_spread_unquoted: 0.1,
            half_spread_unquoted_future: 0.0005,
            vol_ann_future: 0.6,
        }
    }
}

/// Cost and time of closing one position.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Exit {
    /// The instrument.
    pub instrument: String,
    /// Contracts, signed.
    pub quantity: f64,
    /// From the mark to the price on the other side of the spread, USD.
    pub half_spread: f64,
    /// Average impact of the sale by the square-root law, USD; absent without open interest.
    pub impact: Option<f64>,
    /// Days at the participation; absent without open interest.
    pub days: Option<f64>,
    /// Contracts over open interest; absent without.
    pub share_of_open_interest: Option<f64>,
    /// Contracts over what stands at the best price on the other side; absent without a size.
    pub times_best_size: Option<f64>,
    /// Whether the spread is the quoted one, not the assumed.
    pub quoted: bool,
}

/// Cost and time of closing every position.
///
/// # Errors
/// Names the instrument without a price; settings out of bounds.
pub fn exits(
    market: &Market,
    portfolio: &Portfolio,
    settings: &LiquiditySettings,
) -> Result<Vec<Exit>, InputError> {
    let held = portfolio.holdings.iter().filter(|holding| holding.quantity != 0.0);
    held.map(|holding| exit(market, holding, settings)).collect()
}

fn exit(market: &Market, holding: &Holding, rules: &LiquiditySettings) -> Result<Exit, InputError> {
    let listing = market.listing(holding.id);
    let size = holding.quantity.abs();
    let option = listing.instrument.is_option();
    let usd = contract::settlement_price_usd(market, holding.id)?;
    let greeks = contract::greeks(market, holding.id)?;
    // USD value of one contract: the premium of an option, the notional of anything else.
    let value = if option {
        (contract::value(market, holding.id)? * usd).abs()
    } else {
        greeks.delta_usd.abs()
    };
    let mark = listing.mark_price.filter(|mark| *mark > 0.0);
    let other_side = if holding.quantity > 0.0 { listing.bid } else { listing.ask };
    let quoted = mark.zip(other_side).map(|(mark, quote)| (quote / mark - 1.0).abs());
    let assumed =
        if option { rules.half_spread_unquoted } else { rules.half_spread_unquoted_future };
    let half_spread = quoted.unwrap_or(assumed);
    let open = listing.open_interest.filter(|open| *open > 0.0);
    // One standard deviation of a day's change of the contract's value.
    let vol_ann = listing.mark_vol.unwrap_or(rules.vol_ann_future);
    let daily = vol_ann / plimsoll_math::float::sqrt(365.0);
    let vol_daily =
        if value > 0.0 { (greeks.delta_usd.abs() * daily / value).min(10.0) } else { 0.0 };
    let cost = open
        .map(|open| {
            let profile = LiquidityProfile {
                price_usd: value,
                spread: 0.0,
                vol_daily,
                adv: open * rules.turnover,
            };
            let exit = ExitRules { impact: rules.impact, participation: rules.participation };
            exit_cost(&profile, &exit, size)
        })
        .transpose()?;
    let best = if holding.quantity > 0.0 { listing.bid_size } else { listing.ask_size };
    Ok(Exit {
        instrument: listing.instrument.name.clone(),
        quantity: holding.quantity,
        half_spread: half_spread * value * size,
        impact: cost.map(|cost| cost.average_impact_usd),
        days: cost.map(|cost| cost.days),
        share_of_open_interest: open.map(|open| size / open),
        times_best_size: best.filter(|best| *best > 0.0).map(|best| size / best),
        quoted: quoted.is_some(),
    })
}
