//! The nouns: assets, instruments, market snapshots, books, parameter provenance, and the errors of
//! reading them. A value of a type in this crate has been checked: prices are positive and finite,
//! names resolve, expiries parse. Nothing here prices, shocks or margins anything, and nothing reads
//! a file or a clock; text comes in, checked values come out.

pub mod asset;
pub mod book;
pub mod error;
pub mod instrument;
pub mod market;
pub mod name;
pub mod number;
pub mod params;
pub mod portfolio;
pub mod span;
pub mod time;

pub use asset::Asset;
pub use book::{Book, BookAccount, OpenOrder, Side};
pub use error::{InputCode, InputError};
pub use instrument::{ContractUnit, Instrument, Kind, OptionType, Settlement};
pub use market::{Forward, InstrumentId, Listing, Market, MarketMove, Underlying};
pub use params::{Evidence, Provenance};
pub use portfolio::{Holding, Lot, Order, Portfolio};
pub use time::Timestamp;
