//! The risk array: profit and loss of one contract of every instrument in every scenario.
//!
//! Layout: instrument-major. A row holds one `f64` per scenario, padded to a multiple of eight and
//! starting on a 64-byte boundary, so that an account is a handful of axpys over whole cache lines.
//! What depends on the expiry alone (growth of the forward, its logarithm, the vol map, √time) is
//! computed once per expiry and shared by all its strikes.

use std::collections::BTreeMap;

use plimsoll_math::float::{ln, sqrt};
use plimsoll_math::lane;
use plimsoll_model::error::InputError;
use plimsoll_model::{Asset, InstrumentId, Kind, Market, OptionType, Settlement, Timestamp};
use plimsoll_pricing::contract::{option_inputs, settlement_price_usd};
use plimsoll_pricing::time_value_ratio;

use crate::scenario::{Scenario, ScenarioSet, VolMap};

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
    scenarios: Vec<Scenario>,
    measure: Measure,
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
        let mut ids: Vec<InstrumentId> = ids.into_iter().collect();
        ids.sort();
        ids.dedup();
        let mut rows = AlignedRows::zeroed(ids.len(), set.len());
        let mut expiries: BTreeMap<(Asset, Timestamp), ExpiryShocks> = BTreeMap::new();
        for (index, id) in ids.iter().enumerate() {
            let row = rows.row_mut(index);
            let instrument = &market.listing(*id).instrument;
            match instrument.kind {
                Kind::Option { expiry, .. } => {
                    let shocks = expiries
                        .entry((instrument.underlying.clone(), expiry))
                        .or_insert_with(|| ExpiryShocks::new(set, market.time.days_until(expiry)));
                    fill_option(row, market, *id, shocks, measure)?;
                }
                _ => fill_delta_one(row, market, *id, &set.scenarios, measure)?,
            }
        }
        Ok(Self { ids, scenarios: set.scenarios.clone(), measure, rows })
    }

    /// The columns.
    pub fn scenarios(&self) -> &[Scenario] {
        &self.scenarios
    }

    /// What the cells are measured in.
    pub fn measure(&self) -> Measure {
        self.measure
    }

    /// The instruments, ascending; one row each.
    pub fn ids(&self) -> &[InstrumentId] {
        &self.ids
    }

    /// Profit and loss of one contract per scenario; `None` if the instrument was not priced.
    pub fn row(&self, id: InstrumentId) -> Option<&[f64]> {
        let index = self.ids.binary_search(&id).ok()?;
        Some(self.rows.row(index))
    }

    /// The net vector: Σ quantity·row, in the order given, fused, from zero. Instruments without a
    /// row are the caller's error and are named by `None`.
    pub fn net(
        &self,
        positions: impl IntoIterator<Item = (InstrumentId, f64)>,
    ) -> Option<Vec<f64>> {
        let mut sum = vec![0.0; self.scenarios.len()];
        for (id, quantity) in positions {
            axpy(&mut sum, quantity, self.row(id)?);
        }
        Some(sum)
    }
}

plimsoll_math::fused! {
    /// `sum[s] += quantity·row[s]`, each product and sum rounded once together.
    pub fn axpy(sum: &mut [f64], quantity: f64, row: &[f64]) -> () = axpy_formula;
}

#[inline(always)]
fn axpy_formula(sum: &mut [f64], quantity: f64, row: &[f64]) {
    for (sum, cell) in sum.iter_mut().zip(row) {
        *sum = quantity.mul_add(*cell, *sum);
    }
}

/// What a scenario set does to one expiry: structure of arrays over scenarios.
struct ExpiryShocks {
    growth: Vec<f64>,
    ln_growth: Vec<f64>,
    vol: Vec<VolMap>,
    sqrt_tau: Vec<f64>,
}

impl ExpiryShocks {
    fn new(set: &ScenarioSet, dte_days: f64) -> Self {
        let each = |f: &dyn Fn(&Scenario) -> f64| set.scenarios.iter().map(f).collect();
        Self {
            growth: each(&|scenario| 1.0 + scenario.spot_move),
            ln_growth: each(&|scenario| ln(1.0 + scenario.spot_move)),
            vol: set.scenarios.iter().map(|s| set.vol.map(s.vol_move, dte_days)).collect(),
            sqrt_tau: each(&|scenario| sqrt((dte_days - scenario.days).max(0.0) / 365.0)),
        }
    }
}

