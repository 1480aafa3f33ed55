//! Reference data sets, order-statistic conventions, seeded streams and Sobol points.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use plimsoll_math::moments::{moments, sample_variance};
use plimsoll_math::quantile::{
    Convention, QuantileError, quantile, tail_mean, tail_size, tail_weights, weighted_quantile,
    weighted_tail_mean,
};
use plimsoll_math::rng::{ParkMiller, Stream, reference_panel, reference_returns};
use plimsoll_math::sobol::Sobol;
use plimsoll_math::sum::neumaier;

fn losses() -> Vec<f64> {
    reference_returns(500).iter().map(|r| -r).collect()
}

/// Agreement to the printed digits: half a unit of the last.
#[track_caller]
fn printed(got: f64, want: f64, decimals: i32) {
    let unit = plimsoll_math::float::pow(10.0, -f64::from(decimals));
    assert!((got - want).abs() <= 0.5 * unit * (1.0 + 1e-9), "{got:.15} against {want:.15}");
}

#[test]
fn reference_data_are_the_published_ones() {
    let r1 = reference_returns(500);
    assert_eq!(r1[..3], [0.0091791384247855573, -0.013817663593944745, -0.0046912930631006766]);
    // The sum depends on the order of summation in its last digits.
    assert!((r1.iter().sum::<f64>() + 0.015347913570669579).abs() < 1e-15);
    assert_eq!(r1.iter().copied().fold(f64::INFINITY, f64::min), -0.05786057952145562);
    assert_eq!(r1.iter().copied().fold(f64::NEG_INFINITY, f64::max), 0.05678215572561292);
    assert!((sample_variance(&r1).sqrt() - 0.014086269839491024).abs() < 1e-17);

    let r3 = reference_panel(250);
    for (got, want) in r3[0].iter().zip([-0.03726151, -0.03894429, -0.02054959]) {
        printed(*got, want, 8);
    }
    for (column, want) in [0.69200574, 0.73195362, 0.39673085].into_iter().enumerate() {
        printed(r3.iter().map(|row| row[column]).sum(), want, 8);
    }
}

#[test]
fn moments_of_the_reference_series() {
    let m = moments(&reference_returns(500));
    printed(m.mean, -3.06958271e-5, 13);
    printed(m.variance.sqrt(), 0.014072176519, 12);
    printed(m.skewness, -0.095547602369, 12);
    // By 30-digit arithmetic.
    printed(m.excess_kurtosis, 2.355695448667689, 12);
    let constant = moments(&[2.0; 9]);
    assert_eq!((constant.variance, constant.skewness, constant.excess_kurtosis), (0.0, 0.0, 0.0));
}

/// The three conventions and the coherent tail mean, against skfolio, NumPy and Riskfolio.
#[test]
fn conventions_on_the_reference_series() {
    let losses = losses();
    let table = [
        (0.95, 0.021889761615, 0.021900405941, 0.022102648137, 0.031905331390),
        (0.975, 0.026294377068, 0.026095025638, 0.026294377068, 0.039758860678),
        (0.99, 0.038833889909, 0.038854496070, 0.040894506069, 0.052029492666),
    ];
    for (level, inverse, linear, upper, mean) in table {
        printed(quantile(&losses, level, Convention::InverseEcdf).unwrap(), inverse, 12);
        printed(quantile(&losses, level, Convention::Linear).unwrap(), linear, 12);
        printed(quantile(&losses, level, Convention::UpperOrderStatistic).unwrap(), upper, 12);
        printed(tail_mean(&losses, level).unwrap(), mean, 12);
        let by_weights: f64 =
            tail_weights(&losses, level).unwrap().iter().map(|(i, w)| w * losses[*i]).sum();
        printed(by_weights, mean, 12);
        let ones = vec![1.0; losses.len()];
        printed(weighted_quantile(&losses, &ones, level).unwrap(), inverse, 12);
        printed(weighted_tail_mean(&losses, &ones, level).unwrap(), mean, 12);
    }
}

/// Boudoukh, Richardson and Whitelaw: weights λ^age, newest last.
#[test]
fn age_weighted_quantile() {
    let losses = losses();
    let mut weights = vec![1.0; losses.len()];
    for i in (0..losses.len() - 1).rev() {
        weights[i] = 0.98 * weights[i + 1];
    }
    printed(weighted_quantile(&losses, &weights, 0.99).unwrap(), 0.05786057952, 11);
}

/// Two independent bonds that default with 4 %, loss 100: VaR is not sub-additive, ES is.
#[test]
fn two_bonds_show_why_the_tail_mean_is_the_coherent_one() {
    // 25 × 25 equally likely states: one in 25 defaults.
    let state = |i: usize| if i == 0 { 100.0 } else { 0.0 };
    let one: Vec<f64> = (0..25).map(state).collect();
    let both: Vec<f64> = (0..625).map(|i| state(i / 25) + state(i % 25)).collect();
    let var = |losses: &[f64]| quantile(losses, 0.95, Convention::InverseEcdf).unwrap();
    assert_eq!((var(&one), var(&both)), (0.0, 100.0));
    assert!((tail_mean(&one, 0.95).unwrap() - 80.0).abs() < 1e-12);
    assert!((tail_mean(&both, 0.95).unwrap() - 103.2).abs() < 1e-12);
}

