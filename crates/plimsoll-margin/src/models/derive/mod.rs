//! Derive's three risk managers: `derive-pm1` and `derive-pm2` revalue a one-coin account in fixed
//! states; `derive-srm` margins every coin and expiry by standard rules.
//!
//! The venue states margin as a balance: healthy at zero or above, `margin = mark-to-market −
//! requirement`. Here the pool's equity is the mark-to-market (options at Black-76, cash at face),
//! so that equity − IM is the venue's initial margin and equity − MM its maintenance margin; both
//! are among the figures as `net_initial_margin` and `net_maintenance_margin`.
//!
//! Sizes are coins, prices USD. Cash (the stable coin and USD) counts at face whatever the stable
//! coin trades at; what futures have gained is cash. Vols stay at their strikes under a shock.

mod account;
mod manager;
pub mod pm1;
pub mod pm2;
mod revaluation;
mod skew;
pub mod srm;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use plimsoll_model::error::InputError;
use plimsoll_model::params::check_bounds;
use plimsoll_model::{Asset, Market};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::functional::Charge;
use crate::model::{Component, Contribution, Leg, Pool, Unit};
use account::Perp;
pub use revaluation::{BasisRule, StaticDiscount};
pub use skew::{SkewCap, SkewParams};

/// The charge for feeds that their providers are not sure of: `(1 − confidence)·margin` of notional
/// where the confidence is below the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfidenceRule {
    /// Confidence from which nothing is charged.
    pub threshold: f64,
    /// Share of notional charged at zero confidence.
    pub margin: f64,
}

/// What a stable coin below its peg adds: `max(0, threshold − price)·factor`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PegRule {
    /// USD price of the stable coin from which nothing is added.
    pub threshold: f64,
    /// Added per dollar below the threshold.
    pub factor: f64,
}

impl ConfidenceRule {
    fn check(&self, name: &str) -> Result<(), InputError> {
        check_bounds(&format!("{name}.threshold"), self.threshold, 0.0, 1.0)?;
        check_bounds(&format!("{name}.margin"), self.margin, 0.0, 10.0)
    }

    /// Share of notional charged at a confidence.
    fn rate(&self, confidence: f64) -> f64 {
        if confidence < self.threshold { (1.0 - confidence) * self.margin } else { 0.0 }
    }
}

impl PegRule {
    fn check(&self, name: &str) -> Result<(), InputError> {
        check_bounds(&format!("{name}.threshold"), self.threshold, 0.0, 1.0)?;
        check_bounds(&format!("{name}.factor"), self.factor, 0.0, 100.0)
    }

    /// What is added at a price of the stable coin.
    fn excess(&self, stable_price: f64) -> f64 {
        (self.threshold - stable_price).max(0.0) * self.factor
    }
}

/// The stable coin's price in USD. A market that does not quote it has it at its peg, with a note.
fn stable_price(market: &Market, stable: &Asset, notes: &mut Vec<String>) -> f64 {
    market.asset_price_usd(stable).unwrap_or_else(|| {
        notes.push(format!("market {} has no price for {stable}: 1 is taken", market.id));
        1.0
    })
}

/// Confidence in the price of a coin or token; 1 where the market states none.
fn price_confidence(market: &Market, asset: &Asset) -> f64 {
    let index = market.underlyings.get(asset).map(|underlying| underlying.confidence);
    index.or_else(|| market.asset_confidence.get(asset).copied()).unwrap_or(1.0)
}

/// Adds to a charge what one leg accounts for.
fn push(charge: &mut Charge, leg: Leg, amount: f64) {
    charge.amount += amount;
    charge.parts.push(Contribution { leg, amount });
}

/// Adds `rate·|Σ coins·value|` of perpetuals, which net, split over them by signed size.
fn push_perps(charge: &mut Charge, perps: &[Perp], rate: f64, value: impl Fn(&Perp) -> f64) {
    let net: f64 = perps.iter().map(|perp| perp.coins * value(perp)).sum();
    for perp in perps {
        let amount = rate * net.signum() * perp.coins * value(perp);
        push(charge, Leg::Instrument(perp.id), amount);
    }
}

/// Adds one charge to another.
fn append(charge: &mut Charge, other: &Charge) {
    charge.amount += other.amount;
    charge.parts.extend(other.parts.iter().cloned());
}

/// Adds multiples of a charge to a component.
fn add(component: &mut Component, charge: &Charge, initial: f64, maintenance: f64) {
    component.initial += initial * charge.amount;
    component.maintenance += maintenance * charge.amount;
    let part =
        |part: &Contribution| Contribution { leg: part.leg.clone(), amount: initial * part.amount };
    component.contributions.extend(charge.parts.iter().map(part));
}

/// A component that is made of multiples of one charge.
fn component(name: &'static str, charge: &Charge, initial: f64, maintenance: f64) -> Component {
    let mut whole = Component::scaled(name, 0.0, 0.0, vec![]);
    add(&mut whole, charge, initial, maintenance);
    whole
}

/// The pool of a Derive account, with the venue's own balances among the figures.
fn pool(
    mark_to_market: f64,
    components: Vec<Component>,
    units: Vec<Unit>,
    mut figures: BTreeMap<String, f64>,
) -> Pool {
    let mut pool = Pool {
        name: "account".to_owned(),
        asset: Asset::usd(),
        asset_price_usd: 1.0,
        equity: mark_to_market,
        components,
        units,
        figures: BTreeMap::new(),
    };
    figures.insert("mark_to_market".to_owned(), mark_to_market);
    figures.insert("net_initial_margin".to_owned(), mark_to_market - pool.initial_margin());
    figures.insert("net_maintenance_margin".to_owned(), pool.maintenance_excess());
    pool.figures = figures;
    pool
}
