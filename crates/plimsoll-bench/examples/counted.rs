//! Fixed work for counting instructions (see benches/instructions.sh): one kernel, a few times, with
//! AVX2, which the counter knows.

use plimsoll_bench::{suite, workload};
use plimsoll_math::InstructionSet;
use plimsoll_model::InstrumentId;
use plimsoll_pricing::implied_vols_with;
use plimsoll_risk::{Accounts, Measure, RiskArray};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let instructions = InstructionSet::avx2().ok_or("this processor has no AVX2")?;
    let market = workload::chain();
    let ids: Vec<InstrumentId> = market.ids().collect();
    let set = workload::scenarios(33);
    let price =
        || RiskArray::price_with(instructions, &market, ids.iter().copied(), &set, Measure::Usd);
    // What is subtracted from every other count: building the workload.
    let mut array = price()?;
    let lists = workload::accounts(&market, 2_000, suite::POSITIONS);
    let accounts = Accounts::bind(&array, lists.iter().map(|account| account.iter().copied()))?;
    let held: Vec<InstrumentId> = lists[0].iter().map(|(id, _)| *id).collect();
    let quotes = suite::quotes(&market);
    for _ in 0..10 {
        match wanted.as_str() {
            "nothing" => {}
            "array" => drop(std::hint::black_box(price()?)),
            "reprice" => array.reprice(&market, &held)?,
            "accounts" => drop(std::hint::black_box(accounts.worst_losses(&array)?)),
            "implied_vol" => {
                drop(std::hint::black_box(implied_vols_with(instructions, &quotes)));
            }
            other => return Err(format!("no workload `{other}`").into()),
        }
    }
    Ok(())
}
