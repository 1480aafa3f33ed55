//! The market snapshot: one coherent, named state of prices and vols, from one JSON document.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::asset::Asset;
use crate::error::{InputCode, InputError, from_json};
use crate::instrument::{ContractUnit, Instrument, Kind, OptionType};
use crate::name;
use crate::number::{Real, unique_keys};
use crate::time::Timestamp;

/// Position of a listing in its market. Valid for that market and for every shift of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstrumentId(pub u32);

/// A checked market snapshot.
///
/// Invariants of a value made by [`Market::from_json`] or [`MarketFile::check`]: listings are sorted
/// by name and unique; every underlying of a listing is present; every settlement asset has a price;
/// prices and forwards are positive and finite; no listing is past its expiry.
#[derive(Clone, Debug, PartialEq)]
pub struct Market {
    /// Names the snapshot in every result.
    pub id: String,
    /// The instant of the snapshot.
    pub time: Timestamp,
    /// Spot indices and forward curves, by coin.
    pub underlyings: BTreeMap<Asset, Underlying>,
    /// USD price of one unit of every other asset that may be held (stable coins, staked tokens).
    pub asset_prices_usd: BTreeMap<Asset, f64>,
    /// Confidence of those prices where it is below 1.
    pub asset_confidence: BTreeMap<Asset, f64>,
    /// What is listed, sorted by name.
    pub listings: Vec<Listing>,
}

/// One coin's index and forward curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Underlying {
    /// Spot index in USD.
    pub index_price: f64,
    /// Confidence of the index feed, 0 to 1; 1 where the market states none.
    pub confidence: f64,
    /// The forward curve; forwards are the underlying prices of each expiry's options.
    pub forwards: BTreeMap<Timestamp, Forward>,
}

/// One point of a forward curve. What a venue does not publish has its neutral value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forward {
    /// The forward in quote currency.
    pub price: f64,
    /// The part of `price` already fixed by a settlement average, which shocks do not move; 0 outside
    /// a settlement window.
    pub fixed: f64,
    /// Continuously compounded interest rate to this expiry, per year.
    pub rate_ann: f64,
    /// Confidence of the forward feed, 0 to 1.
    pub confidence: f64,
    /// Confidence of the rate feed.
    pub rate_confidence: f64,
    /// Confidence of the vol feed.
    pub vol_confidence: f64,
}

impl Forward {
    /// A forward of which only the price is known: nothing fixed, zero rate, full confidence.
    pub fn at(price: f64) -> Self {
        Self {
            price,
            fixed: 0.0,
            rate_ann: 0.0,
            confidence: 1.0,
            rate_confidence: 1.0,
            vol_confidence: 1.0,
        }
    }
}

/// One instrument with its quotes. Prices are in coin for coin-settled options, else in quote.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// The contract.
    pub instrument: Instrument,
    /// The venue's mark.
    pub mark_price: Option<f64>,
    /// The venue's mark vol as a decimal per year (0.65 is 65 %); options only.
    pub mark_vol: Option<f64>,
    /// Best bid.
    pub bid: Option<f64>,
    /// Best ask.
    pub ask: Option<f64>,
    /// Contracts at the best bid.
    pub bid_size: Option<f64>,
    /// Contracts at the best ask.
    pub ask_size: Option<f64>,
    /// Contracts open.
    pub open_interest: Option<f64>,
    /// Expected funding over the next 8 hours, as a fraction of notional; positive: longs pay.
    pub funding_8h: Option<f64>,
    /// Confidence of the mark, 0 to 1; 1 where the market states none.
    pub confidence: f64,
}

/// A displacement of a whole market: what if everything moved like this at once?
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MarketMove {
    /// Relative move of every index, forward and future (0.05 is +5 %).
    pub spot: f64,
    /// Relative move of every mark vol (0.10 turns 60 % into 66 %).
    pub vol: f64,
    /// Days that pass.
    pub days: f64,
}

