//! From positions to sensitivities.

use plimsoll_model::Book;
use plimsoll_pricing::snapshot::completed;

use super::*;
use crate::models;

/// BTC at 60,000, ETH at 3,000; a call 30 days from expiry at 60 % vol.
fn market() -> Market {
    let text = r#"{"id":"s","time":"2026-01-01T08:00:00Z","assets":{"USDC":1,"EUR":1.25,"WEIRD":2},
        "underlyings":{
          "BTC":{"index_price":60000,"forwards":{"2026-01-31T08:00:00Z":60000}},
          "ETH":{"index_price":3000},"PAXG":{"index_price":2500}},
        "instruments":[
          {"name":"BTC_USDC-PERPETUAL","contract_size":0.1,"mark_price":60000},
          {"name":"BTC-PERPETUAL","contract_size":10,"contract_unit":"quote","mark_price":60000},
          {"name":"ETH_USDC-PERPETUAL","contract_size":1,"mark_price":3000},
          {"name":"PAXG_USDC-PERPETUAL","contract_size":1,"mark_price":2500},
          {"name":"ETH_EUR","mark_price":2400},
          {"name":"BTC_USDC-31JAN26-65000-C","mark_vol":0.6},
          {"name":"BTC-31JAN26-65000-C","mark_vol":0.6}]}"#;
    completed(Market::from_json(text.as_bytes()).unwrap())
}

fn requirement(id: &str, rows: &str) -> Result<Pool, InputError> {
    let market = market();
    let book = Book::parse(format!("instrument,quantity\n{rows}").as_bytes())?;
    let portfolio = Portfolio::bind(&book.accounts[0], &market)?;
    let (market, portfolio) = portfolio.narrowed(&market);
    let model = models::bundled_model(id, market.time)?;
    let ids: Vec<InstrumentId> = market.ids().collect();
    Ok(model.prepare(&market, &ids)?.requirement(&portfolio)?.pools.remove(0))
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-12 * expected.abs(), "{found} is not {expected}");
}

#[test]
fn a_future_is_charged_its_weight_however_it_is_settled() {
    // 6,000 USD of coin at 64 %, and 6,000 USD of the coin-settled one.
    near(requirement("sensitivities", "BTC_USDC-PERPETUAL,1\n").unwrap().initial_margin(), 3840.0);
    near(requirement("sensitivities", "BTC-PERPETUAL,-600\n").unwrap().initial_margin(), 3840.0);
    near(requirement("sensitivities-1d", "BTC-PERPETUAL,600\n").unwrap().initial_margin(), 900.0);
    // Another coin is no hedge: 3,840 and 64 % of 8,000·0.9 = 4,608 at right angles.
    let pair = requirement("sensitivities", "BTC_USDC-PERPETUAL,1\nETH_USDC-PERPETUAL,-2.4\n");
    near(pair.unwrap().initial_margin(), (3840.0 * 3840.0 + 4608.0f64 * 4608.0).sqrt());
}

#[test]
fn an_option_has_delta_vega_and_curvature() {
    let long = requirement("sensitivities", "BTC_USDC-31JAN26-65000-C,1\n").unwrap();
    // Black-76 at these inputs: delta 0.35222601254588596, vega 6386.04485925243823 per 1.00.
    near(long.figures["commodity_BTC_delta_1pct"], 0.35222601254588596 * 600.0);
    near(long.figures["commodity_BTC_vega"], 63.860448592524382);
    near(long.components[0].initial, 64.0 * 0.35222601254588596 * 600.0);
    // 30 days lie between 2 weeks and a month of 30.4167: 97.4619 % go to the month.
    let share = (30.0 - 14.0) / (365.0 / 12.0 - 14.0);
    let vol = 64.0 * (365.0f64 / 14.0).sqrt() / 2.3263478740408408;
    near(long.components[1].initial, 0.37 * 0.89 * vol * 63.860448592524382);
    let scale = 0.5 * ((1.0 - share) + share * 14.0 / (365.0 / 12.0));
    // λ at θ = 0 is 5.634896601.
    let curvature = scale * vol * 63.860448592524382 * (1.0 + 5.634896601);
    assert!((long.components[2].initial - curvature).abs() < 1e-9 * curvature);
    // In coin the same option is worth the same dollars and moves alike.
    let coin = requirement("sensitivities", "BTC-31JAN26-65000-C,1\n").unwrap();
    near(coin.initial_margin(), long.initial_margin());
    let short = requirement("sensitivities", "BTC_USDC-31JAN26-65000-C,-1\n").unwrap();
    assert_eq!(short.components[2].initial, 0.0);
}

#[test]
fn coins_held_are_deltas_and_foreign_cash_is_foreign_exchange() {
    let covered = requirement("sensitivities", "BTC_USDC-PERPETUAL,-10\nBTC,1\n").unwrap();
    near(covered.initial_margin() + 1.0, 1.0);
    let wrong_way = requirement("sensitivities", "BTC_USDC-PERPETUAL,10\nBTC,1\n").unwrap();
    near(wrong_way.initial_margin(), 0.64 * 120_000.0);
    // Ether held, valued in euros: 2.5 at 2,400 EUR is 7,500 USD of both.
    let spot = requirement("sensitivities", "ETH_EUR,2.5\n").unwrap();
    near(spot.figures["commodity_ETH_delta_1pct"], 75.0);
    near(spot.figures["fx_EUR_delta_1pct"], 75.0);
    let (coin, euro) = (64.0 * 75.0, 7.1 * 75.0f64);
    near(spot.initial_margin(), (coin * coin + euro * euro + 2.0 * 0.23 * coin * euro).sqrt());
}

#[test]
fn what_has_no_weight_is_refused() {
    let gold = requirement("sensitivities", "PAXG_USDC-PERPETUAL,1\n").unwrap_err();
    assert_eq!(gold.code, InputCode::Unsupported);
    assert!(gold.message.contains("PAXG"), "{gold}");
    let option = requirement("sensitivities-crypto", "BTC_USDC-31JAN26-65000-C,1\n").unwrap_err();
    assert!(option.message.contains("vega weight of crypto"), "{option}");
    near(
        requirement("sensitivities-crypto", "BTC_USDC-PERPETUAL,1\n").unwrap().initial_margin(),
        7920.0,
    );
}

#[test]
fn vega_is_split_between_the_tenors_around_an_expiry() {
    assert_eq!(tenors(3.0), [(14.0, 1.0)]);
    assert_eq!(tenors(14.0), [(14.0, 1.0)]);
    assert_eq!(tenors(547.5), [(365.0, 0.5), (730.0, 0.5)]);
    assert_eq!(tenors(20_000.0), [(10950.0, 1.0)]);
}
