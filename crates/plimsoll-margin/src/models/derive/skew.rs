//! Skew states: vols tilted across strikes, forwards held.
//!
//! ```text
//! k    = ln(K/F) (linear) or |ln(K/F)| (absolute)
//! cap  = cap_0 + slope·√τ
//! k*   = max(least_width, √τ·width_scale·(width_vol + √τ·width_vol_slope))
//! vol' = vol·max(0, 1 + tilt),  tilt = min(k·cap/k*, cap) for k ≥ 0, else max(k·cap/k*, −cap)
//! ```

use plimsoll_model::error::InputError;
use plimsoll_model::params::check_bounds;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Parameters of the skew states; each of the two may be absent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SkewParams {
    /// Strikes above the forward up, below it down.
    #[serde(default)]
    pub linear: Option<SkewCap>,
    /// Strikes away from the forward up.
    #[serde(default)]
    pub absolute: Option<SkewCap>,
    /// Least `k*`.
    pub least_width: f64,
    /// Total vols to `k*`.
    pub width_scale: f64,
    /// The vol of that width.
    pub width_vol: f64,
    /// Added to it per √year.
    pub width_vol_slope: f64,
}

/// The largest tilt of a skew state.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SkewCap {
    /// At expiry, as a fraction of the vol.
    pub cap: f64,
    /// Added per √year to expiry.
    pub slope: f64,
}

/// One skew state.
#[derive(Clone, Copy, Debug)]
pub struct SkewRule {
    params: SkewParams,
    cap: SkewCap,
    absolute: bool,
}

impl SkewParams {
    /// Checks bounds and lists the states, linear first.
    pub fn rules(&self) -> Result<Vec<SkewRule>, InputError> {
        check_bounds("skew.least_width", self.least_width, 1e-6, 10.0)?;
        check_bounds("skew.width_scale", self.width_scale, 0.0, 100.0)?;
        check_bounds("skew.width_vol", self.width_vol, 0.0, 10.0)?;
        check_bounds("skew.width_vol_slope", self.width_vol_slope, -10.0, 10.0)?;
        let mut rules = Vec::new();
        for (cap, absolute) in [(self.linear, false), (self.absolute, true)] {
            let Some(cap) = cap else { continue };
            check_bounds("skew cap", cap.cap, 0.0, 1.0)?;
            check_bounds("skew slope", cap.slope, -1.0, 1.0)?;
            rules.push(SkewRule { params: *self, cap, absolute });
        }
        Ok(rules)
    }
}

impl SkewRule {
    /// What a vol is multiplied by, from `ln(K/F)` and √τ in √years.
    pub fn multiplier(&self, ln_moneyness: f64, sqrt_tau: f64) -> f64 {
        let p = &self.params;
        let cap = self.cap.cap + self.cap.slope * sqrt_tau;
        let vol = p.width_vol + sqrt_tau * p.width_vol_slope;
        let width = (sqrt_tau * p.width_scale * vol).max(p.least_width);
        let k = if self.absolute { ln_moneyness.abs() } else { ln_moneyness };
        let tilt = k * cap / width;
        // Not clamp(): beyond some years the cap is negative and the bounds cross.
        (1.0 + if k >= 0.0 { tilt.min(cap) } else { tilt.max(-cap) }).max(0.0)
    }

    /// The name of the state.
    pub fn label(&self) -> &'static str {
        if self.absolute { "absolute skew of vols" } else { "linear skew of vols" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tilt_grows_with_moneyness_up_to_its_cap() {
        let params = SkewParams {
            linear: Some(SkewCap { cap: 0.25, slope: -0.1 }),
            absolute: Some(SkewCap { cap: 0.25, slope: -0.1 }),
            least_width: 0.01,
            width_scale: 4.0,
            width_vol: 0.6,
            width_vol_slope: 0.0,
        };
        let rules = params.rules().unwrap();
        let (linear, absolute) = (&rules[0], &rules[1]);
        // A quarter of a year: √τ = 0.5, cap = 0.25 − 0.05, k* = 0.5·4·0.6 = 1.2.
        for (k, tilted, away) in
            [(0.6, 1.1, 1.1), (-0.6, 0.9, 1.1), (2.0, 1.2, 1.2), (-2.0, 0.8, 1.2), (0.0, 1.0, 1.0)]
        {
            assert!((linear.multiplier(k, 0.5) - tilted).abs() < 1e-15);
            assert!((absolute.multiplier(k, 0.5) - away).abs() < 1e-15);
        }
        // At expiry k* is its least, 0.01.
        assert_eq!(linear.multiplier(0.02, 0.0), 1.25);
        // After nine years the cap is −0.05: the upper clamp holds for k ≥ 0 all the same.
        assert!((linear.multiplier(1.0, 3.0) - 0.95).abs() < 1e-15);
    }
}
