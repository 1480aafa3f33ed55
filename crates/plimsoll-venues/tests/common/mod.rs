//! What the tests of answers share: fixtures by name, and the equity of an imported account.

#![allow(clippy::unwrap_used, reason = "a fixture that does not read is a failed test")]
#![allow(dead_code, reason = "each test program uses its own part")]

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_model::instrument::{Kind, Settlement};
use plimsoll_model::{Asset, ContractUnit, Market, Portfolio};
use plimsoll_venues::{ImportOptions, Imported, Part, PartKind, Venue, import};

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// A fixture of a venue.
pub fn fixture(venue: Venue, name: &str) -> Vec<u8> {
    fs::read(fixtures().join(venue.name()).join(format!("{name}.json"))).unwrap()
}

/// The kind of part a fixture is, by the words of its name.
pub fn kind_of(name: &str) -> Option<PartKind> {
    let about = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if about(&["error", "simulate", "builder", "get_margin", "portfolio_margin", "option_margin"]) {
        return None;
    }
    if about(&["bracket", "risk_limit", "tiers"]) {
        return Some(PartKind::Tiers);
    }
    if about(&["orders"]) {
        return Some(PartKind::Orders);
    }
    if about(&["instruments", "exchange_info", "markets", "meta_and_asset_ctxs"]) {
        // The spot half of Hyperliquid's list is only about prices.
        Some(if name.starts_with("spot") { PartKind::Tickers } else { PartKind::Instruments })
    } else if name == "clearinghouse_state" || about(&["position", "subaccount"]) {
        Some(PartKind::Positions)
    } else if about(&["balance", "summaries", "spot_clearinghouse"]) {
        Some(PartKind::Balances)
    } else if about(&["account"]) {
        None
    } else {
        Some(PartKind::Tickers)
    }
}

/// Imports fixtures, each named with the kind of part it is.
pub fn imported(venue: Venue, parts: &[(PartKind, &str)]) -> Imported {
    imported_with(venue, parts, &ImportOptions::default())
}

pub fn imported_with(
    venue: Venue,
    parts: &[(PartKind, &str)],
    options: &ImportOptions,
) -> Imported {
    let bytes: Vec<Vec<u8>> = parts.iter().map(|(_, name)| fixture(venue, name)).collect();
    let parts: Vec<Part<'_>> = parts
        .iter()
        .zip(&bytes)
        .map(|((kind, origin), bytes)| Part { kind: *kind, origin, bytes })
        .collect();
    import(venue, &parts, options).unwrap_or_else(|error| panic!("{venue}: {error}"))
}

/// Cash, open profit of futures and value of options of one account, in one asset.
pub fn equity(imported: &Imported, market: &Market, account: &str, asset: &str) -> f64 {
    let asset = Asset::new(asset);
    let account = imported.book.as_ref().unwrap().account(account).unwrap();
    let portfolio = Portfolio::bind(account, market).unwrap();
    let mut sum = portfolio.balances.get(&asset).copied().unwrap_or(0.0);
    for holding in &portfolio.holdings {
        let listing = market.listing(holding.id);
        let instrument = &listing.instrument;
        if instrument.settlement_asset != asset {
            continue;
        }
        let (size, mark) = (instrument.contract_size, listing.mark_price.unwrap());
        for lot in &holding.lots {
            sum += lot.quantity
                * size
                * match (instrument.kind, instrument.settlement(), instrument.contract_unit) {
                    (Kind::Option { .. }, ..) => mark,
                    (_, Settlement::Coin, ContractUnit::Quote) => {
                        1.0 / lot.entry_price - 1.0 / mark
                    }
                    _ => mark - lot.entry_price,
                };
        }
    }
    sum
}

/// Asserts equality to the digits that a statement publishes.
pub fn assert_close(ours: f64, theirs: f64) {
    // 1e-9 of the amount: sums of a few products of doubles, and statements of 8 decimals.
    assert!((ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0), "{ours} is not {theirs}");
}
