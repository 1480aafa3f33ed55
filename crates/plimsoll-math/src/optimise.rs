//! Minimisation of smooth functions of a few variables without derivatives.

/// Where a search ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Minimum {
    /// The point.
    pub point: Vec<f64>,
    /// The value there.
    pub value: f64,
    /// Evaluations of the function.
    pub evaluations: u32,
    /// Whether the last simplex was within tolerance.
    pub converged: bool,
}

/// Restarts of [`nelder_mead`] at most: the simplex may collapse away from a minimum, and a new one
/// around its best point goes on.
const MAX_RESTARTS: u32 = 20;

/// Steps of one simplex, times the number of variables.
const STEPS_PER_VARIABLE: usize = 400;

/// A local minimum of `f` from `start` by the Nelder–Mead simplex, restarted until a restart gains
/// less than `tolerance` relative to the value (plus one). `steps` are the sides of the first simplex.
/// Points where `f` is NaN or infinite are never kept: a constraint may answer infinity.
pub fn nelder_mead(
    mut f: impl FnMut(&[f64]) -> f64,
    start: &[f64],
    steps: &[f64],
    tolerance: f64,
) -> Minimum {
    let mut evaluations = 0;
    let mut evaluate = |point: &[f64]| {
        evaluations += 1;
        let value = f(point);
        if value.is_nan() { f64::INFINITY } else { value }
    };
    let mut best = (start.to_vec(), evaluate(start));
    let mut converged = false;
    let mut scale = 1.0;
    for _ in 0..MAX_RESTARTS {
        let sides: Vec<f64> = steps.iter().map(|step| step * scale).collect();
        let found = descend(&mut evaluate, &best, &sides, tolerance);
        let gain = best.1 - found.1;
        best = found;
        converged = gain.abs() <= tolerance * (best.1.abs() + 1.0);
        if converged {
            break;
        }
        scale = f64::max(0.25 * scale, 1e-3);
    }
    Minimum { point: best.0, value: best.1, evaluations, converged }
}

type Vertex = (Vec<f64>, f64);

fn descend(
    f: &mut impl FnMut(&[f64]) -> f64,
    from: &Vertex,
    sides: &[f64],
    tolerance: f64,
) -> Vertex {
    let n = from.0.len();
    let mut simplex: Vec<Vertex> = vec![from.clone()];
    for (axis, side) in sides.iter().enumerate().take(n) {
        let mut point = from.0.clone();
        point[axis] += side;
        let value = f(&point);
        simplex.push((point, value));
    }
    for _ in 0..STEPS_PER_VARIABLE * n.max(1) {
        simplex.sort_by(|a, b| a.1.total_cmp(&b.1));
        let (low, high) = (simplex[0].1, simplex[n].1);
        if high - low <= 1e-3 * tolerance * (low.abs() + 1.0) {
            break;
        }
        let centre: Vec<f64> =
            (0..n).map(|i| simplex[..n].iter().map(|v| v.0[i]).sum::<f64>() / n as f64).collect();
        let along = |t: f64, worst: &[f64]| -> Vec<f64> {
            centre.iter().zip(worst).map(|(c, w)| c + t * (w - c)).collect()
        };
        let worst = simplex[n].0.clone();
        let reflected = along(-1.0, &worst);
        let at_reflected = f(&reflected);
        let kept = if at_reflected < low {
            let expanded = along(-2.0, &worst);
            let at_expanded = f(&expanded);
            if at_expanded < at_reflected {
                (expanded, at_expanded)
            } else {
                (reflected, at_reflected)
            }
        } else if at_reflected < simplex[n - 1].1 {
            (reflected, at_reflected)
        } else {
            let t = if at_reflected < high { -0.5 } else { 0.5 };
            let contracted = along(t, &worst);
            let at_contracted = f(&contracted);
            if at_contracted < high.min(at_reflected) {
                (contracted, at_contracted)
            } else {
                shrink(f, &mut simplex);
                continue;
            }
        };
        simplex[n] = kept;
    }
    simplex.sort_by(|a, b| a.1.total_cmp(&b.1));
    simplex.swap_remove(0)
}

fn shrink(f: &mut impl FnMut(&[f64]) -> f64, simplex: &mut [Vertex]) {
    let best = simplex[0].0.clone();
    for (point, value) in &mut simplex[1..] {
        for (x, b) in point.iter_mut().zip(&best) {
            *x = b + 0.5 * (*x - b);
        }
        *value = f(point);
    }
}
