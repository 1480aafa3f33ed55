//! What must hold of any book, over random ones.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use plimsoll_margin::report::Assessment;
use plimsoll_margin::{MarginModel, Requirement, assess, models, trade};
use plimsoll_model::{
    Book, BookAccount, InstrumentId, Market, Portfolio, Timestamp, book::BookPosition,
    number::Exact,
};
use plimsoll_pricing::contract;
use plimsoll_pricing::snapshot::completed;
use proptest::prelude::*;
use rust_decimal::Decimal;

const CASES: u32 = 256;

/// Both settlements, contract sizes in base and quote, three expiries (one at the snapshot itself),
/// two coins.
fn market() -> Market {
    let mut instruments = Vec::new();
    let mut forwards: BTreeMap<&str, String> = BTreeMap::new();
    for (coin, price) in [("BTC", 60_000.0), ("ETH", 3_000.0)] {
        let expiries = ["2026-01-01T08:00:00Z", "2026-01-09T08:00:00Z", "2026-06-26T08:00:00Z"];
        let curve: Vec<String> = expiries
            .iter()
            .enumerate()
            .map(|(index, expiry)| format!("\"{expiry}\":{}", price * (1.0 + 0.01 * index as f64)))
            .collect();
        forwards.insert(coin, curve.join(","));
        let size = if coin == "BTC" { 10 } else { 1 };
        instruments.push(format!(
            r#"{{"name":"{coin}-PERPETUAL","contract_size":{size},"contract_unit":"quote","mark_price":{}}}"#,
            price * 1.001
        ));
        instruments.push(format!(
            r#"{{"name":"{coin}_USDC-PERPETUAL","contract_size":0.001,"mark_price":{}}}"#,
            price * 0.999
        ));
        instruments.push(format!(
            r#"{{"name":"{coin}-26JUN26","contract_size":{size},"contract_unit":"quote","mark_price":{}}}"#,
            price * 1.02
        ));
        instruments.push(format!(r#"{{"name":"{coin}_USDC","mark_price":{price}}}"#));
        for date in ["1JAN26", "9JAN26", "26JUN26"] {
            for moneyness in [0.7, 0.95, 1.0, 1.05, 1.4] {
                let strike = price * moneyness;
                let vol = 0.5 + 0.6 * (moneyness - 1.0f64).abs();
                for right in ["C", "P"] {
                    for family in [coin.to_owned(), format!("{coin}_USDC")] {
                        instruments.push(format!(
                            r#"{{"name":"{family}-{date}-{strike}-{right}","mark_vol":{vol}}}"#
                        ));
                    }
                }
            }
        }
    }
    let text = format!(
        r#"{{"id":"random","time":"2026-01-01T08:00:00Z","assets":{{"USDC":1,"USDT":0.999}},
            "underlyings":{{"BTC":{{"index_price":60000,"forwards":{{{}}}}},
                            "ETH":{{"index_price":3000,"forwards":{{{}}}}}}},
            "instruments":[{}]}}"#,
        forwards["BTC"],
        forwards["ETH"],
        instruments.join(",")
    );
    completed(Market::from_json(text.as_bytes()).unwrap())
}

type Rows = Vec<(String, Decimal)>;

fn account(rows: &Rows, balances: &[(&str, Decimal)]) -> BookAccount {
    let position = |(name, quantity): &(String, Decimal)| BookPosition {
        instrument: name.clone(),
        quantity: Exact(*quantity),
        entry_price: None,
        at: String::new(),
    };
    BookAccount {
        name: "random".to_owned(),
        positions: rows.iter().map(position).collect(),
        balances: balances.iter().map(|(asset, sum)| ((*asset).into(), Exact(*sum))).collect(),
        open_orders: vec![],
    }
}

fn bind(market: &Market, rows: &Rows) -> Portfolio {
    Portfolio::bind(&account(rows, &[]), market).unwrap()
}

fn require(model: &dyn MarginModel, market: &Market, portfolio: &Portfolio) -> Requirement {
    let ids: Vec<InstrumentId> = market.ids().collect();
    model.prepare(market, &ids).unwrap().requirement(portfolio).unwrap()
}

fn margin(model: &dyn MarginModel, market: &Market, rows: &Rows) -> f64 {
    require(model, market, &bind(market, rows)).initial_margin_usd()
}

