//! The page itself.

use plimsoll::margin::models::evidence_text;
use plimsoll::margin::report::Assessment;
use serde::Serialize;

use super::Section;
use super::charts::Charts;
use crate::commands::Accounts;
use crate::format::{Usd, instant, move_pct, number, optional, scenario};
use crate::table::{Table, escape};
use crate::view::{assessment, margin};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("charts.js");

/// Scripts and styles are those in the page; nothing is fetched.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; \
    style-src 'unsafe-inline'; img-src data: blob:";

/// What the script reads.
#[derive(Serialize)]
struct Data<'a> {
    answer: &'a Assessment,
    #[serde(flatten)]
    charts: &'a Charts,
}

/// The whole document.
pub fn render(sections: &[Section<'_>], answers: &Accounts) -> anyhow::Result<String> {
    let title = sections.first().map_or("", |section| section.answer.account.as_str());
    let mut body = String::new();
    if sections.len() > 1 {
        body.push_str(&overview(sections, answers));
    }
    for (index, section) in sections.iter().enumerate() {
        body.push_str(&account(index, section)?);
    }
    Ok(document(&format!("Margin of {title}"), &body, SCRIPT))
}

/// A whole document around a body, with plotly and a script of the page's own.
pub fn document(title: &str, body: &str, script: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title} – Plimsoll</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <main>\n{body}</main>\n{plotly}\n<script>\n{script}</script>\n</body>\n</html>\n",
        title = escape(title),
        plotly = plotly_script(),
    )
}

/// Plotly's own script; what the crate puts after it typesets formulas, of which there are none.
fn plotly_script() -> String {
    const END: &str = "</script>";
    let scripts = plotly::Plot::offline_js_sources();
    match scripts.find(END) {
        Some(end) => scripts[..end + END.len()].to_owned(),
        None => scripts,
    }
}

