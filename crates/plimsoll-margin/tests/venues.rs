//! What must hold of the venues' models over random books, with parameter files that are complete.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod filled;

use plimsoll_margin::models::{self, BUNDLED};
use plimsoll_margin::{MarginModel, Requirement};
use plimsoll_model::{Book, InputCode, InstrumentId, Market, Portfolio, Timestamp};
use plimsoll_pricing::snapshot::completed;
use proptest::prelude::*;

use filled::{bybit, okx, okx_option};

const CASES: u32 = 128;

/// One coin, futures and options in three dollars and in coin, two expiries and one at the snapshot.
fn market() -> Market {
    let mut instruments = vec![
        r#"{"name":"BTC-PERPETUAL","contract_size":10,"contract_unit":"quote","mark_price":60060}"#
            .to_owned(),
        r#"{"name":"BTC-26JUN26","contract_size":10,"contract_unit":"quote","mark_price":61200}"#
            .to_owned(),
    ];
    for quote in ["USDC", "USDT"] {
        for (name, mark) in [("PERPETUAL", 59_990), ("26JUN26", 61_150)] {
            instruments.push(format!(
                r#"{{"name":"BTC_{quote}-{name}","contract_size":0.001,"mark_price":{mark}}}"#
            ));
        }
    }
    for date in ["1JAN26", "9JAN26", "26JUN26"] {
        for strike in [42_000, 58_000, 60_000, 63_000, 84_000] {
            for right in ["C", "P"] {
                for family in ["BTC", "BTC_USDC"] {
                    instruments.push(format!(
                        r#"{{"name":"{family}-{date}-{strike}-{right}","mark_vol":0.55}}"#
                    ));
                }
            }
        }
    }
    let text = format!(
        r#"{{"id":"random","time":"2026-01-01T08:00:00Z","assets":{{"USDC":1,"USDT":0.9995}},
            "underlyings":{{"BTC":{{"index_price":60000,"forwards":{{
                "2026-01-01T08:00:00Z":60000,"2026-01-09T08:00:00Z":60100,
                "2026-06-26T08:00:00Z":61200}}}}}},
            "instruments":[{}]}}"#,
        instruments.join(",")
    );
    completed(Market::from_json(text.as_bytes()).unwrap())
}

type Rows = Vec<(String, i64)>;

fn bind(market: &Market, rows: &Rows) -> Portfolio {
    let lines: Vec<String> = rows
        .iter()
        .map(|(name, tenths)| {
            format!(
                "{name},{}{}.{}",
                if *tenths < 0 { "-" } else { "" },
                tenths.abs() / 10,
                tenths.abs() % 10
            )
        })
        .collect();
    let text = format!("instrument,quantity\nUSDC,1000\n{}\n", lines.join("\n"));
    Portfolio::bind(&Book::parse(text.as_bytes()).unwrap().accounts[0], market).unwrap()
}

fn require(model: &dyn MarginModel, market: &Market, portfolio: &Portfolio) -> Requirement {
    let ids: Vec<InstrumentId> = market.ids().collect();
    model.prepare(market, &ids).unwrap().requirement(portfolio).unwrap()
}

