//! Pricing the rows of a risk array: the options of one strike share the time value of every scenario.

use std::ops::Range;

use plimsoll_math::{InstructionSet, kernel, lane};
use plimsoll_model::error::InputError;
use plimsoll_model::{Asset, InstrumentId, Kind, Market, OptionType, Settlement, Timestamp};
use plimsoll_pricing::contract::{option_inputs, settlement_price_usd};
use plimsoll_pricing::time_value_ratio;

use crate::array::Measure;
use crate::parallel;
use crate::rows::padded;
use crate::shocks::{ExpiryShocks, Shocks};

/// An option with the row it fills. Prices in quote currency per unit of underlying.
pub(crate) struct OptionRow<'a> {
    row: &'a mut [f64],
    expiry: usize,
    option_type: OptionType,
    forward: f64,
    strike: f64,
    vol_ann: f64,
    /// what turns `V′ − V` into the measure
    scale: f64,
    /// whether `V′` is first divided by the growth of the forward: a price in coin
    in_coin: bool,
}

impl OptionRow<'_> {
    /// Options with equal keys have the same time value in every scenario.
    fn key(&self) -> (usize, u64, u64) {
        (self.expiry, self.strike.to_bits(), self.vol_ann.to_bits())
    }

    fn same(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

/// The options of a market with what their expiries share.
pub(crate) struct OptionRows<'a> {
    market: &'a Market,
    measure: Measure,
    shocks: &'a Shocks,
    expiries: Vec<Expiry<'a>>,
    /// in the order of the expiries
    expiry_shocks: ExpiryShocks,
    /// the settlement asset of the last option, with its price in USD
    settlement: Option<(&'a Asset, f64)>,
    options: Vec<OptionRow<'a>>,
}

/// Expiries for which room is made at once.
const EXPIRIES: usize = 16;

struct Expiry<'a> {
    underlying: &'a Asset,
    at: Timestamp,
    forward: f64,
}

impl<'a> OptionRows<'a> {
    pub fn new(market: &'a Market, measure: Measure, shocks: &'a Shocks, capacity: usize) -> Self {
        let options = Vec::with_capacity(capacity);
        Self {
            market,
            measure,
            shocks,
            expiries: Vec::with_capacity(capacity.min(EXPIRIES)),
            expiry_shocks: ExpiryShocks::with_capacity(capacity.min(EXPIRIES), shocks),
            settlement: None,
            options,
        }
    }

    /// Adds an option; fails naming it if it has no forward or vol.
    pub fn push(&mut self, id: InstrumentId, row: &'a mut [f64]) -> Result<(), InputError> {
        let market = self.market;
        let listing = market.listing(id);
        let instrument = &listing.instrument;
        let (Kind::Option { expiry, strike, option_type }, Some(vol_ann)) =
            (instrument.kind, listing.mark_vol)
        else {
            // The refusal that names what is missing.
            return option_inputs(market, id).map(|_| ());
        };
        let expiry = self.expiry(id, &instrument.underlying, expiry)?;
        let usd = self.settlement_usd(id, &instrument.settlement_asset)?;
        let forward = self.expiries[expiry].forward;
        let base = instrument.base_per_contract(forward);
        let (scale, in_coin) = match (instrument.settlement(), self.measure) {
            (Settlement::Quote, Measure::SettlementAsset) => (base, false),
            (Settlement::Quote, Measure::Usd) => (base * usd, false),
            (Settlement::Coin, Measure::SettlementAsset) => (base * (1.0 / forward), true),
            (Settlement::Coin, Measure::Usd) => (base * usd / forward, false),
        };
        self.options.push(OptionRow {
            row,
            expiry,
            option_type,
            forward,
            strike,
            vol_ann,
            scale,
            in_coin,
        });
        Ok(())
    }

    fn expiry(
        &mut self,
        id: InstrumentId,
        underlying: &'a Asset,
        at: Timestamp,
    ) -> Result<usize, InputError> {
        let same = |known: &Expiry| known.at == at && known.underlying == underlying;
        // Names sort by expiry, so it mostly is the last one.
        if let Some(index) = self.expiries.iter().rposition(same) {
            return Ok(index);
        }
        let forward = self.market.reference_price(id)?;
        let dte_days = self.market.time.days_until(at);
        self.shocks.push_expiry(dte_days, &mut self.expiry_shocks);
        self.expiries.push(Expiry { underlying, at, forward });
        Ok(self.expiries.len() - 1)
    }

