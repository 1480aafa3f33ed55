//! Tests and scores of expected shortfall.
//!
//! Signs: `pnl` is profit (losses negative), `var` and `es` are positive amounts of loss. `rate` is
//! the tail probability, 0.025 for a 97.5 % shortfall.

use plimsoll_math::float::ln;
use plimsoll_math::quantile::{Convention, quantile};
use plimsoll_math::rng::Stream;
use plimsoll_math::special::{beta_i, student_t_inv_cdf, student_t_lower_tail_mean};
use plimsoll_math::{normal, sum};
use plimsoll_model::error::{InputCode, InputError};
use schemars::JsonSchema;
use serde::Serialize;

use super::coverage::check_rate;

/// One period: what happened and what was forecast before.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Forecast {
    /// Profit, positive, or loss, negative.
    pub pnl: f64,
    /// Value at risk forecast for the period, positive.
    pub var: f64,
    /// Expected shortfall forecast for the period, positive.
    pub es: f64,
}

impl Forecast {
    /// Whether the loss exceeded the value at risk.
    #[must_use]
    pub fn is_exception(&self) -> bool {
        self.pnl + self.var < 0.0
    }
}

/// Acerbi and Szekely's first two statistics. Both are 0 on average for correct forecasts, negative
/// where shortfall is understated.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AcerbiSzekely {
    /// Exceptions.
    pub exceptions: usize,
    /// `Z₁ = Σ X·I/ES /N + 1`: the size of exceptions alone; `None` without any.
    pub z1: Option<f64>,
    /// `Z₂ = Σ X·I/(T·α·ES) + 1`: size and number together. Below −0.7 is the usual 5 % line at
    /// 250 periods and α = 2.5 %.
    pub z2: f64,
}

/// `Z₁` and `Z₂`.
///
/// # Errors
/// No periods, a shortfall that is not positive, or a rate outside (0, 1).
///
/// Source: C. Acerbi and B. Szekely, *Back-testing expected shortfall*, Risk, December 2014.
pub fn acerbi_szekely(forecasts: &[Forecast], rate: f64) -> Result<AcerbiSzekely, InputError> {
    check(forecasts, rate)?;
    let exceptions = forecasts.iter().filter(|f| f.is_exception());
    let ratio = sum::neumaier(exceptions.clone().map(|f| f.pnl / f.es));
    let count = exceptions.count();
    Ok(AcerbiSzekely {
        exceptions: count,
        z1: (count > 0).then(|| ratio / count as f64 + 1.0),
        z2: ratio / (forecasts.len() as f64 * rate) + 1.0,
    })
}

fn check(forecasts: &[Forecast], rate: f64) -> Result<(), InputError> {
    check_rate(rate)?;
    if forecasts.is_empty() {
        return Err(InputError::new(InputCode::Empty, "a back-test of no periods"));
    }
    for (period, forecast) in forecasts.iter().enumerate() {
        let Forecast { pnl, var, es } = *forecast;
        let good = pnl.is_finite() && var.is_finite() && es.is_finite() && es > 0.0;
        if !good {
            let message = format!("pnl {pnl}, VaR {var}, ES {es}; a shortfall must be positive");
            return Err(
                InputError::new(InputCode::BadNumber, message).at(format!("period {period}"))
            );
        }
    }
    Ok(())
}

/// Acerbi and Szekely's third statistic: the whole tail of the forecast laws,
/// `Z₃ = 1 − (1/T)·Σ_t ES̃(F_t⁻¹(U)) / E[ES̃(F_t⁻¹(V))]`.
///
/// `pits` are the probability transforms `U_t = F_t(X_t)`, `inverse(t, u)` is the forecast quantile
/// function `F_t⁻¹` of period `t`, `V` are independent uniforms, and `ES̃` is minus the mean of the
/// `⌊Tα⌋` worst. The expectation is exact, `E = −T/k·∫ I_{1−p}(T−k, k)·F⁻¹(p) dp`, by the trapezoidal
/// rule in the normal scale of `p`, which converges exponentially for smooth laws.
///
/// # Errors
/// Fewer than one period in the tail, a transform outside (0, 1), a rate outside (0, 1).
pub fn acerbi_szekely_z3(
    pits: &[f64],
    inverse: impl Fn(usize, f64) -> f64,
    rate: f64,
) -> Result<f64, InputError> {
    check_rate(rate)?;
    let periods = pits.len();
    let worst = (periods as f64 * rate + 1e-9).floor() as usize;
    if worst == 0 {
        let message = format!("{periods} periods have none in a tail of {rate}");
        return Err(InputError::new(InputCode::Empty, message));
    }
    if let Some(bad) = pits.iter().find(|u| !(**u > 0.0 && **u < 1.0)) {
        let message = format!("probability transform {bad} is not between 0 and 1");
        return Err(InputError::new(InputCode::BadNumber, message));
    }
    let mut sorted = pits.to_vec();
    sorted.sort_by(f64::total_cmp);
    let nodes = tail_nodes(periods, worst);
    let ratio = |t: usize| {
        let realised = sum::neumaier(sorted[..worst].iter().map(|u| inverse(t, *u))) / worst as f64;
        let expected = sum::neumaier(nodes.iter().map(|(u, weight)| weight * inverse(t, *u)));
        realised / expected
    };
    Ok(1.0 - sum::neumaier((0..periods).map(ratio)) / periods as f64)
}

