//! From a draft to a market and a book: which contracts are listed, at which prices, and what has to
//! be told about the rest.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_math::float;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::instrument::Kind;
use plimsoll_model::market::{
    AssetFile, ForwardDetail, ForwardFile, InstrumentFile, MarketFile, UnderlyingFile,
};
use plimsoll_model::number::Real;
use plimsoll_model::{Asset, Book, Timestamp};

use crate::draft::{Contract, Draft, Funding, Quote};
use crate::{ImportOptions, Imported, Venue};

/// Coins of which one unit is meant to be a dollar. Where no answer prices one, it is taken at par
/// and a warning says so.
const DOLLAR_COINS: [&str; 8] = ["USDC", "USDT", "USDE", "USDH", "USDG", "DAI", "FDUSD", "BUSD"];

/// Names listed in one warning.
const LISTED_NAMES: usize = 3;

impl Draft {
    /// The market and the book.
    pub fn finish(mut self, venue: Venue, options: &ImportOptions) -> Result<Imported, InputError> {
        let time = options.time.or(self.newest_quote).or(self.newest_answer).ok_or_else(|| {
            InputError::new(InputCode::Missing, "no answer says when it was given")
                .hint("state the time of the snapshot")
        })?;
        self.spread_funding();
        let mut warnings = std::mem::take(&mut self.warnings);
        let accounts = std::mem::take(&mut self.accounts);
        let book = accounts.finish(&options.account, &self.contracts, &mut warnings)?;
        let mut prices = Prices {
            stated: &options.asset_prices_usd,
            implied: &self.asset_prices_usd,
            indices: medians(&self.indices),
            at_par: BTreeSet::new(),
        };
        let held: BTreeSet<&str> = book.iter().flat_map(held_names).collect();
        let mut left_out = self.left_out.clone();
        let mut kept = Vec::new();
        for (name, contract) in &self.contracts {
            let is_held = held.contains(name.as_str());
            match unfit(contract, self.quotes.get(name), is_held, time, &mut prices) {
                None => kept.push(contract),
                Some(reason) if is_held => {
                    let message = format!("{name} is held, and cannot be taken in: {reason}");
                    return Err(InputError::new(InputCode::Missing, message));
                }
                Some(reason) => {
                    left_out.insert(name.clone(), reason);
                }
            }
        }
        if kept.is_empty() {
            return Err(nothing_listed(&left_out));
        }
        let (curves, carried) = self.curves(time, &mut prices);
        let market = MarketFile {
            id: options.id.clone().unwrap_or_else(|| format!("{venue}-{time}")),
            time,
            source: options.source.clone(),
            underlyings: underlyings(&kept, &curves, &mut prices),
            assets: assets(&kept, book.as_ref(), &mut prices, &mut warnings),
            instruments: kept
                .iter()
                .map(|contract| listed(contract, self.quotes.get(&contract.name), &mut warnings))
                .collect::<Result<_, _>>()?,
        };
        let coins = prices.at_par.iter();
        warnings.extend(coins.map(|coin| format!("{coin} is taken at 1 USD: no answer prices it")));
        warnings.extend(carried.iter().filter(|coin| market.underlyings.contains_key(*coin)).map(
            |coin| {
                format!("forwards of {coin} are its index, carried at the rate the venue states")
            },
        ));
        warnings.extend(grouped(&left_out, "left out"));
        warnings.extend(grouped(
            self.orders_left_out.iter().map(|(name, why)| (name, why)),
            "orders left out",
        ));
        let unlisted = self.unlisted.iter();
        let unlisted = unlisted.map(|name| (name.clone(), "no answer lists it".to_owned()));
        let unlisted: BTreeMap<String, String> = unlisted.collect();
        warnings.extend(grouped(&unlisted, "quoted, and left out"));
        market.clone().check()?;
        Ok(Imported { market, book, tiers: self.tiers, warnings })
    }
}

fn nothing_listed(left_out: &BTreeMap<String, String>) -> InputError {
    let message = match left_out.iter().next() {
        Some((name, reason)) => format!("nothing can be listed; for example {name}: {reason}"),
        None => "no answer lists an instrument".to_owned(),
    };
    InputError::new(InputCode::Empty, message)
}

fn held_names(book: &Book) -> impl Iterator<Item = &str> {
    book.accounts.iter().flat_map(|account| {
        let positions = account.positions.iter().map(|position| position.instrument.as_str());
        positions.chain(account.open_orders.iter().map(|order| order.instrument.as_str()))
    })
}

/// USD prices of assets, from the best source there is.
struct Prices<'a> {
    stated: &'a BTreeMap<Asset, f64>,
    implied: &'a BTreeMap<Asset, f64>,
    indices: BTreeMap<(Asset, Asset), f64>,
    at_par: BTreeSet<Asset>,
}

