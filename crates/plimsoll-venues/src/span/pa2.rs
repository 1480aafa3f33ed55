//! Fixed-width files, "expanded unpacked" (header format `U2`). Positions are counted from 1, as the
//! layouts print them. Numbers are digits with an implied point; signs stand in a byte of their own.
//!
//! Read are the records 0, 2, 3, 4, 6, 81–84, B, P, S and T. Records C and E (spreads within a
//! commodity) are noticed and not read: a portfolio that would form such spreads is refused. The rest
//! (exchanges, groups, products' names, redefinitions, …) carries nothing that margin needs.

mod line;

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::span::{
    CurrencyRate, DeliveryMonth, DeliverySides, InterLeg, InterMethod, InterSpread, PeriodRange,
    PriceRiskMethod, SCENARIOS, ShortOptionMethod, ShortOptionTier, SpanCommodity, SpanContract,
    SpanScenarios, SpanTier, SpreadSide,
};
use plimsoll_model::{Asset, OptionType};

use super::{ImportedSpan, check_size, contract_name, iso_date, text};
use line::Line;

/// Which of the three ratios of initial to maintenance margin holds for the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountType {
    /// Members of the exchange.
    Member,
    /// Hedgers.
    Hedger,
    /// Everybody else.
    Speculator,
}

/// Weights of the composite delta in published files: the layout does not hold them, and arrays that
/// come with the file do not need them.
const DELTA_WEIGHTS: [f64; 7] = [0.037, 0.111, 0.217, 0.270, 0.217, 0.111, 0.037];

/// Reads a fixed-width risk-parameter file. Text in it is taken as single bytes.
///
/// # Errors
/// With the line of the offending record: `malformed` (a field that is not a number, an array whose
/// second half is missing), `unsupported` (a format other than `U2`), `missing` (a contract without
/// commodity, an option without price factor), `duplicate`, `bad_parameter`.
pub fn parse_pa2(bytes: &[u8], account: AccountType) -> Result<ImportedSpan, InputError> {
    check_size(bytes)?;
    let mut records = Records::default();
    let lines = text::without_mark(bytes).split(|byte| *byte == b'\n').enumerate();
    for (index, bytes) in lines {
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        if !bytes.iter().all(u8::is_ascii_whitespace) {
            let line = Line { number: index + 1, bytes };
            records.read(line, account).map_err(|error| error.at(format!("line {}", index + 1)))?;
        }
    }
    records.finish()
}

/// Exchange, product and product type.
type Product = (String, String, String);
/// A product with the months of its future and its option.
type Series = (Product, String, String);

/// How a product's arrays are scaled.
struct ArrayScale {
    commodity: String,
    decimals: u32,
    exponent: u32,
}

/// Record P.
struct ProductInfo {
    price_decimals: i32,
    strike_decimals: i32,
    value_factor: f64,
    valuation: String,
}

/// Record B.
struct SeriesInfo {
    price_scan_range: u64,
    delta_scale: f64,
}

/// The two records of one array, before the records that explain them are known to be complete.
struct RawContract {
    line: usize,
    series: Series,
    option_type: Option<OptionType>,
    strike: u64,
    values: [f64; SCENARIOS],
    delta: f64,
    price: f64,
}

/// The first half of an array.
struct HalfArray {
    key: Vec<u8>,
    digits: usize,
    values: Vec<f64>,
}

#[derive(Default)]
struct Records {
    imported: ImportedSpan,
    /// Whether the header limits net option value for every commodity.
    limited: bool,
    headed: bool,
    scales: BTreeMap<Product, ArrayScale>,
    products: BTreeMap<Product, ProductInfo>,
    series: BTreeMap<Series, SeriesInfo>,
    half: Option<HalfArray>,
    raw: Vec<RawContract>,
}

