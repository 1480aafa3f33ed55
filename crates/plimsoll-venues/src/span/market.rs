//! A market of the contracts of a SPAN file, at the file's own settlement prices: enough to hold and
//! value them, since risk comes from their arrays.
//!
//! A commodity is an underlying; its index is the price of its physical contract, else of its nearest
//! future. A forward is the price of the future of that expiry, else the index. Vols are left to be
//! implied from settlement prices.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::market::{
    AssetFile, ForwardFile, InstrumentFile, KindName, MarketFile, UnderlyingFile,
};
use plimsoll_model::number::Real;
use plimsoll_model::span::{SpanContract, SpanParameters};
use plimsoll_model::{Asset, Timestamp};

use crate::{ImportOptions, Imported};

/// The contracts of a file as a market.
///
/// # Errors
/// `missing` where the file has no business date and no time is given, or where no rate leads from a
/// currency to dollars; naming it.
pub fn market(
    parameters: &SpanParameters,
    options: &ImportOptions,
) -> Result<Imported, InputError> {
    let time = match (options.time, &parameters.business_date) {
        (Some(time), _) => time,
        (None, Some(date)) => midnight(date)?,
        (None, None) => {
            let message = "the file has no business date";
            return Err(InputError::new(InputCode::Missing, message)
                .hint("give the time of the snapshot with --time"));
        }
    };
    let mut draft = Draft::new(parameters, time);
    let mut underlyings = BTreeMap::new();
    let mut assets = BTreeMap::new();
    for (code, commodity) in &parameters.commodities {
        let usd = usd(parameters, options, &commodity.currency)?;
        if let Some(underlying) = draft.commodity(code, &commodity.currency, usd) {
            underlyings.insert(Asset::new(code), underlying);
            if commodity.currency != Asset::usd() {
                assets.insert(commodity.currency.clone(), AssetFile::Price(Real(usd)));
            }
        }
    }
    let house = parameters.clearing_organisation.to_lowercase();
    let (year, month, day) = time.date_utc();
    let id = || format!("span-{house}-{year:04}-{month:02}-{day:02}");
    let market = MarketFile {
        id: options.id.clone().unwrap_or_else(id),
        time,
        source: options.source.clone(),
        underlyings,
        assets,
        instruments: draft.instruments,
    };
    let skipped = draft.skipped.into_iter().map(|((code, why), count)| {
        let plural = if count == 1 { "" } else { "s" };
        format!("{code}: {count} contract{plural} not in the market: {why}")
    });
    let mut warnings: Vec<String> = skipped.collect();
    let months = draft.months.len();
    if months > 0 {
        warnings.push(format!(
            "{months} periods name a month without a day: expiry is taken as its last day"
        ));
    }
    Ok(Imported { market, book: None, tiers: None, warnings })
}

fn midnight(date: &str) -> Result<Timestamp, InputError> {
    format!("{date}T00:00:00Z").parse().map_err(|why: String| {
        InputError::new(InputCode::Malformed, format!("business date {date}: {why}"))
    })
}

/// Dollars per unit of a currency: given, or by the file's own rates.
fn usd(
    parameters: &SpanParameters,
    options: &ImportOptions,
    currency: &Asset,
) -> Result<f64, InputError> {
    let given = options.asset_prices_usd.get(currency).copied();
    given.or_else(|| parameters.currency_rate(currency, &Asset::usd())).ok_or_else(|| {
        let message = format!("the file has no rate from {currency} to USD");
        InputError::new(InputCode::Missing, message)
            .hint(format!("give it with --asset-price {currency}=PRICE"))
    })
}

/// What is found while the commodities are gone through.
struct Draft<'a> {
    time: Timestamp,
    /// Contracts by commodity.
    contracts: BTreeMap<&'a str, Vec<(&'a str, &'a SpanContract)>>,
    instruments: Vec<InstrumentFile>,
    /// How many contracts of a commodity are left out, by reason.
    skipped: BTreeMap<(String, &'static str), usize>,
    /// Periods that name a month.
    months: BTreeSet<&'a str>,
}

impl<'a> Draft<'a> {
    fn new(parameters: &'a SpanParameters, time: Timestamp) -> Self {
        let mut contracts: BTreeMap<&str, Vec<(&str, &SpanContract)>> = BTreeMap::new();
        for (name, contract) in &parameters.contracts {
            contracts.entry(&contract.commodity).or_default().push((name, contract));
        }
        let (instruments, skipped, months) = (vec![], BTreeMap::new(), BTreeSet::new());
        Self { time, contracts, instruments, skipped, months }
    }

