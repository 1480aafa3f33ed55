//! From positions with risk arrays to SPAN risk: the steps of the calculation, one function each.
//!
//! Money is in each commodity's own currency. Scenarios are numbered 1 to 16 as SPAN numbers them.

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::span::{
    PriceRiskMethod, SCENARIOS, ShortOptionMethod, SpanCommodity, SpanContract, SpanParameters,
};
use plimsoll_model::{Asset, OptionType};

use super::deltas::Deltas;
use super::spreads::{
    FormedSpread, add_scanning_spreads, credit_spreads, delivery_charge, intra_charge,
    spreads_would_form,
};

/// So many contracts (signed) of one kind.
#[derive(Clone, Copy, Debug)]
pub struct SpanPosition<'a> {
    /// What is held.
    pub contract: &'a SpanContract,
    /// Contracts, signed.
    pub quantity: f64,
}

/// SPAN risk of a portfolio.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpanMargin {
    /// By commodity code.
    pub commodities: BTreeMap<String, CommodityRisk>,
    /// Spreads between commodities that were formed.
    pub inter_spreads: Vec<FormedSpread>,
}

/// SPAN risk of one commodity with its workings, in the commodity's currency.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CommodityRisk {
    /// Loss in every scenario.
    pub losses: [f64; SCENARIOS],
    /// Steps 1 to 3.
    pub scan: ScanRisk,
    /// Deltas by period, as spreads have left them.
    pub deltas: Deltas,
    /// Step 4: price risk of one delta.
    pub weighted_price_risk: f64,
    /// Step 5: spreads formed within the commodity.
    pub intra_spreads: f64,
    /// Step 5: their charge.
    pub intra_charge: f64,
    /// Step 6: charge on months near delivery.
    pub delivery_charge: f64,
    /// Step 7: credit for spreads with other commodities.
    pub inter_credit: f64,
    /// Step 8: short-option minimum.
    pub short_option_minimum: f64,
    /// Step 9: `max(scan + intra + delivery − credit, short-option minimum)`.
    pub risk: f64,
    /// Step 10: value of long minus short options whose premium is paid up front.
    pub net_option_value: f64,
    /// What each position brings to the losses and deltas.
    pub lines: Vec<Line>,
    /// Position and its part of the short-option minimum.
    pub short_options: Vec<(usize, f64)>,
    /// Smallest price scan range of one delta among what is held; 0 where none is stated.
    pub scan_range_per_delta: f64,
}

/// Steps 1 to 3.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ScanRisk {
    /// `max(0, max_i loss_i)`.
    pub risk: f64,
    /// The first scenario with the largest loss, from 1.
    pub active: usize,
    /// The scenario with the same price move and the opposite vol move.
    pub paired: usize,
    /// `(loss₁ + loss₂)/2`.
    pub time_risk: f64,
    /// `(loss_active + loss_paired)/2`.
    pub vol_adjusted: f64,
    /// `vol_adjusted − time_risk`: the futures price risk.
    pub price_risk: f64,
}

/// What one position brings to a commodity.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Which position, by its place in the input.
    pub position: usize,
    /// Its loss in every scenario.
    pub losses: [f64; SCENARIOS],
    /// The period in which its delta counts.
    pub period: String,
    /// Its delta.
    pub delta: f64,
}

/// SPAN risk of positions: every step for every commodity.
///
/// # Errors
/// `unsupported` for a commodity whose file asks for what cannot be done; `bad_parameter` for a
/// commodity or tier that the parameters do not define.
pub fn margin(
    parameters: &SpanParameters,
    positions: &[SpanPosition],
) -> Result<SpanMargin, InputError> {
    let mut risks = gather(parameters, positions)?;
    add_scanning_spreads(parameters, &mut risks)?;
    for (code, risk) in &mut risks {
        let commodity = commodity(parameters, code)?;
        risk.losses = losses(&risk.lines);
        risk.scan = scan_risk(&risk.losses);
        for line in &risk.lines {
            risk.deltas.add(&line.period, line.delta);
        }
        risk.weighted_price_risk = weighted_price_risk(
            commodity.price_risk_method,
            risk.scan.price_risk,
            risk.deltas.net(),
            risk.scan_range_per_delta,
        );
    }
    let rounding = parameters.rounding.spreads;
    let mut inter_spreads = Vec::new();
    credit_spreads(parameters, true, &mut risks, &mut inter_spreads)?;
    for (code, risk) in &mut risks {
        let commodity = commodity(parameters, code)?;
        if commodity.intra_spreads_unread && spreads_would_form(&risk.deltas) {
            let message = format!("{code}: the file's spreads within the commodity are not read");
            return Err(InputError::new(InputCode::Unsupported, message)
                .hint("add intra_spreads to the parameters by hand"));
        }
        (risk.intra_spreads, risk.intra_charge) =
            intra_charge(commodity, rounding, &mut risk.deltas)?;
        risk.delivery_charge = delivery_charge(commodity, &risk.deltas);
    }
    credit_spreads(parameters, false, &mut risks, &mut inter_spreads)?;
    for (code, risk) in &mut risks {
        let commodity = commodity(parameters, code)?;
        let own = |(_, position): &(usize, &SpanPosition)| position.contract.commodity == *code;
        let held: Vec<(usize, &SpanPosition)> = positions.iter().enumerate().filter(own).collect();
        risk.short_options = short_option_minimum(commodity, &held);
        risk.short_option_minimum = total(risk.short_options.iter().map(|(_, amount)| *amount));
        risk.risk = risk.before_minimum().max(risk.short_option_minimum);
        risk.net_option_value = total(held.iter().map(|(_, position)| option_value(position)));
    }
    Ok(SpanMargin { commodities: risks, inter_spreads })
}

