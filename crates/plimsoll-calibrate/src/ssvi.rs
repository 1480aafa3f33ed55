//! SSVI: one surface of smiles, free of arbitrage by two inequalities.
//!
//! `w(k, θ) = θ/2·(1 + ρφk + √((φk + ρ)² + 1 − ρ²))` with `θ` the total variance at the money and the
//! power law `φ(θ) = η/(θ^γ·(1 + θ)^{1−γ})`. Source: as [`crate::svi`].

use plimsoll_math::float::{exp, ln, pow, sqrt, tanh};
use plimsoll_math::optimise::nelder_mead;
use plimsoll_math::sum::neumaier;
use plimsoll_model::error::{InputCode, InputError};
use serde::{Deserialize, Serialize};

/// Parameters shared by all expiries.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ssvi {
    /// Curvature, `η > 0`.
    pub eta: f64,
    /// Skew, `|ρ| < 1`.
    pub rho: f64,
    /// Power, `0 < γ < 1`.
    pub gamma: f64,
}

/// The two numbers that bound butterflies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Butterfly {
    /// `θφ(1 + |ρ|)`, to be below 4.
    pub slope: f64,
    /// `θφ²(1 + |ρ|)`, to be at most 4.
    pub curvature: f64,
}

impl Butterfly {
    /// Whether both hold; they suffice for a slice without butterflies.
    pub fn is_free(&self) -> bool {
        self.slope < 4.0 && self.curvature <= 4.0
    }
}

impl Ssvi {
    /// `φ(θ)`.
    pub fn phi(&self, theta: f64) -> f64 {
        self.eta / (pow(theta, self.gamma) * pow(1.0 + theta, 1.0 - self.gamma))
    }

    /// Total variance.
    pub fn total_variance(&self, k: f64, theta: f64) -> f64 {
        let x = self.phi(theta) * k;
        let root = sqrt((x + self.rho) * (x + self.rho) + 1.0 - self.rho * self.rho);
        0.5 * theta * (1.0 + self.rho * x + root)
    }

    /// The bounds of one slice.
    pub fn butterfly(&self, theta: f64) -> Butterfly {
        let phi = self.phi(theta);
        let slope = theta * phi * (1.0 + self.rho.abs());
        Butterfly { slope, curvature: slope * phi }
    }

    /// `η(1 + |ρ|) ≤ 2`: with γ = ½ it makes every slice free of butterflies, and with θ rising in
    /// time the surface free of calendar spreads.
    pub fn is_free_everywhere(&self) -> bool {
        self.gamma == 0.5 && self.eta * (1.0 + self.rho.abs()) <= 2.0
    }
}

/// One quoted point of a surface.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SurfacePoint {
    /// `ln(K/F)`.
    pub k: f64,
    /// Total variance at the money of its expiry.
    pub theta: f64,
    /// Total variance quoted.
    pub total_variance: f64,
    /// Weight in the fit.
    pub weight: f64,
}

/// Weighted least squares in the root of total variance over all expiries at once, with γ = ½ and
/// `η(1 + |ρ|) ≤ 2`, so that the fit has no butterfly anywhere.
///
/// # Errors
/// Fewer than three points, or one that is not positive and finite.
pub fn fit_ssvi(points: &[SurfacePoint]) -> Result<Ssvi, InputError> {
    if points.len() < 3 {
        let message = format!("{} points for a surface", points.len());
        return Err(InputError::new(InputCode::Missing, message));
    }
    let positive = |x: f64| x > 0.0 && x.is_finite();
    let good = |p: &SurfacePoint| {
        p.k.is_finite() && positive(p.theta) && positive(p.total_variance) && positive(p.weight)
    };
    if let Some(bad) = points.iter().find(|point| !good(point)) {
        return Err(InputError::new(InputCode::BadNumber, format!("{bad:?} is not a quote")));
    }
    let unpack = |x: &[f64]| {
        let rho = tanh(x[1]);
        // The logistic of x₀ times its bound.
        let eta = 2.0 / (1.0 + rho.abs()) / (1.0 + exp(-x[0]));
        Ssvi { eta, rho, gamma: 0.5 }
    };
    let loss = |x: &[f64]| {
        let surface = unpack(x);
        neumaier(points.iter().map(|p| {
            let miss = sqrt(surface.total_variance(p.k, p.theta)) - sqrt(p.total_variance);
            p.weight * miss * miss
        }))
    };
    // η from 0.5: the logistic coordinate of a quarter of the bound.
    let found = nelder_mead(loss, &[-ln(3.0), -0.2], &[0.5, 0.2], 1e-14);
    Ok(unpack(&found.point))
}
