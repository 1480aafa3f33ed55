//! Small dense matrices: the dozens of assets of a covariance, not the millions of a simulation.
//!
//! Written out rather than taken from a library because the fast ones choose their kernels by
//! processor, and then the last bits of a margin depend on where it was computed.

use thiserror::Error;

/// A dense matrix, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    rows: usize,
    columns: usize,
    cells: Vec<f64>,
}

/// Why a decomposition does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum LinalgError {
    /// Not square, or two shapes do not fit.
    #[error("the shape {rows}×{columns} does not fit")]
    Shape {
        /// rows
        rows: usize,
        /// columns
        columns: usize,
    },
    /// A cell is NaN or infinite.
    #[error("cell ({row}, {column}) is {value}")]
    NotFinite {
        /// row
        row: usize,
        /// column
        column: usize,
        /// the cell
        value: f64,
    },
    /// Cholesky met a pivot that is not positive.
    #[error("not positive definite: pivot {index} is {pivot}")]
    NotPositiveDefinite {
        /// which pivot
        index: usize,
        /// its value
        pivot: f64,
    },
    /// The iteration did not settle.
    #[error("no convergence after {steps} steps")]
    NoConvergence {
        /// steps taken
        steps: u32,
    },
}

impl Matrix {
    /// All zero.
    #[must_use]
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self { rows, columns, cells: vec![0.0; rows * columns] }
    }

    /// Cell by cell.
    #[must_use]
    pub fn from_fn(rows: usize, columns: usize, mut f: impl FnMut(usize, usize) -> f64) -> Self {
        let cells = (0..rows * columns).map(|place| f(place / columns, place % columns)).collect();
        Self { rows, columns, cells }
    }

    /// From rows of equal length.
    ///
    /// # Errors
    /// [`LinalgError::Shape`] for rows of different lengths.
    pub fn from_rows<R: AsRef<[f64]>>(rows: &[R]) -> Result<Self, LinalgError> {
        let columns = rows.first().map_or(0, |row| row.as_ref().len());
        let mut cells = Vec::with_capacity(rows.len() * columns);
        for row in rows {
            if row.as_ref().len() != columns {
                return Err(LinalgError::Shape { rows: rows.len(), columns: row.as_ref().len() });
            }
            cells.extend_from_slice(row.as_ref());
        }
        Ok(Self { rows: rows.len(), columns, cells })
    }

    /// Ones on the diagonal.
    #[must_use]
    pub fn identity(size: usize) -> Self {
        Self::from_fn(size, size, |i, j| if i == j { 1.0 } else { 0.0 })
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// One cell. Panics outside the matrix, as an index would.
    #[must_use]
    pub fn get(&self, row: usize, column: usize) -> f64 {
        self.cells[row * self.columns + column]
    }

    /// Sets one cell. Panics outside the matrix.
    pub fn set(&mut self, row: usize, column: usize, value: f64) {
        self.cells[row * self.columns + column] = value;
    }

    /// One row.
    #[must_use]
    pub fn row(&self, row: usize) -> &[f64] {
        &self.cells[row * self.columns..(row + 1) * self.columns]
    }

    /// The diagonal.
    #[must_use]
    pub fn diagonal(&self) -> Vec<f64> {
        (0..self.rows.min(self.columns)).map(|i| self.get(i, i)).collect()
    }

    /// Cell by cell the image under `f(row, column, cell)`.
    #[must_use]
    pub fn map(&self, f: impl Fn(usize, usize, f64) -> f64) -> Self {
        Self::from_fn(self.rows, self.columns, |i, j| f(i, j, self.get(i, j)))
    }

    /// Rows become columns.
    #[must_use]
    pub fn transposed(&self) -> Self {
        Self::from_fn(self.columns, self.rows, |i, j| self.get(j, i))
    }

    /// `A·x`; NaN-free for finite input. Extra entries of `x` are ignored, missing ones count as zero.
    #[must_use]
    pub fn times_vector(&self, x: &[f64]) -> Vec<f64> {
        (0..self.rows).map(|i| dot(self.row(i), x)).collect()
    }

    /// `A·B`.
    ///
    /// # Errors
    /// [`LinalgError::Shape`] if the inner sizes differ.
    pub fn times(&self, other: &Self) -> Result<Self, LinalgError> {
        if self.columns != other.rows {
            return Err(LinalgError::Shape { rows: other.rows, columns: other.columns });
        }
        let columns = other.transposed();
        Ok(Self::from_fn(self.rows, other.columns, |i, j| dot(self.row(i), columns.row(j))))
    }

    /// Sum of the diagonal.
    #[must_use]
    pub fn trace(&self) -> f64 {
        self.diagonal().iter().sum()
    }

    /// `√Σ a_ij²`.
    #[must_use]
    pub fn frobenius(&self) -> f64 {
        self.cells.iter().map(|cell| cell * cell).sum::<f64>().sqrt()
    }

    fn check_square(&self) -> Result<(), LinalgError> {
        if self.rows != self.columns {
            return Err(LinalgError::Shape { rows: self.rows, columns: self.columns });
        }
        match self.cells.iter().position(|cell| !cell.is_finite()) {
            Some(place) => Err(LinalgError::NotFinite {
                row: place / self.columns,
                column: place % self.columns,
                value: self.cells[place],
            }),
            None => Ok(()),
        }
    }
}