fn scan_only(model: &dyn MarginModel, market: &Market, rows: &Rows) -> f64 {
    let requirement = require(model, market, &bind(market, rows));
    let scans = requirement.pools.iter().map(|pool| {
        let scan = pool.components.iter().find(|component| component.name == "scan").unwrap();
        scan.initial * pool.asset_price_usd
    });
    scans.sum()
}

fn every_model(at: Timestamp) -> Vec<Box<dyn MarginModel>> {
    let venues_and_scans = ["isolated", "scan", "deribit-spm", "paradex-pm", "delta", "greeks"];
    let value_at_risk = ["fhs-es", "delta-normal", "delta-gamma"];
    let ids = venues_and_scans.into_iter().chain(value_at_risk);
    ids.map(|id| models::bundled_model(id, at).unwrap()).collect()
}

/// Models whose requirement is homogeneous and sub-additive: maxima and sums of linear functions, and
/// expected shortfall.
fn linear_models(at: Timestamp) -> Vec<Box<dyn MarginModel>> {
    ["scan", "paradex-pm", "delta", "fhs-es", "delta-normal"]
        .map(|id| models::bundled_model(id, at).unwrap())
        .into()
}

fn rows(market: &Market, size: std::ops::Range<usize>) -> impl Strategy<Value = Rows> + use<> {
    let names: Vec<String> =
        market.listings.iter().map(|listing| listing.instrument.name.clone()).collect();
    let quantity = (-200i64..=200).prop_map(|tenths| Decimal::new(tenths, 1));
    proptest::collection::btree_map(proptest::sample::select(names), quantity, size)
        .prop_map(|map| map.into_iter().collect())
}

/// Agreement to rounding: a few units in the last place of the gross amounts behind a result.
fn near(a: f64, b: f64, gross: f64) -> bool {
    (a - b).abs() <= 1e-12 * (1.0 + gross.abs())
}