impl Market {
    /// Reads and checks a market document.
    pub fn from_json(text: &[u8]) -> Result<Self, InputError> {
        from_json::<MarketFile>(text)?.check()
    }

    /// The listing with this id. Ids come from this market, so the index is always valid.
    pub fn listing(&self, id: InstrumentId) -> &Listing {
        &self.listings[id.0 as usize]
    }

    /// Looks an instrument up by its venue name.
    pub fn find(&self, name: &str) -> Option<InstrumentId> {
        let place =
            self.listings.binary_search_by(|listing| listing.instrument.name.as_str().cmp(name));
        place.ok().map(|index| InstrumentId(index as u32))
    }

    /// All ids in name order.
    pub fn ids(&self) -> impl Iterator<Item = InstrumentId> + use<> {
        (0..self.listings.len() as u32).map(InstrumentId)
    }

    /// USD per unit of an asset: 1 for USD, the index for an underlying, the quoted price otherwise.
    pub fn asset_price_usd(&self, asset: &Asset) -> Option<f64> {
        if asset.as_str() == "USD" {
            return Some(1.0);
        }
        let index = self.underlyings.get(asset).map(|underlying| underlying.index_price);
        index.or_else(|| self.asset_prices_usd.get(asset).copied())
    }

    /// The price that drives a listing: the mark of a future or spot, the forward of an option's
    /// expiry (from the curve, else from a listed future of that expiry).
    pub fn reference_price(&self, id: InstrumentId) -> Result<f64, InputError> {
        let listing = self.listing(id);
        let instrument = &listing.instrument;
        let found = match instrument.kind {
            Kind::Option { expiry, .. } => self.forward(&instrument.underlying, expiry),
            Kind::Spot => listing
                .mark_price
                .or_else(|| self.underlyings.get(&instrument.underlying).map(|u| u.index_price)),
            Kind::Perpetual | Kind::Future { .. } => listing.mark_price,
        };
        let what = if instrument.is_option() { "forward of its expiry" } else { "mark_price" };
        found.ok_or_else(|| {
            InputError::new(
                InputCode::Missing,
                format!("{}: the market {} has no {what}", instrument.name, self.id),
            )
        })
    }

    /// The forward of one expiry: from the curve, else the mark of a listed future.
    pub fn forward(&self, underlying: &Asset, expiry: Timestamp) -> Option<f64> {
        let curve = self.underlyings.get(underlying)?;
        curve.forwards.get(&expiry).map(|forward| forward.price).or_else(|| {
            let future = self.listings.iter().find(|listing| {
                listing.instrument.underlying == *underlying
                    && listing.instrument.kind == Kind::Future { expiry }
            });
            future.and_then(|listing| listing.mark_price)
        })
    }

    /// The same prices with nothing listed.
    pub fn without_listings(&self) -> Self {
        Self {
            id: self.id.clone(),
            time: self.time,
            underlyings: self.underlyings.clone(),
            asset_prices_usd: self.asset_prices_usd.clone(),
            asset_confidence: self.asset_confidence.clone(),
            listings: vec![],
        }
    }

    /// The document form of this market, for writing.
    pub fn to_file(&self) -> MarketFile {
        MarketFile {
            id: self.id.clone(),
            time: self.time,
            source: None,
            underlyings: self
                .underlyings
                .iter()
                .map(|(asset, underlying)| {
                    let file = UnderlyingFile {
                        index_price: Real(underlying.index_price),
                        confidence: below_one(underlying.confidence),
                        forwards: underlying
                            .forwards
                            .iter()
                            .map(|(expiry, forward)| (*expiry, ForwardFile::from(*forward)))
                            .collect(),
                    };
                    (asset.clone(), file)
                })
                .collect(),
            assets: self
                .asset_prices_usd
                .iter()
                .map(|(asset, price)| {
                    let confidence = self.asset_confidence.get(asset).copied();
                    let price = Real(*price);
                    let file = match confidence {
                        None => AssetFile::Price(price),
                        Some(confidence) => {
                            AssetFile::Full { price, confidence: Some(Real(confidence)) }
                        }
                    };
                    (asset.clone(), file)
                })
                .collect(),
            instruments: self.listings.iter().map(InstrumentFile::from).collect(),
        }
    }
}

