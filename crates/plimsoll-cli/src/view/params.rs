//! Two parameter files beside each other, on a terminal.

use plimsoll::Market;
use plimsoll::margin::governance::{Impact, ParameterChange};
use plimsoll::margin::models::evidence_text;
use plimsoll::margin::report::Summary;

use super::before_after::{BeforeAfter, components};
use crate::commands::{Diff, Impacts};
use crate::format::{NONE, Usd, clean, count, instant, optional, scenario, signed};
use crate::table::{Table, heading};

/// Where both files come from, and every parameter that differs.
pub fn diff(diff: &Diff) -> String {
    let mut out = provenance(diff).to_terminal();
    if diff.changes.is_empty() {
        out.push_str("No parameter differs.\n");
    } else {
        out.push_str(&changes(&diff.changes).to_terminal());
    }
    out
}

/// Where both files come from, then every account before and after.
pub fn impact(impacts: &Impacts, market: &Market) -> String {
    let mut out = provenance(&impacts.diff).to_terminal();
    let differ = count(impacts.diff.changes.len(), "difference");
    out.push_str(&format!("{differ} between them; `plimsoll params diff` lists them.\n\n"));
    for account in &impacts.accounts {
        out.push_str(&one(account, market));
    }
    out
}

fn provenance(diff: &Diff) -> Table {
    let mut table = Table::new("Parameters").text("").text("From").text("To");
    let mut row = |what: &str, of: fn(&crate::commands::ParameterFile) -> String| {
        table.push([what.to_owned(), of(&diff.from), of(&diff.to)]);
    };
    row("File", |file| clean(&file.file));
    row("Model", |file| clean(&file.model.id));
    row("In force from", |file| clean(&file.model.effective));
    row("Evidence", |file| evidence_text(file.model.evidence).to_owned());
    row("Source", |file| super::wrapped(&clean(&file.model.source), SOURCE_WIDTH));
    table
}

/// Two sources fit side by side on a terminal of 100 columns.
const SOURCE_WIDTH: usize = 40;

fn changes(changes: &[ParameterChange]) -> Table {
    let mut table = Table::new(count(changes.len(), "difference")).text("Parameter");
    let values = || changes.iter().flat_map(|change| [&change.from, &change.to]).flatten();
    let all_numbers = values().all(|value| value.parse::<f64>().is_ok());
    for side in ["From", "To"] {
        table = if all_numbers { table.number(side) } else { table.text(side) };
    }
    let mut table = table.number("Change, %");
    let value = |text: &Option<String>| {
        text.as_ref().map_or(NONE.to_owned(), |text| super::wrapped(&clean(text), SOURCE_WIDTH))
    };
    for change in changes {
        table.push([
            clean(&change.path),
            value(&change.from),
            value(&change.to),
            optional(change.change_pct, |percent| signed(percent, 2)),
        ]);
    }
    table
}

fn one(account: &Impact, market: &Market) -> String {
    let (before, after) = (&account.before, &account.after);
    let mut out = heading(&format!("Account {}", clean(&before.account)));
    out.push_str(&format!("market  {}, {}\n", clean(&market.id), instant(market.time)));
    out.push_str(&format!("before  {}\n", super::verdict(before.under_maintenance, before.excess)));
    out.push_str(&format!("after   {}\n\n", super::verdict(after.under_maintenance, after.excess)));
    let usd = Usd::fitting([before, after].into_iter().flat_map(|row| [row.equity, row.gross]));
    out.push_str(&headline(before, after, usd).to_terminal());
    out.push_str(&components(&account.components, usd).to_terminal());
    for (which, row) in [("from", before), ("to", after)] {
        for note in &row.notes {
            out.push_str(&format!("note, {which}: {}\n", clean(note)));
        }
    }
    out
}

fn headline(before: &Summary, after: &Summary, usd: Usd) -> Table {
    let mut table = BeforeAfter::new("Before and after", usd);
    let mut amount =
        |what: &str, of: fn(&Summary) -> f64| table.amount(what, of(before), of(after));
    amount("Equity, USD", |row| row.equity);
    amount("Initial margin, USD", |row| row.initial_margin);
    amount("Maintenance margin, USD", |row| row.maintenance_margin);
    amount("Excess, USD", |row| row.excess);
    amount("Gross, USD", |row| row.gross);
    amount("Benefit, USD", |row| row.benefit.amount);
    let mut share =
        |what: &str, of: fn(&Summary) -> Option<f64>| table.share(what, of(before), of(after));
    share("Margin ratio, %", |row| row.margin_ratio.map(|ratio| 100.0 * ratio));
    share("Liquidation by fall, %", |row| row.down_move_pct);
    share("Liquidation by rise, %", |row| row.up_move_pct);
    let worst = |row: &Summary| row.worst.as_ref().map_or_else(|| NONE.to_owned(), scenario);
    table.words("Worst scenario", worst(before), worst(after));
    table.into_table()
}
