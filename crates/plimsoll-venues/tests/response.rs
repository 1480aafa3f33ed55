//! What venues say an account needs, read into one shape.

#![allow(clippy::unwrap_used, reason = "a fixture that does not read is a failed test")]

mod common;

use common::fixture;
use plimsoll_model::Asset;
use plimsoll_model::error::InputCode;
use plimsoll_model::number::Exact;
use plimsoll_venues::{Counterpart, Venue, VenueMargin, VenuePool, any_venue_margin, venue_margin};

fn margin(venue: Venue, name: &str) -> VenueMargin {
    venue_margin(venue, name, &fixture(venue, name)).unwrap_or_else(|error| panic!("{error}"))
}

fn pool<'a>(margin: &'a VenueMargin, name: &str) -> &'a VenuePool {
    margin.pools.iter().find(|pool| pool.name == name).unwrap()
}

fn text(amount: Option<Exact>) -> String {
    amount.map_or("none".to_owned(), |amount| amount.0.normalize().to_string())
}

fn part(pool: &VenuePool, name: &str) -> (String, Option<Counterpart>) {
    let part = pool.components.iter().find(|part| part.name == name).unwrap();
    (text(Some(part.amount)), part.ours.clone())
}

fn initial(name: &str) -> Option<Counterpart> {
    Some(Counterpart::Initial(name.to_owned()))
}

fn figure(name: &str) -> Option<Counterpart> {
    Some(Counterpart::Figure(name.to_owned()))
}

#[test]
fn deribit_simulation_has_the_parts_of_the_initial_margin() {
    let margin = margin(Venue::Deribit, "pme_simulate");
    assert_eq!((margin.answer, margin.model), ("private/pme/simulate", Some("deribit-spm")));
    let pool = pool(&margin, "BTC");
    assert_eq!(pool.asset, Asset::new("BTC"));
    assert_eq!(text(pool.initial_margin), "0.110018212");
    assert_eq!(text(pool.maintenance_margin), "0.04");
    assert_eq!(part(pool, "worst_case"), ("0.04".to_owned(), initial("scan")));
    assert_eq!(part(pool, "roll_shock"), ("0.0075".to_owned(), initial("roll")));
    assert_eq!(part(pool, "delta_shock"), ("0.0025".to_owned(), initial("delta_liquidity")));
    assert_eq!(part(pool, "mmp_margin"), ("0.06".to_owned(), None));
    // The parts are the whole: 0.04 + 0.0075 + 0.0025 + 0.06 + 0.000018212.
    let sum = pool.components.iter().map(|part| part.amount.0).sum();
    assert_eq!(text(Some(Exact(sum))), text(pool.initial_margin));
}

#[test]
fn deribit_summaries_have_a_pool_per_currency_in_use() {
    let margin = margin(Venue::Deribit, "account_summaries");
    assert_eq!(margin.model, Some("deribit-spm"));
    let names: Vec<&str> = margin.pools.iter().map(|pool| pool.name.as_str()).collect();
    assert_eq!(names, ["BTC", "USDC"]);
    let pool = pool(&margin, "USDC");
    assert_eq!((text(pool.equity), text(pool.initial_margin)), ("1475".into(), "120".into()));
}

#[test]
fn okx_position_builder_has_risk_units_and_positions() {
    let margin = margin(Venue::Okx, "position_builder");
    assert_eq!(margin.model, Some("okx-pm"));
    let pool = pool(&margin, "account");
    assert_eq!(
        (text(pool.initial_margin), text(pool.maintenance_margin)),
        ("172.25".into(), "132.5".into())
    );
    assert_eq!(part(pool, "BTC mr1"), ("100".to_owned(), figure("BTC_mr1")));
    assert_eq!(part(pool, "BTC mr4"), ("12.5".to_owned(), figure("BTC_mr4")));
    assert!(!pool.components.iter().any(|part| part.name == "BTC mr9"));
    let borrowing = Some(Counterpart::Maintenance("borrowing".to_owned()));
    assert_eq!(part(pool, "borrowMmr"), ("20".to_owned(), borrowing));
    // −10 simulated and 4 held of one swap are one position.
    let account = &margin.book.as_ref().unwrap().accounts[0];
    assert_eq!(account.positions.len(), 1);
    assert_eq!(text(Some(account.positions[0].quantity)), "-6");
    assert_eq!(text(account.balances.get(&Asset::new("USDT")).copied()), "-1000");
}

#[test]
fn bybit_portfolio_margin_has_the_worst_point_and_contingencies() {
    let margin = margin(Venue::Bybit, "portfolio_margin");
    let pool = pool(&margin, "account");
    assert_eq!((text(pool.equity), text(pool.initial_margin)), ("60000".into(), "6600".into()));
    assert_eq!(part(pool, "BTC max loss"), ("5200.75".to_owned(), figure("BTC_scan")));
    assert_eq!(part(pool, "BTC futureContingency"), ("299.25".to_owned(), figure("BTC_futures")));
    // 5200.75 + 299.25.
    assert_eq!(part(pool, "BTC assetMM"), ("5500".to_owned(), None));
    let account = &margin.book.as_ref().unwrap().accounts[0];
    let held: Vec<&str> = account.positions.iter().map(|p| p.instrument.as_str()).collect();
    assert_eq!(held, ["BTCUSDT", "BTC-26JUN26-100000-C-USDT"]);
}

