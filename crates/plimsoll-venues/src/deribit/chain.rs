//! Option chains of Deribit's coin-settled options, from the CSV shapes in which collectors publish
//! them. The header tells the shape:
//!
//! | shape | told by its columns | vols | snapshots per file |
//! | --- | --- | --- | --- |
//! | collector | `timestamp`, `underlying_name`, `implied_volatility` | yes | one |
//! | panel | `snapshot_utc`, `underlying_index`, `mark_iv` | yes | many |
//! | book summary | `creation_timestamp`, `underlying_index`, `estimated_delivery_price` | no | one |
//!
//! The third holds the raw fields of `public/get_book_summary_by_currency`. Columns beyond those
//! needed are ignored. An instrument's name is the authority on its expiry, strike and type.
//!
//! A chain is recorded instrument by instrument over some seconds under one stamp, while index and
//! forwards move: the rows of one expiry may carry several forwards. A market has one, so the
//! **forward of an expiry is the median over its rows, and a coin's index the median over its rows**:
//! the middle of the recording, which no single late row can pull. Marks keep the forward of their
//! own moment; mark vols do not depend on it, and they are what a valuation should start from.
//!
//! A mark vol, mark price, bid or ask of zero means that there is none.

mod perpetuals;
mod rows;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::error::{InputCode, InputError, utf8};
use plimsoll_model::market::{ForwardFile, InstrumentFile, MarketFile, UnderlyingFile};
use plimsoll_model::number::Real;
use plimsoll_model::{Asset, Timestamp};

use super::contracts::{ContractSize, Contracts};
use crate::Imported;
use crate::assemble::median;
use rows::{Reading, Row};

/// What a chain file does not say itself.
#[derive(Clone, Debug, Default)]
pub struct ChainOptions<'a> {
    /// The name of the market; default: `deribit-` and the time of the snapshot.
    pub id: Option<String>,
    /// Where the file came from; kept in the market.
    pub source: Option<String>,
    /// Which snapshot to take from a file that holds several: the nearest within a minute.
    pub snapshot: Option<Timestamp>,
    /// A second CSV with perpetual prices at about the same time; columns `snapshot_utc`,
    /// `instrument_name`, `perp_price_nearest`. The nearest stamp within 10 minutes is taken.
    pub perpetuals: Option<&'a [u8]>,
}

/// Reads one snapshot of an option chain as a market: options, the dated futures that price them,
/// and perpetuals where a second file gives them. USDC and USDT are priced as the contract table
/// says (1 USD each), since a chain does not quote them.
///
/// Rows of options already expired at the snapshot are left out, and options with neither vol nor
/// mark are listed without a value; both are told in [`Imported::warnings`].
///
/// # Errors
/// With the line of the offending row: `malformed` (not UTF-8, no known shape, a row cut short, a
/// name or time that does not parse, a forward that belongs to another expiry), `bad_number`,
/// `missing` (forward, index), `crossed`, `duplicate`, `unsupported` (an option not settled in its
/// coin). Without a line: `empty` (no row, or all expired), `missing` (several snapshots and none
/// chosen, or none near the chosen one; the hint lists the first few).
pub fn parse_chain(csv: &[u8], options: &ChainOptions) -> Result<Imported, InputError> {
    let reading = Reading::new(utf8(csv)?)?;
    let snapshot = reading.choose(options.snapshot)?;
    let mut warnings = Vec::new();
    let rows = live_rows(reading.rows(snapshot)?, snapshot.time, &mut warnings)?;
    let contracts = Contracts::bundled()?;
    let underlyings = underlyings(&rows);
    let mut instruments = Vec::with_capacity(rows.len() + underlyings.len());
    if let Some(csv) = options.perpetuals {
        for coin in underlyings.keys() {
            match perpetuals::nearest(csv, coin, snapshot.time)
                .map_err(|error| error.from_origin("perpetuals"))?
            {
                Some((name, price)) => {
                    instruments.push(future(name, price, contracts.future(coin)?));
                }
                None => warnings.push(format!(
                    "no {coin}-PERPETUAL price within 10 minutes of {}: it is not listed",
                    snapshot.time
                )),
            }
        }
    }
    push_chain(&mut instruments, rows, &underlyings, &contracts, &mut warnings)?;
    let market = MarketFile {
        id: options.id.clone().unwrap_or_else(|| format!("deribit-{}", snapshot.time)),
        time: snapshot.time,
        source: options.source.clone(),
        underlyings,
        assets: contracts.asset_price_usd,
        instruments,
    };
    market.clone().check()?;
    Ok(Imported { market, book: None, tiers: None, warnings })
}

