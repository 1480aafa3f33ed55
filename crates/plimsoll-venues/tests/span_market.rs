//! The contracts of a SPAN file as a market.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use plimsoll_model::error::InputCode;
use plimsoll_model::span::SpanParameters;
use plimsoll_model::{Asset, Market};
use plimsoll_venues::span::{market::market, parse};
use plimsoll_venues::{ImportOptions, Imported};

fn parameters() -> SpanParameters {
    parse(include_bytes!("span/conformance.spn")).unwrap().parameters
}

fn listed(parameters: &SpanParameters) -> Imported {
    market(parameters, &ImportOptions::default()).unwrap()
}

fn checked(parameters: &SpanParameters) -> Market {
    listed(parameters).market.check().unwrap()
}

#[test]
fn prices_sizes_and_expiries_are_those_of_the_file() {
    let market = checked(&parameters());
    assert_eq!(
        (market.id.as_str(), market.time.to_string().as_str()),
        ("span-exmpl-2026-11-25", "2026-11-25T00:00:00Z")
    );
    // Without a physical contract the nearest future is the index.
    assert_eq!(market.underlyings["BTC"].index_price, 60_000.0);
    let of = |name: &str| market.listing(market.find(name).unwrap());
    let ether = of("XCH-ETH-FUT-202612");
    assert_eq!((ether.mark_price, ether.instrument.contract_size), (Some(3000.0), 10.0));
    let expiry = |name: &str| of(name).instrument.expiry().unwrap().to_string();
    assert_eq!(expiry("XCH-BTC-FUT-202612"), "2026-12-31T08:00:00Z");
    assert_eq!(expiry("XCH-BTO-OOF-20261225-65000-C"), "2026-12-25T08:00:00Z");
    let warnings = listed(&parameters()).warnings;
    assert!(warnings.iter().any(|line| line.contains("expiry is taken as its last day")));
}

#[test]
fn a_currency_needs_a_rate_to_dollars() {
    let mut lira = parameters();
    for commodity in lira.commodities.values_mut() {
        commodity.currency = Asset::new("TRY");
    }
    let refused = market(&lira, &ImportOptions::default()).unwrap_err();
    assert_eq!(refused.code, InputCode::Missing);
    assert!(refused.to_string().contains("TRY") && refused.to_string().contains("--asset-price"));
    let given = ImportOptions {
        asset_prices_usd: [(Asset::new("TRY"), 0.25)].into(),
        ..ImportOptions::default()
    };
    let market = market(&lira, &given).unwrap().market.check().unwrap();
    // Marks stay in the contract's currency; an index is in dollars.
    assert_eq!(market.underlyings["BTC"].index_price, 15_000.0);
    assert_eq!(market.asset_price_usd(&Asset::new("TRY")), Some(0.25));
    let future = market.find("XCH-BTC-FUT-202612").unwrap();
    assert_eq!(market.listing(future).mark_price, Some(60_000.0));
}

#[test]
fn what_cannot_be_listed_is_counted_and_told() {
    let mut spoiled = parameters();
    spoiled.contracts.get_mut("XCH-BTC-FUT-202703").unwrap().value_factor = 0.0;
    spoiled.contracts.get_mut("XCH-ETH-FUT-202612").unwrap().price = 0.0;
    let imported = listed(&spoiled);
    let told = |words: &[&str]| {
        imported.warnings.iter().any(|line| words.iter().all(|word| line.contains(word)))
    };
    assert!(told(&["BTC: 1 contract", "no money per point"]), "{:?}", imported.warnings);
    assert!(told(&["ETH: 1 contract", "has a price"]), "{:?}", imported.warnings);
    let names: Vec<&str> =
        imported.market.instruments.iter().map(|one| one.name.as_str()).collect();
    assert!(!names.contains(&"XCH-BTC-FUT-202703") && !names.contains(&"XCH-ETH-FUT-202612"));
    // After the turn of the year the December contracts are gone.
    let later = ImportOptions {
        time: Some("2027-01-04T00:00:00Z".parse().unwrap()),
        ..ImportOptions::default()
    };
    let left = market(&parameters(), &later).unwrap();
    let names: Vec<&str> = left.market.instruments.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["XCH-BTC-FUT-202703"]);
    assert!(
        left.warnings.iter().any(|line| line.contains("BTC: 3 contracts")),
        "{:?}",
        left.warnings
    );
}
