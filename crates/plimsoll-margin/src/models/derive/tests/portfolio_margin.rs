//! PM1 and PM2 by hand.

use plimsoll_model::{Forward, Market, OptionType};
use plimsoll_risk::shifted;

use super::*;

#[test]
fn naked_shorts_are_net_of_longs_at_their_own_strike_alone() {
    // PM1 charges 1.5 % of 3,000 for each naked short; N by the venue's rule.
    let market = market();
    let table: [(&[(&str, &str)], f64); 9] = [
        (&[("ETH_USDC-15DEC25-3000-C", "-1")], 1.0),
        (&[("ETH_USDC-15DEC25-3000-C", "1")], 0.0),
        (&[("ETH_USDC-15DEC25-3000-C", "-1"), ("ETH_USDC-15DEC25-3000-P", "-2")], 3.0),
        (&[("ETH_USDC-15DEC25-3000-C", "-2"), ("ETH_USDC-15DEC25-3000-P", "0.5")], 1.5),
        (&[("ETH_USDC-15DEC25-3000-C", "3"), ("ETH_USDC-15DEC25-3000-P", "-2")], 0.0),
        (&[("ETH_USDC-15DEC25-3000-C", "1"), ("ETH_USDC-15DEC25-3000-P", "1")], 0.0),
        // Another strike and another expiry cover nothing.
        (&[("ETH_USDC-15DEC25-3000-C", "-1"), ("ETH_USDC-15DEC25-3300-C", "1")], 1.0),
        (&[("ETH_USDC-15DEC25-3000-C", "-1"), ("ETH_USDC-11MAR26-3000-C", "1")], 1.0),
        // Settlement in coin makes no other contract.
        (&[("ETH_USDC-15DEC25-3000-C", "-1"), ("ETH-15DEC25-3000-C", "1")], 0.0),
    ];
    for (rows, naked) in table {
        close(figure(&pool("derive-pm1", &market, rows), "static_contingency"), naked * 45.0);
    }
}

#[test]
fn pm1_charges_coins_perpetuals_feeds_and_the_peg() {
    let mut market = market();
    market.asset_prices_usd.insert("USDC".into(), 0.95);
    let rows = [("ETH", "2"), ("USDC", "-100")];
    let answer = pool("derive-pm1", &market, &rows);
    // Two coins are worth 6,000/0.95 of cash; −18 % of that is the worst state. Cash is at face.
    close(answer.equity, 6000.0 / 0.95 - 100.0);
    close(figure(&answer, "worst_pnl"), -0.18 * 6000.0 / 0.95);
    assert_eq!(figure(&answer, "worst_scenario"), 22.0);
    // The static 3 % is of the index, not of cash. IM counts 1.25 + (0.99 − 0.95)·4 = 1.41 times.
    let maintenance = 0.18 * 6000.0 / 0.95 + 180.0;
    close(answer.maintenance_margin(), maintenance);
    close(answer.initial_margin(), 1.41 * maintenance);

    // Confidence below 0.55: (1 − 0.5)·(3 perpetuals + 2 coins)·3,000, in IM alone.
    let mut market = super::market();
    let perp = market.find("ETH-PERP").unwrap();
    market.listings[perp.0 as usize].confidence = 0.5;
    let answer = pool("derive-pm1", &market, &[("ETH", "2"), ("ETH-PERP", "-3")]);
    assert_eq!(amount(&answer, "oracle"), (7500.0, 0.0));
    // Net short of one coin: +18 % and 3 % of |−3| and of 2.
    close(figure(&answer, "worst_pnl"), -540.0);
    close(answer.maintenance_margin(), 540.0 + 5.0 * 90.0);
    market.listings[perp.0 as usize].confidence = 0.55;
    let answer = pool("derive-pm1", &market, &[("ETH", "2"), ("ETH-PERP", "-3")]);
    assert_eq!(amount(&answer, "oracle"), (0.0, 0.0));
}

