//! Spreads: what they charge within a commodity, near delivery, and what they earn between
//! commodities. Each consumes the deltas it is made of.

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::span::{
    DeliveryMonth, DeliverySides, InterLeg, InterMethod, InterSpread, IntraSpread, PeriodRange,
    SpanCommodity, SpanParameters, SpreadRounding, SpreadSide, tier_periods,
};

use super::chain::{CommodityRisk, Line, commodity, total};
use super::deltas::{Deltas, direction};

/// A spread between commodities that was formed.
#[derive(Clone, Debug, PartialEq)]
pub struct FormedSpread {
    /// Its priority.
    pub priority: u32,
    /// How many.
    pub number: f64,
    /// Commodity and credit of every leg.
    pub credits: Vec<(String, f64)>,
}

fn rounded(number: f64, rounding: SpreadRounding) -> f64 {
    match rounding {
        SpreadRounding::None => number,
        SpreadRounding::Down => number.floor(),
    }
}

/// Whether deltas of both signs are left.
pub fn spreads_would_form(deltas: &Deltas) -> bool {
    let all = PeriodRange::default();
    deltas.left(&all, 1.0) > 0.0 && deltas.left(&all, -1.0) > 0.0
}

/// Step 5: number and charge of the spreads within a commodity, whose deltas are consumed.
///
/// Spreads of single periods come before spreads of tiers, then by priority; each is formed with
/// side A long and then with side B long, as often as its scarcest leg allows.
pub fn intra_charge(
    commodity: &SpanCommodity,
    rounding: SpreadRounding,
    deltas: &mut Deltas,
) -> Result<(f64, f64), InputError> {
    let mut spreads: Vec<&IntraSpread> = commodity.intra_spreads.iter().collect();
    let of_tiers = |spread: &IntraSpread| spread.legs.iter().all(|leg| leg.period.is_none());
    spreads.sort_by_key(|spread| (of_tiers(spread), spread.priority));
    let (mut count, mut charge) = (0.0, 0.0);
    for spread in spreads {
        let pools = pools(commodity, spread)?;
        for long_side in [SpreadSide::A, SpreadSide::B] {
            let often = |(range, side, ratio): &(PeriodRange, SpreadSide, f64)| {
                deltas.left(range, direction(*side, long_side)) / ratio
            };
            let number = rounded(pools.iter().map(often).fold(f64::INFINITY, f64::min), rounding);
            if number > 0.0 && number.is_finite() {
                count += number;
                charge += number * spread.rate;
                for (range, side, ratio) in &pools {
                    deltas.consume(range, direction(*side, long_side), number * ratio);
                }
            }
        }
    }
    Ok((count, charge))
}

/// The legs of a spread; legs that draw on the same deltas are one leg with the sum of their ratios.
fn pools(
    commodity: &SpanCommodity,
    spread: &IntraSpread,
) -> Result<Vec<(PeriodRange, SpreadSide, f64)>, InputError> {
    let mut pools: Vec<(PeriodRange, SpreadSide, f64)> = Vec::new();
    for leg in &spread.legs {
        let range = match &leg.period {
            Some(period) => PeriodRange::only(period),
            None => tier_periods(&commodity.intra_tiers, leg.tier)?,
        };
        let same = pools.iter_mut().find(|(known, side, _)| *known == range && *side == leg.side);
        match same {
            Some((_, _, ratio)) => *ratio += leg.ratio,
            None => pools.push((range, leg.side, leg.ratio)),
        }
    }
    Ok(pools)
}

/// Step 6: `Σ_months |delta consumed by spreads|·consumed_rate + |delta left|·outright_rate`.
pub fn delivery_charge(commodity: &SpanCommodity, deltas: &Deltas) -> f64 {
    let charge = |month: &DeliveryMonth| {
        let counts = |start: f64| match month.sides {
            DeliverySides::Both => true,
            DeliverySides::Long => start > 0.0,
            DeliverySides::Short => start < 0.0,
        };
        let (consumed, left) = deltas.split(&PeriodRange::only(&month.period), counts);
        consumed * month.consumed_rate + left * month.outright_rate
    };
    total(commodity.delivery.iter().map(charge))
}