/// Links to the accounts, and what netting them saves.
fn overview(sections: &[Section<'_>], answers: &Accounts) -> String {
    let mut out = String::from("<nav>");
    for (index, section) in sections.iter().enumerate() {
        let name = escape(&section.answer.account);
        out.push_str(&format!("<a href=\"#account-{index}\">{name}</a> "));
    }
    out.push_str("</nav>\n");
    if let Some(group) = &answers.group {
        out.push_str(&card(&margin::group_table(answers, group)));
    }
    out
}

fn account(index: usize, section: &Section<'_>) -> anyhow::Result<String> {
    let answer = section.answer;
    let data = serde_json::to_string(&Data { answer, charts: &section.charts })?;
    // Inside a script element only `<` could end it early.
    let data = data.replace('<', "\\u003c");
    let mut out = format!("<section class=\"account\" id=\"account-{index}\">\n");
    out.push_str(&header(answer));
    out.push_str(&figures(answer));
    out.push_str(&load_line(answer));
    out.push_str("<noscript><p>The charts need JavaScript; the tables do not.</p></noscript>\n");
    out.push_str(&charts(answer));
    out.push_str("<div class=\"tables\">\n");
    for table in assessment::all(answer).into_iter().skip(1) {
        out.push_str(&card(&table));
    }
    out.push_str(&notes(answer));
    if !answer.scenarios.is_empty() {
        let all = assessment::scenarios(answer);
        out.push_str(&format!(
            "<details class=\"card wide\"><summary>{} ({})</summary>{}</details>\n",
            all.title(),
            answer.scenarios.len(),
            all.to_html()
        ));
    }
    out.push_str("</div>\n");
    out.push_str(&format!("<script type=\"application/json\">{data}</script>\n</section>\n"));
    Ok(out)
}

/// Where the script draws; `data-chart` names the drawing.
fn charts(answer: &Assessment) -> String {
    let pools = if answer.pools.len() > 1 {
        "<small>Sums over the pools. Liquidation is where one pool's equity meets that pool's own \
         maintenance margin, which may be before the sums meet.</small>"
    } else {
        ""
    };
    let mut out = String::from("<div class=\"charts\">\n");
    for (chart, title, class, note) in [
        ("surface", "Profit and loss over price and vol", " wide", ""),
        ("price", "Equity and margin over price", " wide", pools),
        ("components", "Components", "", ""),
        ("netting", "From gross to net", "", ""),
        ("scenarios", "Loss in every scenario", " wide", ""),
        ("greeks", "Greeks by expiry", " wide", ""),
    ] {
        out.push_str(&format!(
            "<figure class=\"card{class}\"><figcaption>{title}{note}</figcaption>\
             <div data-chart=\"{chart}\"></div></figure>\n"
        ));
    }
    out.push_str("</div>\n");
    out
}

fn header(answer: &Assessment) -> String {
    let model = &answer.model;
    let (class, mark) = if answer.under_maintenance {
        ("bad", "▼")
    } else if answer.excess < 0.0 {
        ("warn", "■")
    } else {
        ("good", "▲")
    };
    format!(
        "<header><h1>{account}</h1>\n<p class=\"verdict {class}\">{mark} {verdict}</p>\n\
         <p class=\"about\">Model <b>{id}</b>, {evidence} parameters of {effective}. \
         Market <b>{market}</b>, {time}.</p></header>\n",
        account = escape(&answer.account),
        verdict = escape(assessment::verdict(answer)),
        id = escape(&model.id),
        evidence = evidence_text(model.evidence),
        effective = escape(&model.effective),
        market = escape(&answer.snapshot.id),
        time = instant(answer.snapshot.time),
    )
}

/// The headline numbers.
fn figures(answer: &Assessment) -> String {
    let usd = assessment::usd(answer);
    let distance = &answer.distance_to_liquidation;
    let liquidation = match (distance.down_move_pct, distance.up_move_pct) {
        _ if answer.under_maintenance => "now".to_owned(),
        (None, None) => "none found".to_owned(),
        (down, up) => format!("{} / {}", move_pct(down, 1), move_pct(up, 1)),
    };
    let mut cards = vec![
        ("Equity", usd.show(answer.equity), "USD"),
        ("Initial margin", usd.show(answer.initial_margin), "USD"),
        ("Maintenance margin", usd.show(answer.maintenance_margin), "USD"),
        ("Excess", usd.show(answer.excess), "USD"),
        (
            "Margin ratio",
            optional(answer.margin_ratio, |ratio| number(100.0 * ratio, 1)),
            "% maintenance / equity",
        ),
        ("Netting saves", number(answer.benefit.percent, 1), "% of gross"),
        ("Liquidation", liquidation, "fall / rise of every price"),
    ];
    let worst = answer.worst.as_ref().map(scenario);
    if let Some(words) = worst {
        cards.push(("Worst scenario", words, "largest counted loss"));
    }
    let mut out = String::from("<dl class=\"figures\">\n");
    for (what, value, unit) in cards {
        out.push_str(&format!(
            "<div><dt>{what}</dt><dd>{}</dd><dd class=\"unit\">{unit}</dd></div>\n",
            escape(&value)
        ));
    }
    out.push_str("</dl>\n");
    out
}

/// Equity as a bar with the two margins marked on it: how deep the account is loaded.
fn load_line(answer: &Assessment) -> String {
    let (maintenance, initial) = (answer.maintenance_margin, answer.initial_margin);
    let full = answer.equity.max(initial).max(0.0) * 1.02;
    if full <= 0.0 {
        return String::new();
    }
    let share = |amount: f64| format!("{:.2}%", 100.0 * (amount / full).clamp(0.0, 1.0));
    let usd = Usd::fitting([answer.equity, initial]);
    format!(
        "<div class=\"load\" role=\"img\" aria-label=\"Equity {equity} USD against maintenance \
         margin {maintenance_usd} USD and initial margin {initial_usd} USD\">\n\
         <div class=\"bar\"><i class=\"equity\" style=\"width:{equity_share}\"></i>\
         <i class=\"initial\" style=\"width:{initial_share}\"></i>\
         <i class=\"maintenance\" style=\"width:{maintenance_share}\"></i>\
         <b style=\"left:{equity_share}\"></b></div>\n\
         <p><span><i class=\"key maintenance\"></i>maintenance margin</span> \
         <span><i class=\"key initial\"></i>initial margin</span> \
         <span><i class=\"key equity\"></i>equity</span></p></div>\n",
        equity = usd.show(answer.equity),
        maintenance_usd = usd.show(maintenance),
        initial_usd = usd.show(initial),
        equity_share = share(answer.equity),
        initial_share = share(initial),
        maintenance_share = share(maintenance),
    )
}

/// A table with its title.
pub fn card(table: &Table) -> String {
    let wide = if table.is_wide() { " wide" } else { "" };
    let title = escape(table.title());
    format!("<div class=\"card{wide}\"><h2>{title}</h2>{}</div>\n", table.to_html())
}

fn notes(answer: &Assessment) -> String {
    let notes = assessment::notes(answer);
    if notes.is_empty() {
        return String::new();
    }
    let items: String = notes.iter().map(|note| format!("<li>{}</li>", escape(note))).collect();
    format!("<div class=\"card wide\"><h2>Notes</h2><ul>{items}</ul></div>\n")
}
