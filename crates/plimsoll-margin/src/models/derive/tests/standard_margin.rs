//! Standard margin by hand.

use super::*;

#[test]
fn standard_margin_of_single_shorts() {
    // Index 3,000: 15 % less the amount out of the money, at least 13 %; maintenance 9 %. The value
    // of the short is in equity and in the requirement, so the components are the charges alone.
    let market = market();
    for (name, initial) in [
        ("ETH_USDC-15DEC25-3000-C", 450.0),
        ("ETH_USDC-15DEC25-2700-C", 450.0),
        ("ETH_USDC-15DEC25-3300-C", 390.0),
        ("ETH_USDC-15DEC25-3000-P", 450.0),
        ("ETH_USDC-15DEC25-2700-P", 390.0),
    ] {
        let answer = pool("derive-srm", &market, &[(name, "-1")]);
        let charged = amount(&answer, "options");
        close(charged.0, initial);
        close(charged.1, 270.0);
        assert!(answer.equity < 0.0);
    }
    // A put worth 6,000 on an index of 3,000: MM is 9 % of its value, 540, being more than 9 % of
    // the index; IM is 1.05·(6,000 + 540) − 6,000 = 867, being more than 450.
    let text = format!(
        r#"{{"id":"deep","time":"{NOW}","assets":{{"USDC":1}},
            "underlyings":{{"ETH":{{"index_price":3000,"forwards":{{"{WEEK}":3000}}}}}},
            "instruments":[{{"name":"ETH_USDC-15DEC25-9000-P","mark_vol":0.000001}}]}}"#
    );
    let deep = completed(Market::from_json(text.as_bytes()).unwrap());
    let answer = pool("derive-srm", &deep, &[("ETH_USDC-15DEC25-9000-P", "-1")]);
    close(amount(&answer, "options").0, 867.0);
    close(amount(&answer, "options").1, 540.0);
}

#[test]
fn standard_margin_of_an_expiry_is_at_most_its_largest_loss() {
    let market = market();
    // A spread can lose 300 and is worth what it is worth: margin is −300 under both.
    let spread = [("ETH_USDC-15DEC25-3000-C", "-1"), ("ETH_USDC-15DEC25-3300-C", "1")];
    let answer = pool("derive-srm", &market, &spread);
    close(figure(&answer, "net_initial_margin"), -300.0);
    close(figure(&answer, "net_maintenance_margin"), -300.0);
    // One call more sold than bought: −300 − 300 at 3,300, and 1.2|1.1 of the forward beyond.
    let ratio = [("ETH_USDC-15DEC25-3000-C", "-2"), ("ETH_USDC-15DEC25-3300-C", "1")];
    let answer = pool("derive-srm", &market, &ratio);
    let name = "ETH_2025-12-15T08:00:00Z_max_loss";
    close(figure(&answer, &format!("{name}_initial")), -600.0 - 3600.0);
    close(figure(&answer, &format!("{name}_maintenance")), -600.0 - 3300.0);
    close(
        amount(&answer, "options").0 - {
            let long = pool("derive-srm", &market, &[("ETH_USDC-15DEC25-3300-C", "1")]);
            amount(&long, "options").0
        },
        900.0,
    );
    // Puts lose most at zero: 2·2,700 less 3,000.
    let puts = [("ETH_USDC-15DEC25-2700-P", "-2"), ("ETH_USDC-15DEC25-3000-P", "1")];
    let answer = pool("derive-srm", &market, &puts);
    close(figure(&answer, &format!("{name}_initial")), -5400.0 + 3000.0);
    // A spread over two expiries is two positions.
    let calendar = [("ETH_USDC-15DEC25-3000-C", "-1"), ("ETH_USDC-11MAR26-3000-C", "1")];
    let answer = pool("derive-srm", &market, &calendar);
    close(figure(&answer, "ETH_2026-03-11T08:00:00Z_shorts_initial"), 0.0);
    assert!(figure(&answer, "net_initial_margin") < -450.0);
    // Long options count for nothing.
    let answer = pool("derive-srm", &market, &[("ETH_USDC-15DEC25-3000-C", "5")]);
    assert_eq!(figure(&answer, "net_initial_margin"), 0.0);
}

#[test]
fn standard_margin_of_perpetuals_coins_feeds_and_the_peg() {
    let sure = market();
    let rows = [("ETH-PERP", "-2"), ("ETH", "4"), ("ETH_USDC-15DEC25-3000-C", "-3")];
    let answer = pool("derive-srm", &sure, &rows);
    // 6.6 % and 5 % of 6,000; 0.8·0.9375 and 0.8 of 12,000 count.
    close(amount(&answer, "perps").0, 396.0);
    close(amount(&answer, "perps").1, 300.0);
    close(amount(&answer, "collateral_haircut").0, 3_000.0);
    close(amount(&answer, "collateral_haircut").1, 2_400.0);
    let oracle = |market: &Market| amount(&pool("derive-srm", market, &rows), "oracle");
    assert_eq!(oracle(&sure), (0.0, 0.0));
    // Half-sure of the perpetual: 0.5·3,000·2. Of the vols: 0.5·3,000·3. Of the index: both and
    // 0.5·3,000·4. Rates are not used.
    let mut market = sure.clone();
    let perp = market.find("ETH-PERP").unwrap();
    market.listings[perp.0 as usize].confidence = 0.5;
    assert_eq!(oracle(&market), (3_000.0, 0.0));
    let mut market = sure.clone();
    let curve = &mut market.underlyings.get_mut("ETH").unwrap().forwards;
    let forward = curve.get_mut(&at(WEEK)).unwrap();
    (forward.vol_confidence, forward.rate_confidence) = (0.5, 0.1);
    assert_eq!(oracle(&market), (4_500.0, 0.0));
    let mut market = sure.clone();
    market.underlyings.get_mut("ETH").unwrap().confidence = 0.5;
    assert_eq!(oracle(&market), (3_000.0 + 4_500.0 + 6_000.0, 0.0));
    // USDC at 0.98: (0.99 − 0.98)·2 of 2 perpetuals and 3 shorts at 3,000. Coins are worth more cash
    // in equity and the same in margin.
    let mut market = sure.clone();
    market.asset_prices_usd.insert("USDC".into(), 0.98);
    let off_peg = pool("derive-srm", &market, &rows);
    close(amount(&off_peg, "depeg").0, 0.02 * 15_000.0);
    assert_eq!(amount(&off_peg, "depeg").1, 0.0);
    let margin = |pool: &Pool| figure(pool, "net_maintenance_margin");
    close(margin(&off_peg), margin(&answer));
    close(off_peg.equity - answer.equity, 12_000.0 / 0.98 - 12_000.0);
}
