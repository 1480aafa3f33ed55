//! Option books re-marked on real chains: bought at one snapshot's marks, sold at the next one's.

use std::collections::BTreeMap;

use plimsoll_calibrate::backtest::replay::Book;
use plimsoll_calibrate::history::{ReturnPanel, Series};
use plimsoll_math::float::{exp, ln, sqrt};
use plimsoll_model::{Asset, Kind, Market, OptionType, Timestamp};
use plimsoll_pricing::black76::price;
use plimsoll_venues::deribit::chain::{ChainOptions, parse_chain};
use plimsoll_venues::history::{Columns, chains, observations};

use crate::Failure;

/// One option at a snapshot.
#[derive(Clone, Copy)]
struct Quote {
    kind: OptionType,
    strike: f64,
    forward: f64,
    vol: f64,
    /// Mark in USD.
    mark: f64,
    days: f64,
}

/// One chain: index and options by (expiry, strike, call?).
struct Chain {
    index: f64,
    quotes: BTreeMap<(Timestamp, u64, bool), Quote>,
}

/// A panel of factors that ends with the chains' own days.
pub struct Replayed {
    /// Log changes of spot and of 30-day vol.
    pub rows: Vec<Vec<f64>>,
    /// End of each row.
    pub times: Vec<Timestamp>,
    /// The first row between two chains.
    pub first: usize,
    chains: Vec<Chain>,
}

impl Replayed {
    /// The history of spot and vol index, then one row for each pair of neighbouring chains.
    pub fn new(history: &ReturnPanel, index: &[u8], panel: &[u8]) -> Result<Self, Failure> {
        let only = Some(("currency", "BTC"));
        let column = |value| Columns { time: "snapshot_utc", value, only, shift_ms: 0 };
        let vols =
            Series::checked("30-day vol", observations(index, &column("atm_iv_30d"))?)?.history;
        let btc = Asset::new("BTC");
        let (mut rows, mut times) = (history.rows.clone(), history.times.clone());
        let first = rows.len();
        let mut read: Vec<Chain> = Vec::new();
        let mut last_vol = None;
        for slice in chains(panel)? {
            let chain =
                parse_chain(slice.csv.as_bytes(), &ChainOptions::default())?.market.check()?;
            let Some(vol) = vols.at(slice.time) else { continue };
            let chain = Chain::new(&chain, &btc);
            if let (Some(before), Some(was)) = (read.last(), last_vol) {
                rows.push(vec![ln(chain.index / before.index), ln(vol / was)]);
                times.push(slice.time);
            }
            last_vol = Some(vol);
            read.push(chain);
        }
        Ok(Self { rows, times, first, chains: read })
    }

    /// Books of options about 30 days from expiry, chosen anew at each snapshot.
    pub fn books(&self) -> Vec<Book<'_>> {
        use OptionType::{Call, Put};
        vec![
            self.book("short straddle", "short vol", 0.0, &[(-1.0, Call, 1.0), (-1.0, Put, 1.0)]),
            self.book(
                "short 85/115 strangle",
                "short vol",
                0.0,
                &[(-1.0, Call, 1.15), (-1.0, Put, 0.85)],
            ),
            self.book("long straddle", "long vol", 0.0, &[(1.0, Call, 1.0), (1.0, Put, 1.0)]),
            self.book("covered call 110", "hedged", 1.0, &[(-1.0, Call, 1.1)]),
            self.book("put spread 100/85", "spread", 0.0, &[(-1.0, Put, 1.0), (1.0, Put, 0.85)]),
            self.book(
                "risk reversal 90/110",
                "directional",
                0.0,
                &[(1.0, Call, 1.1), (-1.0, Put, 0.9)],
            ),
        ]
    }

    fn book(
        &self,
        name: &str,
        class: &str,
        delta: f64,
        legs: &[(f64, OptionType, f64)],
    ) -> Book<'_> {
        let held: Vec<Vec<(f64, Quote, f64)>> = self
            .chains
            .windows(2)
            .map(|pair| legs.iter().filter_map(|leg| pair[0].pick(leg, &pair[1])).collect())
            .collect();
        let (first, complete) = (self.first, legs.len());
        let indices: Vec<(f64, f64)> =
            self.chains.windows(2).map(|pair| (pair[0].index, pair[1].index)).collect();
        let positions = held.clone();
        let spots = indices.clone();
        let pnl = move |row: usize, moves: &[f64]| {
            let at = row - first;
            let (growth, vol_growth) = (exp(moves[0]), exp(moves[1]));
            let spot = spots[at].0;
            let options: f64 = positions[at]
                .iter()
                .map(|(quantity, quote, _)| {
                    let days = (quote.days - 1.0).max(0.0);
                    let total_vol = quote.vol * vol_growth * sqrt(days / 365.0);
                    let forward = quote.forward * growth;
                    let value = price(quote.kind, forward, quote.strike, total_vol);
                    quantity * (value * spot / quote.forward - quote.mark)
                })
                .sum();
            (options + delta * spot * (growth - 1.0)) / spot
        };
        let realised = move |row: usize| {
            let at = row - first;
            let (before, after) = indices[at];
            assert!(held[at].len() == complete, "a leg without a mark in row {row}");
            let options: f64 =
                held[at].iter().map(|(quantity, quote, mark)| quantity * (mark - quote.mark)).sum();
            (options + delta * (after - before)) / before
        };
        Book {
            name: name.to_owned(),
            class: class.to_owned(),
            pnl: Box::new(pnl),
            realised: Some(Box::new(realised)),
        }
    }
}

impl Chain {
    fn new(market: &Market, coin: &Asset) -> Self {
        let index = market.asset_price_usd(coin).unwrap_or(f64::NAN);
        let mut quotes = BTreeMap::new();
        for id in market.ids() {
            let listing = market.listing(id);
            let Kind::Option { expiry, strike, option_type } = listing.instrument.kind else {
                continue;
            };
            let forward = market.forward(coin, expiry);
            let complete = (listing.mark_vol, listing.mark_price, forward);
            if listing.instrument.underlying != *coin {
                continue;
            }
            if let (Some(vol), Some(mark), Some(forward)) = complete {
                let quote = Quote {
                    kind: option_type,
                    strike,
                    forward,
                    vol,
                    mark: mark * index,
                    days: market.time.days_until(expiry),
                };
                quotes.insert((expiry, strike.to_bits(), option_type == OptionType::Call), quote);
            }
        }
        Self { index, quotes }
    }

    /// The option nearest to 30 days and then to `moneyness` that the next chain still marks, with its
    /// mark there in USD.
    fn pick(&self, leg: &(f64, OptionType, f64), next: &Self) -> Option<(f64, Quote, f64)> {
        let (quantity, kind, moneyness) = *leg;
        let distance = |quote: &Quote| {
            let expiry = (quote.days - 30.0).abs();
            (expiry, (quote.strike / quote.forward / moneyness - 1.0).abs())
        };
        self.quotes
            .iter()
            .filter(|(key, quote)| quote.kind == kind && next.quotes.contains_key(key))
            .min_by(|(_, a), (_, b)| {
                let (a, b) = (distance(a), distance(b));
                a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
            })
            .and_then(|(key, quote)| Some((quantity, *quote, next.quotes.get(key)?.mark)))
    }
}
