//! The page of a back-test: per book the margins and the losses through time, where losses went
//! through, and whether the laws behind the margins were right.

use plimsoll::calibrate::backtest::verdict::Period;
use serde::Serialize;

use super::page::{card, data_script, document};
use crate::commands::{Backtest, Outcome};
use crate::format::{count, instant, shortest};
use crate::table::escape;
use crate::view::backtest;

const SCRIPT: &str = include_str!("backtest.js");

/// What the script reads of one book.
#[derive(Serialize)]
struct Data<'a> {
    /// Ends of the steps.
    times: Vec<String>,
    champion: &'a str,
    level_pct: f64,
    margins: Vec<Line<'a>>,
}

/// One margin through time.
#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    is_model: bool,
    /// Steps that were judged.
    rows: Vec<usize>,
    margin: Vec<f64>,
    loss: Vec<f64>,
    exception: Vec<bool>,
    /// Empty for a model without a law.
    pit: Vec<f64>,
}

/// The whole document.
pub fn page(answer: &Backtest) -> anyhow::Result<String> {
    let mut body = header(answer);
    let summary = card(&backtest::summary(answer));
    body.push_str(&format!(
        "<div class=\"tables\">{summary}</div>\n<p class=\"about\">{}</p>\n",
        escape(&backtest::alarm(answer))
    ));
    body.push_str("<noscript><p>The charts need JavaScript; the tables do not.</p></noscript>\n");
    body.push_str("<nav>");
    for (place, book) in answer.books.iter().enumerate() {
        body.push_str(&format!("<a href=\"#book-{place}\">{}</a> ", escape(&book.name)));
    }
    body.push_str("</nav>\n");
    for place in 0..answer.books.len() {
        body.push_str(&section(answer, place)?);
    }
    let refusals = backtest::refusals(answer);
    let refusals: String = refusals
        .lines()
        .filter(|line| line.starts_with("  "))
        .map(|line| format!("<li>{}</li>", escape(line.trim())))
        .collect();
    if !refusals.is_empty() {
        body.push_str(&format!(
            "<details class=\"card\"><summary>Refused or not marked</summary><ul>{refusals}</ul></details>\n"
        ));
    }
    Ok(document(&format!("Back-test of {} margins", answer.coin), &body, SCRIPT))
}

fn header(answer: &Backtest) -> String {
    let judged = answer.steps.iter().filter(|step| step.left_out.is_none()).count();
    let span = match (answer.steps.first(), answer.steps.last()) {
        (Some(first), Some(last)) => format!("{} to {}", instant(first.from), instant(last.to)),
        _ => String::new(),
    };
    let about: String = backtest::about(answer)
        .lines()
        .map(|line| format!("<p class=\"about\">{}</p>", escape(line)))
        .collect();
    format!(
        "<header><h1>Back-test of {coin} margins</h1>\n\
         <p class=\"about\"><b>{periods}</b> of {step} h, {span}. Margins promise <b>{level}&nbsp;%</b>. \
         Amounts are USD.</p>\n{about}</header>\n",
        coin = escape(&answer.coin),
        periods = count(judged, "period"),
        step = shortest(answer.step_hours, 2),
        level = shortest(100.0 * answer.levels.margin, 4),
    )
}

fn section(answer: &Backtest, book: usize) -> anyhow::Result<String> {
    let name = &answer.books[book];
    let line = |one: &Outcome| Line {
        name: &answer.runners[one.runner].name,
        is_model: answer.runners[one.runner].is_model,
        rows: one.periods.iter().map(|period| period.row).collect(),
        margin: one.periods.iter().map(|period| period.margin).collect(),
        loss: one.periods.iter().map(|period| 0.0 - period.pnl).collect(),
        exception: one.periods.iter().map(Period::is_exception).collect(),
        pit: one.periods.iter().filter_map(|period| Some(period.tail.as_ref()?.pit)).collect(),
    };
    let of_book = answer.results.iter().filter(|one| one.book == book && !one.periods.is_empty());
    let data = Data {
        times: answer.steps.iter().map(|step| step.to.to_string()).collect(),
        champion: &answer.champion.name,
        level_pct: 100.0 * answer.levels.margin,
        margins: of_book.map(line).collect(),
    };
    let data = data_script(&data)?;
    let tests = backtest::tests(answer, |one| one.book == book).to_html();
    Ok(format!(
        "<section class=\"account\" id=\"book-{book}\">\n<header><h1>{title}</h1>\
         <p class=\"about\">{class}</p></header>\n<div class=\"charts\">\n\
         <figure class=\"card wide\"><figcaption>Margins and losses\
         <small>Bars: what the book lost in the step. Triangles: a loss above that margin, counted in
         coins where the margin is kept in coins. Click a name \
         to show or hide it.</small></figcaption><div data-chart=\"time\"></div></figure>\n\
         <figure class=\"card\"><figcaption>Exceptions against mean margin\
         <small>Down and left is better: fewer exceptions for less margin.</small></figcaption>\
         <div data-chart=\"cost\"></div></figure>\n\
         <figure class=\"card\"><figcaption>Are the laws right?\
         <small>Quantiles of the probabilities that each law gave to what came. On the diagonal: \
         right; below it at the left end: losses
         larger than foreseen.</small></figcaption>\
         <div data-chart=\"qq\"></div></figure>\n</div>\n\
         <details class=\"card wide\"><summary>Every test</summary>{tests}</details>\n\
         {data}</section>\n",
        title = escape(&name.name),
        class = name.class.name(),
    ))
}
