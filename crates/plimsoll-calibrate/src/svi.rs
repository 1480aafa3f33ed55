//! SVI: a smile of total variance per expiry, its fit, its arbitrage, and a repair.
//!
//! `k = ln(K/F)`, `w = σ²·τ`. Source: J. Gatheral and A. Jacquier, *Arbitrage-free SVI volatility
//! surfaces*, 2014 (arXiv 1204.0646).

use plimsoll_math::float::{exp, ln, sqrt, tanh};
use plimsoll_math::optimise::nelder_mead;
use plimsoll_math::sum::neumaier;
use plimsoll_model::error::{InputCode, InputError};
use serde::{Deserialize, Serialize};

/// Raw parameters: `w(k) = a + b·(ρ(k−m) + √((k−m)² + s²))`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Svi {
    /// Level, total variance.
    pub a: f64,
    /// Slope of the wings, `b ≥ 0`.
    pub b: f64,
    /// Skew, `|ρ| < 1`.
    pub rho: f64,
    /// Place of the vertex before skew.
    pub m: f64,
    /// Roundness, `s > 0`.
    pub s: f64,
}

/// The same smile by what traders see.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JumpWing {
    /// Variance at the money, per year.
    pub v: f64,
    /// Slope of the vol at the money, times √τ.
    pub psi: f64,
    /// Slope of the left wing.
    pub p: f64,
    /// Slope of the right wing.
    pub c: f64,
    /// Least variance, per year.
    pub v_least: f64,
}

impl Svi {
    /// Total variance.
    pub fn total_variance(&self, k: f64) -> f64 {
        let x = k - self.m;
        self.a + self.b * (self.rho * x + sqrt(x * x + self.s * self.s))
    }

    /// `w, w′, w″`.
    pub fn derivatives(&self, k: f64) -> [f64; 3] {
        let x = k - self.m;
        let root = sqrt(x * x + self.s * self.s);
        [
            self.a + self.b * (self.rho * x + root),
            self.b * (self.rho + x / root),
            self.b * self.s * self.s / (root * root * root),
        ]
    }

    /// Vol per year for a time to expiry.
    pub fn vol_ann(&self, k: f64, tau_years: f64) -> f64 {
        sqrt(self.total_variance(k) / tau_years)
    }

    /// `g(k) = (1 − k·w′/2w)² − w′²/4·(1/w + ¼) + w″/2`; the density of the price is proportional to
    /// it, so a negative value is a butterfly that pays and costs less than nothing.
    pub fn butterfly(&self, k: f64) -> f64 {
        let [w, slope, curvature] = self.derivatives(k);
        let first = 1.0 - k * slope / (2.0 * w);
        first * first - 0.25 * slope * slope * (1.0 / w + 0.25) + 0.5 * curvature
    }

    /// Least total variance: `a + b·s·√(1−ρ²)`.
    pub fn least_total_variance(&self) -> f64 {
        self.a + self.b * self.s * sqrt(1.0 - self.rho * self.rho)
    }

    /// In jump-wing form.
    ///
    /// # Errors
    /// Parameters outside their domain, or a time to expiry that is not positive.
    pub fn to_jump_wing(&self, tau_years: f64) -> Result<JumpWing, InputError> {
        self.check()?;
        check_tau(tau_years)?;
        let w = self.total_variance(0.0);
        let root = sqrt(w);
        let length = sqrt(self.m * self.m + self.s * self.s);
        Ok(JumpWing {
            v: w / tau_years,
            psi: 0.5 * self.b / root * (self.rho - self.m / length),
            p: self.b * (1.0 - self.rho) / root,
            c: self.b * (1.0 + self.rho) / root,
            v_least: self.least_total_variance() / tau_years,
        })
    }

    /// `b ≥ 0`, `|ρ| < 1`, `s > 0`, positive everywhere.
    pub fn check(&self) -> Result<(), InputError> {
        let finite = [self.a, self.b, self.rho, self.m, self.s].iter().all(|x| x.is_finite());
        let domain = self.b >= 0.0 && self.rho.abs() < 1.0 && self.s > 0.0;
        if finite && domain && self.least_total_variance() > 0.0 {
            return Ok(());
        }
        let message = format!("{self:?} is not an SVI smile with positive variance");
        Err(InputError::new(InputCode::BadParameter, message))
    }

    /// What is wrong with the smile; empty if nothing is.
    pub fn arbitrage(&self) -> Vec<Arbitrage> {
        let mut found = Vec::new();
        if let Err(error) = self.check() {
            found.push(Arbitrage::Domain { reason: error.to_string() });
            return found;
        }
        let slope = self.b * (1.0 + self.rho.abs());
        if slope > 2.0 {
            found.push(Arbitrage::Wing { slope });
        }
        let (k, g) = self.worst_butterfly();
        if g < 0.0 {
            found.push(Arbitrage::Butterfly { k, g });
        }
        found
    }

