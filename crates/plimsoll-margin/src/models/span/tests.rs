//! The conformance example: hand-sized BTC and ETH books with every intermediate result.
//!
//! Black-76 at zero rates; BTC at 60,000, options 30 days from expiry; price scan range 6,000 (ETH
//! 450 on contracts of 10), vol scan range 10 points, look-ahead one day, extreme move 3 ranges at a
//! cover of 33 %. Expected numbers are printed with the decimals shown.

use plimsoll_model::Book;
use plimsoll_model::span::{InterMethod, PriceRiskMethod, ShortOptionMethod};
use plimsoll_pricing::snapshot::completed;

use super::*;
use crate::models;

const CALL: &str = "BTC-25DEC26-65000-C";
const PUT: &str = "BTC-25DEC26-55000-P";
const BOOK: [(&str, f64); 5] =
    [("BTC-25DEC26", 2.0), (CALL, -3.0), (PUT, 1.0), ("BTC-26MAR27", -2.0), ("ETH-25DEC26", 4.0)];

pub(super) fn market() -> Market {
    let text = format!(
        r#"{{"id":"conformance","time":"2026-11-25T08:00:00Z",
            "underlyings":{{"BTC":{{"index_price":60000}},"ETH":{{"index_price":3000}}}},
            "instruments":[
              {{"name":"BTC-25DEC26","settlement":"USD","contract_size":1,"mark_price":60000}},
              {{"name":"BTC-26MAR27","settlement":"USD","contract_size":1,"mark_price":61000}},
              {{"name":"ETH-25DEC26","settlement":"USD","contract_size":10,"mark_price":3000}},
              {{"name":"BTC-PERPETUAL","contract_size":10,"contract_unit":"quote","mark_price":60000}},
              {{"name":"BTC-25DEC26-30000-P","settlement":"USD","mark_vol":1.0}},
              {{"name":"{CALL}","settlement":"USD","mark_vol":0.6}},
              {{"name":"{PUT}","settlement":"USD","mark_vol":0.65}}]}}"#
    );
    completed(Market::from_json(text.as_bytes()).unwrap())
}

pub(super) fn bundled() -> SpanParams {
    from_toml(models::bundled_at("span", market().time).unwrap().text).unwrap()
}

fn portfolio(market: &Market, rows: &[(&str, f64)]) -> Portfolio {
    let rows: String = rows.iter().map(|(name, quantity)| format!("{name},{quantity}\n")).collect();
    let book = Book::parse(format!("instrument,quantity\n{rows}").as_bytes()).unwrap();
    Portfolio::bind(&book.accounts[0], market).unwrap()
}

fn requirement(params: SpanParams, rows: &[(&str, f64)]) -> Requirement {
    let market = market();
    let model = Span { params };
    model.params.span.check().unwrap();
    let ids: Vec<InstrumentId> = market.ids().collect();
    let prepared = model.prepare(&market, &ids).unwrap();
    prepared.requirement(&portfolio(&market, rows)).unwrap()
}

fn with(change: impl FnOnce(&mut SpanParameters)) -> SpanParams {
    let mut params = bundled();
    change(&mut params.span);
    params
}

fn contract_of(name: &str, params: &SpanParams) -> SpanContract {
    let market = market();
    generate::contract(&params.span, "span", &market, market.find(name).unwrap()).unwrap()
}

/// Half a unit of the last decimal printed.
fn prints(value: f64, printed: &str) {
    let decimals = printed.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    assert_eq!(format!("{value:.decimals$}"), printed);
}

fn print_all(values: &[f64], printed: [&str; 16]) {
    for (value, printed) in values.iter().zip(printed) {
        prints(*value, printed);
    }
}

