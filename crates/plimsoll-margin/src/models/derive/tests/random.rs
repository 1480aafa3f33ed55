//! What must hold of any book, over random ones.

use plimsoll_model::book::BookPosition;
use plimsoll_model::number::{Exact, to_f64};
use plimsoll_model::{BookAccount, Market};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::assess;
use crate::report::Assessment;

type Rows = Vec<(String, Decimal)>;

fn account(rows: &Rows, dollars: i64) -> BookAccount {
    let position = |(name, quantity): &(String, Decimal)| BookPosition {
        instrument: name.clone(),
        quantity: Exact(*quantity),
        entry_price: None,
        at: String::new(),
    };
    let mut account = BookAccount {
        name: "random".to_owned(),
        positions: rows.iter().map(position).collect(),
        ..BookAccount::default()
    };
    let exact = Exact(Decimal::from(dollars));
    account.balances.insert("USDC".into(), exact);
    account
}

/// Perpetuals, options and spot of one coin; spot is held, never owed.
fn rows(coin: &'static str) -> impl Strategy<Value = Rows> {
    let market = market();
    let names: Vec<String> = market
        .listings
        .iter()
        .filter(|listing| listing.instrument.underlying.as_str() == coin)
        .map(|listing| listing.instrument.name.clone())
        .filter(|name| !name.ends_with("26JUN26"))
        .collect();
    let tenths = (-200i64..=200).prop_map(|tenths| Decimal::new(tenths, 1));
    proptest::collection::btree_map(proptest::sample::select(names), tenths, 1..10).prop_map(
        move |map| {
            let spot = format!("{coin}_USDC");
            let held = |(name, q): (String, Decimal)| {
                let q = if name == spot { q.abs() } else { q };
                (name, q)
            };
            map.into_iter().map(held).collect()
        },
    )
}

fn require(model: &str, market: &Market, rows: &Rows, dollars: i64) -> Requirement {
    let portfolio = Portfolio::bind(&account(rows, dollars), market).unwrap();
    try_require(model, market, &portfolio).unwrap()
}

/// Dollars a book is about, for tolerances.
fn size(rows: &Rows) -> f64 {
    100_000.0 * rows.iter().map(|(_, q)| to_f64(q.abs())).sum::<f64>()
}

const MODELS: [&str; 3] = ["derive-pm1", "derive-pm2", "derive-srm"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_and_splitting_leave_no_trace(
        (rows, shuffled, cut) in rows("ETH").prop_flat_map(|rows| {
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
        for model in MODELS {
            let whole = require(model, &market, &rows, 5);
            prop_assert_eq!(&whole, &require(model, &market, &shuffled, 5));
            prop_assert_eq!(&whole, &require(model, &market, &split, 5));
        }
    }

    #[test]
    fn initial_covers_maintenance_covers_zero_and_parts_add_up(rows in rows("BTC"), dollars in -9i64..9) {
        let market = market();
        let slack = 1e-12 * (1.0 + size(&rows));
        for model in MODELS {
            let portfolio = Portfolio::bind(&account(&rows, dollars), &market).unwrap();
            let requirement = try_require(model, &market, &portfolio).unwrap();
            let pool = &requirement.pools[0];
            let (initial, maintenance) = (pool.initial_margin(), pool.maintenance_margin());
            prop_assert!(initial >= maintenance - slack && maintenance >= -slack, "{model}");
            for component in &pool.components {
                let parts: f64 = component.contributions.iter().map(|part| part.amount).sum();
                prop_assert!((parts - component.initial).abs() <= slack, "{} {}", model, component.name);
            }
            for unit in &pool.units {
                let worst = unit.losses.iter().map(|state| state.loss).fold(0.0, f64::max);
                prop_assert_eq!(0.0 - worst, figure(pool, "worst_pnl"));
            }
            let balance = figure(pool, "net_initial_margin");
            prop_assert!((pool.equity - initial - balance).abs() <= slack);
            // The trusted check asks some of the same states.
            if let Some(trusted) = pool.figures.get("net_maintenance_margin_trusted") {
                prop_assert!(*trusted >= figure(pool, "net_maintenance_margin") - slack);
            }
        }
    }

    #[test]
    fn scaling_the_book_scales_the_requirement(rows in rows("ETH"), factor in 1i64..40) {
        let market = market();
        let scaled: Rows =
            rows.iter().map(|(name, q)| (name.clone(), q * Decimal::new(factor, 1))).collect();
        let slack = 1e-12 * (1.0 + size(&scaled) + size(&rows));
        for model in MODELS {
            let one = require(model, &market, &rows, 0).initial_margin_usd();
            let many = require(model, &market, &scaled, 0).initial_margin_usd();
            prop_assert!((many - one * factor as f64 / 10.0).abs() <= slack, "{model}");
        }
    }

    #[test]
    fn under_standard_margin_coins_do_not_net(eth in rows("ETH"), btc in rows("BTC")) {
        let market = market();
        let both: Rows = eth.iter().chain(&btc).cloned().collect();
        let margin = |rows| require("derive-srm", &market, rows, 0).initial_margin_usd();
        let slack = 1e-12 * (1.0 + size(&both));
        prop_assert!((margin(&both) - margin(&eth) - margin(&btc)).abs() <= slack);
    }

}

proptest! {
    // A full explanation asks each model for some hundred requirements.
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_explanation_adds_up(rows in rows("ETH"), dollars in 0i64..1_000_000) {
        let market = market();
        let portfolio = Portfolio::bind(&account(&rows, dollars), &market).unwrap();
        let slack = 1e-10 * (1.0 + size(&rows));
        for id in MODELS {
            let model = bundled_model(id, market.time).unwrap();
            let answer: Assessment = assess(model.as_ref(), &market, &portfolio).unwrap();
            let components: f64 = answer.components.iter().map(|part| part.amount).sum();
            prop_assert!((components - answer.initial_margin).abs() <= slack);
            let marginal: f64 = answer.positions.iter().map(|one| one.marginal).sum::<f64>()
                + answer.collateral.iter().map(|one| one.marginal).sum::<f64>();
            prop_assert!((marginal - answer.net).abs() <= slack, "{id}: {marginal} {}", answer.net);
        }
    }
}
