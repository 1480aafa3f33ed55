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

fn parts(found: &Requirement, component: usize) -> Vec<f64> {
    found.pools[0].components[component].contributions.iter().map(|part| part.amount).collect()
}

/// Every component's contributions add up to it.
fn assert_split(found: &Requirement) {
    for component in &found.pools[0].components {
        let sum: f64 = component.contributions.iter().map(|part| part.amount).sum();
        // Ten digits: what central differences of prices leave of sixteen.
        let error = (sum - component.initial).abs();
        assert!(error <= 1e-7 * component.initial.max(1.0), "{component:?} against {sum}");
    }
}

const TWO_FUTURES: &str = r#"[{"instrument":"BTC_USDC-PERPETUAL","quantity":1},
                              {"instrument":"ETH_USDC-PERPETUAL","quantity":-20}]"#;

const SHORT_STRANGLE: &str = r#"[{"instrument":"BTC-27MAR26-100000-C","quantity":-2},
                                 {"instrument":"BTC-27MAR26-90000-P","quantity":-1},
                                 {"instrument":"ETH_USDC-PERPETUAL","quantity":5}]"#;

/// Weights .2 .2 .2 .2 1 of 1.8 in all: the tail of 40 % holds .72, which is the loss of 4800 and of
/// 4400 with .2 each, of 400 with .2, and .12 of the 0.
#[test]
fn weights_of_age_decide_what_the_tail_is() {
    let text = PARAMS
        .replace("measure = \"es\"", "method = \"age-weighted\"\nmeasure = \"es\"")
        .replace("[scenarios]\n", "[scenarios]\nweights = [0.2, 0.2, 0.2, 0.2, 1.0]\n");
    let found = requirement(&Var::from_toml(&text).unwrap(), &market(), TWO_FUTURES, "{}");
    let es = (0.2 * 4800.0 + 0.2 * 4400.0 + 0.2 * 400.0) / 0.72;
    assert!((found.initial_margin_usd() - es).abs() < 1e-9, "{found:?}");
    assert_split(&found);
    // Effective number (Σw)²/Σw² = 3.24/1.16.
    assert!((found.pools[0].figures["effective_scenarios"] - 3.24 / 1.16).abs() < 1e-12);

    // VaR: the loss with less than 40 % of the weight above and 40 % with it: .2 + .2 + .2 + 1 > .72.
    let var = text.replace("measure = \"es\"", "measure = \"var-inverse-ecdf\"");
    let found = requirement(&Var::from_toml(&var).unwrap(), &market(), TWO_FUTURES, "{}");
    assert_eq!(found.initial_margin_usd(), 0.0);
    let linear = text.replace("measure = \"es\"", "measure = \"var-linear\"");
    assert!(Var::from_toml(&linear).unwrap_err().to_string().contains("weighted"));
}

/// ES of the stressed days: −30 % and +25 % of BTC with ETH at −10 % and +40 %. Losses of the two
/// futures are 30000 − 8000 and −25000 + 32000; 40 % of two days is 0.8 of the worst: 22000.
#[test]
fn a_floor_from_stressed_days_adds_what_is_above() {
    let floor = "\n[stressed]\nshare_pct = 50.0\n[stressed.scenarios]\nnames = [\"a\", \"b\"]\n\
        [stressed.scenarios.underlyings.BTC]\nspot_pct = [-30.0, 25.0]\n\
        [stressed.scenarios.underlyings.ETH]\nspot_pct = [-10.0, 40.0]\n";
    let model = Var::from_toml(&format!("{PARAMS}{floor}")).unwrap();
    let found = requirement(&model, &market(), TWO_FUTURES, "{}");
    // Half of 22000 is 11000, 6400 above the 4600 of current days.
    assert!((found.initial_margin_usd() - 11_000.0).abs() < 1e-9, "{found:?}");
    assert!((found.pools[0].components[1].initial - 6400.0).abs() < 1e-9);
    assert!((found.pools[0].figures["stressed"] - 22_000.0).abs() < 1e-9);
    // BTC 15000 − 1000, ETH −4000 − 3600.
    let added = parts(&found, 1);
    assert!((added[0] - 14_000.0).abs() < 1e-9 && (added[1] + 7600.0).abs() < 1e-9, "{added:?}");
    let low = floor.replace("50.0", "20.0");
    let model = Var::from_toml(&format!("{PARAMS}{low}")).unwrap();
    let found = requirement(&model, &market(), TWO_FUTURES, "{}");
    assert!((found.initial_margin_usd() - 4600.0).abs() < 1e-9, "a fifth of it is less");
}

fn law(method: &str, measure: &str, sd_pct: f64, more: &str) -> String {
    let head = &PARAMS[..PARAMS.find("[scenarios]").unwrap()];
    let head = head
        .replace("measure = \"es\"", &format!("method = \"{method}\"\nmeasure = \"{measure}\""));
    let head = head.replace("level_pct = 60.0", "level_pct = 99.0");
    format!(
        "{head}\n[law]\ncorrelation = [[1.0, 0.5, -0.3], [0.5, 1.0, -0.2], [-0.3, -0.2, 1.0]]\n{more}\n\
         factors = [{{ coin = \"BTC\", moves = \"spot\", sd_pct = {sd_pct} }}, \
         {{ coin = \"ETH\", moves = \"spot\", sd_pct = {} }}, \
         {{ coin = \"BTC\", moves = \"vol\", sd_pct = {sd_pct} }}]\n",
        1.25 * sd_pct
    )
}