impl Prices<'_> {
    /// What was stated, else the index in USD, else the index in a dollar coin times that coin's
    /// price, else what an account statement implies, else par for a dollar coin.
    fn usd(&mut self, asset: &Asset) -> Option<f64> {
        if asset.as_str() == "USD" {
            return Some(1.0);
        }
        let direct = self.stated.get(asset).copied();
        let direct = direct.or_else(|| self.index(asset, &Asset::usd()));
        if direct.is_some() {
            return direct;
        }
        for coin in DOLLAR_COINS.map(Asset::new).iter().filter(|coin| *coin != asset) {
            if let Some(index) = self.index(asset, coin) {
                return Some(index * self.dollar_coin(coin));
            }
        }
        let implied = self.implied.get(asset).copied();
        implied.or_else(|| DOLLAR_COINS.contains(&asset.as_str()).then(|| self.dollar_coin(asset)))
    }

    fn index(&self, asset: &Asset, quote: &Asset) -> Option<f64> {
        self.indices.get(&(asset.clone(), quote.clone())).copied()
    }

    fn dollar_coin(&mut self, coin: &Asset) -> f64 {
        let known = self.stated.get(coin).copied();
        let known = known.or_else(|| self.index(coin, &Asset::usd()));
        known.or_else(|| self.implied.get(coin).copied()).unwrap_or_else(|| {
            self.at_par.insert(coin.clone());
            1.0
        })
    }
}

/// Why a contract cannot be listed, if it cannot.
fn unfit(
    contract: &Contract,
    quote: Option<&Quote>,
    held: bool,
    now: Timestamp,
    prices: &mut Prices<'_>,
) -> Option<String> {
    if let Kind::Future { expiry } | Kind::Option { expiry, .. } = contract.kind
        && expiry < now
    {
        return Some(format!("expired before {now}"));
    }
    if quote.is_none() && !held {
        return Some("no answer quotes it".to_owned());
    }
    if contract.underlying.as_str() == "USD" {
        return Some("its underlying is USD itself".to_owned());
    }
    for asset in [&contract.underlying, &contract.settlement] {
        if prices.usd(asset).is_none() {
            return Some(format!("no answer holds an index or price of {asset}"));
        }
    }
    None
}

fn listed(
    contract: &Contract,
    quote: Option<&Quote>,
    warnings: &mut Vec<String>,
) -> Result<InstrumentFile, InputError> {
    let mut quote = quote.copied().unwrap_or_default();
    if let Some(Real(rate)) = quote.funding_8h.filter(|rate| !rate.0.is_finite()) {
        let message = format!("{}: funding of {rate} over eight hours", contract.name);
        return Err(InputError::new(InputCode::BadNumber, message));
    }
    if let (Some(bid), Some(ask)) = (quote.bid, quote.ask)
        && bid > ask
    {
        warnings.push(format!(
            "{}: bid {} is above ask {}: both left out",
            contract.name, bid.0, ask.0
        ));
        (quote.bid, quote.ask) = (None, None);
    }
    let (expiry, strike, option_type) = match contract.kind {
        Kind::Option { expiry, strike, option_type } => {
            (Some(expiry), Some(Real(strike)), Some(option_type))
        }
        Kind::Future { expiry } => (Some(expiry), None, None),
        Kind::Spot | Kind::Perpetual => (None, None, None),
    };
    Ok(InstrumentFile {
        name: contract.name.clone(),
        kind: Some(contract.kind.into()),
        underlying: Some(contract.underlying.clone()),
        settlement: Some(contract.settlement.clone()),
        contract_size: Some(contract.size),
        contract_unit: Some(contract.unit),
        expiry,
        strike,
        option_type,
        mark_price: quote.mark_price,
        mark_vol: quote.mark_vol.filter(|_| option_type.is_some()),
        bid: quote.bid,
        ask: quote.ask,
        bid_size: quote.bid_size,
        ask_size: quote.ask_size,
        open_interest: quote.open_interest,
        funding_8h: quote.funding_8h,
        confidence: None,
    })
}

/// Forwards by coin and expiry.
type Curves = BTreeMap<Asset, BTreeMap<Timestamp, ForwardFile>>;

