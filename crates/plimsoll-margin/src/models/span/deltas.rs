//! The deltas of one commodity by period, and how spreads consume them.

use std::collections::BTreeMap;

use plimsoll_model::span::{PeriodRange, SpreadSide};

/// Net deltas by period: what there was and what spreads have left.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Deltas {
    periods: BTreeMap<String, Delta>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Delta {
    start: f64,
    left: f64,
}

/// +1 where legs of side `side` are long, −1 where they are short.
pub fn direction(side: SpreadSide, long_side: SpreadSide) -> f64 {
    if side == long_side { 1.0 } else { -1.0 }
}

impl Deltas {
    /// Adds a position's delta; long and short deltas of one period net.
    pub fn add(&mut self, period: &str, delta: f64) {
        let entry = self.periods.entry(period.to_owned()).or_default();
        entry.start += delta;
        entry.left += delta;
    }

    /// Net delta before any spread.
    pub fn net(&self) -> f64 {
        self.periods.values().fold(0.0, |sum, delta| sum + delta.start)
    }

    /// Net delta of every period before any spread.
    pub fn by_period(&self) -> impl Iterator<Item = (&str, f64)> {
        self.periods.iter().map(|(period, delta)| (period.as_str(), delta.start))
    }

    /// Deltas left in a range of periods on one side, as a positive number; `direction` is +1 for the
    /// long side and −1 for the short one.
    pub fn left(&self, range: &PeriodRange, direction: f64) -> f64 {
        self.within(range).fold(0.0, |sum, delta| sum + (direction * delta.left).max(0.0))
    }

    /// Net delta left in a range of periods.
    pub fn net_left(&self, range: &PeriodRange) -> f64 {
        self.within(range).fold(0.0, |sum, delta| sum + delta.left)
    }

    fn within(&self, range: &PeriodRange) -> impl Iterator<Item = &Delta> {
        self.periods.iter().filter(|(period, _)| range.holds(period)).map(|(_, delta)| delta)
    }

    /// Takes `amount` deltas (positive) from one side of a range of periods, the earliest first.
    pub fn consume(&mut self, range: &PeriodRange, direction: f64, amount: f64) {
        let mut wanted = amount;
        for (_, delta) in self.periods.iter_mut().filter(|(period, _)| range.holds(period)) {
            let taken = (direction * delta.left).max(0.0).min(wanted);
            delta.left -= direction * taken;
            wanted -= taken;
        }
    }

    /// |delta consumed| and |delta left| of a range of periods on the sides that `counts` says.
    pub fn split(&self, range: &PeriodRange, counts: impl Fn(f64) -> bool) -> (f64, f64) {
        let counted = self.within(range).filter(|delta| counts(delta.start));
        counted.fold((0.0, 0.0), |(consumed, left), delta| {
            (consumed + (delta.start - delta.left).abs(), left + delta.left.abs())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_period_on_the_side_is_consumed_first() {
        let mut deltas = Deltas::default();
        deltas.add("202612", 2.0);
        deltas.add("202612", -0.5);
        deltas.add("202701", -1.0);
        deltas.add("202703", 3.0);
        let all = PeriodRange::default();
        assert_eq!(deltas.net(), 3.5);
        // Long: 1.5 and 3; short: 1.
        assert_eq!((deltas.left(&all, 1.0), deltas.left(&all, -1.0)), (4.5, 1.0));
        deltas.consume(&all, 1.0, 2.0);
        assert_eq!(deltas.split(&PeriodRange::only("202612"), |_| true), (1.5, 0.0));
        assert_eq!(deltas.split(&PeriodRange::only("202703"), |_| true), (0.5, 2.5));
        assert_eq!(deltas.split(&PeriodRange::only("202701"), |start| start > 0.0), (0.0, 0.0));
        assert_eq!(deltas.net_left(&all), 1.5);
        assert_eq!(deltas.net(), 3.5);
    }
}
