//! Venue payloads turned into markets and books. A parser here is a pure function from bytes to the
//! documents of `plimsoll_model`: it knows a venue's column names, units and habits, and nothing else
//! does. Nothing here fetches, reads a file, or prices; what a venue fixes by contract (sizes, units)
//! is data under `params/`, not code.

pub mod deribit;
pub mod lines;

use plimsoll_model::market::MarketFile;

/// A market read from a venue's payload, and what had to be left out of it.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The snapshot; it passes [`MarketFile::check`].
    pub market: MarketFile,
    /// One sentence per row or instrument that was left out or is listed without a value.
    pub warnings: Vec<String>,
}
