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
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Margin of {title} – Plimsoll</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <main>\n{body}</main>\n{plotly}\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        title = escape(title),
        plotly = plotly_script(),
    ))
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
    out.push_str(CHARTS);
    out.push_str("<div class=\"tables\">\n");
    for table in assessment::all(answer).into_iter().skip(1) {
        out.push_str(&card(&table));
    }
    out.push_str(&notes(answer));
    if !answer.scenarios.is_empty() {
        let all = assessment::scenarios(answer);
        out.push_str(&format!(
            "<details class=\"card\"><summary>{} ({})</summary>{}</details>\n",
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
const CHARTS: &str = "<div class=\"charts\">\n\
    <figure class=\"card wide\"><figcaption>Profit and loss over price and vol</figcaption>\
    <div data-chart=\"surface\"></div></figure>\n\
    <figure class=\"card wide\"><figcaption>Equity and margin over price</figcaption>\
    <div data-chart=\"price\"></div></figure>\n\
    <figure class=\"card\"><figcaption>Components</figcaption>\
    <div data-chart=\"components\"></div></figure>\n\
    <figure class=\"card\"><figcaption>From gross to net</figcaption>\
    <div data-chart=\"netting\"></div></figure>\n\
    <figure class=\"card wide\"><figcaption>Loss in every scenario</figcaption>\
    <div data-chart=\"scenarios\"></div></figure>\n\
    <figure class=\"card wide\"><figcaption>Greeks by expiry</figcaption>\
    <div data-chart=\"greeks\"></div></figure>\n</div>\n";

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
         <p><span class=\"key maintenance\"></span>maintenance margin \
         <span class=\"key initial\"></span>initial margin \
         <span class=\"key equity\"></span>equity</p></div>\n",
        equity = usd.show(answer.equity),
        maintenance_usd = usd.show(maintenance),
        initial_usd = usd.show(initial),
        equity_share = share(answer.equity),
        initial_share = share(initial),
        maintenance_share = share(maintenance),
    )
}

fn card(table: &Table) -> String {
    format!(
        "<div class=\"card\"><h2>{}</h2>{}</div>\n",
        escape(table.title()),
        table.to_html()
    )
}

fn notes(answer: &Assessment) -> String {
    let notes = assessment::notes(answer);
    if notes.is_empty() {
        return String::new();
    }
    let items: String = notes.iter().map(|note| format!("<li>{}</li>", escape(note))).collect();
    format!("<div class=\"card\"><h2>Notes</h2><ul>{items}</ul></div>\n")
}
