//! Hyperliquid, answers of its `info` endpoint by request type.
//!
//! | part | answers |
//! | --- | --- |
//! | instruments | `metaAndAssetCtxs` or `meta` |
//! | tickers | `metaAndAssetCtxs`; `spotMetaAndAssetCtxs` for the prices of tokens |
//! | positions | `clearinghouseState` |
//! | balances | `clearinghouseState`, `spotClearinghouseState` |
//! | orders | `frontendOpenOrders`; `openOrders`, which does not tell triggers |
//! | tiers | `meta`, `metaAndAssetCtxs` |
//!
//! The venue names a perpetual by its coin alone. A bare ticker is an asset in a book, so perpetuals
//! are named here as in `BTC-PERP`. No answer about prices has a stamp: the time of the snapshot is
//! that of `clearinghouseState`, or has to be stated.

mod account;
mod instruments;
mod margin_check;
mod orders;
mod tickers;
mod tiers;

use crate::Readers;

/// The token that margin is held in: its name, and its number among the tokens.
const CASH: (&str, u64) = ("USDC", 0);

/// Our name for the perpetual on a coin.
fn perpetual(coin: &str) -> String {
    format!("{coin}-PERP")
}

pub(crate) const READERS: Readers = Readers {
    instruments: instruments::read,
    tickers: tickers::read,
    balances: account::balances,
    positions: account::positions,
    orders: orders::read,
    tiers: Some(tiers::read),
    margin: margin_check::margin,
};
