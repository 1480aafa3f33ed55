//! Replays of snapshots whose every number is worked out by hand.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use plimsoll_calibrate::backtest::books::{Class, Holds, TestBook, standard};
use plimsoll_calibrate::backtest::chains::{Contender, Replay, Replayed, Setup, Track, atm_vol};
use plimsoll_calibrate::backtest::law::{Charge, Measure, StressFloor};
use plimsoll_calibrate::backtest::lineup::MethodRun;
use plimsoll_calibrate::backtest::verdict::Levels;
use plimsoll_calibrate::history::{ReturnPanel, Series};
use plimsoll_calibrate::scenarios::Method;
use plimsoll_margin::models::{BUNDLED, from_params};
use plimsoll_math::rng::reference_panel;
use plimsoll_model::{Asset, Book, Market, Timestamp};

const LEVELS: Levels = Levels { margin: 0.99, shortfall: 0.975 };
const DAY_MS: i64 = 86_400_000;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A scan of price moves alone, by 10 %, with nothing added: IM is the loss there.
fn ten_percent() -> Contender {
    let text = r#"
family = "scan"
id = "ten"
maintenance_pct = 100.0
short_option_pct = 0.0
closing_futures_pct = 0.0
closing_options_pct = 0.0
closing_options_cap_pct = 0.0
[source]
source = "test"
effective = "2026-02-02"
evidence = "own"
[[grids]]
underlyings = ["*"]
[[grids.blocks]]
moves_pct = [-10.0, 0.0, 10.0]
vol = ["unchanged"]
[grids.vol]
up = 0.0
down = 0.0
[collateral]
other_haircut = 0.0
"#;
    Contender { name: "ten".to_owned(), versions: vec![from_params(text).unwrap()] }
}

