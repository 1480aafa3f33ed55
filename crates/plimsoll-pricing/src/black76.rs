//! Black's formula on the expiry's own forward (Black 1976), quote-settled and coin-settled.

use plimsoll_math::lane::{self, mul_add};
use plimsoll_math::mills::{ARGUMENT_CAP, mills_pair};
use plimsoll_math::normal::{self, FRAC_1_SQRT_2PI};
pub use plimsoll_model::OptionType;
use serde::{Deserialize, Serialize};

/// Below this total vol a time value is zero for any two different prices; it keeps 0/0 away.
const LEAST_TOTAL_VOL: f64 = 1e-290;

/// Up to this `a` the time value is taken as a difference of Mills ratios, above it as one minus a
/// sum. Any value in (0, 1/4] serves: the Mills rational holds from −1/4.
const DIFFERENCE_LIMIT: f64 = 0.25;

/// Undiscounted time value of a call or put over `min(F, K)`, in [0, 1], from
/// `x = |ln(F/K)| ≥ 0` and total vol `s = σ√T ≥ 0`.
///
/// ```text
/// a = s/2 − x/s,  b = s/2 + x/s,  M(u) = (1 − Φ(u))/φ(u)
/// time value / min(F, K) = φ(a)·[M(−a) − M(b)]   for a < 1/4
///                        = 1 − φ(a)·[M(a) + M(b)] otherwise
/// ```
///
/// which are `Φ(d₁) − (K/F)·Φ(d₂)` for the option out of the money, using `F·φ(d₁) = K·φ(d₂)`.
/// With `M = P/Q` the difference is `s·(P·Q[u,v] − Q·P[u,v])/(Q(u)·Q(v))`, brackets being divided
/// differences, so that nothing cancels however small `s` is. One exponential, two divisions.
///
/// Relative error at most `20·U·(1 + a²)`, U = 1.1e-16, for any total vol: 2.2e-15 at the money,
/// 2.2e-13 ten total vols away, where it is the effect of rounding `x/s` (measured against 50
/// digits: 17 near the money, 2 far out). The result never is negative; it is exactly 0 at `s = 0`
/// and where `φ(a)` falls below 1e-308; NaN stays NaN. It rises with `s` and falls with `x` to within
/// that error. There are no branches: a loop over it vectorises (see [`plimsoll_math::lane`]).
#[inline(always)]
#[must_use]
pub fn time_value_ratio<const FMA: bool>(ln_moneyness_abs: f64, total_vol: f64) -> f64 {
    time_value_and_density::<FMA>(ln_moneyness_abs, total_vol).0
}

/// [`time_value_ratio`] and its derivative with respect to total vol, `φ(a)`.
#[inline(always)]
pub(crate) fn time_value_and_density<const FMA: bool>(x: f64, s: f64) -> (f64, f64) {
    const CAP: f64 = 0.5 * ARGUMENT_CAP;
    let divisor = if s > LEAST_TOTAL_VOL { s } else { LEAST_TOTAL_VOL };
    let s = if s > CAP { CAP } else { s };
    let d = x / divisor;
    let d = if d > CAP { CAP } else { d };
    let a = mul_add::<FMA>(s, 0.5, -d);
    let b = mul_add::<FMA>(s, 0.5, d);
    let density = FRAC_1_SQRT_2PI * lane::exp::<FMA>(-0.5 * (a * a));

    let is_difference = a < DIFFERENCE_LIMIT;
    let u = if is_difference { -a } else { a };
    let gap = if is_difference { s } else { d + d }; // b − u, free of rounding in s/2 ± d
    let m = mills_pair::<FMA>(u, b);
    let p_b = mul_add::<FMA>(gap, m.dp, m.p);
    let q_b = mul_add::<FMA>(gap, m.dq, m.q);
    let difference = gap * mul_add::<FMA>(m.p, m.dq, -(m.q * m.dp));
    let sum = mul_add::<FMA>(m.p, q_b, m.q * p_b);
    let scaled = density * ((if is_difference { difference } else { sum }) / (m.q * q_b));
    // Written as a sum, lest the compiler divide once for either case.
    let (offset, sign) = if is_difference { (0.0, 1.0) } else { (1.0, -1.0) };
    (offset + sign * scaled, density)
}

