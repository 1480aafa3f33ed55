//! SPAN risk parameters as one structure, whatever they were read from: a parameter file of this
//! project, an XML `.spn` file or a fixed-width PA2 file. What the numbers do is in the margin model.
//!
//! Money is in the commodity's currency, per contract; deltas are composite deltas per contract.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::asset::Asset;
use crate::error::{InputCode, InputError};
use crate::instrument::OptionType;
use crate::params::check_bounds;

/// Scenarios of a SPAN risk array.
pub const SCENARIOS: usize = 16;

/// Price points of the composite delta.
pub const DELTA_POINTS: usize = 7;

/// The risk parameters of one clearing organisation on one day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpanParameters {
    /// Who published them.
    pub clearing_organisation: String,
    /// The business date, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_date: Option<String>,
    /// How arrays are made; needed only where a contract has no array of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenarios: Option<SpanScenarios>,
    /// What is rounded; default: nothing.
    #[serde(default)]
    pub rounding: SpanRounding,
    /// Combined commodities by code.
    pub commodities: BTreeMap<String, SpanCommodity>,
    /// Spreads between commodities.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inter_spreads: Vec<InterSpread>,
    /// Exchange rates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub currency_rates: Vec<CurrencyRate>,
    /// Contracts with their arrays, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub contracts: BTreeMap<String, SpanContract>,
}

/// How risk arrays and composite deltas are made from price and vol scan ranges.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpanScenarios {
    /// Price move of scenarios 15 and 16 in price scan ranges, for example 3.
    pub extreme_multiplier: f64,
    /// Share of their loss that counts, for example 0.33.
    pub extreme_cover: f64,
    /// Days that pass in every scenario.
    pub look_ahead_days: f64,
    /// Weights of the deltas at price moves of −1, −2/3, −1/3, 0, 1/3, 2/3 and 1 scan ranges.
    pub delta_weights: [f64; DELTA_POINTS],
}

/// What a house rounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpanRounding {
    /// Decimals of generated array values; absent: not rounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub array_decimals: Option<u32>,
    /// Decimals of generated composite deltas; absent: not rounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta_decimals: Option<u32>,
    /// Numbers of spreads.
    #[serde(default)]
    pub spreads: SpreadRounding,
}

/// How the number of spreads formed is rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpreadRounding {
    /// Not at all.
    #[default]
    None,
    /// Down to a whole number.
    Down,
}

/// A combined commodity: contracts whose gains and losses offset scenario by scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpanCommodity {
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The currency of its arrays and charges.
    pub currency: Asset,
    /// Scan ranges; needed only where a contract has no array of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranges: Option<SpanRanges>,
    /// How the price risk of one delta is found.
    #[serde(default)]
    pub price_risk_method: PriceRiskMethod,
    /// Tiers of the spreads within the commodity.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub intra_tiers: Vec<SpanTier>,
    /// Tiers of the spreads with other commodities.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inter_tiers: Vec<SpanTier>,
    /// Spreads within the commodity.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub intra_spreads: Vec<IntraSpread>,
    /// Charges on months near delivery.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delivery: Vec<DeliveryMonth>,
    /// Which short options are counted for the minimum.
    #[serde(default)]
    pub short_option_method: ShortOptionMethod,
    /// Minimum per short option, outside the tiers below.
    #[serde(default)]
    pub short_option_rate: f64,
    /// Minimum per short option by tier; the first tier that holds an option's period counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub short_option_tiers: Vec<ShortOptionTier>,
    /// Whether net option value beyond the commodity's own risk is lost.
    #[serde(default)]
    pub option_value_capped: bool,
    /// Initial margin over SPAN risk.
    #[serde(default = "one")]
    pub initial_ratio: f64,
    /// Maintenance margin over SPAN risk.
    #[serde(default = "one")]
    pub maintenance_ratio: f64,
    /// Whether the file has spreads within the commodity that could not be read: positions that
    /// would form some are refused.
    #[serde(default)]
    pub intra_spreads_unread: bool,
    /// What the file asks for and cannot be done: positions in the commodity are refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsupported: Vec<String>,
}

fn one() -> f64 {
    1.0
}

/// Scan ranges from which arrays are made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpanRanges {
    /// Price scan range: quote currency per coin, or a decimal share of the price.
    pub price: f64,
    /// What `price` counts.
    pub price_unit: RangeUnit,
    /// Vol scan range: added to the vol (0.10 is ten points), or a decimal share of it.
    pub vol: f64,
    /// What `vol` counts.
    pub vol_unit: RangeUnit,
    /// Coins of underlying that make one delta.
    pub coins_per_delta: f64,
}

