//! Contracts: futures and physicals, then the options on them.

use plimsoll_model::OptionType;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::span::SpanContract;

use super::super::contract_name;
use super::Reading;
use super::elements::{Array, Exchange, ExchangeItem, ProductFamily, ScanRate, Underlying};

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

impl Reading {
    pub(super) fn futures(&mut self, exchange: &Exchange) -> Result<(), InputError> {
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

    pub(super) fn options(&mut self, exchange: &Exchange) -> Result<(), InputError> {
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

fn option_type(text: &str, family: &ProductFamily, period: &str) -> Result<OptionType, InputError> {
    text.trim().parse().map_err(|why| {
        let message = format!("{} {period}: {why}", family.pf_code.trim());
        InputError::new(InputCode::Malformed, message)
    })
}