#[test]
fn a_lone_long_option_may_have_negative_margin_under_pm1() {
    // The premium is lost 1.25 times over in the worst state, so the balance falls below zero.
    let answer = pool("derive-pm1", &market(), &[("ETH_USDC-15DEC25-3000-C", "1")]);
    assert!(answer.equity > 0.0 && figure(&answer, "net_initial_margin") < 0.0);
    assert!(figure(&answer, "net_maintenance_margin") > 0.0);
    let answer = pool("derive-pm2", &market(), &[("ETH_USDC-15DEC25-3000-C", "1")]);
    assert!(figure(&answer, "net_initial_margin") > 0.0);
}

#[test]
fn pm2_collateral_cancels_risk_only_where_it_moves_with_the_index() {
    // A coin against a short perpetual: no state moves the pair. Static: 3 % + 1 % of the
    // perpetual, 10.6 % + 1.4 % of the coin.
    let market = market();
    let answer = pool("derive-pm2", &market, &[("BTC", "1"), ("BTC-PERP", "-1")]);
    assert_eq!(amount(&answer, "scan"), (0.0, 0.0));
    close(answer.maintenance_margin(), 3_000.0 + 10_600.0);
    close(answer.initial_margin(), 4_000.0 + 12_000.0);
    close(answer.equity, 100_000.0);
    // ETH under the BTC manager is worth the same in every state: the perpetual stands alone at
    // +18 %. Haircut 20 % + 5 % of 30,000.
    let answer = pool("derive-pm2", &market, &[("ETH", "10"), ("BTC-PERP", "-1")]);
    close(figure(&answer, "worst_pnl"), -18_000.0);
    assert_eq!(amount(&answer, "collateral_haircut"), (7_500.0, 6_000.0));
    // Under the ETH manager it is the other way about: 5.6 % + 1.4 %, and it moves.
    let answer = pool("derive-pm2", &market, &[("ETH", "10"), ("ETH-PERP", "-10")]);
    assert_eq!(amount(&answer, "scan"), (0.0, 0.0));
    close(answer.initial_margin(), 30_000.0 * (0.04 + 0.07));
}

#[test]
fn pm2_collateral_is_worth_more_cash_below_the_peg() {
    let mut market = market();
    market.asset_prices_usd.insert("USDC".into(), 0.96);
    let answer = pool("derive-pm2", &market, &[("BTC", "1"), ("USDC", "50"), ("BTC-PERP", "-2")]);
    let coin = 100_000.0 / 0.96;
    close(answer.equity, coin + 50.0);
    // −2·18,000 + 18 % of the coin, at factors 1 + (0.99 − 0.96)·4 and 0.8.
    let loss = 36_000.0 - 0.18 * coin;
    close(answer.initial_margin(), 1.12 * loss + 8_000.0 + 0.12 * coin);
    close(answer.maintenance_margin(), 0.8 * loss + 6_000.0 + 0.106 * coin);
}

#[test]
fn pm2_asks_the_index_and_not_the_perpetual_about_collateral() {
    let rows =
        [("BTC", "1"), ("wstETH", "2"), ("BTC-PERP", "-1"), ("BTC_USDC-15DEC25-90000-P", "1")];
    let oracle = |market: &Market| figure(&pool("derive-pm2", market, &rows), "oracle_contingency");
    let sure = market();
    assert_eq!(oracle(&sure), 0.0);
    // Half-sure of the perpetual: 0.5·0.4 of one coin for it, and of one for the option.
    let mut market = sure.clone();
    let perp = market.find("BTC-PERP").unwrap();
    market.listings[perp.0 as usize].confidence = 0.5;
    close(oracle(&market), 40_000.0);
    // Half-sure of the index: of everything, 2·3,600 of wstETH too.
    let mut market = sure.clone();
    market.underlyings.get_mut("BTC").unwrap().confidence = 0.5;
    close(oracle(&market), 60_000.0 + 0.2 * 7_200.0);
    // Of the token: of it alone. Of one expiry's forward, rate or vol: of its options.
    let mut market = sure.clone();
    market.asset_confidence.insert("wstETH".into(), 0.5);
    close(oracle(&market), 0.2 * 7_200.0);
    for set in [
        |forward: &mut Forward| forward.confidence = 0.5,
        |forward: &mut Forward| forward.rate_confidence = 0.5,
        |forward: &mut Forward| forward.vol_confidence = 0.5,
    ] {
        let mut market = sure.clone();
        let curve = &mut market.underlyings.get_mut("BTC").unwrap().forwards;
        set(curve.get_mut(&at(WEEK)).unwrap());
        close(oracle(&market), 20_000.0);
    }
}

