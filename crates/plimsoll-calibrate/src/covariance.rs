//! Covariances: sample, exponentially weighted, shrunk; correlations stressed both ways and repaired.

use plimsoll_math::linalg::{LinalgError, Matrix, nearest_correlation, symmetric_eigen};
use plimsoll_math::moments::mean;
use plimsoll_math::sum::neumaier;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::check_bounds;

use crate::history::require;

/// Turns a linear-algebra fault into an input error that says which matrix it was.
pub(crate) fn matrix_error(what: &str, error: LinalgError) -> InputError {
    InputError::new(InputCode::BadNumber, format!("{what}: {error}"))
}

/// Rows of returns as columns about their means.
fn centred_columns(rows: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, InputError> {
    require("the panel", rows.len(), 2)?;
    let assets = rows[0].len();
    if let Some((period, row)) = rows.iter().enumerate().find(|(_, row)| row.len() != assets) {
        let message = format!("period {period} has {} returns, not {assets}", row.len());
        return Err(InputError::new(InputCode::Malformed, message));
    }
    let column = |j: usize| {
        let values: Vec<f64> = rows.iter().map(|row| row[j]).collect();
        let centre = mean(&values);
        values.iter().map(|r| r - centre).collect::<Vec<f64>>()
    };
    let columns: Vec<Vec<f64>> = (0..assets).map(column).collect();
    match columns.iter().position(|column| column.iter().all(|r| *r == 0.0)) {
        Some(asset) => {
            let message = format!("asset {asset} is constant: it has no vol");
            Err(InputError::new(InputCode::BadNumber, message))
        }
        None => Ok(columns),
    }
}

/// Mean of the products of two columns.
fn mean_product(a: &[f64], b: &[f64]) -> f64 {
    neumaier(a.iter().zip(b).map(|(a, b)| a * b)) / a.len() as f64
}

/// `S_ij = Σ_t (r_ti − r̄_i)(r_tj − r̄_j)/(T − 1)`.
///
/// # Errors
/// Not more periods than assets (the matrix would be singular: shrink instead), ragged rows, or a
/// constant asset.
pub fn sample_covariance(rows: &[Vec<f64>]) -> Result<Matrix, InputError> {
    let columns = centred_columns(rows)?;
    if rows.len() <= columns.len() {
        let message = format!(
            "{} periods of {} assets: the covariance is singular",
            rows.len(),
            columns.len()
        );
        return Err(InputError::new(InputCode::Missing, message)
            .hint("use a longer history or a shrinkage estimate"));
    }
    let unbiased = rows.len() as f64 / (rows.len() as f64 - 1.0);
    Ok(Matrix::from_fn(columns.len(), columns.len(), |i, j| {
        unbiased * mean_product(&columns[i], &columns[j])
    }))
}

/// `Σ ← λ·Σ + (1−λ)·r_t·r_tᵀ` over all rows after the first, from `Σ = r_0·r_0ᵀ`.
///
/// # Errors
/// λ outside [0, 1), no rows, or ragged ones.
pub fn ewma_covariance(rows: &[Vec<f64>], lambda: f64) -> Result<Matrix, InputError> {
    check_bounds("lambda", lambda, 0.0, 1.0 - f64::EPSILON)?;
    let [first, rest @ ..] = rows else {
        return Err(InputError::new(InputCode::Empty, "a covariance of no periods"));
    };
    let n = first.len();
    let mut covariance = Matrix::from_fn(n, n, |i, j| first[i] * first[j]);
    for (period, row) in rest.iter().enumerate() {
        if row.len() != n {
            let message = format!("period {} has {} returns, not {n}", period + 1, row.len());
            return Err(InputError::new(InputCode::Malformed, message));
        }
        covariance = covariance.map(|i, j, cell| lambda * cell + (1.0 - lambda) * row[i] * row[j]);
    }
    Ok(covariance)
}

/// What a sample covariance is shrunk towards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shrinkage {
    /// A multiple of the identity, intensity of Ledoit and Wolf, *A well-conditioned estimator for
    /// large-dimensional covariance matrices*, 2004.
    LedoitWolfIdentity,
    /// A multiple of the identity, oracle-approximating intensity of Chen, Wiesel, Eldar and Hero,
    /// 2010.
    OracleApproximating,
    /// Own variances and one common correlation, intensity of Ledoit and Wolf, *Honey, I shrunk the
    /// sample covariance matrix*, 2004.
    ConstantCorrelation,
}

