//! Delta-normal VaR and ES: linear books under a normal or Student law, in closed form.

use plimsoll_math::linalg::{Matrix, dot};
use plimsoll_math::normal;
use plimsoll_math::special::{student_t_inv_cdf, student_t_lower_tail_mean};
use plimsoll_model::error::InputError;
use plimsoll_model::params::check_bounds;

use super::refused;

/// The law of the risk factors; both have the given covariance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Law {
    /// Normal.
    Normal,
    /// Multivariate Student, scaled to the given covariance; `dof > 2`.
    Student {
        /// Degrees of freedom.
        dof: f64,
    },
}

/// VaR and ES in standard deviations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Multipliers {
    /// VaR over standard deviation.
    pub var: f64,
    /// ES over standard deviation.
    pub es: f64,
}

impl Law {
    /// VaR and ES of a variable with mean 0 and variance 1.
    ///
    /// # Errors
    /// A level outside (0, 1), or degrees of freedom not above 2.
    pub fn multipliers(self, level: f64) -> Result<Multipliers, InputError> {
        check_bounds("level", level, 1e-12, 1.0 - 1e-12)?;
        let tail = 1.0 - level;
        Ok(match self {
            Self::Normal => {
                let z = -normal::inv_cdf(tail);
                Multipliers { var: z, es: normal::pdf(z) / tail }
            }
            Self::Student { dof } => {
                check_bounds("degrees of freedom", dof, 2.0 + 1e-9, 1e9)?;
                let unit = ((dof - 2.0) / dof).sqrt();
                Multipliers {
                    var: -student_t_inv_cdf(tail, dof) * unit,
                    es: -student_t_lower_tail_mean(tail, dof) * unit,
                }
            }
        })
    }
}

/// VaR and ES of a linear book with the split of the VaR.
#[derive(Clone, Debug, PartialEq)]
pub struct DeltaNormal {
    /// Standard deviation of profit.
    pub sd: f64,
    /// Value at risk.
    pub var: f64,
    /// Expected shortfall.
    pub es: f64,
    /// `∂VaR/∂w_i = z·(Σw)_i/sd`.
    pub marginal: Vec<f64>,
    /// `w_i·∂VaR/∂w_i`; adds up to the VaR.
    pub components: Vec<f64>,
    /// The VaR less the VaR without the position; does not add up.
    pub incremental: Vec<f64>,
    /// The size of each position at which its marginal is zero, the others held: the best hedge.
    pub best_hedge: Vec<f64>,
}

/// `sd = √(wᵀΣw)`, VaR and ES its multiples. `weights` are exposures in currency per unit move of the
/// factor, `covariance` that of the moves over the horizon; means are taken as zero.
///
/// # Errors
/// A covariance of another size, not finite or with a negative variance of the book; a bad level or
/// law.
pub fn delta_normal(
    weights: &[f64],
    covariance: &Matrix,
    level: f64,
    law: Law,
) -> Result<DeltaNormal, InputError> {
    let n = weights.len();
    if covariance.rows() != n || covariance.columns() != n {
        let shape = format!("{}×{} for {n} positions", covariance.rows(), covariance.columns());
        return Err(refused("covariance", shape));
    }
    let Multipliers { var, es } = law.multipliers(level)?;
    let product = covariance.times_vector(weights);
    let variance = dot(weights, &product);
    if !variance.is_finite() || variance < 0.0 {
        return Err(refused("variance of the book", variance));
    }
    let sd = variance.sqrt();
    let per_sd = |x: f64| if sd > 0.0 { x / sd } else { 0.0 };
    let marginal: Vec<f64> = product.iter().map(|x| var * per_sd(*x)).collect();
    let components = marginal.iter().zip(weights).map(|(m, w)| m * w).collect();
    let own: Vec<f64> = covariance.diagonal();
    let without = |i: usize| {
        let left = variance - 2.0 * weights[i] * product[i] + weights[i] * weights[i] * own[i];
        left.max(0.0).sqrt()
    };
    let incremental = (0..n).map(|i| var * (sd - without(i))).collect();
    let best_hedge = (0..n).map(|i| weights[i] - product[i] / own[i]).collect();
    Ok(DeltaNormal {
        sd,
        var: var * sd,
        es: es * sd,
        marginal,
        components,
        incremental,
        best_hedge,
    })
}