impl Records {
    fn read(&mut self, line: Line, account: AccountType) -> Result<(), InputError> {
        if !self.headed && line.text(1, 2) != "0" {
            let message = format!("the first record is `{}`, not a header", line.text(1, 2));
            return Err(InputError::new(InputCode::Malformed, message));
        }
        if self.half.is_some() && !matches!(line.text(1, 2), "82" | "84") {
            let message = "the second half of the array before this record is missing";
            return Err(InputError::new(InputCode::Malformed, message));
        }
        match line.text(1, 2) {
            "0" => self.header(line),
            "2" => self.commodity(line),
            "3" => self.intra_tiers(line, account),
            "4" => self.delivery(line),
            "6" => self.inter_spread(line),
            "81" => self.first_half(line, 5),
            "83" => self.first_half(line, 8),
            "82" => self.second_half(line, 5),
            "84" => self.second_half(line, 8),
            "B" => self.array_parameters(line),
            "C" | "E" => {
                let code = line.text(3, 8).to_owned();
                self.known(&code)?.intra_spreads_unread = true;
                Ok(())
            }
            "P" => self.product(line),
            "S" => self.tiers(line),
            "T" => self.currency_rate(line),
            _ => Ok(()),
        }
    }

    fn known(&mut self, code: &str) -> Result<&mut SpanCommodity, InputError> {
        self.imported.parameters.commodities.get_mut(code).ok_or_else(|| {
            let message = format!("commodity `{code}` has no record 2 before this one");
            InputError::new(InputCode::Missing, message)
        })
    }

    fn header(&mut self, line: Line) -> Result<(), InputError> {
        let format = line.text(36, 37);
        if format != "U2" {
            let message = format!("file format `{format}`; only U2, expanded unpacked, is read");
            return Err(InputError::new(InputCode::Unsupported, message));
        }
        self.headed = true;
        self.limited = matches!(line.text(39, 39), "Y" | "1");
        self.imported.parameters.clearing_organisation = line.text(3, 8).to_owned();
        self.imported.parameters.business_date = iso_date(line.text(9, 16));
        Ok(())
    }

    /// Record 2; more than six products take more than one record.
    fn commodity(&mut self, line: Line) -> Result<(), InputError> {
        let exchange = line.text(3, 5).to_owned();
        let code = line.text(7, 12).to_owned();
        let exponent = line.number(13, 13)?.unwrap_or(0) as u32;
        for slot in 0..6 {
            let from = 23 + 15 * slot;
            let product = line.text(from, from + 9);
            if product.is_empty() {
                continue;
            }
            let product_type = line.text(from + 10, from + 12).to_owned();
            let key = (exchange.clone(), product.to_owned(), product_type);
            let decimals = line.number(from + 13, from + 13)?.unwrap_or(0) as u32;
            if line.text(from + 14, from + 14) == "-" {
                let message = format!("{product}: a negative number of array decimals");
                return Err(InputError::new(InputCode::Unsupported, message));
            }
            let scale = ArrayScale { commodity: code.clone(), decimals, exponent };
            self.scales.insert(key, scale);
        }
        let option_value_capped = self.limited || matches!(line.text(19, 19), "Y" | "1");
        let currency = Asset::new(line.text(14, 16));
        let commodities = &mut self.imported.parameters.commodities;
        commodities.entry(code).or_insert_with(|| SpanCommodity {
            name: None,
            currency,
            ranges: None,
            price_risk_method: PriceRiskMethod::default(),
            intra_tiers: vec![],
            inter_tiers: vec![],
            intra_spreads: vec![],
            delivery: vec![],
            short_option_method: ShortOptionMethod::default(),
            short_option_rate: 0.0,
            short_option_tiers: vec![],
            option_value_capped,
            initial_ratio: 1.0,
            maintenance_ratio: 1.0,
            intra_spreads_unread: false,
            unsupported: vec![],
        });
        Ok(())
    }

    /// Charges of a commodity are scaled by its risk exponent.
    fn money(&self, code: &str, digits: u64) -> f64 {
        let exponent = self.scales.values().find(|scale| scale.commodity == code);
        digits as f64 * ten_to(exponent.map_or(0, |scale| scale.exponent))
    }

    fn intra_tiers(&mut self, line: Line, account: AccountType) -> Result<(), InputError> {
        let code = line.text(3, 8).to_owned();
        let at = match account {
            AccountType::Member => 69,
            AccountType::Hedger => 73,
            AccountType::Speculator => 77,
        };
        let ratio = line.decimal(at, at + 3, 3)?.filter(|ratio| *ratio > 0.0);
        let mut tiers = Vec::new();
        for slot in 0..4 {
            tiers.extend(line.tier(11 + 14 * slot)?);
        }
        let commodity = self.known(&code)?;
        commodity.intra_tiers.extend(tiers);
        commodity.initial_ratio = ratio.unwrap_or(commodity.initial_ratio);
        // Arrays are at maintenance level; a ratio below one would lower both.
        commodity.maintenance_ratio = commodity.initial_ratio.min(1.0);
        Ok(())
    }