    fn settlement_usd(&mut self, id: InstrumentId, asset: &'a Asset) -> Result<f64, InputError> {
        if let Some((last, usd)) = self.settlement
            && last == asset
        {
            return Ok(usd);
        }
        let usd = settlement_price_usd(self.market, id)?;
        self.settlement = Some((asset, usd));
        Ok(usd)
    }

    /// Fills every row.
    pub fn price(mut self, instructions: InstructionSet) {
        // Most venues' names put the call beside the put. Sorting finds those that are apart.
        let alone = |run: &[OptionRow<'_>]| run.len() == 1;
        if self.options.chunk_by(OptionRow::same).any(alone) {
            self.options.sort_by_key(OptionRow::key);
        }
        let Self { shocks, expiry_shocks, options, .. } = &mut self;
        let columns = shocks.used();
        let strikes = (BLOCK_CELLS / columns).clamp(1, options.len().max(1));
        let scratch = || Scratch::new(columns, strikes);
        parallel::for_each(blocks(options, strikes), scratch, |scratch, options| {
            price_block(instructions, options, expiry_shocks, shocks, scratch);
        });
    }
}

/// Splits options between strikes, at most `strikes` of them to a block.
fn blocks<'o, 'a>(
    mut rest: &'o mut [OptionRow<'a>],
    strikes: usize,
) -> impl Iterator<Item = &'o mut [OptionRow<'a>]> {
    std::iter::from_fn(move || {
        let options = rest.chunk_by(OptionRow::same).take(strikes).map(<[_]>::len).sum();
        let (block, after) = std::mem::take(&mut rest).split_at_mut(options);
        rest = after;
        (!block.is_empty()).then_some(block)
    })
}

/// Arguments and results of the formula for the strikes of a block, one after the other without
/// padding between them, so that all lanes but the last few do useful work.
struct Scratch {
    /// columns of a strike
    columns: usize,
    /// per strike: F, K and ln(F/K)
    forward: Vec<f64>,
    strike: Vec<f64>,
    ln_moneyness: Vec<f64>,
    ln_moneyness_abs: Vec<f64>,
    total_vol: Vec<f64>,
    /// `min(F′, K)`, then the time value
    time_value: Vec<f64>,
}

/// Cells of a block of strikes, whole lines: three arrays of them stay in the first-level cache.
const BLOCK_CELLS: usize = 512;

impl Scratch {
    fn new(columns: usize, strikes: usize) -> Self {
        let cells = padded(strikes * columns);
        let [ln_moneyness_abs, total_vol] = [(); 2].map(|()| vec![0.0; cells.min(BLOCK_CELLS)]);
        let [forward, strike, ln_moneyness] = [(); 3].map(|()| vec![1.0; padded(strikes)]);
        let time_value = vec![0.0; cells];
        Self { columns, forward, strike, ln_moneyness, ln_moneyness_abs, total_vol, time_value }
    }
}