/// A market as JSON.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarketFile {
    /// A name for the snapshot; results quote it.
    pub id: String,
    /// The instant of the snapshot.
    pub time: Timestamp,
    /// Where the data came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Coins with index and forwards.
    #[serde(deserialize_with = "unique_keys")]
    pub underlyings: BTreeMap<Asset, UnderlyingFile>,
    /// USD prices of other assets, as a number or `{price, confidence}`. USD itself is 1.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "unique_keys")]
    pub assets: BTreeMap<Asset, AssetFile>,
    /// What is listed.
    pub instruments: Vec<InstrumentFile>,
}

/// A coin in a market file.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnderlyingFile {
    /// Spot index in USD.
    pub index_price: Real,
    /// Confidence of the index feed, 0 to 1; default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Real>,
    /// Forward by expiry, as a number or with rate and confidences.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "unique_keys")]
    pub forwards: BTreeMap<Timestamp, ForwardFile>,
}

/// A price of an asset in a market file.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a price, or an object with `price` and `confidence`")]
pub enum AssetFile {
    /// The USD price alone.
    Price(Real),
    /// The USD price with the confidence of its feed.
    Full {
        /// USD per unit.
        price: Real,
        /// 0 to 1; default 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        confidence: Option<Real>,
    },
}

/// A forward in a market file.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a forward price, or an object with `price`")]
pub enum ForwardFile {
    /// The price alone.
    Price(Real),
    /// The price with what else is known.
    Full(ForwardDetail),
}

/// A forward with rate and confidences; see [`Forward`].
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForwardDetail {
    /// The forward in quote currency.
    pub price: Real,
    /// The part already fixed by a settlement average; default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed: Option<Real>,
    /// Interest rate per year; default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_ann: Option<Real>,
    /// Confidence of the forward feed; default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Real>,
    /// Confidence of the rate feed; default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_confidence: Option<Real>,
    /// Confidence of the vol feed; default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vol_confidence: Option<Real>,
}

/// An instrument in a market file. What its name says (see [`crate::name`]) may be left out.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstrumentFile {
    /// The venue's name.
    pub name: String,
    /// `spot`, `perpetual`, `future` or `option`; default: from the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<KindName>,
    /// The coin; default: from the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub underlying: Option<Asset>,
    /// The asset profit is paid in; coin-settled if it is the underlying. Default: from the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settlement: Option<Asset>,
    /// Units per contract. Required for futures; 1 for options and spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract_size: Option<Real>,
    /// What `contract_size` counts; default `base`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract_unit: Option<ContractUnit>,
    /// Expiry; default: from the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<Timestamp>,
    /// Strike; default: from the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strike: Option<Real>,
    /// `call` or `put`; default: from the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub option_type: Option<OptionType>,
    /// Mark price: coin for coin-settled options, else quote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark_price: Option<Real>,
    /// Mark vol per year as a decimal; if absent it is implied from `mark_price`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark_vol: Option<Real>,
    /// Best bid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bid: Option<Real>,
    /// Best ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<Real>,
    /// Contracts at the bid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bid_size: Option<Real>,
    /// Contracts at the ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask_size: Option<Real>,
    /// Contracts open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_interest: Option<Real>,
    /// Expected funding over 8 hours, as a fraction of notional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub funding_8h: Option<Real>,
    /// Confidence of the mark, 0 to 1; default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Real>,
}

/// The kind of instrument, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KindName {
    /// The asset itself.
    Spot,
    /// A future without expiry.
    Perpetual,
    /// A dated future.
    Future,
    /// A European option.
    Option,
}

