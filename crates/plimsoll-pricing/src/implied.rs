//! Implied vol: the inverse of Black's formula.

use crate::black76::{OptionType, time_value_and_density};
use plimsoll_math::{float, lane};
use thiserror::Error;

/// Why a price has no implied vol. Prices are undiscounted, per unit of underlying.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum ImpliedVolError {
    /// An input is NaN or infinite, or a forward or strike is not positive.
    #[error("{name} is {value}: it has to be positive and finite")]
    InvalidInput {
        /// which input
        name: &'static str,
        /// its value
        value: f64,
    },
    /// The option has expired, so its price says nothing about vol.
    #[error("the option has expired: {tau_years} years are left")]
    Expired {
        /// time to expiry in years
        tau_years: f64,
    },
    /// The price is below the value of exercising: an arbitrage, or a stale quote.
    #[error("price {price} is below the intrinsic value {intrinsic}")]
    BelowIntrinsic {
        /// undiscounted price
        price: f64,
        /// undiscounted intrinsic value
        intrinsic: f64,
    },
    /// The price is at or above the forward (call) or the strike (put), which no vol reaches.
    #[error("price {price} is not below {bound}, the value at infinite vol")]
    AboveBound {
        /// undiscounted price
        price: f64,
        /// forward for a call, strike for a put
        bound: f64,
    },
}

fn positive(name: &'static str, value: f64) -> Result<f64, ImpliedVolError> {
    if value > 0.0 && value.is_finite() {
        Ok(value)
    } else {
        Err(ImpliedVolError::InvalidInput { name, value })
    }
}

/// Vol per √year at which [`crate::price`] gives `undiscounted_price`.
///
/// A price equal to the intrinsic value has vol 0. Relative error against the exact root of the
/// rounded time value: at most 2.1e-15 for `time value < 0.9·min(F, K)`, 7e-16 in the wings, over
/// total vols 0.01 % to 800 %; above, and in the money, the price itself no longer holds the vol more
/// precisely than that (`vol error = price error/vega`).
///
/// # Errors
/// [`ImpliedVolError`] where no vol gives the price or an input makes no sense.
pub fn implied_vol(
    option_type: OptionType,
    forward: f64,
    strike: f64,
    tau_years: f64,
    undiscounted_price: f64,
) -> Result<f64, ImpliedVolError> {
    let ratio = checked_ratio(option_type, forward, strike, tau_years, undiscounted_price)?;
    Ok(total_vol_fused(forward, strike, ratio) / tau_years.sqrt())
}

/// The time value over `min(F, K)`, in [0, 1), of a price that has an implied vol.
fn checked_ratio(
    option_type: OptionType,
    forward: f64,
    strike: f64,
    tau_years: f64,
    price: f64,
) -> Result<f64, ImpliedVolError> {
    let forward = positive("forward", forward)?;
    let strike = positive("strike", strike)?;
    if !price.is_finite() {
        return Err(ImpliedVolError::InvalidInput { name: "undiscounted_price", value: price });
    }
    if !tau_years.is_finite() {
        return Err(ImpliedVolError::InvalidInput { name: "tau_years", value: tau_years });
    }
    if tau_years <= 0.0 {
        return Err(ImpliedVolError::Expired { tau_years });
    }
    let intrinsic = option_type.payoff(forward, strike);
    if price < intrinsic {
        return Err(ImpliedVolError::BelowIntrinsic { price, intrinsic });
    }
    let bound = match option_type {
        OptionType::Call => forward,
        OptionType::Put => strike,
    };
    if price >= bound {
        return Err(ImpliedVolError::AboveBound { price, bound });
    }
    Ok((price - intrinsic) / forward.min(strike))
}

plimsoll_math::fused! {
    fn total_vol_fused(forward: f64, strike: f64, ratio: f64) -> f64 = total_vol::<true>;
}

#[inline(always)]
fn total_vol<const FMA: bool>(forward: f64, strike: f64, ratio: f64) -> f64 {
    implied_total_vol::<FMA>(lane::ln_ratio::<FMA>(forward, strike).abs(), ratio)
}

/// Steps at most. Three or four do; the rest is for prices at the edge of what f64 holds.
const MAX_STEPS: u32 = 64;

/// A step this small, relatively, leaves an error of about its fourth power.
pub(crate) const LAST_STEP: f64 = 1e-4;

/// Total vol at which the time value ratio is `target`, in [0, 1).
///
/// Householder's third-order method on `ln(ratio)` below one half and on `−ln(1 − ratio)` above,
/// where those are nearly linear in the unknown, kept inside a bracket.
#[inline(always)]
fn implied_total_vol<const FMA: bool>(x: f64, target: f64) -> f64 {
    if target <= 0.0 {
        return 0.0;
    }
    let (mut lo, mut hi) = (0.0, f64::INFINITY);
    let mut s = start(x, target, float::ln(target));
    for _ in 0..MAX_STEPS {
        let (ratio, density) = time_value_and_density::<FMA>(x, s);
        if ratio < target {
            lo = s;
        } else {
            hi = s;
        }
        let distance = if target < 0.5 {
            float::ln(ratio / target)
        } else {
            float::ln((1.0 - target) / (1.0 - ratio))
        };
        let step = householder_step(x, s, target, ratio, density, distance);
        let next = s + step;
        if step.abs() <= LAST_STEP * s {
            return next;
        }
        s = if next > lo && next < hi {
            next
        } else if hi == f64::INFINITY {
            2.0 * s
        } else {
            0.5 * (lo + hi)
        };
    }
    s
}

/// One step of Householder's third-order method towards the total vol of `target`, from `s` with its
/// time value `ratio` and `density = d ratio/ds`; `distance` is `ln(ratio/target)` for a target
/// below one half and `ln((1 − target)/(1 − ratio))` above.
#[inline(always)]
pub(crate) fn householder_step(
    x: f64,
    s: f64,
    target: f64,
    ratio: f64,
    density: f64,
    distance: f64,
) -> f64 {
    let lower = target < 0.5;
    // Everything per s, hence of moderate size: the slope, the first and second derivative of
    // ln φ(a), then those of the slope over the slope.
    let slope = s * density / if lower { ratio } else { 1.0 - ratio };
    let signed_slope = if lower { -slope } else { slope };
    let (d, quarter) = (x / s, 0.25 * s * s);
    let second = d * d - quarter + signed_slope;
    let third = second * (second + signed_slope) - quarter - 3.0 * d * d;
    // With n = distance/slope, −n·(1 − n·second/2)/(1 − n·(second − n·third/6)), divided once.
    let denominator = slope * second - distance * third * (1.0 / 6.0);
    -s * distance * (slope - 0.5 * distance * second) / (slope * slope - distance * denominator)
}

/// A start below the root in the wings and near it elsewhere.
#[inline(always)]
pub(crate) fn start(x: f64, target: f64, ln_target: f64) -> f64 {
    const TWO_PI: f64 = 2.0 * std::f64::consts::PI;
    let spread = -2.0 * ln_target;
    let wing = x / spread.sqrt();
    let middle = (TWO_PI * target * target + 1.1 * x * x / spread.max(0.5)).sqrt();
    wing.max(middle)
}