/// `Σ aᵢ·bᵢ` over the shorter length.
#[must_use]
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Lower triangular `L` with `L·Lᵀ = A`, from the lower triangle of `A`.
///
/// # Errors
/// [`LinalgError`] if `A` is not square, finite and positive definite.
pub fn cholesky(a: &Matrix) -> Result<Matrix, LinalgError> {
    a.check_square()?;
    let n = a.rows;
    let mut l = Matrix::zeros(n, n);
    for j in 0..n {
        let pivot = a.get(j, j) - dot(&l.row(j)[..j], &l.row(j)[..j]);
        if pivot.is_nan() || pivot <= 0.0 {
            return Err(LinalgError::NotPositiveDefinite { index: j, pivot });
        }
        let root = pivot.sqrt();
        l.set(j, j, root);
        for i in j + 1..n {
            let value = (a.get(i, j) - dot(&l.row(i)[..j], &l.row(j)[..j])) / root;
            l.set(i, j, value);
        }
    }
    Ok(l)
}

/// `x` with `L·Lᵀ·x = b`, from the factor that [`cholesky`] gives.
#[must_use]
pub fn cholesky_solve(l: &Matrix, b: &[f64]) -> Vec<f64> {
    let n = l.rows;
    let mut x = b.to_vec();
    for i in 0..n {
        x[i] = (x[i] - dot(&l.row(i)[..i], &x[..i])) / l.get(i, i);
    }
    for i in (0..n).rev() {
        let above: f64 = (i + 1..n).map(|k| l.get(k, i) * x[k]).sum();
        x[i] = (x[i] - above) / l.get(i, i);
    }
    x
}

/// Eigenvalues, ascending, with their vectors.
#[derive(Clone, Debug, PartialEq)]
pub struct Eigen {
    /// Ascending.
    pub values: Vec<f64>,
    /// Unit vectors in the columns, in the order of the values.
    pub vectors: Matrix,
}

/// Sweeps of [`symmetric_eigen`] at most; quadratic convergence needs about ten.
const MAX_SWEEPS: u32 = 60;

