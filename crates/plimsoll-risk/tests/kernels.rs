//! The risk array's kernels: accuracy, shape, and the same bits however they are run.

#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

use std::collections::BTreeMap;

use plimsoll_math::{InstructionSet, float, lane};
use plimsoll_model::{
    Asset, ContractUnit, Forward, Instrument, InstrumentId, Kind, Listing, Market, OptionType,
    Timestamp, Underlying,
};
use plimsoll_pricing::time_value_ratio;
use plimsoll_risk::{
    Accounts, AccountsError, Measure, RiskArray, Scenario, ScenarioSet, ShockUnit, VolMove,
    VolShocks, Worst, net_profits_with,
};

const NOW: Timestamp = Timestamp(1_764_576_000_000);
const VOL_UP: f64 = 0.25;

fn listing(
    underlying: &str,
    tau_ms: i64,
    strike: f64,
    option_type: OptionType,
    vol: f64,
) -> Listing {
    let coin = Asset::new(underlying);
    Listing {
        instrument: Instrument {
            name: format!("{underlying}-{tau_ms}-{strike:e}-{option_type}"),
            underlying: coin,
            kind: Kind::Option { expiry: Timestamp(NOW.0 + tau_ms), strike, option_type },
            settlement_asset: Asset::usd(),
            contract_size: 1.0,
            contract_unit: ContractUnit::Base,
        },
        mark_price: None,
        mark_vol: Some(vol),
        bid: None,
        ask: None,
        bid_size: None,
        ask_size: None,
        open_interest: None,
        funding_8h: None,
        confidence: 1.0,
    }
}

fn market(mut listings: Vec<Listing>, forwards: &[(&str, i64, f64)]) -> Market {
    listings.sort_by(|a, b| a.instrument.name.cmp(&b.instrument.name));
    let mut underlyings: BTreeMap<Asset, Underlying> = BTreeMap::new();
    for (coin, tau_ms, forward) in forwards {
        let underlying = underlyings.entry(Asset::new(coin)).or_insert_with(|| Underlying {
            index_price: *forward,
            confidence: 1.0,
            forwards: BTreeMap::new(),
        });
        underlying.forwards.insert(Timestamp(NOW.0 + tau_ms), Forward::at(*forward));
    }
    Market {
        id: "test".to_owned(),
        time: NOW,
        underlyings,
        asset_prices_usd: BTreeMap::new(),
        asset_confidence: BTreeMap::new(),
        listings,
    }
}

fn scenario(spot_move: f64, vol_move: VolMove) -> Scenario {
    Scenario { spot_move, vol_move, days: 0.0, weight: 1.0, tail: false }
}

fn set(scenarios: Vec<Scenario>) -> ScenarioSet {
    let vol = VolShocks {
        unit: ShockUnit::Relative,
        up: VOL_UP,
        down: VOL_UP,
        min_up_vol: 0.0,
        tenor: None,
    };
    ScenarioSet { scenarios, vol }
}

/// 7 moves × 3 vol moves, weights and days that differ.
fn grid() -> ScenarioSet {
    let mut scenarios = Vec::new();
    for step in -3..=3 {
        for vol_move in [VolMove::Up, VolMove::Unchanged, VolMove::Down, VolMove::By(-0.07)] {
            let weight = if step == -3 { 0.35 } else { 1.0 };
            let days = f64::from(step.max(0));
            let spot_move = 0.07 * f64::from(step);
            scenarios.push(Scenario { spot_move, vol_move, days, weight, tail: step == -3 });
        }
    }
    set(scenarios)
}

fn chain() -> Market {
    let mut listings = Vec::new();
    let mut forwards = Vec::new();
    for (days, forward) in [(1, 60_000.0), (9, 60_100.0), (90, 61_000.0)] {
        let tau_ms = days * 86_400_000;
        forwards.push(("BTC", tau_ms, forward));
        for k in 0..9 {
            let strike = 40_000.0 + 5_000.0 * f64::from(k);
            let vol = 0.5 + 0.01 * f64::from(k);
            listings.push(listing("BTC", tau_ms, strike, OptionType::Call, vol));
            // At the last strike the put has a vol of its own, so it cannot share.
            let own = if k == 8 { 0.9 } else { vol };
            listings.push(listing("BTC", tau_ms, strike, OptionType::Put, own));
        }
    }
    for listing in listings.iter_mut().step_by(5) {
        listing.instrument.settlement_asset = Asset::new("BTC");
    }
    market(listings, &forwards)
}

fn bits(array: &RiskArray) -> Vec<u64> {
    let cells = array.ids().iter().flat_map(|id| array.row(*id).unwrap());
    cells.map(|cell| cell.to_bits()).collect()
}

