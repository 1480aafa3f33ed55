//! Simulated joint moves: Student marginals tied by a t copula, from seeded, antithetic or Sobol draws.

use std::f64::consts::PI;

use plimsoll_math::float::{atan2, sqrt};
use plimsoll_math::linalg::{Matrix, cholesky, dot};
use plimsoll_math::normal;
use plimsoll_math::rng::Stream;
use plimsoll_math::sobol::Sobol;
use plimsoll_math::special::{chi_squared_inv_cdf, student_t_cdf, student_t_inv_cdf};
use plimsoll_model::error::InputError;
use plimsoll_model::params::check_bounds;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::refused;
use super::tail::{TailMeasure, measure};

/// Law of one risk factor: `location + scale·t`, or normal without `dof`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Marginal {
    /// Centre.
    pub location: f64,
    /// Scale: of a Student law not its standard deviation, which is `scale·√(ν/(ν−2))`.
    pub scale: f64,
    /// Degrees of freedom; absent: normal.
    pub dof: Option<f64>,
}

/// What ties the factors together.
#[derive(Clone, Debug, PartialEq)]
pub struct Copula {
    /// Correlation of the latent variables.
    pub correlation: Matrix,
    /// Degrees of freedom; absent: Gaussian, without tail dependence.
    pub dof: Option<f64>,
}

/// How the uniforms are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Draws {
    /// Independent.
    Independent,
    /// Every path and its mirror image.
    Antithetic,
    /// A shifted Sobol sequence.
    Sobol,
}

/// A joint law, ready to draw from.
#[derive(Clone, Debug)]
pub struct JointLaw {
    marginals: Vec<Marginal>,
    factor: Matrix,
    dof: Option<f64>,
}

/// Independent repetitions behind a standard error.
pub const REPETITIONS: u64 = 16;

impl JointLaw {
    /// Checks and factors the law.
    ///
    /// # Errors
    /// A correlation of another size or not positive definite, a scale or degrees of freedom outside
    /// their bounds.
    pub fn new(marginals: Vec<Marginal>, copula: &Copula) -> Result<Self, InputError> {
        if copula.correlation.rows() != marginals.len() {
            let sizes = format!("{} for {} factors", copula.correlation.rows(), marginals.len());
            return Err(refused("correlation", sizes));
        }
        for (index, marginal) in marginals.iter().enumerate() {
            check_bounds(&format!("marginals[{index}].location"), marginal.location, -10.0, 10.0)?;
            check_bounds(&format!("marginals[{index}].scale"), marginal.scale, 0.0, 10.0)?;
            if let Some(dof) = marginal.dof {
                check_bounds(&format!("marginals[{index}].dof"), dof, 1.0, 1e6)?;
            }
        }
        if let Some(dof) = copula.dof {
            check_bounds("copula.dof", dof, 1.0, 1e6)?;
        }
        let factor =
            cholesky(&copula.correlation).map_err(|error| refused("correlation", error))?;
        Ok(Self { marginals, factor, dof: copula.dof })
    }

    /// Uniforms that one path uses: one per factor, one more for the mixing of a t copula.
    fn dimensions(&self) -> usize {
        self.marginals.len() + usize::from(self.dof.is_some())
    }

    /// The move of every factor for one point of the unit cube.
    ///
    /// Latent `x = L·z`, mixed to `x·√(ν/χ²)` for a t copula; each factor is then carried to its own
    /// law through its probability, unless that is the latent law itself.
    pub fn transform(&self, uniforms: &[f64], moves: &mut [f64]) {
        let n = self.marginals.len();
        let z: Vec<f64> = uniforms.iter().take(n).map(|u| normal::inv_cdf(*u)).collect();
        let mixing = match (self.dof, uniforms.get(n)) {
            (Some(dof), Some(u)) => sqrt(dof / chi_squared_inv_cdf(*u, dof)),
            _ => 1.0,
        };
        for (i, (cell, marginal)) in moves.iter_mut().zip(&self.marginals).enumerate() {
            let latent = mixing * dot(&self.factor.row(i)[..=i], &z);
            *cell = marginal.location + marginal.scale * carry(latent, self.dof, marginal.dof);
        }
    }