    /// Least `g` and where, over a grid dense around the vertex and reaching far into the wings.
    fn worst_butterfly(&self) -> (f64, f64) {
        let spread = self.s.max(0.05);
        let places = (-400..=400).map(|i| {
            // sinh-like spacing: 0.01 vertex widths at the centre, some hundred at the ends.
            let x = f64::from(i) / 50.0;
            self.m + spread * 0.5 * (exp(x) - exp(-x)) * 0.25
        });
        places
            .map(|k| (k, self.butterfly(k)))
            .fold((0.0, f64::INFINITY), |worst, at| if at.1 < worst.1 { at } else { worst })
    }

    /// The same smile if it is free of arbitrage, else the nearest on the way to Gatheral and
    /// Jacquier's: at-the-money variance, skew and left wing kept, right wing and least variance
    /// moved towards `c = p + 2ψ`, `ṽ = v·4pc/(p + c)²`, which is free of butterflies, just as far as
    /// it takes (to 2⁻³⁰ of the way).
    ///
    /// # Errors
    /// A smile outside the domain of SVI, or one whose far end is not free of arbitrage either
    /// (wings too steep).
    pub fn repaired(&self, tau_years: f64) -> Result<Self, InputError> {
        if self.arbitrage().is_empty() {
            return Ok(*self);
        }
        let from = self.to_jump_wing(tau_years)?;
        let c = (from.p + 2.0 * from.psi).max(1e-9);
        let p = from.p.max(1e-9);
        let to = JumpWing { p, c, v_least: from.v * 4.0 * p * c / ((p + c) * (p + c)), ..from };
        let between = |share: f64| {
            let mix = |a: f64, b: f64| (1.0 - share) * a + share * b;
            let wing = JumpWing {
                p: mix(from.p, to.p),
                c: mix(from.c, to.c),
                v_least: mix(from.v_least, to.v_least),
                ..from
            };
            wing.to_svi(tau_years).ok().filter(|smile| smile.arbitrage().is_empty())
        };
        let Some(mut best) = between(1.0) else {
            let message = format!("{self:?} has wings too steep to repair");
            return Err(InputError::new(InputCode::Unsupported, message));
        };
        let (mut bad, mut good) = (0.0, 1.0);
        for _ in 0..30 {
            let middle = 0.5 * (bad + good);
            match between(middle) {
                Some(smile) => (best, good) = (smile, middle),
                None => bad = middle,
            }
        }
        Ok(best)
    }
}

/// A fault of a smile.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Arbitrage {
    /// Not a smile at all.
    Domain {
        /// Why.
        reason: String,
    },
    /// Lee's bound: a wing of total variance steeper than 2.
    Wing {
        /// The steeper slope.
        slope: f64,
    },
    /// A butterfly of negative price.
    Butterfly {
        /// Where it is worst.
        k: f64,
        /// `g` there.
        g: f64,
    },
    /// Total variance that falls with time to expiry.
    Calendar {
        /// Where it falls most.
        k: f64,
        /// By how much.
        fall: f64,
    },
}

fn check_tau(tau_years: f64) -> Result<(), InputError> {
    if tau_years > 0.0 && tau_years.is_finite() {
        return Ok(());
    }
    let message = format!("{tau_years} years to expiry");
    Err(InputError::new(InputCode::BadNumber, message))
}

impl JumpWing {
    /// In raw form.
    ///
    /// # Errors
    /// No raw smile has these parameters, or a time to expiry that is not positive.
    pub fn to_svi(&self, tau_years: f64) -> Result<Svi, InputError> {
        check_tau(tau_years)?;
        let refuse = || {
            let message = format!("no SVI smile has {self:?}");
            InputError::new(InputCode::BadParameter, message)
        };
        let w = self.v * tau_years;
        let root = sqrt(w);
        let b = 0.5 * root * (self.c + self.p);
        let rho = 1.0 - self.p * root / b;
        let beta = rho - 2.0 * self.psi * root / b;
        if !(w > 0.0 && b > 0.0 && rho.abs() < 1.0 && beta.abs() <= 1.0) {
            return Err(refuse());
        }
        let bend = sqrt(1.0 - rho * rho);
        let (m, s) = if beta == 0.0 {
            let s = (w - self.v_least * tau_years) / (b * (1.0 - bend));
            (0.0, s)
        } else {
            let alpha = beta.signum() * sqrt(1.0 / (beta * beta) - 1.0);
            let bottom = -rho + alpha.signum() * sqrt(1.0 + alpha * alpha) - alpha * bend;
            let m = (self.v - self.v_least) * tau_years / (b * bottom);
            (m, alpha * m)
        };
        let svi = Svi { a: self.v_least * tau_years - b * s * bend, b, rho, m, s };
        svi.check().map_err(|_| refuse())?;
        Ok(svi)
    }
}

