//! The VaR model on joint scenarios: against plain arithmetic on futures, and the properties every
//! margin has.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use plimsoll_margin::models::var::joint::{MoveColumns, price};
use plimsoll_margin::models::var::model::Var;
use plimsoll_margin::{MarginModel, Requirement};
use plimsoll_model::{Book, Market, Portfolio};
use plimsoll_risk::{Measure, RiskArray, Scenario, ScenarioSet, ShockUnit, VolMove, VolShocks};

const PARAMS: &str = r#"
family = "var"
id = "test-es"
measure = "es"
level_pct = 60.0
days = 0.0
maintenance_pct = 80.0

[source]
source = "Made up for a test."
effective = "2026-01-01"
evidence = "own"

[collateral]
other_haircut = 0.0

[scenarios]
names = ["mon", "tue", "wed", "thu", "fri"]

[scenarios.underlyings.BTC]
spot_pct = [-10.0, 5.0, 2.0, -4.0, 0.0]
vol_pct = [20.0, -10.0, 0.0, 5.0, -3.0]

[scenarios.underlyings.ETH]
spot_pct = [-12.0, -6.0, 8.0, 1.0, 0.0]
"#;

const MARKET: &str = r#"{"id":"m","time":"2026-01-14T00:00:00Z",
  "underlyings":{"BTC":{"index_price":100000,"forwards":{"2026-03-27T08:00:00Z":101000}},
                 "ETH":{"index_price":4000}, "SOL":{"index_price":100}},
  "assets":{"USDC":1},
  "instruments":[
    {"name":"BTC_USDC-PERPETUAL","kind":"perpetual","underlying":"BTC","settlement":"USDC","contract_size":1,"mark_price":100000},
    {"name":"ETH_USDC-PERPETUAL","kind":"perpetual","underlying":"ETH","settlement":"USDC","contract_size":1,"mark_price":4000},
    {"name":"SOL_USDC-PERPETUAL","kind":"perpetual","underlying":"SOL","settlement":"USDC","contract_size":1,"mark_price":100},
    {"name":"BTC-27MAR26-100000-C","mark_price":0.07,"mark_vol":0.45},
    {"name":"BTC-27MAR26-90000-P","mark_price":0.03,"mark_vol":0.5}]}"#;

fn market() -> Market {
    Market::from_json(MARKET.as_bytes()).unwrap()
}

