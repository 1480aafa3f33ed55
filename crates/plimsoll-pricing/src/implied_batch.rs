//! Implied vols of many prices at once: the method of [`crate::implied`] in vector lanes.

use plimsoll_math::{InstructionSet, kernel, lane};

use crate::black76::{OptionType, time_value_and_density};
use crate::implied::{ImpliedVolError, LAST_STEP, householder_step, implied_vol, start};

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
    let mut lanes = Lanes::default();
    for block in quotes.chunks(LANES) {
        for (i, quote) in block.iter().enumerate() {
            lanes.call[i] = f64::from(u8::from(quote.option_type == OptionType::Call));
            lanes.forward[i] = quote.forward;
            lanes.strike[i] = quote.strike;
            lanes.tau_years[i] = quote.tau_years;
            lanes.price[i] = quote.undiscounted_price;
        }
        solve(instructions, &mut lanes);
        for (quote, vol_ann) in block.iter().zip(&lanes.vol_ann) {
            // NaN is no answer: it says that the quote has none or needs more steps.
            if vol_ann.is_nan() {
                let Quote { option_type, forward, strike, tau_years, undiscounted_price } = *quote;
                let vol = implied_vol(option_type, forward, strike, tau_years, undiscounted_price);
                vols.push(vol);
            } else {
                vols.push(Ok(*vol_ann));
            }
        }
    }
    vols
}

/// Quotes solved side by side: enough vectors of the widest kind to hide their latency.
const LANES: usize = 32;

/// Steps of every lane.
const STEPS: usize = 3;

#[derive(Default)]
struct Lanes {
    /// 1 for a call, 0 for a put
    call: [f64; LANES],
    forward: [f64; LANES],
    strike: [f64; LANES],
    tau_years: [f64; LANES],
    price: [f64; LANES],
    /// NaN where a quote is left to the scalar solver
    vol_ann: [f64; LANES],
}

kernel! {
    fn solve(lanes: &mut Lanes) = solve_formula;
}

#[inline(always)]
fn solve_formula<const FMA: bool>(lanes: &mut Lanes) {
    let Lanes { call, forward, strike, tau_years, price, vol_ann } = lanes;
    let (mut x, mut target) = ([0.0; LANES], [0.0; LANES]);
    let (mut total_vol, mut last_step) = ([0.0; LANES], [0.0; LANES]);
    for i in 0..LANES {
        let (f, k) = (forward[i], strike[i]);
        let payoff = if call[i] > 0.0 { f - k } else { k - f };
        let intrinsic = if payoff > 0.0 { payoff } else { 0.0 };
        let bound = if call[i] > 0.0 { f } else { k };
        let least = if f < k { f } else { k };
        let most = if f < k { k } else { f };
        // Each comparison is false for NaN; infinite prices or times are left out, too.
        let plain = (least >= f64::MIN_POSITIVE)
            & (most <= f64::MAX)
            & (tau_years[i] > 0.0)
            & (tau_years[i] <= f64::MAX)
            & (price[i] > intrinsic)
            & (price[i] < bound);
        target[i] = if plain { (price[i] - intrinsic) / least } else { f64::NAN };
        x[i] = lane::ln_ratio::<FMA>(f, k).abs();
    }
    // Short loops, not one long: a processor works ahead some hundred instructions, and so on
    // several vectors at once.
    for i in 0..LANES {
        total_vol[i] = start(x[i], target[i], lane::ln_ratio::<FMA>(target[i], 1.0));
    }
    let (mut ratio, mut density) = ([0.0; LANES], [0.0; LANES]);
    for _ in 0..STEPS {
        for i in 0..LANES {
            (ratio[i], density[i]) = time_value_and_density::<FMA>(x[i], total_vol[i]);
        }
        for i in 0..LANES {
            let lower = target[i] < 0.5;
            let above = if lower { ratio[i] } else { 1.0 - target[i] };
            let below = if lower { target[i] } else { 1.0 - ratio[i] };
            let distance = lane::ln_ratio::<FMA>(above, below);
            let step =
                householder_step(x[i], total_vol[i], target[i], ratio[i], density[i], distance);
            // Logarithms of subnormal numbers mean nothing here.
            let normal = (above >= f64::MIN_POSITIVE) & (below >= f64::MIN_POSITIVE);
            last_step[i] = if normal { step.abs() } else { f64::NAN };
            total_vol[i] += step;
        }
    }
    for i in 0..LANES {
        let done = (last_step[i] <= LAST_STEP * total_vol[i]) & (target[i] > 0.0);
        vol_ann[i] = if done { total_vol[i] / tau_years[i].sqrt() } else { f64::NAN };
    }
}