impl Draft {
    /// Forwards of expiries still to come: the median of those quoted, else index · exp(growth ·
    /// years). With it, the coins of which some forward is of the second kind.
    fn curves(&self, now: Timestamp, prices: &mut Prices<'_>) -> (Curves, BTreeSet<Asset>) {
        let mut curves = Curves::new();
        for ((coin, expiry), quoted) in &self.forwards {
            let discounts = self.discounts.get(&(coin.clone(), *expiry));
            let rate = discounts.and_then(|factors| rate_ann(factors, now, *expiry));
            let forward = forward(median(quoted.clone()), rate);
            curves.entry(coin.clone()).or_default().insert(*expiry, forward);
        }
        let mut carried = BTreeSet::new();
        for ((coin, expiry), carry) in &self.carries {
            let index = prices.index(coin, &carry.quote).or_else(|| prices.usd(coin));
            let curve = curves.entry(coin.clone()).or_default();
            if let (Some(index), None) = (index, curve.get(expiry)) {
                let growth = float::exp(carry.growth_ann * now.years_until(*expiry));
                curve.insert(*expiry, forward(index * growth, Some(carry.rate_ann)));
                carried.insert(coin.clone());
            }
        }
        for curve in curves.values_mut() {
            curve.retain(|expiry, _| *expiry >= now);
        }
        (curves, carried)
    }

    /// Funding rates of one interval, brought to eight hours.
    fn spread_funding(&mut self) {
        for (name, Funding { rate, usual_hours }) in &self.funding {
            let hours = self.funding_hours.get(name).unwrap_or(usual_hours);
            if let Some(quote) = self.quotes.get_mut(name) {
                quote.funding_8h = Some(Real(rate * 8.0 / hours));
            }
        }
    }
}

fn forward(price: f64, rate_ann: Option<f64>) -> ForwardFile {
    let price = Real(price);
    let Some(rate) = rate_ann.filter(|rate| *rate != 0.0) else {
        return ForwardFile::Price(price);
    };
    ForwardFile::Full(ForwardDetail {
        price,
        fixed: None,
        rate_ann: Some(Real(rate)),
        confidence: None,
        rate_confidence: None,
        vol_confidence: None,
    })
}

/// −ln(discount factor) / years. Factors are published to a few digits: within a day of expiry the
/// rounding is all there is, and they say nothing.
fn rate_ann(factors: &[f64], now: Timestamp, expiry: Timestamp) -> Option<f64> {
    let days = now.days_until(expiry);
    let rate = -float::ln(median(factors.to_vec())) / now.years_until(expiry);
    (days >= 1.0 && rate.is_finite()).then_some(rate)
}

/// Index and forwards of the coins of the contracts.
fn underlyings(
    contracts: &[&Contract],
    curves: &Curves,
    prices: &mut Prices<'_>,
) -> BTreeMap<Asset, UnderlyingFile> {
    let coins: BTreeSet<&Asset> = contracts.iter().map(|contract| &contract.underlying).collect();
    coins
        .into_iter()
        .filter_map(|coin| {
            let index_price = Real(prices.usd(coin)?);
            let forwards = curves.get(coin).cloned().unwrap_or_default();
            Some((coin.clone(), UnderlyingFile { index_price, confidence: None, forwards }))
        })
        .collect()
}

/// Prices of the assets that contracts settle in and that accounts hold.
fn assets(
    contracts: &[&Contract],
    book: Option<&Book>,
    prices: &mut Prices<'_>,
    warnings: &mut Vec<String>,
) -> BTreeMap<Asset, AssetFile> {
    let coins: BTreeSet<&Asset> = contracts.iter().map(|contract| &contract.underlying).collect();
    let settled = contracts.iter().map(|contract| &contract.settlement);
    let accounts = book.into_iter().flat_map(|book| &book.accounts);
    let balances = accounts.flat_map(|account| account.balances.keys());
    let needed: BTreeSet<&Asset> = settled.chain(balances).collect();
    let mut found = BTreeMap::new();
    for asset in needed.into_iter().filter(|asset| !coins.contains(asset)) {
        match prices.usd(asset) {
            _ if asset.as_str() == "USD" => {}
            Some(price) => {
                found.insert(asset.clone(), AssetFile::Price(Real(price)));
            }
            None => warnings.push(format!(
                "{asset} is held and no answer prices it: add its price before margining the book"
            )),
        }
    }
    found
}

/// The middle value; with an even count the mean of the middle two. NaN for none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
    // Halved before adding, so that two huge prices do not overflow.
    0.5 * at(last / 2) + 0.5 * at(last.div_ceil(2))
}

fn medians<K: Ord + Clone>(values: &BTreeMap<K, Vec<f64>>) -> BTreeMap<K, f64> {
    values.iter().map(|(key, values)| (key.clone(), median(values.clone()))).collect()
}

/// One sentence per reason, with the first few names.
fn grouped<'a>(
    names: impl IntoIterator<Item = (&'a String, &'a String)>,
    what: &str,
) -> Vec<String> {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, reason) in names {
        reasons.entry(reason).or_default().push(name);
    }
    let sentence = |(reason, names): (&str, Vec<&str>)| {
        let more = names.len().saturating_sub(LISTED_NAMES);
        let few = names.iter().take(LISTED_NAMES).copied().collect::<Vec<_>>().join(", ");
        let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{what}: {few}{tail}: {reason}")
    };
    reasons.into_iter().map(sentence).collect()
}