/// Step 7: credits for spreads between commodities on the net delta left, in order of priority; for
/// super spreads the price risk of one delta is capped at scan risk/|net delta|.
pub fn credit_spreads(
    parameters: &SpanParameters,
    super_spreads: bool,
    risks: &mut BTreeMap<String, CommodityRisk>,
    formed: &mut Vec<FormedSpread>,
) -> Result<(), InputError> {
    let mut spreads: Vec<&InterSpread> = parameters
        .inter_spreads
        .iter()
        .filter(|spread| spread.super_spread == super_spreads)
        .filter(|spread| spread.method != InterMethod::Scanning)
        .collect();
    spreads.sort_by_key(|spread| spread.priority);
    for spread in spreads {
        if spread.legs.iter().any(|leg| !risks.contains_key(&leg.commodity)) {
            continue;
        }
        let mut ranges = Vec::with_capacity(spread.legs.len());
        for leg in &spread.legs {
            let tiers = &commodity(parameters, &leg.commodity)?.inter_tiers;
            ranges.push(tier_periods(tiers, leg.tier)?);
        }
        for long_side in [SpreadSide::A, SpreadSide::B] {
            let often = spread.legs.iter().zip(&ranges).map(|(leg, range)| {
                let left =
                    risks.get(&leg.commodity).map_or(0.0, |risk| risk.deltas.net_left(range));
                direction(leg.side, long_side) * left / leg.ratio
            });
            let number = often.fold(f64::INFINITY, f64::min);
            let number = rounded(number, parameters.rounding.spreads);
            if number > 0.0 && number.is_finite() {
                formed.push(form(spread, &ranges, long_side, number, risks));
            }
        }
    }
    Ok(())
}

fn form(
    spread: &InterSpread,
    ranges: &[PeriodRange],
    long_side: SpreadSide,
    number: f64,
    risks: &mut BTreeMap<String, CommodityRisk>,
) -> FormedSpread {
    let mut credits = Vec::with_capacity(spread.legs.len());
    for (leg, range) in spread.legs.iter().zip(ranges) {
        let Some(risk) = risks.get_mut(&leg.commodity) else { continue };
        let rate = leg.rate.unwrap_or(spread.rate);
        let credit = match spread.method {
            InterMethod::Flat => number * rate,
            _ => number * leg.ratio * risk.price_risk_of_a_delta(spread.super_spread) * rate,
        };
        risk.inter_credit += credit;
        risk.deltas.consume(range, direction(leg.side, long_side), number * leg.ratio);
        credits.push((leg.commodity.clone(), credit));
    }
    FormedSpread { priority: spread.priority, number, credits }
}

/// Scanning-based spreads: where every required leg is held, the share `rate` of each leg's lines
/// moves to the target commodity, their deltas times the leg's ratio; the rest stays.
pub fn add_scanning_spreads(
    parameters: &SpanParameters,
    risks: &mut BTreeMap<String, CommodityRisk>,
) -> Result<(), InputError> {
    let mut spreads: Vec<&InterSpread> = parameters
        .inter_spreads
        .iter()
        .filter(|spread| spread.method == InterMethod::Scanning)
        .collect();
    spreads.sort_by_key(|spread| spread.priority);
    for spread in spreads {
        let Some(target) = &spread.target else { continue };
        let missing = |leg: &&InterLeg| {
            leg.required && risks.get(&leg.commodity).is_none_or(|risk| risk.lines.is_empty())
        };
        if spread.legs.iter().any(|leg| missing(&leg)) {
            continue;
        }
        for leg in spread.legs.iter().filter(|leg| leg.commodity != *target) {
            let (from, to) = (commodity(parameters, &leg.commodity), commodity(parameters, target));
            if from?.currency != to?.currency {
                let message = format!("{} and {target} have two currencies", leg.commodity);
                return Err(InputError::new(InputCode::Unsupported, message));
            }
            let Some(risk) = risks.get_mut(&leg.commodity) else { continue };
            let share = leg.rate.unwrap_or(spread.rate);
            let moved: Vec<Line> =
                risk.lines.iter().map(|line| line.scaled(share, share * leg.ratio)).collect();
            risk.lines = risk.lines.iter().map(|l| l.scaled(1.0 - share, 1.0 - share)).collect();
            let range = risk.scan_range_per_delta / leg.ratio;
            let receiver = risks.entry(target.clone()).or_default();
            receiver.lines.extend(moved);
            receiver.narrow_range(range);
        }
    }
    Ok(())
}
