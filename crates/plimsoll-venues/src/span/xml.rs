//! XML files as they are written: elements to structures, then structures to parameters.

mod elements;

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::span::{
    CurrencyRate, DeliveryMonth, DeliverySides, InterLeg, InterMethod, InterSpread, IntraLeg,
    IntraSpread, PeriodRange, PriceRiskMethod, ShortOptionMethod, ShortOptionTier, SpanCommodity,
    SpanContract, SpanScenarios, SpanTier, SpreadSide,
};
use plimsoll_model::{Asset, OptionType};

use super::{ImportedSpan, check_size, contract_name, iso_date, text};
use elements::{
    Array, ClearingOrg, CommodityDef, Exchange, ExchangeItem, Leg, OrgItem, PointDef,
    ProductFamily, ScanRate, SpanFile, Spread, SpreadItem, SpreadList, Tier, Underlying,
};

/// Reads an XML risk-parameter file (`fileFormat` 4.00).
///
/// # Errors
/// `malformed` (not XML, an element missing or not a number; the error names the path),
/// `unsupported` (several points in time or clearing organisations, scan points that are not the
/// sixteen of SPAN), `duplicate` (a contract twice), `bad_parameter` (a value outside its bounds).
pub fn parse_xml(bytes: &[u8]) -> Result<ImportedSpan, InputError> {
    check_size(bytes)?;
    let text = text::decoded(bytes)?;
    let mut reader = quick_xml::de::Deserializer::from_str(&text);
    let file: SpanFile = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let at = error.path().to_string();
        let at = if at == "." { String::new() } else { at };
        InputError::new(InputCode::Malformed, error.into_inner().to_string()).at(at)
    })?;
    let point = single(file.point_in_time, "pointInTime")?;
    let organisation = single(point.clearing_org, "clearingOrg")?;
    let mut reading = Reading::default();
    reading.imported.parameters.business_date = iso_date(&point.date);
    reading.organisation(organisation)?;
    reading.imported.parameters.check()?;
    Ok(reading.imported)
}

fn single<T>(items: Vec<T>, what: &str) -> Result<T, InputError> {
    let count = items.len();
    let mut items = items.into_iter();
    match (items.next(), count) {
        (Some(item), 1) => Ok(item),
        _ => {
            let message = format!("{count} elements `{what}`; files with exactly one are read");
            Err(InputError::new(InputCode::Unsupported, message))
        }
    }
}

/// Where the contracts of a product family belong.
struct Link {
    commodity: String,
    scale: f64,
    /// Why the deltas of its options cannot be placed.
    unsupported: Option<String>,
}

#[derive(Default)]
struct Reading {
    imported: ImportedSpan,
    /// By type and id of the product family.
    links: BTreeMap<(String, String), Link>,
    /// Period of a future or physical by ids of its family and its own.
    periods: BTreeMap<(String, String), String>,
    look_ahead_years: Option<f64>,
    /// Families that no commodity links.
    unlinked: BTreeSet<String>,
}

impl Reading {
    fn organisation(&mut self, organisation: ClearingOrg) -> Result<(), InputError> {
        let mut exchanges = Vec::new();
        let mut points = None;
        for item in organisation.items {
            match item {
                OrgItem::Code(code) => self.imported.parameters.clearing_organisation = code,
                OrgItem::LookAhead(years) => self.look_ahead_years = Some(years),
                OrgItem::Rate(rate) => self.imported.parameters.currency_rates.push(CurrencyRate {
                    from: Asset::new(rate.from.trim()),
                    to: Asset::new(rate.to.trim()),
                    rate: rate.factor,
                }),
                // Definitions after the first are for other levels of margin.
                OrgItem::Points(definition) if points.is_none() => points = Some(definition),
                OrgItem::Exchange(exchange) => exchanges.push(exchange),
                OrgItem::Commodity(definition) => self.commodity(*definition)?,
                OrgItem::InterSpreads(spreads) => self.inter_spreads(spreads, false),
                OrgItem::SuperSpreads(spreads) => self.inter_spreads(spreads, true),
                OrgItem::Points(_) | OrgItem::Other => {}
            }
        }
        if let Some(points) = points {
            self.imported.parameters.scenarios = Some(self.scenarios(&points)?);
        }
        // Futures first: options on them need their periods.
        for exchange in &exchanges {
            self.futures(exchange)?;
        }
        for exchange in &exchanges {
            self.options(exchange)?;
        }
        let unlinked = std::mem::take(&mut self.unlinked);
        self.imported.warnings.extend(
            unlinked.iter().map(|family| format!("{family} belongs to no commodity: left out")),
        );
        Ok(())
    }