fn requirement(model: &Var, market: &Market, positions: &str, balances: &str) -> Requirement {
    let book =
        format!(r#"{{"accounts":[{{"name":"a","balances":{balances},"positions":{positions}}}]}}"#);
    let book = Book::parse(book.as_bytes()).unwrap();
    let portfolio = Portfolio::bind_group(&book, market).unwrap();
    let ids: Vec<_> = portfolio.holdings.iter().map(|holding| holding.id).collect();
    model.prepare(market, &ids).unwrap().requirement(&portfolio).unwrap()
}

/// m = 40 % of five = 2: the mean of the two worst joint losses.
#[test]
fn expected_shortfall_of_a_book_of_two_coins() {
    let (model, market) = (Var::from_toml(PARAMS).unwrap(), market());
    let positions = r#"[{"instrument":"BTC_USDC-PERPETUAL","quantity":1},
                        {"instrument":"ETH_USDC-PERPETUAL","quantity":-20}]"#;
    let found = requirement(&model, &market, positions, r#"{"USDC":1}"#);
    // Losses of BTC 10000, −5000, −2000, 4000, 0; of short ETH (80,000 USD) −9600, −4800, 6400, 800, 0.
    // Sums 400, −9800, 4400, 4800, 0: the two worst are 4800 and 4400.
    let pool = &found.pools[0];
    assert!((pool.initial_margin() - 4600.0).abs() < 1e-9, "{pool:?}");
    assert!((pool.maintenance_margin() - 3680.0).abs() < 1e-9);
    // Euler: BTC (4000 − 2000)/2, ETH (800 + 6400)/2.
    let parts: Vec<f64> = pool.components[0].contributions.iter().map(|part| part.amount).collect();
    assert!((parts[0] - 1000.0).abs() < 1e-9 && (parts[1] - 3600.0).abs() < 1e-9, "{parts:?}");
    assert!(found.notes.iter().any(|note| note.contains("thu") && note.contains("4800.00")));

    // A long in coin collateral alone: 1 BTC held loses like a long.
    let held = requirement(&model, &market, "[]", r#"{"BTC":1}"#);
    assert!((held.pools[0].initial_margin() - 7000.0).abs() < 1e-9, "(10000 + 4000)/2");
}

/// Rows priced in shared sets are the rows priced one by one.
#[test]
fn joint_rows_are_full_revaluations() {
    let market = market();
    let ids: Vec<_> =
        market.ids().filter(|id| market.listing(*id).instrument.is_option()).collect();
    let columns = MoveColumns {
        spot_pct: vec![-10.0, 5.0, 2.0, -4.0, 0.0, 7.0],
        vol_pct: vec![20.0, -10.0, 0.0, 5.0, -3.0, 20.0],
    };
    let rows = price(&market, &ids, &columns, 1.0).unwrap();
    for (row, (spot_pct, vol_pct)) in columns.spot_pct.iter().zip(&columns.vol_pct).enumerate() {
        let size = vol_pct / 100.0;
        let vol_move = if size < 0.0 { VolMove::Down } else { VolMove::Up };
        let scenario =
            Scenario { spot_move: spot_pct / 100.0, vol_move, days: 1.0, weight: 1.0, tail: false };
        let vol = VolShocks {
            unit: ShockUnit::Relative,
            up: size.max(0.0),
            down: (-size).max(0.0),
            min_up_vol: 0.0,
            tenor: None,
        };
        let set = ScenarioSet { scenarios: vec![scenario], vol };
        let array = RiskArray::price(&market, ids.iter().copied(), &set, Measure::Usd).unwrap();
        for id in &ids {
            assert_eq!(rows[id][row], array.row(*id).unwrap()[0]);
        }
    }
}

#[test]
fn homogeneous_sub_additive_and_never_negative() {
    let (model, market) = (Var::from_toml(PARAMS).unwrap(), market());
    let one =
        |name: &str, quantity: f64| format!(r#"{{"instrument":"{name}","quantity":{quantity}}}"#);
    let margin = |positions: &[String]| {
        let list = format!("[{}]", positions.join(","));
        requirement(&model, &market, &list, r#"{"USDC":1}"#).initial_margin_usd()
    };
    let call = |quantity: f64| one("BTC-27MAR26-100000-C", quantity);
    let put = |quantity: f64| one("BTC-27MAR26-90000-P", quantity);
    let (a, b, both) =
        (margin(&[call(-2.0)]), margin(&[put(-1.0)]), margin(&[call(-2.0), put(-1.0)]));
    assert!(a > 0.0 && b > 0.0 && both <= a + b);
    assert_eq!(margin(&[call(-4.0)]), 2.0 * a);
    assert_eq!(margin(&[]), 0.0);
    for quantity in [-3.0, 3.0] {
        assert!(margin(&[call(quantity)]) >= 0.0);
    }
}

#[test]
fn what_has_no_scenarios_is_refused_by_name() {
    let (model, market) = (Var::from_toml(PARAMS).unwrap(), market());
    let sol = market.find("SOL_USDC-PERPETUAL").unwrap();
    let refusal = model.prepare(&market, &[sol]).err().unwrap().to_string();
    assert!(refusal.contains("SOL") && refusal.contains("BTC, ETH"), "{refusal}");
    for (from, to) in [
        ("level_pct = 60.0", "level_pct = 100.0"),
        ("[-12.0, -6.0, 8.0, 1.0, 0.0]", "[-12.0, -6.0]"),
        ("-10.0, 5.0, 2.0", "-100.0, 5.0, 2.0"),
        ("vol_pct = [20.0", "vol_pct = [nan"),
        ("measure = \"es\"", "measure = \"worst\""),
    ] {
        assert!(Var::from_toml(&PARAMS.replace(from, to)).is_err(), "{to}");
    }
}