/// Whether a scan range is an amount or a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RangeUnit {
    /// In the unit of what is scanned.
    Absolute,
    /// A share of what is scanned.
    Relative,
}

/// The weighted futures price risk: the price risk of one delta.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PriceRiskMethod {
    /// 1: the futures price risk over |net delta|.
    #[default]
    PerDelta,
    /// 2: the same, at most the price scan range.
    PerDeltaCapped,
    /// 3: the price scan range.
    ScanRange,
}

/// A range of periods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpanTier {
    /// The number by which spreads name it.
    pub number: u32,
    /// Which periods.
    #[serde(flatten)]
    pub periods: PeriodRange,
}

/// Periods from `start` to `end`, both included. A period is `YYYYMM`, `YYYYMMDD` or a month with a
/// week or day code; a bound is compared with as many leading characters of a period as it has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PeriodRange {
    /// First period; absent: no bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// Last period; absent: no bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
}

impl PeriodRange {
    /// The period, and those that begin with it.
    pub fn only(period: &str) -> Self {
        Self { start: Some(period.to_owned()), end: Some(period.to_owned()) }
    }

    /// Whether a period lies in the range.
    pub fn holds(&self, period: &str) -> bool {
        let head = |bound: &str| period.get(..bound.len()).unwrap_or(period).to_owned();
        self.start.as_ref().is_none_or(|start| head(start) >= *start)
            && self.end.as_ref().is_none_or(|end| head(end) <= *end)
    }
}

/// A spread between periods or tiers of one commodity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IntraSpread {
    /// Lower numbers are formed first; spreads between single periods before spreads of tiers.
    pub priority: u32,
    /// Charge per spread.
    pub rate: f64,
    /// What a spread is made of.
    pub legs: Vec<IntraLeg>,
}

/// A leg of a spread within a commodity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IntraLeg {
    /// A tier of `intra_tiers`; absent, or 0 where no tier has that number: every period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<u32>,
    /// A single period instead of a tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// Legs of one side are long while those of the other are short.
    pub side: SpreadSide,
    /// Deltas per spread.
    #[serde(default = "one")]
    pub ratio: f64,
}

/// The side of a leg.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum SpreadSide {
    /// One side.
    A,
    /// The other.
    B,
}

/// The charge on a month near delivery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliveryMonth {
    /// The period; shorter than a contract's, it holds every period that begins with it.
    pub period: String,
    /// Charge per delta that spreads have consumed.
    pub consumed_rate: f64,
    /// Charge per delta left outright.
    pub outright_rate: f64,
    /// Which deltas are charged.
    #[serde(default)]
    pub sides: DeliverySides,
}

/// Which deltas a delivery charge is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliverySides {
    /// All.
    #[default]
    Both,
    /// Long ones.
    Long,
    /// Short ones.
    Short,
}

/// Which short options count towards the minimum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShortOptionMethod {
    /// Calls and puts.
    #[default]
    CallsAndPuts,
    /// The larger number of the two.
    LargerOfCallsAndPuts,
}

/// The short-option minimum of some periods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShortOptionTier {
    /// Which periods of options.
    #[serde(flatten)]
    pub periods: PeriodRange,
    /// Minimum per short option.
    pub rate: f64,
}

/// A spread between commodities, which earns a credit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InterSpread {
    /// Lower numbers are formed first.
    pub priority: u32,
    /// How the credit is found.
    #[serde(default)]
    pub method: InterMethod,
    /// Share of a leg's price risk that is credited (0.6 is 60 %); money per spread and leg where
    /// the method is `flat`; share of a leg's array that is moved where it is `scanning`.
    pub rate: f64,
    /// Whether it is formed before the spreads within commodities, with its own cap.
    #[serde(default)]
    pub super_spread: bool,
    /// The commodity to which a `scanning` spread adds its legs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// What a spread is made of.
    pub legs: Vec<InterLeg>,
}

/// How the credit of a spread between commodities is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InterMethod {
    /// A share of the price risk of the deltas consumed.
    #[default]
    PriceRisk,
    /// A flat amount per spread.
    Flat,
    /// The legs' arrays are added to a target commodity.
    Scanning,
}

