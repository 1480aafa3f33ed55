//! The bundled data: every market loads, every example book binds, every raw cut is read.

#![allow(clippy::unwrap_used, reason = "a file that does not read is a failed test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_model::instrument::Kind;
use plimsoll_model::market::MarketFile;
use plimsoll_model::{Asset, Book, Market, Portfolio};
use plimsoll_venues::deribit::chain::{ChainOptions, parse_chain};
use plimsoll_venues::lines::market_json;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Files of a folder with one of the extensions, by name.
fn files(folder: &str, extensions: &[&str]) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| {
            extensions.iter().any(|wanted| path.extension().is_some_and(|e| e == *wanted))
        })
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read(&path).unwrap())
        })
        .collect()
}

fn markets() -> BTreeMap<String, Market> {
    let markets = files("data", &["json"]).into_iter();
    markets.map(|(name, text)| (name, Market::from_json(&text).unwrap())).collect()
}

fn books() -> BTreeMap<String, Book> {
    let books = files("examples/books", &["csv", "json"]).into_iter();
    books.map(|(name, text)| (name, Book::parse(&text).unwrap())).collect()
}

#[test]
fn every_market_loads_and_holds_the_rows_of_its_source() {
    let markets = markets();
    let options = |name: &str| {
        let listings = &markets[name].listings;
        listings.iter().filter(|listing| listing.instrument.is_option()).count()
    };
    // Rows of the source files, less their header.
    assert_eq!(options("deribit-2026-01-14-calm.json"), 1366);
    assert_eq!(options("deribit-2026-02-05-crash-1551.json"), 1782);
    assert_eq!(options("deribit-2026-02-05-crash-2129.json"), 1840);
    assert_eq!(options("deribit-eth-2024-01-08.json"), 684);
    for (name, market) in &markets {
        assert_eq!(*name, format!("{}.json", market.id));
    }
}

#[test]
fn every_listing_has_a_reference_price_and_every_2026_option_a_vol() {
    for (name, market) in markets() {
        for id in market.ids() {
            let listing = market.listing(id);
            assert!(market.reference_price(id).is_ok(), "{}", listing.instrument.name);
            if listing.instrument.is_option() && name.contains("2026") {
                assert!(listing.mark_vol.is_some(), "{}", listing.instrument.name);
            }
        }
    }
}

#[test]
fn calls_and_puts_come_in_pairs() {
    for market in markets().values() {
        for listing in &market.listings {
            let name = listing.instrument.name.as_str();
            if let Some(stem) = name.strip_suffix("-C") {
                assert!(market.find(&format!("{stem}-P")).is_some(), "{name}");
            }
        }
    }
}

#[test]
fn marks_keep_put_call_parity() {
    // C − P = 1 − K/F in coin. A row's mark keeps the forward of its own moment; a relative change r
    // of the forward moves a call by at most N(d2)·K/F·r and a put by at most N(−d2)·K/F·r, together
    // K/F·r. The widest expiry is ETH-7FEB26 at 15:51: 4.315 of 1 972.06. Marks have 6 decimals.
    let widest = 4.315 / 1_972.06;
    for (name, market) in markets() {
        for listing in &market.listings {
            let Kind::Option { expiry, strike, .. } = listing.instrument.kind else { continue };
            let Some(stem) = listing.instrument.name.strip_suffix("-C") else { continue };
            let put = market.listing(market.find(&format!("{stem}-P")).unwrap());
            let (Some(call), Some(put)) = (listing.mark_price, put.mark_price) else { continue };
            let forward = market.forward(&listing.instrument.underlying, expiry).unwrap();
            let error = call - put - (1.0 - strike / forward);
            let bound = widest * strike / forward + 1e-6;
            assert!(error.abs() < bound, "{name} {stem}: {error}");
        }
    }
}

#[test]
fn every_market_file_is_written_as_it_stands() {
    for (name, text) in files("data", &["json"]) {
        let file: MarketFile = serde_json::from_slice(&text).unwrap();
        assert!(
            market_json(&file).unwrap().as_bytes() == text,
            "{name} is not as it would be written"
        );
        // Small enough to be read in a code review and to load in an instant.
        assert!(text.len() < 400_000, "{name}: {} bytes", text.len());
    }
}

#[test]
fn every_example_book_binds_to_every_2026_market() {
    let markets = markets();
    assert_eq!(books().len(), 4);
    for (book_name, book) in books() {
        for (market_name, market) in markets.iter().filter(|(name, _)| name.contains("2026")) {
            for account in &book.accounts {
                let bound = Portfolio::bind(account, market);
                let bound = bound.unwrap_or_else(|why| panic!("{book_name}, {market_name}: {why}"));
                let rows = bound.holdings.len() + bound.balances.len();
                assert_eq!(rows, account.positions.len() + account.balances.len());
            }
        }
    }
}

#[test]
fn every_coin_that_settles_an_example_position_is_held() {
    let market = &markets()["deribit-2026-01-14-calm.json"];
    for (name, book) in books() {
        for account in &book.accounts {
            let bound = Portfolio::bind(account, market).unwrap();
            for holding in &bound.holdings {
                let coin: &Asset = &market.listing(holding.id).instrument.settlement_asset;
                assert!(bound.balances.get(coin).is_some_and(|held| *held > 0.0), "{name}: {coin}");
            }
        }
    }
}

#[test]
fn every_raw_cut_is_read_to_the_values_of_the_full_file() {
    let raw = files("data/raw", &["csv"]);
    let perpetuals = Some(raw["deribit-perpetuals.csv"].as_slice());
    let collector = ChainOptions { perpetuals, ..ChainOptions::default() };
    let later = "2026-02-05T21:29:37Z".parse().unwrap();
    let panel = ChainOptions { snapshot: Some(later), ..collector.clone() };
    let cuts = [
        ("deribit-collector-2026-01-14.csv", collector, "deribit-2026-01-14-calm.json"),
        ("deribit-panel-2026-02-05.csv", panel, "deribit-2026-02-05-crash-2129.json"),
        (
            "deribit-book-summary-eth-2024-01-08.csv",
            ChainOptions::default(),
            "deribit-eth-2024-01-08.json",
        ),
    ];
    let markets = markets();
    for (name, options, full) in cuts {
        let imported = parse_chain(&raw[name], &options).unwrap();
        assert_eq!(imported.warnings, Vec::<String>::new(), "{name}");
        let cut = imported.market.check().unwrap();
        assert!(cut.listings.len() > 20, "{name}");
        for listing in cut.listings.iter().filter(|listing| listing.instrument.is_option()) {
            let same = markets[full].find(&listing.instrument.name).unwrap();
            assert_eq!(listing, markets[full].listing(same), "{name}");
        }
    }
}
