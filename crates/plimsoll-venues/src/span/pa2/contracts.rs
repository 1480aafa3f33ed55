//! Records of products and of arrays, put together to contracts at the end of the file.

use plimsoll_model::OptionType;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::span::{SCENARIOS, SpanContract, SpanScenarios};

use super::super::contract_name;
use super::{
    DELTA_WEIGHTS, HalfArray, Line, ProductInfo, RawContract, Records, SeriesInfo, power_of_ten,
    ten_to,
};

impl Records {
    pub(super) fn first_half(&mut self, line: Line, digits: usize) -> Result<(), InputError> {
        let values = line.signed_values(55, digits, 9)?;
        self.half = Some(HalfArray { key: line.key(3, 54), digits, values });
        Ok(())
    }

    pub(super) fn second_half(&mut self, line: Line, digits: usize) -> Result<(), InputError> {
        let first = self.half.take().filter(|half| half.digits == digits);
        let first = first.filter(|half| half.key == line.key(3, 54)).ok_or_else(|| {
            let message = "the first half of this array is not the record before it";
            InputError::new(InputCode::Malformed, message)
        })?;
        let mut values = [0.0; SCENARIOS];
        let both = first.values.into_iter().chain(line.signed_values(55, digits, 7)?);
        values.iter_mut().zip(both).for_each(|(value, read)| *value = read);
        let delta_at = 55 + 7 * (digits + 1);
        let price_at = delta_at + 14;
        let option_type = match line.text(29, 29) {
            "C" => Some(OptionType::Call),
            "P" => Some(OptionType::Put),
            _ => None,
        };
        let text = |from, to| line.text(from, to).to_owned();
        let product = (text(3, 5), text(6, 15), text(26, 28));
        let months = (line.joined(30, 37), line.joined(39, 46));
        self.raw.push(RawContract {
            line: line.number,
            series: (product, months.0, months.1),
            option_type,
            strike: line.number(48, 54)?.unwrap_or(0),
            values,
            delta: line.signed_decimal(delta_at, delta_at + 4, 4)?.unwrap_or(0.0),
            price: line.signed_decimal(price_at, price_at + 6, 0)?.unwrap_or(0.0),
        });
        Ok(())
    }

    pub(super) fn array_parameters(&mut self, line: Line) -> Result<(), InputError> {
        let text = |from, to| line.text(from, to).to_owned();
        let product = (text(3, 5), text(6, 15), text(16, 18));
        let series = (product, line.joined(19, 26), line.joined(28, 35));
        let scale = line.decimal(86, 91, 4)?.filter(|scale| *scale > 0.0);
        let info = SeriesInfo {
            price_scan_range: line.number(53, 57)?.unwrap_or(0),
            delta_scale: scale.unwrap_or(1.0),
        };
        self.series.insert(series, info);
        let (multiplier, cover) = (line.decimal(58, 62, 3)?, line.decimal(63, 67, 4)?);
        let (Some(extreme_multiplier), Some(extreme_cover)) = (multiplier, cover) else {
            return Ok(());
        };
        let known = self.imported.parameters.scenarios.get_or_insert(SpanScenarios {
            extreme_multiplier,
            extreme_cover,
            look_ahead_days: 1.0,
            delta_weights: DELTA_WEIGHTS,
        });
        if (known.extreme_multiplier, known.extreme_cover) != (extreme_multiplier, extreme_cover) {
            let message = format!(
                "line {}: extreme move of {extreme_multiplier} ranges at {extreme_cover}, elsewhere \
                 {} at {}; arrays are as the file has them",
                line.number, known.extreme_multiplier, known.extreme_cover
            );
            self.imported.warnings.push(message);
        }
        Ok(())
    }

    pub(super) fn product(&mut self, line: Line) -> Result<(), InputError> {
        let text = |from, to| line.text(from, to).to_owned();
        let key = (text(3, 5), text(6, 15), text(16, 18));
        let info = ProductInfo {
            price_decimals: line.integer(34, 36)?.unwrap_or(0),
            strike_decimals: line.integer(37, 39)?.unwrap_or(0),
            value_factor: line.decimal(42, 55, 7)?.unwrap_or(0.0),
            valuation: text(117, 121),
        };
        self.products.insert(key, info);
        Ok(())
    }

    pub(super) fn contract(&mut self, raw: &RawContract) -> Result<(), InputError> {
        let (product, future_period, option_period) = &raw.series;
        let (exchange, code, product_type) = product;
        let Some(scale) = self.scales.get(product) else {
            let message = format!("{code} {product_type} belongs to no commodity: no record 2");
            return Err(InputError::new(InputCode::Missing, message));
        };
        let info = self.products.get(product);
        let option = match (raw.option_type, info) {
            (None, _) => None,
            (Some(option_type), Some(info)) => {
                Some((option_type, raw.strike as f64 * power_of_ten(-info.strike_decimals)))
            }
            (Some(_), None) => {
                let message = format!("{code} {product_type}: no record P says how it is valued");
                return Err(InputError::new(InputCode::Missing, message));
            }
        };
        let own_period = if option.is_some() { option_period } else { future_period };
        // The delta of an option on a future counts in the future's period.
        let period = if product_type == "OOF" { future_period } else { own_period };
        let unit = ten_to(scale.exponent) / ten_to(scale.decimals);
        let series = self.series.get(&raw.series);
        let valuation = info.map_or("", |info| info.valuation.as_str());
        if option.is_some() && !matches!(valuation, "EQTY" | "FUT" | "FUTC") {
            let what = format!("valuation method `{valuation}` of {code} {product_type}");
            let commodity = self.imported.parameters.commodities.get_mut(&scale.commodity);
            if let Some(commodity) = commodity.filter(|known| !known.unsupported.contains(&what)) {
                commodity.unsupported.push(what);
            }
        }
        let name = contract_name(exchange, code, product_type, own_period, option);
        let contract = SpanContract {
            commodity: scale.commodity.clone(),
            option_type: raw.option_type,
            strike: option.map(|(_, strike)| strike),
            period: period.clone(),
            option_period: (period != own_period).then(|| own_period.clone()),
            price: raw.price * info.map_or(1.0, |info| power_of_ten(-info.price_decimals)),
            value_factor: info.map_or(0.0, |info| info.value_factor),
            premium_paid: valuation == "EQTY",
            price_scan_range: series.map_or(0.0, |series| series.price_scan_range as f64 * unit),
            delta: raw.delta,
            delta_scale: series.map_or(1.0, |series| series.delta_scale),
            array: raw.values.map(|value| value * unit),
        };
        if self.imported.parameters.contracts.insert(name.clone(), contract).is_some() {
            let message = format!("contract `{name}` stands twice in the file");
            return Err(InputError::new(InputCode::Duplicate, message));
        }
        Ok(())
    }
}
