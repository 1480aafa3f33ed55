//! A scenario set as structures of arrays: what the loop over scenarios reads.

use plimsoll_math::float::{ln, sqrt};

use crate::rows::padded;
use crate::scenario::{Scenario, ScenarioSet, VolMove, VolShocks};

/// What a scenario set does to every expiry. Columns from `scenarios.len()` on are the unshocked
/// state.
#[derive(Debug)]
pub(crate) struct Shocks {
    pub scenarios: Vec<Scenario>,
    vol: VolShocks,
    /// `m`, the relative move
    pub spot_move: Vec<f64>,
    /// `g = 1 + m`
    pub growth: Vec<f64>,
    /// `ln g`
    pub ln_growth: Vec<f64>,
    /// `1/g`
    pub per_growth: Vec<f64>,
    /// weight of each loss; 0 in padding columns, where nothing is lost anyway
    pub weight: Vec<f64>,
    /// the pairs of vol move and days that pass: those with shared moves once each, own moves one
    /// by one
    pairs: Vec<(VolMove, f64)>,
    /// which pair each column has
    pair: Vec<usize>,
}

impl Shocks {
    pub fn new(set: &ScenarioSet) -> Self {
        // At least one padding column, for the unshocked state.
        let columns = padded(set.len() + 1);
        let column = |f: &dyn Fn(&Scenario) -> f64, neutral: f64| {
            let mut values: Vec<f64> = set.scenarios.iter().map(f).collect();
            values.resize(columns, neutral);
            values
        };
        let mut pairs = vec![(VolMove::Unchanged, 0.0)];
        let mut pair = vec![0; columns];
        for (pair, scenario) in pair.iter_mut().zip(&set.scenarios) {
            let wanted = (scenario.vol_move, scenario.days);
            // Own moves of thousands of scenarios differ; looking for equal ones would cost more
            // than a square root each.
            let own = matches!(scenario.vol_move, VolMove::By(_));
            let known = || pairs.iter().position(|known| *known == wanted);
            *pair = if own { None } else { known() }.unwrap_or_else(|| {
                pairs.push(wanted);
                pairs.len() - 1
            });
        }
        Self {
            spot_move: column(&|s| s.spot_move, 0.0),
            growth: column(&|s| 1.0 + s.spot_move, 1.0),
            ln_growth: column(&|s| ln(1.0 + s.spot_move), 0.0),
            per_growth: column(&|s| 1.0 / (1.0 + s.spot_move), 1.0),
            weight: column(&|s| s.weight, 0.0),
            pairs,
            pair,
            scenarios: set.scenarios.clone(),
            vol: set.vol.clone(),
        }
    }

    /// Columns that are priced: the scenarios and the unshocked state.
    pub fn used(&self) -> usize {
        self.scenarios.len() + 1
    }

    /// Columns with padding: whole lines.
    pub fn columns(&self) -> usize {
        self.growth.len()
    }

    /// What the scenarios do to options `dte_days` from expiry, appended to `shocks`. Time never
    /// runs past expiry.
    pub fn push_expiry(&self, dte_days: f64, shocks: &mut ExpiryShocks) {
        // Powers and roots are worth computing once per pair, not once per column.
        shocks.states.clear();
        shocks.states.extend(self.pairs.iter().map(|(vol_move, days)| {
            let map = self.vol.map(*vol_move, dte_days);
            let tau_years = (dte_days - days).max(0.0) / DAYS_PER_YEAR;
            [map.scale, map.shift, map.floor, sqrt(tau_years)]
        }));
        let columns = self.columns();
        let from = shocks.cells.len();
        shocks.cells.resize(from + 4 * columns, 0.0);
        let (front, back) = shocks.cells[from..].split_at_mut(2 * columns);
        let (scale, shift) = front.split_at_mut(columns);
        let (floor, sqrt_tau) = back.split_at_mut(columns);
        for (column, pair) in self.pair.iter().enumerate() {
            [scale[column], shift[column], floor[column], sqrt_tau[column]] = shocks.states[*pair];
        }
    }
}

/// What a scenario set does to the vols and times of some expiries, in columns:
/// `s′ = max(scale·σ + shift, floor)·√τ′`.
#[derive(Debug)]
pub(crate) struct ExpiryShocks {
    /// per expiry four arrays of all columns, one after the other
    cells: Vec<f64>,
    /// scale, shift, floor and √τ′ of every pair, of the last expiry
    states: Vec<[f64; 4]>,
}

impl ExpiryShocks {
    pub fn with_capacity(expiries: usize, shocks: &Shocks) -> Self {
        let cells = Vec::with_capacity(4 * expiries * shocks.columns());
        Self { cells, states: Vec::with_capacity(shocks.pairs.len()) }
    }

    /// Scale, shift, floor and √τ′ of one expiry.
    #[inline(always)]
    pub fn of(&self, expiry: usize, shocks: &Shocks) -> [&[f64]; 4] {
        let columns = shocks.columns();
        let (front, back) = self.cells[4 * expiry * columns..][..4 * columns].split_at(2 * columns);
        let (scale, shift) = front.split_at(columns);
        let (floor, sqrt_tau) = back.split_at(columns);
        [scale, shift, floor, sqrt_tau]
    }
}

const DAYS_PER_YEAR: f64 = 365.0;
