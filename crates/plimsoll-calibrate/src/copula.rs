//! Degrees of freedom of a t copula: how often extremes come together.

use std::f64::consts::PI;

use plimsoll_math::float::{exp, ln, ln_1p, ln_gamma, sin};
use plimsoll_math::linalg::{Matrix, cholesky, cholesky_solve, dot};
use plimsoll_math::optimise::nelder_mead;
use plimsoll_math::special::student_t_inv_cdf;
use plimsoll_math::sum::neumaier;
use plimsoll_model::error::{InputCode, InputError};

use crate::covariance::{matrix_error, repaired};
use crate::history::require;

/// A fitted t copula.
#[derive(Clone, Debug, PartialEq)]
pub struct TCopula {
    /// `sin(πτ/2)` of Kendall's τ, repaired where it is no correlation matrix.
    pub correlation: Matrix,
    /// Degrees of freedom of greatest likelihood, from 2.1 to 50.
    pub dof: f64,
    /// Ends of the interval of degrees of freedom whose log-likelihood is within 1.92 of the best
    /// (95 % by the χ² of one parameter), cut off at the bounds.
    pub dof_interval: (f64, f64),
    /// Rows.
    pub count: usize,
}

/// Bounds of the degrees of freedom: below, no variance; above, as good as normal.
const LEAST: f64 = 2.1;
const MOST: f64 = 50.0;

/// Half of the 95 % quantile of χ² with one degree of freedom.
const HALF_CHI_SQUARED: f64 = 1.920_729_410_347_062;

/// Fewest rows for a fit of the tail dependence.
pub const LEAST_ROWS: usize = 100;

/// Fits a t copula to rows of observations. Only ranks count, so the laws of the single factors do
/// not: correlations come from Kendall's τ (H. Lindskog, A. McNeil and U. Schmock, *Kendall's tau for
/// elliptical distributions*, 2003), degrees of freedom by maximum pseudo-likelihood on
/// `u = rank/(n + 1)` with the correlations held (R. Mashal and A. Zeevi, *Beyond correlation*, 2002).
///
/// # Errors
/// Fewer than [`LEAST_ROWS`] rows, rows of different lengths or of one factor, or a correlation that
/// cannot be repaired.
pub fn fit_t_copula(rows: &[Vec<f64>]) -> Result<TCopula, InputError> {
    require("the copula", rows.len(), LEAST_ROWS)?;
    let factors = rows[0].len();
    if factors < 2 || rows.iter().any(|row| row.len() != factors) {
        let message = "a copula needs rows of one length, two factors or more";
        return Err(InputError::new(InputCode::Malformed, message));
    }
    let columns: Vec<Vec<f64>> =
        (0..factors).map(|j| rows.iter().map(|row| row[j]).collect()).collect();
    let raw = Matrix::from_fn(factors, factors, |i, j| {
        if i == j { 1.0 } else { sin(0.5 * PI * kendall_tau(&columns[i], &columns[j])) }
    });
    // The nearest correlation may be singular; a millionth of the identity makes it factor.
    let correlation =
        repaired(&raw)?.correlation.map(|i, j, x| if i == j { 1.0 } else { x * (1.0 - 1e-6) });
    let factor = cholesky(&correlation).map_err(|error| matrix_error("the copula", error))?;
    let ranks: Vec<Vec<usize>> = columns.iter().map(|column| ranks(column)).collect();
    let likelihood = |dof: f64| log_likelihood(&ranks, &factor, dof);
    let clamped = |x: f64| exp(x).clamp(LEAST, MOST);
    let best = nelder_mead(|x| -likelihood(clamped(x[0])), &[ln(6.0)], &[0.5], 1e-9);
    let (dof, top) = (clamped(best.point[0]), -best.value);
    let inside = |dof: f64| likelihood(dof) >= top - HALF_CHI_SQUARED;
    let dof_interval = (edge(dof, LEAST, inside), edge(dof, MOST, inside));
    Ok(TCopula { correlation, dof, dof_interval, count: rows.len() })
}

/// The farthest point from `from` towards `to` that is inside, by bisection to a thousandth.
fn edge(from: f64, to: f64, inside: impl Fn(f64) -> bool) -> f64 {
    if inside(to) {
        return to;
    }
    let (mut good, mut bad) = (from, to);
    while (good - bad).abs() > 1e-3 * from {
        let middle = 0.5 * (good + bad);
        if inside(middle) { good = middle } else { bad = middle }
    }
    good
}

/// Kendall's τ: pairs in the same order less pairs in the opposite one, over all pairs.
pub fn kendall_tau(x: &[f64], y: &[f64]) -> f64 {
    let n = x.len().min(y.len());
    let mut net = 0_i64;
    for i in 0..n {
        for j in 0..i {
            let order = |a: f64, b: f64| i64::from(a > b) - i64::from(a < b);
            net += order(x[i], x[j]) * order(y[i], y[j]);
        }
    }
    let pairs = 0.5 * n as f64 * (n as f64 - 1.0);
    if pairs > 0.0 { net as f64 / pairs } else { 0.0 }
}

/// Ranks from 1; of equal values the first is lower.
fn ranks(column: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..column.len()).collect();
    order.sort_by(|a, b| column[*a].total_cmp(&column[*b]).then(a.cmp(b)));
    let mut ranks = vec![0; column.len()];
    for (rank, place) in order.into_iter().enumerate() {
        ranks[place] = rank + 1;
    }
    ranks
}

/// Log of the copula density `t_R,ν(x)/Π t_ν(x_j)` at `x_j = t_ν⁻¹(u_j)`, summed over rows.
fn log_likelihood(ranks: &[Vec<usize>], factor: &Matrix, dof: f64) -> f64 {
    let (d, n) = (ranks.len() as f64, ranks[0].len());
    let quantiles: Vec<f64> =
        (1..=n).map(|rank| student_t_inv_cdf(rank as f64 / (n as f64 + 1.0), dof)).collect();
    let ln_root_determinant = neumaier(factor.diagonal().into_iter().map(ln));
    let constant = ln_gamma(0.5 * (dof + d)) + (d - 1.0) * ln_gamma(0.5 * dof)
        - d * ln_gamma(0.5 * (dof + 1.0))
        - ln_root_determinant;
    let row = |t: usize| {
        let x: Vec<f64> = ranks.iter().map(|column| quantiles[column[t] - 1]).collect();
        let distance = dot(&x, &cholesky_solve(factor, &x));
        let joint = 0.5 * (dof + d) * ln_1p(distance / dof);
        let single = neumaier(x.iter().map(|x| 0.5 * (dof + 1.0) * ln_1p(x * x / dof)));
        constant - joint + single
    };
    neumaier((0..n).map(row))
}