/// A leg of a spread between commodities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InterLeg {
    /// The commodity.
    pub commodity: String,
    /// A tier of its `inter_tiers`; absent, or 0 where no tier has that number: every period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<u32>,
    /// Legs of one side are long while those of the other are short.
    pub side: SpreadSide,
    /// Deltas per spread.
    #[serde(default = "one")]
    pub ratio: f64,
    /// The leg's own rate, if it differs from the spread's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// Whether a `scanning` spread needs a position in this leg.
    #[serde(default = "yes")]
    pub required: bool,
}

fn yes() -> bool {
    true
}

/// `to` per unit of `from`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CurrencyRate {
    /// The currency that is converted.
    pub from: Asset,
    /// The currency it is converted to.
    pub to: Asset,
    /// Units of `to` per unit of `from`.
    pub rate: f64,
}

/// One contract with its risk array.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpanContract {
    /// The combined commodity it belongs to.
    pub commodity: String,
    /// Call or put; absent for what is not an option.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub option_type: Option<OptionType>,
    /// Strike of an option.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strike: Option<f64>,
    /// The period in which its delta counts.
    pub period: String,
    /// An option's own period, if its delta counts in another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub option_period: Option<String>,
    /// Settlement price.
    pub price: f64,
    /// Money per 1.0 of price.
    pub value_factor: f64,
    /// Whether premium is paid up front, so that its value counts as net option value.
    pub premium_paid: bool,
    /// Price scan range, money per contract; 0 where not stated.
    #[serde(default)]
    pub price_scan_range: f64,
    /// Composite delta of one contract.
    pub delta: f64,
    /// What `delta` is multiplied by to be comparable with other contracts of the commodity.
    #[serde(default = "one")]
    pub delta_scale: f64,
    /// Loss (positive) of one long contract in each scenario.
    pub array: [f64; SCENARIOS],
}

/// The periods of a tier by its number: all of them where none is given, or where the number is 0 and
/// no tier has it. Fails naming a number that no tier has.
pub fn tier_periods(tiers: &[SpanTier], number: Option<u32>) -> Result<PeriodRange, InputError> {
    let number = number.unwrap_or(0);
    match tiers.iter().find(|tier| tier.number == number) {
        Some(tier) => Ok(tier.periods.clone()),
        None if number == 0 => Ok(PeriodRange::default()),
        None => Err(bad(format!("there is no tier {number}"))),
    }
}

impl SpanContract {
    /// The period that decides an option's tier of the short-option minimum.
    pub fn own_period(&self) -> &str {
        self.option_period.as_deref().unwrap_or(&self.period)
    }
}

/// Larger than any amount of money in a parameter file; keeps products finite.
const MOST_MONEY: f64 = 1e15;
/// Larger than any delta or ratio.
const MOST_RATIO: f64 = 1e9;

impl SpanParameters {
    /// Checks every number against its bounds and every name against what it refers to.
    pub fn check(&self) -> Result<(), InputError> {
        if let Some(scenarios) = &self.scenarios {
            scenarios.check()?;
        }
        for decimals in [self.rounding.array_decimals, self.rounding.delta_decimals] {
            check_bounds("rounding: decimals", f64::from(decimals.unwrap_or(0)), 0.0, 12.0)?;
        }
        for (code, commodity) in &self.commodities {
            commodity.check(&format!("commodities.{code}"))?;
        }
        for (index, spread) in self.inter_spreads.iter().enumerate() {
            self.check_inter(&format!("inter_spreads[{index}]"), spread)?;
        }
        for rate in &self.currency_rates {
            check_bounds(&format!("rate of {} to {}", rate.from, rate.to), rate.rate, 1e-12, 1e12)?;
        }
        for (name, contract) in &self.contracts {
            contract.check(name)?;
            self.require(&contract.commodity, name)?;
        }
        Ok(())
    }

    /// These commodities alone: their contracts, and the spreads that some of them are part of.
    ///
    /// Fails naming a code that is not there.
    pub fn only(mut self, codes: &[String]) -> Result<Self, InputError> {
        for code in codes {
            if !self.commodities.contains_key(code) {
                let known: Vec<&str> = self.commodities.keys().map(String::as_str).collect();
                let message = format!("there is no commodity `{code}`");
                return Err(InputError::new(InputCode::Missing, message)
                    .hint(format!("there are {}", known.join(", "))));
            }
        }
        let kept = |code: &String| codes.contains(code);
        self.commodities.retain(|code, _| kept(code));
        self.contracts.retain(|_, contract| kept(&contract.commodity));
        self.inter_spreads.retain(|spread| {
            spread.target.as_ref().is_none_or(kept)
                && spread.legs.iter().any(|leg| kept(&leg.commodity))
        });
        Ok(self)
    }

