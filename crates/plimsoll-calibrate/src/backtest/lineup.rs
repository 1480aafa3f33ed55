//! The methods that every back-test runs side by side.

use super::law::{Charge, Measure, StressFloor};
use super::verdict::Levels;
use crate::scenarios::Method;

/// One method and the margins that are read off its laws.
#[derive(Clone, Debug, PartialEq)]
pub struct MethodRun {
    /// How scenarios are made.
    pub method: Method,
    /// Name and charge of every margin.
    pub charges: Vec<(&'static str, Charge)>,
}

/// Windows of the floor: a year of days, every 25 of them.
const FLOOR: StressFloor = StressFloor { window: 250, stride: 25, share: 1.0 };

/// The standard methods over `window` periods: VaR at the margin level; for the filtered and the
/// drawn ones also ES at the shortfall level, and both measures with a floor from the worst year.
pub fn standard(window: usize, levels: Levels) -> Vec<MethodRun> {
    let var = Charge { measure: Measure::Var(levels.margin), floor: None };
    let es = Charge { measure: Measure::Es(levels.shortfall), floor: None };
    let [floored_var, floored] = [var, es].map(|charge| Charge { floor: Some(FLOOR), ..charge });
    let lambda = 0.94;
    let (paths, seed) = (1024, 1);
    let run = |method, charges: &[(&'static str, Charge)]| MethodRun {
        method,
        charges: charges.to_vec(),
    };
    vec![
        run(
            Method::Historical { window },
            &[("hs VaR", var), ("hs ES", es), ("hs VaR+floor", floored_var)],
        ),
        run(Method::AgeWeighted { window, lambda: 0.98 }, &[("age-weighted .98 VaR", var)]),
        run(
            Method::FilteredEwma { window, lambda },
            &[
                ("fhs-ewma .94 VaR", var),
                ("fhs-ewma .94 ES", es),
                ("fhs-ewma .94 ES+floor", floored),
            ],
        ),
        run(
            Method::FilteredEwma { window, lambda: 0.97 },
            &[
                ("fhs-ewma .97 VaR", var),
                ("fhs-ewma .97 ES", es),
                ("fhs-ewma .97 ES+floor", floored),
            ],
        ),
        run(
            Method::FilteredGarch { window, refit: 50 },
            &[("fhs-garch VaR", var), ("fhs-garch ES", es), ("fhs-garch ES+floor", floored)],
        ),
        run(Method::Normal { window, lambda, paths, seed }, &[("normal ewma .94 VaR", var)]),
        run(
            Method::StudentCopula { window, lambda, paths, seed },
            &[("t-copula .94 VaR", var), ("t-copula .94 ES", es)],
        ),
    ]
}
