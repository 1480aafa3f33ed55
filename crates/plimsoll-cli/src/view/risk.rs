//! A risk report as tables.

use plimsoll::stress::RiskReport;

use crate::format::{NONE, Usd, clean, instant, number, optional, signed};
use crate::table::{Table, heading};

/// Everything, for a terminal.
pub fn text(reports: &[RiskReport]) -> String {
    reports.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn one(report: &RiskReport) -> String {
    let mut out = heading(&format!("Risk of {}", clean(&report.account)));
    out.push_str(&format!(
        "  {}, {}\n  scenarios {} of {} ({} days); liquidation by {}\n\n",
        clean(&report.snapshot),
        instant(report.time),
        clean(&report.scenarios.id),
        clean(&report.scenarios.effective),
        report.scenarios.count,
        clean(&report.model),
    ));
    for sentence in &report.narrative {
        out.push_str(&format!("  {}\n", clean(sentence)));
    }
    out.push('\n');
    for table in tables(report).iter().filter(|table| !table.is_empty()) {
        out.push_str(&table.to_terminal());
    }
    for note in &report.notes {
        out.push_str(&format!("  {}\n", clean(note)));
    }
    out
}

/// The tables, in order.
pub fn tables(report: &RiskReport) -> Vec<Table> {
    vec![
        tails(report),
        correlations(report),
        stresses(report),
        reverse(report),
        hedges(report),
        components(report),
        worst(report),
        exits(report),
        concentrations(report),
    ]
}

fn usd(report: &RiskReport) -> Usd {
    Usd::fitting([report.value, report.state.equity])
}

fn horizon(days: f64) -> String {
    if days < 1.0 { format!("{} h", number(24.0 * days, 0)) } else { format!("{days} d") }
}

fn tails(report: &RiskReport) -> Table {
    let usd = usd(report);
    let mut table = Table::new("Loss over a horizon, USD")
        .text("Horizon")
        .number("Level\n%")
        .number("VaR")
        .number("from")
        .number("to")
        .number("ES")
        .number("± standard\nerror");
    for row in &report.tails {
        table.push([
            horizon(row.horizon_days),
            row.level_pct.to_string(),
            usd.show(row.var),
            usd.show(row.var_low),
            optional(row.var_high, |high| usd.show(high)),
            usd.show(row.es),
            optional(row.es_error, |error| usd.show(error)),
        ]);
    }
    table
}

fn correlations(report: &RiskReport) -> Table {
    let usd = usd(report);
    let mut table = Table::new("If correlations move, 1 day, USD")
        .text("Correlations")
        .number("VaR")
        .number("ES");
    for row in &report.correlation_stress {
        table.push([row.name.clone(), usd.show(row.var), usd.show(row.es)]);
    }
    table
}

fn stresses(report: &RiskReport) -> Table {
    let usd = usd(report);
    let mut table = Table::new("Stresses, USD")
        .text("Stress")
        .text("Kind")
        .text("Date")
        .number("Loss")
        .number("% of\nvalue")
        .number("Equity\nafter")
        .number("Maintenance\nafter")
        .text("");
    for row in &report.stresses {
        let state = match row.after {
            Some(after) if after.under_maintenance => "LIQUIDATED",
            Some(_) => "",
            None => "no margin",
        };
        table.push([
            row.name.clone(),
            row.kind.words().to_owned(),
            row.date.clone().unwrap_or_default(),
            usd.show(row.loss),
            optional(row.loss_pct, |pct| number(pct, 1)),
            optional(row.after.map(|after| after.equity), |amount| usd.show(amount)),
            optional(row.after.map(|after| after.maintenance_margin), |amount| usd.show(amount)),
            state.to_owned(),
        ]);
    }
    table
}

fn reverse(report: &RiskReport) -> Table {
    let title = match &report.reverse {
        Some(found) if found.standard_deviations == 0.0 => {
            "Reverse stress: the account is under maintenance already".to_owned()
        }
        Some(found) => format!(
            "Reverse stress: the most likely breaking move, {} daily standard deviations",
            number(found.standard_deviations, 2)
        ),
        None => "Reverse stress: no breaking move found".to_owned(),
    };
    let mut table = Table::new(title).text("Factor").number("Move, %");
    for part in report.reverse.iter().flat_map(|found| &found.moves) {
        table.push([part.factor.clone(), signed(part.move_pct, 1)]);
    }
    table
}

/// Sensitivities now and after each stress: whether a hedge stays one.
fn hedges(report: &RiskReport) -> Table {
    let mut table = Table::new("Hedges after each stress, USD")
        .text("After")
        .number("Delta\nper 1 %")
        .number("Gamma\nper 1 %²")
        .number("Vega\nper point")
        .number("Theta\nper day");
    let mut row = |name: &str, state: &plimsoll::stress::report::AccountState| {
        table.push([
            name.to_owned(),
            number(state.delta_1pct, 0),
            number(state.gamma_1pct, 0),
            number(state.vega, 0),
            number(state.theta, 0),
        ]);
    };
    row("now", &report.state);
    for stress in &report.stresses {
        if let Some(after) = &stress.after {
            row(&stress.name, after);
        }
    }
    table
}

fn components(report: &RiskReport) -> Table {
    let usd = usd(report);
    let mut table =
        Table::new("Where the ES comes from (97.5 %, 1 day)").text("Leg").number("Part, USD");
    for part in &report.components {
        table.push([part.leg.clone(), usd.show(part.amount)]);
    }
    table
}

fn worst(report: &RiskReport) -> Table {
    let usd = usd(report);
    let mut table = Table::new("Worst scenarios").text("Scenario").number("Loss, USD");
    for row in &report.worst {
        table.push([row.name.clone(), usd.show(row.loss)]);
    }
    table
}

fn exits(report: &RiskReport) -> Table {
    let mut table = Table::new(format!(
        "Getting out: {} USD, slowest {} days",
        number(report.exit_cost, 0),
        optional(report.exit_days, |days| number(days, 1))
    ))
    .text("Position")
    .number("Contracts")
    .number("Half spread\nUSD")
    .number("Impact\nUSD")
    .number("Days")
    .number("% of open\ninterest")
    .text("Quote");
    for exit in &report.exits {
        table.push([
            exit.instrument.clone(),
            crate::format::shortest(exit.quantity, 8),
            number(exit.half_spread, 0),
            optional(exit.impact, |impact| number(impact, 0)),
            optional(exit.days, |days| number(days, 1)),
            optional(exit.share_of_open_interest, |share| number(100.0 * share, 1)),
            if exit.quoted { "quoted" } else { "assumed" }.to_owned(),
        ]);
    }
    table
}

fn concentrations(report: &RiskReport) -> Table {
    let mut table = Table::new("Concentration")
        .text("Of")
        .text("Largest")
        .number("Share\n%")
        .number("Amount\nUSD")
        .number("Herfindahl");
    for found in &report.concentrations {
        let (name, share, amount) = found.shares.first().map_or_else(
            || (NONE.to_owned(), NONE.to_owned(), NONE.to_owned()),
            |most| (most.name.clone(), number(100.0 * most.share, 1), number(most.amount, 0)),
        );
        table.push([found.of.clone(), name, share, amount, number(found.herfindahl, 2)]);
    }
    table
}
