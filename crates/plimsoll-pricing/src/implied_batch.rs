//! Implied vols of many prices at once: the method of [`crate::implied`] in vector lanes.

use plimsoll_math::{InstructionSet, kernel, lane};

use crate::black76::{OptionType, time_value_and_density};
use crate::implied::{
    ImpliedVolError, LAST_STEP, checked_ratio, householder_step, start, total_vol_fused,
};

/// A price to invert; see [`crate::implied_vol`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quote {
    /// call or put
    pub option_type: OptionType,
    /// forward of the option's expiry, quote currency per unit of underlying
    pub forward: f64,
    /// strike, in the same unit
    pub strike: f64,
    /// time to expiry in years
    pub tau_years: f64,
    /// undiscounted price per unit of underlying, in quote currency
    pub undiscounted_price: f64,
}

/// Vols per √year of many quotes, in their order: what [`crate::implied_vol`] gives for each, to
/// within 4e-15 of its value, and the same refusals.
///
/// Three steps for every lane, whatever it holds, so that lanes do not wait for one another; a lane
/// whose third step is not yet small is left to the scalar solver. AVX2 and AVX-512 give the same bits,
/// and a result depends on no other quote.
#[must_use]
pub fn implied_vols(quotes: &[Quote]) -> Vec<Result<f64, ImpliedVolError>> {
    implied_vols_with(InstructionSet::best(), quotes)
}

/// [`implied_vols`] with instructions chosen by the caller, who wants to compare or count them.
#[must_use]
pub fn implied_vols_with(
    instructions: InstructionSet,
    quotes: &[Quote],
) -> Vec<Result<f64, ImpliedVolError>> {
    let mut vols = Vec::with_capacity(quotes.len());
    let mut lanes = Lanes::UNUSED;
    for block in quotes.chunks(LANES) {
        let from = vols.len();
        for (i, quote) in block.iter().enumerate() {
            let ratio = checked_ratio(
                quote.option_type,
                quote.forward,
                quote.strike,
                quote.tau_years,
                quote.undiscounted_price,
            );
            let usable = ratio.as_ref().copied().ok().filter(|ratio| *ratio > 0.0);
            lanes.forward[i] = if usable.is_some() { quote.forward } else { 1.0 };
            lanes.strike[i] = if usable.is_some() { quote.strike } else { 1.0 };
            lanes.target[i] = usable.unwrap_or(0.1);
            vols.push(ratio);
        }
        total_vols(instructions, &mut lanes);
        for (i, (vol, quote)) in vols[from..].iter_mut().zip(block).enumerate() {
            let Ok(ratio) = *vol else { continue };
            let total_vol = if ratio == 0.0 {
                0.0
            } else if lanes.last_step[i] <= LAST_STEP * lanes.total_vol[i] {
                lanes.total_vol[i]
            } else {
                total_vol_fused(quote.forward, quote.strike, ratio)
            };
            *vol = Ok(total_vol / quote.tau_years.sqrt());
        }
    }
    vols
}

/// Quotes solved side by side: enough vectors of the widest kind to hide their latency.
const LANES: usize = 32;

/// Steps of every lane.
const STEPS: usize = 3;

struct Lanes {
    forward: [f64; LANES],
    strike: [f64; LANES],
    target: [f64; LANES],
    total_vol: [f64; LANES],
    /// size of the last step; NaN or large where the lane has not converged
    last_step: [f64; LANES],
}

impl Lanes {
    const UNUSED: Self = Self {
        forward: [1.0; LANES],
        strike: [1.0; LANES],
        target: [0.1; LANES],
        total_vol: [0.0; LANES],
        last_step: [0.0; LANES],
    };
}

kernel! {
    fn total_vols(lanes: &mut Lanes) = total_vols_formula;
}

#[inline(always)]
fn total_vols_formula<const FMA: bool>(lanes: &mut Lanes) {
    let Lanes { forward, strike, target, total_vol, last_step } = lanes;
    let mut x = [0.0; LANES];
    for i in 0..LANES {
        x[i] = lane::ln_ratio::<FMA>(forward[i], strike[i]).abs();
        total_vol[i] = start(x[i], target[i], lane::ln_ratio::<FMA>(target[i], 1.0));
    }
    for _ in 0..STEPS {
        for i in 0..LANES {
            let (ratio, density) = time_value_and_density::<FMA>(x[i], total_vol[i]);
            let lower = target[i] < 0.5;
            let above = if lower { ratio } else { 1.0 - target[i] };
            let below = if lower { target[i] } else { 1.0 - ratio };
            let distance = lane::ln_ratio::<FMA>(above, below);
            let step = householder_step(x[i], total_vol[i], target[i], ratio, density, distance);
            // Logarithms of subnormal numbers mean nothing here.
            let normal = (above >= f64::MIN_POSITIVE) & (below >= f64::MIN_POSITIVE);
            last_step[i] = if normal { step.abs() } else { f64::NAN };
            total_vol[i] += step;
        }
    }
}
