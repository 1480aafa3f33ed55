//! Gross, net, and what netting saves, by what offsets what.

use std::collections::BTreeSet;

use plimsoll_model::error::InputError;
use plimsoll_model::{Asset, Holding, Market, Portfolio, Timestamp};

use crate::model::Prepared;
use crate::report::{Benefit, BenefitBreakdown};

/// Gross and net requirement in USD and the benefit between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Netting {
    /// Σ of stand-alone requirements, collateral included.
    pub gross: f64,
    /// Requirement of everything together, without open orders.
    pub net: f64,
    /// The difference.
    pub benefit: Benefit,
}

/// Lets positions net step by step — within an expiry, within an underlying, with each other, with
/// the collateral — and books each step's saving. A step may cost where a model is not sub-additive.
pub fn netting(
    prepared: &dyn Prepared,
    market: &Market,
    portfolio: &Portfolio,
) -> Result<Netting, InputError> {
    let requirement = |part: &Portfolio| -> Result<f64, InputError> {
        Ok(prepared.requirement(part)?.initial_margin_usd())
    };
    let expiry_of = |holding: &Holding| -> (Asset, Option<Timestamp>) {
        let instrument = &market.listing(holding.id).instrument;
        (instrument.underlying.clone(), instrument.expiry())
    };
    let mut alone = 0.0;
    for holding in &portfolio.holdings {
        alone += requirement(&portfolio.positions_only(|other| other.id == holding.id))?;
    }
    let mut by_expiry = 0.0;
    for key in portfolio.holdings.iter().map(&expiry_of).collect::<BTreeSet<_>>() {
        by_expiry += requirement(&portfolio.positions_only(|other| expiry_of(other) == key))?;
    }
    let mut by_underlying = 0.0;
    for key in portfolio.holdings.iter().map(|h| expiry_of(h).0).collect::<BTreeSet<_>>() {
        by_underlying += requirement(&portfolio.positions_only(|other| expiry_of(other).0 == key))?;
    }
    let positions = requirement(&portfolio.positions_only(|_| true))?;
    let collateral = requirement(&portfolio.filtered(|_| false))?;
    let net = requirement(portfolio)?;
    let gross = alone + collateral;
    let amount = gross - net;
    Ok(Netting {
        gross,
        net,
        benefit: Benefit {
            amount,
            percent: if gross > 0.0 { 100.0 * amount / gross } else { 0.0 },
            breakdown: BenefitBreakdown {
                same_expiry: alone - by_expiry,
                across_expiries: by_expiry - by_underlying,
                across_underlyings: by_underlying - positions,
                collateral: positions + collateral - net,
            },
        },
    })
}
