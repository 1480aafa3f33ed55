//! VaR and ES estimators against closed forms and independent packages, on the reference data.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use plimsoll_margin::models::var::delta_gamma::{
    QuadraticBook, cornish_fisher, cornish_fisher_is_monotone,
};
use plimsoll_margin::models::var::extreme::{fit_pareto, hill};
use plimsoll_margin::models::var::monte_carlo::{
    Copula, Draws, JointLaw, Marginal, kendall_tau, simulate, tail_dependence,
};
use plimsoll_margin::models::var::parametric::{Law, delta_normal};
use plimsoll_margin::models::var::tail::{TailMeasure, attribute, estimate, measure, worst};
use plimsoll_margin::models::var::weighting::{age_weights, filtered};
use plimsoll_math::linalg::{Matrix, dot};
use plimsoll_math::moments::moments;
use plimsoll_math::normal;
use plimsoll_math::quantile::{Convention, weighted_quantile};
use plimsoll_math::rng::{Stream, reference_panel, reference_returns};

const VAR: TailMeasure = TailMeasure::ValueAtRisk(Convention::InverseEcdf);
const ES: TailMeasure = TailMeasure::ExpectedShortfall;

/// Agreement to the printed digits: half a unit of the last.
#[track_caller]
fn printed(got: f64, want: f64, decimals: i32) {
    let unit = plimsoll_math::float::pow(10.0, -f64::from(decimals));
    assert!((got - want).abs() <= 0.5 * unit * (1.0 + 1e-6), "{got:.15} against {want:.15}");
}

fn losses() -> Vec<f64> {
    reference_returns(500).iter().map(|r| -r).collect()
}

#[test]
fn cornish_fisher_on_the_reference_series() {
    let m = moments(&reference_returns(500));
    let z = normal::inv_cdf(0.01);
    let expanded = cornish_fisher(z, m.skewness, m.excess_kurtosis);
    printed(expanded, -2.943902500776, 11);
    printed(-(m.mean + m.variance.sqrt() * expanded), 0.041457811474, 12);
    printed(-(m.mean + m.variance.sqrt() * z), 0.032767473756, 12);
    assert!(cornish_fisher_is_monotone(m.skewness, m.excess_kurtosis));
    assert!(cornish_fisher_is_monotone(0.0, 0.0) && !cornish_fisher_is_monotone(2.0, 1.0));
    assert!(!cornish_fisher_is_monotone(0.0, 9.0) && !cornish_fisher_is_monotone(0.0, -1.0));
}

fn book() -> QuadraticBook {
    let gamma = Matrix::from_rows(&[[-3000.0, 500.0], [500.0, -8000.0]]).unwrap();
    let covariance = Matrix::from_rows(&[[4e-4, 1e-4], [1e-4, 9e-4]]).unwrap();
    QuadraticBook::new(&[1000.0, -400.0], &gamma, &covariance).unwrap()
}

#[test]
fn delta_gamma_by_moments_and_exactly() {
    let book = book();
    let shape = book.shape();
    printed(shape.mean, -4.15, 10);
    printed(shape.variance, 490.1325, 10);
    printed(shape.skewness, -0.31650556553, 11);
    printed(shape.excess_kurtosis, 0.26394313656, 11);
    let expanded = shape.cornish_fisher_var(0.99).unwrap();
    printed(expanded.var, 61.33677947, 8);
    assert!(expanded.monotone);
    // Two independent methods agree on this to 2e-6.
    let exact = book.exact(0.99).unwrap();
    assert!((exact.var - 61.09011393).abs() < 2e-6, "{exact:?}");
    assert!(exact.probability_error < 1e-12);
}