#[test]
fn arrays_and_composite_deltas() {
    let params = bundled();
    let call = contract_of(CALL, &params);
    prints(call.price, "2237.868155");
    prints(call.delta, "0.35184006");
    print_all(
        &call.array,
        [
            "-571.0333",
            "676.4406",
            "-1394.4053",
            "-27.7673",
            "124.0587",
            "1214.6148",
            "-2346.6523",
            "-907.5386",
            "695.1205",
            "1604.6473",
            "-3425.0026",
            "-1963.3843",
            "1150.0506",
            "1870.7184",
            "-3835.5827",
            "733.9935",
        ],
    );
    let put = contract_of(PUT, &params);
    prints(put.price, "2223.880742");
    prints(put.delta, "-0.29359637");
    print_all(
        &put.array,
        [
            "-519.0284",
            "627.3751",
            "33.0357",
            "1084.4235",
            "-1181.0725",
            "30.5669",
            "487.9908",
            "1425.7478",
            "-1965.0793",
            "-728.3343",
            "858.8116",
            "1674.6872",
            "-2881.2077",
            "-1666.9709",
            "691.0218",
            "-3646.6308",
        ],
    );
}

#[test]
fn an_array_moves_every_future_by_the_same_amount_and_scales_with_the_contract() {
    let params = bundled();
    let (near, far) = (contract_of("BTC-25DEC26", &params), contract_of("BTC-26MAR27", &params));
    let ether = contract_of("ETH-25DEC26", &params);
    // −1 range, vol up: 6,000 on one coin, whatever the price; 450 on ten.
    assert!((near.array[12] - 6000.0).abs() < 1e-9 && (far.array[12] - 6000.0).abs() < 1e-9);
    assert!((ether.array[12] - 4500.0).abs() < 1e-9);
    assert_eq!((near.delta, near.delta_scale, ether.delta_scale), (1.0, 1.0, 1.0));
    // 10 USD of a coin at 60,000 is a 6000th of a coin, coin-settled or not.
    let perpetual = contract_of("BTC-PERPETUAL", &params);
    assert!((perpetual.delta_scale - 10.0 / 60_000.0).abs() < 1e-18);
    assert!((perpetual.array[12] - 1.0).abs() < 1e-12);
    assert_eq!(perpetual.period, generate::NO_EXPIRY);
}

#[test]
fn relative_ranges_scale_with_price_and_vol() {
    let params = with(|span| {
        let ranges = span.commodities.get_mut("BTC").unwrap().ranges.as_mut().unwrap();
        ranges.price = 0.10;
        ranges.price_unit = plimsoll_model::span::RangeUnit::Relative;
        // A sixth of 60 % is ten points.
        ranges.vol = 1.0 / 6.0;
        ranges.vol_unit = plimsoll_model::span::RangeUnit::Relative;
    });
    let absolute = contract_of(CALL, &bundled());
    let relative = contract_of(CALL, &params);
    for (a, b) in absolute.array.iter().zip(relative.array) {
        assert!((a - b).abs() < 1e-9, "{a} {b}");
    }
    // 10 % of 61,000.
    assert!((contract_of("BTC-26MAR27", &params).array[12] - 6100.0).abs() < 1e-9);
}

