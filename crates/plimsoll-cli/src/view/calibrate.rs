//! What a calibration estimated, on a terminal.

use crate::commands::Estimates;
use crate::format::{clean, instant, optional, shortest};
use crate::table::{Table, heading};

/// Decimals of an estimate.
const DECIMALS: usize = 3;

/// One row per number, with its interval.
pub fn text(estimates: &Estimates) -> String {
    let mut out = heading(&format!("Model {}", clean(&estimates.id)));
    out.push_str(&format!("as of   {}\n", instant(estimates.as_of)));
    out.push_str(&format!("sample  {} to {}\n\n", instant(estimates.from), instant(estimates.to)));
    let mut table = Table::new("Estimates")
        .text("")
        .number("Estimate")
        .number("Low 95 %")
        .number("High 95 %")
        .text("")
        .number("Days");
    for number in &estimates.estimates {
        table.push([
            clean(&number.name),
            shortest(number.value, DECIMALS),
            optional(number.low, |low| shortest(low, DECIMALS)),
            optional(number.high, |high| shortest(high, DECIMALS)),
            number.unit.clone(),
            number.observations.to_string(),
        ]);
    }
    out.push_str(&table.to_terminal());
    out
}
