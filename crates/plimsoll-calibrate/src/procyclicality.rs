//! Margins that do not jump when everyone is short of cash, and measures of how much they do.
//!
//! The first three tools are the choices of article 28(1) of the delegated regulation (EU) 153/2013.

use plimsoll_model::error::InputError;
use plimsoll_model::params::check_bounds;
use serde::{Deserialize, Serialize};

/// A way to damp a path of raw margins.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Damping {
    /// A buffer that may be used up when margins rise: `max(raw, min((1 + share)·raw, (1 + share)·base))`
    /// with `base` the raw margin at the start of the path.
    Buffer {
        /// Size of the buffer; the regulation asks for at least 0.25.
        share: f64,
    },
    /// A standing weight on a stressed margin: `(1 − weight)·raw + weight·stressed`.
    StressedWeight {
        /// Weight; at least 0.25.
        weight: f64,
        /// The margin over stressed observations.
        stressed: f64,
    },
    /// Never below the margin of a long look-back: `max(raw, floor)`.
    Floor {
        /// The margin of a ten-year history.
        floor: f64,
    },
    /// No larger step than a share of yesterday's charge, either way; the shortfall is caught up on
    /// later days.
    StepLimit {
        /// Largest relative step, as a fraction.
        share: f64,
    },
}

/// The charged margins of a path of raw ones.
///
/// # Errors
/// A parameter or a margin outside its bounds.
pub fn damped(raw: &[f64], damping: Damping) -> Result<Vec<f64>, InputError> {
    for margin in raw {
        check_bounds("raw margin", *margin, 0.0, 1e18)?;
    }
    Ok(match damping {
        Damping::Buffer { share } => {
            check_bounds("buffer share", share, 0.0, 10.0)?;
            let full = (1.0 + share) * raw.first().copied().unwrap_or(0.0);
            raw.iter().map(|margin| margin.max(((1.0 + share) * margin).min(full))).collect()
        }
        Damping::StressedWeight { weight, stressed } => {
            check_bounds("stressed weight", weight, 0.0, 1.0)?;
            check_bounds("stressed margin", stressed, 0.0, 1e18)?;
            raw.iter().map(|margin| (1.0 - weight) * margin + weight * stressed).collect()
        }
        Damping::Floor { floor } => {
            check_bounds("floor", floor, 0.0, 1e18)?;
            raw.iter().map(|margin| margin.max(floor)).collect()
        }
        Damping::StepLimit { share } => {
            check_bounds("step limit", share, 1e-6, 10.0)?;
            let mut charged = Vec::with_capacity(raw.len());
            for margin in raw {
                let next = charged.last().map_or(*margin, |last: &f64| {
                    margin.clamp(last / (1.0 + share), last * (1.0 + share))
                });
                charged.push(next);
            }
            charged
        }
    })
}

/// Largest margin over least; `None` for an empty path or one that touches zero.
pub fn peak_to_trough(path: &[f64]) -> Option<f64> {
    let peak = path.iter().copied().reduce(f64::max)?;
    let trough = path.iter().copied().reduce(f64::min)?;
    (trough > 0.0).then(|| peak / trough)
}

/// Largest rise over any `days` steps, as a fraction of where it started; `None` where the path is
/// shorter or starts from zero.
pub fn largest_rise(path: &[f64], days: usize) -> Option<f64> {
    let rises = path.windows(days + 1).filter(|window| window[0] > 0.0);
    rises.map(|window| window[days] / window[0] - 1.0).reduce(f64::max)
}