fn fill_option(
    row: &mut [f64],
    market: &Market,
    id: InstrumentId,
    shocks: &ExpiryShocks,
    measure: Measure,
) -> Result<(), InputError> {
    let inputs = option_inputs(market, id)?;
    let instrument = &market.listing(id).instrument;
    let base = instrument.base_per_contract(inputs.forward);
    let option = ShockedOption {
        option_type: inputs.option_type,
        forward: inputs.forward,
        strike: inputs.strike,
        ln_moneyness: lane::ln_ratio::<true>(inputs.forward, inputs.strike),
        vol_ann: inputs.vol_ann,
    };
    let sqrt_tau = sqrt(inputs.tau_years);
    shocked_values(&option, row, shocks);
    let value = unshocked_value(&option, inputs.vol_ann * sqrt_tau);
    let usd = settlement_price_usd(market, id)?;
    match (instrument.settlement(), measure) {
        (Settlement::Quote, Measure::SettlementAsset) => {
            row.iter_mut().for_each(|cell| *cell = base * (*cell - value));
        }
        (Settlement::Quote, Measure::Usd) => {
            row.iter_mut().for_each(|cell| *cell = base * usd * (*cell - value));
        }
        (Settlement::Coin, Measure::SettlementAsset) => {
            let per_forward = 1.0 / inputs.forward;
            for (cell, growth) in row.iter_mut().zip(&shocks.growth) {
                *cell = base * per_forward * (*cell / growth - value);
            }
        }
        (Settlement::Coin, Measure::Usd) => {
            let scale = base * usd / inputs.forward;
            row.iter_mut().for_each(|cell| *cell = scale * (*cell - value));
        }
    }
    Ok(())
}

/// An option under shocks to its forward and vol, per unit of underlying in quote currency.
struct ShockedOption {
    option_type: OptionType,
    forward: f64,
    strike: f64,
    ln_moneyness: f64,
    vol_ann: f64,
}

plimsoll_math::fused! {
    fn shocked_values(option: &ShockedOption, row: &mut [f64], shocks: &ExpiryShocks) -> ()
        = ShockedOption::values;
}

plimsoll_math::fused! {
    fn unshocked_value(option: &ShockedOption, total_vol: f64) -> f64 = ShockedOption::unshocked;
}

impl ShockedOption {
    #[inline(always)]
    fn unshocked(&self, total_vol: f64) -> f64 {
        self.value(1.0, 0.0, total_vol)
    }

    #[inline(always)]
    fn values(&self, row: &mut [f64], shocks: &ExpiryShocks) {
        let states = shocks.growth.iter().zip(&shocks.ln_growth);
        let vols = shocks.vol.iter().zip(&shocks.sqrt_tau);
        for ((cell, (growth, ln_growth)), (vol, sqrt_tau)) in row.iter_mut().zip(states).zip(vols) {
            *cell = self.value(*growth, *ln_growth, vol.apply(self.vol_ann) * sqrt_tau);
        }
    }

    /// The one formula: `min(F′, K)·TV(|ln(F/K) + ln g|, σ′√τ′) + payoff`, `F′ = g·F`.
    #[inline(always)]
    fn value(&self, growth: f64, ln_growth: f64, total_vol: f64) -> f64 {
        let forward = self.forward * growth;
        let x = (self.ln_moneyness + ln_growth).abs();
        let time_value = forward.min(self.strike) * time_value_ratio::<true>(x, total_vol);
        self.option_type.payoff(forward, self.strike) + time_value
    }
}

fn fill_delta_one(
    row: &mut [f64],
    market: &Market,
    id: InstrumentId,
    scenarios: &[Scenario],
    measure: Measure,
) -> Result<(), InputError> {
    let instrument = &market.listing(id).instrument;
    let price = market.reference_price(id)?;
    let base = instrument.base_per_contract(price);
    let usd = settlement_price_usd(market, id)?;
    for (cell, scenario) in row.iter_mut().zip(scenarios) {
        let change = scenario.spot_move;
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

/// Rows of `f64` padded to whole cache lines, each starting on a 64-byte boundary.
#[derive(Debug)]
struct AlignedRows {
    cells: Vec<f64>,
    start: usize,
    columns: usize,
    stride: usize,
}

/// `f64`s in a cache line of 64 bytes.
const LINE: usize = 8;

impl AlignedRows {
    fn zeroed(rows: usize, columns: usize) -> Self {
        let stride = columns.next_multiple_of(LINE);
        let cells = vec![0.0; rows * stride + LINE];
        // The vector never grows, so its first aligned cell stays where it is.
        let start = cells.as_ptr().align_offset(LINE * size_of::<f64>()).min(LINE);
        Self { cells, start, columns, stride }
    }

    fn row(&self, index: usize) -> &[f64] {
        let from = self.start + index * self.stride;
        &self.cells[from..from + self.columns]
    }

    fn row_mut(&mut self, index: usize) -> &mut [f64] {
        let from = self.start + index * self.stride;
        &mut self.cells[from..from + self.columns]
    }
}