/// `(1−δ)·S + δ·F`.
#[derive(Clone, Debug, PartialEq)]
pub struct Shrunk {
    /// The estimate; moments with divisor `T`.
    pub covariance: Matrix,
    /// `δ`, from 0 to 1.
    pub intensity: f64,
}

/// A shrunk covariance; positive definite also with fewer periods than assets, unless δ is 0.
///
/// # Errors
/// Fewer than two periods, ragged rows, a constant asset.
pub fn shrunk_covariance(rows: &[Vec<f64>], towards: Shrinkage) -> Result<Shrunk, InputError> {
    let columns = centred_columns(rows)?;
    let n = columns.len();
    let sample = Matrix::from_fn(n, n, |i, j| mean_product(&columns[i], &columns[j]));
    let average = sample.trace() / n as f64;
    let identity = Matrix::identity(n).map(|_, _, cell| cell * average);
    let (target, intensity) = match towards {
        Shrinkage::LedoitWolfIdentity => {
            let intensity = ledoit_wolf_identity(&columns, &sample, average);
            (identity, intensity)
        }
        Shrinkage::OracleApproximating => {
            let squares = sample.frobenius() * sample.frobenius() / (n * n) as f64;
            let square = average * average;
            let top = squares + square;
            let bottom = (rows.len() as f64 + 1.0) * (squares - square / n as f64);
            (identity, if bottom > 0.0 { (top / bottom).min(1.0) } else { 1.0 })
        }
        Shrinkage::ConstantCorrelation => constant_correlation(&columns, &sample),
    };
    let covariance =
        sample.map(|i, j, cell| (1.0 - intensity) * cell + intensity * target.get(i, j));
    Ok(Shrunk { covariance, intensity })
}

/// `δ = min(b², d²)/d²` with `d² = ‖S − m·I‖²` and `b² = Σ_t ‖x_t·x_tᵀ − S‖²/T²`.
fn ledoit_wolf_identity(columns: &[Vec<f64>], sample: &Matrix, average: f64) -> f64 {
    let n = columns.len();
    let distance = sample.map(|i, j, cell| if i == j { cell - average } else { cell }).frobenius();
    let periods = columns[0].len() as f64;
    let mut noise = 0.0;
    for i in 0..n {
        for j in 0..n {
            noise += product_variance(&columns[i], &columns[j], sample.get(i, j)) / periods;
        }
    }
    let square = distance * distance;
    if square > 0.0 { noise.min(square) / square } else { 1.0 }
}

/// `mean((x·y − s)²)`.
fn product_variance(x: &[f64], y: &[f64], s: f64) -> f64 {
    let square = |(x, y): (&f64, &f64)| (x * y - s) * (x * y - s);
    neumaier(x.iter().zip(y).map(square)) / x.len() as f64
}

/// Target and intensity `max(0, min(1, (π − ρ)/(γ·T)))` in the notation of the paper.
fn constant_correlation(columns: &[Vec<f64>], sample: &Matrix) -> (Matrix, f64) {
    let n = columns.len();
    let periods = columns[0].len() as f64;
    let sd: Vec<f64> = sample.diagonal().iter().map(|v| v.sqrt()).collect();
    let pairs: Vec<(usize, usize)> =
        (0..n).flat_map(|i| (0..n).filter(move |j| *j != i).map(move |j| (i, j))).collect();
    let correlation = |(i, j): &(usize, usize)| sample.get(*i, *j) / (sd[*i] * sd[*j]);
    let common = if pairs.is_empty() {
        0.0
    } else {
        neumaier(pairs.iter().map(correlation)) / pairs.len() as f64
    };
    let target =
        Matrix::from_fn(
            n,
            n,
            |i, j| if i == j { sample.get(i, i) } else { common * sd[i] * sd[j] },
        );
    let pi = |i: usize, j: usize| product_variance(&columns[i], &columns[j], sample.get(i, j));
    let theta = |i: usize, j: usize| {
        let terms = columns[i]
            .iter()
            .zip(&columns[j])
            .map(|(x, y)| (x * x - sample.get(i, i)) * (x * y - sample.get(i, j)));
        neumaier(terms) / periods
    };
    let all = (0..n).flat_map(|i| (0..n).map(move |j| (i, j)));
    let pi_sum = neumaier(all.map(|(i, j)| pi(i, j)));
    let rho_diagonal = neumaier((0..n).map(|i| pi(i, i)));
    let rho_rest = neumaier(pairs.iter().map(|(i, j)| {
        0.5 * common * (sd[*j] / sd[*i] * theta(*i, *j) + sd[*i] / sd[*j] * theta(*j, *i))
    }));
    let gamma = target.map(|i, j, cell| cell - sample.get(i, j)).frobenius();
    if gamma == 0.0 {
        return (target, 1.0);
    }
    let intensity = (pi_sum - rho_diagonal - rho_rest) / (gamma * gamma) / periods;
    (target, intensity.clamp(0.0, 1.0))
}