kernel! {
    /// Fills the rows of some options; those of one strike are neighbours.
    fn price_block(
        options: &mut [OptionRow<'_>],
        expiries: &ExpiryShocks,
        shocks: &Shocks,
        scratch: &mut Scratch,
    ) = price_block_formula;
}

#[inline(always)]
fn price_block_formula<const FMA: bool>(
    options: &mut [OptionRow<'_>],
    expiries: &ExpiryShocks,
    shocks: &Shocks,
    scratch: &mut Scratch,
) {
    let Scratch { columns, forward, strike, ln_moneyness, ln_moneyness_abs, total_vol, time_value } =
        scratch;
    let columns = *columns;
    let mut strikes = 0;
    for same in options.chunk_by(OptionRow::same) {
        (forward[strikes], strike[strikes]) = (same[0].forward, same[0].strike);
        strikes += 1;
    }
    // Several strikes at once: alone, each would wait for the division of the one before it.
    let lanes = padded(strikes);
    let pairs = forward[..lanes].iter().zip(&strike[..lanes]);
    for (ln, (forward, strike)) in ln_moneyness[..lanes].iter_mut().zip(pairs) {
        *ln = lane::ln_ratio::<FMA>(*forward, *strike);
    }
    let mut filled = 0;
    for (same, ln_moneyness) in options.chunk_by(OptionRow::same).zip(ln_moneyness) {
        let option = &same[0];
        let expiry = expiries.of(option.expiry, shocks);
        // A strike with more columns than a block holds is alone in it, and done in parts.
        for from in (0..columns).step_by(BLOCK_CELLS) {
            let part = from..columns.min(from + BLOCK_CELLS);
            let start = if columns > BLOCK_CELLS { 0 } else { filled };
            let cells = start..start + part.len();
            let (x, s) = (&mut ln_moneyness_abs[cells.clone()], &mut total_vol[cells.clone()]);
            let least = &mut time_value[filled..filled + part.len()];
            arguments(option, *ln_moneyness, expiry, shocks, part, x, s, least);
            filled += least.len();
            if columns > BLOCK_CELLS {
                times_ratio::<FMA>(&ln_moneyness_abs[cells.clone()], &total_vol[cells], least);
            }
        }
    }
    if columns <= BLOCK_CELLS {
        let cells = padded(filled);
        times_ratio::<FMA>(
            &ln_moneyness_abs[..cells],
            &total_vol[..cells],
            &mut time_value[..cells],
        );
    }
    let time_values = time_value.chunks_exact(columns);
    for (same, time_values) in options.chunk_by_mut(OptionRow::same).zip(time_values) {
        for option in same {
            match (option.option_type, option.in_coin) {
                (OptionType::Call, false) => profits::<false, 1>(option, time_values, shocks),
                (OptionType::Put, false) => profits::<false, -1>(option, time_values, shocks),
                (OptionType::Call, true) => profits::<true, 1>(option, time_values, shocks),
                (OptionType::Put, true) => profits::<true, -1>(option, time_values, shocks),
            }
        }
    }
}

/// `x = |ln(F/K) + ln g|`, `s = max(scale·σ + shift, floor)·√τ′` and `min(g·F, K)` of some columns.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn arguments(
    option: &OptionRow<'_>,
    ln_moneyness: f64,
    expiry: [&[f64]; 4],
    shocks: &Shocks,
    columns: Range<usize>,
    ln_moneyness_abs: &mut [f64],
    total_vol: &mut [f64],
    least: &mut [f64],
) {
    let (forward, strike, vol_ann) = (option.forward, option.strike, option.vol_ann);
    let growth = &shocks.growth[columns.clone()];
    let ln_growth = &shocks.ln_growth[columns.clone()];
    let [scale, shift, floor, sqrt_tau] = expiry.map(|array| &array[columns.clone()]);
    let count = growth.len();
    let (ln_moneyness_abs, total_vol) = (&mut ln_moneyness_abs[..count], &mut total_vol[..count]);
    let least = &mut least[..count];
    for i in 0..count {
        ln_moneyness_abs[i] = (ln_moneyness + ln_growth[i]).abs();
        total_vol[i] = larger(scale[i] * vol_ann + shift[i], floor[i]) * sqrt_tau[i];
        least[i] = smaller(forward * growth[i], strike);
    }
}

/// Turns `min(F′, K)` into the time value.
#[inline(always)]
fn times_ratio<const FMA: bool>(x: &[f64], s: &[f64], time_value: &mut [f64]) {
    for ((time_value, x), s) in time_value.iter_mut().zip(x).zip(s) {
        *time_value *= time_value_ratio::<FMA>(*x, *s);
    }
}

/// `scale·(V′ − V)` or, in coin, `scale·(V′/g − V)`, with `V′ = (±(g·F − K))⁺ + time value`. The last
/// column is the unshocked state, so it holds `V`.
#[inline(always)]
fn profits<const IN_COIN: bool, const SIGN: i8>(
    option: &mut OptionRow<'_>,
    time_values: &[f64],
    shocks: &Shocks,
) {
    let sign = f64::from(SIGN);
    let (forward, strike, scale) = (option.forward, option.strike, option.scale);
    let intrinsic = |forward: f64| larger(sign * (forward - strike), 0.0);
    let value = intrinsic(forward) + time_values.last().copied().unwrap_or_default();
    let columns = time_values.len();
    let (growth, per_growth) = (&shocks.growth[..columns], &shocks.per_growth[..columns]);
    let row = &mut option.row[..columns];
    for i in 0..columns {
        let shocked = intrinsic(forward * growth[i]) + time_values[i];
        let shocked = if IN_COIN { shocked * per_growth[i] } else { shocked };
        row[i] = scale * (shocked - value);
    }
}

/// `max` as one instruction; `b` where `a` is NaN.
#[inline(always)]
fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// `min` as one instruction; `b` where `a` is NaN.
#[inline(always)]
fn smaller(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}
