//! What is taken of a net vector (the worst weighted loss), and how charges are raised to floors.

use plimsoll_model::InstrumentId;
use plimsoll_risk::Scenario;

use crate::cross::UnitScan;
use crate::model::{Component, Contribution, Leg, ScenarioLoss, Unit};

/// The worst weighted loss of a net vector, and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct WorstLoss {
    /// The scenario table.
    pub unit: Unit,
    /// `max(0, max_s loss[s])`.
    pub amount: f64,
    /// The first scenario that attains it; `None` where nothing loses.
    pub active: Option<usize>,
}

/// `max(0, max_s −weight[s]·pnl[s])`; ties go to the first scenario.
pub fn worst_loss(name: &str, scenarios: &[Scenario], pnl: &[f64]) -> WorstLoss {
    let losses = scenarios.iter().zip(pnl).map(|(scenario, pnl)| {
        // `0 − x` rather than `−x`, so that no loss prints as −0.
        let raw_loss = 0.0 - pnl;
        ScenarioLoss {
            scenario: *scenario,
            raw_loss,
            loss: scenario.weight * raw_loss,
            label: None,
        }
    });
    worst_of(name, losses.collect())
}

/// The worst of losses that a model has already weighted its own way.
pub fn worst_of(name: &str, losses: Vec<ScenarioLoss>) -> WorstLoss {
    let unit = Unit { name: name.to_owned(), losses };
    let active = unit.worst().filter(|(_, worst)| worst.loss > 0.0);
    let (active, amount) = match active {
        Some((index, worst)) => (Some(index), worst.loss),
        None => (None, 0.0),
    };
    WorstLoss { unit, amount, active }
}

/// An amount with its split over legs.
#[derive(Clone, Debug, Default)]
pub struct Charge {
    /// The amount.
    pub amount: f64,
    /// What each leg accounts for.
    pub parts: Vec<Contribution>,
}

impl Charge {
    /// A unit's scan.
    pub fn from_scan(scan: &UnitScan) -> Self {
        Self { amount: scan.worst.amount, parts: scan.contributions.clone() }
    }

    /// Adds what one position accounts for.
    pub fn push(&mut self, id: InstrumentId, amount: f64) {
        self.amount += amount;
        self.parts.push(Contribution { leg: Leg::Instrument(id), amount });
    }

    /// The larger of the two, with its own split.
    pub fn raised_to(&self, floor: &Self) -> Self {
        if floor.amount > self.amount { floor.clone() } else { self.clone() }
    }
}

/// Adds to a component what raising `from` to `to` costs, leg by leg.
pub fn accrue(component: &mut Component, from: &Charge, to: &Charge, maintenance_share: f64) {
    let step = to.amount - from.amount;
    if step == 0.0 {
        return;
    }
    component.initial += step;
    component.maintenance += step * maintenance_share;
    component.contributions.extend(to.parts.iter().cloned());
    let taken_back =
        from.parts.iter().map(|part| Contribution { leg: part.leg.clone(), amount: -part.amount });
    component.contributions.extend(taken_back);
}
