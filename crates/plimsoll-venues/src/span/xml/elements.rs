//! The elements of an XML file that are read; every other element is passed over.

use serde::Deserialize;

#[derive(Deserialize)]
pub struct SpanFile {
    #[serde(rename = "pointInTime", default)]
    pub point_in_time: Vec<PointInTime>,
}

#[derive(Deserialize)]
pub struct PointInTime {
    #[serde(default)]
    pub date: String,
    #[serde(rename = "clearingOrg", default)]
    pub clearing_org: Vec<ClearingOrg>,
}

#[derive(Deserialize)]
pub struct ClearingOrg {
    #[serde(rename = "$value", default)]
    pub items: Vec<OrgItem>,
}

/// Elements of a clearing organisation, in any order.
#[derive(Deserialize)]
pub enum OrgItem {
    #[serde(rename = "ec")]
    Code(String),
    #[serde(rename = "lookAheadYears")]
    LookAhead(f64),
    #[serde(rename = "curConv")]
    Rate(CurrencyConversion),
    #[serde(rename = "pointDef")]
    Points(PointDef),
    #[serde(rename = "exchange")]
    Exchange(Exchange),
    #[serde(rename = "ccDef")]
    Commodity(Box<CommodityDef>),
    #[serde(rename = "interSpreads")]
    InterSpreads(SpreadList),
    #[serde(rename = "superSpreads")]
    SuperSpreads(SpreadList),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
pub struct CurrencyConversion {
    #[serde(rename = "fromCur")]
    pub from: String,
    #[serde(rename = "toCur")]
    pub to: String,
    pub factor: f64,
}

#[derive(Deserialize)]
pub struct PointDef {
    #[serde(rename = "scanPointDef", default)]
    pub scan: Vec<ScanPoint>,
    #[serde(rename = "deltaPointDef", default)]
    pub delta: Vec<DeltaPoint>,
}

#[derive(Deserialize)]
pub struct ScanPoint {
    pub point: u32,
    #[serde(rename = "priceScanDef")]
    pub price: Fraction,
    #[serde(rename = "volScanDef")]
    pub vol: Fraction,
    pub weight: f64,
}

#[derive(Deserialize)]
pub struct DeltaPoint {
    pub point: u32,
    #[serde(rename = "priceScanDef")]
    pub price: Fraction,
    pub weight: f64,
}

#[derive(Deserialize)]
pub struct Fraction {
    pub numerator: f64,
    pub denominator: f64,
}

impl Fraction {
    pub fn share(&self) -> f64 {
        self.numerator / self.denominator
    }
}

#[derive(Deserialize)]
pub struct Exchange {
    #[serde(rename = "$value", default)]
    pub items: Vec<ExchangeItem>,
}

/// Elements of an exchange, in any order.
#[derive(Deserialize)]
pub enum ExchangeItem {
    #[serde(rename = "exch")]
    Code(String),
    #[serde(rename = "phyPf")]
    Physical(ProductFamily),
    #[serde(rename = "futPf")]
    Future(ProductFamily),
    #[serde(rename = "oopPf")]
    OptionOnPhysical(ProductFamily),
    #[serde(rename = "oofPf")]
    OptionOnFuture(ProductFamily),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
pub struct ProductFamily {
    #[serde(rename = "pfId")]
    pub pf_id: String,
    #[serde(rename = "pfCode")]
    pub pf_code: String,
    pub cvf: Option<f64>,
    #[serde(rename = "valueMeth")]
    pub value_meth: String,
    #[serde(default)]
    pub phy: Vec<Contract>,
    #[serde(default)]
    pub fut: Vec<Contract>,
    #[serde(default)]
    pub series: Vec<Series>,
}

#[derive(Deserialize)]
pub struct Contract {
    #[serde(rename = "cId")]
    pub c_id: String,
    pub pe: String,
    pub p: f64,
    pub cvf: Option<f64>,
    pub sc: Option<f64>,
    #[serde(rename = "scanRate", default)]
    pub scan_rate: Vec<ScanRate>,
    #[serde(default)]
    pub ra: Vec<Array>,
}

#[derive(Deserialize)]
pub struct Series {
    pub pe: String,
    pub cvf: Option<f64>,
    pub sc: Option<f64>,
    #[serde(rename = "undC")]
    pub und_c: Option<Underlying>,
    #[serde(rename = "scanRate", default)]
    pub scan_rate: Vec<ScanRate>,
    #[serde(default)]
    pub opt: Vec<SeriesOption>,
}

#[derive(Deserialize)]
pub struct Underlying {
    #[serde(rename = "pfId")]
    pub pf_id: String,
    #[serde(rename = "cId")]
    pub c_id: String,
}

#[derive(Deserialize)]
pub struct SeriesOption {
    pub o: String,
    pub k: f64,
    pub p: f64,
    #[serde(default)]
    pub ra: Vec<Array>,
}

#[derive(Deserialize)]
pub struct ScanRate {
    #[serde(rename = "priceScan")]
    pub price_scan: f64,
}

/// A risk array with its composite delta.
#[derive(Deserialize)]
pub struct Array {
    #[serde(default)]
    pub a: Vec<f64>,
    pub d: f64,
}

#[derive(Deserialize)]
pub struct CommodityDef {
    pub cc: String,
    pub name: Option<String>,
    pub currency: String,
    #[serde(rename = "capAnov")]
    pub cap_anov: Option<String>,
    #[serde(rename = "wfprMeth", default)]
    pub wfpr_meth: String,
    #[serde(rename = "somMeth", default)]
    pub som_meth: String,
    #[serde(rename = "spotMeth", default)]
    pub spot_meth: String,
    #[serde(rename = "pfLink", default)]
    pub links: Vec<FamilyLink>,
    #[serde(rename = "adjRate", default)]
    pub adj_rates: Vec<AdjustmentRate>,
    #[serde(rename = "intraTiers", default)]
    pub intra_tiers: Tiers,
    #[serde(rename = "interTiers", default)]
    pub inter_tiers: Tiers,
    #[serde(rename = "somTiers", default)]
    pub som_tiers: Tiers,
    #[serde(rename = "dSpread", default)]
    pub spreads: Vec<Spread>,
    #[serde(rename = "spotRate", default)]
    pub spot_rates: Vec<SpotRate>,
}

#[derive(Deserialize)]
pub struct FamilyLink {
    #[serde(rename = "pfId")]
    pub pf_id: String,
    #[serde(rename = "pfType")]
    pub pf_type: String,
    #[serde(default = "one")]
    pub sc: f64,
    #[serde(rename = "oopDeltaMeth")]
    pub oop_delta_meth: Option<String>,
}

fn one() -> f64 {
    1.0
}

#[derive(Deserialize)]
pub struct AdjustmentRate {
    pub val: f64,
}

#[derive(Default, Deserialize)]
pub struct Tiers {
    #[serde(default)]
    pub tier: Vec<Tier>,
}

#[derive(Deserialize)]
pub struct Tier {
    pub tn: u32,
    #[serde(rename = "sPe")]
    pub s_pe: Option<String>,
    #[serde(rename = "ePe")]
    pub e_pe: Option<String>,
    #[serde(default)]
    pub rate: Vec<Rate>,
}

#[derive(Deserialize)]
pub struct Rate {
    pub val: f64,
}

#[derive(Deserialize)]
pub struct SpotRate {
    pub pe: String,
    pub sprd: f64,
    pub outr: f64,
}

#[derive(Deserialize)]
pub struct SpreadList {
    #[serde(rename = "$value", default)]
    pub items: Vec<SpreadItem>,
}

#[derive(Deserialize)]
pub enum SpreadItem {
    #[serde(rename = "dSpread")]
    Delta(Spread),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
pub struct Spread {
    pub spread: u32,
    #[serde(rename = "chargeMeth")]
    pub charge_meth: String,
    #[serde(rename = "$value", default)]
    pub parts: Vec<SpreadPart>,
}

#[derive(Deserialize)]
pub enum SpreadPart {
    #[serde(rename = "rate")]
    Rate(Rate),
    #[serde(rename = "tLeg")]
    Tier(TierLeg),
    #[serde(rename = "pLeg")]
    Period(PeriodLeg),
    #[serde(rename = "sLeg")]
    Scanning,
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
pub struct TierLeg {
    pub cc: String,
    #[serde(default)]
    pub tn: u32,
    pub rs: String,
    pub i: f64,
}

#[derive(Deserialize)]
pub struct PeriodLeg {
    pub pe: String,
    pub rs: String,
    pub i: f64,
}

/// A leg of a spread.
pub enum Leg<'a> {
    Tier(&'a TierLeg),
    Period(&'a PeriodLeg),
    Scanning,
}

impl Spread {
    pub fn legs(&self) -> impl Iterator<Item = Leg<'_>> {
        self.parts.iter().filter_map(|part| match part {
            SpreadPart::Tier(leg) => Some(Leg::Tier(leg)),
            SpreadPart::Period(leg) => Some(Leg::Period(leg)),
            SpreadPart::Scanning => Some(Leg::Scanning),
            SpreadPart::Rate(_) | SpreadPart::Other => None,
        })
    }

    pub fn rates(&self) -> impl Iterator<Item = f64> {
        self.parts.iter().filter_map(|part| match part {
            SpreadPart::Rate(rate) => Some(rate.val),
            _ => None,
        })
    }
}