fn gross(market: &Market, rows: &Rows) -> f64 {
    let portfolio = bind(market, rows);
    let notional = portfolio.holdings.iter().map(|holding| {
        let base = contract::base_per_contract(market, holding.id).unwrap();
        holding.quantity.abs() * base * 100_000.0
    });
    notional.sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_and_splitting_leave_no_trace(
        (rows, shuffled, cut) in rows(&market(), 1..12).prop_flat_map(|rows| {
            let shuffled = Just(rows.clone()).prop_shuffle();
            (Just(rows), shuffled, -50i64..50)
        })
    ) {
        let market = market();
        let mut split: Rows = Vec::new();
        for (name, quantity) in &shuffled {
            split.push((name.clone(), quantity - Decimal::from(cut)));
            split.push((name.clone(), Decimal::from(cut)));
        }
        let (whole, shuffled) = (bind(&market, &rows), bind(&market, &shuffled));
        for model in every_model(market.time) {
            let answer = require(model.as_ref(), &market, &whole);
            prop_assert_eq!(&answer, &require(model.as_ref(), &market, &shuffled));
            prop_assert_eq!(&answer, &require(model.as_ref(), &market, &bind(&market, &split)));
        }
    }

    #[test]
    fn initial_covers_maintenance_covers_zero_and_components_add_up(
        rows in rows(&market(), 0..12),
        coins in -50i64..50,
        dollars in -100_000i64..1_000_000,
    ) {
        let market = market();
        let balances =
            [("BTC", Decimal::new(coins, 1)), ("USDC", Decimal::from(dollars))];
        let portfolio = Portfolio::bind(&account(&rows, &balances), &market).unwrap();
        for model in every_model(market.time) {
            let answer = require(model.as_ref(), &market, &portfolio);
            for pool in &answer.pools {
                let (initial, maintenance) = (pool.initial_margin(), pool.maintenance_margin());
                prop_assert!(initial >= maintenance && maintenance >= 0.0, "{}", model.id());
                prop_assert!(initial.is_finite() && pool.equity.is_finite());
                for component in &pool.components {
                    let parts: f64 = component.contributions.iter().map(|part| part.amount).sum();
                    let size: f64 =
                        component.contributions.iter().map(|part| part.amount.abs()).sum();
                    prop_assert!(
                        near(parts, component.initial, size),
                        "{} {}: {parts} is not {}", model.id(), component.name, component.initial
                    );
                }
            }
        }
    }

    #[test]
    fn scaling_the_book_scales_the_requirement(rows in rows(&market(), 1..10), factor in 1i64..40) {
        let market = market();
        let scale = Decimal::new(factor, 1);
        let scaled: Rows = rows.iter().map(|(name, q)| (name.clone(), q * scale)).collect();
        let gross = gross(&market, &scaled) + gross(&market, &rows);
        for model in linear_models(market.time) {
            let one = margin(model.as_ref(), &market, &rows);
            let many = margin(model.as_ref(), &market, &scaled);
            prop_assert!(near(many, one * factor as f64 / 10.0, gross), "{}", model.id());
        }
    }

    #[test]
    fn together_never_needs_more_than_apart(a in rows(&market(), 1..8), b in rows(&market(), 1..8)) {
        let market = market();
        let both: Rows = a.iter().chain(&b).cloned().collect();
        let gross = gross(&market, &both);
        for model in linear_models(market.time) {
            let apart = margin(model.as_ref(), &market, &a) + margin(model.as_ref(), &market, &b);
            let together = margin(model.as_ref(), &market, &both);
            prop_assert!(together <= apart + 1e-12 * (1.0 + gross), "{}", model.id());
        }
    }

    #[test]
    fn a_long_option_adds_at_most_its_premium(
        rows in rows(&market(), 0..8),
        pick in 0usize..1000,
        tenths in 1i64..100,
    ) {
        let market = market();
        let options: Vec<_> =
            market.listings.iter().filter(|listing| listing.instrument.is_option()).collect();
        let option = options[pick % options.len()];
        let mut more = rows.clone();
        more.push((option.instrument.name.clone(), Decimal::new(tenths, 1)));
        let id = market.find(&option.instrument.name).unwrap();
        let premium = tenths as f64 / 10.0
            * contract::value(&market, id).unwrap()
            * contract::settlement_price_usd(&market, id).unwrap();
        let model = models::bundled_model("scan", market.time).unwrap();
        let rise = margin(model.as_ref(), &market, &more) - margin(model.as_ref(), &market, &rows);
        prop_assert!(rise <= premium + 1e-12 * (1.0 + gross(&market, &more)), "{rise} > {premium}");
    }

    #[test]
    fn call_less_put_is_the_forward_under_every_scan(
        rows in rows(&market(), 0..8),
        coin in proptest::sample::select(vec!["BTC", "ETH"]),
        tenths in -100i64..100,
    ) {
        // In USD-settled options, call − put at strike K is worth F − K: the same P&L as the future
        // of that expiry, whatever else is in the book.
        let market = market();
        let quantity = Decimal::new(tenths, 1);
        let strike = if coin == "BTC" { 60_000 } else { 3_000 };
        let with = |legs: Vec<(String, Decimal)>| {
            let mut book = rows.clone();
            book.extend(legs);
            book
        };
        let synthetic = with(vec![
            (format!("{coin}_USDC-26JUN26-{strike}-C"), quantity),
            (format!("{coin}_USDC-26JUN26-{strike}-P"), -quantity),
        ]);
        // One contract of the USDC perpetual is 0.001 coin; scale by the ratio of the prices.
        let forward = if coin == "BTC" { 61_200.0 } else { 3_060.0 };
        let perpetual = if coin == "BTC" { 59_940.0 } else { 2_997.0 };
        let contracts = Decimal::try_from(1000.0 * forward / perpetual).unwrap() * quantity;
        let future = with(vec![(format!("{coin}_USDC-PERPETUAL"), contracts)]);
        let model = models::bundled_model("scan", market.time).unwrap();
        let a = scan_only(model.as_ref(), &market, &synthetic);
        let b = scan_only(model.as_ref(), &market, &future);
        // The ratio was rounded to a decimal of 15 digits.
        prop_assert!((a - b).abs() <= 1e-9 * (1.0 + gross(&market, &synthetic)), "{a} {b}");
    }
}

