//! Hand-sized books with published or hand-computed answers.
//!
//! One underlying at 100, zero rates, options 30 days from expiry at 60 % vol: call(100) = 6.854.
//! Grid: −16 … +16 % in steps of 4 % × vol {×1.5, ×1, ×0.75}, no time step; far moves as bundled.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use plimsoll_margin::report::Assessment;
use plimsoll_margin::{assess, models};
use plimsoll_model::{Book, Market, Portfolio};
use plimsoll_pricing::snapshot::completed;

const PERP: &str = "BTC-PERPETUAL";
const CALL_100: &str = "BTC-31JAN26-100-C";
const PUT_100: &str = "BTC-31JAN26-100-P";
const CALL_110: &str = "BTC-31JAN26-110-C";

fn market() -> Market {
    let option = |name: &str| format!(r#"{{"name":"{name}","settlement":"USD","mark_vol":0.6}}"#);
    let text = format!(
        r#"{{"id":"fixture","time":"2026-01-01T08:00:00Z",
            "underlyings":{{"BTC":{{"index_price":100,"forwards":{{"2026-01-31T08:00:00Z":100}}}}}},
            "instruments":[
              {{"name":"{PERP}","settlement":"USD","contract_size":1,"mark_price":100}},
              {{"name":"BTC-INVERSE","kind":"perpetual","underlying":"BTC","settlement":"BTC",
                "contract_size":1,"contract_unit":"quote","mark_price":100}},
              {},{},{}]}}"#,
        option(CALL_100),
        option(PUT_100),
        option(CALL_110)
    );
    completed(Market::from_json(text.as_bytes()).unwrap())
}

fn answer(model: &str, rows: &[(&str, f64)]) -> Assessment {
    let market = market();
    let rows: String = rows.iter().map(|(name, quantity)| format!("{name},{quantity}\n")).collect();
    let book = Book::parse(format!("instrument,quantity\n{rows}").as_bytes()).unwrap();
    let portfolio = Portfolio::bind(&book.accounts[0], &market).unwrap();
    let model = models::bundled_model(model, market.time).unwrap();
    assess(model.as_ref(), &market, &portfolio).unwrap()
}

fn worst(answer: &Assessment, tails: bool) -> f64 {
    let counted = answer.scenarios.iter().filter(|scenario| tails || !scenario.tail);
    counted.map(|scenario| scenario.loss).fold(0.0, f64::max)
}

/// Equality to a number printed with two decimals.
fn prints_as(value: f64, printed: &str) {
    assert_eq!(format!("{value:.2}"), printed);
}

#[test]
fn grid_losses_gross_and_tails_are_the_published_table() {
    // Legs; worst grid loss together, summed over the legs apart, and together with far moves.
    type Line = (&'static [(&'static str, f64)], &'static str, &'static str, &'static str);
    let table: [Line; 8] = [
        (&[(PERP, 1.0)], "16.00", "16.00", "16.00"),
        (&[(CALL_100, -1.0)], "14.00", "14.00", "15.78"),
        (&[(PUT_100, -1.0)], "12.65", "12.65", "14.20"),
        (&[(CALL_100, 1.0), (PUT_100, -1.0)], "16.00", "19.02", "16.00"),
        (&[(CALL_100, -1.0), (PUT_100, 1.0)], "16.00", "20.00", "16.00"),
        (&[(PERP, 1.0), (PUT_100, 1.0)], "6.37", "21.99", "6.37"),
        (&[(CALL_100, -1.0), (CALL_110, 1.0)], "3.98", "17.19", "3.98"),
        (&[(PERP, 1.0), (PUT_100, 1.0), (CALL_100, -1.0)], "0.00", "36.00", "0.00"),
    ];
    for (rows, net, gross, with_tails) in table {
        let whole = answer("scan", rows);
        prints_as(worst(&whole, false), net);
        prints_as(worst(&whole, true), with_tails);
        let legs = rows.iter().map(|row| worst(&answer("scan", &[*row]), false));
        prints_as(legs.sum(), gross);
    }
}

#[test]
fn a_fully_offset_book_still_pays_the_larger_floor() {
    let conversion = answer("scan", &[(PERP, 1.0), (PUT_100, 1.0), (CALL_100, -1.0)]);
    // Short-option minimum: 1 % of 100 for one short option; closing costs are
    // 0.05 % of 100 for the perpetual and 0.03 % of 100 for each option: 0.11.
    assert!((conversion.initial_margin - 1.0).abs() < 1e-12);
    let future_like = answer("scan", &[(CALL_100, 1.0), (PUT_100, 1.0), (PERP, 0.0)]);
    assert!(future_like.initial_margin > 0.0);
}

