//! Joint moves from history: the columns that a VaR or ES margin looks at.
//!
//! A move is a logarithmic change of every factor of a [`crate::history::ReturnPanel`] over one period.
//! Everything here sees the rows it is given and nothing else, so a caller that passes the past gets
//! scenarios of the past.

use plimsoll_margin::models::var::monte_carlo::{Copula, Draws, JointLaw, Marginal};
use plimsoll_margin::models::var::weighting::{age_weights, filtered};
use plimsoll_math::linalg::Matrix;
use plimsoll_math::moments::moments;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::check_bounds;

use crate::covariance::{Shrinkage, correlation, repaired, shrunk_covariance};
use crate::history::require;
use crate::volatility::{Garch, ewma_variances, fit_garch};

/// How scenarios are made of the past.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    /// The last `window` rows as they were.
    Historical {
        /// Periods.
        window: usize,
    },
    /// The last `window` rows, weighted `λ^age`.
    AgeWeighted {
        /// Periods.
        window: usize,
        /// Weight of a period against the next.
        lambda: f64,
    },
    /// The last `window` rows, each factor rescaled from the EWMA vol of its day to that of tomorrow.
    FilteredEwma {
        /// Periods.
        window: usize,
        /// `λ` of the variance.
        lambda: f64,
    },
    /// The same with GARCH(1,1) vols, fitted anew every `refit` periods.
    FilteredGarch {
        /// Periods.
        window: usize,
        /// Periods between fits.
        refit: usize,
    },
    /// Draws from Student marginals (EWMA variance, degrees of freedom from the kurtosis of the
    /// window) under a t copula with shrunk correlations.
    StudentCopula {
        /// Periods behind the correlations and the kurtosis.
        window: usize,
        /// `λ` of the variance.
        lambda: f64,
        /// Sobol draws.
        paths: u32,
        /// Names the draws.
        seed: u64,
    },
    /// Normal draws with EWMA variances and shrunk correlations: delta-normal for linear books.
    Normal {
        /// Periods behind the correlations.
        window: usize,
        /// `λ` of the variance.
        lambda: f64,
        /// Sobol draws.
        paths: u32,
        /// Names the draws.
        seed: u64,
    },
}

/// Joint moves with their weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenarios {
    /// One row per scenario, one move per factor.
    pub moves: Vec<Vec<f64>>,
    /// One weight per scenario, where they differ.
    pub weights: Option<Vec<f64>>,
    /// The row of the past each scenario came from, where it did.
    pub rows: Option<Vec<usize>>,
}

/// Warm-up of every EWMA variance: the mean of so many squares starts it.
pub(crate) const WARM_UP: usize = 25;

/// Scenarios by one method, with what it keeps between periods.
#[derive(Clone, Debug)]
pub struct Generator {
    method: Method,
    /// Fitted parameters by factor, and the number of rows they were fitted to.
    garch: Option<(usize, Vec<Garch>)>,
}

impl Generator {
    /// Checks the method.
    ///
    /// # Errors
    /// A window below the warm-up, λ outside (0, 1), no paths, no refits.
    pub fn new(method: Method) -> Result<Self, InputError> {
        let check = |window: usize, lambda: f64| {
            check_bounds("window", window as f64, WARM_UP as f64, 1e6)?;
            check_bounds("lambda", lambda, 1e-3, 1.0 - 1e-9)
        };
        match method {
            Method::Historical { window } => check(window, 0.5)?,
            Method::AgeWeighted { window, lambda } | Method::FilteredEwma { window, lambda } => {
                check(window, lambda)?;
            }
            Method::FilteredGarch { window, refit } => {
                check(window, 0.5)?;
                check_bounds("refit", refit as f64, 1.0, 1e6)?;
            }
            Method::StudentCopula { window, lambda, paths, .. }
            | Method::Normal { window, lambda, paths, .. } => {
                check(window, lambda)?;
                check_bounds("paths", f64::from(paths), 16.0, 1e7)?;
            }
        }
        Ok(Self { method, garch: None })
    }

    /// Periods that must have passed before the first scenarios.
    pub fn window(&self) -> usize {
        match self.method {
            Method::Historical { window }
            | Method::AgeWeighted { window, .. }
            | Method::FilteredEwma { window, .. }
            | Method::FilteredGarch { window, .. }
            | Method::StudentCopula { window, .. }
            | Method::Normal { window, .. } => window,
        }
    }

    /// Scenarios for the period after the last row of `past`.
    ///
    /// # Errors
    /// A past shorter than the window, ragged rows, or a factor that does not move.
    pub fn scenarios(&mut self, past: &[Vec<f64>]) -> Result<Scenarios, InputError> {
        let window = self.window();
        require("the past", past.len(), window)?;
        let start = past.len() - window;
        let recent = &past[start..];
        let rows = Some((start..past.len()).collect());
        match self.method {
            Method::Historical { .. } => {
                Ok(Scenarios { moves: recent.to_vec(), weights: None, rows })
            }
            Method::AgeWeighted { lambda, .. } => {
                let weights = Some(age_weights(window, lambda)?);
                Ok(Scenarios { moves: recent.to_vec(), weights, rows })
            }
            Method::FilteredEwma { lambda, .. } => {
                let moves = by_factor(recent, |_, column| {
                    filtered(column, &ewma_variances(column, lambda, WARM_UP)?)
                })?;
                Ok(Scenarios { moves, weights: None, rows })
            }
            Method::FilteredGarch { refit, .. } => {
                let stale = self.garch.as_ref().is_none_or(|fit| past.len() >= fit.0 + refit);
                if stale {
                    let fits = columns(recent)?
                        .iter()
                        .map(|column| Ok(fit_garch(column, false)?.garch))
                        .collect::<Result<_, InputError>>()?;
                    self.garch = Some((past.len(), fits));
                }
                let fits = self.garch.as_ref().map_or(&[][..], |(_, fits)| fits);
                let moves = by_factor(recent, |factor, column| {
                    filtered(column, &fits[factor].variances(column))
                })?;
                Ok(Scenarios { moves, weights: None, rows })
            }
            Method::StudentCopula { lambda, paths, seed, .. } => {
                let moves = law(recent, lambda, true)?.draw(paths, Draws::Sobol, seed)?;
                Ok(Scenarios { moves, weights: None, rows: None })
            }
            Method::Normal { lambda, paths, seed, .. } => {
                let moves = law(recent, lambda, false)?.draw(paths, Draws::Sobol, seed)?;
                Ok(Scenarios { moves, weights: None, rows: None })
            }
        }
    }
}