proptest! {
    // Each case asks for a full explanation of four models.
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_explanation_adds_up_and_incremental_is_full_recomputation(
        rows in rows(&market(), 1..6),
        coins in -20i64..50,
    ) {
        let market = market();
        let balances = [("ETH", Decimal::from(coins)), ("USDT", Decimal::from(10_000))];
        let portfolio = Portfolio::bind(&account(&rows, &balances), &market).unwrap();
        let gross_size = gross(&market, &rows) + 5_000.0 * coins.unsigned_abs() as f64;
        for id in ["isolated", "scan", "deribit-spm", "paradex-pm"] {
            let model = models::bundled_model(id, market.time).unwrap();
            let answer: Assessment = assess(model.as_ref(), &market, &portfolio).unwrap();
            let components: f64 = answer.components.iter().map(|part| part.amount).sum();
            prop_assert!(near(components, answer.initial_margin, gross_size));
            let marginal: f64 = answer.positions.iter().map(|one| one.marginal).sum::<f64>()
                + answer.collateral.iter().map(|one| one.marginal).sum::<f64>();
            prop_assert!(near(marginal, answer.net, gross_size), "{id}: {marginal} {}", answer.net);
            let steps = &answer.benefit.breakdown;
            let saved = steps.same_expiry
                + steps.across_expiries
                + steps.across_underlyings
                + steps.collateral;
            prop_assert!(near(saved, answer.gross - answer.net, gross_size + answer.gross));
            for position in &answer.positions {
                let dropped: Rows =
                    rows.iter().filter(|(name, _)| *name != position.instrument).cloned().collect();
                let rest = Portfolio::bind(&account(&dropped, &balances), &market).unwrap();
                let rest = require(model.as_ref(), &market, &rest).initial_margin_usd();
                prop_assert!(near(position.incremental, answer.net - rest, gross_size));
            }
        }
    }

    #[test]
    fn the_stated_distance_is_where_equity_meets_maintenance(
        rows in rows(&market(), 1..6),
        thousands in 1i64..400,
    ) {
        let market = market();
        let balances = [("USDC", Decimal::from(thousands * 1000))];
        let portfolio = Portfolio::bind(&account(&rows, &balances), &market).unwrap();
        let model = models::bundled_model("scan", market.time).unwrap();
        let displaced =
            plimsoll_margin::distance::Displaced::new(model.as_ref(), &market, &portfolio);
        let (up, down) = displaced.up_and_down().unwrap();
        for distance in [up, down].into_iter().flatten().filter(|distance| *distance != 0.0) {
            let by = plimsoll_model::MarketMove { spot: distance, ..Default::default() };
            let state = displaced.state(by).unwrap();
            // The root is bracketed to 1e-12 of a move; equity changes by at most the gross
            // notional, times the steepest option, per unit of move.
            let slack = 1e-9 * (1.0 + gross(&market, &rows));
            prop_assert!(state.maintenance_excess.abs() <= slack, "{state:?} at {distance}");
        }
    }

    #[test]
    fn open_orders_charge_the_worst_fill(rows in rows(&market(), 0..6), orders in rows(&market(), 1..4)) {
        let market = market();
        let model = models::bundled_model("scan", market.time).unwrap();
        let mut portfolio = bind(&market, &rows);
        let plain = require(model.as_ref(), &market, &portfolio);
        for (name, quantity) in &orders {
            portfolio.orders.push(plimsoll_model::Order {
                id: market.find(name).unwrap(),
                quantity: plimsoll_model::number::to_f64(*quantity),
                price: None,
            });
        }
        let ids: Vec<InstrumentId> = market.ids().collect();
        let prepared = model.prepare(&market, &ids).unwrap();
        let charged = trade::with_orders(prepared.as_ref(), &market, &portfolio).unwrap();
        prop_assert!(charged.initial_margin_usd() >= plain.initial_margin_usd());
        let excess = |requirement: &Requirement| {
            requirement.equity_usd() - requirement.initial_margin_usd()
        };
        let mut filled = portfolio.clone();
        for order in &portfolio.orders {
            let price = trade::mark(&market, order.id).unwrap();
            filled = trade::traded(&market, &filled, order.id, order.quantity, price).unwrap();
        }
        let after = prepared.requirement(&filled).unwrap();
        let slack = 1e-12 * (1.0 + gross(&market, &rows) + gross(&market, &orders));
        prop_assert!(excess(&charged) <= excess(&after) + slack);
    }
}