#[test]
fn coin_collateral_hurts_a_long_and_helps_a_short() {
    // One contract of 100 USD, collateral worth 20: equity after ∓16 %.
    // Long with USD: 20 − 16 = 4. Long with coin: 0.2·84 − 16 = 0.8.
    // Short with coin, +16 %: 0.2·116 − 16 = 7.2.
    for (rows, left) in [
        ([(PERP, 1.0), ("USD", 20.0)], 4.0),
        ([(PERP, 1.0), ("BTC", 0.2)], 0.8),
        ([(PERP, -1.0), ("USD", 20.0)], 4.0),
        ([(PERP, -1.0), ("BTC", 0.2)], 7.2),
        // The coin-settled long loses 100·(1/100 − 1/84) coins: (0.2 − 0.190476)·84 = 0.8.
        ([("BTC-INVERSE", 100.0), ("BTC", 0.2)], 0.8),
    ] {
        let answer = answer("scan", &rows);
        assert!((answer.equity - 20.0).abs() < 1e-12);
        assert!((answer.excess - left).abs() < 1e-12, "{rows:?}: {} is not {left}", answer.excess);
    }
    let long = answer("scan", &[(PERP, 1.0), ("BTC", 0.2)]);
    let short = answer("scan", &[(PERP, -1.0), ("BTC", 0.2)]);
    // Gross is 16 + 3.2 for both; only the short saves.
    assert!(long.benefit.amount.abs() < 1e-12);
    assert!((short.benefit.breakdown.collateral - 6.4).abs() < 1e-12);
}

#[test]
fn a_synthetic_future_costs_what_the_future_costs() {
    for model in ["scan", "delta", "paradex-pm"] {
        let synthetic = answer(model, &[(CALL_100, 3.0), (PUT_100, -3.0)]);
        let future = answer(model, &[(PERP, 3.0)]);
        let scan = |a: &Assessment| worst(a, true);
        assert!((scan(&synthetic) - scan(&future)).abs() < 1e-9, "{model}");
    }
}

#[test]
fn delta_alone_would_miss_the_straddle() {
    let straddle = answer("delta", &[(CALL_100, -1.0), (PUT_100, -1.0)]);
    let amount = |name: &str| {
        straddle.components.iter().find(|component| component.name == name).unwrap().amount
    };
    // Net delta is 2·(0.534 − 0.5) ≈ 0.07 coins; the loss is in convexity and vega.
    assert!(amount("delta") < 1.2);
    assert!(amount("convexity") > 5.0 && amount("vega") > 5.0);
    let greeks = answer("greeks", &[(CALL_100, -1.0), (PUT_100, -1.0)]);
    assert!(greeks.initial_margin > 10.0);
}

#[test]
fn paradex_minimum_delta_example() {
    // Long 1 perpetual, short 5 calls of delta 0.3 at spot 70,000: net −0.5, gross 2.5, hedged 1.0;
    // (2 %·0.5 + 1 %·1.0)·70,000 = 1,400. The strike below is 70,000·exp(s²/2 − s·Φ⁻¹(0.3)), s = 0.6·√(30/365), so its delta is 0.3.
    let text = r#"{"id":"paradex","time":"2026-09-01T08:00:00Z",
        "underlyings":{"BTC":{"index_price":70000,"forwards":{"2026-10-01T08:00:00Z":70000}}},
        "assets":{"USDC":1},
        "instruments":[
          {"name":"BTC_USDC-PERPETUAL","contract_size":1,"mark_price":70000},
          {"name":"CALL","kind":"option","underlying":"BTC","settlement":"USDC",
           "expiry":"2026-10-01T08:00:00Z","strike":77749.67221790865,"option_type":"call","mark_vol":0.6}]}"#;
    let market = completed(Market::from_json(text.as_bytes()).unwrap());
    let book = Book::parse(b"instrument,quantity\nBTC_USDC-PERPETUAL,1\nCALL,-5\n").unwrap();
    let portfolio = Portfolio::bind(&book.accounts[0], &market).unwrap();
    let model = models::bundled_model("paradex-pm", market.time).unwrap();
    let answer = assess(model.as_ref(), &market, &portfolio).unwrap();
    let figure = |name: &str| answer.pools[0].figures[name];
    assert!((figure("BTC_net_delta") + 0.5).abs() < 1e-12);
    assert!((figure("BTC_gross_delta") - 2.5).abs() < 1e-12);
    assert!((figure("BTC_hedged_delta") - 1.0).abs() < 1e-12);
    assert!((figure("BTC_min_delta_charge") - 1400.0).abs() < 1e-8);
}
