//! Margin tiers of venues, and the parameter files that they go into. The fixtures are our own, in the
//! venues' shapes, with the venues' numbers of 2026.

#![allow(clippy::unwrap_used, reason = "a fixture that does not read is a failed test")]

mod common;

use common::imported;
use plimsoll_margin::models;
use plimsoll_margin::tiers::BracketTable;
use plimsoll_model::error::InputCode;
use plimsoll_model::{Book, Portfolio};
use plimsoll_venues::PartKind::{Instruments, Tickers, Tiers};
use plimsoll_venues::{ImportOptions, Imported, Part, Venue, import};

fn toml(imported: &Imported) -> String {
    imported.tiers.as_ref().unwrap().to_toml().unwrap()
}

/// The bundled file of a model with the tables of some names replaced by what a venue answers.
fn replaced(id: &str, first: &str, last: &str, tiers: &str) -> String {
    let file = models::BUNDLED.iter().find(|file| file.id == id).unwrap().text;
    let (head, rest) = file.split_once(first).unwrap();
    let (_, tail) = rest.split_once(last).unwrap();
    format!("{head}{tiers}\n{last}{tail}")
}

#[test]
fn binance_brackets_are_a_parameter_file() {
    let imported = imported(
        Venue::Binance,
        &[
            (Instruments, "um_exchange_info"),
            (Instruments, "cm_exchange_info"),
            (Tickers, "um_premium_index"),
            (Tickers, "cm_premium_index"),
            (Tiers, "um_leverage_bracket"),
            (Tiers, "cm_leverage_bracket"),
        ],
    );
    let told = imported.warnings.iter().any(|warning| warning.contains("NEWUSDT"));
    assert!(told, "{:?}", imported.warnings);
    let file = replaced("binance-pm", "[[brackets]]", "[collateral]", &toml(&imported));
    let model = models::from_params(&file).unwrap_or_else(|why| panic!("{why}\n{file}"));
    let market = imported.market.clone().check().unwrap();
    let maintenance = |rows: &str| {
        let book = Book::parse(format!("instrument,quantity\n{rows}\n").as_bytes()).unwrap();
        let portfolio = Portfolio::bind(&book.accounts[0], &market).unwrap();
        let ids: Vec<_> = market.ids().collect();
        let prepared = model.prepare(&market, &ids).unwrap();
        let pool = prepared.requirement(&portfolio).unwrap().pools.remove(0);
        pool.figures.into_iter().find(|(name, _)| name.starts_with("BTCUSD")).unwrap()
    };
    let price = |name: &str| market.listing(market.find(name).unwrap()).mark_price.unwrap();
    // 20 coins lie in the third bracket: 0.65 % of the notional less 1 500.
    let (_, linear) = maintenance("BTCUSDT,20");
    assert!((linear - (0.0065 * 20.0 * price("BTCUSDT") - 1500.0)).abs() < 1e-6, "{linear}");
    // Coin-settled brackets count coins: 6 coins are in the second, 0.5 % of them less 0.005.
    let dollars = 6.0 * price("BTCUSD_PERP") / 100.0;
    let (_, coin) = maintenance(&format!("BTCUSD_PERP,{dollars}"));
    assert!((coin - (0.005 * 6.0 - 0.005)).abs() < 1e-9, "{coin}");
}

#[test]
fn bybit_risk_limits_are_brackets() {
    let imported = imported(
        Venue::Bybit,
        &[
            (Instruments, "instruments_linear"),
            (Instruments, "instruments_inverse"),
            (Tickers, "tickers_linear"),
            (Tickers, "tickers_inverse"),
            (Tiers, "risk_limit"),
        ],
    );
    let tiers = imported.tiers.clone().unwrap();
    let settlements: Vec<&str> =
        tiers.brackets.iter().map(|brackets| brackets.settlement.as_str()).collect();
    assert_eq!(settlements, ["coin", "USDT"]);
    // The deduction is checked: 2 000 000·(0.56 % − 0.5 %) = 1 200.
    let text = toml(&imported);
    let parsed: toml::Value = toml::from_str(&text).unwrap();
    let table: BracketTable = parsed["brackets"][1]["brackets"].clone().try_into().unwrap();
    assert!((table.maintenance(2_500_000.0) - 12_800.0).abs() < 1e-9);
}

#[test]
fn hyperliquid_tables_are_a_parameter_file() {
    let imported = imported(
        Venue::Hyperliquid,
        &[
            (Instruments, "meta_and_asset_ctxs"),
            (Tickers, "meta_and_asset_ctxs"),
            (plimsoll_venues::PartKind::Balances, "clearinghouse_state"),
            (Tiers, "meta_tiers"),
        ],
    );
    let tables = imported.tiers.clone().unwrap().perps.unwrap().tables;
    let coins: Vec<String> = tables
        .iter()
        .map(|table| table.coins.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        .collect();
    // A table by number, one by its leverage, and a coin with neither: the last two share one.
    assert_eq!(coins, ["BTC", "ETH", "kPEPE ATOM"]);
    assert_eq!((tables[0].tiers[1].lower_usd, tables[0].tiers[1].max_leverage), (150e6, 20.0));
    let file = replaced("hyperliquid-cross", "[[perps.tables]]", "[collateral]", &toml(&imported));
    models::from_params(&file).unwrap_or_else(|why| panic!("{why}\n{file}"));
}

#[test]
fn okx_margin_factors_are_what_option_margin_asks_for() {
    let imported = imported(
        Venue::Okx,
        &[
            (Instruments, "instruments"),
            (Tickers, "mark_price"),
            (Tickers, "index_tickers"),
            (Tickers, "opt_summary"),
            (Tiers, "position_tiers"),
        ],
    );
    let options = imported.tiers.clone().unwrap().options;
    let factors: Vec<(String, f64)> =
        options.iter().map(|(coin, option)| (coin.to_string(), option.margin_factor)).collect();
    assert_eq!(factors, [("BTC".to_owned(), 1.0), ("ETH".to_owned(), 1.5)]);
    for words in ["tier 2 is 1.2", "tiers of what is no option are left out"] {
        assert!(imported.warnings.iter().any(|w| w.contains(words)), "{:?}", imported.warnings);
    }
    assert_eq!(
        toml(&imported),
        "[options.BTC]\nmargin_factor = 1.0\n\n[options.ETH]\nmargin_factor = 1.5\n"
    );
}

#[test]
fn venues_without_tiers_say_so() {
    for venue in [Venue::Deribit, Venue::Derive, Venue::Paradex] {
        let part = Part { kind: Tiers, origin: "t.json", bytes: b"[]" };
        let error = import(venue, &[part], &ImportOptions::default()).unwrap_err();
        assert_eq!((error.code, error.origin.as_str()), (InputCode::Unsupported, "t.json"));
    }
}