/// A market of one perpetual in USDC, a call and a put of 100, settled in coin.
fn market(time: &str, index: f64, options: &[(&str, f64)]) -> Market {
    let quote = |(name, mark): &(&str, f64)| {
        format!(r#"{{"name": "{name}", "mark_price": {mark}, "mark_vol": 0.5}}"#)
    };
    let options: String = options.iter().map(|option| format!(", {}", quote(option))).collect();
    // A market has no forward of a day that is over.
    let near = options.contains("2FEB26");
    let near = if near { format!(r#""2026-02-02T08:00:00Z": {index}, "#) } else { String::new() };
    let text = format!(
        r#"{{"id": "m", "time": "{time}", "assets": {{"USDC": 1}},
        "underlyings": {{"BTC": {{"index_price": {index},
            "forwards": {{{near}"2026-03-27T08:00:00Z": {index}}}}}}},
        "instruments": [{{"name": "BTC_USDC-PERPETUAL", "contract_size": 1, "mark_price": {index}}}
        {options}]}}"#
    );
    Market::from_json(text.as_bytes()).unwrap()
}

fn fixed(name: &str, csv: &str) -> TestBook {
    let book = Book::parse(csv.as_bytes()).unwrap();
    TestBook {
        name: name.to_owned(),
        class: Class::Own,
        holds: Holds::Fixed(book.accounts[0].clone()),
    }
}

fn setup(books: Vec<TestBook>) -> Setup {
    Setup {
        coin: Asset::new("BTC"),
        step_ms: DAY_MS,
        levels: LEVELS,
        contenders: vec![ten_percent()],
        methods: vec![],
        books,
        past: None,
        spots: BTreeMap::new(),
    }
}

fn run(setup: Setup, markets: Vec<Market>) -> Replayed {
    let mut replay = Replay::new(setup).unwrap();
    for market in markets {
        replay.push(market).unwrap();
    }
    replay.finish()
}

/// The only period of a track.
fn only(track: &Track) -> (f64, f64) {
    assert_eq!(track.missing, BTreeMap::new());
    let [period] = track.periods.as_slice() else { panic!("{} periods", track.periods.len()) };
    (period.margin, period.pnl)
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{a} against {b}");
}

const CALL: &str = "BTC-27MAR26-100-C";

#[test]
fn two_snapshots_by_hand() {
    let books = vec![
        fixed("long", "instrument,quantity\nBTC_USDC-PERPETUAL,2\n"),
        fixed("short call", &format!("instrument,quantity\n{CALL},-3\n")),
    ];
    let first = market("2026-02-01T16:00:00Z", 100.0, &[(CALL, 0.05)]);
    let second = market("2026-02-02T16:00:00Z", 85.0, &[(CALL, 0.02)]);
    let replayed = run(setup(books), vec![first, second]);
    // Two coins at 100 scanned by 10 % need 20 USD; they lose 2·15.
    let (margin, pnl) = only(&replayed.tracks[0]);
    close(margin, 20.0);
    close(pnl, -30.0);
    assert!(replayed.tracks[0].periods[0].is_exception());
    // −3·(0.02·85 − 0.05·100): the marks are coins, worth what the coin is worth on the day.
    let (_, pnl) = only(&replayed.tracks[1]);
    close(pnl, 9.9);
    assert_eq!(replayed.steps.len(), 1);
    // The parameters of 2 February judge a margin of 1 February.
    assert_eq!(replayed.runners[0].parameters_after.as_deref(), Some("2026-02-02"));
}

/// Deribit's standard margin keeps its pool in coins, charges the mark of a short as margin and does not
/// count its value as debt: 0.15 coins and the mark of 0.05 at 100 USD. Of these 20 USD the mark is
/// owed already, so a loss of 15 USD is what the account can bear. The profit is counted in coins
/// too: 0.03 of them at the first snapshot's 100 USD, whatever a coin is worth at the second.
#[test]
fn a_pool_in_coins_is_judged_in_coins_and_premium_is_no_cushion() {
    let file = BUNDLED.iter().find(|file| file.id == "deribit-sm").unwrap();
    let contender =
        Contender { name: "sm".to_owned(), versions: vec![from_params(file.text).unwrap()] };
    let books = vec![fixed("short call", &format!("instrument,quantity\n{CALL},-1\n"))];
    let first = market("2026-02-01T16:00:00Z", 100.0, &[(CALL, 0.05)]);
    let second = market("2026-02-02T16:00:00Z", 85.0, &[(CALL, 0.02)]);
    let setup = Setup { contenders: vec![contender], ..setup(books) };
    let (margin, pnl) = only(&run(setup, vec![first, second]).tracks[0]);
    close(margin, 15.0);
    close(pnl, 3.0);
}

#[test]
fn what_expires_on_the_way_is_settled() {
    let options = [("BTC-2FEB26-95-C", 0.06), ("BTC-2FEB26-95-P", 0.01)];
    let books = || {
        vec![fixed(
            "short straddle",
            "instrument,quantity\nBTC-2FEB26-95-C,-1\nBTC-2FEB26-95-P,-1\n",
        )]
    };
    let markets = || {
        let first = market("2026-02-01T16:00:00Z", 100.0, &options);
        vec![first, market("2026-02-02T16:00:00Z", 110.0, &[])]
    };
    // Delivered at the next index, 110: the call pays (110 − 95)/110 coins, worth 15 then; 7 was paid.
    let (_, pnl) = only(&run(setup(books()), markets()).tracks[0]);
    close(pnl, 7.0 - 15.0);
    // Delivered at the spot of 08:00, 90: the put pays 5/90 coins, worth 110 each by the afternoon.
    let spot = Series::checked("BTC", vec![(at("2026-02-02T08:00:00Z"), 90.0)]).unwrap().history;
    let spots = BTreeMap::from([(Asset::new("BTC"), spot)]);
    let (_, pnl) = only(&run(Setup { spots, ..setup(books()) }, markets()).tracks[0]);
    close(pnl, 7.0 - 5.0 / 90.0 * 110.0);
}

#[test]
fn a_contract_without_a_mark_leaves_the_period_out_by_name() {
    let books = vec![
        fixed("call", &format!("instrument,quantity\n{CALL},1\n")),
        fixed("perpetual", "instrument,quantity\nBTC_USDC-PERPETUAL,1\n"),
    ];
    let first = market("2026-02-01T16:00:00Z", 100.0, &[(CALL, 0.05)]);
    let second = market("2026-02-02T16:00:00Z", 85.0, &[]);
    let replayed =
        run(setup(books), vec![first, second.clone(), market("2026-02-03T16:00:00Z", 86.0, &[])]);
    assert_eq!(replayed.tracks[0].periods.len(), 0);
    let why: Vec<&String> = replayed.tracks[0].missing.keys().collect();
    assert!(why.iter().all(|why| why.contains(CALL)), "{why:?}");
    assert_eq!(replayed.tracks[0].missing.values().sum::<usize>(), 2);
    assert_eq!(replayed.tracks[1].periods.len(), 2);
}

#[test]
fn a_gap_is_no_period_and_is_told() {
    let books = vec![fixed("long", "instrument,quantity\nBTC_USDC-PERPETUAL,1\n")];
    let markets = ["2026-02-01T16:00:00Z", "2026-02-03T16:00:00Z", "2026-02-04T12:00:00Z"]
        .map(|time| market(time, 100.0, &[]));
    let replayed = run(setup(books), markets.to_vec());
    assert!(replayed.steps[0].left_out.as_ref().unwrap().starts_with("48.0 h"));
    assert_eq!(replayed.steps[1].left_out, None);
    assert_eq!(replayed.tracks[0].periods.len(), 1);
    assert_eq!(replayed.tracks[0].periods[0].row, 1);
}

#[test]
fn snapshots_out_of_order_and_strange_coins_are_refused() {
    let books = || vec![fixed("long", "instrument,quantity\nBTC_USDC-PERPETUAL,1\n")];
    let mut replay = Replay::new(setup(books())).unwrap();
    replay.push(market("2026-02-02T16:00:00Z", 100.0, &[])).unwrap();
    let early = replay.push(market("2026-02-01T16:00:00Z", 100.0, &[])).unwrap_err().to_string();
    assert!(early.contains("2026-02-01") && early.contains("order of time"), "{early}");
    let other = Setup { coin: Asset::new("ETH"), ..setup(books()) };
    let strange = Replay::new(other).unwrap().push(market("2026-02-02T16:00:00Z", 1.0, &[]));
    assert!(strange.unwrap_err().to_string().contains("ETH"));
    assert!(Replay::new(Setup { step_ms: 0, ..setup(books()) }).is_err());
    let odd = ReturnPanel { names: vec!["x".into()], times: vec![], rows: vec![], step_ms: DAY_MS };
    assert!(Replay::new(Setup { past: Some(odd), ..setup(books()) }).is_err());
}

/// Chains of three expiries whose prices wander; only listed strikes, vols and marks matter.
fn chains() -> Vec<Market> {
    let moves = reference_panel(30);
    let mut index = 100.0;
    let mut markets = Vec::new();
    for (day, row) in moves.iter().enumerate() {
        index *= 1.0 + row[0];
        let (vol, time) =
            (0.5 + row[1], Timestamp(at("2026-02-01T16:00:00Z").0 + day as i64 * DAY_MS));
        let mut options = String::new();
        for expiry in ["6MAR26", "27MAR26", "24APR26"] {
            for strike in (40..200).step_by(4) {
                for kind in ["C", "P"] {
                    options.push_str(&format!(
                        r#", {{"name": "BTC-{expiry}-{strike}-{kind}", "mark_vol": {vol}}}"#
                    ));
                }
            }
        }
        let text = format!(
            r#"{{"id": "m", "time": "{time}", "assets": {{"USDC": 1}},
            "underlyings": {{"BTC": {{"index_price": {index}, "forwards": {{
                "2026-03-06T08:00:00Z": {index}, "2026-03-27T08:00:00Z": {index},
                "2026-04-24T08:00:00Z": {index}}}}}}},
            "instruments": [{{"name": "BTC_USDC-PERPETUAL", "contract_size": 1,
                "mark_price": {index}}} {options}]}}"#
        );
        markets.push(Market::from_json(text.as_bytes()).unwrap());
    }
    markets
}