#[test]
fn every_step_of_the_conformance_example() {
    let answer = requirement(bundled(), &BOOK);
    let pool = &answer.pools[0];
    let losses: Vec<f64> = pool.units[0].losses.iter().map(|state| state.loss).collect();
    print_all(
        &losses,
        [
            "1194.0714",
            "-1401.9466",
            "4216.2516",
            "1167.7253",
            "-1553.2485",
            "-3613.2776",
            "7527.9477",
            "4148.3636",
            "-4050.4409",
            "-5542.2762",
            "11133.8194",
            "7564.8401",
            "-6331.3594",
            "-7279.1261",
            "12197.7700",
            "-5848.6113",
        ],
    );
    for (name, printed) in [
        ("BTC_scan_risk", "12197.769970709"),
        ("BTC_active_scenario", "15"),
        ("BTC_paired_scenario", "15"),
        ("BTC_time_risk", "-103.93763374"),
        ("BTC_price_risk", "12301.70760445"),
        ("BTC_delta_20261225", "0.65088344"),
        ("BTC_delta_20270326", "-2.00000000"),
        ("BTC_net_delta", "-1.34911656"),
        ("BTC_weighted_price_risk", "9118.34307563"),
        ("BTC_intra_spreads", "0.65088344"),
        ("BTC_intra_charge", "260.35337770"),
        ("BTC_delivery_charge", "16.27208611"),
        ("BTC_inter_credit", "7381.02456267"),
        ("BTC_short_option_minimum", "900"),
        ("BTC_span_risk", "5093.37087184"),
        ("BTC_net_option_value", "-4489.72372440"),
        ("ETH_scan_risk", "18000.0000"),
        ("ETH_active_scenario", "13"),
        ("ETH_weighted_price_risk", "4500.0000"),
        ("ETH_net_delta", "4"),
        ("ETH_inter_credit", "7285.22940111"),
        ("ETH_span_risk", "10714.77059889"),
        ("inter_spread_1", "1.34911656"),
    ] {
        prints(pool.figures[name], printed);
    }
    prints(pool.initial_margin(), "20297.86519513");
    prints(pool.maintenance_margin(), "20297.86519513");
}

#[test]
fn methods_two_and_three_use_the_scan_range() {
    for method in [PriceRiskMethod::PerDeltaCapped, PriceRiskMethod::ScanRange] {
        let params = with(|span| {
            for commodity in span.commodities.values_mut() {
                commodity.price_risk_method = method;
            }
        });
        let answer = requirement(params, &BOOK);
        let pool = &answer.pools[0];
        prints(pool.figures["BTC_inter_credit"], "4856.81960074");
        prints(pool.figures["ETH_inter_credit"], "7285.22940111");
        prints(pool.figures["BTC_span_risk"], "7617.57583377");
        prints(pool.initial_margin(), "22822.07015705");
    }
}

#[test]
fn rounded_like_a_fixed_width_file() {
    let params = with(|span| {
        span.rounding.array_decimals = Some(0);
        span.rounding.delta_decimals = Some(4);
    });
    let answer = requirement(params, &BOOK);
    let figures = &answer.pools[0].figures;
    assert_eq!(figures["BTC_scan_risk"], 12_199.0);
    assert_eq!(figures["BTC_price_risk"], 12_302.5);
    prints(figures["BTC_net_delta"], "-1.3490");
}

#[test]
fn contributions_add_up_to_every_component() {
    for rows in [&BOOK[..], &BOOK[1..2], &BOOK[2..3], &[(CALL, 2.0), ("ETH-25DEC26", -1.0)]] {
        for component in &requirement(bundled(), rows).pools[0].components {
            let sum: f64 = component.contributions.iter().map(|part| part.amount).sum();
            // Sums of numbers of the size of the scan.
            assert!((sum - component.initial).abs() < 1e-9, "{} {sum}", component.name);
        }
    }
}

#[test]
fn the_initial_ratio_is_on_risk_and_not_on_premium() {
    let params = with(|span| {
        for commodity in span.commodities.values_mut() {
            commodity.initial_ratio = 1.1;
        }
    });
    let pool = requirement(params, &BOOK).pools.remove(0);
    // 1.1·(5093.37087184 + 10714.77059889) + 4489.72372440
    prints(pool.initial_margin(), "21878.6793422");
    prints(pool.maintenance_margin(), "20297.86519513");
}

#[test]
fn a_long_option_costs_its_premium_and_no_more() {
    // The call loses at most 1,870.7184 in a scenario, pays 100·0.35184006 for delivery and is worth
    // 2,237.8682: nothing is required and 331.9658 of its value is left over.
    let pool = requirement(bundled(), &[(CALL, 1.0)]).pools.remove(0);
    assert_eq!(pool.initial_margin(), 0.0);
    prints(pool.figures["excess_net_option_value"], "331.9658");
    assert_eq!(pool.equity, 0.0, "premium is not equity here");
    // Left-over value covers the risk of another commodity, unless the commodity caps it.
    let both = [(CALL, 1.0), ("ETH-25DEC26", 1.0)];
    prints(requirement(bundled(), &both).pools[0].initial_margin(), "4168.0342");
    let capped = with(|span| {
        span.commodities.get_mut("BTC").unwrap().option_value_capped = true;
    });
    prints(requirement(capped, &both).pools[0].initial_margin(), "4500.0000");
}

