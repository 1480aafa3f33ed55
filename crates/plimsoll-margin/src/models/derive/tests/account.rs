//! How a portfolio is read: settlement, collateral, refusals.

use super::*;
use crate::models::{bundled_at, from_params};

#[test]
fn a_contract_settled_in_coin_counts_as_its_coins() {
    let market = market();
    for model in ["derive-pm1", "derive-pm2", "derive-srm"] {
        // 6,000 contracts of one dollar are two coins at 3,000.
        let coin = pool(model, &market, &[("ETH-PERPETUAL", "-6000")]);
        let quote = pool(model, &market, &[("ETH-PERP", "-2")]);
        close(coin.initial_margin(), quote.initial_margin());
        let coin = pool(model, &market, &[("ETH-15DEC25-3300-C", "-2")]);
        let quote = pool(model, &market, &[("ETH_USDC-15DEC25-3300-C", "-2")]);
        close(coin.initial_margin(), quote.initial_margin());
        close(coin.equity, quote.equity);
        let spot = pool(model, &market, &[("ETH_USDC", "3"), ("ETH-PERP", "1")]);
        let balance = pool(model, &market, &[("ETH", "3"), ("ETH-PERP", "1")]);
        assert_eq!(spot.equity, balance.equity);
        assert_eq!(spot.initial_margin(), balance.initial_margin());
    }
    // A gain in coin is cash at the index: 6,000·(1/2,400 − 1/3,000) coins.
    let book = Book::parse(b"instrument,quantity,entry_price\nETH-PERPETUAL,6000,2400\n").unwrap();
    let portfolio = Portfolio::bind(&book.accounts[0], &market).unwrap();
    let pools = try_require("derive-pm2", &market, &portfolio).unwrap().pools;
    close(pools[0].equity, 6000.0 * (1.0 / 2400.0 - 1.0 / 3000.0) * 3000.0);
}

#[test]
fn what_the_venue_does_not_have_is_refused_by_name() {
    for model in ["derive-pm1", "derive-pm2", "derive-srm"] {
        assert!(refusal(model, &[("ETH-26JUN26", "1")]).contains("ETH-26JUN26"));
        let owed = refusal(model, &[("BTC", "-0.5"), ("BTC-PERP", "1")]);
        assert!(owed.contains("does not lend BTC") && owed.contains("0.5"), "{owed}");
    }
    for model in ["derive-pm1", "derive-pm2"] {
        let two = refusal(model, &[("ETH-PERP", "1"), ("BTC_USDC-15DEC25-90000-P", "1")]);
        assert!(two.contains("ETH-PERP") && two.contains("BTC_USDC-15DEC25-90000-P"), "{two}");
        assert!(refusal(model, &[("DOGE-PERP", "1")]).contains("DOGE-PERP"));
    }
    let mut market = market();
    for listing in &mut market.listings {
        if listing.instrument.name == "DOGE-PERP" {
            listing.instrument.underlying = "USDT".into();
        }
    }
    let error = try_require("derive-srm", &market, &bind(&market, &[("DOGE-PERP", "1")]));
    let error = error.unwrap_err().to_string();
    assert!(error.contains("DOGE-PERP") && error.contains("perpetuals on USDT"), "{error}");
}

#[test]
fn unlisted_assets_get_no_credit_and_a_note() {
    let market = market();
    for model in ["derive-pm1", "derive-pm2", "derive-srm"] {
        let rows = [("XYZ", "100"), ("ETH-PERP", "1"), ("USDC", "7")];
        let answer = try_require(model, &market, &bind(&market, &rows)).unwrap();
        assert_eq!(answer.notes, ["XYZ gets no credit as collateral"]);
        assert_eq!(answer.pools[0].equity, 7.0);
    }
}

#[test]
fn an_account_without_positions_says_whose_it_is_taken_to_be() {
    let market = market();
    let answer = try_require("derive-pm2", &market, &bind(&market, &[("ETH", "10")])).unwrap();
    // ETH's own manager: 18 % worst, 5.6 % + 1.4 % haircut.
    close(answer.pools[0].initial_margin(), 30_000.0 * (0.18 + 0.07));
    assert!(answer.notes[0].contains("that of ETH is taken"), "{:?}", answer.notes);
    let empty = try_require("derive-pm2", &market, &bind(&market, &[("USDC", "10")])).unwrap();
    assert_eq!((empty.pools[0].initial_margin(), empty.pools[0].equity), (0.0, 10.0));
    assert!(empty.notes.is_empty());
}

#[test]
fn notes_name_a_worst_state_that_its_move_does_not_describe() {
    let rows = [("ETH_USDC-15DEC25-2700-C", "-1")];
    let market = at_expiry();
    let answer = try_require("derive-pm2", &market, &bind(&market, &rows)).unwrap();
    assert_eq!(answer.notes, ["the worst state, number 31, is the linear skew of vols"]);
    let mut unpriced = super::market();
    unpriced.asset_prices_usd.remove("USDC");
    for listing in &mut unpriced.listings {
        listing.instrument.settlement_asset = "USD".into();
    }
    let answer = try_require("derive-srm", &unpriced, &bind(&unpriced, &rows)).unwrap();
    assert!(answer.notes[0].contains("no price for USDC"), "{:?}", answer.notes);
}

#[test]
fn a_parameter_file_that_contradicts_itself_is_refused() {
    let text = |model| bundled_at(model, at(NOW)).unwrap().text;
    let bad = |model, from: &str, to: &str| {
        let changed = text(model).replacen(from, to, 1);
        assert_ne!(changed, text(model), "{from}");
        from_params(&changed).unwrap_err().to_string()
    };
    let twice = bad("derive-pm1", "\"BTC\", \"ETH\"", "\"BTC\", \"BTC\"");
    assert!(twice.contains("two managers for BTC"), "{twice}");
    let stray = bad("derive-pm2", "[collateral.SOL]", "[collateral.DOGE]");
    assert!(stray.contains("collateral.DOGE"), "{stray}");
    assert!(bad("derive-pm1", "initial_factor = 1.25", "initial_factor = 0.5").contains("0.5"));
    assert!(bad("derive-pm2", "cap = 0.25", "cap = 2.5").contains("2.5"));
    assert!(
        bad("derive-pm1", "moves_pct = [18.0]", "moves_pct = [18.0]\ndays = [1.0]").contains('1')
    );
    assert!(bad("derive-srm", "maintenance = 0.05 ", "maintenance = 0.5 ").contains("0.066"));
}