impl MarketFile {
    /// Checks every value and builds the market; the error names the path and the value.
    pub fn check(self) -> Result<Market, InputError> {
        let mut underlyings = BTreeMap::new();
        for (asset, file) in self.underlyings {
            let at = format!("underlyings.{asset}");
            if asset.as_str() == "USD" {
                let message = "USD is the numeraire and cannot be an underlying";
                return Err(InputError::new(InputCode::Malformed, message).at(at));
            }
            underlyings.insert(asset, file.check(&at, self.time)?);
        }
        let mut asset_prices_usd = BTreeMap::new();
        let mut asset_confidence = BTreeMap::new();
        for (asset, file) in self.assets {
            let at = format!("assets.{asset}");
            let (price, stated) = match file {
                AssetFile::Price(price) => (price.0, None),
                AssetFile::Full { price, confidence } => (price.0, confidence),
            };
            if asset.as_str() == "USD" && price != 1.0 {
                let message = format!("USD is the numeraire; its price is 1, not {price}");
                return Err(InputError::new(InputCode::BadNumber, message).at(at));
            }
            if let Some(underlying) = underlyings.get(&asset)
                && underlying.index_price != price
            {
                let message = format!(
                    "{asset} is priced twice: {price} here and {} as an underlying",
                    underlying.index_price
                );
                return Err(InputError::new(InputCode::Duplicate, message).at(at));
            }
            let confidence = unit_interval(&at, "confidence", stated)?;
            if confidence < 1.0 {
                asset_confidence.insert(asset.clone(), confidence);
            }
            let price = positive(&at, "price", price)?;
            asset_prices_usd.insert(asset, price);
        }
        let mut listings = Vec::with_capacity(self.instruments.len());
        for (index, file) in self.instruments.into_iter().enumerate() {
            let at = format!("instruments[{index}] ({})", file.name);
            listings.push((at.clone(), file.check(&at, self.time)?));
        }
        let mut market = Market {
            id: self.id,
            time: self.time,
            underlyings,
            asset_prices_usd,
            asset_confidence,
            listings: vec![],
        };
        for (at, listing) in &listings {
            check_references(&market, at, &listing.instrument)?;
        }
        listings.sort_by(|(_, a), (_, b)| a.instrument.name.cmp(&b.instrument.name));
        for pair in listings.windows(2) {
            if let [(_, first), (at, second)] = pair
                && first.instrument.name == second.instrument.name
            {
                let message = format!("{} is listed twice", second.instrument.name);
                return Err(InputError::new(InputCode::Duplicate, message).at(at.clone()));
            }
        }
        market.listings = listings.into_iter().map(|(_, listing)| listing).collect();
        Ok(market)
    }
}

fn check_references(market: &Market, at: &str, instrument: &Instrument) -> Result<(), InputError> {
    if !market.underlyings.contains_key(&instrument.underlying) {
        let message = format!("`underlyings` has no index_price for {}", instrument.underlying);
        return Err(InputError::new(InputCode::Missing, message).at(at));
    }
    if market.asset_price_usd(&instrument.settlement_asset).is_none() {
        let message = format!(
            "`assets` has no price for its settlement asset {}",
            instrument.settlement_asset
        );
        return Err(InputError::new(InputCode::UnknownAsset, message).at(at));
    }
    Ok(())
}

/// Prices and sizes outside these bounds are mistakes, and would overflow or vanish in products.
const LEAST_POSITIVE: f64 = 1e-15;
const MOST_POSITIVE: f64 = 1e15;

fn positive(at: &str, what: &str, value: f64) -> Result<f64, InputError> {
    if (LEAST_POSITIVE..=MOST_POSITIVE).contains(&value) {
        return Ok(value);
    }
    let message = if value > 0.0 {
        format!("{what} = {value} is outside [{LEAST_POSITIVE:e}, {MOST_POSITIVE:e}]")
    } else {
        format!("{what} = {value} must be positive and finite")
    };
    Err(InputError::new(InputCode::BadNumber, message).at(at))
}

