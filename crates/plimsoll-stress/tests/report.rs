//! The report on small books whose numbers can be followed by hand, and its reconciliation with the
//! margin engine: the same prices whichever way one asks.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use plimsoll_calibrate::covariance::Stress as CorrelationStress;
use plimsoll_margin::MarginModel;
use plimsoll_margin::distance::Displaced;
use plimsoll_margin::models::bundled_model;
use plimsoll_margin::models::var::joint::{JointScenarios, MoveColumns};
use plimsoll_math::float::{cos, exp_m1, ln_1p, sin};
use plimsoll_model::{Asset, Book, Evidence, Market, Portfolio, Provenance};
use plimsoll_risk::{CoinMove, MarketShift, shifted_by};
use plimsoll_stress::liquidity::{LiquiditySettings, exits};
use plimsoll_stress::losses::profits;
use plimsoll_stress::reverse::breaking_move;
use plimsoll_stress::tails::{Factor, LogMoves, components, leg_losses, total_losses};
use plimsoll_stress::{RiskReport, Scenarios, Settings, StressLibrary, risk_report};

fn market() -> Market {
    Market::from_json(
        br#"{
          "id": "test", "time": "2026-01-14T12:00:00Z",
          "underlyings": {
            "BTC": {"index_price": 100000, "forwards": {"2026-03-27T08:00:00Z": 101000}},
            "ETH": {"index_price": 4000, "forwards": {"2026-03-27T08:00:00Z": 4050}}
          },
          "assets": {"USDC": 1},
          "instruments": [
            {"name": "BTC-27MAR26-100000-C", "mark_vol": 0.5, "mark_price": 0.09, "bid": 0.088, "ask": 0.092,
             "bid_size": 4, "ask_size": 5, "open_interest": 200},
            {"name": "BTC-27MAR26-80000-P", "mark_vol": 0.6, "mark_price": 0.02, "ask": 0.021},
            {"name": "ETH-27MAR26-4000-C", "mark_vol": 0.7},
            {"name": "BTC-PERPETUAL", "contract_size": 10, "contract_unit": "quote", "mark_price": 100000},
            {"name": "ETH-PERPETUAL", "contract_size": 1, "contract_unit": "quote", "mark_price": 4000}
          ]}"#,
    )
    .map(plimsoll_pricing::snapshot::completed)
    .unwrap()
}

fn book(csv: &str) -> Portfolio {
    let book = Book::parse(format!("instrument,quantity\n{csv}").as_bytes()).unwrap();
    Portfolio::bind(&book.accounts[0], &market()).unwrap()
}

fn model() -> Box<dyn MarginModel> {
    bundled_model("scan", market().time).unwrap()
}

/// Scenarios of two coins that mostly move together, with vols that rise when prices fall.
fn scenarios() -> JointScenarios {
    let count = 400;
    let wave = |rate: f64, phase: f64| move |s: usize| sin(rate * s as f64 + phase);
    let (common, own) = (wave(0.71, 0.1), wave(1.93, 0.7));
    let btc: Vec<f64> = (0..count).map(|s| 3.0 * common(s) + 0.5 * own(s)).collect();
    let eth: Vec<f64> = (0..count).map(|s| 4.0 * common(s) - 1.5 * own(s)).collect();
    let vol = |spot: &[f64]| {
        spot.iter().enumerate().map(|(s, m)| -1.5 * m + 2.0 * cos(2.3 * s as f64 + m)).collect()
    };
    let columns = |spot: Vec<f64>| MoveColumns { vol_pct: vol(&spot), spot_pct: spot };
    let underlyings = [(Asset::new("BTC"), columns(btc)), (Asset::new("ETH"), columns(eth))];
    JointScenarios {
        names: (0..count).map(|s| format!("day {s}")).collect(),
        weights: vec![],
        underlyings: BTreeMap::from(underlyings),
    }
}

fn coins() -> [Asset; 2] {
    [Asset::new("BTC"), Asset::new("ETH")]
}

fn source() -> Provenance {
    Provenance {
        source: "a test".to_owned(),
        effective: "2026-01-01".to_owned(),
        evidence: Evidence::Own,
        notes: vec![],
    }
}

fn ask(portfolio: &Portfolio, joint: &JointScenarios) -> Result<RiskReport, String> {
    let source = source();
    let scenarios = Scenarios { id: "test", source: &source, joint };
    let library = StressLibrary::bundled().unwrap();
    let settings = Settings::default();
    risk_report(&*model(), &market(), portfolio, &scenarios, &library, &settings, &|| {})
        .map_err(|error| error.to_string())
}

