//! Commodities and the spreads between them.

use plimsoll_model::Asset;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::span::{
    DeliveryMonth, DeliverySides, InterLeg, InterMethod, InterSpread, IntraLeg, IntraSpread,
    PeriodRange, PriceRiskMethod, ShortOptionMethod, ShortOptionTier, SpanCommodity, SpanTier,
    SpreadSide,
};

use super::elements::{CommodityDef, Leg, Spread, SpreadItem, SpreadList, Tier};
use super::{Link, Reading};

impl Reading {
    pub(super) fn commodity(&mut self, definition: CommodityDef) -> Result<(), InputError> {
        let code = definition.cc.trim().to_owned();
        let mut unsupported = Vec::new();
        let price_risk_method = method(
            &mut unsupported,
            "wfprMeth",
            &definition.wfpr_meth,
            &[
                ("NORMAL", PriceRiskMethod::PerDelta),
                ("CAPPED", PriceRiskMethod::PerDeltaCapped),
                ("SCANRANGE", PriceRiskMethod::ScanRange),
            ],
        );
        let short_option_method = method(
            &mut unsupported,
            "somMeth",
            &definition.som_meth,
            &[
                ("GROSS", ShortOptionMethod::CallsAndPuts),
                ("MAX", ShortOptionMethod::LargerOfCallsAndPuts),
            ],
        );
        for link in &definition.links {
            let key = (link.pf_type.trim().to_owned(), link.pf_id.trim().to_owned());
            let delta_method = link.oop_delta_meth.as_deref().map_or("PERIOD", str::trim);
            let odd = delta_method != "PERIOD";
            self.links.insert(
                key,
                Link {
                    commodity: code.clone(),
                    scale: link.sc,
                    unsupported: odd.then(|| format!("oopDeltaMeth `{delta_method}`")),
                },
            );
        }
        if !definition.spot_rates.is_empty() {
            let known = [("NORMAL", DeliverySides::Both)];
            method(&mut unsupported, "spotMeth", &definition.spot_meth, &known);
        }
        let ratios = definition.adj_rates.iter().map(|rate| rate.val);
        let delivery = definition.spot_rates.iter().map(|rate| DeliveryMonth {
            period: rate.pe.trim().to_owned(),
            consumed_rate: rate.sprd,
            outright_rate: rate.outr,
            sides: DeliverySides::Both,
        });
        let commodity = SpanCommodity {
            name: definition.name.map(|name| name.trim().to_owned()),
            currency: Asset::new(definition.currency.trim()),
            ranges: None,
            price_risk_method,
            intra_tiers: tiers(&definition.intra_tiers.tier, &mut unsupported),
            inter_tiers: tiers(&definition.inter_tiers.tier, &mut unsupported),
            intra_spreads: intra_spreads(&definition.spreads, &mut unsupported),
            delivery: delivery.collect(),
            short_option_method,
            short_option_rate: 0.0,
            short_option_tiers: short_option_tiers(&definition.som_tiers.tier),
            option_value_capped: definition.cap_anov.is_some_and(|flag| flag.trim() == "1"),
            // The level that arrays are scaled to is 1: above it initial margin, below it
            // maintenance. Of several account types the highest.
            initial_ratio: ratios.clone().filter(|ratio| *ratio > 1.0).fold(1.0, f64::max),
            maintenance_ratio: highest_below_one(ratios),
            intra_spreads_unread: false,
            unsupported,
        };
        if self.imported.parameters.commodities.insert(code.clone(), commodity).is_some() {
            let message = format!("commodity `{code}` is defined twice");
            return Err(InputError::new(InputCode::Duplicate, message));
        }
        Ok(())
    }

