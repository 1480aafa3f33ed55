//! The full answer, on a terminal.

use plimsoll::margin::report::Assessment;

use super::{assessment, model_words, snapshot_words};
use crate::commands::Accounts;
use crate::format::{Usd, clean, number};
use crate::table::{Table, heading};

/// Every account, then the group.
pub fn text(answers: &Accounts) -> String {
    let mut out = String::new();
    for account in &answers.accounts {
        out.push_str(&one(account, "Account"));
    }
    if let Some(group) = &answers.group {
        out.push_str(&one(group, "Group"));
        out.push_str(&group_table(answers, group).to_terminal());
    }
    out
}

fn one(answer: &Assessment, what: &str) -> String {
    let mut out = heading(&format!("{what} {}", clean(&answer.account)));
    out.push_str(&format!("model   {}\n", model_words(&answer.model)));
    out.push_str(&format!("market  {}\n", snapshot_words(&answer.snapshot)));
    out.push_str(&format!("status  {}\n\n", assessment::verdict(answer)));
    for table in assessment::all(answer) {
        out.push_str(&table.to_terminal());
    }
    let notes = assessment::notes(answer);
    if !notes.is_empty() {
        out.push_str(&heading("Notes"));
        for note in notes {
            out.push_str(&format!("  {note}\n"));
        }
        out.push('\n');
    }
    out
}

/// The accounts alone, together, and the difference.
pub fn group_table(answers: &Accounts, group: &Assessment) -> Table {
    let usd = Usd::fitting(answers.accounts.iter().chain([group]).map(|one| one.equity));
    let mut table = Table::new("The accounts alone and netted as one")
        .text("Account")
        .number("Equity, USD")
        .number("Initial, USD")
        .number("Maintenance, USD")
        .number("Excess, USD");
    let mut row = |name: &str, one: &Assessment| {
        table.push([
            name.to_owned(),
            usd.show(one.equity),
            usd.show(one.initial_margin),
            usd.show(one.maintenance_margin),
            usd.show(one.excess),
        ]);
    };
    for account in &answers.accounts {
        row(&account.account, account);
    }
    row("netted as one", group);
    if let Some(saving) = answers.saving {
        table.push([
            format!("saved: {} % of initial", number(saving.percent, 1)),
            String::new(),
            usd.show(saving.initial_margin),
            usd.show(saving.maintenance_margin),
            String::new(),
        ]);
    }
    table
}