/// `ρ_ij = Σ_ij/√(Σ_ii·Σ_jj)`.
///
/// # Errors
/// A variance that is not positive, named by its place.
pub fn correlation(covariance: &Matrix) -> Result<Matrix, InputError> {
    let variances = covariance.diagonal();
    if let Some(asset) = variances.iter().position(|v| v.is_nan() || *v <= 0.0) {
        let message = format!("asset {asset} has variance {}", variances[asset]);
        return Err(InputError::new(InputCode::BadNumber, message));
    }
    Ok(covariance.map(|i, j, cell| {
        if i == j { 1.0 } else { cell / (variances[i].sqrt() * variances[j].sqrt()) }
    }))
}

/// `Σ_ij = ρ_ij·σ_i·σ_j`.
pub fn covariance_from(correlation: &Matrix, vols: &[f64]) -> Matrix {
    correlation.map(|i, j, cell| cell * vols[i] * vols[j])
}

/// A stressed correlation: which way diversification fails depends on the book, so both are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stress {
    /// Everything moves together: `ρ' = (1−k)·ρ + k·1`. Hurts books that are long (or short) all.
    Together,
    /// Nothing moves together: `ρ' = (1−k)·ρ + k·I`. Hurts spreads and hedges across coins.
    Apart,
}

/// Moves correlations a share `k` of the way; a mixture of correlation matrices, so it stays one.
///
/// # Errors
/// `k` outside [0, 1].
pub fn stressed(correlation: &Matrix, stress: Stress, k: f64) -> Result<Matrix, InputError> {
    check_bounds("stress share k", k, 0.0, 1.0)?;
    let end = match stress {
        Stress::Together => 1.0,
        Stress::Apart => 0.0,
    };
    Ok(correlation.map(|i, j, cell| if i == j { 1.0 } else { (1.0 - k) * cell + k * end }))
}

/// A correlation matrix made of a symmetric matrix, and how far it had to move.
#[derive(Clone, Debug, PartialEq)]
pub struct Repaired {
    /// The nearest correlation matrix.
    pub correlation: Matrix,
    /// Least eigenvalue before.
    pub least_eigenvalue: f64,
    /// Largest change of an entry; 0 where nothing was to repair.
    pub largest_change: f64,
}

/// The nearest correlation matrix where the given one has a negative eigenvalue, else itself.
///
/// # Errors
/// Not square, not finite, or no convergence.
pub fn repaired(matrix: &Matrix) -> Result<Repaired, InputError> {
    let what = "the correlation matrix";
    let values = symmetric_eigen(matrix).map_err(|error| matrix_error(what, error))?.values;
    let least_eigenvalue = values.first().copied().unwrap_or(0.0);
    // Rounding alone leaves eigenvalues of a singular matrix this far below zero.
    if least_eigenvalue >= -1e-14 * matrix.rows() as f64 {
        return Ok(Repaired { correlation: matrix.clone(), least_eigenvalue, largest_change: 0.0 });
    }
    let correlation =
        nearest_correlation(matrix, 0.0).map_err(|error| matrix_error(what, error))?;
    let n = matrix.rows();
    let changes = (0..n).flat_map(|i| (0..n).map(move |j| (i, j)));
    let largest_change =
        changes.map(|(i, j)| (correlation.get(i, j) - matrix.get(i, j)).abs()).fold(0.0, f64::max);
    Ok(Repaired { correlation, least_eigenvalue, largest_change })
}
