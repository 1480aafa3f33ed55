//! Risk arrays and composite deltas by full revaluation, from price and vol scan ranges.
//!
//! ```text
//! array_i = −cover_i·(V(P + p_i·PSR, σ + v_i·VSR, τ − look-ahead) − V(P, σ, τ))
//! delta   = Σ_j w_j·∂V/∂P(P + p_j·PSR, σ, τ − look-ahead),  p_j = −1, −2/3, …, 1
//! ```
//!
//! `P` is each contract's own price: the mark of a future, the forward of an option's expiry. An
//! absolute range moves all of them by the same amount, a relative one by the same share.

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::span::{
    DELTA_POINTS, RangeUnit, SCENARIOS, SpanCommodity, SpanContract, SpanParameters, SpanRanges,
    SpanScenarios,
};
use plimsoll_model::{InstrumentId, Kind, Market};
use plimsoll_pricing::{Black76, contract};
use plimsoll_risk::{Measure, RiskArray, Scenario, ScenarioSet, ShockUnit, VolMove, VolShocks};

/// A price does not fall below a thousandth of itself, however many scan ranges it is moved.
const LEAST_MOVE: f64 = -0.999;

/// Price moves of scenarios 1, 3, …, 13 in thirds of the scan range; each has vol up, then down.
const THIRDS: [f64; 7] = [0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0];

/// The period of what has no expiry; it sorts before every date.
pub const NO_EXPIRY: &str = "00000000";

/// The 16 scenarios for a price scan range that is `range` of the price.
pub fn scenarios(definition: &SpanScenarios, range: f64) -> Vec<Scenario> {
    let state = |shares: f64, vol_move, weight| Scenario {
        spot_move: (shares * range).max(LEAST_MOVE),
        vol_move,
        days: definition.look_ahead_days,
        weight,
        tail: vol_move == VolMove::Unchanged,
    };
    let near = THIRDS.iter().flat_map(|thirds| {
        [VolMove::Up, VolMove::Down].map(|vol_move| state(thirds / 3.0, vol_move, 1.0))
    });
    let far = [1.0, -1.0].map(|sign| {
        let shares = sign * definition.extreme_multiplier;
        state(shares, VolMove::Unchanged, definition.extreme_cover)
    });
    near.chain(far).collect()
}

/// The price scan range as a share of a price.
pub fn range_share(ranges: &SpanRanges, price: f64) -> f64 {
    match ranges.price_unit {
        RangeUnit::Absolute => ranges.price / price,
        RangeUnit::Relative => ranges.price,
    }
}

/// One contract of a listing with array, delta and value in USD; its commodity is the one named like
/// its coin.
///
/// # Errors
/// `unsupported` for a coin without a commodity, `bad_parameter` where its parameters lack ranges,
/// and whatever keeps the instrument from being valued.
pub fn contract(
    parameters: &SpanParameters,
    model: &str,
    market: &Market,
    id: InstrumentId,
) -> Result<SpanContract, InputError> {
    let instrument = &market.listing(id).instrument;
    let code = instrument.underlying.as_str();
    let commodity = parameters.commodities.get(code).ok_or_else(|| {
        let known: Vec<&str> = parameters.commodities.keys().map(String::as_str).collect();
        let message = format!("{model} has no parameters for {code}");
        InputError::new(InputCode::Unsupported, message)
            .hint(format!("it has {}", known.join(", ")))
    })?;
    let (ranges, definition) = ranges(parameters, commodity, code)?;
    let price = market.reference_price(id)?;
    let usd = contract::settlement_price_usd(market, id)?;
    let base = contract::base_per_contract(market, id)?;
    let share = range_share(ranges, price);
    let (option_type, strike) = match instrument.kind {
        Kind::Option { strike, option_type, .. } => (Some(option_type), Some(strike)),
        _ => (None, None),
    };
    // USD that one contract gains when its price rises by all of itself, were it linear.
    let notional_usd = match instrument.settlement() {
        plimsoll_model::Settlement::Quote => base * price * usd,
        plimsoll_model::Settlement::Coin => base * usd,
    };
    let delta = match option_type {
        None => 1.0,
        Some(_) => composite_delta(&contract::option_inputs(market, id)?, definition, share),
    };
    let rounding = parameters.rounding;
    Ok(SpanContract {
        commodity: code.to_owned(),
        option_type,
        strike,
        period: period(instrument.kind),
        option_period: None,
        price: contract::value(market, id)? * usd,
        value_factor: 1.0,
        premium_paid: matches!(instrument.kind, Kind::Option { .. } | Kind::Spot),
        price_scan_range: share * notional_usd,
        delta: rounded(delta, rounding.delta_decimals),
        delta_scale: base / ranges.coins_per_delta,
        array: array(market, id, definition, ranges, share)?
            .map(|loss| rounded(loss, rounding.array_decimals)),
    })
}