/// Undiscounted Black-76 value per unit of underlying, in quote currency, for `forward` and
/// `strike` positive and `total_vol = σ√T ≥ 0`: `min(F, K)·time_value_ratio + intrinsic`.
///
/// Relative error of the time value as for [`time_value_ratio`], plus the rounding of one sum. Put
/// and call share the time value, so parity holds to that rounding. Zero total vol gives the
/// intrinsic value. NaN unless both prices are positive and finite and the vol is not negative.
#[inline]
#[must_use]
pub fn price(option_type: OptionType, forward: f64, strike: f64, total_vol: f64) -> f64 {
    if !(is_price(forward) && is_price(strike) && total_vol >= 0.0) {
        return f64::NAN;
    }
    price_fused(option_type, forward, strike, total_vol)
}

fn is_price(value: f64) -> bool {
    value > 0.0 && value < f64::INFINITY
}

plimsoll_math::fused! {
    fn price_fused(option_type: OptionType, forward: f64, strike: f64, total_vol: f64) -> f64
        = price_formula::<true>;
}

#[inline(always)]
fn price_formula<const FMA: bool>(
    option_type: OptionType,
    forward: f64,
    strike: f64,
    total_vol: f64,
) -> f64 {
    let x = lane::ln_ratio::<FMA>(forward, strike).abs();
    let time_value = forward.min(strike) * time_value_ratio::<FMA>(x, total_vol);
    option_type.payoff(forward, strike) + time_value
}

/// A European option on a forward, in the terms of the formula.
///
/// The discount factor and the rate are separate because venues quote forwards, not rates: with
/// `discount_factor = 1` and `rate_ann = 0` values are undiscounted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Black76 {
    /// call or put
    pub option_type: OptionType,
    /// forward for the option's own expiry, quote currency per unit of underlying
    pub forward: f64,
    /// strike, in the same unit
    pub strike: f64,
    /// implied vol per √year: 0.6 is 60 %
    pub vol_ann: f64,
    /// time to expiry in years; zero or less means expired
    pub tau_years: f64,
    /// value today of one unit of quote currency at expiry
    pub discount_factor: f64,
    /// continuously compounded rate per year, used by `theta` only
    pub rate_ann: f64,
}

/// Value and sensitivities of one option per unit of underlying, in quote currency.
///
/// Each is a derivative of `value` with the other inputs of [`Black76`] held constant; the forward
/// is an input, so nothing here moves it with the rate or with time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Greeks {
    /// value, quote currency
    pub value: f64,
    /// ∂value/∂forward, units of underlying
    pub delta: f64,
    /// `delta − value/forward`: the delta of a position whose premium is held in the underlying
    pub premium_adjusted_delta: f64,
    /// ∂²value/∂forward², per quote-currency unit
    pub gamma: f64,
    /// ∂value/∂vol, per 1.00 of vol
    pub vega: f64,
    /// −∂value/∂tau per year, with `discount_factor = e^(−rate·tau)` rolling along
    pub theta: f64,
    /// ∂value/∂rate at fixed forward, per 1.00 of rate: `−tau·value`
    pub rho: f64,
    /// ∂²value/∂forward∂vol
    pub vanna: f64,
    /// ∂²value/∂vol²
    pub volga: f64,
}

/// Value and sensitivities of the coin-settled twin, per unit of underlying, in coin.
///
/// The contract pays `(F − K)⁺/F` coin (or the put), so that its value in coin is
/// `v(F) = value/F`; the derivatives below are exact derivatives of that quotient.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoinGreeks {
    /// value, coin
    pub value_coin: f64,
    /// `∂v/∂F`, coin per quote-currency unit: `±(K/F²)·Φ(±d₂)`
    pub delta: f64,
    /// `F·∂v/∂F = delta − value/F` of the quote-settled option
    pub premium_adjusted_delta: f64,
    /// `∂²v/∂F²`: `(K/F³)·(φ(d₂)/(σ√T) ∓ 2Φ(±d₂))`
    pub gamma: f64,
    /// ∂v/∂vol, coin per 1.00 of vol
    pub vega: f64,
    /// −∂v/∂tau, coin per year
    pub theta: f64,
    /// ∂v/∂rate at fixed forward, coin per 1.00 of rate
    pub rho: f64,
    /// ∂²v/∂F∂vol
    pub vanna: f64,
    /// ∂²v/∂vol², coin
    pub volga: f64,
}

/// The pieces every sensitivity is made of.
struct Terms {
    /// total vol σ√T, zero once expired
    total_vol: f64,
    sqrt_tau: f64,
    /// zero at zero total vol, where the true d is infinite
    d1: f64,
    d2: f64,
    /// φ(d₁); zero at zero total vol
    density: f64,
    /// ±Φ(±d₁), + for a call
    exercise_in_underlying: f64,
    /// ±Φ(±d₂)
    exercise: f64,
}

