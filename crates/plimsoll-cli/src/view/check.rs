//! Ours beside theirs, on a terminal.

use super::{model_words, snapshot_words};
use crate::commands::{Check, CheckedPool};
use crate::format::{clean, optional, shortest, signed};
use crate::table::{Table, heading};

/// Decimals of an amount: the most that venues publish.
const DECIMALS: usize = 8;

/// One table per pool.
pub fn text(check: &Check) -> String {
    let mut out = heading(&format!("Account {}", clean(&check.account)));
    out.push_str(&format!("theirs  {}, {}\n", clean(&check.venue), clean(&check.answer)));
    out.push_str(&format!("ours    {}\n", model_words(&check.model)));
    out.push_str(&format!("market  {}\n\n", snapshot_words(&check.snapshot)));
    for pool in &check.pools {
        out.push_str(&table(pool).to_terminal());
    }
    for note in &check.notes {
        out.push_str(&format!("note: {}\n", clean(note)));
    }
    out
}

fn table(pool: &CheckedPool) -> Table {
    let mut table = Table::new(format!("Pool {}, {}", clean(&pool.name), clean(&pool.asset)))
        .text("")
        .number("Theirs")
        .number("Ours")
        .number("Difference")
        .number("Percent");
    for line in &pool.lines {
        table.push([
            line.what.clone(),
            shortest(line.theirs, DECIMALS),
            optional(line.ours, |ours| shortest(ours, DECIMALS)),
            optional(line.difference, |difference| signed(difference, DECIMALS)),
            optional(line.difference_pct, |share| signed(share, 3)),
        ]);
    }
    table
}