    fn require(&self, commodity: &str, at: &str) -> Result<(), InputError> {
        if self.commodities.contains_key(commodity) {
            return Ok(());
        }
        Err(bad(format!("{at}: there is no commodity `{commodity}`")))
    }

    fn check_inter(&self, at: &str, spread: &InterSpread) -> Result<(), InputError> {
        let scanning = spread.method == InterMethod::Scanning;
        if scanning != spread.target.is_some() {
            return Err(bad(format!("{at}: a target is named if and only if method = scanning")));
        }
        if spread.legs.is_empty() {
            return Err(bad(format!("{at}: a spread needs legs")));
        }
        let most = if spread.method == InterMethod::Flat { MOST_MONEY } else { 1.0 };
        for leg in &spread.legs {
            check_bounds(&format!("{at}: rate"), leg.rate.unwrap_or(spread.rate), 0.0, most)?;
            check_bounds(&format!("{at}: ratio"), leg.ratio, 1e-9, MOST_RATIO)?;
            if let Some(commodity) = self.commodities.get(&leg.commodity) {
                tier_periods(&commodity.inter_tiers, leg.tier).map_err(|error| error.at(at))?;
            }
        }
        // A published file may name commodities of other clearing organisations: such a spread
        // never forms. A target must exist, since risk is moved to it.
        spread.target.as_ref().map_or(Ok(()), |target| self.require(target, at))
    }

    /// Units of `to` per unit of `from`, direct or inverted; `None` if the file has neither.
    pub fn currency_rate(&self, from: &Asset, to: &Asset) -> Option<f64> {
        if from == to {
            return Some(1.0);
        }
        let find = |from: &Asset, to: &Asset| {
            let mut rates = self.currency_rates.iter();
            rates.find(|rate| rate.from == *from && rate.to == *to).map(|rate| rate.rate)
        };
        find(from, to).or_else(|| find(to, from).map(|rate| 1.0 / rate))
    }
}

impl SpanScenarios {
    fn check(&self) -> Result<(), InputError> {
        check_bounds("scenarios.extreme_multiplier", self.extreme_multiplier, 0.0, 20.0)?;
        check_bounds("scenarios.extreme_cover", self.extreme_cover, 0.0, 1.0)?;
        check_bounds("scenarios.look_ahead_days", self.look_ahead_days, 0.0, 365.0)?;
        for weight in self.delta_weights {
            check_bounds("scenarios.delta_weights", weight, 0.0, 1.0)?;
        }
        // Weights in circulation sum to 0.998 to 1: printed with three decimals each.
        check_bounds("sum of scenarios.delta_weights", self.delta_weights.iter().sum(), 0.99, 1.01)
    }
}

impl SpanCommodity {
    fn check(&self, at: &str) -> Result<(), InputError> {
        if let Some(ranges) = self.ranges {
            let most = |unit| if unit == RangeUnit::Relative { 10.0 } else { MOST_MONEY };
            let name = |field: &str| format!("{at}.ranges.{field}");
            check_bounds(&name("price"), ranges.price, 0.0, most(ranges.price_unit))?;
            check_bounds(&name("vol"), ranges.vol, 0.0, 10.0)?;
            check_bounds(&name("coins_per_delta"), ranges.coins_per_delta, 1e-9, MOST_RATIO)?;
        }
        check_bounds(&format!("{at}.initial_ratio"), self.initial_ratio, 0.0, 10.0)?;
        let most = self.initial_ratio;
        check_bounds(&format!("{at}.maintenance_ratio"), self.maintenance_ratio, 0.0, most)?;
        let rates = [self.short_option_rate]
            .into_iter()
            .chain(self.short_option_tiers.iter().map(|tier| tier.rate))
            .chain(self.intra_spreads.iter().map(|spread| spread.rate))
            .chain(self.delivery.iter().flat_map(|m| [m.consumed_rate, m.outright_rate]));
        for rate in rates {
            check_bounds(&format!("{at}: rate of a charge"), rate, 0.0, MOST_MONEY)?;
        }
        for spread in &self.intra_spreads {
            let at = format!("{at}.intra_spreads (priority {})", spread.priority);
            for leg in &spread.legs {
                check_bounds(&format!("{at}: ratio"), leg.ratio, 1e-9, MOST_RATIO)?;
                if leg.period.is_some() && leg.tier.is_some() {
                    return Err(bad(format!("{at}: a leg names a tier and a period")));
                }
                tier_periods(&self.intra_tiers, leg.tier).map_err(|error| error.at(at.clone()))?;
            }
            let has = |side| spread.legs.iter().any(|leg| leg.side == side);
            if !has(SpreadSide::A) || !has(SpreadSide::B) {
                return Err(bad(format!("{at}: a spread needs a leg on each side")));
            }
        }
        Ok(())
    }
}

