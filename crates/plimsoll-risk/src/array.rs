//! The risk array: profit and loss of one contract of every instrument in every scenario.
//!
//! # Layout
//!
//! ```text
//!              scenario 0   1   2  …  S−1 | unshocked …        S + 1 columns, padded to whole
//! instrument 0      p&l p&l p&l …  p&l |  0  0  0           lines of 8, so that every row is
//! instrument 1      p&l p&l p&l …  p&l |  0  0  0           on 64-byte boundaries
//! ```
//!
//! Instrument-major: an account is a handful of `sum[s] += quantity·row[s]` over whole cache lines.
//! What the scenarios are made of (growth of the forward, its logarithm, the weight) is held as one
//! array per quantity, with the unshocked state in the padding columns: no loop needs a remainder,
//! and the value before the shock is one more column of the same pass, where profit is 0.
//!
//! # Pricing
//!
//! The options of one expiry share its vol map and √time; the call and put of one strike share the
//! time value of every scenario (parity), whichever way they settle:
//!
//! ```text
//! x = |ln(F/K) + ln g|,  s = max(scale·σ + shift, floor)·√τ′,  F′ = g·F
//! V′ = (±(F′ − K))⁺ + min(F′, K)·TV(x, s)
//! ```
//!
//! so there is one logarithm per strike and one exponential and two divisions per strike and
//! scenario. Loops run over scenarios inside, strikes outside, and are compiled for each
//! [`InstructionSet`]. Every cell is computed by itself in a fixed order of operations: AVX2,
//! AVX-512 and the scalar formula give the same bits, with any number of threads.

use plimsoll_math::{InstructionSet, kernel, lane};
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::{InstrumentId, Kind, Market, Settlement};
use plimsoll_pricing::contract::settlement_price_usd;

use crate::options::OptionRows;
use crate::rows::AlignedRows;
use crate::scenario::{Scenario, ScenarioSet};
use crate::shocks::Shocks;

/// What profit and loss are measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Measure {
    /// The settlement asset, per contract: coin for coin-settled, quote currency otherwise.
    ///
    /// Coin-settled future: `base·m/(1+m)`. Coin-settled option: `base·(V′/F′ − V/F)`.
    SettlementAsset,
    /// US dollars at the prices of the scenario.
    ///
    /// Coin-settled future: `S·base·m`, the coin gain at the coin's new price. Coin-settled option:
    /// `(S/F)·base·(V′ − V)`, the change in USD of a holding worth `V/F` coins.
    Usd,
}

/// One row per instrument, one column per scenario.
#[derive(Debug)]
pub struct RiskArray {
    ids: Vec<InstrumentId>,
    shocks: Shocks,
    measure: Measure,
    instructions: InstructionSet,
    rows: AlignedRows,
}

impl RiskArray {
    /// Prices every instrument of `ids` in every scenario, by full revaluation.
    ///
    /// Held constant: the basis between index and each forward (relative), vol per strike before the
    /// shock (sticky strike), prices of stable coins. Fails naming the instrument that has no
    /// forward, mark or vol.
    pub fn price(
        market: &Market,
        ids: impl IntoIterator<Item = InstrumentId>,
        set: &ScenarioSet,
        measure: Measure,
    ) -> Result<Self, InputError> {
        Self::price_with(InstructionSet::best(), market, ids, set, measure)
    }

    /// [`Self::price`] with instructions chosen by the caller, who wants to compare or count them.
    pub fn price_with(
        instructions: InstructionSet,
        market: &Market,
        ids: impl IntoIterator<Item = InstrumentId>,
        set: &ScenarioSet,
        measure: Measure,
    ) -> Result<Self, InputError> {
        let mut ids: Vec<InstrumentId> = ids.into_iter().collect();
        ids.sort();
        ids.dedup();
        let shocks = Shocks::new(set);
        let rows = AlignedRows::zeroed(ids.len(), shocks.columns());
        let mut array = Self { ids, shocks, measure, instructions, rows };
        array.fill(market, 0..array.ids.len())?;
        Ok(array)
    }

    /// Prices the rows of `ids` again, in place, on a market with the same listings: a tick that
    /// moved one expiry. Equal to pricing them from scratch, bit for bit.
    ///
    /// Fails naming an instrument that has no row, or no forward, mark or vol; rows then hold neither
    /// the old nor the new market and have to be priced again.
    pub fn reprice(&mut self, market: &Market, ids: &[InstrumentId]) -> Result<(), InputError> {
        let mut positions = Vec::with_capacity(ids.len());
        for id in ids {
            let Some(position) = self.position(*id) else {
                let name = &market.listing(*id).instrument.name;
                let message = format!("{name} has no row in this risk array");
                return Err(InputError::new(InputCode::UnknownInstrument, message));
            };
            positions.push(position);
        }
        positions.sort_unstable();
        positions.dedup();
        self.fill(market, positions)
    }

    /// Prices the rows at ascending positions.
    fn fill(
        &mut self,
        market: &Market,
        positions: impl IntoIterator<Item = usize, IntoIter: ExactSizeIterator>,
    ) -> Result<(), InputError> {
        let positions = positions.into_iter();
        let mut options = OptionRows::new(market, self.measure, &self.shocks, positions.len());
        let mut rows = self.ids.iter().zip(self.rows.rows_mut());
        let mut next = 0;
        for position in positions {
            let Some((id, row)) = rows.nth(position - next) else { break };
            next = position + 1;
            if market.listing(*id).instrument.is_option() {
                options.push(*id, row)?;
            } else {
                fill_delta_one(row, market, *id, &self.shocks.spot_move, self.measure)?;
            }
        }
        options.price(self.instructions);
        Ok(())
    }

