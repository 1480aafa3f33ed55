//! Our side of the comparison with other libraries (see benches/peers/run.sh).
//!
//! `ours write DIR` writes the workload and our results as raw little-endian f64 for the others to
//! read and to be checked against; `ours time S` prints one line of JSON per measurement.

#![allow(clippy::print_stdout)] // its output is its purpose

use std::error::Error;
use std::path::Path;

use plimsoll_bench::suite::{self, Effort, measure};
use plimsoll_bench::workload;
use plimsoll_math::InstructionSet;
use plimsoll_math::quantile::tail_mean;
use plimsoll_model::{InstrumentId, Market};
use plimsoll_pricing::contract::option_inputs;
use plimsoll_pricing::{OptionType, implied_vols};
use plimsoll_risk::{Accounts, Measure, RiskArray, ScenarioSet, net_profits_with};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[1..] {
        ["write", directory] => write(Path::new(directory)),
        ["time", scenarios] => time(scenarios.parse()?),
        _ => Err("usage: ours write DIR | ours time SCENARIOS".into()),
    }
}

fn write(directory: &Path) -> Result<(), Box<dyn Error>> {
    let save = |name: &str, numbers: Vec<f64>| {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        std::fs::write(directory.join(name), bytes)
    };
    let market = workload::chain();
    let sign = |option_type| if option_type == OptionType::Call { 1.0 } else { -1.0 };
    let mut options = Vec::new();
    for id in market.ids() {
        let o = option_inputs(&market, id)?;
        let usd_per_quote = 100_000.0 / o.forward;
        let kind = sign(o.option_type);
        options.extend([kind, o.forward, o.strike, o.vol_ann, o.tau_years, usd_per_quote]);
    }
    save("options.f64", options)?;
    let accounts = workload::accounts(&market, suite::ACCOUNTS, suite::POSITIONS);
    save("rows.f64", accounts.iter().flatten().map(|(id, _)| f64::from(id.0)).collect())?;
    save("quantities.f64", accounts.iter().flatten().map(|(_, quantity)| *quantity).collect())?;
    for count in [33, 1000] {
        let set = workload::scenarios(count);
        let scenario =
            |s: &plimsoll_risk::Scenario| [1.0 + s.spot_move, set.vol.map(s.vol_move, 30.0).scale];
        save(&format!("scenarios-{count}.f64"), set.scenarios.iter().flat_map(scenario).collect())?;
        let array = RiskArray::price(&market, market.ids(), &set, Measure::Usd)?;
        let cells = array.ids().iter().filter_map(|id| array.row(*id)).flatten().copied();
        save(&format!("array-{count}.f64"), cells.collect())?;
        let bound = Accounts::bind(&array, accounts.iter().map(|a| a.iter().copied()))?;
        let worst = bound.worst_losses(&array)?;
        save(&format!("worst-{count}.f64"), worst.iter().map(|worst| worst.loss).collect())?;
    }
    let set = workload::scenarios(ES_PATHS);
    let scenario =
        |s: &plimsoll_risk::Scenario| [1.0 + s.spot_move, set.vol.map(s.vol_move, 30.0).scale];
    save("scenarios-es.f64", set.scenarios.iter().flat_map(scenario).collect())?;
    let book = es_book(&market);
    save("es-quantities.f64", book.iter().map(|(_, quantity)| *quantity).collect())?;
    save("es.f64", vec![es(InstructionSet::best(), &market, &set, &book)?])?;
    let quotes = suite::quotes(&market);
    let fields = quotes.iter().flat_map(|q| {
        [sign(q.option_type), q.forward, q.strike, q.tau_years, q.undiscounted_price]
    });
    save("quotes.f64", fields.collect())?;
    let vols = implied_vols(&quotes).into_iter().collect::<Result<Vec<f64>, _>>()?;
    save("vols.f64", vols)?;
    Ok(())
}

fn time(scenarios: usize) -> Result<(), Box<dyn Error>> {
    let effort = Effort { rounds: 7, seconds: 0.02 };
    for instructions in InstructionSet::available() {
        let r = measure(instructions, scenarios, effort)?;
        let line = |name: &str, seconds: f64| {
            println!(
                "{{\"name\": \"ours {instructions} {name}\", \"S\": {scenarios}, \"seconds\": {seconds:e}}}"
            );
        };
        line("fma", r.fma);
        line("l2_byte", r.l2_byte);
        line("array", r.array);
        line("array_again", r.array_again);
        line("tick", r.tick);
        line("account", r.account);
        line("one_account", r.one_account);
        line("fill", r.fill);
        line("full_reprice", r.full_reprice);
        line("implied_vol", r.implied_vol);
    }
    if scenarios == 1000 {
        for instructions in InstructionSet::available() {
            let seconds = shortfall(instructions)?;
            println!(
                "{{\"name\": \"ours {instructions} es\", \"S\": {ES_PATHS}, \"seconds\": {seconds:e}}}"
            );
        }
    }
    if scenarios == 33 {
        println!(
            "{{\"name\": \"implied-vol crate implied_vol\", \"S\": 33, \"seconds\": {:e}}}",
            scalar_crate()?
        );
    }
    Ok(())
}

/// Paths of the expected shortfall.
const ES_PATHS: usize = 10_000;
/// Options of the book behind it: the first half of the chain.
const ES_OPTIONS: usize = 500;

/// Positions of the book: one to twenty contracts each way.
fn es_book(market: &Market) -> Vec<(InstrumentId, f64)> {
    let mut draws = workload::Draws::new(7);
    let quantity = |id| (id, (draws.below(41) as f64) - 20.0);
    market.ids().take(ES_OPTIONS).map(quantity).collect()
}

/// Expected shortfall at 97.5 % of that book, every option revalued on every path.
fn es(
    instructions: InstructionSet,
    market: &Market,
    set: &ScenarioSet,
    book: &[(InstrumentId, f64)],
) -> Result<f64, Box<dyn Error>> {
    let profits = net_profits_with(instructions, market, book, set, Measure::Usd)?;
    let losses: Vec<f64> = profits.iter().map(|profit| -profit).collect();
    Ok(tail_mean(&losses, 0.975)?)
}

/// Seconds per expected shortfall.
fn shortfall(instructions: InstructionSet) -> Result<f64, Box<dyn Error>> {
    let (market, set) = (workload::chain(), workload::scenarios(ES_PATHS));
    let book = es_book(&market);
    let run = || drop(std::hint::black_box(es(instructions, &market, &set, &book)));
    let mut contestants = [plimsoll_bench::rounds::Contestant::new("es", 1.0, run)];
    Ok(plimsoll_bench::rounds::seconds_per_unit(&mut contestants, 5, 0.1)[0])
}

/// Seconds per inversion of the `implied-vol` crate.
fn scalar_crate() -> Result<f64, Box<dyn Error>> {
    let quotes = suite::quotes(&workload::chain());
    let run = || {
        for q in &quotes {
            let solver = implied_vol::ImpliedBlackVolatility::builder()
                .option_price(q.undiscounted_price)
                .forward(q.forward)
                .strike(q.strike)
                .expiry(q.tau_years)
                .is_call(q.option_type == OptionType::Call)
                .build();
            let vol = solver.and_then(|s| s.calculate::<implied_vol::DefaultSpecialFn>());
            std::hint::black_box(vol);
        }
    };
    let mut contestants =
        [plimsoll_bench::rounds::Contestant::new("implied-vol", quotes.len() as f64, run)];
    Ok(plimsoll_bench::rounds::seconds_per_unit(&mut contestants, 7, 0.02)[0])
}