/// One quoted point of a smile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SmilePoint {
    /// `ln(K/F)`.
    pub k: f64,
    /// Vol per year.
    pub vol_ann: f64,
    /// Weight in the fit; vega is usual.
    pub weight: f64,
}

/// A fitted smile.
#[derive(Clone, Debug, PartialEq)]
pub struct SviFit {
    /// The smile as fitted.
    pub svi: Svi,
    /// Weighted root mean square of the errors in vol.
    pub rms_vol_error: f64,
    /// What is wrong with it.
    pub arbitrage: Vec<Arbitrage>,
}

/// Weighted least squares in vol within `b ≥ 0`, `|ρ| < 1`, `s > 0`, positive variance and Lee's
/// bound. Butterflies are reported, not forbidden: see [`Svi::repaired`].
///
/// # Errors
/// Fewer than five points, a point that is not positive and finite, or a bad time to expiry.
pub fn fit_svi(points: &[SmilePoint], tau_years: f64) -> Result<SviFit, InputError> {
    check_tau(tau_years)?;
    if points.len() < 5 {
        let message = format!("{} points for the five parameters of SVI", points.len());
        return Err(InputError::new(InputCode::Missing, message));
    }
    let good = |p: &SmilePoint| {
        let positive = |x: f64| x > 0.0 && x.is_finite();
        p.k.is_finite() && positive(p.vol_ann) && positive(p.weight)
    };
    if let Some(bad) = points.iter().find(|point| !good(point)) {
        return Err(InputError::new(InputCode::BadNumber, format!("{bad:?} is not a quote")));
    }
    let total_weight = neumaier(points.iter().map(|p| p.weight));
    let mean_square = |svi: &Svi| {
        let error = |p: &SmilePoint| {
            let miss = sqrt(svi.total_variance(p.k).max(0.0) / tau_years) - p.vol_ann;
            p.weight * miss * miss
        };
        neumaier(points.iter().map(error)) / total_weight
    };
    // Free coordinates: least variance, b, ρ and s are kept in their domains by exp and tanh.
    let unpack = |x: &[f64]| {
        let (b, rho, s) = (exp(x[1]), tanh(x[2]), exp(x[4]));
        Svi { a: exp(x[0]) - b * s * sqrt(1.0 - rho * rho), b, rho, m: x[3], s }
    };
    let loss = |x: &[f64]| {
        let svi = unpack(x);
        if svi.check().is_err() || svi.b * (1.0 + svi.rho.abs()) > 2.0 {
            return f64::INFINITY;
        }
        mean_square(&svi)
    };
    let least = points.iter().min_by(|a, b| a.vol_ann.total_cmp(&b.vol_ann)).unwrap_or(&points[0]);
    let w_least = least.vol_ann * least.vol_ann * tau_years;
    let starts = [(0.0, 0.05), (0.0, 0.3), (-0.5, 0.15), (0.5, 0.15)];
    let best = starts
        .iter()
        .map(|(skew, s)| {
            let start = [ln(0.9 * w_least), ln(sqrt(w_least) * 0.5), *skew, least.k * 0.5, ln(*s)];
            nelder_mead(loss, &start, &[0.2, 0.4, 0.3, 0.05, 0.4], 1e-14)
        })
        .min_by(|a, b| a.value.total_cmp(&b.value))
        .filter(|best| best.value.is_finite());
    let Some(best) = best else {
        return Err(InputError::new(InputCode::BadNumber, "no SVI smile near the quotes"));
    };
    let svi = unpack(&best.point);
    Ok(SviFit { svi, rms_vol_error: sqrt(best.value), arbitrage: svi.arbitrage() })
}

/// Where total variance falls from one expiry to the next, on a grid of `k` in [−1.5, 1.5].
pub fn calendar(near: &Svi, far: &Svi) -> Option<Arbitrage> {
    let falls = (-150..=150).map(|i| {
        let k = f64::from(i) / 100.0;
        (k, near.total_variance(k) - far.total_variance(k))
    });
    let worst = falls.fold((0.0, 0.0), |worst, at| if at.1 > worst.1 { at } else { worst });
    (worst.1 > 0.0).then_some(Arbitrage::Calendar { k: worst.0, fall: worst.1 })
}