#[test]
fn derive_margins_are_net_of_what_the_account_is_worth() {
    let statement = margin(Venue::Derive, "subaccount");
    assert_eq!(statement.model, Some("derive-pm2"));
    let pool = pool(&statement, "account");
    // 14 152 − 11 000.25, and 14 152 − 12 000.5.
    assert_eq!(text(pool.initial_margin), "3151.75");
    assert_eq!(text(pool.maintenance_margin), "2151.5");
    let account = &statement.book.as_ref().unwrap().accounts[0];
    let cash = account.balances.get(&Asset::new("USDC")).copied();
    assert_eq!(text(cash), "10189.000000000000000001");
    let simulated = margin(Venue::Derive, "get_margin");
    let pool = &simulated.pools[0];
    assert_eq!(
        (text(pool.excess_initial), text(pool.initial_margin)),
        ("9000".into(), "none".into())
    );
}

#[test]
fn every_other_answer_about_margin_is_read() {
    for (venue, name, model, pool_name, initial, maintenance) in [
        (Venue::Okx, "balance", Some("okx-pm"), "account", "3000", "2000"),
        (Venue::Bybit, "wallet_balance", Some("bybit-pm"), "account", "6600", "5500"),
        (Venue::Binance, "papi_account", Some("binance-pm"), "account", "9000", "4808.13"),
        (Venue::Binance, "option_margin_account", Some("binance-option"), "USDT", "2900", "2100"),
        (
            Venue::Hyperliquid,
            "clearinghouse_state",
            Some("hyperliquid-cross"),
            "account",
            "570.1",
            "285.05",
        ),
        (
            Venue::Hyperliquid,
            "spot_state_portfolio_margin",
            Some("hyperliquid-pm"),
            "account",
            "none",
            "none",
        ),
        (Venue::Paradex, "account", None, "account", "6262.5", "3131.25"),
    ] {
        let margin = margin(venue, name);
        assert_eq!(margin.model, model, "{name}");
        let pool = pool(&margin, pool_name);
        assert_eq!(text(pool.initial_margin), initial, "{name}");
        assert_eq!(text(pool.maintenance_margin), maintenance, "{name}");
    }
    let unified = margin(Venue::Binance, "papi_account");
    // A ratio of 25.5 is 2550 %.
    assert_eq!(part(&unified.pools[0], "uniMMR, percent"), ("2550".into(), figure("uni_mmr_pct")));
}

#[test]
fn an_answer_tells_its_venue_by_its_shape() {
    for (venue, name) in [
        (Venue::Deribit, "pme_simulate"),
        (Venue::Deribit, "account_summaries"),
        (Venue::Okx, "position_builder"),
        (Venue::Okx, "balance"),
        (Venue::Binance, "papi_account"),
        (Venue::Binance, "option_margin_account"),
        (Venue::Bybit, "portfolio_margin"),
        (Venue::Bybit, "wallet_balance"),
        (Venue::Derive, "subaccount"),
        (Venue::Derive, "get_margin"),
        (Venue::Hyperliquid, "clearinghouse_state"),
        (Venue::Hyperliquid, "spot_state_portfolio_margin"),
        (Venue::Paradex, "account"),
    ] {
        let found = any_venue_margin(name, &fixture(venue, name)).unwrap();
        assert_eq!(found, margin(venue, name));
    }
    let other = any_venue_margin("x.json", b"{\"weather\": \"fair\"}").unwrap_err();
    assert_eq!((other.code, other.origin.as_str()), (InputCode::Unsupported, "x.json"));
    let spoiled = br#"{"account_value": "1", "initial_margin_requirement": "one"}"#;
    let spoiled = any_venue_margin("x.json", spoiled).unwrap_err();
    assert_eq!(spoiled.code, InputCode::Malformed);
    assert_eq!(spoiled.at, "initial_margin_requirement");
}

#[test]
fn an_answer_about_something_else_is_refused_with_what_is_read() {
    for venue in Venue::ALL {
        let error = venue_margin(venue, "x.json", b"{\"weather\": \"fair\"}").unwrap_err();
        assert_eq!(error.code, InputCode::Unsupported, "{venue}");
        assert!(error.message.contains("weather"), "{venue}: {error}");
        assert!(error.hint.is_some(), "{venue}");
        assert_eq!(error.origin, "x.json");
    }
    let refused = fixture(Venue::Bybit, "error");
    let error = venue_margin(Venue::Bybit, "x.json", &refused).unwrap_err();
    assert!(error.message.contains("API key is invalid"), "{error}");
}