/// A commodity of the parameters, or an error that names it.
pub fn commodity<'a>(
    parameters: &'a SpanParameters,
    code: &str,
) -> Result<&'a SpanCommodity, InputError> {
    parameters.commodities.get(code).ok_or_else(|| {
        let known: Vec<&str> = parameters.commodities.keys().map(String::as_str).collect();
        InputError::new(InputCode::BadParameter, format!("there is no commodity `{code}`"))
            .hint(format!("there are {}", known.join(", ")))
    })
}

/// One line per position, by commodity.
fn gather(
    parameters: &SpanParameters,
    positions: &[SpanPosition],
) -> Result<BTreeMap<String, CommodityRisk>, InputError> {
    let mut risks: BTreeMap<String, CommodityRisk> = BTreeMap::new();
    for (index, SpanPosition { contract, quantity }) in positions.iter().enumerate() {
        let code = &contract.commodity;
        if let Some(why) = commodity(parameters, code)?.unsupported.first() {
            let message = format!("{code}: its parameters need what is not supported: {why}");
            return Err(InputError::new(InputCode::Unsupported, message));
        }
        let risk = risks.entry(code.clone()).or_default();
        risk.narrow_range(contract.price_scan_range / contract.delta_scale.abs());
        risk.lines.push(Line {
            position: index,
            losses: contract.array.map(|loss| quantity * loss),
            period: contract.period.clone(),
            delta: quantity * contract.delta * contract.delta_scale,
        });
    }
    Ok(risks)
}

/// Step 1: losses of all lines, scenario by scenario.
pub fn losses(lines: &[Line]) -> [f64; SCENARIOS] {
    let mut sum = [0.0; SCENARIOS];
    for line in lines {
        for (sum, loss) in sum.iter_mut().zip(line.losses) {
            *sum += loss;
        }
    }
    sum
}

/// Steps 1 to 3: the scan, its active and paired scenario, time risk and futures price risk.
///
/// Scenarios 1 to 14 pair as 1↔2, 3↔4, …; 15 and 16 pair with themselves.
pub fn scan_risk(losses: &[f64; SCENARIOS]) -> ScanRisk {
    let mut active = 0;
    for (index, loss) in losses.iter().enumerate() {
        if *loss > losses[active] {
            active = index;
        }
    }
    let paired = if active < 14 { active ^ 1 } else { active };
    let time_risk = 0.5 * (losses[0] + losses[1]);
    let vol_adjusted = 0.5 * (losses[active] + losses[paired]);
    ScanRisk {
        risk: losses[active].max(0.0),
        active: active + 1,
        paired: paired + 1,
        time_risk,
        vol_adjusted,
        price_risk: vol_adjusted - time_risk,
    }
}

/// Step 4: price risk of one delta. Zero, so that no credit is given, where there is no price risk,
/// no net delta, or no scan range that the method needs.
pub fn weighted_price_risk(
    method: PriceRiskMethod,
    price_risk: f64,
    net_delta: f64,
    scan_range_per_delta: f64,
) -> f64 {
    if price_risk <= 0.0 || net_delta == 0.0 {
        return 0.0;
    }
    let per_delta = price_risk / net_delta.abs();
    match method {
        PriceRiskMethod::PerDelta => per_delta,
        PriceRiskMethod::PerDeltaCapped => per_delta.min(scan_range_per_delta),
        PriceRiskMethod::ScanRange => scan_range_per_delta,
    }
}

/// A sum from plain zero: that of nothing is not −0.
pub(super) fn total(terms: impl Iterator<Item = f64>) -> f64 {
    0.0 + terms.sum::<f64>()
}