#[test]
fn at_expiry_no_state_moves_an_option_but_the_discounts_remain() {
    // A short call 300 in the money. PM2 discounts what is owed by 0.98 at expiry: every state of
    // the grid shows a gain of 6, and only the skew states, which take its absolute value, a loss.
    let rows = [("ETH_USDC-15DEC25-2700-C", "-1")];
    for market in [at_expiry(), shifted(&at_expiry(), days(3.0))] {
        let answer = pool("derive-pm2", &market, &rows);
        close(answer.equity, -300.0);
        for state in &answer.units[0].losses[..31] {
            close(state.raw_loss, -6.0);
        }
        close(answer.units[0].losses[31].loss, 6.0);
        close(answer.units[0].losses[32].loss, 6.0);
        assert_eq!(answer.units[0].losses[33].loss, 0.0);
        assert_eq!(figure(&answer, "worst_scenario"), 31.0);
        // 0.3 % + 0.2 % of the index for the naked short.
        close(answer.initial_margin(), 6.0 + 15.0);
        close(answer.maintenance_margin(), 0.8 * 6.0 + 9.0);
        // PM1 discounts what is worth something alone, by 0.95 at expiry.
        let answer = pool("derive-pm1", &market, &rows);
        close(answer.initial_margin(), 1.25 * 45.0);
        let long = pool("derive-pm1", &market, &[("ETH_USDC-15DEC25-2700-C", "1")]);
        close(long.maintenance_margin(), 15.0);
        let short = pool("derive-srm", &market, &rows);
        close(short.initial_margin(), 450.0);
    }
}

#[test]
fn in_the_settlement_window_only_what_is_not_fixed_moves() {
    // A third fixed at 900 with a forward of 3,000: +4.5 % makes 900 + 2,100·1.045 = 3,094.50.
    let mut market = market();
    market.time = at("2025-12-15T07:50:00Z");
    let curve = &mut market.underlyings.get_mut("ETH").unwrap().forwards;
    curve.get_mut(&at(WEEK)).unwrap().fixed = 900.0;
    let call = market.find("ETH_USDC-15DEC25-2700-C").unwrap();
    // Almost no vol, so that values are payoffs.
    market.listings[call.0 as usize].mark_vol = Some(1e-9);
    for model in ["derive-pm1", "derive-pm2"] {
        let answer = pool(model, &market, &[("ETH_USDC-15DEC25-2700-C", "2")]);
        close(figure(&answer, "ETH_2025-12-15T08:00:00Z_mark"), 600.0);
        close(figure(&answer, "ETH_2025-12-15T08:00:00Z_basis_up_value"), 2.0 * 394.5);
        close(figure(&answer, "ETH_2025-12-15T08:00:00Z_basis_down_value"), 2.0 * 205.5);
    }
}

