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
pub mod hyperliquid;
pub mod lines;
pub mod okx;
pub mod paradex;
mod payload;
mod response;
mod venue;

use std::collections::BTreeMap;

use plimsoll_model::book::DEFAULT_ACCOUNT;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::market::MarketFile;
use plimsoll_model::{Asset, Book, Timestamp};

use draft::Draft;
pub use response::{Counterpart, VenueComponent, VenueMargin, VenuePool};
pub use venue::{Part, PartKind, Venue};

/// A market read from a venue's payload, and what had to be left out of it.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The snapshot; it passes [`MarketFile::check`].
    pub market: MarketFile,
    /// What the account holds, where an answer tells and it holds anything.
    pub book: Option<Book>,
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

/// Reads answers of one venue as a market and, where they tell of an account, a book.
///
/// The answers may come in any order and any number of each kind. Unknown fields are ignored. A
/// contract is listed if some answer quotes it or an account holds it; what cannot be listed is named
/// in [`Imported::warnings`], and is an error where an account holds it. Empty strings, `null` and, for
/// prices and vols, zero mean that there is none; a bid above its ask loses both.
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
        if matches!(part.kind, PartKind::Balances | PartKind::Positions) {
            draft.accounts.asked = true;
        }
        match venue {
            Venue::Deribit => deribit::read(&mut draft, part),
            Venue::Okx => okx::read(&mut draft, part),
            Venue::Binance => binance::read(&mut draft, part),
            Venue::Bybit => bybit::read(&mut draft, part),
            Venue::Derive => derive::read(&mut draft, part),
            Venue::Hyperliquid => hyperliquid::read(&mut draft, part),
            Venue::Paradex => paradex::read(&mut draft, part),
        }?;
    }
    draft.finish(venue, options)
}

/// Reads what a venue says an account needs: the answer of a simulation, a position builder, or an
/// account statement. Each venue's module lists the answers that it reads.
///
/// # Errors
/// As [`import`]; an answer of another shape is `malformed`, and the hint names those that are read.
pub fn venue_margin(venue: Venue, origin: &str, bytes: &[u8]) -> Result<VenueMargin, InputError> {
    let part = Part { kind: PartKind::Balances, origin, bytes };
    let margin = match venue {
        Venue::Deribit => deribit::margins(&part),
        Venue::Okx => okx::margins(&part),
        Venue::Binance => binance::margins(&part),
        Venue::Bybit => bybit::margins(&part),
        Venue::Derive => derive::margins(&part),
        Venue::Hyperliquid => hyperliquid::margins(&part),
        Venue::Paradex => paradex::margins(&part),
    }?;
    if margin.pools.is_empty() {
        let message = "the answer holds no margin";
        return Err(InputError::new(InputCode::Empty, message).from_origin(origin));
    }
    Ok(margin)
}
