//! Records of commodities, and of spreads between them.

use plimsoll_model::Asset;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::span::{
    DeliveryMonth, DeliverySides, InterLeg, InterMethod, InterSpread, PeriodRange, PriceRiskMethod,
    ShortOptionMethod, ShortOptionTier, SpanCommodity, SpanTier, SpreadSide,
};

use super::{AccountType, ArrayScale, Line, Records, ten_to};

impl Records {
    /// Record 2; more than six products take more than one record.
    pub(super) fn commodity(&mut self, line: Line) -> Result<(), InputError> {
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
    pub(super) fn money(&self, code: &str, digits: u64) -> f64 {
        let exponent = self.scales.values().find(|scale| scale.commodity == code);
        digits as f64 * ten_to(exponent.map_or(0, |scale| scale.exponent))
    }

    pub(super) fn intra_tiers(
        &mut self,
        line: Line,
        account: AccountType,
    ) -> Result<(), InputError> {
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
    pub(super) fn delivery(&mut self, line: Line) -> Result<(), InputError> {
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

    pub(super) fn inter_spread(&mut self, line: Line) -> Result<(), InputError> {
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

    /// Record S: tiers of the short-option minimum where it has rates, else of spreads between
    /// commodities.
    pub(super) fn tiers(&mut self, line: Line) -> Result<(), InputError> {
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