/// Step 8: each short option's part of the minimum, by tier, as the method counts them.
pub fn short_option_minimum(
    commodity: &SpanCommodity,
    held: &[(usize, &SpanPosition)],
) -> Vec<(usize, f64)> {
    // Tier (its place; none is last), call or put → short options.
    let mut short: BTreeMap<(usize, OptionType), Vec<(usize, f64)>> = BTreeMap::new();
    for (index, position) in held {
        let contract = position.contract;
        let Some(option_type) = contract.option_type.filter(|_| position.quantity < 0.0) else {
            continue;
        };
        let tiers = &commodity.short_option_tiers;
        let tier = tiers.iter().position(|tier| tier.periods.holds(contract.own_period()));
        let count = -position.quantity * contract.delta_scale.abs();
        short.entry((tier.unwrap_or(tiers.len()), option_type)).or_default().push((*index, count));
    }
    let number = |tier: usize, option_type| {
        short.get(&(tier, option_type)).map_or(0.0, |all| all.iter().map(|(_, n)| n).sum::<f64>())
    };
    let mut parts = Vec::new();
    for ((tier, option_type), options) in &short {
        let counted = match commodity.short_option_method {
            ShortOptionMethod::CallsAndPuts => true,
            ShortOptionMethod::LargerOfCallsAndPuts => {
                let (calls, puts) =
                    (number(*tier, OptionType::Call), number(*tier, OptionType::Put));
                (*option_type == OptionType::Call) == (calls >= puts)
            }
        };
        if counted {
            let rate = commodity.short_option_tiers.get(*tier).map(|tier| tier.rate);
            let rate = rate.unwrap_or(commodity.short_option_rate);
            parts.extend(options.iter().map(|(index, count)| (*index, count * rate)));
        }
    }
    parts
}

/// Value of a position whose premium is paid up front; nothing for futures and futures-style options.
pub fn option_value(position: &SpanPosition) -> f64 {
    let contract = position.contract;
    if contract.premium_paid {
        position.quantity * contract.price * contract.value_factor
    } else {
        0.0
    }
}

impl Line {
    /// The same position's line with losses and delta multiplied.
    pub fn scaled(&self, share: f64, delta_share: f64) -> Self {
        Self {
            losses: self.losses.map(|loss| share * loss),
            delta: delta_share * self.delta,
            ..self.clone()
        }
    }
}

impl CommodityRisk {
    /// `scan + intra + delivery − credit`, before the short-option minimum.
    pub fn before_minimum(&self) -> f64 {
        self.scan.risk + self.intra_charge + self.delivery_charge - self.inter_credit
    }

    /// Lowers the scan range of a delta to `range`, if that states one.
    pub fn narrow_range(&mut self, range: f64) {
        if range > 0.0 && range.is_finite() {
            let known = self.scan_range_per_delta;
            self.scan_range_per_delta = if known > 0.0 { known.min(range) } else { range };
        }
    }

    /// Step 4 as a spread sees it: for super spreads at most scan risk/|net delta|.
    pub fn price_risk_of_a_delta(&self, super_spread: bool) -> f64 {
        let net = self.deltas.net().abs();
        if super_spread && net > 0.0 {
            self.weighted_price_risk.min(self.scan.risk / net)
        } else {
            self.weighted_price_risk
        }
    }

    /// Step 10: risk × ratio less the net option value that counts: all of it, or no more than the
    /// risk where the commodity caps it.
    pub fn requirement(&self, ratio: f64, capped: bool) -> f64 {
        let risk = ratio * self.risk;
        let value = self.net_option_value;
        risk - if capped { value.min(risk) } else { value }
    }
}

/// Initial and maintenance margin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SpanTotal {
    /// `max(0, Σ initial_ratio·risk − net option value)`.
    pub initial: f64,
    /// `max(0, Σ maintenance_ratio·risk − net option value)`.
    pub maintenance: f64,
}

impl SpanMargin {
    /// Step 10 over all commodities, in one currency.
    ///
    /// # Errors
    /// `missing` for a currency that the parameters cannot convert.
    pub fn total(
        &self,
        parameters: &SpanParameters,
        currency: &Asset,
    ) -> Result<SpanTotal, InputError> {
        let mut total = SpanTotal::default();
        for (code, risk) in &self.commodities {
            let commodity = commodity(parameters, code)?;
            let rate =
                parameters.currency_rate(&commodity.currency, currency).ok_or_else(|| {
                    let from = &commodity.currency;
                    let message = format!("{code}: no rate from {from} to {currency}");
                    InputError::new(InputCode::Missing, message)
                })?;
            let capped = commodity.option_value_capped;
            total.initial += rate * risk.requirement(commodity.initial_ratio, capped);
            total.maintenance += rate * risk.requirement(commodity.maintenance_ratio, capped);
        }
        Ok(SpanTotal { initial: total.initial.max(0.0), maintenance: total.maintenance.max(0.0) })
    }
}

#[cfg(test)]
mod tests;
