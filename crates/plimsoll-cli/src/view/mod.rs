//! How answers read on a terminal. The tables of an assessment are also those of the page.

pub mod assessment;
pub mod backtest;
pub mod before_after;
pub mod calibrate;
pub mod chain;
pub mod check;
pub mod compare;
pub mod liquidation;
pub mod margin;
pub mod params;
pub mod risk;
pub mod span;
pub mod what_if;

use plimsoll::margin::report::{ModelReport, SnapshotReport};

use crate::format;

/// `scan (own, in force from 2026-01-01)`.
fn model_words(model: &ModelReport) -> String {
    let evidence = plimsoll::margin::models::evidence_text(model.evidence);
    format!("{} ({evidence} parameters of {})", format::clean(&model.id), model.effective)
}

/// `deribit-2026-01-14-calm, 2026-01-14 21:22:07 UTC`.
fn snapshot_words(snapshot: &SnapshotReport) -> String {
    format!("{}, {}", format::clean(&snapshot.id), format::instant(snapshot.time))
}

/// `above maintenance` or `UNDER MAINTENANCE`.
fn verdict(under_maintenance: bool, excess: f64) -> &'static str {
    if under_maintenance {
        "UNDER MAINTENANCE: equity is below maintenance margin"
    } else if excess < 0.0 {
        "above maintenance, but below initial margin: no room for new risk"
    } else {
        "above initial and maintenance margin"
    }
}

/// Text broken at spaces into lines of at most this many characters where words allow it.
pub fn wrapped(text: &str, width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}