    fn scenarios(&mut self, points: &PointDef) -> Result<SpanScenarios, InputError> {
        let unlike = |what: String| {
            let message = format!("pointDef: {what}, unlike SPAN's sixteen scenarios");
            Err(InputError::new(InputCode::Unsupported, message))
        };
        let [near @ .., up, down] = points.scan.as_slice() else {
            return unlike(format!("{} scan points", points.scan.len()));
        };
        // Thirds of the scan range; each move with vol up, then down.
        let moves = [0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0].map(|thirds| thirds / 3.0);
        let expected = moves.iter().flat_map(|price| [(*price, 1.0), (*price, -1.0)]);
        let close = |a: f64, b: f64| (a - b).abs() < 1e-6; // printed with six decimals
        for (point, (price, vol)) in near.iter().zip(expected) {
            let (has_price, has_vol) = (point.price.share(), point.vol.share());
            if !close(has_price, price) || !close(has_vol, vol) || !close(point.weight, 1.0) {
                return unlike(format!("point {} is ({has_price}, {has_vol})", point.point));
            }
        }
        let multiplier = up.price.share();
        if near.len() != 14
            || !close(down.price.share(), -multiplier)
            || !close(up.weight, down.weight)
            || !close(up.vol.share(), 0.0)
            || !close(down.vol.share(), 0.0)
        {
            return unlike(format!("{} scan points with other extreme moves", points.scan.len()));
        }
        let mut delta_weights = [0.0; 7];
        if points.delta.len() != delta_weights.len() {
            return unlike(format!("{} delta points", points.delta.len()));
        }
        let thirds = [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0];
        for ((weight, point), thirds) in delta_weights.iter_mut().zip(&points.delta).zip(thirds) {
            if !close(point.price.share(), thirds / 3.0) {
                return unlike(format!("delta point {} at {}", point.point, point.price.share()));
            }
            *weight = point.weight;
        }
        let look_ahead_days = self.look_ahead_years.map_or_else(
            || {
                self.imported.warnings.push("no look-ahead is stated: one day is taken".to_owned());
                1.0
            },
            |years| 365.0 * years,
        );
        Ok(SpanScenarios {
            extreme_multiplier: multiplier,
            extreme_cover: up.weight,
            look_ahead_days,
            delta_weights,
        })
    }