impl Black76 {
    fn total_vol(&self) -> f64 {
        // Not max(): a NaN must not turn into an expired option.
        let tau = if self.tau_years < 0.0 { 0.0 } else { self.tau_years };
        if self.vol_ann < 0.0 { f64::NAN } else { self.vol_ann * tau.sqrt() }
    }

    /// Discounted value per unit of underlying, in quote currency. At and after expiry, and at zero
    /// vol, the intrinsic value times the discount factor.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.discount_factor * price(self.option_type, self.forward, self.strike, self.total_vol())
    }

    fn terms(&self) -> Terms {
        let prices = is_price(self.forward) && is_price(self.strike);
        let total_vol = if prices { self.total_vol() } else { f64::NAN };
        let ln_moneyness = lane::ln_ratio::<false>(self.forward, self.strike);
        let sqrt_tau = if self.tau_years > 0.0 { self.tau_years.sqrt() } else { 0.0 };
        // At zero total vol the step function: ±∞ off the strike, 0 (probability one half) on it.
        let at_the_money = ln_moneyness == 0.0;
        let d = if at_the_money { 0.0 } else { ln_moneyness / total_vol };
        let (d1, d2) = (d + 0.5 * total_vol, d - 0.5 * total_vol);
        let signed_probability = |d: f64| match self.option_type {
            OptionType::Call => normal::cdf(d),
            OptionType::Put => -normal::sf(d),
        };
        // Nothing but the step survives at zero total vol; an infinite d would turn 0·d into NaN.
        let none = total_vol == 0.0;
        Terms {
            total_vol,
            sqrt_tau,
            d1: if none { 0.0 } else { d1 },
            d2: if none { 0.0 } else { d2 },
            density: if none { 0.0 } else { normal::pdf(d1) },
            exercise_in_underlying: signed_probability(d1),
            exercise: signed_probability(d2),
        }
    }

    /// Value and sensitivities; NaN where [`price`] is.
    ///
    /// At zero total vol (expired, or zero vol) delta is the step function, one half of the jump on
    /// the strike itself, and gamma, vega, vanna, volga and the decay in theta are 0.
    /// Relative errors are at most `20·U·(1 + d²)`, U = 1.1e-16 and d the larger of |d₁| and |d₂|
    /// (measured 9 over total vols 0.05 % to 400 % and |ln F/K| to ten of them); where parts of
    /// opposite sign meet, relative to the size of the parts.
    #[must_use]
    pub fn greeks(&self) -> Greeks {
        let t = self.terms();
        let df = self.discount_factor;
        let value = self.value();
        let vega = df * self.forward * t.density * t.sqrt_tau;
        let premium_adjusted_delta = df * self.strike / self.forward * t.exercise;
        Greeks {
            value,
            delta: df * t.exercise_in_underlying,
            premium_adjusted_delta,
            gamma: per(df * t.density, self.forward * t.total_vol),
            vega,
            theta: self.rate_ann * value - per(vega * self.vol_ann, 2.0 * self.tau_years),
            rho: -self.tau_years.max(0.0) * value,
            vanna: per(-df * t.density * t.d2, self.vol_ann),
            volga: per(vega * t.d1 * t.d2, self.vol_ann),
        }
    }

    /// Value and sensitivities of the coin-settled twin, with the limits of [`Self::greeks`] at
    /// zero total vol.
    #[must_use]
    pub fn coin_greeks(&self) -> CoinGreeks {
        let t = self.terms();
        let g = self.greeks();
        let forward = self.forward;
        // F·φ(d₁) = K·φ(d₂), so K/F³·φ(d₂) is φ(d₁)/F².
        let density_part = per(t.density, t.total_vol) / (forward * forward);
        let exercise_part = 2.0 * self.strike * t.exercise / (forward * forward * forward);
        CoinGreeks {
            value_coin: g.value / forward,
            delta: g.premium_adjusted_delta / forward,
            premium_adjusted_delta: g.premium_adjusted_delta,
            gamma: self.discount_factor * (density_part - exercise_part),
            vega: g.vega / forward,
            theta: g.theta / forward,
            rho: g.rho / forward,
            // d(K/F²·Φ(d₂))/dσ = K/F²·φ(d₂)·(−d₁/σ)
            vanna: per(-self.discount_factor * t.density * t.d1, self.vol_ann) / forward,
            volga: g.volga / forward,
        }
    }
}

/// `numerator/denominator`, zero when the numerator is: the limits at zero total vol.
fn per(numerator: f64, denominator: f64) -> f64 {
    if numerator == 0.0 { 0.0 } else { numerator / denominator }
}