/// Inversion against simulation, and against closed forms where there are some.
#[test]
fn exact_inversion_is_exact() {
    // No gamma: normal.
    let flat = QuadraticBook::new(&[3.0, 4.0], &Matrix::zeros(2, 2), &Matrix::identity(2));
    let exact = flat.unwrap().exact(0.975).unwrap();
    let normal = Law::Normal.multipliers(0.975).unwrap();
    assert!((exact.var - 5.0 * normal.var).abs() < 1e-10, "{exact:?}");
    assert!((exact.es - 5.0 * normal.es).abs() < 1e-9, "{exact:?}");

    // −½·Σz² over six factors: minus half a chi-squared.
    let six = QuadraticBook::new(
        &[0.0; 6],
        &Matrix::identity(6).map(|_, _, cell| -cell),
        &Matrix::identity(6),
    );
    let exact = six.unwrap().exact(0.99).unwrap();
    let chi = plimsoll_math::special::chi_squared_inv_cdf(0.99, 6.0);
    assert!((exact.var - 0.5 * chi).abs() < 1e-6, "{exact:?} against {}", 0.5 * chi);
    // E[χ²₆ | > q] = 6·P(χ²₈ > q)/0.01.
    let mean = 6.0 * plimsoll_math::special::chi_squared_sf(chi, 8.0) / 0.01;
    assert!((exact.es - 0.5 * mean).abs() < 1e-5, "{exact:?} against {}", 0.5 * mean);

    let book = book();
    let exact = book.exact(0.975).unwrap();
    let mut stream = Stream::new(4, 0);
    let losses: Vec<f64> =
        (0..200_000).map(|_| -book.profit(&[stream.normal(), stream.normal()])).collect();
    let simulated = estimate(&losses, 0.975, Convention::InverseEcdf, 0.999).unwrap();
    assert!(simulated.var_interval.low < exact.var && exact.var < simulated.var_interval.high);
    assert!((simulated.es - exact.es).abs() < 4.0 * simulated.es_error, "{simulated:?} {exact:?}");
    assert!(book.exact(1.0).is_err());
}

#[test]
fn delta_normal_with_its_split() {
    let covariance = Matrix::from_rows(&[
        [4e-4, 1.8e-4, 1e-4],
        [1.8e-4, 9e-4, -1.2e-4],
        [1e-4, -1.2e-4, 2.25e-4],
    ]);
    let covariance = covariance.unwrap();
    let weights = [100.0, -60.0, 40.0];
    let at99 = delta_normal(&weights, &covariance, 0.99, Law::Normal).unwrap();
    printed(at99.sd, 2.610747019533, 12);
    printed(at99.var, 6.073505778549, 12);
    printed(at99.es, 6.958200082185, 12);
    let at975 = delta_normal(&weights, &covariance, 0.975, Law::Normal).unwrap();
    printed(at975.es, 6.103411671996, 12);
    let student = delta_normal(&weights, &covariance, 0.99, Law::Student { dof: 4.0 }).unwrap();
    printed(student.var, 6.917153098927, 12);
    printed(student.es, 9.637599998066, 12);

    for (got, want) in at99.marginal.iter().zip([0.02958339, -0.03635549, 0.02334593]) {
        printed(*got, want, 8);
    }
    for (got, want) in at99.components.iter().zip([2.95833908, 2.18132954, 0.93383716]) {
        printed(*got, want, 8);
    }
    assert!((at99.components.iter().sum::<f64>() - at99.var).abs() < 1e-14);
    for (got, want) in at99.incremental.iter().zip([1.31955257, 0.78905924, 0.83018396]) {
        printed(*got, want, 8);
    }
    printed(at99.best_hedge[1], -14.6666667, 7);
    assert!(delta_normal(&weights[..2], &covariance, 0.99, Law::Normal).is_err());
    assert!(Law::Student { dof: 2.0 }.multipliers(0.99).is_err());
}

/// Positions (1e6, −5e5, 3e5) over the reference panel.
#[test]
fn historical_components_add_up() {
    let panel = reference_panel(250);
    let legs: Vec<Vec<f64>> = [1e6, -5e5, 3e5]
        .into_iter()
        .enumerate()
        .map(|(j, position)| panel.iter().map(|row| -position * row[j]).collect())
        .collect();
    let legs: Vec<&[f64]> = legs.iter().map(Vec::as_slice).collect();
    let es = attribute(&legs, 0.975, ES).unwrap();
    printed(es.value, 17_075.280467069, 9);
    for (got, want) in es.components.iter().zip([25_938.20676827, -14_549.00950962, 5_686.08320842])
    {
        printed(*got, want, 8);
    }
    // m = 6.25: six whole days and a quarter of the seventh.
    assert_eq!(es.scenarios.len(), 7);
    assert!((es.scenarios[6].1 - 0.25 / 6.25).abs() < 1e-15);
    let var = attribute(&legs, 0.99, VAR).unwrap();
    printed(var.value, 15_675.952803565, 9);
    for (got, want) in
        var.components.iter().zip([20_906.87628977, -10_067.02247101, 4_836.09898481])
    {
        printed(*got, want, 8);
    }
    let total: Vec<f64> = (0..250).map(|s| legs.iter().map(|leg| leg[s]).sum()).collect();
    assert_eq!(worst(&total, 3)[..], es.scenarios.iter().map(|s| s.0).collect::<Vec<_>>()[..3]);
    assert!(attribute(&[&[1.0, 2.0], &[1.0]], 0.5, ES).is_err());
}

