//! Contracts in a market: both settlements, both contract units, before and at expiry.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use plimsoll_model::{InstrumentId, Market};
use plimsoll_pricing::contract::{self, ContractGreeks};
use plimsoll_pricing::snapshot::completed;

/// BTC at 60,000, calls and puts of strike 65,000 at 60 % vol, 30 days out and expiring now.
fn market() -> Market {
    let text = r#"{"id":"t","time":"2026-01-01T08:00:00Z","assets":{"USDC":0.998},
      "underlyings":{"BTC":{"index_price":60000,
        "forwards":{"2026-01-31T08:00:00Z":60000,"2026-01-01T08:00:00Z":60000}}},
      "instruments":[
        {"name":"BTC-31JAN26-65000-C","mark_vol":0.6},
        {"name":"BTC-31JAN26-65000-P","mark_vol":0.6},
        {"name":"BTC-1JAN26-55000-C","mark_vol":0.6},
        {"name":"BTC-1JAN26-65000-C","mark_vol":0.6},
        {"name":"BTC_USDC-31JAN26-65000-C","mark_vol":0.6},
        {"name":"BTC_USDC-31JAN26-60000-C","mark_vol":0.6,"contract_size":6000,"contract_unit":"quote"},
        {"name":"BTC-PERPETUAL","contract_size":10,"contract_unit":"quote","mark_price":66000},
        {"name":"BTC-27MAR26","contract_size":2,"mark_price":66000},
        {"name":"BTC_USDC-PERPETUAL","contract_size":0.001,"mark_price":66000},
        {"name":"BTC_USDC-27MAR26","contract_size":50,"contract_unit":"quote","mark_price":66000},
        {"name":"BTC_USDC","mark_price":60100}]}"#;
    completed(Market::from_json(text.as_bytes()).unwrap())
}

fn id(market: &Market, name: &str) -> InstrumentId {
    market.find(name).unwrap()
}

fn close(value: f64, expected: f64, relative: f64) {
    assert!((value - expected).abs() <= relative * expected.abs(), "{value} is not {expected}");
}

#[test]
fn a_coin_settled_option_is_worth_black_over_forward() {
    let market = market();
    let call = id(&market, "BTC-31JAN26-65000-C");
    // 50-digit value: 2237.868155404665… / 60000.
    close(contract::value(&market, call).unwrap(), 0.037297802590077750706, 4e-15);
    let greeks = contract::greeks(&market, call).unwrap();
    // Δ − V/F = (K/F)·N(d₂).
    close(greeks.premium_adjusted_delta, 0.31492820995580821, 1e-14);
    close(greeks.delta, 0.35222601254588596, 1e-14);
    // Per 1 % of relative move: S·Δ·1 %.
    close(greeks.delta_usd, 60_000.0 * 0.35222601254588596, 1e-14);
    close(greeks.vega_usd, 6386.04485925243823, 1e-14);
    close(greeks.theta_usd_per_day, -23309.0637362713995 / 365.0, 1e-14);
}

#[test]
fn a_quote_settled_option_is_worth_black_in_its_quote_asset() {
    let market = market();
    let call = id(&market, "BTC_USDC-31JAN26-65000-C");
    close(contract::value(&market, call).unwrap(), 2237.8681554046650424, 4e-15);
    let greeks = contract::greeks(&market, call).unwrap();
    assert_eq!(greeks.premium_adjusted_delta, greeks.delta);
    // USDC trades at 0.998 USD.
    close(greeks.vega_usd, 0.998 * 6386.04485925243823, 1e-14);
    // 6,000 of quote per contract at strike 60,000 is a tenth of a coin.
    let tenth = id(&market, "BTC_USDC-31JAN26-60000-C");
    close(contract::base_per_contract(&market, tenth).unwrap(), 0.1, 1e-15);
}

#[test]
fn at_expiry_an_option_is_its_payoff() {
    let market = market();
    // (60,000 − 55,000)⁺/60,000 coins, delta one; out of the money nothing.
    let inside = id(&market, "BTC-1JAN26-55000-C");
    close(contract::value(&market, inside).unwrap(), 5000.0 / 60_000.0, 1e-15);
    let greeks = contract::greeks(&market, inside).unwrap();
    assert_eq!((greeks.delta, greeks.gamma, greeks.vega_usd), (1.0, 0.0, 0.0));
    let outside = id(&market, "BTC-1JAN26-65000-C");
    assert_eq!(contract::value(&market, outside).unwrap(), 0.0);
    assert_eq!(contract::greeks(&market, outside).unwrap(), ContractGreeks::default());
}