fn priced(instructions: InstructionSet, market: &Market) -> RiskArray {
    let measure = Measure::SettlementAsset;
    RiskArray::price_with(instructions, market, market.ids(), &grid(), measure).unwrap()
}

/// Profit is a difference of two values, so its error is measured against the larger. 1e-12 is what
/// is asked of the time value for total vols from 1 %, 1e-14 of the larger of F and K of everything; the strike was rounded
/// when the table was made, but F/K and ln g are rounded by the code, which moves d by 3U·|d| and
/// far wings by 3U·d²: at ten total vols 3e-14 relative, well inside.
#[test]
fn profits_match_120_digit_arithmetic() {
    let text = include_str!("data/array_reference.csv");
    let mut worst = [0.0_f64; 2];
    for line in text.lines().skip(1) {
        let cells: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
        let [forward, strike, vol, tau_ms, spot_move, vol_up, call, put, call_after, put_after] =
            cells[..]
        else {
            panic!("{line}")
        };
        assert_eq!(vol_up, VOL_UP);
        let tau_ms = tau_ms as i64;
        let options = [OptionType::Call, OptionType::Put]
            .map(|option_type| listing("X", tau_ms, strike, option_type, vol));
        let market = market(options.to_vec(), &[("X", tau_ms, forward)]);
        let set = set(vec![scenario(spot_move, VolMove::Up)]);
        for instructions in InstructionSet::available() {
            let array = RiskArray::price_with(
                instructions,
                &market,
                market.ids(),
                &set,
                Measure::SettlementAsset,
            )
            .unwrap();
            for (id, (before, after)) in market.ids().zip([(call, call_after), (put, put_after)]) {
                let got = array.row(id).unwrap()[0];
                let error = (got - (after - before)).abs();
                let scale = before.max(after);
                // A deep put is worth nearly the strike, which then sets its last digit.
                let of_forward = error / (forward * (1.0 + spot_move)).max(forward).max(strike);
                let total_vol = vol * float::sqrt(tau_ms as f64 / 31_536_000_000.0);
                assert!(of_forward <= 1e-14, "{instructions} {line}: {got}");
                if total_vol > 0.0099 && scale > f64::MIN_POSITIVE {
                    assert!(error <= 1e-12 * scale, "{instructions} {line}: {got}");
                    worst[1] = worst[1].max(error / scale);
                }
                worst[0] = worst[0].max(of_forward);
            }
        }
    }
    println!("worst error: {:.1e} of forward or strike, {:.1e} of the value", worst[0], worst[1]);
}

/// One option, one scenario at a time, straight from the documented formula.
fn scalar(market: &Market, id: InstrumentId, scenario: &Scenario) -> f64 {
    let o = plimsoll_pricing::contract::option_inputs(market, id).unwrap();
    let value = |growth: f64, ln_growth: f64, vol: f64, tau_years: f64| {
        let x = (lane::ln_ratio::<true>(o.forward, o.strike) + ln_growth).abs();
        let time_value = time_value_ratio::<true>(x, vol * float::sqrt(tau_years));
        let forward = o.forward * growth;
        o.option_type.payoff(forward, o.strike) + forward.min(o.strike) * time_value
    };
    let growth = 1.0 + scenario.spot_move;
    let dte_days = o.tau_years * 365.0;
    let scale = match scenario.vol_move {
        VolMove::Up => 1.0 + VOL_UP,
        VolMove::Unchanged => 1.0,
        VolMove::Down => 1.0 - VOL_UP,
        VolMove::By(own) => 1.0 + own,
    };
    let after = value(
        growth,
        float::ln(growth),
        scale * o.vol_ann,
        (dte_days - scenario.days).max(0.0) / 365.0,
    );
    let before = value(1.0, 0.0, o.vol_ann, dte_days / 365.0);
    let settled_in_coin = market.listing(id).instrument.settlement_asset == Asset::new("BTC");
    if settled_in_coin {
        (1.0 / o.forward) * (after * (1.0 / growth) - before)
    } else {
        after - before
    }
}

#[test]
fn the_fused_kernels_hold_the_bits_of_the_scalar_formula() {
    let market = chain();
    for instructions in [InstructionSet::avx2(), InstructionSet::avx512()].into_iter().flatten() {
        let array = priced(instructions, &market);
        for id in market.ids() {
            for (scenario, got) in array.scenarios().iter().zip(array.row(id).unwrap()) {
                let want = scalar(&market, id, scenario);
                let name = &market.listing(id).instrument.name;
                assert_eq!(got.to_bits(), want.to_bits(), "{instructions} {name} {scenario:?}");
            }
        }
    }
}

