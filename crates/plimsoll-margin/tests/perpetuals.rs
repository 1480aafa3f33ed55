//! What must hold of any account on a venue of perpetuals, over random ones.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use plimsoll_margin::liquidation::{liquidation_prices, moved_alone};
use plimsoll_margin::{MarginModel, Requirement, assess, models, trade};
use plimsoll_model::{Asset, Book, InputCode, InputError, InstrumentId, Market, Portfolio};
use plimsoll_pricing::snapshot::completed;
use proptest::prelude::*;

const AT: &str = "2026-06-01T08:00:00Z";
const HEALTH: [&str; 4] = ["drift", "mango", "dydx", "synthetix-perps"];
const EVERY: [&str; 6] =
    ["hyperliquid-cross", "hyperliquid-pm", "drift", "mango", "dydx", "synthetix-perps"];

fn market() -> Market {
    let perp = |coin: &str, mark: f64| {
        format!(
            r#"{{"name":"{coin}-PERP","kind":"perpetual","underlying":"{coin}","settlement":"USDC",
                "contract_size":0.1,"mark_price":{mark},"open_interest":100}}"#
        )
    };
    let text = format!(
        r#"{{"id":"m","time":"{AT}","assets":{{"USDC":1,"DOGE":0.1}},
            "underlyings":{{"BTC":{{"index_price":100000}},"ETH":{{"index_price":4000}}}},
            "instruments":[{},{},
              {{"name":"BTC_USDC","mark_price":100000}},
              {{"name":"BTC-26JUN26","contract_size":1,"contract_unit":"quote","mark_price":100000}},
              {{"name":"BTC_USDC-26JUN26","contract_size":1,"mark_price":100000}},
              {{"name":"BTC_USDC-26JUN26-100000-C","mark_vol":0.5}}]}}"#,
        perp("BTC", 100_000.0),
        perp("ETH", 4000.0),
    );
    completed(Market::from_json(text.as_bytes()).unwrap())
}

fn bind(market: &Market, rows: &str) -> Portfolio {
    let book = Book::parse(format!("instrument,quantity,entry_price\n{rows}").as_bytes()).unwrap();
    Portfolio::bind(&book.accounts[0], market).unwrap()
}

fn bundled(id: &str) -> Box<dyn MarginModel> {
    models::bundled_model(id, AT.parse().unwrap()).unwrap()
}

fn require(model: &str, market: &Market, portfolio: &Portfolio) -> Result<Requirement, InputError> {
    let mut ids: Vec<InstrumentId> = portfolio.holdings.iter().map(|one| one.id).collect();
    ids.extend(portfolio.orders.iter().map(|order| order.id));
    let model = bundled(model);
    trade::with_orders(model.prepare(market, &ids)?.as_ref(), market, portfolio)
}

/// Quantities, entry prices as per cent of the mark, and cash.
#[derive(Clone, Debug)]
struct Rows {
    btc: i64,
    eth: i64,
    entry_pct: i64,
    usdc: i64,
    coins: i64,
}

impl Rows {
    fn text(&self) -> String {
        let Self { btc, eth, entry_pct, usdc, coins } = self;
        format!(
            "BTC-PERP,{btc},{}\nETH-PERP,{eth},{}\nUSDC,{usdc},\nBTC,{coins},\n",
            1000 * entry_pct,
            40 * entry_pct
        )
    }
}

