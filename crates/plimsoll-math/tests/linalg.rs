//! Decompositions, the nearest correlation matrix, and minimisation.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use plimsoll_math::linalg::{
    LinalgError, Matrix, cholesky, cholesky_solve, dot, nearest_correlation, symmetric_eigen,
};
use plimsoll_math::optimise::nelder_mead;
use plimsoll_math::rng::Stream;

fn random_covariance(size: usize, seed: u64) -> Matrix {
    let mut stream = Stream::new(seed, 0);
    let factor = Matrix::from_fn(size, size + 2, |_, _| stream.normal());
    Matrix::from_fn(size, size, |i, j| dot(factor.row(i), factor.row(j)))
}

fn distance(a: &Matrix, b: &Matrix) -> f64 {
    a.map(|i, j, cell| cell - b.get(i, j)).frobenius()
}

#[test]
fn factors_multiply_back() {
    for size in [1, 2, 5, 17] {
        let a = random_covariance(size, size as u64);
        let l = cholesky(&a).unwrap();
        // A few units in the last place of the norm, for sums of up to 17 terms.
        assert!(distance(&l.times(&l.transposed()).unwrap(), &a) < 1e-14 * a.frobenius());
        let x = cholesky_solve(&l, &a.times_vector(&vec![1.0; size]));
        assert!(x.iter().all(|x| (x - 1.0).abs() < 1e-8), "{x:?}");
        let eigen = symmetric_eigen(&a).unwrap();
        assert!(distance(&eigen.rebuild(|value| value), &a) < 1e-13 * a.frobenius());
        assert!(eigen.values.is_sorted() && eigen.values[0] > 0.0);
        assert!((eigen.values.iter().sum::<f64>() / a.trace() - 1.0).abs() < 1e-13);
    }
}

#[test]
fn bad_matrices_are_named() {
    let indefinite = Matrix::from_rows(&[[1.0, 2.0], [2.0, 1.0]]).unwrap();
    // The second pivot is 1 − 2² = −3.
    let refused = LinalgError::NotPositiveDefinite { index: 1, pivot: -3.0 };
    assert_eq!(cholesky(&indefinite), Err(refused));
    assert!(matches!(cholesky(&Matrix::zeros(2, 3)), Err(LinalgError::Shape { .. })));
    let holed = Matrix::from_rows(&[[1.0, f64::NAN], [0.0, 1.0]]).unwrap();
    assert!(matches!(symmetric_eigen(&holed), Err(LinalgError::NotFinite { column: 1, .. })));
    assert!(Matrix::from_rows(&[vec![1.0], vec![1.0, 2.0]]).is_err());
}

/// Higham's projection of [1 .9 −.9; .9 1 .9; −.9 .9 1] (eigenvalues −.8, 1.9, 1.9) is ±½.
#[test]
fn nearest_correlation_of_a_broken_triangle() {
    let broken = Matrix::from_rows(&[[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]]).unwrap();
    let eigen = symmetric_eigen(&broken).unwrap();
    for (got, want) in eigen.values.iter().zip([-0.8, 1.9, 1.9]) {
        assert!((got - want).abs() < 1e-14);
    }
    let near = nearest_correlation(&broken, 0.0).unwrap();
    let want = Matrix::from_rows(&[[1.0, 0.5, -0.5], [0.5, 1.0, 0.5], [-0.5, 0.5, 1.0]]).unwrap();
    // The projections converge linearly; the stop is at a step of 1e-13.
    assert!(distance(&near, &want) < 1e-11, "{near:?}");
    let already = Matrix::from_rows(&[[1.0, 0.3], [0.3, 1.0]]).unwrap();
    assert!(distance(&nearest_correlation(&already, 0.0).unwrap(), &already) < 1e-15);
}

#[test]
fn simplex_finds_rosenbrocks_valley_and_respects_infinities() {
    let rosenbrock = |p: &[f64]| {
        let (x, y) = (p[0], p[1]);
        (1.0 - x) * (1.0 - x) + 100.0 * (y - x * x) * (y - x * x)
    };
    let found = nelder_mead(rosenbrock, &[-1.2, 1.0], &[0.5, 0.5], 1e-14);
    assert!(found.converged && found.point.iter().all(|x| (x - 1.0).abs() < 1e-6), "{found:?}");
    // Constrained to x ≥ 2 by an infinite wall.
    let walled = |p: &[f64]| if p[0] < 2.0 { f64::INFINITY } else { p[0] * p[0] };
    let found = nelder_mead(walled, &[5.0], &[1.0], 1e-12);
    assert!((found.point[0] - 2.0).abs() < 1e-5, "{found:?}");
}