    /// `paths` joint moves, one row each, named by `seed` and nothing else: path `i` is the same
    /// however many are drawn and by however many threads.
    ///
    /// # Errors
    /// More factors than the Sobol table has dimensions.
    pub fn draw(&self, paths: u32, draws: Draws, seed: u64) -> Result<Vec<Vec<f64>>, InputError> {
        let dimensions = self.dimensions();
        let sobol = match draws {
            Draws::Sobol => Some(Sobol::new(dimensions, seed).ok_or_else(|| {
                refused("Sobol sequence", format!("{dimensions} dimensions; 256 are tabulated"))
            })?),
            _ => None,
        };
        let path = |index: u32| {
            let mut uniforms = vec![0.0; dimensions];
            let mirrored = draws == Draws::Antithetic && index % 2 == 1;
            if let Some(sobol) = &sobol {
                sobol.point(index, &mut uniforms);
            } else {
                let number = if draws == Draws::Antithetic { index / 2 } else { index };
                let mut stream = Stream::new(seed, u64::from(number));
                uniforms.iter_mut().for_each(|u| *u = stream.uniform());
            }
            if mirrored {
                // The mixing variable, last, is kept: its mirror image would pair calm with crash.
                let n = self.marginals.len();
                uniforms.iter_mut().take(n).for_each(|u| *u = 1.0 - *u);
            }
            let mut moves = vec![0.0; self.marginals.len()];
            self.transform(&uniforms, &mut moves);
            moves
        };
        Ok((0..paths).map(path).collect())
    }
}

/// A latent variable carried to another law through its probability, from the side of the nearer
/// tail.
fn carry(x: f64, from: Option<f64>, to: Option<f64>) -> f64 {
    if from == to {
        return x;
    }
    let lower = -x.abs();
    let probability = from.map_or_else(|| normal::cdf(lower), |dof| student_t_cdf(lower, dof));
    let quantile =
        to.map_or_else(|| normal::inv_cdf(probability), |dof| student_t_inv_cdf(probability, dof));
    if x < 0.0 { quantile } else { -quantile }
}

/// A simulated measure with its error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Simulated {
    /// Mean over the repetitions.
    pub value: f64,
    /// Standard error of that mean, from the spread of [`REPETITIONS`] independent repetitions. It
    /// holds for every kind of draws, also for Sobol's, whose paths are not independent.
    pub standard_error: f64,
    /// Paths in all.
    pub paths: u32,
}

/// The measure of the losses that `loss` gives to simulated moves.
///
/// # Errors
/// Fewer than two paths for each repetition, a bad level, or a loss that is not finite.
pub fn simulate(
    law: &JointLaw,
    loss: impl Fn(&[f64]) -> f64,
    level: f64,
    tail_measure: TailMeasure,
    draws: Draws,
    paths: u32,
    seed: u64,
) -> Result<Simulated, InputError> {
    let mut values = Vec::new();
    let mut drawn = 0;
    for number in 0..REPETITIONS {
        let moves = repetition(law, draws, paths, seed, number)?;
        let losses: Vec<f64> = moves.iter().map(|moves| loss(moves)).collect();
        drawn += moves.len() as u32;
        values.push(measure(&losses, level, tail_measure)?);
    }
    Ok(Simulated {
        value: plimsoll_math::moments::mean(&values),
        standard_error: error_of_mean(&values),
        paths: drawn,
    })
}

/// Repetition `number` of a simulation of `paths` paths in all: its share of them, independent of the
/// other repetitions.
///
/// # Errors
/// Fewer than two paths for each repetition; as [`JointLaw::draw`].
pub fn repetition(
    law: &JointLaw,
    draws: Draws,
    paths: u32,
    seed: u64,
    number: u64,
) -> Result<Vec<Vec<f64>>, InputError> {
    let each = paths / REPETITIONS as u32;
    if each < 2 {
        return Err(refused("simulation", format!("{paths} paths for {REPETITIONS} repetitions")));
    }
    // Seeds of repetitions of one run must not meet those of another run's.
    let own = Stream::new(seed, u64::MAX - 1 - number).bits();
    law.draw(each, draws, own)
}

/// Standard error of a measure of simulated losses whose [`REPETITIONS`] lie one after the other,
/// from the spread of the measure over them.
///
/// # Errors
/// As [`measure`].
pub fn simulation_error(
    losses: &[f64],
    level: f64,
    tail_measure: TailMeasure,
) -> Result<f64, InputError> {
    let each = (losses.len() / REPETITIONS as usize).max(1);
    let values: Vec<f64> = losses
        .chunks_exact(each)
        .map(|losses| measure(losses, level, tail_measure))
        .collect::<Result<_, _>>()?;
    Ok(error_of_mean(&values))
}

fn error_of_mean(values: &[f64]) -> f64 {
    sqrt(plimsoll_math::moments::sample_variance(values) / values.len() as f64)
}

/// Probability that one factor of a t copula is extreme given that the other is:
/// `λ = 2·t_{ν+1}(−√((ν+1)(1−ρ)/(1+ρ)))`.
pub fn tail_dependence(correlation: f64, dof: f64) -> f64 {
    let x = sqrt((dof + 1.0) * (1.0 - correlation) / (1.0 + correlation));
    2.0 * student_t_cdf(-x, dof + 1.0)
}

/// Kendall's τ of an elliptical copula: `(2/π)·asin ρ`.
pub fn kendall_tau(correlation: f64) -> f64 {
    2.0 / PI * atan2(correlation, sqrt(1.0 - correlation * correlation))
}
