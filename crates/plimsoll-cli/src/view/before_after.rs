//! Tables of before, after and change.

use plimsoll::margin::governance::ComponentChange;

use crate::format::{Usd, number, optional, signed};
use crate::table::Table;

/// A table with a line per number: before, after, and the change.
pub struct BeforeAfter {
    usd: Usd,
    table: Table,
}

impl BeforeAfter {
    /// An empty table; `usd` has the decimals of its amounts.
    pub fn new(title: &str, usd: Usd) -> Self {
        let table = Table::new(title).text("").number("Before").number("After").number("Change");
        Self { usd, table }
    }

    /// An amount of USD.
    pub fn amount(&mut self, what: &str, was: f64, is: f64) {
        let Self { usd, table } = self;
        table.push([what.to_owned(), usd.show(was), usd.show(is), usd.change(is - was)]);
    }

    /// A ratio or a percentage, which may be absent.
    pub fn share(&mut self, what: &str, was: Option<f64>, is: Option<f64>) {
        let show = |value: Option<f64>| optional(value, |value| number(value, 2));
        let difference = was.zip(is).map(|(was, is)| is - was);
        let difference = optional(difference, |value| signed(value, 2));
        self.table.push([what.to_owned(), show(was), show(is), difference]);
    }

    /// Something that has no difference.
    pub fn words(&mut self, what: &str, was: String, is: String) {
        self.table.push([what.to_owned(), was, is, String::new()]);
    }

    /// The table.
    pub fn into_table(self) -> Table {
        self.table
    }
}

/// Every charge before and after.
pub fn components(changes: &[ComponentChange], usd: Usd) -> Table {
    let mut table = Table::new("Components, USD").text("Charge");
    for margin in ["Initial", "Maintenance"] {
        for column in ["before", "after", "change"] {
            table = table.number(format!("{margin}\n{column}"));
        }
    }
    for part in changes {
        table.push([
            part.name.clone(),
            usd.show(part.initial_before),
            usd.show(part.initial_after),
            usd.change(part.initial_after - part.initial_before),
            usd.show(part.maintenance_before),
            usd.show(part.maintenance_after),
            usd.change(part.maintenance_after - part.maintenance_before),
        ]);
    }
    table
}