    /// Record 4. Between month and rates some files have two characters for a day or week code.
    fn delivery(&mut self, line: Line) -> Result<(), InputError> {
        let code = line.text(3, 8).to_owned();
        let rate = self.money(&code, line.number(63, 69)?.unwrap_or(0));
        let larger = line.text(79, 79) == "1";
        let method = line.text(9, 10).to_owned();
        let gap = if line.text(21, 22).is_empty() { 2 } else { 0 };
        let mut months = Vec::new();
        for slot in 0..2 {
            let from = 13 + slot * (22 + gap) + 2;
            let period = line.text(from, from + 5).to_owned();
            let rates = from + 6 + gap;
            let consumed = line.number(rates, rates + 6)?.unwrap_or(0);
            let outright = line.number(rates + 7, rates + 13)?.unwrap_or(0);
            if !period.is_empty() && (consumed, outright) != (0, 0) {
                months.push(DeliveryMonth {
                    period,
                    consumed_rate: self.money(&code, consumed),
                    outright_rate: self.money(&code, outright),
                    sides: DeliverySides::Both,
                });
            }
        }
        let commodity = self.known(&code)?;
        commodity.short_option_rate = rate;
        if larger {
            commodity.short_option_method = ShortOptionMethod::LargerOfCallsAndPuts;
        }
        match method.as_str() {
            "10" => commodity.delivery.extend(months),
            _ if months.is_empty() => {}
            other => commodity.unsupported.push(format!("delivery charge method {other}")),
        }
        Ok(())
    }

    fn inter_spread(&mut self, line: Line) -> Result<(), InputError> {
        let priority = line.number(6, 9)?.unwrap_or(0) as u32;
        let mut drop_it = |why: String| {
            let message = format!("inter-commodity spread {priority} {why}: left out, no credit");
            self.imported.warnings.push(message);
        };
        let method = match (line.text(89, 90), line.text(101, 101)) {
            ("01" | "1" | "", "F") => InterMethod::Flat,
            ("01" | "1" | "", _) => InterMethod::PriceRisk,
            ("04" | "4", _) => InterMethod::Scanning,
            (other, _) => {
                drop_it(format!("has method `{other}`"));
                return Ok(());
            }
        };
        // Shares are percentages; a flat rate is an amount with the same implied point.
        let unit = if method == InterMethod::Flat { 1.0 } else { 100.0 };
        let mut legs = Vec::new();
        for slot in 0..4 {
            let from = 17 + 18 * slot;
            let commodity = line.text(from + 4, from + 9);
            if commodity.is_empty() {
                continue;
            }
            let side = match line.text(from + 17, from + 17) {
                "A" => SpreadSide::A,
                "B" => SpreadSide::B,
                other => {
                    drop_it(format!("has a leg on side `{other}`"));
                    return Ok(());
                }
            };
            let tier = line.number(102 + 2 * slot, 103 + 2 * slot)?.filter(|tier| *tier != 0);
            let own = line.decimal(123 + 7 * slot, 129 + 7 * slot, 4)?.filter(|rate| *rate > 0.0);
            legs.push(InterLeg {
                commodity: commodity.to_owned(),
                tier: tier.map(|tier| tier as u32),
                side,
                ratio: line.required_decimal("ratio", from + 10, from + 16, 4)?,
                rate: own.map(|rate| rate / unit),
                required: matches!(line.text(from + 3, from + 3), "Y" | "1" | "R"),
            });
        }
        if legs.is_empty() {
            drop_it("has no legs".to_owned());
            return Ok(());
        }
        let scanning = method == InterMethod::Scanning;
        self.imported.parameters.inter_spreads.push(InterSpread {
            priority,
            method,
            rate: line.decimal(10, 16, 4)?.unwrap_or(0.0) / unit,
            super_spread: line.text(110, 110) == "S",
            target: scanning.then(|| line.text(95, 100).to_owned()),
            legs,
        });
        Ok(())
    }