    /// Lists the contracts of a commodity; `None` where it has no price or none is left.
    fn commodity(&mut self, code: &'a str, currency: &Asset, usd: f64) -> Option<UnderlyingFile> {
        let contracts = self.contracts.remove(code)?;
        let skip_all = |why| [((code.to_owned(), why), contracts.len())];
        if code == currency.as_str() || code == "USD" {
            self.skipped.extend(skip_all("the commodity is named like a currency of settlement"));
            return None;
        }
        let mut forwards: BTreeMap<Timestamp, f64> = BTreeMap::new();
        for (_, contract) in contracts.iter().filter(|(_, contract)| is_future(contract)) {
            if let Some(expiry) = self.expiry(&contract.period)
                && contract.price > 0.0
            {
                forwards.entry(expiry).or_insert(contract.price);
            }
        }
        let physical = contracts.iter().find(|(_, c)| is_physical(c) && c.price > 0.0);
        let index = physical.map(|(_, c)| c.price).or_else(|| forwards.values().next().copied());
        let Some(index) = index else {
            self.skipped.extend(skip_all("neither a physical contract nor a future has a price"));
            return None;
        };
        for (name, contract) in &contracts {
            match self.instrument(name, contract, currency) {
                Ok(instrument) => {
                    if let (Some(expiry), Some(KindName::Option)) =
                        (instrument.expiry, instrument.kind)
                    {
                        forwards.entry(expiry).or_insert(index);
                    }
                    self.instruments.push(instrument);
                }
                Err(why) => *self.skipped.entry((code.to_owned(), why)).or_default() += 1,
            }
        }
        let forwards = forwards.into_iter();
        Some(UnderlyingFile {
            index_price: Real(index * usd),
            confidence: None,
            forwards: forwards.map(|(at, price)| (at, ForwardFile::Price(Real(price)))).collect(),
        })
    }

    fn instrument(
        &mut self,
        name: &str,
        contract: &'a SpanContract,
        currency: &Asset,
    ) -> Result<InstrumentFile, &'static str> {
        if contract.value_factor <= 0.0 {
            return Err("no money per point of price");
        }
        let option = contract.option_type.is_some();
        // An option may be worth nothing.
        if contract.price < 0.0 || (contract.price == 0.0 && !option) {
            return Err("no settlement price");
        }
        let expiry = if is_physical(contract) {
            None
        } else {
            let expiry = self.expiry(contract.own_period());
            Some(expiry.ok_or("a period that is no date on or after the business date")?)
        };
        let kind = match (option, expiry) {
            (true, _) => KindName::Option,
            (false, Some(_)) => KindName::Future,
            (false, None) => KindName::Spot,
        };
        Ok(InstrumentFile {
            name: name.to_owned(),
            kind: Some(kind),
            underlying: Some(Asset::new(&contract.commodity)),
            settlement: Some(currency.clone()),
            contract_size: Some(Real(contract.value_factor)),
            expiry,
            strike: contract.strike.map(Real),
            option_type: contract.option_type,
            mark_price: Some(Real(contract.price)),
            ..InstrumentFile::default()
        })
    }

    /// When a period ends: `YYYYMMDD`, or the last day of `YYYYMM` whatever follows it.
    fn expiry(&mut self, period: &'a str) -> Option<Timestamp> {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let year: i16 = period.get(..4).filter(|text| digits(text))?.parse().ok()?;
        let month: i8 = period.get(4..6).filter(|text| digits(text))?.parse().ok()?;
        let day = period.get(6..).filter(|text| text.len() == 2 && digits(text));
        let at = match day.and_then(|text| text.parse().ok()).filter(|day: &i8| *day > 0) {
            Some(day) => Timestamp::expiry_on(year, month, day)?,
            None => {
                let last =
                    (28..=31).rev().find_map(|day| Timestamp::expiry_on(year, month, day))?;
                self.months.insert(period);
                last
            }
        };
        (at >= self.time).then_some(at)
    }
}

fn is_physical(contract: &SpanContract) -> bool {
    contract.option_type.is_none() && contract.premium_paid
}

fn is_future(contract: &SpanContract) -> bool {
    contract.option_type.is_none() && !contract.premium_paid
}
