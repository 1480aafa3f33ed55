//! Portfolio margin for crypto derivatives: what collateral a book of spot, perpetuals, futures and
//! options needs, why, and how much its hedges save.
//!
//! ```
//! use plimsoll::{Book, Market, Portfolio, assess, bundled_model};
//!
//! # fn main() -> Result<(), plimsoll::InputError> {
//! let market = Market::from_json(br#"{
//!   "id": "example", "time": "2026-01-14T12:00:00Z",
//!   "underlyings": {"BTC": {"index_price": 97500, "forwards": {"2026-03-27T08:00:00Z": 98400}}},
//!   "instruments": [{"name": "BTC-27MAR26-100000-C", "mark_vol": 0.42},
//!                   {"name": "BTC-27MAR26-110000-C", "mark_vol": 0.43}]}"#)?;
//! let book = Book::parse(b"instrument,quantity\nBTC-27MAR26-100000-C,-1\nBTC-27MAR26-110000-C,1\n")?;
//! let portfolio = Portfolio::bind(&book.accounts[0], &market)?;
//! let model = bundled_model("scan", market.time)?;
//! let answer = assess(model.as_ref(), &market, &portfolio)?;
//! // A spread loses at most the 10,000 USD between its strikes; the short call alone could lose more.
//! assert!(answer.net < answer.gross);
//! assert_eq!(answer.benefit.amount, answer.gross - answer.net);
//! # Ok(())
//! # }
//! ```
//!
//! The calculation has one spine, and the modules follow it:
//!
//! 1. [`model`] reads a **market** snapshot and a **book**, checks every value, and binds the one to
//!    the other as a [`Portfolio`];
//! 2. [`pricing`] values one instrument ([`pricing::snapshot::completed`] implies the vols that a
//!    market leaves out), on the deterministic arithmetic of [`math`];
//! 3. [`risk`] prices every instrument in every scenario once: the **risk array**. Profit and loss
//!    of a portfolio is a short sum over its rows;
//! 4. [`margin`] takes each model's functional of that net vector and explains it: components,
//!    worst scenarios, contributions, what netting saves, distance to liquidation, liquidation prices.
//!
//! [`calibrate`] finds parameters in price history and back-tests models on it, [`stress`] reports what
//! a book could lose, [`venues`] turns what venues publish into markets. Every model's parameters are data with source
//! and date ([`margin::models::BUNDLED`]). Nothing here reads files, clocks or the network, and the
//! same input gives the same bits on every machine. The `plimsoll` command is a thin layer over this
//! crate; this crate itself holds no logic, only the names a user needs.

pub use plimsoll_calibrate as calibrate;
pub use plimsoll_margin as margin;
pub use plimsoll_math as math;
pub use plimsoll_model as model;
pub use plimsoll_pricing as pricing;
pub use plimsoll_risk as risk;
pub use plimsoll_stress as stress;
pub use plimsoll_venues as venues;

pub use margin::liquidation::{LiquidationPrice, liquidation_prices};
pub use margin::models::{bundled_model, from_params};
pub use margin::report::{Assessment, Summary, Surface};
pub use margin::{MarginModel, assess, compare_row, surface};
pub use model::{Asset, Book, InputCode, InputError, Instrument, Market, Portfolio, Timestamp};