#[test]
fn no_vol_is_the_payoff_until_a_rise_of_vols_lifts_it_to_its_least() {
    let mut market = market();
    let call = market.find("ETH_USDC-15DEC25-3000-C").unwrap();
    market.listings[call.0 as usize].mark_vol = Some(0.0);
    let answer = pool("derive-pm2", &market, &[("ETH_USDC-15DEC25-3000-C", "1")]);
    assert_eq!(figure(&answer, "mark_to_market"), 0.0);
    // State 10: spot still, vol up, at least 40 %.
    let total_vol = 0.4 * (7.0f64 / 365.0).sqrt();
    let value = plimsoll_pricing::black76::price(OptionType::Call, 3000.0, 3000.0, total_vol);
    let positive = figure(&answer, "ETH_2025-12-15T08:00:00Z_discount_positive");
    close(answer.units[0].losses[10].raw_loss, -positive * value);
    assert_eq!(answer.units[0].losses[11].loss, 0.0);
    assert!(answer.units[0].losses.iter().all(|state| state.loss.is_finite()));
    assert_eq!(pool("derive-pm1", &market, &[("ETH_USDC-15DEC25-3000-C", "1")]).equity, 0.0);
    close(
        pool("derive-srm", &market, &[("ETH_USDC-15DEC25-3000-C", "-1")]).initial_margin(),
        450.0,
    );
}

#[test]
fn a_box_is_charged_its_static_discount_in_every_state() {
    // Long 3300 call and 2700 put, short 2700 call and 3300 put of one quarter: 600 is owed for
    // certain, in every state, so all of them show (1 − negative)·600 and vols show nothing.
    let market = market();
    let rows = [
        ("ETH_USDC-11MAR26-3300-C", "-1"),
        ("ETH_USDC-11MAR26-2700-C", "1"),
        ("ETH_USDC-11MAR26-2700-P", "-1"),
        ("ETH_USDC-11MAR26-3300-P", "1"),
    ];
    let answer = pool("derive-pm2", &market, &rows);
    let positive = figure(&answer, "ETH_2026-03-11T08:00:00Z_discount_positive");
    // 93 days: 1.02·e^(−0.1·93/365) = 0.9943.
    close(positive, 1.02 * plimsoll_math::float::exp(-9.3 / 365.0));
    for state in &answer.units[0].losses[..31] {
        assert!((state.raw_loss - 600.0 * (1.0 - positive)).abs() < 1e-9, "{state:?}");
    }
    assert_eq!(figure(&answer, "maintenance_contingency"), 0.0);
}

#[test]
fn merging_accounts_can_cost_under_pm2() {
    // Recorded counter-example: the live discounts are 1.018 on an expiry worth something and 0.982
    // on one that is owed. A call struck at 100 and a short put both lose most at −18 % with vols up;
    // together the put's value there is discounted by the first and no longer by the second.
    let text = format!(
        r#"{{"id":"merge","time":"{NOW}","assets":{{"USDC":1}},
            "underlyings":{{"ETH":{{"index_price":3000,"forwards":{{"{WEEK}":3000}}}}}},
            "instruments":[{{"name":"ETH_USDC-15DEC25-100-C","mark_vol":0.6}},
                           {{"name":"ETH_USDC-15DEC25-3000-P","mark_vol":0.6}}]}}"#
    );
    let market = completed(Market::from_json(text.as_bytes()).unwrap());
    let (call, put) = (("ETH_USDC-15DEC25-100-C", "1"), ("ETH_USDC-15DEC25-3000-P", "-1"));
    let scan = |rows: &[(&str, &str)]| {
        let answer = pool("derive-pm2", &market, rows);
        assert_eq!(figure(&answer, "worst_scenario"), 22.0);
        amount(&answer, "scan").0
    };
    let cost = scan(&[call, put]) - scan(&[call]) - scan(&[put]);
    let answer = pool("derive-pm2", &market, &[put]);
    let [positive, negative] = ["positive", "negative"]
        .map(|side| figure(&answer, &format!("ETH_2025-12-15T08:00:00Z_discount_{side}")));
    let loss = answer.units[0].losses[22].loss;
    let owed = (loss - answer.equity) / negative;
    close(cost, (positive - negative) * owed);
    assert!(cost > 15.0);
}