#[test]
fn age_weights_and_filtering() {
    let losses = losses();
    let weights = age_weights(500, 0.98).unwrap();
    printed(weighted_quantile(&losses, &weights, 0.99).unwrap(), 0.05786057952, 11);
    assert!(age_weights(5, 1.5).is_err());

    // EWMA, λ .94, from the mean of the first 25 squares.
    let returns = reference_returns(500);
    let mut variance = returns[..25].iter().map(|r| r * r).sum::<f64>() / 25.0;
    let mut variances = vec![variance];
    for r in &returns {
        variance = 0.94 * variance + 0.06 * r * r;
        variances.push(variance);
    }
    let rescaled: Vec<f64> = filtered(&returns, &variances).unwrap().iter().map(|r| -r).collect();
    printed(measure(&rescaled, 0.99, VAR).unwrap(), 0.040800241818, 12);
    printed(measure(&rescaled, 0.975, ES).unwrap(), 0.047976598339, 12);
    assert!(filtered(&returns, &variances[1..]).is_err());
    assert!(filtered(&[0.1], &[0.0, 1.0]).is_err());
}

#[test]
fn dependence_of_a_t_copula() {
    printed(tail_dependence(0.7, 4.0), 0.39068401655, 11);
    printed(kendall_tau(0.7), 0.49363337779, 11);
}

/// t₄ marginals and t₄ copula are a multivariate t: the portfolio is a scaled t₄.
#[test]
fn simulation_meets_the_closed_form_and_its_own_error() {
    let marginal = |scale| Marginal { location: 0.0, scale, dof: Some(4.0) };
    let correlation = Matrix::from_rows(&[[1.0, 0.7], [0.7, 1.0]]).unwrap();
    let copula = Copula { correlation, dof: Some(4.0) };
    let law = JointLaw::new(vec![marginal(0.04), marginal(0.05)], &copula).unwrap();
    let loss = |moves: &[f64]| -dot(&[0.6, 0.4], moves);
    let run =
        |level, tail, draws, paths| simulate(&law, loss, level, tail, draws, paths, 1).unwrap();
    for (level, tail, want) in
        [(0.99, VAR, 0.152109450963), (0.99, ES, 0.211932571585), (0.975, ES, 0.162120708730)]
    {
        for draws in [Draws::Independent, Draws::Antithetic, Draws::Sobol] {
            let found = run(level, tail, draws, 200_000);
            assert!(
                (found.value - want).abs() < 4.0 * found.standard_error,
                "{draws:?} {level} {tail:?}: {found:?} against {want}"
            );
        }
    }
    // Sixteen times the paths, a quarter of the error (an error of 16 values is itself ±18 %).
    let few = run(0.975, ES, Draws::Independent, 16_000);
    let many = run(0.975, ES, Draws::Independent, 256_000);
    let ratio = few.standard_error / many.standard_error;
    assert!((2.0..8.0).contains(&ratio), "{ratio}");
    let sobol = run(0.975, ES, Draws::Sobol, 256_000);
    assert!(sobol.standard_error < 0.5 * many.standard_error, "{sobol:?} {many:?}");

    // The same seed gives the same bits; a path does not depend on how many are drawn.
    assert_eq!(law.draw(50, Draws::Independent, 9), law.draw(50, Draws::Independent, 9));
    let (short, long) = (law.draw(8, Draws::Sobol, 9), law.draw(50, Draws::Sobol, 9));
    assert_eq!(short.unwrap()[..], long.unwrap()[..8]);
    let pair = law.draw(2, Draws::Antithetic, 9).unwrap();
    assert!((pair[0][0] + pair[1][0]).abs() < 1e-12);
}

#[test]
fn marginals_keep_their_own_tails_under_any_copula() {
    let marginals = vec![
        Marginal { location: 0.0, scale: 1.0, dof: Some(3.0) },
        Marginal { location: 0.0, scale: 1.0, dof: None },
    ];
    let correlation = Matrix::from_rows(&[[1.0, -0.5], [-0.5, 1.0]]).unwrap();
    let law = JointLaw::new(marginals, &Copula { correlation, dof: Some(6.0) }).unwrap();
    let rows = law.draw(100_000, Draws::Sobol, 2).unwrap();
    let quantile = |j: usize, level| {
        let column: Vec<f64> = rows.iter().map(|row| row[j]).collect();
        measure(&column, level, VAR).unwrap()
    };
    // Within 1 % of the law: 100,000 stratified draws.
    let student = plimsoll_math::special::student_t_inv_cdf(0.99, 3.0);
    assert!((quantile(0, 0.99) / student - 1.0).abs() < 0.01);
    assert!((quantile(1, 0.99) / normal::inv_cdf(0.99) - 1.0).abs() < 0.01);
}