/// A rate of more than all of the notional in eight hours is an error of unit or of reading.
fn funding_8h(at: &str, stated: Option<Real>) -> Result<Option<f64>, InputError> {
    let Some(Real(rate)) = stated else { return Ok(None) };
    if (-1.0..=1.0).contains(&rate) {
        return Ok(Some(rate));
    }
    let message = format!(
        "funding_8h = {rate} is outside [-1, 1]; it is a decimal per eight hours (0.0001 is 0.01 %)"
    );
    Err(InputError::new(InputCode::BadNumber, message).at(at))
}

fn unit_interval(at: &str, what: &str, stated: Option<Real>) -> Result<f64, InputError> {
    let value = stated.map_or(1.0, |value| value.0);
    if (0.0..=1.0).contains(&value) {
        return Ok(value);
    }
    let message = format!("{what} = {value} is outside [0, 1]");
    Err(InputError::new(InputCode::BadNumber, message).at(at))
}

fn below_one(confidence: f64) -> Option<Real> {
    (confidence < 1.0).then_some(Real(confidence))
}

impl UnderlyingFile {
    fn check(self, at: &str, now: Timestamp) -> Result<Underlying, InputError> {
        let mut forwards = BTreeMap::new();
        for (expiry, file) in self.forwards {
            let at = format!("{at}.forwards[{expiry}]");
            if expiry < now {
                let message = format!("this expiry is before the snapshot of {now}");
                return Err(InputError::new(InputCode::Expired, message).at(at));
            }
            forwards.insert(expiry, file.check(&at)?);
        }
        Ok(Underlying {
            index_price: positive(at, "index_price", self.index_price.0)?,
            confidence: unit_interval(at, "confidence", self.confidence)?,
            forwards,
        })
    }
}

impl ForwardFile {
    /// The price, however it is written.
    pub fn price(&self) -> f64 {
        match self {
            Self::Price(price) => price.0,
            Self::Full(detail) => detail.price.0,
        }
    }

    fn check(self, at: &str) -> Result<Forward, InputError> {
        let detail = match self {
            Self::Price(price) => return Ok(Forward::at(positive(at, "forward", price.0)?)),
            Self::Full(detail) => detail,
        };
        let price = positive(at, "price", detail.price.0)?;
        let fixed = detail.fixed.map_or(0.0, |fixed| fixed.0);
        if !(0.0..=price).contains(&fixed) {
            let message = format!("fixed = {fixed} is outside [0, {price}], its forward");
            return Err(InputError::new(InputCode::BadNumber, message).at(at));
        }
        let rate_ann = detail.rate_ann.map_or(0.0, |rate| rate.0);
        if !(-1.0..=10.0).contains(&rate_ann) {
            let message = format!("rate_ann = {rate_ann} is outside [-1, 10]");
            return Err(InputError::new(InputCode::BadNumber, message).at(at));
        }
        Ok(Forward {
            price,
            fixed,
            rate_ann,
            confidence: unit_interval(at, "confidence", detail.confidence)?,
            rate_confidence: unit_interval(at, "rate_confidence", detail.rate_confidence)?,
            vol_confidence: unit_interval(at, "vol_confidence", detail.vol_confidence)?,
        })
    }
}

impl From<Forward> for ForwardFile {
    fn from(forward: Forward) -> Self {
        if forward == Forward::at(forward.price) {
            return Self::Price(Real(forward.price));
        }
        let unless = |value: f64, neutral: f64| (value != neutral).then_some(Real(value));
        Self::Full(ForwardDetail {
            price: Real(forward.price),
            fixed: unless(forward.fixed, 0.0),
            rate_ann: unless(forward.rate_ann, 0.0),
            confidence: below_one(forward.confidence),
            rate_confidence: below_one(forward.rate_confidence),
            vol_confidence: below_one(forward.vol_confidence),
        })
    }
}

