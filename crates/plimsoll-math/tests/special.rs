//! Student's t, chi-squared, incomplete gamma: values by 40-digit arithmetic.

use plimsoll_math::special::{
    binomial_cdf, chi_squared_inv_cdf, chi_squared_sf, gamma_p, gamma_q, student_t_cdf,
    student_t_inv_cdf, student_t_lower_tail_mean,
};

/// Relative agreement. 1e-13 is a few hundred units in the last place: the front factor is the
/// exponential of a difference of logarithms of gamma functions, which cancels two to three digits.
#[track_caller]
fn close(got: f64, want: f64) {
    assert!((got / want - 1.0).abs() < 1e-13, "{got:e} against {want:e}");
}

#[test]
fn incomplete_gamma_in_both_halves() {
    close(gamma_q(0.5, 0.3), 0.43857802608099986352);
    close(gamma_p(0.5, 0.3), 0.56142197391900013648);
    close(gamma_p(2.0, 1e-5), 4.9999666667916671514e-11);
    close(gamma_q(10.0, 30.0), 7.1217508628155770916e-6);
    close(gamma_q(200.0, 250.0), 0.00048221275959343373909);
    assert!(gamma_q(-1.0, 1.0).is_nan() && gamma_q(1.0, -1.0).is_nan());
    assert_eq!(gamma_q(3.0, 0.0), 1.0);
}

#[test]
fn chi_squared_and_its_inverse() {
    close(chi_squared_sf(3.84, 1.0), 0.050043521248705098948);
    close(chi_squared_inv_cdf(0.01, 4.0), 0.29710948050653189862);
    close(chi_squared_inv_cdf(0.5, 4.0), 3.3566939800333213068);
    // 0.999 is not the decimal: its nearest f64 moves the quantile in the 14th digit.
    assert!((chi_squared_inv_cdf(0.999, 3.0) / 16.266236196238129033 - 1.0).abs() < 1e-12);
    close(chi_squared_inv_cdf(1e-8, 1.0), 1.5707963267948967672e-16);
    close(chi_squared_inv_cdf(0.3, 0.7), 0.046948182114086126187);
    assert!(chi_squared_inv_cdf(1.0, 4.0).is_nan());
}

#[test]
fn student_and_its_inverse() {
    close(student_t_cdf(-3.7469473879791968, 4.0), 0.01);
    close(student_t_cdf(-50.0, 3.0), 8.808576020635987078e-6);
    close(student_t_cdf(0.3, 2.5), 0.60632881425240139276);
    close(student_t_cdf(-6.0, 30.0), 6.971384383602371351e-7);
    close(student_t_inv_cdf(0.01, 4.0), -3.7469473879791968126);
    close(student_t_inv_cdf(0.025, 3.0), -3.1824463052837095204);
    close(student_t_inv_cdf(1e-9, 2.5), -3489.583395369981726);
    close(student_t_inv_cdf(0.3, 1.0), -0.72654252800536093919);
    close(student_t_inv_cdf(0.01, 200.0), -2.3451370822594684368);
    assert_eq!(student_t_inv_cdf(0.75, 3.0), -student_t_inv_cdf(0.25, 3.0));
    assert!(student_t_inv_cdf(0.0, 3.0).is_nan() && student_t_inv_cdf(f64::NAN, 3.0).is_nan());
}

#[test]
fn student_inverse_undoes_the_distribution_function_everywhere() {
    for dof in [1.0, 1.5, 2.1, 3.0, 4.0, 7.5, 30.0, 400.0] {
        for p in [1e-12, 1e-6, 1e-3, 0.01, 0.2, 0.4999] {
            let x = student_t_inv_cdf(p, dof);
            assert!((student_t_cdf(x, dof) / p - 1.0).abs() < 1e-12, "dof {dof} p {p}: {x}");
        }
    }
}

#[test]
fn tail_mean_of_student() {
    // t₄ at 1 %: the closed form of the mean below the quantile is −5.2205 with unit scale.
    let mean = student_t_lower_tail_mean(0.01, 4.0);
    // By quadrature of the quantile function over (0, 0.01), midpoints in p = 0.01·u³.
    let cells = 20_000;
    let by_quadrature: f64 = (0..cells)
        .map(|i| {
            let u = (f64::from(i) + 0.5) / f64::from(cells);
            3.0 * u * u * student_t_inv_cdf(0.01 * u * u * u, 4.0) / f64::from(cells)
        })
        .sum();
    // The midpoint rule with 20,000 cells is good to about 1e-8 here.
    assert!((mean / by_quadrature - 1.0).abs() < 1e-7, "{mean} against {by_quadrature}");
}

#[test]
fn binomial_tail_of_the_traffic_light() {
    close(binomial_cdf(4, 250, 0.01), 0.8921876269036251);
    assert_eq!(binomial_cdf(250, 250, 0.01), 1.0);
}
