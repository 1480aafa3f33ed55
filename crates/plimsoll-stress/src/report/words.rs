//! The report in sentences.

use plimsoll_model::Provenance;

use super::StressRow;
use crate::liquidity::Exit;
use crate::tails::CONFIDENCE;

/// The worst stress in sentences.
pub(super) fn narrative(stresses: &[StressRow]) -> Vec<String> {
    let worst = stresses.iter().max_by(|a, b| a.loss.total_cmp(&b.loss));
    let Some(worst) = worst.filter(|worst| worst.loss > 0.0) else {
        return vec!["The book gains or stands still in every stress of the library.".to_owned()];
    };
    let share = worst.loss_pct.map_or(String::new(), |pct| format!(", {pct:.1} % of its value"));
    let mut text = vec![format!(
        "The worst of {} stresses is {} ({}): the book loses {} USD{share}.",
        stresses.len(),
        worst.name,
        worst.about,
        whole(worst.loss)
    )];
    if let Some(leg) = worst.worst_legs.first() {
        text.push(format!(
            "{} alone loses {} USD, before what other legs gain.",
            leg.leg,
            whole(leg.amount)
        ));
    }
    if let Some(after) = worst.after {
        let state = if after.under_maintenance { "is liquidated" } else { "survives" };
        text.push(format!(
            "The account {state}: equity {} USD against maintenance margin {} USD; a further 1 % \
             costs or earns {} USD.",
            whole(after.equity),
            whole(after.maintenance_margin),
            whole(after.delta_1pct.abs())
        ));
    }
    let broken = stresses.iter().filter(|s| s.after.is_some_and(|after| after.under_maintenance));
    text.push(format!("{} of {} stresses liquidate it.", broken.count(), stresses.len()));
    text
}

/// Whole dollars with thousands separators.
fn whole(amount: f64) -> String {
    let digits = format!("{:.0}", amount.abs());
    let mut out = if amount < 0.0 && digits != "0" { "−".to_owned() } else { String::new() };
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// What the reader should know.
pub(super) fn notes(stresses: &[StressRow], exits: &[Exit], source: &Provenance) -> Vec<String> {
    let mut notes = vec![format!(
        "VaR is the inverse-ECDF order statistic, ES has a fractional boundary term, intervals are at \
         {:.0} %. Horizons other than one day scale every scenario's logarithmic moves by √days and \
         revalue in full.",
        100.0 * CONFIDENCE
    )];
    notes.extend(source.notes.iter().cloned());
    let unquoted = exits.iter().filter(|exit| !exit.quoted).count();
    if unquoted > 0 {
        notes.push(format!(
            "{unquoted} of {} positions have no quote on the other side; their spread is assumed.",
            exits.len()
        ));
    }
    let refused: Vec<&str> =
        stresses.iter().filter(|s| s.after.is_none()).map(|s| s.name.as_str()).collect();
    if !refused.is_empty() {
        notes.push(format!("the model gives no margin after: {}", refused.join(", ")));
    }
    notes
}
