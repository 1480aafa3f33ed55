//! A comparison on a terminal: one column per model.

use plimsoll::margin::models::evidence_text;
use plimsoll::margin::report::{ScenarioReport, Summary};

use crate::commands::{Compared, Row};
use crate::format::{
    NONE, Usd, clean, count, instant, number, optional, shortest, signed, vol_move,
};
use crate::input::{Candidate, Inputs};
use crate::table::{Table, heading};

/// Width taken where standard output is not a terminal.
const USUAL_WIDTH: usize = 120;

/// One table per account, after a line that says what is margined.
pub fn text(inputs: &Inputs, candidates: &[Candidate], compared: &[Compared]) -> String {
    let market = &inputs.market.value;
    let book = &inputs.book;
    let positions: usize = book.value.accounts.iter().map(|account| account.positions.len()).sum();
    let mut out = format!(
        "Margining {} ({}, {}) on {}, {}\n\n",
        book.origin,
        count(book.value.accounts.len(), "account"),
        count(positions, "position"),
        clean(&market.id),
        instant(market.time),
    );
    let width = terminal_size::terminal_size().map_or(USUAL_WIDTH, |(width, _)| width.0.into());
    for one in compared {
        out.push_str(&heading(&format!("Account {}", clean(&one.account))));
        out.push('\n');
        let answers = candidates.iter().zip(&one.rows);
        let columns: Vec<Column<'_>> =
            answers.filter_map(|(candidate, row)| Some((candidate, row.answer()?))).collect();
        push_tables(&mut out, &columns, width);
        push_remarks(&mut out, &one.rows, candidates, width);
    }
    out
}

/// What to try next.
pub fn hints() -> String {
    let mut out = heading("Next (from a checkout: cargo run --release -- COMMAND)");
    for (command, what) in [
        ("plimsoll margin", "every number explained"),
        ("plimsoll margin --html report.html", "the same as a page with charts"),
        ("plimsoll what-if --trade \"BUY 20 BTC-27FEB26-85000-P\"", "before and after a trade"),
        ("plimsoll compare --market crash-1551", "the same book in a crash"),
        ("plimsoll --help", "all commands"),
    ] {
        out.push_str(&format!("  {command:<55}  {what}\n"));
    }
    out
}

/// A model that answers, and what it says.
type Column<'a> = (&'a Candidate, &'a Summary);

