//! How answers read on a terminal. The tables of an assessment are also those of the page.

pub mod assessment;
pub mod backtest;
pub mod chain;
pub mod check;
pub mod compare;
pub mod margin;
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
