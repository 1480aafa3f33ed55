//! `plimsoll chain`: what a market holds.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll::margin::report::SnapshotReport;
use plimsoll::model::{InstrumentId, Kind, OptionType};
use plimsoll::pricing::contract;
use plimsoll::{Asset, InputCode, InputError, Market, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::json;
use crate::args::ChainArgs;
use crate::args::common::Format;
use crate::exit::Answer;
use crate::{format, input, view};

/// A market by coin and expiry.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Chain {
    /// The market.
    pub snapshot: SnapshotReport,
    /// Its coins.
    pub underlyings: Vec<Coin>,
}

/// A coin.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Coin {
    /// The ticker.
    pub underlying: Asset,
    /// Spot index, USD.
    pub index_price: f64,
    /// Perpetuals listed, with their marks.
    pub perpetuals: BTreeMap<String, Option<f64>>,
    /// Expiries of options and futures.
    pub expiries: Vec<Expiry>,
}

/// An expiry of a coin.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Expiry {
    /// The instant.
    pub expiry: Timestamp,
    /// Days from the snapshot.
    pub days: f64,
    /// Forward price; absent where the market has none.
    pub forward: Option<f64>,
    /// Forward over index − 1, percent.
    pub basis_pct: Option<f64>,
    /// Vol at the forward, percent per year: linear in strike between its neighbours, each the mean
    /// of call and put.
    pub atm_vol_pct: Option<f64>,
    /// Options listed.
    pub options: usize,
    /// Options with a bid and an ask.
    pub quoted: usize,
    /// Contracts open in options.
    pub open_interest: f64,
}

/// The options of one expiry.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Strikes {
    /// The market.
    pub snapshot: SnapshotReport,
    /// The expiry, once per coin that has it.
    pub expiries: Vec<ExpiryStrikes>,
}

/// The options of one coin and expiry.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ExpiryStrikes {
    /// The coin.
    pub underlying: Asset,
    /// The expiry.
    #[serde(flatten)]
    pub about: Expiry,
    /// By strike, call before put.
    pub strikes: Vec<Strike>,
}

/// An option of a chain; greeks per contract.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Strike {
    /// The instrument.
    pub instrument: String,
    /// The strike.
    pub strike: f64,
    /// Call or put.
    pub option_type: OptionType,
    /// Vol, percent per year, given or implied from the mark.
    pub mark_vol_pct: Option<f64>,
    /// Best bid: coin for coin-settled options, else quote.
    pub bid: Option<f64>,
    /// Mark price, in the same unit.
    pub mark_price: Option<f64>,
    /// Best ask, in the same unit.
    pub ask: Option<f64>,
    /// Contracts open.
    pub open_interest: Option<f64>,
    /// Sensitivities; absent where the option cannot be valued.
    pub greeks: Option<StrikeGreeks>,
}

/// Sensitivities of one contract.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StrikeGreeks {
    /// Coins.
    pub delta: f64,
    /// Coins, as an account kept in the coin sees it.
    pub premium_adjusted_delta: f64,
    /// Change of `delta`, in coins, for a 1 % rise of the forward.
    pub gamma_1pct: f64,
    /// USD per vol point.
    pub vega: f64,
    /// USD per day.
    pub theta: f64,
}

/// Runs the command.
pub fn run(args: &ChainArgs) -> anyhow::Result<Answer> {
    let market = input::market(&args.market)?;
    let mut chain = Chain::of(&market.value);
    let refuse = |error: InputError| error.from_origin(&market.origin);
    if let Some(coin) = &args.underlying {
        chain.keep_coin(coin).map_err(refuse)?;
    }
    let text = match (&args.expiry, args.format.format) {
        (None, Format::Table) => view::chain::text(&chain),
        (None, Format::Json) => json(&chain)?,
        (Some(word), format) => {
            let strikes = chain.strikes(&market.value, word).map_err(refuse)?;
            if format == Format::Json { json(&strikes)? } else { view::chain::strikes(&strikes) }
        }
    };
    Ok(Answer::text(text))
}

impl Chain {
    /// Sums a market up.
    pub fn of(market: &Market) -> Self {
        let coins = market.underlyings.keys().map(|coin| Coin::of(market, coin));
        Self {
            snapshot: SnapshotReport { id: market.id.clone(), time: market.time },
            underlyings: coins.collect(),
        }
    }

    fn keep_coin(&mut self, word: &str) -> Result<(), InputError> {
        let known: Vec<String> =
            self.underlyings.iter().map(|coin| coin.underlying.to_string()).collect();
        self.underlyings.retain(|coin| coin.underlying.as_str().eq_ignore_ascii_case(word));
        if self.underlyings.is_empty() {
            let message = format!("no underlying `{word}`");
            return Err(InputError::new(InputCode::UnknownAsset, message)
                .hint(format!("there are {}", known.join(", "))));
        }
        Ok(())
    }

    fn strikes(self, market: &Market, word: &str) -> Result<Strikes, InputError> {
        let mut found = Vec::new();
        let mut known = BTreeSet::new();
        for coin in self.underlyings {
            for about in coin.expiries {
                known.insert(about.expiry);
                if is_named(about.expiry, word) {
                    let strikes = strikes(market, &coin.underlying, about.expiry);
                    found.push(ExpiryStrikes {
                        underlying: coin.underlying.clone(),
                        about,
                        strikes,
                    });
                }
            }
        }
        if found.is_empty() {
            let known: Vec<String> = known.into_iter().map(format::expiry).collect();
            return Err(InputError::new(InputCode::Missing, format!("no expiry `{word}`"))
                .hint(format!("there are {}", known.join(", "))));
        }
        Ok(Strikes { snapshot: self.snapshot, expiries: found })
    }
}

