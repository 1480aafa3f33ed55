//! `plimsoll bench`: the main kernels on this machine, beside what the machine can do at most.

use plimsoll_bench::suite::{Effort, FMA_PER_OPTION, Results, measure};
use plimsoll_math::InstructionSet;
use schemars::JsonSchema;
use serde::Serialize;

use super::json;
use crate::args::BenchArgs;
use crate::args::common::Format;
use crate::exit::Answer;
use crate::progress::Progress;
use crate::table::Table;

/// What was measured, per instruction set.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Bench {
    /// Every instruction set of this processor, narrowest first.
    pub runs: Vec<Run>,
}

/// Measurements with one instruction set, of one thread.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Run {
    /// The instruction set.
    pub instructions: String,
    /// Limit: multiply-adds, thousand millions a second.
    pub limit_fma_g_per_s: f64,
    /// Limit: reads from the second-level cache, GB/s.
    pub limit_l2_gb_per_s: f64,
    /// Risk array of 1,000 options under 33 scenarios: options × scenarios, millions a second.
    pub array_m_per_s: f64,
    /// Share of the multiply-add limit, counting 95 for a call and a put in one scenario.
    pub array_of_limit: f64,
    /// Worst losses of accounts with 20 positions, millions a second.
    pub accounts_m_per_s: f64,
    /// Share of the cache's bandwidth.
    pub accounts_of_limit: f64,
    /// A fill on a stored net vector, with its worst loss, in nanoseconds.
    pub fill_ns: f64,
    /// One account from the risk array, in nanoseconds.
    pub one_account_ns: f64,
    /// One account with its 20 options repriced, in microseconds.
    pub full_reprice_us: f64,
    /// One implied vol in a batch, in nanoseconds.
    pub implied_vol_ns: f64,
}

/// A few seconds over all instruction sets.
const EFFORT: Effort = Effort { rounds: 7, seconds: 0.02 };
const SCENARIOS: usize = 33;

/// Runs the command.
pub fn run(args: &BenchArgs) -> anyhow::Result<Answer> {
    let sets: Vec<InstructionSet> = InstructionSet::available().collect();
    let progress = Progress::start("measuring", sets.len());
    let mut runs = Vec::new();
    for instructions in sets {
        let results = measure(instructions, SCENARIOS, EFFORT)
            .map_err(|error| anyhow::anyhow!("{instructions}: {error}"))?;
        runs.push(Run::of(instructions, &results));
        progress.step();
    }
    drop(progress);
    let bench = Bench { runs };
    Ok(Answer::text(if args.format.format == Format::Json { json(&bench)? } else { text(&bench) }))
}

impl Run {
    fn of(instructions: InstructionSet, r: &Results) -> Self {
        Self {
            instructions: instructions.to_string(),
            limit_fma_g_per_s: 1e-9 / r.fma,
            limit_l2_gb_per_s: 1e-9 / r.l2_byte,
            array_m_per_s: 1e-6 / r.array,
            array_of_limit: FMA_PER_OPTION * r.fma / r.array,
            accounts_m_per_s: 1e-6 / r.account,
            accounts_of_limit: r.account_bytes * r.l2_byte / r.account,
            fill_ns: 1e9 * r.fill,
            one_account_ns: 1e9 * r.one_account,
            full_reprice_us: 1e6 * r.full_reprice,
            implied_vol_ns: 1e9 * r.implied_vol,
        }
    }
}

fn text(bench: &Bench) -> String {
    let mut table = Table::new("One thread, medians; 1,000 options, 33 scenarios, 20 positions")
        .text("What")
        .text("Unit");
    for run in &bench.runs {
        table = table.number(run.instructions.clone());
    }
    type Figure = fn(&Run) -> String;
    let rows: [(&str, &str, Figure); 10] = [
        ("Limit: multiply-add", "G/s", |r| format!("{:.1}", r.limit_fma_g_per_s)),
        ("Limit: second-level cache", "GB/s", |r| format!("{:.0}", r.limit_l2_gb_per_s)),
        ("Risk array", "M options/s", |r| format!("{:.0}", r.array_m_per_s)),
        ("  of the multiply-add limit", "%", |r| format!("{:.0}", 100.0 * r.array_of_limit)),
        ("Accounts, worst loss", "M/s", |r| format!("{:.1}", r.accounts_m_per_s)),
        ("  of the cache's bandwidth", "%", |r| format!("{:.0}", 100.0 * r.accounts_of_limit)),
        ("A fill on a net vector", "ns", |r| format!("{:.0}", r.fill_ns)),
        ("One account from the array", "ns", |r| format!("{:.0}", r.one_account_ns)),
        ("One account, fully repriced", "µs", |r| format!("{:.1}", r.full_reprice_us)),
        ("Implied vol, in a batch", "ns", |r| format!("{:.0}", r.implied_vol_ns)),
    ];
    for (what, unit, figure) in rows {
        let mut cells = vec![what.to_owned(), unit.to_owned()];
        cells.extend(bench.runs.iter().map(figure));
        table.push(cells);
    }
    let mut out = table.to_terminal();
    out.push_str(
        "Processor time, rounds in turn with the limits, so other load on the machine mostly cancels\n\
         from the shares. BENCHMARKS.md compares with other libraries.\n",
    );
    out
}