/// Exposures 100,000 and −80,000 with 4 and 5 %: 4000² + 4000² − 2·½·4000² = 4000².
#[test]
fn delta_normal_by_hand() {
    // Quantile and tail mean of the normal law at 99 %, to all digits.
    for (measure, multiple) in
        [("var-linear", 2.326_347_874_040_841), ("es", 2.665_214_220_345_806)]
    {
        let model = Var::from_toml(&law("delta-normal", measure, 4.0, "")).unwrap();
        let found = requirement(&model, &market(), TWO_FUTURES, "{}");
        let margin = found.initial_margin_usd();
        assert!((margin - 4000.0 * multiple).abs() < 1e-8, "{measure}: {margin}");
        // Both coins have half: 4000² − ½·4000² each, over 4000.
        let split = parts(&found, 0);
        assert!(split.iter().all(|part| (part - 2000.0 * multiple).abs() < 1e-8), "{split:?}");
    }
    // A t law of 4 degrees of freedom with the same covariance: 3.746947/√2 standard deviations.
    let model =
        Var::from_toml(&law("delta-normal", "var-linear", 4.0, "copula_dof = 4.0")).unwrap();
    let margin = requirement(&model, &market(), TWO_FUTURES, "{}").initial_margin_usd();
    assert!((margin - 4000.0 * 3.746_947_387_979_196_8 / 2.0_f64.sqrt()).abs() < 1e-6, "{margin}");
}

/// Small moves are quadratic, so revaluing draws of the law must give what its moments give. Draws
/// err by their own standard error.
#[test]
fn derivatives_and_simulation_agree_on_small_moves() {
    let market = market();
    let draws = "simulation = { draws = \"sobol\", paths = 16384, seed = 1 }";
    for measure in ["es", "var-linear"] {
        let simulated = Var::from_toml(&law("monte-carlo", measure, 1.0, draws)).unwrap();
        let simulated = requirement(&simulated, &market, SHORT_STRANGLE, r#"{"BTC":0.5}"#);
        assert_split(&simulated);
        let error = simulated.pools[0].figures["simulation_standard_error"];
        let simulated = simulated.initial_margin_usd();
        assert!(error > 0.0 && error < 0.03 * simulated, "{error} of {simulated}");
        let [expanded, exact] = ["delta-gamma", "delta-gamma-exact"].map(|method| {
            let model = Var::from_toml(&law(method, measure, 1.0, "")).unwrap();
            let found = requirement(&model, &market, SHORT_STRANGLE, r#"{"BTC":0.5}"#);
            assert_split(&found);
            found.initial_margin_usd()
        });
        // Third-order terms of 1 % moves are below a half per cent of this book's loss.
        assert!((exact - simulated).abs() < 4.0 * error + 0.005 * exact, "{exact} {simulated}");
        assert!((exact - expanded).abs() < 0.01 * exact, "{exact} {expanded}");
    }
}

#[test]
fn a_method_without_what_it_needs_is_refused() {
    let draws = "simulation = { draws = \"sobol\", paths = 1000, seed = 1 }";
    for (text, words) in [
        (PARAMS.replace("measure", "method = \"delta-normal\"\nmeasure"), "needs [law]"),
        (
            PARAMS.replace("measure", "method = \"age-weighted\"\nmeasure"),
            "without scenarios.weights",
        ),
        (law("historical", "es", 4.0, ""), "needs [scenarios]"),
        (law("monte-carlo", "es", 4.0, ""), "[law.simulation]"),
        (law("monte-carlo", "es", 4.0, draws), "multiple of 16"),
        (law("delta-gamma", "es", 4.0, "copula_dof = 5.0"), "normal law"),
        (
            law("delta-normal", "es", 4.0, "").replace("[0.5, 1.0, -0.2]", "[0.4, 1.0, -0.2]"),
            "symmetric",
        ),
        (law("delta-normal", "es", 4.0, "").replace("-0.3", "-0.99"), "positive definite"),
        (
            law("delta-normal", "es", 4.0, "").replace("coin = \"ETH\"", "coin = \"BTC\""),
            "two factors",
        ),
    ] {
        let refusal = Var::from_toml(&text).unwrap_err().to_string();
        assert!(refusal.contains(words), "{refusal}");
    }
    let model = Var::from_toml(&law("delta-normal", "es", 4.0, "")).unwrap();
    let market = market();
    let sol = market.find("SOL_USDC-PERPETUAL").unwrap();
    let refusal = model.prepare(&market, &[sol]).err().unwrap().to_string();
    assert!(refusal.contains("SOL") && refusal.contains("BTC, ETH"), "{refusal}");
}