fn bundled(id: &str) -> Box<dyn MarginModel> {
    models::bundled_model(id, "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap()).unwrap()
}

/// Whether a model margins the instrument of this name.
type Margins = fn(&str) -> bool;

/// Models with the part of the market that they margin.
fn every_model() -> Vec<(Box<dyn MarginModel>, Margins)> {
    vec![
        (okx(), |_| true),
        (bybit(), |_| true),
        (bundled("deribit-sm"), |_| true),
        (bundled("deribit-xpm"), |name| name.starts_with("BTC-")),
        (bundled("binance-pm"), |name| name.starts_with("BTC_") && name.ends_with("-PERPETUAL")),
        (okx_option(), |name| name.ends_with("-C") || name.ends_with("-P")),
        (bundled("binance-option"), |name| name.ends_with("-C") || name.ends_with("-P")),
        (bundled("paradex-cross"), |name| name.starts_with("BTC_")),
    ]
}

fn rows(market: &Market) -> impl Strategy<Value = Rows> + use<> {
    let names: Vec<String> =
        market.listings.iter().map(|listing| listing.instrument.name.clone()).collect();
    proptest::collection::btree_map(proptest::sample::select(names), -200i64..=200, 0..8)
        .prop_map(|map| map.into_iter().collect())
}

fn kept(rows: &Rows, margins: Margins) -> Rows {
    rows.iter().filter(|(name, _)| margins(name)).cloned().collect()
}

/// Agreement to rounding: a few units in the last place of the gross notional behind a result.
fn near(a: f64, b: f64, rows: &Rows) -> bool {
    let gross: f64 = rows.iter().map(|(_, tenths)| 6000.0 * tenths.abs() as f64).sum();
    (a - b).abs() <= 1e-12 * (1.0 + gross)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn contributions_add_up_and_maintenance_is_covered(rows in rows(&market())) {
        let market = market();
        for (model, margins) in every_model() {
            let rows = kept(&rows, margins);
            let requirement = require(model.as_ref(), &market, &bind(&market, &rows));
            for pool in &requirement.pools {
                for component in &pool.components {
                    let parts: f64 = component.contributions.iter().map(|part| part.amount).sum();
                    prop_assert!(
                        near(parts, component.initial, &rows),
                        "{} {}: {parts} is not {}", model.id(), component.name, component.initial
                    );
                    prop_assert!(component.initial >= 0.0, "{} {}", model.id(), component.name);
                }
                let (initial, maintenance) = (pool.initial_margin(), pool.maintenance_margin());
                prop_assert!(maintenance >= 0.0 && initial >= maintenance - 1e-9, "{}", model.id());
            }
        }
    }

    /// No rule of these has a step in size.
    #[test]
    fn twice_the_book_needs_twice_the_margin(rows in rows(&market())) {
        let market = market();
        let scaled: Rows = rows.iter().map(|(name, tenths)| (name.clone(), 2 * tenths)).collect();
        for (model, margins) in every_model() {
            if !["bybit-pm", "binance-option", "paradex-cross"].contains(&model.id()) {
                continue;
            }
            let margin = |rows: &Rows| {
                let book = kept(rows, margins);
                require(model.as_ref(), &market, &bind(&market, &book)).initial_margin_usd()
            };
            let (one, two) = (margin(&rows), margin(&scaled));
            prop_assert!(near(2.0 * one, two, &scaled), "{}: 2·{one} is not {two}", model.id());
        }
    }

    /// A short call with its put bought is a short future: the same shocks, whatever the vols.
    #[test]
    fn parity_books_have_the_same_okx_shocks(strike in 0usize..5, quantity in 1i64..100) {
        let market = market();
        let strike = [42_000, 58_000, 60_000, 63_000, 84_000][strike];
        let synthetic = vec![
            (format!("BTC_USDC-26JUN26-{strike}-C"), -10 * quantity),
            (format!("BTC_USDC-26JUN26-{strike}-P"), 10 * quantity),
        ];
        let figure = |rows: &Rows, name: &str| {
            require(okx().as_ref(), &market, &bind(&market, rows)).pools[0].figures[name]
        };
        // Coins of forward; the synthetic moves with its forward 61 200, futures with the index 60 000.
        let expected = 0.12 * 61_200.0 * quantity as f64;
        prop_assert!(near(figure(&synthetic, "BTC_mr1"), expected, &synthetic));
        prop_assert!(near(figure(&synthetic, "BTC_mr6"), expected, &synthetic));
    }
}

#[test]
fn an_empty_book_needs_nothing() {
    let market = market();
    for (model, _) in every_model() {
        let requirement = require(model.as_ref(), &market, &Portfolio::default());
        assert_eq!(requirement.initial_margin_usd(), 0.0, "{}", model.id());
    }
}

#[test]
fn every_bundled_file_builds_under_its_id() {
    for file in BUNDLED {
        let model =
            models::from_params(file.text).unwrap_or_else(|why| panic!("{}: {why}", file.path));
        assert_eq!((model.id(), model.provenance().effective.as_str()), (file.id, file.effective));
    }
}

/// What OKX and Bybit shock is the index: a perpetual marked 1 % above it loses the same.
#[test]
fn shocks_move_the_index_and_not_the_mark() {
    let mut market = market();
    let rows = vec![("BTC_USDT-PERPETUAL".to_owned(), 10_000)];
    for (model, figure, share) in [(okx(), "BTC_mr1", 0.12), (bybit(), "BTC_scan", 0.10)] {
        for mark in [60_000.0, 60_600.0] {
            let id = market.find("BTC_USDT-PERPETUAL").unwrap();
            market.listings[id.0 as usize].mark_price = Some(mark);
            let found = require(model.as_ref(), &market, &bind(&market, &rows));
            assert!(near(found.pools[0].figures[figure], share * 60_000.0, &rows));
        }
    }
}

#[test]
fn options_at_their_expiry_are_worth_their_payoff() {
    let market = market();
    // Out of the money by 5 % of spot: the grid's 8 % and 12 % take it in.
    let rows = vec![("BTC_USDC-1JAN26-63000-C".to_owned(), -10)];
    let found = require(okx().as_ref(), &market, &bind(&market, &rows));
    assert!(near(found.pools[0].figures["BTC_mr1"], 1.12 * 60_000.0 - 63_000.0, &rows));
}

#[test]
fn an_unknown_number_of_the_wrong_kind_is_refused_by_name() {
    let at = "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap();
    let text = models::bundled_at("bybit-pm", at).unwrap().text;
    for (from, to) in
        [("im_factor = 1.2", "im_factor = 0.5"), ("other_haircut = 1.0", "other_haircut = 2.0")]
    {
        let error = models::from_params(&text.replace(from, to)).unwrap_err();
        assert_eq!(error.code, InputCode::BadParameter);
        assert!(error.message.contains(to.split(" = ").next().unwrap()), "{error}");
    }
    let error = models::from_params(&text.replacen("{ unknown = ", "{ known = ", 1)).unwrap_err();
    assert!(error.message.contains("unknown"), "{error}");
}
