//! Margin models on perpetuals in USDC, marked at spot.

use std::collections::BTreeMap;

use plimsoll_calibrate::backtest::books::perpetuals;
use plimsoll_calibrate::backtest::chains::{Contender, Replay, Setup};
use plimsoll_calibrate::history::Series;
use plimsoll_margin::models::{BUNDLED, from_params, ids};
use plimsoll_model::{Asset, InputError, Market, Timestamp};

use crate::{DAY_MS, Failure, LEVELS, print_head, print_row};

/// Coins of ETH against one of BTC: about the middle of their price ratio over the years.
const RATIO: f64 = 25.0;

/// Replays every bundled model on the days that both series have.
pub fn run(series: &[Series; 2]) -> Result<(), Failure> {
    println!("## BTC and ETH perpetuals in USDC marked at spot, daily, margin models\n");
    let contenders = ids().into_iter().map(contender).collect::<Result<Vec<_>, InputError>>()?;
    let [btc, eth] = ["BTC", "ETH"].map(Asset::new);
    let books = perpetuals(&btc, &eth, RATIO);
    let setup = Setup {
        coin: btc,
        step_ms: DAY_MS,
        levels: LEVELS,
        contenders,
        methods: vec![],
        books: books.clone(),
        past: None,
        spots: BTreeMap::new(),
    };
    let mut replay = Replay::new(setup)?;
    for (time, price) in series[0].times().iter().zip(series[0].values()) {
        if let Some(other) = series[1].at(*time) {
            replay.push(market(*time, *price, other)?)?;
        }
    }
    let replayed = replay.finish();
    let gaps = replayed.steps.iter().filter(|step| step.left_out.is_some()).count();
    println!("{} steps, {gaps} left out as gaps.\n", replayed.steps.len());
    print_head();
    let mut refused = Vec::new();
    for track in &replayed.tracks {
        let (runner, book) = (&replayed.runners[track.runner], &books[track.book]);
        if track.periods.len() < 2 {
            let why = track.missing.keys().next().cloned().unwrap_or_default();
            refused.push((runner.name.clone(), why));
            continue;
        }
        let names = [runner.name.as_str(), &book.name, book.class.name()];
        print_row(names, &track.periods, |row| replayed.steps[row].to)?;
    }
    println!();
    refused.dedup_by(|a, b| a.0 == b.0);
    for (name, why) in refused {
        println!("> {name} refuses: {why}\n");
    }
    Ok(())
}

fn contender(id: &str) -> Result<Contender, InputError> {
    let versions = BUNDLED.iter().filter(|file| file.id == id);
    let versions = versions.map(|file| from_params(file.text)).collect::<Result<_, _>>()?;
    Ok(Contender { name: id.to_owned(), versions })
}

fn market(time: Timestamp, btc: f64, eth: f64) -> Result<Market, InputError> {
    let text = format!(
        r#"{{"id": "spot", "time": "{time}", "assets": {{"USDC": 1, "USDT": 1}},
        "underlyings": {{"BTC": {{"index_price": {btc}}}, "ETH": {{"index_price": {eth}}}}},
        "instruments": [
          {{"name": "BTC_USDC-PERPETUAL", "contract_size": 1, "mark_price": {btc}}},
          {{"name": "ETH_USDC-PERPETUAL", "contract_size": 1, "mark_price": {eth}}}]}}"#
    );
    Market::from_json(text.as_bytes())
}