#[test]
fn extreme_value_tail() {
    // Exact Pareto quantiles with tail index 3: ξ = 1/3, and P(L > x) = x⁻³.
    let losses: Vec<f64> = (0..20_000)
        .map(|i| plimsoll_math::float::pow((f64::from(i) + 0.5) / 20_000.0, -1.0 / 3.0))
        .collect();
    let tail = fit_pareto(&losses, 1000).unwrap();
    assert!((tail.shape - 1.0 / 3.0).abs() < tail.shape_error, "{tail:?}");
    assert!((tail.hill - 1.0 / 3.0).abs() < 0.01 && hill(&losses, 1000).unwrap() == tail.hill);
    assert!((tail.var(0.999).unwrap() / 10.0 - 1.0).abs() < 0.01);
    // Mean excess of a Pareto law: ES = VaR·3/2.
    assert!((tail.es(0.999).unwrap() / 15.0 - 1.0).abs() < 0.03);
    assert!(tail.var(0.9).is_err(), "below the threshold");
    assert!(fit_pareto(&losses, 5).is_err() && fit_pareto(&losses[..20], 20).is_err());
    assert!(fit_pareto(&[1.0; 100], 50).is_err());
}

/// Measures of a quadratic book are homogeneous, so gradients times the book give them back; and a
/// gradient is what a small change changes.
#[test]
fn gradients_of_the_quadratic_book_split_it() {
    let (delta, gamma) = ([1000.0, -400.0], [[-3000.0, 500.0], [500.0, -8000.0]]);
    let covariance = Matrix::from_rows(&[[4e-4, 1e-4], [1e-4, 9e-4]]).unwrap();
    let of = |delta: &[f64; 2], gamma: &[[f64; 2]; 2], exact: bool, shortfall: bool| {
        let gamma = Matrix::from_rows(gamma).unwrap();
        let book = QuadraticBook::new(delta, &gamma, &covariance).unwrap();
        if exact { book.exact_split(0.99, shortfall) } else { book.expanded(0.99, shortfall) }
            .unwrap()
    };
    for (exact, shortfall) in [(false, false), (false, true), (true, false), (true, true)] {
        let split = of(&delta, &gamma, exact, shortfall);
        let by_gamma = &split.gradient.gamma;
        let sum: f64 = (0..2)
            .map(|i| {
                let row: f64 = (0..2).map(|j| by_gamma.get(i, j) * gamma[i][j]).sum();
                split.gradient.delta[i] * delta[i] + row
            })
            .sum();
        assert!((sum - split.value).abs() < 1e-9 * split.value, "{sum} against {split:?}");
        // Differences of values with thirteen digits over a step of 1e-4 keep eight.
        let moved = |h: f64| of(&[1000.0 + h, -400.0], &gamma, exact, shortfall).value;
        let slope = (moved(0.1) - moved(-0.1)) / 0.2;
        assert!((slope - split.gradient.delta[0]).abs() < 1e-7, "{slope} against {split:?}");
        let moved = |h: f64| {
            of(&delta, &[[-3000.0, 500.0 + h], [500.0 + h, -8000.0]], exact, shortfall).value
        };
        let slope = (moved(0.5) - moved(-0.5)) / 1.0;
        assert!((slope - 2.0 * by_gamma.get(0, 1)).abs() < 1e-7, "{slope} against {split:?}");
    }
    // The published check values, through this door.
    printed(of(&delta, &gamma, false, false).value, 61.33677947, 8);
    printed(of(&delta, &gamma, true, false).value, 61.09011393, 8);
    // ES by expansion against a fine sum of its own quantiles over the tail.
    let steps = 20_000;
    let book = book();
    let quantile = |i: i32| {
        let level = 0.99 + 0.01 * (f64::from(i) + 0.5) / f64::from(steps);
        book.shape().cornish_fisher_var(level).unwrap().var
    };
    let mean = (0..steps).map(quantile).sum::<f64>() / f64::from(steps);
    // The midpoint rule misses a logarithmic end of the integrand by about 1/steps of its spread.
    assert!((book.expanded(0.99, true).unwrap().value - mean).abs() < 1e-3);
}
