//! A SPAN risk-parameter file, on a terminal.

use crate::commands::SpanReport;
use crate::format::{clean, count, shortest};
use crate::table::Table;

/// Every combined commodity.
pub fn text(report: &SpanReport) -> String {
    let title = format!(
        "SPAN parameters of {}, {}: {}, {} between commodities",
        clean(&report.clearing_organisation),
        clean(&report.effective),
        count(report.contracts, "contract"),
        count(report.inter_spreads, "spread"),
    );
    let mut table = Table::new(title)
        .text("Commodity")
        .text("Currency")
        .number("Contracts")
        .number("Price scan\nrange, most")
        .number("Spreads\nwithin")
        .number("Per short\noption")
        .number("Initial\n/ risk")
        .number("Maintenance\n/ risk")
        .text("Refused because of");
    for commodity in &report.commodities {
        table.push([
            clean(&commodity.code),
            clean(&commodity.currency),
            count_only(commodity.contracts),
            shortest(commodity.price_scan_range, 2),
            count_only(commodity.intra_spreads),
            shortest(commodity.short_option_rate, 2),
            shortest(commodity.initial_ratio, 4),
            shortest(commodity.maintenance_ratio, 4),
            clean(&commodity.unsupported.join("; ")),
        ]);
    }
    table.to_terminal()
}

fn count_only(count: usize) -> String {
    shortest(count as f64, 0)
}