#[test]
fn no_positions_need_nothing() {
    let market = market();
    for model in every_model(market.time) {
        assert_eq!(margin(model.as_ref(), &market, &vec![]), 0.0, "{}", model.id());
    }
}

#[test]
fn the_hedged_delta_of_the_delta_model_is_not_sub_additive() {
    // The component (gross − |net|)/2 is nothing for a long call and nothing for a short future, and
    // something for the two together. With the charge on net delta, of which it is a smaller share,
    // it is: w·|net| + h·(gross − |net|)/2 = (w − h/2)·|net| + (h/2)·gross.
    let market = market();
    let model = models::bundled_model("delta", market.time).unwrap();
    let long: Rows = vec![("BTC_USDC-9JAN26-42000-C".to_owned(), Decimal::ONE)];
    let short: Rows = vec![("BTC_USDC-PERPETUAL".to_owned(), Decimal::from(-1000))];
    let both: Rows = long.iter().chain(&short).cloned().collect();
    let amount = |rows: &Rows, name: &str| {
        let requirement = require(model.as_ref(), &market, &bind(&market, rows));
        let pool = &requirement.pools[0];
        pool.components.iter().find(|component| component.name == name).unwrap().initial
    };
    assert_eq!(amount(&long, "hedged_delta") + amount(&short, "hedged_delta"), 0.0);
    assert!(amount(&both, "hedged_delta") > 0.0);
}

#[test]
fn the_dampener_of_deribits_far_moves_is_not_sub_additive() {
    // Recorded counter-example: the dampener takes a fixed amount of dollars off a far loss. Two
    // accounts take it twice, the two books together once.
    let market = market();
    let model = models::bundled_model("deribit-spm", market.time).unwrap();
    let a: Rows = vec![("BTC_USDC-1JAN26-42000-P".to_owned(), Decimal::new(-130, 1))];
    let b: Rows = vec![("BTC_USDC-9JAN26-63000-P".to_owned(), Decimal::new(-189, 1))];
    let both: Rows = a.iter().chain(&b).cloned().collect();
    let [a, b, both] = [&a, &b, &both].map(|rows| scan_only(model.as_ref(), &market, rows));
    assert!(both > a + b + 1.0, "{both} is not above {a} + {b}");
}

#[test]
fn adding_a_scenario_never_lowers_the_scan() {
    let text = models::bundled_at("scan", market().time).unwrap().text;
    let more = text.replace(
        "vol = [\"up\", \"unchanged\", \"down\"]",
        "vol = [\"up\", \"unchanged\", \"down\"]\ndays = [0.0, 1.0]",
    );
    assert_ne!(text, more, "the parameter file no longer has this line");
    let (few, many) = (models::from_params(text).unwrap(), models::from_params(&more).unwrap());
    let market = market();
    let books: Vec<Rows> = market
        .listings
        .iter()
        .map(|listing| vec![(listing.instrument.name.clone(), Decimal::NEGATIVE_ONE)])
        .collect();
    for book in &books {
        let [less, more] = [&few, &many].map(|model| margin(model.as_ref(), &market, book));
        assert!(more >= less, "{book:?}");
    }
    // A day of decay is a loss to whoever is long an option.
    let long: Rows = vec![("BTC-9JAN26-60000-C".to_owned(), Decimal::ONE)];
    assert!(margin(many.as_ref(), &market, &long) > margin(few.as_ref(), &market, &long));
}

#[test]
fn a_book_of_books_gives_each_account_and_the_group() {
    let market = market();
    let book = Book::parse(
        b"account,instrument,quantity\na,BTC_USDC-PERPETUAL,1000\nb,BTC_USDC-PERPETUAL,-1000\n",
    )
    .unwrap();
    let model = models::bundled_model("scan", market.time).unwrap();
    let alone: f64 = book
        .accounts
        .iter()
        .map(|account| {
            let portfolio = Portfolio::bind(account, &market).unwrap();
            require(model.as_ref(), &market, &portfolio).initial_margin_usd()
        })
        .sum();
    let group = Portfolio::bind_group(&book, &market).unwrap();
    let netted = require(model.as_ref(), &market, &group).initial_margin_usd();
    // 16 % of 59,940 each; together nothing is left open.
    assert!((alone - 2.0 * 0.16 * 59_940.0).abs() < 1e-9);
    assert_eq!(netted, 0.0);
}
