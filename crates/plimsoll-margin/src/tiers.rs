//! Maintenance brackets: a marginal rate per band of notional, as most perpetual venues publish.
//!
//! ```text
//! maintenance(N) = N·rate_n − deduction_n,   n the last tier with lower_n ≤ N
//! deduction_0 = 0,   deduction_n = deduction_{n−1} + lower_n·(rate_n − rate_{n−1})
//! ```
//!
//! The deduction is what makes the charge continuous at each boundary, so it is derived, and a
//! published one is only checked against the derivation.

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::check_bounds;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A checked table of brackets. Reading one from a file checks it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "BracketFile")]
pub struct BracketTable {
    tiers: Vec<Bracket>,
}

/// One band of notional.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Bracket {
    /// Lower end of the band, inclusive. USD, or whatever the table counts notional in.
    pub lower_usd: f64,
    /// Maintenance rate inside the band, as a decimal.
    pub rate: f64,
    /// What is taken off `notional·rate`, in the unit of `lower_usd`.
    pub deduction_usd: f64,
}

/// A table as written in a parameter file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BracketFile {
    /// The bands, lowest first; the first starts at 0.
    tiers: Vec<BracketRow>,
}

/// One band as written in a parameter file.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BracketRow {
    /// Lower end of the band.
    pub lower_usd: f64,
    /// Maintenance rate inside the band, as a decimal.
    pub rate: f64,
    /// The deduction the venue publishes, if it does; refused unless it makes the charge continuous.
    #[serde(default)]
    pub deduction_usd: Option<f64>,
}

/// Largest disagreement between a published deduction and the derived one, as a share of the
/// maintenance at the boundary: venues print at least six significant digits.
const PRINTED: f64 = 1e-6;

impl BracketTable {
    /// Checks the bands and derives their deductions.
    ///
    /// Fails if there is no band, the first does not start at 0, bounds do not rise, rates fall or
    /// leave [0, 1], or a published deduction leaves a jump at its boundary.
    pub fn new(rows: &[BracketRow]) -> Result<Self, InputError> {
        let mut tiers: Vec<Bracket> = Vec::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            let name = |field: &str| format!("tiers[{index}].{field}");
            let BracketRow { lower_usd, rate, deduction_usd: stated } = *row;
            let deduction_usd = match tiers.last() {
                None => {
                    check_bounds(&name("lower_usd"), lower_usd, 0.0, 0.0)?;
                    check_bounds(&name("rate"), rate, 0.0, 1.0)?;
                    0.0
                }
                Some(below) => {
                    let least = below.lower_usd.next_up();
                    check_bounds(&name("lower_usd"), lower_usd, least, 1e18)?;
                    check_bounds(&name("rate"), rate, below.rate, 1.0)?;
                    below.deduction_usd + lower_usd * (rate - below.rate)
                }
            };
            let jump = stated.map_or(0.0, |stated| stated - deduction_usd);
            // False for a NaN too.
            let continuous = jump.abs() <= PRINTED * lower_usd * rate;
            if !continuous {
                let message = format!(
                    "{} leaves a jump of {jump} at {lower_usd}; it should be {deduction_usd}",
                    name("deduction_usd")
                );
                return Err(InputError::new(InputCode::BadParameter, message));
            }
            tiers.push(Bracket { lower_usd, rate, deduction_usd });
        }
        if tiers.is_empty() {
            return Err(InputError::new(InputCode::BadParameter, "a bracket table needs a tier"));
        }
        Ok(Self { tiers })
    }

    /// The bands, lowest first; never empty.
    pub fn tiers(&self) -> &[Bracket] {
        &self.tiers
    }

    /// The number of the band a notional falls into, from 0: the last one that starts at or below it.
    pub fn index_at(&self, notional: f64) -> usize {
        self.tiers.partition_point(|tier| tier.lower_usd <= notional).saturating_sub(1)
    }

    /// The band a notional falls into.
    pub fn tier_at(&self, notional: f64) -> &Bracket {
        &self.tiers[self.index_at(notional)]
    }

    /// Maintenance margin of a notional (not signed), in the unit of the table.
    pub fn maintenance(&self, notional: f64) -> f64 {
        let tier = self.tier_at(notional);
        notional * tier.rate - tier.deduction_usd
    }
}

impl TryFrom<BracketFile> for BracketTable {
    type Error = InputError;

    fn try_from(file: BracketFile) -> Result<Self, InputError> {
        Self::new(&file.tiers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(lower_usd: f64, rate: f64) -> BracketRow {
        BracketRow { lower_usd, rate, deduction_usd: None }
    }

    fn table(rows: &[BracketRow]) -> BracketTable {
        BracketTable::new(rows).unwrap()
    }

    #[test]
    fn charges_like_tax_brackets() {
        let table = table(&[row(0.0, 0.01), row(1000.0, 0.02), row(5000.0, 0.05)]);
        // 1000·1 % = 10; + 4000·2 % = 90; + 1000·5 % = 140.
        for (notional, margin) in [(0.0, 0.0), (500.0, 5.0), (5000.0, 90.0), (6000.0, 140.0)] {
            assert!((table.maintenance(notional) - margin).abs() < 1e-12, "{notional}");
        }
        // 1000·(2 % − 1 %) = 10; + 5000·(5 % − 2 %) = 160.
        let deductions: Vec<f64> = table.tiers().iter().map(|tier| tier.deduction_usd).collect();
        assert!((deductions[1] - 10.0).abs() < 1e-12 && (deductions[2] - 160.0).abs() < 1e-12);
    }

    #[test]
    fn a_boundary_belongs_to_the_band_above_and_has_no_jump() {
        let table = table(&[row(0.0, 0.004), row(50_000.0, 0.005), row(600_000.0, 0.01)]);
        assert_eq!(table.index_at(50_000.0), 1);
        assert_eq!(table.index_at(50_000.0_f64.next_down()), 0);
        for tier in &table.tiers()[1..] {
            let (at, below) = (tier.lower_usd, tier.lower_usd.next_down());
            let step = table.maintenance(at) - table.maintenance(below);
            // One rounding of notional·rate on each side.
            assert!(step.abs() <= 4.0 * f64::EPSILON * at * tier.rate, "{step:e} at {at}");
        }
    }

    #[test]
    fn published_deductions_are_checked() {
        // The first three USD-margined BTC brackets as Binance prints them.
        let printed = "tiers = [\
            { lower_usd = 0, rate = 0.004, deduction_usd = 0 },\
            { lower_usd = 50000, rate = 0.005, deduction_usd = 50 },\
            { lower_usd = 600000, rate = 0.01, deduction_usd = 3050 }]";
        let read = plimsoll_model::params::from_toml::<BracketTable>;
        assert_eq!(read(printed).unwrap().tiers()[2].deduction_usd, 3050.0);
        let wrong = read(&printed.replace("3050", "3000")).unwrap_err();
        assert_eq!(wrong.code, InputCode::BadParameter);
        assert!(wrong.message.contains("3050"), "{wrong}");
    }

    #[test]
    fn tables_that_make_no_sense_are_refused() {
        for rows in [
            vec![],
            vec![row(1.0, 0.01)],
            vec![row(0.0, 0.01), row(0.0, 0.02)],
            vec![row(0.0, 0.02), row(10.0, 0.01)],
            vec![row(0.0, 1.5)],
            vec![row(0.0, f64::NAN)],
            vec![row(0.0, 0.01), row(f64::NAN, 0.02)],
        ] {
            assert!(BracketTable::new(&rows).is_err(), "{rows:?}");
        }
    }
}