fn report(portfolio: &Portfolio) -> RiskReport {
    ask(portfolio, &scenarios()).unwrap()
}

const MIXED: &str = "BTC-27MAR26-100000-C,-20\nBTC-27MAR26-80000-P,10\nETH-27MAR26-4000-C,-100\n\
                     BTC-PERPETUAL,80000\nBTC,10\nUSDC,500000\n";

#[test]
fn scenario_losses_are_what_the_moved_market_says() {
    // The risk array and a market moved by hand are two ways to one price where marks are the model's
    // own, as that of the ETH option is here: they part by the rounding of sums of some millions.
    let portfolio = book("ETH-27MAR26-4000-C,-100\nBTC-PERPETUAL,80000\nBTC,10\nETH,-3\n");
    let (market, scenarios) = (market(), scenarios());
    let losses = leg_losses(&market, &portfolio, &scenarios, 0.0).unwrap();
    for s in [0, 7, 133, 399] {
        let coin = |name: &str| {
            let columns = &scenarios.underlyings[&Asset::new(name)];
            let (spot, vol) = (columns.spot_pct[s] / 100.0, columns.vol_pct[s] / 100.0);
            (Asset::new(name), CoinMove { spot, vol })
        };
        let shift =
            MarketShift { coins: [coin("BTC"), coin("ETH")].into(), ..MarketShift::default() };
        let moved = shifted_by(&market, &shift);
        let total: f64 =
            profits(&market, &moved, &portfolio).unwrap().iter().map(|(_, profit)| profit).sum();
        assert!((losses.sum[s] + total).abs() < 1e-6, "{s}: {} against {}", losses.sum[s], -total);
    }
}

#[test]
fn the_sum_without_legs_is_the_sum_of_the_legs() {
    // Three tiles of scenarios, and the rounding of sums of some millions in another order.
    let portfolio = book(MIXED);
    let mut joint = scenarios();
    joint.names.extend(joint.names.clone());
    for columns in joint.underlyings.values_mut() {
        columns.spot_pct.extend_from_within(..);
        columns.vol_pct.extend_from_within(..);
    }
    let legs = leg_losses(&market(), &portfolio, &joint, 0.0).unwrap();
    let total = total_losses(&market(), &portfolio, &joint, 0.0).unwrap();
    assert_eq!(total.len(), 800);
    for (a, b) in total.iter().zip(&legs.sum) {
        assert!((a - b).abs() < 1e-8, "{a} against {b}");
    }
}

#[test]
fn parts_add_up_and_tails_are_in_order() {
    let report = report(&book(MIXED));
    let es = report.tails.iter().find(|r| r.horizon_days == 1.0 && r.level_pct == 97.5).unwrap().es;
    let parts: f64 = report.components.iter().map(|part| part.amount).sum();
    assert!((parts - es).abs() < 1e-9 * es.abs(), "{parts} against {es}");
    for row in &report.tails {
        assert!(row.var_low <= row.var && row.var <= row.es, "{row:?}");
        assert!(row.var_high.is_none_or(|high| row.var <= high), "{row:?}");
    }
    for pair in report.tails.windows(2).filter(|p| p[0].horizon_days == p[1].horizon_days) {
        assert!(pair[0].var <= pair[1].var && pair[0].es <= pair[1].es, "{pair:?}");
    }
    let shares: f64 = report.concentrations[0].shares.iter().map(|share| share.share).sum();
    assert!((shares - 1.0).abs() < 1e-12);
    assert_eq!(report.losses.len(), 400);
    assert_eq!(report.worst[0].loss, report.losses.iter().copied().fold(f64::MIN, f64::max));
}

#[test]
fn a_linear_book_scales_with_the_root_of_time() {
    // Ten coins held lose 10·100,000·m; a move of ten days is exp(√10·ln(1+m)) − 1.
    let portfolio = book("BTC,10\n");
    let moves = LogMoves::of(&scenarios(), &coins()[..1]).unwrap();
    let ten = moves.scaled(10f64.sqrt()).scenarios(&scenarios().names);
    let day = leg_losses(&market(), &portfolio, &scenarios(), 0.0).unwrap();
    let longer = leg_losses(&market(), &portfolio, &ten, 0.0).unwrap();
    for (one, ten) in day.sum.iter().zip(&longer.sum) {
        let want = -1e6 * exp_m1(10f64.sqrt() * ln_1p(-one / 1e6));
        assert!((ten - want).abs() < 1e-6, "{ten} against {want}");
    }
}