pub(crate) fn columns(rows: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, InputError> {
    let factors = rows.first().map_or(0, Vec::len);
    if rows.iter().any(|row| row.len() != factors) {
        return Err(InputError::new(InputCode::Malformed, "rows of different lengths"));
    }
    Ok((0..factors).map(|j| rows.iter().map(|row| row[j]).collect()).collect())
}

/// Every factor's column carried through `f`, as rows again.
fn by_factor(
    rows: &[Vec<f64>],
    f: impl Fn(usize, &[f64]) -> Result<Vec<f64>, InputError>,
) -> Result<Vec<Vec<f64>>, InputError> {
    let carried: Vec<Vec<f64>> = columns(rows)?
        .iter()
        .enumerate()
        .map(|(factor, column)| f(factor, column))
        .collect::<Result<_, _>>()?;
    Ok((0..rows.len()).map(|t| carried.iter().map(|column| column[t]).collect()).collect())
}

/// Degrees of freedom of a Student law with this excess kurtosis, `6/(ν − 4)`, kept within what a
/// sample can tell apart: 4.2 to 30.
fn degrees_of_freedom(excess_kurtosis: f64) -> f64 {
    if excess_kurtosis <= 0.0 { 30.0 } else { (4.0 + 6.0 / excess_kurtosis).clamp(4.2, 30.0) }
}

/// What the last rows say about the law of the next one.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedLaw {
    /// EWMA standard deviation of the next move of each factor.
    pub sds: Vec<f64>,
    /// Excess kurtosis of each factor's moves over the EWMA vols of their days.
    pub excess_kurtosis: Vec<f64>,
    /// Shrunk correlation of those standardised moves.
    pub correlation: Matrix,
    /// Intensity of the shrinkage.
    pub shrinkage: f64,
    /// The standardised moves, one row per period.
    pub standardised: Vec<Vec<f64>>,
}

impl FittedLaw {
    /// Vols are today's EWMA; correlations (Ledoit–Wolf, identity target) and kurtosis those of the
    /// moves divided by their EWMA vols.
    ///
    /// # Errors
    /// Fewer rows than the warm-up, ragged rows, or a factor that does not move.
    pub fn of(rows: &[Vec<f64>], lambda: f64) -> Result<Self, InputError> {
        let columns = columns(rows)?;
        let (mut sds, mut unit) = (Vec::new(), Vec::new());
        for column in &columns {
            let variances = ewma_variances(column, lambda, WARM_UP)?;
            unit.push(filtered_to_one(column, &variances)?);
            sds.push(variances.last().map_or(0.0, |v| v.sqrt()));
        }
        let standardised: Vec<Vec<f64>> =
            (0..rows.len()).map(|t| unit.iter().map(|column| column[t]).collect()).collect();
        let shrunk = shrunk_covariance(&standardised, Shrinkage::LedoitWolfIdentity)?;
        let correlation = repaired(&correlation(&shrunk.covariance)?)?.correlation;
        let excess_kurtosis = unit.iter().map(|z| moments(z).excess_kurtosis).collect();
        Ok(Self {
            sds,
            excess_kurtosis,
            correlation: nudged(&correlation),
            shrinkage: shrunk.intensity,
            standardised,
        })
    }

    /// Degrees of freedom of a Student law for each factor.
    pub fn dofs(&self) -> Vec<f64> {
        self.excess_kurtosis.iter().map(|kurtosis| degrees_of_freedom(*kurtosis)).collect()
    }
}

/// Moves over the vols of their own days; a variance of zero has no standardised move.
fn filtered_to_one(column: &[f64], variances: &[f64]) -> Result<Vec<f64>, InputError> {
    let (days, mut unit) = (column.len(), variances.to_vec());
    unit.truncate(days);
    unit.push(1.0);
    filtered(column, &unit)
}

/// The law of tomorrow's moves, normal or Student with the heaviest marginal tail in the copula.
fn law(rows: &[Vec<f64>], lambda: f64, student: bool) -> Result<JointLaw, InputError> {
    let fit = FittedLaw::of(rows, lambda)?;
    let dofs = fit.dofs();
    let marginals = fit.sds.iter().zip(&dofs).map(|(sd, dof)| {
        let (scale, dof) =
            if student { (sd * ((dof - 2.0) / dof).sqrt(), Some(*dof)) } else { (*sd, None) };
        Marginal { location: 0.0, scale, dof }
    });
    let joint = dofs.iter().copied().fold(f64::INFINITY, f64::min);
    let dof = student.then_some(joint);
    JointLaw::new(marginals.collect(), &Copula { correlation: fit.correlation, dof })
}

/// A repaired matrix may be singular; a millionth of the identity makes it factor.
fn nudged(correlation: &Matrix) -> Matrix {
    correlation.map(|i, j, cell| if i == j { 1.0 } else { cell * (1.0 - 1e-6) })
}