/// As many models side by side as fit, the rest below them.
fn push_tables(out: &mut String, columns: &[Column<'_>], width: usize) {
    if columns.len() > MOST_COLUMNS {
        out.push_str(&ranked_lines(columns).to_terminal());
        return;
    }
    let table = table(columns);
    let blocks = table.width().div_ceil(width.max(1));
    if blocks > 1 && columns.len() > 1 {
        for block in columns.chunks(columns.len().div_ceil(blocks)) {
            push_tables(out, block, width);
        }
    } else {
        out.push_str(&table.to_terminal());
    }
}

/// More models than this are shown one to a line.
const MOST_COLUMNS: usize = 8;

/// One model to a line, with what fits beside it.
fn ranked_lines(columns: &[Column<'_>]) -> Table {
    let usd = Usd::fitting(columns.iter().flat_map(|(_, row)| [row.equity, row.gross]));
    let mut table = Table::new("").text("Model");
    for head in [
        "Equity,\nUSD",
        "Initial,\nUSD",
        "Maintenance,\nUSD",
        "Excess,\nUSD",
        "Ratio,\n%",
        "Benefit,\n% of gross",
        "Worst\nscenario",
        "Liquidation by\nfall / rise, %",
    ] {
        table = table.number(head.to_owned());
    }
    let mut table = table.text("Status").text("Evidence");
    for (candidate, row) in columns {
        table.push(vec![
            candidate.label.replace('\n', " "),
            usd.show(row.equity),
            usd.show(row.initial_margin),
            usd.show(row.maintenance_margin),
            usd.show(row.excess),
            optional(row.margin_ratio, |ratio| number(100.0 * ratio, 1)),
            number(row.benefit.percent, 1),
            worst(row).replace('\n', ", "),
            liquidation(row),
            status(row),
            evidence_text(row.model.evidence).to_owned(),
        ]);
    }
    table
}

fn table(columns: &[Column<'_>]) -> Table {
    let usd = Usd::fitting(columns.iter().flat_map(|(_, row)| [row.equity, row.gross]));
    let mut table = Table::new("").text("");
    for (candidate, _) in columns {
        table = table.number(candidate.label.clone());
    }
    let mut line = |what: &str, cell: &dyn Fn(&Summary) -> String| {
        let cells = columns.iter().map(|(_, row)| cell(row));
        table.push([what.to_owned()].into_iter().chain(cells).collect::<Vec<_>>());
    };
    line("Equity, USD", &|row| usd.show(row.equity));
    line("Initial margin, USD", &|row| usd.show(row.initial_margin));
    line("Maintenance margin, USD", &|row| usd.show(row.maintenance_margin));
    line("Excess, USD", &|row| usd.show(row.excess));
    line("Margin ratio, %", &|row| optional(row.margin_ratio, |ratio| number(100.0 * ratio, 1)));
    line("Gross, USD", &|row| usd.show(row.gross));
    line("Benefit, USD", &|row| usd.show(row.benefit.amount));
    line("Benefit, % of gross", &|row| number(row.benefit.percent, 1));
    line("Worst scenario", &worst);
    line("Liquidation by fall, %", &|row| distance(row, row.down_move_pct));
    line("Liquidation by rise, %", &|row| distance(row, row.up_move_pct));
    line("Status", &status);
    line("Parameters", &|row| evidence_text(row.model.evidence).to_owned());
    line("in force from", &|row| row.model.effective.clone());
    table
}

fn distance(row: &Summary, move_pct: Option<f64>) -> String {
    if row.under_maintenance {
        return "now".to_owned();
    }
    optional(move_pct, |by| signed(by, 1))
}

fn liquidation(row: &Summary) -> String {
    if row.under_maintenance {
        return "now".to_owned();
    }
    let [fall, rise] = [row.down_move_pct, row.up_move_pct].map(|by| distance(row, by));
    format!("{fall} / {rise}")
}

fn status(row: &Summary) -> String {
    let word = if row.under_maintenance {
        "UNDER MAINT."
    } else if row.excess < 0.0 {
        "below initial"
    } else {
        "fine"
    };
    word.to_owned()
}

/// In two lines, so that columns stay narrow.
fn worst(row: &Summary) -> String {
    match &row.worst {
        None => NONE.to_owned(),
        Some(ScenarioReport { unit, label: Some(label), .. }) => {
            format!("{}\n{label}", clean(unit))
        }
        Some(state) => {
            let plus = if state.spot_move_pct > 0.0 { "+" } else { "" };
            let by = shortest(state.spot_move_pct, 2);
            format!("{} {plus}{by} %\n{}", clean(&state.unit), vol_move(state.vol_move))
        }
    }
}

/// Notes of the models that answer, then the models that do not, with their reasons.
fn push_remarks(out: &mut String, rows: &[Row], candidates: &[Candidate], width: usize) {
    let (mut notes, mut refusals) = (String::new(), String::new());
    let mut is_cut = false;
    for (row, candidate) in rows.iter().zip(candidates) {
        let label = clean(&candidate.label);
        match row {
            Row::Answer(summary) => {
                for note in &summary.notes {
                    notes.push_str(&format!("{label}: {}\n", clean(note)));
                }
            }
            Row::Refusal(refusal) => {
                let line = format!("  {label}: {}", clean(&refusal.refused));
                let cut = line.char_indices().nth(width.saturating_sub(2));
                is_cut |= cut.is_some();
                let shown = cut.map_or(line.clone(), |(end, _)| format!("{} …", &line[..end]));
                refusals.push_str(&format!("{shown}\n"));
            }
        }
    }
    if !notes.is_empty() {
        out.push_str(&format!("{notes}\n"));
    }
    if !refusals.is_empty() {
        let whole = if is_cut { " (in full: --format json)" } else { "" };
        out.push_str(&heading(&format!("Refused{whole}")));
        out.push_str(&format!("{refusals}\n"));
    }
}