    fn first_half(&mut self, line: Line, digits: usize) -> Result<(), InputError> {
        let values = line.signed_values(55, digits, 9)?;
        self.half = Some(HalfArray { key: line.key(3, 54), digits, values });
        Ok(())
    }

    fn second_half(&mut self, line: Line, digits: usize) -> Result<(), InputError> {
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

    fn array_parameters(&mut self, line: Line) -> Result<(), InputError> {
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

    fn product(&mut self, line: Line) -> Result<(), InputError> {
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

    /// Record S: tiers of the short-option minimum where it has rates, else of spreads between
    /// commodities.
    fn tiers(&mut self, line: Line) -> Result<(), InputError> {
        let code = line.text(3, 8).to_owned();
        let method = match line.text(83, 83) {
            "1" => Some(PriceRiskMethod::PerDelta),
            "2" => Some(PriceRiskMethod::PerDeltaCapped),
            "3" => Some(PriceRiskMethod::ScanRange),
            _ => None,
        };
        let mut inter_tiers = Vec::new();
        let mut short_option_tiers = Vec::new();
        for slot in 0..5 {
            let Some(tier) = line.tier(13 + 14 * slot)? else { continue };
            let rate = line.number(104 + 7 * slot, 110 + 7 * slot)?.filter(|rate| *rate > 0);
            match rate {
                Some(rate) => short_option_tiers
                    .push(ShortOptionTier { periods: tier.periods, rate: self.money(&code, rate) }),
                None => inter_tiers.push(tier),
            }
        }
        let commodity = self.known(&code)?;
        commodity.price_risk_method = method.unwrap_or(commodity.price_risk_method);
        if short_option_tiers.is_empty() {
            commodity.inter_tiers.extend(inter_tiers);
        } else {
            commodity.short_option_tiers.extend(short_option_tiers);
        }
        Ok(())
    }

    fn currency_rate(&mut self, line: Line) -> Result<(), InputError> {
        let rate = line.decimal(11, 20, 6)?.filter(|rate| *rate > 0.0);
        self.imported.parameters.currency_rates.extend(rate.map(|rate| CurrencyRate {
            from: Asset::new(line.text(3, 5)),
            to: Asset::new(line.text(7, 9)),
            rate,
        }));
        Ok(())
    }

    fn finish(mut self) -> Result<ImportedSpan, InputError> {
        if !self.headed {
            return Err(InputError::new(InputCode::Empty, "the file holds no record"));
        }
        if self.half.is_some() {
            let message = "the file ends in the middle of an array";
            return Err(InputError::new(InputCode::Malformed, message));
        }
        for raw in std::mem::take(&mut self.raw) {
            let line = raw.line;
            self.contract(&raw).map_err(|error| error.at(format!("line {line}")))?;
        }
        let commodities = &self.imported.parameters.commodities;
        for (code, _) in commodities.iter().filter(|(_, c)| c.intra_spreads_unread) {
            self.imported.warnings.push(format!(
                "{code}: spreads within the commodity (records C, E) are not read: portfolios that \
                 would form some are refused"
            ));
        }
        self.imported.parameters.check()?;
        Ok(self.imported)
    }

    fn contract(&mut self, raw: &RawContract) -> Result<(), InputError> {
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

/// Exact up to 10^19; a single digit is all that the layout has room for.
fn ten_to(exponent: u32) -> f64 {
    10_u64.checked_pow(exponent).map_or(f64::INFINITY, |power| power as f64)
}

fn power_of_ten(exponent: i32) -> f64 {
    let size = ten_to(exponent.unsigned_abs());
    if exponent < 0 { 1.0 / size } else { size }
}

impl Line<'_> {
    /// Tier number, first and last period from `from` on; `None` where the slot is empty.
    fn tier(&self, from: usize) -> Result<Option<SpanTier>, InputError> {
        let (number, start, end) = (
            self.number(from, from + 1)?,
            self.text(from + 2, from + 7),
            self.text(from + 8, from + 13),
        );
        if start.is_empty() && end.is_empty() {
            return Ok(None);
        }
        let bound = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let periods = PeriodRange { start: bound(start), end: bound(end) };
        Ok(number.filter(|n| *n > 0).map(|number| SpanTier { number: number as u32, periods }))
    }
}