#[test]
fn order_does_not_matter_and_bad_samples_are_refused() {
    let mut losses = losses();
    let before = (tail_mean(&losses, 0.975), quantile(&losses, 0.99, Convention::Linear));
    losses.reverse();
    losses.rotate_left(123);
    assert_eq!(before, (tail_mean(&losses, 0.975), quantile(&losses, 0.99, Convention::Linear)));

    let inverse = |sample: &[f64], level| quantile(sample, level, Convention::InverseEcdf);
    assert_eq!(inverse(&[], 0.9), Err(QuantileError::Empty));
    assert_eq!(inverse(&[1.0], 1.0), Err(QuantileError::BadLevel { level: 1.0 }));
    assert!(matches!(
        inverse(&[1.0, f64::NAN], 0.9),
        Err(QuantileError::NotFinite { index: 1, .. })
    ));
    assert_eq!(weighted_quantile(&[1.0, 2.0], &[1.0], 0.9), Err(QuantileError::BadWeights));
    // A tail of less than one observation is the largest one.
    assert_eq!(tail_mean(&[3.0, 1.0, 2.0], 0.99), Ok(3.0));
    assert_eq!(inverse(&[3.0, 1.0, 2.0], 0.99), Ok(3.0));
}

#[test]
fn streams_depend_on_their_name_alone() {
    let draw = |seed, number| {
        let mut stream = Stream::new(seed, number);
        [stream.bits(), stream.bits()]
    };
    assert_eq!(draw(1, 2), draw(1, 2));
    assert_ne!(draw(1, 2), draw(1, 3));
    assert_ne!(draw(1, 2), draw(2, 2));
    let mut stream = Stream::new(7, 0);
    let sample: Vec<f64> = (0..40_000).map(|_| stream.normal()).collect();
    let m = moments(&sample);
    // Four standard errors: 1/√n of the mean, √(2/n) of the variance, √(24/n) of the kurtosis.
    assert!(m.mean.abs() < 4.0 / 200.0 && (m.variance - 1.0).abs() < 4.0 * 0.00708);
    assert!(m.excess_kurtosis.abs() < 4.0 * 0.0245);
}

/// Against scipy 1.17.1, `qmc.Sobol(scramble=False)`.
#[test]
fn sobol_points_are_the_published_ones() {
    let sobol = Sobol::unshifted(256).unwrap();
    let mut point = [0.0; 256];
    let half_cell = 0.5 / (1_u64 << 53) as f64;
    let first = [
        [0.0, 0.0, 0.0, 0.0, 0.0],
        [0.5, 0.5, 0.5, 0.5, 0.5],
        [0.75, 0.25, 0.25, 0.25, 0.75],
        [0.25, 0.75, 0.75, 0.75, 0.25],
        [0.375, 0.375, 0.625, 0.875, 0.375],
        [0.875, 0.875, 0.125, 0.375, 0.875],
    ];
    for (index, want) in first.into_iter().enumerate() {
        sobol.point(index as u32, &mut point);
        assert_eq!(point[..5], want.map(|x| x + half_cell), "point {index}");
    }
    sobol.point(1000, &mut point);
    assert_eq!(
        [5, 50, 200, 255].map(|d| point[d]),
        [0.90722656, 0.35253906, 0.75292969, 0.24902344]
            .map(|x: f64| (x * 1024.0).round() / 1024.0 + half_cell),
    );
    assert!(Sobol::new(257, 1).is_none());
}

/// 2ᵏ shifted points put exactly one in each of 2ᵏ equal slices of every axis.
#[test]
fn a_shift_keeps_the_stratification() {
    let sobol = Sobol::new(20, 99).unwrap();
    let mut counts = vec![[0; 256]; 20];
    let mut point = [0.0; 20];
    for index in 0..256 {
        sobol.point(index, &mut point);
        for (axis, x) in point.iter().enumerate() {
            counts[axis][(x * 256.0) as usize] += 1;
        }
    }
    assert!(counts.iter().flatten().all(|count| *count == 1));
}

/// Selecting by a probe of every sixteenth number gives what sorting gives, bit for bit, also where the
/// probe sees only the largest numbers, only the smallest, or ties.
#[test]
fn tails_by_selection_are_tails_by_sorting() {
    let mut generator = ParkMiller::new(20_261_122);
    let random: Vec<f64> = (0..5000).map(|_| generator.uniform()).collect();
    let mut samples = vec![random.clone(), random[..40].to_vec(), vec![1.0; 3000]];
    for probed in [2.0, -2.0] {
        let misled = random.iter().enumerate();
        samples.push(misled.map(|(i, x)| if i % 16 == 0 { x + probed } else { *x }).collect());
    }
    let mut sorted = random.clone();
    sorted.sort_by(f64::total_cmp);
    samples.push(sorted.clone());
    samples.push(sorted.into_iter().rev().collect());
    samples.push(random.iter().map(|x| (8.0 * x).floor()).collect());
    for sample in samples {
        let mut sorted = sample.clone();
        sorted.sort_by(|a, b| b.total_cmp(a));
        for level in [0.5, 0.9, 0.975, 0.9973, 0.9999] {
            let size = tail_size(sample.len(), level);
            let whole = size.floor() as usize;
            let ascending = sorted[..whole].iter().rev().copied();
            let part =
                if whole as f64 == size { 0.0 } else { (size - whole as f64) * sorted[whole] };
            let want = (neumaier(ascending) + part) / size;
            assert_eq!(tail_mean(&sample, level).unwrap(), want, "{} at {level}", sample.len());
        }
    }
}