#[test]
fn falling_correlation_hurts_a_spread_and_rising_correlation_a_pair_of_longs() {
    // The rule is about variances: w₁²s₁² + w₂²s₂² + 2·ρ·w₁w₂s₁s₂.
    let spread_of = |csv: &str, stress: Option<CorrelationStress>| {
        let moves = LogMoves::of(&scenarios(), &coins()).unwrap();
        let moves = stress.map_or(moves.clone(), |stress| moves.correlated(stress, 0.5).unwrap());
        let joint = moves.scenarios(&scenarios().names);
        let losses = leg_losses(&market(), &book(csv), &joint, 0.0).unwrap();
        plimsoll_math::moments::sample_variance(&losses.sum)
    };
    use CorrelationStress::{Apart, Together};
    let (spread, longs) = ("BTC,10\nETH,-200\n", "BTC,10\nETH,200\n");
    assert!(spread_of(spread, Some(Apart)) > spread_of(spread, None));
    assert!(spread_of(spread, Some(Together)) < spread_of(spread, None));
    assert!(spread_of(longs, Some(Apart)) < spread_of(longs, None));
    assert!(spread_of(longs, Some(Together)) > spread_of(longs, None));
}

#[test]
fn correlations_moved_nowhere_leave_the_moves_as_they_were() {
    // Whitened and coloured by one factor, but for a millionth added to the variances twice.
    let moves = LogMoves::of(&scenarios(), &coins()).unwrap();
    let same = moves.correlated(CorrelationStress::Apart, 0.0).unwrap();
    for (a, b) in moves.rows.iter().flatten().zip(same.rows.iter().flatten()) {
        assert!((a - b).abs() < 1e-5, "{a} against {b}");
    }
}

#[test]
fn the_breaking_move_of_one_coin_is_the_distance_to_liquidation() {
    let portfolio = book("BTC-PERPETUAL,30000\nUSDC,60000\n");
    let mut still = scenarios();
    still.underlyings.values_mut().for_each(|columns| columns.vol_pct.clear());
    let moves = LogMoves::of(&still, &coins()[..1]).unwrap();
    let (model, market) = (model(), market());
    let found = breaking_move(&*model, &market, &portfolio, &moves).unwrap().unwrap();
    let distance = Displaced::new(&*model, &market, &portfolio).distance().unwrap();
    let [(Factor::Spot(_), by)] = found.moves[..] else { panic!("{found:?}") };
    // Both search the same crossing; the tolerances of the two searches add.
    assert!((100.0 * by - distance.down_move_pct.unwrap()).abs() < 1e-3, "{found:?} {distance:?}");
    let sd = moves.covariance().unwrap().get(0, 0).sqrt();
    assert!((found.beta - ln_1p(by).abs() / sd).abs() < 1e-6);
}

#[test]
fn the_breaking_move_reaches_the_line() {
    let csv = "BTC-27MAR26-100000-C,-20\nETH-27MAR26-4000-C,-100\nBTC-PERPETUAL,80000\nBTC,5\n";
    let portfolio = book(csv);
    let (model, market) = (model(), market());
    let moves = LogMoves::of(&scenarios(), &coins()).unwrap();
    let found = breaking_move(&*model, &market, &portfolio, &moves).unwrap().unwrap();
    let mut coins: BTreeMap<Asset, CoinMove> = BTreeMap::new();
    for (factor, by) in &found.moves {
        match factor {
            Factor::Spot(coin) => coins.entry(coin.clone()).or_default().spot = *by,
            Factor::Vol(coin) => coins.entry(coin.clone()).or_default().vol = *by,
        }
    }
    let moved = shifted_by(&market, &MarketShift { coins, ..MarketShift::default() });
    let ids: Vec<_> = portfolio.holdings.iter().map(|holding| holding.id).collect();
    let requirement = model.prepare(&moved, &ids).unwrap().requirement(&portfolio).unwrap();
    let excess = requirement.equity_usd() - requirement.maintenance_margin_usd();
    // The search ends within a millionth of a standard deviation, which is worth some 1e5 USD.
    assert!(excess.abs() < 10.0, "{excess}");
    assert!(found.beta > 1.0 && found.beta < 40.0, "{found:?}");
}