/// Without fused multiply-add some hundred roundings differ: 1e-14·F.
#[test]
fn the_baseline_differs_by_rounding_alone() {
    let market = chain();
    let baseline = priced(InstructionSet::BASELINE, &market);
    let best = priced(InstructionSet::best(), &market);
    for id in market.ids() {
        let coin = market.listing(id).instrument.settlement_asset == Asset::new("BTC");
        let forward = if coin { 1.0 } else { 61_000.0 };
        for (a, b) in baseline.row(id).unwrap().iter().zip(best.row(id).unwrap()) {
            assert!((a - b).abs() <= 1e-14 * forward, "{id:?}: {a} against {b}");
        }
    }
}

#[test]
fn rows_do_not_depend_on_threads_neighbours_or_history() {
    let market = chain();
    for instructions in InstructionSet::available() {
        let want = bits(&priced(instructions, &market));
        for threads in [1, 2, 8] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(pool.install(|| bits(&priced(instructions, &market))), want, "{threads}");
        }
        let array = priced(instructions, &market);
        for id in market.ids() {
            let alone = RiskArray::price_with(
                instructions,
                &market,
                [id],
                &grid(),
                Measure::SettlementAsset,
            );
            assert_eq!(alone.unwrap().row(id).unwrap(), array.row(id).unwrap());
        }
    }
}

#[test]
fn profits_priced_in_tiles_hold_the_bits_of_the_array() {
    // Two whole tiles and a rest.
    let market = chain();
    let moves = (0..600)
        .map(|s| scenario(0.001 * f64::from(s) - 0.3, VolMove::By(0.3 * float::sin(f64::from(s)))));
    let set = set(moves.collect());
    let positions: Vec<(InstrumentId, f64)> =
        market.ids().enumerate().map(|(i, id)| (id, (i % 7) as f64 - 3.0)).collect();
    for instructions in InstructionSet::available() {
        let ids = market.ids();
        let array = RiskArray::price_with(instructions, &market, ids, &set, Measure::Usd).unwrap();
        let whole = array.net(positions.iter().copied()).unwrap();
        let tiled =
            net_profits_with(instructions, &market, &positions, &set, Measure::Usd).unwrap();
        assert_eq!(whole, tiled, "{instructions}");
    }
}

#[test]
fn repricing_after_a_tick_equals_pricing_from_scratch() {
    let before = chain();
    let mut after = before.clone();
    let expiry = Timestamp(NOW.0 + 9 * 86_400_000);
    let coin = after.underlyings.get_mut("BTC").unwrap();
    coin.forwards.insert(expiry, Forward::at(60_777.0));
    let touched: Vec<InstrumentId> =
        after.ids().filter(|id| after.listing(*id).instrument.expiry() == Some(expiry)).collect();
    let mut array = priced(InstructionSet::best(), &before);
    array.reprice(&after, &touched).unwrap();
    assert_eq!(bits(&array), bits(&priced(InstructionSet::best(), &after)));
    let some = RiskArray::price(&before, touched[..2].to_vec(), &grid(), Measure::Usd);
    let refusal = some.unwrap().reprice(&after, &touched).unwrap_err().to_string();
    let name = &after.listing(touched[2]).instrument.name;
    assert!(refusal.contains(name.as_str()), "{refusal}");
}

/// Time values never are negative; a call rises with the forward no faster than it and its slope
/// never falls; to within roundings of the forward (1e-14·F, the bound of the table).
#[test]
fn values_are_monotone_and_convex_in_the_forward() {
    let moves: Vec<f64> = (-180..=180).map(|step| 0.005 * f64::from(step)).collect();
    let scenarios = moves.iter().map(|m| scenario(*m, VolMove::Unchanged)).collect();
    for tau_ms in [0, 1_000, 3_600_000, 864_000_000, 31_536_000_000] {
        for vol in [0.0, 0.01, 0.6, 5.0] {
            let (forward, strike) = (60_000.0, 55_000.0);
            let option = listing("X", tau_ms, strike, OptionType::Call, vol);
            let market = market(vec![option], &[("X", tau_ms, forward)]);
            let set = set(Vec::clone(&scenarios));
            let array =
                RiskArray::price(&market, market.ids(), &set, Measure::SettlementAsset).unwrap();
            let pnl = array.row(InstrumentId(0)).unwrap();
            let zero = moves.iter().position(|m| *m == 0.0).unwrap();
            assert_eq!(pnl[zero], 0.0);
            let rounding = 2e-14 * forward;
            let value = plimsoll_pricing::contract::model_value(&market, InstrumentId(0)).unwrap();
            for (m, pnl) in moves.iter().zip(pnl) {
                let intrinsic = (forward * (1.0 + m) - strike).max(0.0);
                assert!(value + pnl >= intrinsic - rounding, "{tau_ms} {vol} {m}");
            }
            for triple in pnl.windows(3) {
                let (down, up) = (triple[1] - triple[0], triple[2] - triple[1]);
                assert!(down >= -rounding && up <= 0.005 * forward + rounding);
                assert!(up >= down - 2.0 * rounding, "{tau_ms} {vol}: {triple:?}");
            }
        }
    }
}

