//! The page of a risk report.

use plimsoll::stress::RiskReport;
use serde::Serialize;

use super::page::{card, data_script, document, figure};
use crate::format::{Usd, instant, number};
use crate::table::escape;
use crate::view::risk;

const SCRIPT: &str = include_str!("risk.js");

#[derive(Serialize)]
struct Data<'a> {
    report: &'a RiskReport,
}

/// The page about these accounts.
pub fn page(reports: &[RiskReport]) -> anyhow::Result<String> {
    let title = reports.first().map_or("", |report| report.account.as_str());
    let mut body = String::new();
    for report in reports {
        body.push_str(&section(report)?);
    }
    Ok(document(&format!("Risk of {title}"), &body, SCRIPT))
}

fn section(report: &RiskReport) -> anyhow::Result<String> {
    let mut out = String::from("<section class=\"account\">\n");
    out.push_str(&format!(
        "<header><h1>{account}</h1>\n<p class=\"about\">Risk report. Scenarios <b>{id}</b> of \
         {effective} ({count}). Liquidation by <b>{model}</b>. Market <b>{market}</b>, {time}.</p>\n\
         <p>{story}</p></header>\n",
        account = escape(&report.account),
        id = escape(&report.scenarios.id),
        effective = escape(&report.scenarios.effective),
        count = report.scenarios.count,
        model = escape(&report.model),
        market = escape(&report.snapshot),
        time = instant(report.time),
        story = escape(&report.narrative.join(" ")),
    ));
    out.push_str(&figures(report));
    out.push_str("<noscript><p>The charts need JavaScript; the tables do not.</p></noscript>\n");
    out.push_str("<div class=\"charts\">\n");
    for (chart, title, class) in [
        ("stresses", "Loss in every stress", " wide"),
        ("tails", "VaR with its 95 % interval, and ES", ""),
        ("losses", "One-day losses over the scenarios", ""),
        ("correlations", "Correlations of the scenario moves", ""),
        ("components", "Where the ES comes from", ""),
    ] {
        out.push_str(&figure(chart, title, class, ""));
    }
    out.push_str("</div>\n<div class=\"tables\">\n");
    for table in risk::tables(report).into_iter().filter(|table| !table.is_empty()) {
        out.push_str(&card(&table));
    }
    let items: String =
        report.notes.iter().map(|note| format!("<li>{}</li>", escape(note))).collect();
    out.push_str(&format!(
        "<div class=\"card wide\"><h2>Notes</h2><ul>{items}</ul></div>\n</div>\n"
    ));
    out.push_str(&data_script(&Data { report })?);
    out.push_str("</section>\n");
    Ok(out)
}

/// The headline numbers.
fn figures(report: &RiskReport) -> String {
    let usd = Usd::fitting([report.value, report.state.equity]);
    let at = |level: f64| {
        report.tails.iter().find(|row| row.horizon_days == 1.0 && row.level_pct == level)
    };
    let tail = |level: f64, of: fn(&plimsoll::stress::report::TailRow) -> f64| {
        at(level).map_or_else(|| crate::format::NONE.to_owned(), |row| usd.show(of(row)))
    };
    let worst = report.stresses.iter().map(|row| row.loss).fold(0.0, f64::max);
    let reverse = report
        .reverse
        .as_ref()
        .map_or_else(|| "none found".to_owned(), |found| number(found.standard_deviations, 1));
    let mut out = String::from("<dl class=\"figures\">\n");
    for (what, value, unit) in [
        ("Value", usd.show(report.value), "USD, before haircuts"),
        ("VaR 99 %, 1 day", tail(99.0, |row| row.var), "USD"),
        ("ES 97.5 %, 1 day", tail(97.5, |row| row.es), "USD"),
        ("Worst stress", usd.show(worst), "USD lost"),
        ("Breaking move", reverse, "daily standard deviations away"),
        ("Maintenance margin", usd.show(report.state.maintenance_margin), "USD"),
        ("Cost of getting out", usd.show(report.exit_cost), "USD, spread and impact"),
        (
            "Time to get out",
            crate::format::optional(report.exit_days, |days| number(days, 1)),
            "days, slowest position",
        ),
    ] {
        out.push_str(&format!(
            "<div><dt>{what}</dt><dd>{}</dd><dd class=\"unit\">{unit}</dd></div>\n",
            escape(&value)
        ));
    }
    out.push_str("</dl>\n");
    out
}