#[test]
fn a_book_under_maintenance_is_broken_already_and_one_of_cash_never() {
    let moves = LogMoves::of(&scenarios(), &coins()[..1]).unwrap();
    let under = book("BTC-PERPETUAL,300000\nUSDC,100\n");
    let found = breaking_move(&*model(), &market(), &under, &moves).unwrap().unwrap();
    assert_eq!(found.beta, 0.0);
    let cash = book("USDC,100\n");
    assert!(breaking_move(&*model(), &market(), &cash, &moves).unwrap().is_none());
}

#[test]
fn a_put_puts_a_floor_under_a_stress() {
    // One coin with one put at 80,000: after −60 % the coin has lost 60,000 and the put is worth its
    // payoff on the forward or more, 80,000 − 40,400 = 39,600, less the 2,000 it is worth now.
    let report = report(&book("BTC,1\nBTC-27MAR26-80000-P,1\n"));
    let crash = report.stresses.iter().find(|s| s.name == "all −60 %, vols +150 %").unwrap();
    assert!(crash.loss < 60_000.0 - (39_600.0 - 2_000.0) + 800.0, "{}", crash.loss);
    assert!(crash.worst_legs.iter().all(|leg| leg.leg == "BTC"));
    let depeg = report.stresses.iter().find(|s| s.name.contains("USDC")).unwrap();
    assert!(depeg.loss < 0.0, "no stable coin is held, and vols rise: {}", depeg.loss);
}

#[test]
fn a_depeg_takes_its_share_of_what_is_held() {
    let report = report(&book("USDC,1000000\nBTC,0.001\n"));
    let depeg = report.stresses.iter().find(|s| s.name == "March 2023 USDC depeg").unwrap();
    // 12.2 % of a million.
    assert!((depeg.loss - 122_000.0).abs() < 1e-6, "{}", depeg.loss);
}

#[test]
fn getting_out_by_hand() {
    let settings = LiquiditySettings::default();
    let csv = "BTC-27MAR26-100000-C,-20\nBTC-27MAR26-80000-P,10\nBTC-PERPETUAL,80000\n";
    let found = exits(&market(), &book(csv), &settings).unwrap();
    let of = |name: &str| found.iter().find(|exit| exit.instrument == name).unwrap();
    let call = of("BTC-27MAR26-100000-C");
    // Bought back at the ask: (0.092 − 0.09) coin × 100,000 × 20.
    assert!((call.half_spread - 4_000.0).abs() < 1e-6, "{}", call.half_spread);
    // 20 of 200 open; a day trades 10 % of them, and we are a fifth: 20/(0.2·20).
    assert!((call.days.unwrap() - 5.0).abs() < 1e-12);
    assert!((call.share_of_open_interest.unwrap() - 0.1).abs() < 1e-15);
    assert!((call.times_best_size.unwrap() - 4.0).abs() < 1e-15);
    let put = of("BTC-27MAR26-80000-P");
    // Long, and there is no bid: 10 % of 0.02·100,000·10.
    assert!(!put.quoted && (put.half_spread - 2_000.0).abs() < 1e-6, "{put:?}");
    let perpetual = of("BTC-PERPETUAL");
    // 80,000 contracts of 10 USD, 5 bp.
    assert!((perpetual.half_spread - 400.0).abs() < 1e-9 && perpetual.days.is_none());
}

#[test]
fn what_cannot_be_reported_is_named() {
    let portfolio = book(MIXED);
    let mut no_eth = scenarios();
    no_eth.underlyings.remove(&Asset::new("ETH"));
    assert!(ask(&portfolio, &no_eth).unwrap_err().contains("ETH"));
    let mut weighted = scenarios();
    weighted.weights = vec![1.0; 400];
    assert!(ask(&portfolio, &weighted).unwrap_err().contains("weights"));
    let mut few = scenarios();
    few.names.truncate(3);
    few.underlyings.values_mut().for_each(|columns| {
        columns.spot_pct.truncate(3);
        columns.vol_pct.truncate(3);
    });
    assert!(ask(&portfolio, &few).unwrap_err().contains("3 periods"));
}

#[test]
fn components_of_a_hedge_are_negative() {
    let portfolio = book("BTC,10\nBTC-PERPETUAL,-50000\n");
    let losses = leg_losses(&market(), &portfolio, &scenarios(), 0.0).unwrap();
    let parts = components(&losses, 0.975).unwrap();
    // The perpetual is short half of the coins: it takes back half of what they lose.
    assert!(parts[0] < 0.0 && parts[1] > 0.0, "{parts:?}");
    assert!((parts[1] + 2.0 * parts[0]).abs() < 1e-6, "{parts:?}");
}
