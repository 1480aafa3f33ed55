//! Venue payloads turned into markets and books. A parser here is a pure function from bytes to the
//! documents of `plimsoll_model`: it knows a venue's column names, units and habits, and nothing else
//! does. Nothing here fetches, reads a file, or prices; what a venue fixes by contract (sizes, units)
//! is data under `params/`, not code.

mod accounts;
mod assemble;
pub mod binance;
pub mod bybit;
pub mod deribit;
pub mod derive;
mod draft;
pub mod history;
pub mod hyperliquid;
pub mod lines;
pub mod okx;
mod orders;
pub mod paradex;
mod payload;
mod response;
pub mod span;
mod tiers;
mod venue;

use std::collections::BTreeMap;

use plimsoll_model::book::DEFAULT_ACCOUNT;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::market::MarketFile;
use plimsoll_model::{Asset, Book, Timestamp};

use draft::Draft;
use payload::Payload;
pub use response::{Counterpart, VenueComponent, VenueMargin, VenuePool};
pub use tiers::{BracketParams, MarginTable, OptionFactor, Perps, Tier, TierParams};
pub use venue::{Part, PartKind, Venue};

/// A market read from a venue's payload, and what had to be left out of it.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The snapshot; it passes [`MarketFile::check`].
    pub market: MarketFile,
    /// What the account holds, where an answer tells and it holds anything.
    pub book: Option<Book>,
    /// Margin tiers, where an answer tells.
    pub tiers: Option<TierParams>,
    /// What was left out or assumed, one sentence for each reason.
    pub warnings: Vec<String>,
}

/// What a venue's answers do not say themselves.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// The name of the market; default: the venue and the time of the snapshot.
    pub id: Option<String>,
    /// Where the answers came from; kept in the market.
    pub source: Option<String>,
    /// The instant of the snapshot; default: the newest stamp on a quote, else on an answer.
    pub time: Option<Timestamp>,
    /// USD prices of assets, before any that an answer quotes.
    pub asset_prices_usd: BTreeMap<Asset, f64>,
    /// The name of the account in the book.
    pub account: String,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            id: None,
            source: None,
            time: None,
            asset_prices_usd: BTreeMap::new(),
            account: DEFAULT_ACCOUNT.to_owned(),
        }
    }
}

/// Adds what one answer says to a draft.
type Read = fn(&mut Draft, Payload<'_>) -> Result<(), InputError>;

/// What each venue's module provides.
pub(crate) struct Readers {
    instruments: Read,
    tickers: Read,
    balances: Read,
    positions: Read,
    orders: Read,
    /// Absent where the venue publishes none, or no model reads them.
    tiers: Option<Read>,
    margin: fn(Payload<'_>) -> Result<VenueMargin, InputError>,
}

impl Venue {
    fn readers(self) -> &'static Readers {
        match self {
            Self::Deribit => &deribit::READERS,
            Self::Okx => &okx::READERS,
            Self::Binance => &binance::READERS,
            Self::Bybit => &bybit::READERS,
            Self::Derive => &derive::READERS,
            Self::Hyperliquid => &hyperliquid::READERS,
            Self::Paradex => &paradex::READERS,
        }
    }
}

/// Reads answers of one venue as a market and, where they tell of an account, a book.
///
/// The answers may come in any order and any number of each kind. Unknown fields are ignored. A
/// contract is listed if some answer quotes it or an account holds it; what cannot be listed is named
/// in [`Imported::warnings`], and is an error where an account holds it. Empty strings, `null` and, for
/// prices and vols, zero mean that there is none; a bid above its ask loses both. Orders that can only
/// reduce a position, that wait for a trigger, or that are in spot are left out, and told.
///
/// # Errors
/// With the file and the path inside it: `malformed` (no JSON, a required field missing or of another
/// type, or the venue's own refusal in its words), `bad_number`, `missing` (a field that the kind of
/// contract needs; the time of the snapshot; an index of something held), `duplicate` (a contract
/// listed twice, and differently), `unknown_instrument` (held and not listed), `unsupported` (held,
/// and of a kind that is not taken in), `empty` (nothing left to list).
pub fn import(
    venue: Venue,
    parts: &[Part<'_>],
    options: &ImportOptions,
) -> Result<Imported, InputError> {
    let mut draft = Draft::default();
    let mut ordered: Vec<&Part<'_>> = parts.iter().collect();
    // Quotes and holdings are counted in units that only the listing tells.
    ordered.sort_by_key(|part| part.kind);
    for part in ordered {
        if matches!(part.kind, PartKind::Balances | PartKind::Positions | PartKind::Orders) {
            draft.accounts.asked = true;
        }
        let payload = Payload::read(part)?;
        draft.answered_at(payload.time);
        if payload.has_more {
            let warning = format!("{}: the venue has further pages of this answer", part.origin);
            draft.warnings.push(warning);
        }
        let readers = venue.readers();
        let no_tiers = || {
            let message = format!("{venue} publishes no tiers that a model here reads");
            InputError::new(InputCode::Unsupported, message).from_origin(part.origin)
        };
        let read = match part.kind {
            PartKind::Instruments => readers.instruments,
            PartKind::Tickers => readers.tickers,
            PartKind::Balances => readers.balances,
            PartKind::Positions => readers.positions,
            PartKind::Orders => readers.orders,
            PartKind::Tiers => readers.tiers.ok_or_else(no_tiers)?,
        };
        read(&mut draft, payload)?;
    }
    draft.finish(venue, options)
}

/// Reads what a venue says an account needs: the answer of a simulation, a position builder, or an
/// account statement. The module `margin_check` of each venue says which, and what its parts are
/// compared with.
///
/// # Errors
/// As [`import`]; an answer of another shape is `unsupported`, and the hint names those that are read.
pub fn venue_margin(venue: Venue, origin: &str, bytes: &[u8]) -> Result<VenueMargin, InputError> {
    margin_of(venue, answer(origin, bytes)?)
}

/// As [`venue_margin`], by the venue that the shape of the answer fits.
///
/// # Errors
/// As [`venue_margin`].
pub fn any_venue_margin(origin: &str, bytes: &[u8]) -> Result<VenueMargin, InputError> {
    let payload = answer(origin, bytes)?;
    let mut unknown = None;
    for venue in Venue::ALL {
        match margin_of(venue, payload.clone()) {
            Err(error) if error.code == InputCode::Unsupported => unknown = Some(error),
            told => return told,
        }
    }
    let message = unknown.map(|error| error.message).unwrap_or_default();
    Err(InputError::new(InputCode::Unsupported, message)
        .from_origin(origin)
        .hint("name the venue to learn which of its answers are read"))
}

fn answer<'a>(origin: &'a str, bytes: &'a [u8]) -> Result<Payload<'a>, InputError> {
    // What kind of part it is only matters to an import.
    Payload::read(&Part { kind: PartKind::Balances, origin, bytes })
}

fn margin_of(venue: Venue, payload: Payload<'_>) -> Result<VenueMargin, InputError> {
    let origin = payload.origin;
    let margin = (venue.readers().margin)(payload)?;
    if margin.pools.is_empty() {
        let message = "the answer holds no margin";
        return Err(InputError::new(InputCode::Empty, message).from_origin(origin));
    }
    Ok(margin)
}