/// The rows that are not past their expiry, in order of coin, expiry, strike, type.
fn live_rows(
    rows: Vec<Row>,
    now: Timestamp,
    warnings: &mut Vec<String>,
) -> Result<Vec<Row>, InputError> {
    let mut first_line = BTreeMap::new();
    for row in &rows {
        if let Some(line) = first_line.insert(row.name.as_str(), row.line) {
            let message = format!("{} appears twice (first at line {line})", row.name);
            return Err(row.error(InputCode::Duplicate, message));
        }
    }
    let (mut live, expired): (Vec<Row>, Vec<Row>) =
        rows.into_iter().partition(|row| row.expiry >= now);
    warnings.extend(
        expired.iter().map(|row| {
            format!("line {}: {} expired at {}: left out", row.line, row.name, row.expiry)
        }),
    );
    if live.is_empty() {
        let message = format!("the chain holds no option that is alive at {now}");
        return Err(InputError::new(InputCode::Empty, message));
    }
    live.sort_by(|a, b| {
        let key = |row: &Row| (row.coin.clone(), row.expiry);
        key(a)
            .cmp(&key(b))
            .then(a.strike.total_cmp(&b.strike))
            .then(a.option_type.cmp(&b.option_type))
    });
    Ok(live)
}

/// Index and forwards of every coin; see the module's text for why medians.
fn underlyings(rows: &[Row]) -> BTreeMap<Asset, UnderlyingFile> {
    let mut indices: BTreeMap<&Asset, Vec<f64>> = BTreeMap::new();
    let mut forwards: BTreeMap<(&Asset, Timestamp), Vec<f64>> = BTreeMap::new();
    for row in rows {
        indices.entry(&row.coin).or_default().push(row.index_price);
        forwards.entry((&row.coin, row.expiry)).or_default().push(row.forward);
    }
    let mut curves: BTreeMap<&Asset, BTreeMap<Timestamp, ForwardFile>> = BTreeMap::new();
    for ((coin, expiry), prices) in forwards {
        curves.entry(coin).or_default().insert(expiry, ForwardFile::Price(Real(median(prices))));
    }
    indices
        .into_iter()
        .map(|(coin, prices)| {
            let index_price = Real(median(prices));
            let forwards = curves.remove(coin).unwrap_or_default();
            (coin.clone(), UnderlyingFile { index_price, confidence: None, forwards })
        })
        .collect()
}

/// Lists, expiry by expiry, the dated future where the options name one, then the options.
fn push_chain(
    instruments: &mut Vec<InstrumentFile>,
    rows: Vec<Row>,
    underlyings: &BTreeMap<Asset, UnderlyingFile>,
    contracts: &Contracts,
    warnings: &mut Vec<String>,
) -> Result<(), InputError> {
    let mut futures = BTreeSet::new();
    for row in rows {
        let forward = underlyings.get(&row.coin).and_then(|curve| curve.forwards.get(&row.expiry));
        if let (Some(name), Some(forward)) = (&row.future, forward)
            && futures.insert(name.clone())
        {
            let size = contracts.future(&row.coin).map_err(|error| error.at(row.at()))?;
            instruments.push(future(name.clone(), forward.price(), size));
        }
        if row.mark_vol.is_none() && row.mark_price.is_none() {
            warnings.push(format!(
                "line {}: {} has neither vol nor mark: listed, but it cannot be valued",
                row.line, row.name
            ));
        }
        instruments.push(option(row, contracts.option));
    }
    Ok(())
}

fn option(row: Row, size: ContractSize) -> InstrumentFile {
    // One coin per contract is what a market assumes of an option anyway.
    let usual = size.contract_size == Real(1.0);
    InstrumentFile {
        name: row.name,
        contract_size: (!usual).then_some(size.contract_size),
        contract_unit: (size.contract_unit != Default::default()).then_some(size.contract_unit),
        mark_price: row.mark_price.map(Real),
        mark_vol: row.mark_vol.map(Real),
        bid: row.bid.map(Real),
        ask: row.ask.map(Real),
        open_interest: row.open_interest.map(Real),
        ..InstrumentFile::default()
    }
}

fn future(name: String, price: f64, size: ContractSize) -> InstrumentFile {
    InstrumentFile {
        name,
        contract_size: Some(size.contract_size),
        contract_unit: Some(size.contract_unit),
        mark_price: Some(Real(price)),
        ..InstrumentFile::default()
    }
}

#[cfg(test)]
mod tests;