fn ranges<'a>(
    parameters: &'a SpanParameters,
    commodity: &'a SpanCommodity,
    code: &str,
) -> Result<(&'a SpanRanges, &'a SpanScenarios), InputError> {
    if commodity.currency.as_str() != "USD" {
        let message = format!("{code}: arrays are made in USD, not in {}", commodity.currency);
        return Err(InputError::new(InputCode::BadParameter, message));
    }
    commodity.ranges.as_ref().zip(parameters.scenarios.as_ref()).ok_or_else(|| {
        let message = format!("{code}: neither an array nor ranges and scenarios to make one from");
        InputError::new(InputCode::BadParameter, message)
    })
}

fn array(
    market: &Market,
    id: InstrumentId,
    definition: &SpanScenarios,
    ranges: &SpanRanges,
    share: f64,
) -> Result<[f64; SCENARIOS], InputError> {
    let unit = match ranges.vol_unit {
        RangeUnit::Absolute => ShockUnit::Points,
        RangeUnit::Relative => ShockUnit::Relative,
    };
    let vol = VolShocks { unit, up: ranges.vol, down: ranges.vol, min_up_vol: 0.0, tenor: None };
    let set = ScenarioSet { scenarios: scenarios(definition, share), vol };
    let priced = RiskArray::price(market, [id], &set, Measure::Usd)?;
    let mut array = [0.0; SCENARIOS];
    let gains = priced.row(id).unwrap_or_default().iter();
    for ((loss, gain), scenario) in array.iter_mut().zip(gains).zip(priced.scenarios()) {
        *loss = 0.0 - scenario.weight * gain;
    }
    Ok(array)
}

/// The composite delta per coin: deltas at seven prices after the look-ahead, vol unchanged.
pub fn composite_delta(option: &Black76, definition: &SpanScenarios, share: f64) -> f64 {
    let tau_years = (option.tau_years - definition.look_ahead_days / 365.0).max(0.0);
    let moves: [f64; DELTA_POINTS] = [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0];
    let weighted = moves.iter().zip(definition.delta_weights).map(|(thirds, weight)| {
        let growth = 1.0 + (thirds / 3.0 * share).max(LEAST_MOVE);
        let moved = Black76 { forward: option.forward * growth, tau_years, ..*option };
        weight * moved.greeks().delta
    });
    weighted.sum()
}

/// `YYYYMMDD` of the expiry.
fn period(kind: Kind) -> String {
    match kind {
        Kind::Future { expiry } | Kind::Option { expiry, .. } => {
            let (year, month, day) = expiry.date_utc();
            format!("{year:04}{month:02}{day:02}")
        }
        Kind::Spot | Kind::Perpetual => NO_EXPIRY.to_owned(),
    }
}

/// To so many decimals, halves away from zero.
fn rounded(value: f64, decimals: Option<u32>) -> f64 {
    let Some(decimals) = decimals else { return value };
    // Powers of ten up to 10^12 are exact.
    let scale = 10_u64.pow(decimals.min(12)) as f64;
    (value * scale).round() / scale
}