    /// The columns.
    pub fn scenarios(&self) -> &[Scenario] {
        &self.shocks.scenarios
    }

    /// What the cells are measured in.
    pub fn measure(&self) -> Measure {
        self.measure
    }

    /// The instruments, ascending; one row each.
    pub fn ids(&self) -> &[InstrumentId] {
        &self.ids
    }

    /// The place of an instrument's row, if it was priced.
    pub fn position(&self, id: InstrumentId) -> Option<usize> {
        // In the array of a whole market rows stand at their ids.
        let place = id.0 as usize;
        if self.ids.get(place) == Some(&id) {
            return Some(place);
        }
        self.ids.binary_search(&id).ok()
    }

    /// Profit and loss of one contract per scenario; `None` if the instrument was not priced.
    pub fn row(&self, id: InstrumentId) -> Option<&[f64]> {
        Some(&self.rows.row(self.position(id)?)[..self.shocks.scenarios.len()])
    }

    /// The net vector: Σ quantity·row, in the order given, fused, from zero. Instruments without a
    /// row are the caller's error and are named by `None`.
    pub fn net(
        &self,
        positions: impl IntoIterator<Item = (InstrumentId, f64)>,
    ) -> Option<Vec<f64>> {
        let mut sum = vec![0.0; self.shocks.scenarios.len()];
        for (id, quantity) in positions {
            axpy_kernel(self.instructions, &mut sum, quantity, self.row(id)?);
        }
        Some(sum)
    }

    pub(crate) fn instructions(&self) -> InstructionSet {
        self.instructions
    }

    pub(crate) fn rows(&self) -> &AlignedRows {
        &self.rows
    }

    pub(crate) fn shocks(&self) -> &Shocks {
        &self.shocks
    }
}

/// Scenarios of a tile of [`net_profits`]: some hundred rows of it stay in the second-level cache.
const TILE: usize = 256;

/// The net vector of one list of positions when nothing else is asked of the array: scenarios are
/// priced and summed a tile at a time into the same memory. Equal to [`RiskArray::price`] followed by
/// [`RiskArray::net`], bit for bit; over ten thousand scenarios in less than half the time, as nothing leaves
/// the cache.
///
/// # Errors
/// As [`RiskArray::price`].
pub fn net_profits(
    market: &Market,
    positions: &[(InstrumentId, f64)],
    set: &ScenarioSet,
    measure: Measure,
) -> Result<Vec<f64>, InputError> {
    net_profits_with(InstructionSet::best(), market, positions, set, measure)
}

/// [`net_profits`] with instructions chosen by the caller, who wants to compare them.
///
/// # Errors
/// As [`RiskArray::price`].
pub fn net_profits_with(
    instructions: InstructionSet,
    market: &Market,
    positions: &[(InstrumentId, f64)],
    set: &ScenarioSet,
    measure: Measure,
) -> Result<Vec<f64>, InputError> {
    let ids = || positions.iter().map(|(id, _)| *id);
    let mut net = Vec::with_capacity(set.len());
    let mut array: Option<RiskArray> = None;
    for scenarios in set.scenarios.chunks(TILE) {
        let tile = ScenarioSet { scenarios: scenarios.to_vec(), vol: set.vol.clone() };
        let priced = match array.take() {
            Some(mut last) if last.shocks.scenarios.len() == scenarios.len() => {
                last.shocks = Shocks::new(&tile);
                last.fill(market, 0..last.ids.len())?;
                last
            }
            _ => RiskArray::price_with(instructions, market, ids(), &tile, measure)?,
        };
        // Every position has a row: its own ids were priced.
        net.extend(priced.net(positions.iter().copied()).unwrap_or_default());
        array = Some(priced);
    }
    Ok(net)
}

/// `sum[s] += quantity·row[s]`, each product and sum rounded once together where the processor can.
pub fn axpy(sum: &mut [f64], quantity: f64, row: &[f64]) {
    axpy_kernel(InstructionSet::best(), sum, quantity, row);
}

kernel! {
    fn axpy_kernel(sum: &mut [f64], quantity: f64, row: &[f64]) = axpy_formula;
}

#[inline(always)]
fn axpy_formula<const FMA: bool>(sum: &mut [f64], quantity: f64, row: &[f64]) {
    for (sum, cell) in sum.iter_mut().zip(row) {
        *sum = lane::mul_add::<FMA>(quantity, *cell, *sum);
    }
}

/// Spot and futures: no option formula, so the relative move `m` alone counts.
fn fill_delta_one(
    row: &mut [f64],
    market: &Market,
    id: InstrumentId,
    spot_move: &[f64],
    measure: Measure,
) -> Result<(), InputError> {
    let instrument = &market.listing(id).instrument;
    let price = market.reference_price(id)?;
    let base = instrument.base_per_contract(price);
    let usd = settlement_price_usd(market, id)?;
    for (cell, change) in row.iter_mut().zip(spot_move) {
        *cell = match (instrument.settlement(), measure) {
            (Settlement::Quote, Measure::SettlementAsset) => base * price * change,
            (Settlement::Quote, Measure::Usd) => base * price * usd * change,
            // A coin held is worth one coin whatever its price.
            (Settlement::Coin, Measure::SettlementAsset) if instrument.kind == Kind::Spot => 0.0,
            (Settlement::Coin, Measure::SettlementAsset) => base * (1.0 - 1.0 / (1.0 + change)),
            (Settlement::Coin, Measure::Usd) => base * usd * change,
        };
    }
    Ok(())
}