/// Nodes and weights of `T/k·∫ I_{1−p}(T−k, k)·f(p) dp`.
fn tail_nodes(periods: usize, worst: usize) -> Vec<(f64, f64)> {
    let (n, k) = (periods as f64, worst as f64);
    let step = 1.0 / 32.0;
    // From −12, where the normal law weighs 1e-33, to 8.
    (-384..=256)
        .map(|node| {
            let z = f64::from(node) * step;
            let p = normal::cdf(z);
            let above = normal::sf(z);
            let weight = if periods == worst { 1.0 } else { beta_i(n - k, k, above, p) };
            (p, step * normal::pdf(z) * weight * n / k)
        })
        .filter(|(p, weight)| *p < 1.0 && *weight > 0.0)
        .collect()
}

/// Mean Fissler–Ziegel score of joint forecasts of VaR and ES; lower is better. It is consistent: in
/// expectation the true pair scores best.
///
/// The zero-homogeneous member: with `v = −VaR`, `e = −ES < 0`,
/// `S = −1{X ≤ v}·(v − X)/(α·e) + v/e + ln(−e) − 1`.
///
/// # Errors
/// As [`acerbi_szekely`].
///
/// Source: A. Patton, J. Ziegel and R. Chen, *Dynamic semiparametric models for expected shortfall*,
/// J. Econometrics 211, 2019.
pub fn fissler_ziegel(forecasts: &[Forecast], rate: f64) -> Result<f64, InputError> {
    check(forecasts, rate)?;
    let score = |forecast: &Forecast| {
        let (v, e) = (-forecast.var, -forecast.es);
        let beyond = (v - forecast.pnl).max(0.0);
        v / e + ln(-e) - 1.0 - beyond / (rate * e)
    };
    Ok(sum::neumaier(forecasts.iter().map(score)) / forecasts.len() as f64)
}

/// The number below which `Z₂` falls with probability `significance` for correct forecasts, by
/// simulation of `paths` samples of `periods` Student profits (normal without `dof`).
///
/// # Errors
/// A rate or significance outside (0, 1), `dof ≤ 1`, or no periods.
pub fn z2_critical_value(
    periods: usize,
    rate: f64,
    dof: Option<f64>,
    significance: f64,
    paths: u64,
    seed: u64,
) -> Result<f64, InputError> {
    check_rate(rate)?;
    let (var, es) = match dof {
        None => (-normal::inv_cdf(rate), normal::pdf(normal::inv_cdf(rate)) / rate),
        Some(dof) => (-student_t_inv_cdf(rate, dof), -student_t_lower_tail_mean(rate, dof)),
    };
    let draw = |u: f64| dof.map_or_else(|| normal::inv_cdf(u), |dof| student_t_inv_cdf(u, dof));
    let mut values = Vec::new();
    for path in 0..paths {
        let mut stream = Stream::new(seed, path);
        let forecasts: Vec<Forecast> = (0..periods)
            .map(|_| {
                let u = stream.uniform();
                // Only the tail is looked at.
                Forecast { pnl: if u < 2.0 * rate { draw(u) } else { 0.0 }, var, es }
            })
            .collect();
        values.push(acerbi_szekely(&forecasts, rate)?.z2);
    }
    quantile(&values, significance, Convention::InverseEcdf)
        .map_err(|error| InputError::new(InputCode::BadNumber, error.to_string()))
}
