//! What the venues of perpetuals share: which instruments they take, and a position in coins.

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::{ContractUnit, InstrumentId, Kind, Market, Portfolio, Settlement};

/// What an instrument is to a venue of perpetuals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A quote-settled perpetual in coins.
    Perpetual,
    /// A token held.
    Spot,
}

/// The role of an instrument, or its refusal in the name of `model`: options, dated futures,
/// coin-settled contracts and contracts that count quote currency do not exist there.
pub(super) fn role(model: &str, market: &Market, id: InstrumentId) -> Result<Role, InputError> {
    let instrument = &market.listing(id).instrument;
    let what = match instrument.kind {
        Kind::Spot => return Ok(Role::Spot),
        Kind::Option { .. } => "an option",
        Kind::Future { .. } => "a dated future",
        Kind::Perpetual if instrument.settlement() == Settlement::Coin => "coin-settled",
        Kind::Perpetual if instrument.contract_unit == ContractUnit::Quote => {
            "a contract of a fixed value"
        }
        Kind::Perpetual => return Ok(Role::Perpetual),
    };
    let message =
        format!("{}: {model} margins quote-settled perpetuals; this is {what}", instrument.name);
    Err(InputError::new(InputCode::Unsupported, message))
}

/// A position in a quote-settled perpetual.
#[derive(Clone, Copy, Debug)]
pub(super) struct PerpetualLeg {
    /// Which instrument.
    pub id: InstrumentId,
    /// Signed coins.
    pub coins: f64,
    /// The price it is margined at, in quote currency.
    pub price: f64,
}

impl PerpetualLeg {
    /// `|coins|·price`.
    pub fn notional(&self) -> f64 {
        self.coins.abs() * self.price
    }
}

/// The perpetuals of a portfolio at prices of the venue's choice, in portfolio order.
pub(super) fn legs(
    market: &Market,
    portfolio: &Portfolio,
    price: impl Fn(InstrumentId) -> Result<f64, InputError>,
) -> Result<Vec<PerpetualLeg>, InputError> {
    let mut legs = Vec::new();
    for holding in &portfolio.holdings {
        let instrument = &market.listing(holding.id).instrument;
        if instrument.kind == Kind::Perpetual {
            let coins = holding.quantity * instrument.contract_size;
            legs.push(PerpetualLeg { id: holding.id, coins, price: price(holding.id)? });
        }
    }
    Ok(legs)
}

/// Tokens held as spot positions, by coin, in portfolio order.
pub(super) fn spot_held<'a>(
    market: &'a Market,
    portfolio: &'a Portfolio,
) -> impl Iterator<Item = (&'a plimsoll_model::Asset, f64)> {
    portfolio.holdings.iter().filter_map(|holding| {
        let instrument = &market.listing(holding.id).instrument;
        let coins = holding.quantity * instrument.contract_size;
        (instrument.kind == Kind::Spot).then_some((&instrument.underlying, coins))
    })
}