    fn commodity(&mut self, definition: CommodityDef) -> Result<(), InputError> {
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
    fn inter_spreads(&mut self, list: SpreadList, super_spread: bool) {
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

    fn futures(&mut self, exchange: &Exchange) -> Result<(), InputError> {
        for (product_type, family) in exchange.families() {
            for contract in family.phy.iter().chain(&family.fut) {
                let period = contract.pe.trim().to_owned();
                let ids = (family.pf_id.trim().to_owned(), contract.c_id.trim().to_owned());
                self.periods.insert(ids, period.clone());
                let factor = contract.cvf.filter(|factor| *factor > 0.0).or(family.cvf);
                self.add(Item {
                    exchange: exchange.code(),
                    product_type,
                    family,
                    period: period.clone(),
                    delta_period: period,
                    option: None,
                    price: contract.p,
                    value_factor: factor.unwrap_or(0.0),
                    scale: contract.sc.unwrap_or(1.0),
                    scan_rates: &contract.scan_rate,
                    arrays: &contract.ra,
                })?;
            }
        }
        Ok(())
    }

    fn options(&mut self, exchange: &Exchange) -> Result<(), InputError> {
        for (product_type, family) in exchange.families() {
            for series in &family.series {
                let period = series.pe.trim().to_owned();
                let delta_period = match product_type {
                    // An option on a future has its delta in the future's period.
                    "OOF" => self.underlying_period(series.und_c.as_ref(), family, &period)?,
                    _ => period.clone(),
                };
                let factor = series.cvf.filter(|factor| *factor > 0.0).or(family.cvf);
                for option in &series.opt {
                    let option_type = option_type(&option.o, family, &period)?;
                    self.add(Item {
                        exchange: exchange.code(),
                        product_type,
                        family,
                        period: period.clone(),
                        delta_period: delta_period.clone(),
                        option: Some((option_type, option.k)),
                        price: option.p,
                        value_factor: factor.unwrap_or(0.0),
                        scale: series.sc.unwrap_or(1.0),
                        scan_rates: &series.scan_rate,
                        arrays: &option.ra,
                    })?;
                }
            }
        }
        Ok(())
    }

    fn underlying_period(
        &self,
        underlying: Option<&Underlying>,
        family: &ProductFamily,
        period: &str,
    ) -> Result<String, InputError> {
        let key = underlying.map(|u| (u.pf_id.trim().to_owned(), u.c_id.trim().to_owned()));
        let found = key.and_then(|key| self.periods.get(&key).cloned());
        found.ok_or_else(|| {
            let code = family.pf_code.trim();
            let message =
                format!("{code}: the future under the series {period} is not in the file");
            InputError::new(InputCode::Missing, message)
        })
    }

    fn add(&mut self, item: Item) -> Result<(), InputError> {
        let family = item.family;
        let key = (item.product_type.to_owned(), family.pf_id.trim().to_owned());
        let Some(link) = self.links.get(&key) else {
            let family = family.pf_code.trim();
            self.unlinked.insert(format!("{} {family} {}", item.exchange, item.product_type));
            return Ok(());
        };
        let code = family.pf_code.trim();
        let name = contract_name(item.exchange, code, item.product_type, &item.period, item.option);
        let array = item.arrays.first().ok_or_else(|| missing(&name, "ra"))?;
        let array_values = <[f64; 16]>::try_from(array.a.as_slice()).map_err(|_| {
            let message = format!("{name}: {} array values instead of 16", array.a.len());
            InputError::new(InputCode::Malformed, message)
        })?;
        let commodities = &mut self.imported.parameters.commodities;
        if let Some(commodity) = commodities.get_mut(&link.commodity) {
            let own =
                item.option.and(link.unsupported.clone()).filter(|_| item.product_type == "OOP");
            let odd = match family.value_meth.trim() {
                "EQTY" | "FUT" => None,
                other => Some(format!("valueMeth `{other}`")),
            };
            for what in own.into_iter().chain(odd) {
                if !commodity.unsupported.contains(&what) {
                    commodity.unsupported.push(what);
                }
            }
        }
        let moved = item.delta_period != item.period;
        let contract = SpanContract {
            commodity: link.commodity.clone(),
            option_type: item.option.map(|(option_type, _)| option_type),
            strike: item.option.map(|(_, strike)| strike),
            period: item.delta_period,
            option_period: moved.then_some(item.period),
            price: item.price,
            value_factor: item.value_factor,
            premium_paid: family.value_meth.trim() == "EQTY",
            price_scan_range: item.scan_rates.first().map_or(0.0, |rate| rate.price_scan),
            delta: array.d,
            delta_scale: item.scale * link.scale,
            array: array_values,
        };
        if self.imported.parameters.contracts.insert(name.clone(), contract).is_some() {
            let message = format!("contract `{name}` stands twice in the file");
            return Err(InputError::new(InputCode::Duplicate, message));
        }
        Ok(())
    }
}

/// A contract as the file has it.
struct Item<'a> {
    exchange: &'a str,
    product_type: &'a str,
    family: &'a ProductFamily,
    period: String,
    delta_period: String,
    option: Option<(OptionType, f64)>,
    price: f64,
    value_factor: f64,
    scale: f64,
    scan_rates: &'a [ScanRate],
    arrays: &'a [Array],
}

impl Exchange {
    fn code(&self) -> &str {
        let code = |item: &'_ ExchangeItem| matches!(item, ExchangeItem::Code(_));
        match self.items.iter().find(|item| code(item)) {
            Some(ExchangeItem::Code(code)) => code.trim(),
            _ => "",
        }
    }

    fn families(&self) -> impl Iterator<Item = (&'static str, &ProductFamily)> {
        self.items.iter().filter_map(|item| match item {
            ExchangeItem::Physical(family) => Some(("PHY", family)),
            ExchangeItem::Future(family) => Some(("FUT", family)),
            ExchangeItem::OptionOnPhysical(family) => Some(("OOP", family)),
            ExchangeItem::OptionOnFuture(family) => Some(("OOF", family)),
            ExchangeItem::Code(_) | ExchangeItem::Other => None,
        })
    }
}

fn missing(name: &str, element: &str) -> InputError {
    InputError::new(InputCode::Missing, format!("{name}: no element `{element}`"))
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

fn option_type(text: &str, family: &ProductFamily, period: &str) -> Result<OptionType, InputError> {
    text.trim().parse().map_err(|why| {
        let message = format!("{} {period}: {why}", family.pf_code.trim());
        InputError::new(InputCode::Malformed, message)
    })
}