#[test]
fn a_short_option_far_out_of_the_money_pays_the_minimum() {
    // No scenario moves the put at 30,000 by 300 USD.
    let short = [("BTC-25DEC26-30000-P", -1.0)];
    let pool = requirement(bundled(), &short).pools.remove(0);
    assert!(pool.figures["BTC_scan_risk"] < 300.0);
    assert_eq!(pool.figures["BTC_span_risk"], 300.0);
    let both = [(CALL, -3.0), (PUT, -1.0), ("BTC-25DEC26", 1.0)];
    let count = |method| {
        let params = with(|span| {
            span.commodities.get_mut("BTC").unwrap().short_option_method = method;
        });
        requirement(params, &both).pools[0].figures["BTC_short_option_minimum"]
    };
    // Three calls and a put: 4·300, or 3·300 for the larger number.
    assert_eq!(count(ShortOptionMethod::CallsAndPuts), 1200.0);
    assert_eq!(count(ShortOptionMethod::LargerOfCallsAndPuts), 900.0);
}

#[test]
fn a_super_spread_is_formed_first_and_capped_at_the_scan_risk() {
    let params = with(|span| span.inter_spreads[0].super_spread = true);
    let figures = requirement(params, &BOOK).pools.remove(0).figures;
    // Price risk per delta 9,118.34 is above scan risk per delta, 12,197.769970709/1.34911655576:
    // 0.6·1.34911655576·9,041.30 = 0.6·12,197.769970709.
    prints(figures["BTC_inter_credit"], "7318.6619824");
    // The short March deltas were consumed: 2 − 1.34911656 are left for calendar spreads.
    prints(figures["BTC_intra_spreads"], "0.65088344");
}

#[test]
fn whole_spreads_a_flat_credit_and_a_rate_of_the_leg() {
    let params = with(|span| {
        span.rounding.spreads = plimsoll_model::span::SpreadRounding::Down;
        let spread = &mut span.inter_spreads[0];
        spread.method = InterMethod::Flat;
        spread.rate = 1000.0;
        spread.legs[1].rate = Some(250.0);
    });
    let figures = requirement(params, &BOOK).pools.remove(0).figures;
    // 1.349 spreads between commodities and 0.65 calendar spreads, rounded down.
    assert_eq!((figures["inter_spread_1"], figures["BTC_intra_spreads"]), (1.0, 0.0));
    assert_eq!((figures["BTC_inter_credit"], figures["ETH_inter_credit"]), (1000.0, 250.0));
}

#[test]
fn what_cannot_be_margined_is_refused_by_name() {
    let market = market();
    let refusal = |params: SpanParams| {
        let model = Span { params };
        let ids: Vec<InstrumentId> = market.ids().collect();
        let prepared = match model.prepare(&market, &ids) {
            Ok(prepared) => prepared,
            Err(error) => return error,
        };
        prepared.requirement(&portfolio(&market, &BOOK)).unwrap_err()
    };
    let missing = refusal(with(|span| drop(span.commodities.remove("ETH"))));
    assert_eq!(missing.code, InputCode::Unsupported);
    assert!(missing.message.contains("ETH"), "{missing}");
    let unread = refusal(with(|span| {
        span.commodities.get_mut("BTC").unwrap().intra_spreads_unread = true;
    }));
    assert!(unread.message.contains("BTC"), "{unread}");
    let asked = refusal(with(|span| {
        span.commodities.get_mut("ETH").unwrap().unsupported.push("record X".to_owned());
    }));
    assert!(asked.message.contains("record X"), "{asked}");
}