fn rows() -> impl Strategy<Value = Rows> {
    (-300i64..300, -3000i64..3000, 80i64..125, -1_000_000i64..5_000_000, 0i64..5)
        .prop_map(|(btc, eth, entry_pct, usdc, coins)| Rows { btc, eth, entry_pct, usdc, coins })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn initial_covers_maintenance_and_components_add_up(rows in rows()) {
        let market = market();
        let portfolio = bind(&market, &rows.text());
        for id in EVERY {
            let answer = require(id, &market, &portfolio).unwrap();
            for pool in &answer.pools {
                let (initial, maintenance) = (pool.initial_margin(), pool.maintenance_margin());
                // Charges are differences of amounts of up to 100 M: a few units in their last place.
                prop_assert!(initial >= maintenance - 1e-6 && maintenance >= -1e-6, "{id} {pool:?}");
                for component in &pool.components {
                    let parts: f64 = component.contributions.iter().map(|part| part.amount).sum();
                    prop_assert!((parts - component.initial).abs() <= 1e-6, "{id} {component:?}");
                }
            }
        }
    }

    #[test]
    fn excess_is_health(rows in rows()) {
        let market = market();
        let portfolio = bind(&market, &rows.text());
        for id in HEALTH {
            let answer = require(id, &market, &portfolio).unwrap();
            let pool = &answer.pools[0];
            let initial = pool.equity - pool.initial_margin();
            prop_assert!((initial - pool.figures["initial_health"]).abs() < 1e-6);
            prop_assert!((pool.maintenance_excess() - pool.figures["maintenance_health"]).abs() < 1e-6);
        }
    }

    #[test]
    fn splitting_a_position_leaves_no_trace(rows in rows(), cut in -100i64..100) {
        let market = market();
        let whole = bind(&market, &rows.text());
        let mut parts = rows.clone();
        parts.btc -= cut;
        let text = format!(
            r#"{{"accounts":[{{"name":"a","positions":[
                {{"instrument":"BTC-PERP","quantity":{},"entry_price":{p}}},
                {{"instrument":"ETH-PERP","quantity":{},"entry_price":{}}}],
                "balances":{{"USDC":{},"BTC":{}}}}},
                {{"name":"b","positions":[{{"instrument":"BTC-PERP","quantity":{cut},"entry_price":{p}}}]}}]}}"#,
            parts.btc, parts.eth, 40 * parts.entry_pct, parts.usdc, parts.coins,
            p = 1000 * parts.entry_pct
        );
        let split = Portfolio::bind_group(&Book::parse(text.as_bytes()).unwrap(), &market).unwrap();
        for id in EVERY {
            prop_assert_eq!(require(id, &market, &whole), require(id, &market, &split));
        }
    }

    #[test]
    fn a_liquidation_price_is_where_the_excess_is_nothing(rows in rows()) {
        let market = market();
        let portfolio = bind(&market, &rows.text());
        for id in EVERY {
            for found in liquidation_prices(bundled(id).as_ref(), &market, &portfolio).unwrap() {
                for price in [found.below, found.above].into_iter().flatten() {
                    if price == found.price_now {
                        continue;
                    }
                    let growth = price / found.price_now;
                    let moved = moved_alone(&market, &found.underlying, growth);
                    let answer = require(id, &moved, &portfolio).unwrap();
                    let pool = answer.pools.iter().find(|pool| pool.name == found.pool).unwrap();
                    // The price is known to 1e-12 of itself, times up to 35 coins·10⁵·growth.
                    let slack = 1e-9 * 3.5e6 * growth.max(1.0);
                    prop_assert!(pool.maintenance_excess().abs() < slack, "{id} {found:?} {pool:?}");
                }
            }
        }
    }
}

#[test]
fn nothing_held_needs_nothing() {
    let market = market();
    for id in EVERY {
        let answer = require(id, &market, &bind(&market, "USDC,0,\n")).unwrap();
        assert_eq!((answer.initial_margin_usd(), answer.equity_usd()), (0.0, 0.0), "{id}");
    }
}

#[test]
fn what_a_venue_of_perpetuals_does_not_trade_is_refused_by_name() {
    let market = market();
    for id in EVERY {
        for name in ["BTC-26JUN26", "BTC_USDC-26JUN26", "BTC_USDC-26JUN26-100000-C"] {
            let refusal =
                require(id, &market, &bind(&market, &format!("{name},1,\n"))).unwrap_err();
            assert_eq!(refusal.code, InputCode::Unsupported);
            assert!(refusal.message.starts_with(name), "{id}: {refusal}");
        }
    }
}

#[test]
fn spot_positions_count_as_the_coin() {
    let market = market();
    for id in ["hyperliquid-pm", "drift", "mango", "synthetix-perps"] {
        let spot = require(id, &market, &bind(&market, "BTC_USDC,2,\n")).unwrap();
        let coins = require(id, &market, &bind(&market, "BTC,2,\n")).unwrap();
        assert_eq!(spot, coins, "{id}");
        assert!(spot.equity_usd() > 0.0, "{id}");
    }
    let spot = require("hyperliquid-cross", &market, &bind(&market, "BTC_USDC,2,\n")).unwrap();
    assert_eq!((spot.equity_usd(), spot.notes.len()), (0.0, 1));
}

#[test]
fn tokens_without_parameters_get_no_credit_and_may_not_be_owed() {
    let market = market();
    for id in EVERY {
        let answer = require(id, &market, &bind(&market, "DOGE,1000,\nUSDC,10,\n")).unwrap();
        assert_eq!(answer.equity_usd(), 10.0, "{id}");
        assert!(answer.notes.iter().any(|note| note.contains("DOGE")), "{id}");
    }
    for id in EVERY {
        let refusal = require(id, &market, &bind(&market, "DOGE,-1000,\nUSDC,10,\n")).unwrap_err();
        assert!(refusal.message.contains("DOGE"), "{id}: {refusal}");
    }
}

