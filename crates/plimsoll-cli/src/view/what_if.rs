//! Before and after, on a terminal.

use plimsoll::margin::governance::component_changes;
use plimsoll::margin::report::Assessment;

use super::before_after::{BeforeAfter, components};
use super::{assessment, liquidation, model_words, snapshot_words};
use crate::commands::WhatIf;
use crate::format::{NONE, Usd, clean, optional, price, scenario, shortest};
use crate::table::{Table, heading};

/// Trades, then headline, components and liquidation prices before and after.
pub fn text(answer: &WhatIf) -> String {
    let (before, after) = (&answer.before, &answer.after);
    let mut out = heading(&format!("Account {}", clean(&before.account)));
    out.push_str(&format!("model   {}\n", model_words(&before.model)));
    out.push_str(&format!("market  {}\n", snapshot_words(&before.snapshot)));
    out.push_str(&format!("before  {}\n", assessment::verdict(before)));
    out.push_str(&format!("after   {}\n\n", assessment::verdict(after)));
    out.push_str(&trades(answer).to_terminal());
    out.push_str(&change(before, after).to_terminal());
    let parts = component_changes(&before.components, &after.components);
    out.push_str(&components(&parts, usd(before, after)).to_terminal());
    let prices = liquidation::before_after(before, after);
    if !prices.is_empty() {
        out.push_str(&prices.to_terminal());
    }
    for note in assessment::notes(after) {
        out.push_str(&format!("note: {note}\n"));
    }
    out
}

fn trades(answer: &WhatIf) -> Table {
    let mut table =
        Table::new("Trades").text("").text("Instrument").number("Contracts").number("Price");
    for trade in &answer.trades {
        let side = match (trade.price, trade.quantity > 0.0) {
            (None, true) => "deposit",
            (None, false) => "withdraw",
            (Some(_), true) => "buy",
            (Some(_), false) => "sell",
        };
        table.push([
            side.to_owned(),
            trade.instrument.clone(),
            shortest(trade.quantity.abs(), 8),
            optional(trade.price, price),
        ]);
    }
    table
}

fn change(before: &Assessment, after: &Assessment) -> Table {
    let mut table = BeforeAfter::new("Before and after", usd(before, after));
    let mut amount =
        |what: &str, of: fn(&Assessment) -> f64| table.amount(what, of(before), of(after));
    amount("Equity, USD", |answer| answer.equity);
    amount("Initial margin, USD", |answer| answer.initial_margin);
    amount("Maintenance margin, USD", |answer| answer.maintenance_margin);
    amount("Excess, USD", |answer| answer.excess);
    amount("Gross, USD", |answer| answer.gross);
    amount("Benefit, USD", |answer| answer.benefit.amount);
    let mut share =
        |what: &str, of: fn(&Assessment) -> Option<f64>| table.share(what, of(before), of(after));
    share("Margin ratio, %", |answer| answer.margin_ratio.map(|ratio| 100.0 * ratio));
    share("Effective leverage, ×", |answer| answer.leverage.effective);
    share("Liquidation by fall, %", |answer| answer.distance_to_liquidation.down_move_pct);
    share("Liquidation by rise, %", |answer| answer.distance_to_liquidation.up_move_pct);
    let worst =
        |answer: &Assessment| answer.worst.as_ref().map_or_else(|| NONE.to_owned(), scenario);
    table.words("Worst scenario", worst(before), worst(after));
    table.into_table()
}

/// The decimals that fit the larger of the two.
fn usd(before: &Assessment, after: &Assessment) -> Usd {
    assessment::usd(if after.gross > before.gross { after } else { before })
}