/// Worst loss by the definition, from `RiskArray::net`.
fn defined(array: &RiskArray, positions: &[(InstrumentId, f64)]) -> Worst {
    let pnl = array.net(positions.iter().copied()).unwrap();
    let mut worst = Worst::default();
    for (index, (scenario, pnl)) in array.scenarios().iter().zip(&pnl).enumerate() {
        let loss = scenario.weight * (0.0 - pnl);
        if loss > worst.loss {
            worst = Worst { loss, scenario: Some(index as u32) };
        }
    }
    worst
}

fn books(market: &Market, count: usize) -> Vec<Vec<(InstrumentId, f64)>> {
    let ids: Vec<InstrumentId> = market.ids().collect();
    let position = |book: usize, place: usize| {
        let id = ids[(7 * book + 11 * place) % ids.len()];
        (id, (((13 * book + 5 * place) % 41) as f64 - 20.0) / 4.0)
    };
    // Empty accounts, flat ones and up to 25 positions.
    (0..count).map(|book| (0..book % 26).map(|place| position(book, place)).collect()).collect()
}

#[test]
fn accounts_equal_net_and_functional_bit_for_bit() {
    let market = chain();
    let many =
        set((0..1_000).map(|i| scenario(-0.4 + 0.0008 * f64::from(i), VolMove::Down)).collect());
    for set in [grid(), many] {
        let books = books(&market, 9_000);
        for instructions in InstructionSet::available() {
            let array =
                RiskArray::price_with(instructions, &market, market.ids(), &set, Measure::Usd)
                    .unwrap();
            let accounts = Accounts::bind(&array, books.iter().cloned()).unwrap();
            let worst = accounts.worst_losses(&array).unwrap();
            for (book, worst) in books.iter().zip(&worst).step_by(37) {
                assert_eq!(*worst, defined(&array, book), "{instructions} {book:?}");
                let rows: Vec<u32> =
                    book.iter().map(|(id, _)| array.position(*id).unwrap() as u32).collect();
                let quantities: Vec<f64> = book.iter().map(|(_, quantity)| *quantity).collect();
                assert_eq!(array.worst(&rows, &quantities), Some(*worst));
                let mut net = array.net_vector();
                let mut last = Worst::default();
                for (row, quantity) in rows.iter().zip(&quantities) {
                    last = net.fill(&array, *row as usize, *quantity).unwrap();
                }
                assert_eq!(last, *worst);
                assert_eq!(net.pnl(&array), array.net(book.iter().copied()).unwrap());
            }
            for threads in [1, 2, 8] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                assert_eq!(pool.install(|| accounts.worst_losses(&array).unwrap()), worst);
            }
            // Few accounts are not worth copying tiles for, and are the same.
            let few = Accounts::bind(&array, books[..30].iter().cloned()).unwrap();
            assert_eq!(few.worst_losses(&array).unwrap(), worst[..30]);
        }
    }
}

#[test]
fn accounts_that_do_not_fit_are_refused() {
    let market = chain();
    let ids: Vec<InstrumentId> = market.ids().collect();
    let price = |ids: &[InstrumentId]| {
        RiskArray::price(&market, ids.iter().copied(), &grid(), Measure::Usd).unwrap()
    };
    let (all, some) = (price(&ids), price(&ids[..5]));
    let refusal = Accounts::bind(&some, [vec![], vec![(ids[7], 1.0)]]).unwrap_err();
    assert_eq!(refusal, AccountsError::NoRow { account: 1, id: ids[7] });
    let bound = Accounts::bind(&all, [vec![(ids[7], 1.0)]]).unwrap();
    assert_eq!(bound.worst_losses(&some), Err(AccountsError::OtherArray));
    assert_eq!(some.worst(&[5], &[1.0]), None);
    assert_eq!(some.net_vector().fill(&some, 5, 1.0), None);
    let none = Accounts::bind(&price(&[]), [vec![]]).unwrap();
    assert_eq!(none.worst_losses(&price(&[])).unwrap(), [Worst::default()]);
}