#[test]
fn drift_orders_count_as_the_worse_side_filled_in_both_margins() {
    // Long 1 BTC with bids for 2 more and asks for 5: long 3 or short 4; 4 coins at risk, of which
    // 1 is there already, and a cent per order.
    let market = market();
    let book = r#"{"positions":[{"instrument":"BTC-PERP","quantity":10}],
        "open_orders":[{"instrument":"BTC-PERP","side":"buy","quantity":20,"price":90000},
                       {"instrument":"BTC-PERP","side":"sell","quantity":50,"price":110000}]}"#;
    let book = Book::parse(book.as_bytes()).unwrap();
    let portfolio = Portfolio::bind(&book.accounts[0], &market).unwrap();
    let answer = require("drift", &market, &portfolio).unwrap();
    let orders = answer.pools[0].components.last().unwrap();
    assert_eq!(orders.name, "open_orders");
    // premium(5 %) at 4 coins: max(0.05, 0.04 + 0.003·2) = 0.05; at 3 %: max(0.03, 0.024 + 0.006).
    assert!((orders.initial - (300_000.0 * 0.05 + 0.02)).abs() < 1e-9);
    assert!((orders.maintenance - (300_000.0 * 0.03 + 0.02)).abs() < 1e-9);
    // An order on something not held.
    let book = r#"{"balances":{"USDC":1000},
        "open_orders":[{"instrument":"ETH-PERP","side":"buy","quantity":10,"price":3900}]}"#;
    let book = Book::parse(book.as_bytes()).unwrap();
    let portfolio = Portfolio::bind(&book.accounts[0], &market).unwrap();
    let answer = require("drift", &market, &portfolio).unwrap();
    assert!((answer.initial_margin_usd() - (4000.0 * 0.05 + 0.01)).abs() < 1e-9);
}

#[test]
fn dydx_isolated_markets_stand_alone_and_scaling_needs_the_open_interest() {
    let text = models::bundled_at("dydx", AT.parse().unwrap()).unwrap().text;
    let isolated = text.replace("[perpetuals.ETH]", "[perpetuals.ETH]\nisolated = true");
    let model = models::from_params(&isolated).unwrap();
    let market = market();
    let ask = |rows: &str| {
        let portfolio = bind(&market, rows);
        let ids: Vec<InstrumentId> = portfolio.holdings.iter().map(|one| one.id).collect();
        model.prepare(&market, &ids).unwrap().requirement(&portfolio)
    };
    assert!(ask("ETH-PERP,10,\n").is_ok());
    let refusal = ask("ETH-PERP,10,\nBTC-PERP,1,\n").unwrap_err();
    assert!(refusal.message.starts_with("ETH-PERP"), "{refusal}");
    let capped =
        text.replace("[perpetuals.ETH]", "[perpetuals.ETH]\nopen_interest_upper_cap = 1e8");
    let model = models::from_params(&capped).unwrap();
    let mut silent = market.clone();
    silent.listings.iter_mut().for_each(|listing| listing.open_interest = None);
    let portfolio = bind(&silent, "ETH-PERP,10,\n");
    let prepared = model.prepare(&silent, &[portfolio.holdings[0].id]).unwrap();
    assert_eq!(prepared.requirement(&portfolio).unwrap_err().code, InputCode::Missing);
}

#[test]
fn a_slow_price_costs_initial_health_only() {
    // Mango, 10 ETH deposited, oracle 4,000, stable price 3,800: 0.8·38,000 and 0.9·40,000.
    let market = market();
    let text = models::bundled_at("mango", AT.parse().unwrap()).unwrap().text;
    let text = text.replace("[source]", "[slow_prices_usd]\nETH = 3800.0\n\n[source]");
    let model = models::from_params(&text).unwrap();
    let portfolio = bind(&market, "ETH,10,\n");
    let answer = model.prepare(&market, &[]).unwrap().requirement(&portfolio).unwrap();
    let figures = &answer.pools[0].figures;
    assert!((figures["initial_health"] - 0.8 * 38_000.0).abs() < 1e-9);
    assert!((figures["liquidation_end_health"] - 0.8 * 40_000.0).abs() < 1e-9);
    assert!((figures["maintenance_health"] - 0.9 * 40_000.0).abs() < 1e-9);
}

#[test]
fn the_whole_report_of_every_model() {
    let market = market();
    let portfolio = bind(&market, "BTC-PERP,20,95000\nUSDC,20000,\n");
    for id in EVERY.into_iter().chain(["hyperliquid-isolated"]) {
        let answer = assess(bundled(id).as_ref(), &market, &portfolio).unwrap();
        let distance = answer.distance_to_liquidation.down_move_pct.unwrap();
        let found = liquidation_prices(bundled(id).as_ref(), &market, &portfolio).unwrap();
        // One coin, so that moving every price is moving this one.
        let fall = 100.0 * (found[0].price.unwrap() / found[0].price_now - 1.0);
        assert!((fall - distance).abs() < 1e-8, "{id}: {fall} {distance}");
        assert_eq!(found[0].underlying, Asset::new("BTC"));
    }
}
