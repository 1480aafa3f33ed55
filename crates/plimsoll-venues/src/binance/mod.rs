//! Binance: USD-M futures (`fapi`), COIN-M futures (`dapi`), European options (`eapi`) and portfolio
//! margin (`papi`). Each row says by its fields which product it is of.
//!
//! | part | answers |
//! | --- | --- |
//! | instruments | `exchangeInfo` of each product |
//! | tickers | `premiumIndex`, `ticker/bookTicker`, `fundingInfo` of futures; `mark`, `ticker` of options |
//! | positions | `positionRisk`, `account`; `eapi/v1/position`; `papi/v1/um/positionRisk`, `papi/v1/cm/positionRisk` |
//! | balances | `balance`, `account`; `eapi/v1/marginAccount`; `papi/v1/balance` |
//! | orders | `openOrders` of each product |
//! | tiers | `leverageBracket` of futures |

mod account;
mod instruments;
mod margin_check;
mod orders;
mod tickers;
mod tiers;

use crate::Readers;

pub(crate) const READERS: Readers = Readers {
    instruments: instruments::read,
    tickers: tickers::read,
    balances: account::balances,
    positions: account::positions,
    orders: orders::read,
    tiers: Some(tiers::read),
    margin: margin_check::margin,
};