fn with_methods() -> Setup {
    let rows: Vec<Vec<f64>> = reference_panel(120).iter().map(|row| row[..2].to_vec()).collect();
    let start = at("2026-02-01T00:00:00Z").0 - 120 * DAY_MS;
    let times = (0..120).map(|day| Timestamp(start + day * DAY_MS)).collect();
    let names = vec!["BTC".to_owned(), "vol".to_owned()];
    let floor = Some(StressFloor { window: 60, stride: 5, share: 1.0 });
    let charges = vec![
        ("VaR", Charge { measure: Measure::Var(0.99), floor: None }),
        ("ES+floor", Charge { measure: Measure::Es(0.975), floor }),
    ];
    let run = |method| MethodRun { method, charges: charges.clone() };
    Setup {
        methods: vec![
            run(Method::FilteredEwma { window: 100, lambda: 0.94 }),
            run(Method::StudentCopula { window: 100, lambda: 0.94, paths: 64, seed: 1 }),
            run(Method::Historical { window: 1000 }),
        ],
        past: Some(ReturnPanel { names, times, rows, step_ms: DAY_MS }),
        ..setup(standard(&Asset::new("BTC")))
    }
}

/// Snapshots after the tenth come in another order, under the old stamps: everything said up to the
/// tenth stays as it was, bit for bit, and so does the margin set there.
#[test]
fn shuffling_the_future_changes_no_past_figure() {
    let markets = chains();
    let mut shuffled = markets.clone();
    let cut = 10;
    let times: Vec<Timestamp> = markets.iter().map(|market| market.time).collect();
    shuffled[cut + 1..].reverse();
    for (market, time) in shuffled.iter_mut().zip(times) {
        market.time = time;
    }
    let (before, after) = (run(with_methods(), markets), run(with_methods(), shuffled));
    let mut judged = 0;
    for (a, b) in before.tracks.iter().zip(&after.tracks) {
        let long_window = before.runners[a.runner].name == "VaR" && a.missing.len() == 1;
        if before.runners[a.runner].is_model || !long_window && a.missing.is_empty() {
            assert_eq!(a.periods.len(), 29, "{:?} {:?}", before.runners[a.runner], a.missing);
            assert_eq!(a.periods[..cut], b.periods[..cut]);
            assert_eq!(a.periods[cut].margin, b.periods[cut].margin);
            assert_ne!(a.periods[cut..], b.periods[cut..], "the future was not shuffled");
            judged += 1;
        }
    }
    // One model and two methods of two charges on 13 books; the third method lacks history.
    assert_eq!(judged, 5 * 13);
    let short: Vec<&Track> = before.tracks.iter().filter(|track| track.runner >= 5).collect();
    assert!(short.iter().all(|track| track.missing.keys().all(|why| why.contains("1000"))));
}

/// Expiries of 33, 54 and 82 days, total variance between them: every expiry has the same vol, so the answer is that vol.
#[test]
fn at_the_money_vol_of_a_flat_curve_is_flat() {
    let market = &chains()[0];
    let vol = market.listings.iter().find_map(|listing| listing.mark_vol).unwrap();
    for days in [10.0, 60.0, 200.0] {
        close(atm_vol(market, &Asset::new("BTC"), days).unwrap(), vol);
    }
    assert_eq!(atm_vol(market, &Asset::new("ETH"), 30.0), None);
}