    /// Spreads that earn a credit: one that cannot be read is left out and told.
    pub(super) fn inter_spreads(&mut self, list: SpreadList, super_spread: bool) {
        for item in list.items {
            let SpreadItem::Delta(spread) = item else {
                let message = "a spread that is not delta-based is left out: it earns no credit";
                self.imported.warnings.push(message.to_owned());
                continue;
            };
            let method = match spread.charge_meth.trim() {
                "W" => InterMethod::PriceRisk,
                "F" => InterMethod::Flat,
                other => {
                    self.imported.warnings.push(format!(
                        "spread {} has chargeMeth `{other}`: left out, it earns no credit",
                        spread.spread
                    ));
                    continue;
                }
            };
            let leg = |leg: Leg| match leg {
                Leg::Tier(leg) => Some(InterLeg {
                    commodity: leg.cc.trim().to_owned(),
                    tier: Some(leg.tn).filter(|tier| *tier != 0),
                    side: side(&leg.rs)?,
                    ratio: leg.i,
                    rate: None,
                    required: true,
                }),
                _ => None,
            };
            let legs: Option<Vec<InterLeg>> = spread.legs().map(leg).collect();
            match (legs, spread.rates().next()) {
                (Some(legs), Some(rate)) if !legs.is_empty() => {
                    self.imported.parameters.inter_spreads.push(InterSpread {
                        priority: spread.spread,
                        method,
                        rate,
                        super_spread,
                        target: None,
                        legs,
                    });
                }
                _ => self.imported.warnings.push(format!(
                    "spread {} has legs that are not tiers, or no rate: left out, no credit",
                    spread.spread
                )),
            }
        }
    }
}

/// The method that a word stands for; an unknown word is noted and the first method taken.
fn method<T: Copy + Default>(
    unsupported: &mut Vec<String>,
    element: &str,
    stated: &str,
    known: &[(&str, T)],
) -> T {
    let stated = stated.trim();
    let found = known.iter().find(|(word, _)| *word == stated).map(|(_, method)| *method);
    found.unwrap_or_else(|| {
        unsupported.push(format!("{element} `{stated}`"));
        T::default()
    })
}

fn highest_below_one(ratios: impl Iterator<Item = f64>) -> f64 {
    let highest = ratios.filter(|ratio| *ratio < 1.0).fold(f64::NEG_INFINITY, f64::max);
    if highest.is_finite() { highest } else { 1.0 }
}

fn periods(tier: &Tier) -> PeriodRange {
    let bound = |text: &Option<String>| {
        let text = text.as_deref().map(str::trim).filter(|text| !text.is_empty());
        text.map(str::to_owned)
    };
    PeriodRange { start: bound(&tier.s_pe), end: bound(&tier.e_pe) }
}

fn tiers(tiers: &[Tier], unsupported: &mut Vec<String>) -> Vec<SpanTier> {
    let tier = |tier: &Tier| {
        let periods = periods(tier);
        if tier.tn != 0 && periods == PeriodRange::default() {
            unsupported.push(format!("tier {} without periods", tier.tn));
        }
        SpanTier { number: tier.tn, periods }
    };
    tiers.iter().map(tier).collect()
}

fn short_option_tiers(tiers: &[Tier]) -> Vec<ShortOptionTier> {
    let tier = |tier: &Tier| {
        let rate = tier.rate.first()?.val;
        Some(ShortOptionTier { periods: periods(tier), rate })
    };
    tiers.iter().filter_map(tier).collect()
}

fn intra_spreads(spreads: &[Spread], unsupported: &mut Vec<String>) -> Vec<IntraSpread> {
    let leg = |leg: Leg| match leg {
        Leg::Tier(leg) => Some(IntraLeg {
            tier: Some(leg.tn).filter(|tier| *tier != 0),
            period: None,
            side: side(&leg.rs)?,
            ratio: leg.i,
        }),
        Leg::Period(leg) => Some(IntraLeg {
            tier: None,
            period: Some(leg.pe.trim().to_owned()),
            side: side(&leg.rs)?,
            ratio: leg.i,
        }),
        Leg::Scanning => None,
    };
    let mut read = Vec::with_capacity(spreads.len());
    for spread in spreads {
        let legs: Option<Vec<IntraLeg>> = spread.legs().map(leg).collect();
        match (spread.charge_meth.trim(), legs, spread.rates().next()) {
            ("F", Some(legs), Some(rate)) => {
                read.push(IntraSpread { priority: spread.spread, rate, legs });
            }
            (other, _, _) => unsupported.push(format!(
                "spread {} within the commodity (chargeMeth `{other}`)",
                spread.spread
            )),
        }
    }
    read
}

fn side(text: &str) -> Option<SpreadSide> {
    match text.trim() {
        "A" => Some(SpreadSide::A),
        "B" => Some(SpreadSide::B),
        _ => None,
    }
}
