//! Before and after, on a terminal.

use std::collections::BTreeMap;

use plimsoll::margin::report::Assessment;

use super::{assessment, model_words, snapshot_words};
use crate::commands::WhatIf;
use crate::format::{NONE, clean, number, optional, price, scenario, shortest, signed};
use crate::table::{Table, heading};

/// Trades, headline before and after, components before and after.
pub fn text(answer: &WhatIf) -> String {
    let (before, after) = (&answer.before, &answer.after);
    let mut out = heading(&format!("Account {}", clean(&before.account)));
    out.push_str(&format!("model   {}\n", model_words(&before.model)));
    out.push_str(&format!("market  {}\n", snapshot_words(&before.snapshot)));
    out.push_str(&format!("before  {}\n", assessment::verdict(before)));
    out.push_str(&format!("after   {}\n\n", assessment::verdict(after)));
    out.push_str(&trades(answer).to_terminal());
    out.push_str(&change(before, after).to_terminal());
    out.push_str(&components(before, after).to_terminal());
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
    let usd = assessment::usd(if after.gross > before.gross { after } else { before });
    let mut table =
        Table::new("Before and after").text("").number("Before").number("After").number("Change");
    let mut amount = |what: &str, of: fn(&Assessment) -> f64| {
        let (was, is) = (of(before), of(after));
        table.push([what.to_owned(), usd.show(was), usd.show(is), usd.change(is - was)]);
    };
    amount("Equity, USD", |answer| answer.equity);
    amount("Initial margin, USD", |answer| answer.initial_margin);
    amount("Maintenance margin, USD", |answer| answer.maintenance_margin);
    amount("Excess, USD", |answer| answer.excess);
    amount("Gross, USD", |answer| answer.gross);
    amount("Benefit, USD", |answer| answer.benefit.amount);
    let mut share = |what: &str, of: fn(&Assessment) -> Option<f64>| {
        let (was, is) = (of(before), of(after));
        let show = |value: Option<f64>| optional(value, |value| number(value, 2));
        let difference = was.zip(is).map(|(was, is)| is - was);
        let difference = optional(difference, |value| signed(value, 2));
        table.push([what.to_owned(), show(was), show(is), difference]);
    };
    share("Margin ratio, %", |answer| answer.margin_ratio.map(|ratio| 100.0 * ratio));
    share("Effective leverage, ×", |answer| answer.leverage.effective);
    share("Liquidation by fall, %", |answer| answer.distance_to_liquidation.down_move_pct);
    share("Liquidation by rise, %", |answer| answer.distance_to_liquidation.up_move_pct);
    let worst =
        |answer: &Assessment| answer.worst.as_ref().map_or_else(|| NONE.to_owned(), scenario);
    table.push(["Worst scenario".to_owned(), worst(before), worst(after), String::new()]);
    table
}

fn components(before: &Assessment, after: &Assessment) -> Table {
    let usd = assessment::usd(if after.gross > before.gross { after } else { before });
    let mut table = Table::new("Components of initial margin")
        .text("Charge")
        .number("Before, USD")
        .number("After, USD")
        .number("Change, USD");
    let amounts = |answer: &Assessment| -> BTreeMap<String, f64> {
        answer.components.iter().map(|part| (part.name.clone(), part.amount)).collect()
    };
    let (was, is) = (amounts(before), amounts(after));
    let mut names: Vec<&String> = Vec::new();
    for part in before.components.iter().chain(&after.components) {
        if !names.contains(&&part.name) {
            names.push(&part.name);
        }
    }
    for name in names {
        let of = |amounts: &BTreeMap<String, f64>| amounts.get(name).copied().unwrap_or(0.0);
        let (was, is) = (of(&was), of(&is));
        table.push([name.clone(), usd.show(was), usd.show(is), usd.change(is - was)]);
    }
    table
}
