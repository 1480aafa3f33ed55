//! Saved answers of venues: imported, margined, and checked against what the venue says.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::path::PathBuf;

use common::{plimsoll, project_file};
use serde_json::Value;

/// A saved answer of a venue, as the adapters' own tests use it.
fn answer(path: &str) -> String {
    let folder = project_file("crates/plimsoll-venues/tests/fixtures");
    folder.join(path).to_str().unwrap().to_owned()
}

/// A folder with the market and the book of a Paradex account.
struct Account {
    folder: tempfile::TempDir,
}

impl Account {
    fn imported() -> (Self, String) {
        let account = Self { folder: tempfile::tempdir().unwrap() };
        let (market, book) = (account.path("market.json"), account.path("book.json"));
        let run = plimsoll(&[
            "import",
            "paradex",
            "--instruments",
            &answer("paradex/markets.json"),
            "--tickers",
            &answer("paradex/summary.json"),
            "--positions",
            &answer("paradex/positions.json"),
            "--balances",
            &answer("paradex/balance.json"),
            "--out",
            &market,
            "--book-out",
            &book,
        ]);
        assert_eq!(run.code, 0, "{}", run.err);
        assert!(run.err.contains("wrote "), "{}", run.err);
        (account, run.out)
    }

    fn path(&self, name: &str) -> String {
        let path: PathBuf = self.folder.path().join(name);
        path.to_str().unwrap().to_owned()
    }
}

#[test]
fn orders_go_into_the_book_and_tiers_into_a_file_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (market, book, tiers) = (path("market.json"), path("book.json"), path("tiers.toml"));
    let import = |orders: &str| {
        plimsoll(&[
            "import",
            "hyperliquid",
            "--instruments",
            &answer("hyperliquid/meta_and_asset_ctxs.json"),
            "--tickers",
            &answer("hyperliquid/meta_and_asset_ctxs.json"),
            "--positions",
            &answer("hyperliquid/clearinghouse_state.json"),
            "--balances",
            &answer("hyperliquid/clearinghouse_state.json"),
            "--orders",
            &answer(orders),
            "--tiers",
            &answer("hyperliquid/meta_tiers.json"),
            "--out",
            &market,
            "--book-out",
            &book,
            "--tiers-out",
            &tiers,
        ])
    };
    let run = import("hyperliquid/frontend_open_orders.json");
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("orders left out: @107"), "{}", run.err);
    let found: Value = serde_json::from_str(&fs::read_to_string(&book).unwrap()).unwrap();
    assert_eq!(found["accounts"][0]["open_orders"][0]["instrument"], "BTC-PERP");
    assert!(fs::read_to_string(&tiers).unwrap().starts_with("[[perps.tables]]\ncoins = [\"BTC\"]"));
    let wrong = import("hyperliquid/spot_clearinghouse_state.json");
    assert_eq!(wrong.code, 2, "{}", wrong.err);
    assert!(wrong.err.contains("spot_clearinghouse_state.json"), "{}", wrong.err);
}

#[test]
fn an_imported_account_is_margined_like_any_other() {
    let (account, summary) = Account::imported();
    assert!(summary.contains("BTC"), "{summary}");
    let book: Value =
        serde_json::from_str(&fs::read_to_string(account.path("book.json")).unwrap()).unwrap();
    assert_eq!(book["accounts"][0]["positions"].as_array().unwrap().len(), 2);
    let margin = plimsoll(&[
        "margin",
        "--book",
        &account.path("book.json"),
        "--market",
        &account.path("market.json"),
        "--model",
        "paradex-pm",
        "--format",
        "json",
    ]);
    assert_eq!(margin.code, 0, "{}", margin.err);
    // 20 000.25 of cash, 12.5 of funding, 250 of profit, 11 000 of options.
    let equity = margin.json()["equity"].as_f64().unwrap();
    assert!((equity - 31_262.75).abs() < 1e-6, "{equity}");
}