#[test]
fn unrealised_profit_by_settlement_and_unit() {
    let market = market();
    let gain = |name: &str, quantity: f64, entry: f64| {
        contract::unrealised(&market, id(&market, name), quantity, entry).unwrap()
    };
    // 100,000 USD long from 60,000 to 66,000: 100,000·(1/60,000 − 1/66,000) = +0.151515 coins.
    close(gain("BTC-PERPETUAL", 10_000.0, 60_000.0), 0.151515151515151515, 1e-14);
    // And to 54,000: 100,000·(1/60,000 − 1/54,000) = −0.185185 coins.
    let mut fallen = market.clone();
    let perpetual = id(&market, "BTC-PERPETUAL");
    fallen.listings[perpetual.0 as usize].mark_price = Some(54_000.0);
    let loss = contract::unrealised(&fallen, perpetual, 10_000.0, 60_000.0).unwrap();
    close(loss, -0.185185185185185185, 1e-14);
    // Coin-settled in coins: 2·3·(1 − 60/66) coins.
    close(gain("BTC-27MAR26", 3.0, 60_000.0), 6.0 * (1.0 - 60.0 / 66.0), 1e-14);
    // Quote-settled: 0.001·(66,000 − 60,000) per contract; short loses.
    close(gain("BTC_USDC-PERPETUAL", -5.0, 60_000.0), -5.0 * 6.0, 1e-14);
    // Quote-settled in quote units: 50·(66/60 − 1).
    close(gain("BTC_USDC-27MAR26", 1.0, 60_000.0), 5.0, 1e-13);
    assert_eq!(gain("BTC-31JAN26-65000-C", 1.0, 0.01), 0.0, "premium is in the option's value");
}

#[test]
fn spot_is_worth_its_price_and_delta_one() {
    let market = market();
    let spot = id(&market, "BTC_USDC");
    assert_eq!(contract::value(&market, spot).unwrap(), 60_100.0);
    let greeks = contract::greeks(&market, spot).unwrap();
    assert_eq!((greeks.delta, greeks.gamma), (1.0, 0.0));
}

#[test]
fn usd_sensitivities_are_the_slopes_of_the_usd_value() {
    // Central differences of the USD value of each option over a relative move and over vol; the
    // index moves with the forward. Step 1e-4: truncation about 1e-8 relative, rounding 1e-11.
    let market = market();
    for name in ["BTC-31JAN26-65000-C", "BTC-31JAN26-65000-P", "BTC_USDC-31JAN26-65000-C"] {
        let option = id(&market, name);
        let usd = |spot: f64, vol: f64| {
            let mut moved = market.clone();
            let coin = moved.underlyings.get_mut("BTC").unwrap();
            coin.index_price *= 1.0 + spot;
            coin.forwards.values_mut().for_each(|forward| forward.price *= 1.0 + spot);
            let listing = &mut moved.listings[option.0 as usize];
            listing.mark_vol = listing.mark_vol.map(|old| old + vol);
            contract::model_value(&moved, option).unwrap()
                * contract::settlement_price_usd(&moved, option).unwrap()
        };
        let h = 1e-4;
        let greeks = contract::greeks(&market, option).unwrap();
        close(greeks.delta_usd, (usd(h, 0.0) - usd(-h, 0.0)) / (2.0 * h), 1e-6);
        let curvature = (usd(h, 0.0) - 2.0 * usd(0.0, 0.0) + usd(-h, 0.0)) / (h * h);
        close(greeks.gamma_usd, curvature, 1e-4);
        close(greeks.vega_usd, (usd(0.0, h) - usd(0.0, -h)) / (2.0 * h), 1e-6);
    }
}

#[test]
fn a_missing_vol_is_implied_from_the_mark_and_shared_by_the_strike() {
    let full = market();
    let (call, put) = (id(&full, "BTC-31JAN26-65000-C"), id(&full, "BTC-31JAN26-65000-P"));
    let mut bare = full.clone();
    for option in [call, put] {
        bare.listings[option.0 as usize].mark_vol = None;
    }
    // The put's mark says nothing (no time value left after rounding); the call's does.
    bare.listings[put.0 as usize].mark_price = Some(5000.0 / 60_000.0 - 1e-6);
    let done = completed(bare.clone());
    close(done.listing(call).mark_vol.unwrap(), 0.6, 1e-13);
    assert_eq!(done.listing(put).mark_vol, done.listing(call).mark_vol);
    // With no mark at all there is nothing to imply, and the option is refused by name when used.
    bare.listings[call.0 as usize].mark_price = None;
    bare.listings[put.0 as usize].mark_price = None;
    let refused = contract::value(&completed(bare), call).unwrap_err();
    assert!(refused.message.contains("BTC-31JAN26-65000-C"), "{refused}");
}