/// Eigenvalues and vectors of a symmetric matrix by cyclic Jacobi rotations, to about
/// `1e-15·‖A‖` absolute.
///
/// # Errors
/// [`LinalgError`] if `A` is not square and finite.
pub fn symmetric_eigen(a: &Matrix) -> Result<Eigen, LinalgError> {
    a.check_square()?;
    let n = a.rows;
    let mut a = a.map(|i, j, cell| 0.5 * (cell + a.get(j, i)));
    let mut v = Matrix::identity(n);
    let target = a.frobenius() * 1e-17;
    for _ in 0..MAX_SWEEPS {
        let off: f64 =
            (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a.get(i, j).abs()).sum();
        if off <= target {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, &mut v, p, q);
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|i, j| a.get(*i, *i).total_cmp(&a.get(*j, *j)));
    let values = order.iter().map(|i| a.get(*i, *i)).collect();
    Ok(Eigen { values, vectors: Matrix::from_fn(n, n, |i, j| v.get(i, order[j])) })
}

/// Makes `a[p][q]` zero by a rotation in the plane of `p` and `q`.
fn rotate(a: &mut Matrix, v: &mut Matrix, p: usize, q: usize) {
    let apq = a.get(p, q);
    if apq == 0.0 {
        return;
    }
    let theta = (a.get(q, q) - a.get(p, p)) / (2.0 * apq);
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let c = 1.0 / (t * t + 1.0).sqrt();
    let s = t * c;
    for k in 0..a.rows {
        let (kp, kq) = (a.get(k, p), a.get(k, q));
        a.set(k, p, c * kp - s * kq);
        a.set(k, q, s * kp + c * kq);
    }
    for k in 0..a.rows {
        let (pk, qk) = (a.get(p, k), a.get(q, k));
        a.set(p, k, c * pk - s * qk);
        a.set(q, k, s * pk + c * qk);
        let (kp, kq) = (v.get(k, p), v.get(k, q));
        v.set(k, p, c * kp - s * kq);
        v.set(k, q, s * kp + c * kq);
    }
    a.set(p, q, 0.0);
    a.set(q, p, 0.0);
}

impl Eigen {
    /// `V·diag(f(λ))·Vᵀ`.
    #[must_use]
    pub fn rebuild(&self, f: impl Fn(f64) -> f64) -> Matrix {
        let n = self.values.len();
        let images: Vec<f64> = self.values.iter().map(|value| f(*value)).collect();
        let mut product = Matrix::zeros(n, n);
        for i in 0..n {
            for j in i..n {
                let (row_i, row_j) = (self.vectors.row(i), self.vectors.row(j));
                let cell = (0..n).map(|k| row_i[k] * images[k] * row_j[k]).sum();
                product.set(i, j, cell);
                product.set(j, i, cell);
            }
        }
        product
    }
}

/// Iterations of [`nearest_correlation`] at most.
const MAX_PROJECTIONS: u32 = 10_000;

/// The correlation matrix nearest to a symmetric matrix in the Frobenius norm, whose eigenvalues are
/// at least `least_eigenvalue` before the diagonal is put back to one.
///
/// Alternating projections with Dykstra's correction (N. J. Higham, *Computing the nearest
/// correlation matrix*, IMA J. Numer. Anal. 22, 2002); stops when a step changes less than 1e-13.
///
/// # Errors
/// [`LinalgError`] if the matrix is not square and finite or the iteration does not settle.
pub fn nearest_correlation(a: &Matrix, least_eigenvalue: f64) -> Result<Matrix, LinalgError> {
    a.check_square()?;
    let n = a.rows;
    let mut y = a.map(|i, j, cell| if i == j { 1.0 } else { 0.5 * (cell + a.get(j, i)) });
    let mut correction = Matrix::zeros(n, n);
    for _ in 0..MAX_PROJECTIONS {
        let r = y.map(|i, j, cell| cell - correction.get(i, j));
        let x = symmetric_eigen(&r)?.rebuild(|value| value.max(least_eigenvalue));
        correction = x.map(|i, j, cell| cell - r.get(i, j));
        let next = x.map(|i, j, cell| if i == j { 1.0 } else { cell });
        let change = next.map(|i, j, cell| cell - y.get(i, j)).frobenius();
        y = next;
        if change <= 1e-13 * n as f64 {
            return Ok(y);
        }
    }
    Err(LinalgError::NoConvergence { steps: MAX_PROJECTIONS })
}
