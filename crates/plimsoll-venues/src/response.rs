//! What a venue itself says an account needs, in one shape for all venues, to be compared with our own
//! number component by component.

use plimsoll_model::book::BookPosition;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::number::Exact;
use plimsoll_model::{Asset, Book, BookAccount};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;

use crate::Venue;
use crate::payload::Row;

/// A venue's own margin numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VenueMargin {
    /// The venue.
    pub venue: Venue,
    /// The answer it was read from, for example `private/pme/simulate`.
    pub answer: &'static str,
    /// The model of ours that claims to compute the same, if there is one.
    pub model: Option<&'static str>,
    /// Pots of collateral, named as that model names them.
    pub pools: Vec<VenuePool>,
    /// The positions that the numbers are about, where the answer carries them.
    pub book: Option<Book>,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// One pot of collateral. Amounts are in `asset`; what the answer does not carry is absent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VenuePool {
    /// The settlement currency, or `account`.
    pub name: String,
    /// What amounts are counted in.
    pub asset: Asset,
    /// Equity as the venue counts it.
    pub equity: Option<Exact>,
    /// Initial margin.
    pub initial_margin: Option<Exact>,
    /// Maintenance margin.
    pub maintenance_margin: Option<Exact>,
    /// `equity − initial margin`, where the venue states this and not the margin.
    pub excess_initial: Option<Exact>,
    /// `equity − maintenance margin`, likewise.
    pub excess_maintenance: Option<Exact>,
    /// Named parts.
    pub components: Vec<VenueComponent>,
}

/// A part of a requirement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VenueComponent {
    /// The venue's name for it.
    pub name: String,
    /// Where our own number for it is found.
    pub ours: Option<Counterpart>,
    /// The amount.
    pub amount: Exact,
}

/// A number of ours: in the pool of the same name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Counterpart {
    /// The initial part of a component.
    Initial(String),
    /// The maintenance part of a component.
    Maintenance(String),
    /// A named figure.
    Figure(String),
}

impl VenuePool {
    /// A pool of which nothing is known yet.
    pub(crate) fn named(name: &str, asset: Asset) -> Self {
        Self {
            name: name.to_owned(),
            asset,
            equity: None,
            initial_margin: None,
            maintenance_margin: None,
            excess_initial: None,
            excess_maintenance: None,
            components: vec![],
        }
    }

    /// The one pool of an account counted in dollars.
    pub(crate) fn account() -> Self {
        Self::named("account", Asset::usd())
    }

    /// Adds a part.
    pub(crate) fn push(
        &mut self,
        name: impl Into<String>,
        ours: Option<Counterpart>,
        amount: Exact,
    ) {
        self.components.push(VenueComponent { name: name.into(), ours, amount });
    }
}

impl VenueMargin {
    /// The margins of an answer that carries no positions.
    pub(crate) fn of(
        venue: Venue,
        answer: &'static str,
        model: Option<&'static str>,
        pools: Vec<VenuePool>,
    ) -> Self {
        Self { venue, answer, model, pools, book: None, notes: vec![] }
    }
}

/// Adds a position to an account that an answer describes, to the one it has already if it has one.
pub(crate) fn add_position(
    account: &mut BookAccount,
    instrument: &str,
    quantity: Decimal,
    row: &Row<'_>,
) -> Result<(), InputError> {
    let known = account.positions.iter_mut().find(|known| known.instrument == instrument);
    if let Some(known) = known {
        let sum = known.quantity.0.checked_add(quantity).ok_or_else(|| {
            row.error(InputCode::BadNumber, format!("{instrument}: quantity is too large"))
        })?;
        known.quantity = Exact(sum);
    } else if !quantity.is_zero() {
        account.positions.push(BookPosition {
            instrument: instrument.to_owned(),
            quantity: Exact(quantity),
            entry_price: None,
            at: row.at.clone(),
        });
    }
    Ok(())
}

/// The refusal of an answer that is none of those read.
pub(crate) fn unknown_answer(row: &Row<'_>, known: &str) -> InputError {
    let keys = match &row.value {
        Value::Object(map) => map.keys().take(8).cloned().collect::<Vec<_>>().join(", "),
        _ => "no object".to_owned(),
    };
    row.error(
        InputCode::Unsupported,
        format!("this is no answer about margin that is read; it holds {keys}"),
    )
    .hint(format!("read are {known}"))
}