impl InstrumentFile {
    fn check(self, at: &str, now: Timestamp) -> Result<Listing, InputError> {
        let instrument = self.instrument(at)?;
        if let Some(expiry) = instrument.expiry()
            && expiry < now
        {
            let message =
                format!("{} expired at {expiry}; the snapshot is of {now}", instrument.name);
            return Err(InputError::new(InputCode::Expired, message).at(at));
        }
        let optional = |what: &str, value: Option<Real>, zero_is_fine: bool| match value {
            None => Ok(None),
            Some(Real(0.0)) if zero_is_fine => Ok(Some(0.0)),
            Some(Real(value)) => positive(at, what, value).map(Some),
        };
        let option = instrument.is_option();
        let (bid, ask) = (optional("bid", self.bid, true)?, optional("ask", self.ask, true)?);
        if let (Some(bid), Some(ask)) = (bid, ask)
            && bid > ask
        {
            let message = format!("{}: bid {bid} is above ask {ask}", instrument.name);
            return Err(InputError::new(InputCode::Crossed, message).at(at));
        }
        if self.mark_vol.is_some() && !option {
            let message = format!("{}: mark_vol on something that is not an option", self.name);
            return Err(InputError::new(InputCode::Malformed, message).at(at));
        }
        let mark_vol = optional("mark_vol", self.mark_vol, false)?;
        if let Some(vol) = mark_vol.filter(|vol| *vol > MAX_VOL_ANN) {
            let message = format!(
                "mark_vol = {vol} is above {MAX_VOL_ANN}; vols are decimals per year (0.65 is 65 %)"
            );
            return Err(InputError::new(InputCode::BadNumber, message).at(at));
        }
        Ok(Listing {
            mark_price: optional("mark_price", self.mark_price, option)?,
            mark_vol,
            bid,
            ask,
            bid_size: optional("bid_size", self.bid_size, true)?,
            ask_size: optional("ask_size", self.ask_size, true)?,
            open_interest: optional("open_interest", self.open_interest, true)?,
            funding_8h: funding_8h(at, self.funding_8h)?,
            confidence: unit_interval(at, "confidence", self.confidence)?,
            instrument,
        })
    }

    fn underlying_text(&self) -> &str {
        self.underlying.as_ref().map_or("", Asset::as_str)
    }

    fn instrument(&self, at: &str) -> Result<Instrument, InputError> {
        let parsed = name::parse(&self.name);
        if self.name.is_empty() || (parsed.is_none() && self.name == self.underlying_text()) {
            let message = format!("`{}` is not a name for an instrument", self.name);
            return Err(InputError::new(InputCode::Malformed, message)
                .at(at)
                .hint("a bare ticker would be mistaken for a balance"));
        }
        let missing = |what: &str| {
            let message = format!("`{}` does not say its {what}, so `{what}` is needed", self.name);
            InputError::new(InputCode::Missing, message).at(at)
        };
        let named_kind = parsed.as_ref().map(|name| name.kind);
        let kind_name =
            self.kind.or(named_kind.map(KindName::from)).ok_or_else(|| missing("kind"))?;
        let named_expiry = match named_kind {
            Some(Kind::Future { expiry } | Kind::Option { expiry, .. }) => Some(expiry),
            _ => None,
        };
        let expiry = || self.expiry.or(named_expiry).ok_or_else(|| missing("expiry"));
        let kind = match kind_name {
            KindName::Spot => Kind::Spot,
            KindName::Perpetual => Kind::Perpetual,
            KindName::Future => Kind::Future { expiry: expiry()? },
            KindName::Option => {
                let (named_strike, named_type) = match named_kind {
                    Some(Kind::Option { strike, option_type, .. }) => {
                        (Some(strike), Some(option_type))
                    }
                    _ => (None, None),
                };
                let strike = self.strike.map(|strike| strike.0).or(named_strike);
                let strike = strike.ok_or_else(|| missing("strike"))?;
                Kind::Option {
                    expiry: expiry()?,
                    strike: positive(at, "strike", strike)?,
                    option_type: self
                        .option_type
                        .or(named_type)
                        .ok_or_else(|| missing("option_type"))?,
                }
            }
        };
        let named_underlying = parsed.as_ref().map(|name| name.underlying.clone());
        let underlying =
            self.underlying.clone().or(named_underlying).ok_or_else(|| missing("underlying"))?;
        let named_settlement = parsed.map(|name| name.settlement_asset);
        let settlement_asset =
            self.settlement.clone().or(named_settlement).ok_or_else(|| missing("settlement"))?;
        let contract_size = match (self.contract_size, kind) {
            (Some(size), _) => positive(at, "contract_size", size.0)?,
            (None, Kind::Spot | Kind::Option { .. }) => 1.0,
            (None, _) => return Err(missing("contract_size")),
        };
        let contract_unit = self.contract_unit.unwrap_or_default();
        Ok(Instrument {
            name: self.name.clone(),
            underlying,
            kind,
            settlement_asset,
            contract_size,
            contract_unit,
        })
    }
}