/// Whether a word names this expiry: `27MAR26`, `2026-03-27` or the whole instant.
fn is_named(expiry: Timestamp, word: &str) -> bool {
    let instant = expiry.to_string();
    format::expiry(expiry).eq_ignore_ascii_case(word)
        || instant == word
        || instant.split('T').next() == Some(word)
}

impl Coin {
    fn of(market: &Market, coin: &Asset) -> Self {
        let index_price = market.underlyings.get(coin).map_or(f64::NAN, |known| known.index_price);
        let mut perpetuals = BTreeMap::new();
        let mut expiries = BTreeSet::new();
        for listing in &market.listings {
            let instrument = &listing.instrument;
            if instrument.underlying != *coin {
                continue;
            }
            expiries.extend(instrument.expiry());
            if instrument.kind == Kind::Perpetual {
                perpetuals.insert(instrument.name.clone(), listing.mark_price);
            }
        }
        let expiries =
            expiries.into_iter().map(|expiry| Expiry::of(market, coin, index_price, expiry));
        Self { underlying: coin.clone(), index_price, perpetuals, expiries: expiries.collect() }
    }
}

impl Expiry {
    fn of(market: &Market, coin: &Asset, index_price: f64, expiry: Timestamp) -> Self {
        let forward = market.forward(coin, expiry);
        let (mut options, mut quoted, mut open_interest) = (0, 0, 0.0);
        for id in option_ids(market, coin, expiry) {
            let listing = market.listing(id);
            options += 1;
            quoted += usize::from(listing.bid.is_some() && listing.ask.is_some());
            open_interest += listing.open_interest.unwrap_or(0.0);
        }
        Self {
            expiry,
            days: market.time.days_until(expiry),
            forward,
            basis_pct: forward.map(|forward| 100.0 * (forward / index_price - 1.0)),
            atm_vol_pct: forward.and_then(|forward| atm_vol_pct(market, coin, expiry, forward)),
            options,
            quoted,
            open_interest,
        }
    }
}

fn option_ids(
    market: &Market,
    coin: &Asset,
    expiry: Timestamp,
) -> impl Iterator<Item = InstrumentId> {
    market.ids().filter(move |id| {
        let instrument = &market.listing(*id).instrument;
        instrument.is_option()
            && instrument.underlying == *coin
            && instrument.expiry() == Some(expiry)
    })
}

/// See [`Expiry::atm_vol_pct`]; beyond the listed strikes, that of the nearest.
fn atm_vol_pct(market: &Market, coin: &Asset, expiry: Timestamp, forward: f64) -> Option<f64> {
    let mut below: Option<(f64, Vec<f64>)> = None;
    let mut above: Option<(f64, Vec<f64>)> = None;
    for id in option_ids(market, coin, expiry) {
        let listing = market.listing(id);
        let Kind::Option { strike, .. } = listing.instrument.kind else { continue };
        let Some(vol) = listing.mark_vol else { continue };
        let (nearest, nearer): (_, fn(f64, f64) -> bool) = if strike <= forward {
            (&mut below, |new, old| new > old)
        } else {
            (&mut above, |new, old| new < old)
        };
        match nearest {
            Some((known, vols)) if *known == strike => vols.push(vol),
            Some((known, _)) if !nearer(strike, *known) => {}
            _ => *nearest = Some((strike, vec![vol])),
        }
    }
    let mean = |vols: &[f64]| vols.iter().sum::<f64>() / vols.len() as f64;
    match (below, above) {
        (Some((low, vols_low)), Some((high, vols_high))) => {
            let share = (forward - low) / (high - low);
            Some(100.0 * ((1.0 - share) * mean(&vols_low) + share * mean(&vols_high)))
        }
        (Some((_, vols)), None) | (None, Some((_, vols))) => Some(100.0 * mean(&vols)),
        (None, None) => None,
    }
}

fn strikes(market: &Market, coin: &Asset, expiry: Timestamp) -> Vec<Strike> {
    let mut strikes: Vec<Strike> =
        option_ids(market, coin, expiry).filter_map(|id| strike(market, id)).collect();
    strikes.sort_by(|a, b| a.strike.total_cmp(&b.strike).then(a.option_type.cmp(&b.option_type)));
    strikes
}

fn strike(market: &Market, id: InstrumentId) -> Option<Strike> {
    let listing = market.listing(id);
    let Kind::Option { strike, option_type, .. } = listing.instrument.kind else { return None };
    let greeks = contract::greeks(market, id).ok().zip(market.reference_price(id).ok());
    Some(Strike {
        instrument: listing.instrument.name.clone(),
        strike,
        option_type,
        mark_vol_pct: listing.mark_vol.map(|vol| 100.0 * vol),
        bid: listing.bid,
        mark_price: listing.mark_price,
        ask: listing.ask,
        open_interest: listing.open_interest,
        greeks: greeks.map(|(greeks, forward)| StrikeGreeks {
            delta: greeks.delta,
            premium_adjusted_delta: greeks.premium_adjusted_delta,
            gamma_1pct: greeks.gamma * 0.01 * forward,
            vega: 0.01 * greeks.vega_usd,
            theta: greeks.theta_usd_per_day,
        }),
    })
}