impl SpanContract {
    fn check(&self, name: &str) -> Result<(), InputError> {
        for value in self.array {
            check_bounds(&format!("{name}: array"), value, -MOST_MONEY, MOST_MONEY)?;
        }
        check_bounds(&format!("{name}: price"), self.price, -MOST_MONEY, MOST_MONEY)?;
        check_bounds(&format!("{name}: value_factor"), self.value_factor, 0.0, MOST_MONEY)?;
        check_bounds(&format!("{name}: delta"), self.delta, -MOST_RATIO, MOST_RATIO)?;
        check_bounds(&format!("{name}: delta_scale"), self.delta_scale, -MOST_RATIO, MOST_RATIO)?;
        check_bounds(&format!("{name}: price_scan_range"), self.price_scan_range, 0.0, MOST_MONEY)
    }
}

fn bad(message: String) -> InputError {
    InputError::new(InputCode::BadParameter, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::from_toml;

    #[test]
    fn a_bound_looks_at_as_many_characters_as_it_has() {
        let range = |start: &str, end: &str| PeriodRange {
            start: Some(start.to_owned()),
            end: Some(end.to_owned()),
        };
        assert!(PeriodRange::only("202612").holds("20261225"));
        assert!(range("202612", "202612").holds("20261225"));
        assert!(range("202612", "202701").holds("202612S0"));
        assert!(!range("202612", "202701").holds("20270226"));
        assert!(!range("20261201", "20261224").holds("20261225"));
        assert!(PeriodRange::default().holds("00000000"));
    }

    #[test]
    fn rates_convert_both_ways_and_unknown_pairs_do_not() {
        let rate = CurrencyRate { from: Asset::new("USD"), to: Asset::new("TRY"), rate: 2.5 };
        let parameters = SpanParameters { currency_rates: vec![rate], ..Default::default() };
        let between = |from, to| parameters.currency_rate(&Asset::new(from), &Asset::new(to));
        assert_eq!(between("USD", "TRY"), Some(2.5));
        assert_eq!(between("TRY", "USD"), Some(0.4));
        assert_eq!(between("EUR", "EUR"), Some(1.0));
        assert_eq!(between("EUR", "USD"), None);
    }

    #[test]
    fn a_file_that_contradicts_itself_is_refused_by_name() {
        let refusal = |text: &str| {
            let parameters: SpanParameters = from_toml(text).unwrap();
            parameters.check().unwrap_err().to_string()
        };
        let head = "clearing_organisation = \"x\"\n[commodities.BTC]\ncurrency = \"USD\"\n";
        let ratio = refusal(&format!("{head}initial_ratio = 1.0\nmaintenance_ratio = 1.1\n"));
        assert!(ratio.contains("commodities.BTC.maintenance_ratio = 1.1"), "{ratio}");
        let one_sided = "intra_spreads = [{ priority = 7, rate = 1.0, legs = [{ side = \"A\" }] }]";
        assert!(refusal(&format!("{head}{one_sided}\n")).contains("priority 7"));
        let target = "[[inter_spreads]]\npriority = 1\nrate = 1.0\nmethod = \"scanning\"\n\
                      target = \"ETH\"\nlegs = [{ commodity = \"BTC\", side = \"A\" }]\n";
        assert!(refusal(&format!("{head}{target}")).contains("`ETH`"));
        let unknown = "intra_tiers = [{ number = 1, from = \"202601\" }]";
        let unknown = from_toml::<SpanParameters>(&format!("{head}{unknown}\n")).unwrap_err();
        assert!(unknown.to_string().contains("`from`"), "{unknown}");
        let rate = "[[inter_spreads]]\npriority = 1\nrate = 1.5\n\
                    legs = [{ commodity = \"BTC\", side = \"A\" }]\n";
        assert!(refusal(&format!("{head}{rate}")).contains("rate = 1.5"));
    }
}