/// Vols above this are taken for percentages written as decimals.
const MAX_VOL_ANN: f64 = 50.0;

impl From<Kind> for KindName {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Spot => Self::Spot,
            Kind::Perpetual => Self::Perpetual,
            Kind::Future { .. } => Self::Future,
            Kind::Option { .. } => Self::Option,
        }
    }
}

impl From<&Listing> for InstrumentFile {
    /// Leaves out what the name already says.
    fn from(listing: &Listing) -> Self {
        let instrument = &listing.instrument;
        let named = name::parse(&instrument.name);
        let said = named.as_ref().is_some_and(|name| name.kind == instrument.kind);
        let (strike, option_type) = match instrument.kind {
            Kind::Option { strike, option_type, .. } => (Some(Real(strike)), Some(option_type)),
            _ => (None, None),
        };
        let unsaid = |differs: bool| differs.then_some(());
        let underlying_said = named.as_ref().is_some_and(|n| n.underlying == instrument.underlying);
        let settlement_said =
            named.as_ref().is_some_and(|n| n.settlement_asset == instrument.settlement_asset);
        let default_size = !instrument.is_future() && instrument.contract_size == 1.0;
        Self {
            name: instrument.name.clone(),
            kind: unsaid(!said).map(|()| instrument.kind.into()),
            underlying: unsaid(!underlying_said).map(|()| instrument.underlying.clone()),
            settlement: unsaid(!settlement_said).map(|()| instrument.settlement_asset.clone()),
            contract_size: unsaid(!default_size).map(|()| Real(instrument.contract_size)),
            contract_unit: unsaid(instrument.contract_unit != ContractUnit::Base)
                .map(|()| instrument.contract_unit),
            expiry: unsaid(!said).and(instrument.expiry()),
            strike: unsaid(!said).and(strike),
            option_type: unsaid(!said).and(option_type),
            mark_price: listing.mark_price.map(Real),
            mark_vol: listing.mark_vol.map(Real),
            bid: listing.bid.map(Real),
            ask: listing.ask.map(Real),
            bid_size: listing.bid_size.map(Real),
            ask_size: listing.ask_size.map(Real),
            open_interest: listing.open_interest.map(Real),
            funding_8h: listing.funding_8h.map(Real),
            confidence: below_one(listing.confidence),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn funding_that_is_no_rate_is_refused() {
        // No document can hold them; a market put together by hand can.
        for rate in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.01] {
            let refused = funding_8h("instruments[0]", Some(Real(rate))).unwrap_err();
            assert_eq!(refused.code, InputCode::BadNumber);
            assert!(refused.message.contains(&format!("funding_8h = {rate}")), "{refused}");
        }
        assert_eq!(funding_8h("", Some(Real(-0.0001))), Ok(Some(-0.0001)));
        assert_eq!(funding_8h("", None), Ok(None));
    }
}