#[test]
fn every_venue_is_imported_from_its_answers() {
    for (venue, parts) in [
        (
            "deribit",
            "instruments:instruments tickers:book_summary tickers:ticker positions:positions balances:account_summaries",
        ),
        (
            "okx",
            "instruments:instruments tickers:mark_price tickers:index_tickers tickers:opt_summary positions:positions balances:balance",
        ),
        (
            "binance",
            "instruments:um_exchange_info tickers:um_premium_index positions:um_position_risk balances:um_balance",
        ),
        (
            "bybit",
            "instruments:instruments_linear instruments:instruments_inverse instruments:instruments_option tickers:tickers_linear tickers:tickers_inverse tickers:tickers_option positions:positions balances:wallet_balance",
        ),
        (
            "derive",
            "instruments:instruments tickers:tickers tickers:ticker_perp positions:subaccount balances:subaccount",
        ),
        (
            "hyperliquid",
            "instruments:meta_and_asset_ctxs tickers:meta_and_asset_ctxs positions:clearinghouse_state balances:clearinghouse_state",
        ),
    ] {
        let mut args = vec!["import".to_owned(), venue.to_owned()];
        for part in parts.split(' ') {
            let (flag, name) = part.split_once(':').unwrap();
            args.extend([format!("--{flag}"), answer(&format!("{venue}/{name}.json"))]);
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let run = plimsoll(&args);
        assert_eq!(run.code, 0, "{venue}: {}", run.err);
        let market = run.json();
        assert_eq!(market["time"], "2026-05-04T12:30:00Z", "{venue}");
        assert!(!market["instruments"].as_array().unwrap().is_empty(), "{venue}");
        assert!(run.err.contains("write it with --book-out"), "{venue}: {}", run.err);
    }
}

#[test]
fn a_check_puts_each_number_of_ours_beside_the_venues() {
    let (account, _) = Account::imported();
    let (market, book) = (account.path("market.json"), account.path("book.json"));
    let response = answer("paradex/account.json");
    let base = ["check", "--venue-response", &response, "--market", &market, "--book", &book];
    let unsaid = plimsoll(&base);
    assert_eq!(unsaid.code, 2);
    assert!(unsaid.err.contains("choose with --model"), "{}", unsaid.err);

    let with_model = [&base[..], &["--model", "paradex-pm"]].concat();
    let table = plimsoll(&with_model);
    assert_eq!(table.code, 0, "{}", table.err);
    assert!(table.out.contains("maintenance margin"), "{}", table.out);

    let run = plimsoll(&[&with_model[..], &["--format", "json"]].concat());
    let check = run.json();
    assert_eq!(
        (check["venue"].as_str(), check["answer"].as_str()),
        (Some("paradex"), Some("v1/account"))
    );
    let lines = check["pools"][0]["lines"].as_array().unwrap();
    let line = |what: &str| lines.iter().find(|line| line["what"] == what).unwrap();
    let number = |value: &Value| value.as_f64().unwrap();
    assert!(number(&line("equity")["difference"]).abs() < 1e-6);
    let initial = line("initial margin");
    assert_eq!(number(&initial["theirs"]), 6262.5);
    let difference = number(&initial["ours"]) - number(&initial["theirs"]);
    assert_eq!(number(&initial["difference"]), difference);
    assert_eq!(number(&initial["difference_pct"]), 100.0 * difference / 6262.5);

    // The venue's numbers are made up: ours are not within a thousandth, and are within the earth.
    let strict = plimsoll(&[&with_model[..], &["--tolerance-pct", "0.1"]].concat());
    assert_eq!(strict.code, 1, "{}", strict.err);
    let lax = plimsoll(&[&with_model[..], &["--tolerance-pct", "1000"]].concat());
    assert_eq!(lax.code, 0, "{}", lax.err);
}

#[test]
fn a_check_needs_no_book_where_the_answer_carries_positions() {
    let folder = tempfile::tempdir().unwrap();
    let market = folder.path().join("market.json");
    let market = market.to_str().unwrap();
    let state = answer("hyperliquid/clearinghouse_state.json");
    let contexts = answer("hyperliquid/meta_and_asset_ctxs.json");
    let run = plimsoll(&[
        "import",
        "hyperliquid",
        "--instruments",
        &contexts,
        "--tickers",
        &contexts,
        "--positions",
        &state,
        "--out",
        market,
    ]);
    assert_eq!(run.code, 0, "{}", run.err);
    let run = plimsoll(&[
        "check",
        "--venue-response",
        &state,
        "--market",
        market,
        "--model",
        "isolated",
        "--format",
        "json",
    ]);
    assert_eq!(run.code, 0, "{}", run.err);
    let check = run.json();
    // Cash, two positions and their marks: the venue's own account value.
    let equity =
        check["pools"][0]["lines"].as_array().unwrap().iter().find(|l| l["what"] == "equity");
    let Some(equity) = equity else {
        // The model keeps a pool per currency: compared by asset or named as not comparable.
        assert!(run.out.contains("no pool"), "{}", run.out);
        return;
    };
    assert!(equity["difference"].as_f64().unwrap().abs() < 1e-6, "{equity}");
}

#[test]
fn a_refusal_names_the_file_and_the_place() {
    let run = plimsoll(&[
        "import",
        "okx",
        "--instruments",
        &answer("okx/instruments.json"),
        "--positions",
        &answer("okx/error.json"),
    ]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("Invalid Sign") && run.err.contains("error.json"), "{}", run.err);
    let run = plimsoll(&[
        "check",
        "--venue-response",
        &answer("okx/mark_price.json"),
        "--market",
        "calm",
    ]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("no answer about margin"), "{}", run.err);
    let run = plimsoll(&["check", "--venue", "ftx", "--venue-response", "x", "--market", "calm"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("ftx") && run.err.contains("hyperliquid"), "{}", run.err);
}
