//! Open orders of each venue. The fixtures are our own, in the venues' shapes.

#![allow(clippy::unwrap_used, reason = "a fixture that does not read is a failed test")]

mod common;

use common::{fixture, imported};
use plimsoll_model::error::InputCode;
use plimsoll_model::{Portfolio, book::Side};
use plimsoll_venues::PartKind::{Balances, Instruments, Orders, Positions, Tickers};
use plimsoll_venues::{ImportOptions, Imported, Part, PartKind, Venue, import};

/// The orders of an account as `side quantity instrument @ price`; without price `@ mark`.
fn orders(imported: &Imported, account: &str) -> Vec<String> {
    let account = imported.book.as_ref().unwrap().account(account).unwrap();
    // What is written binds: every order is for a listed contract.
    Portfolio::bind(account, &imported.market.clone().check().unwrap()).unwrap();
    let line = |order: &plimsoll_model::OpenOrder| {
        let side = if order.side == Side::Buy { "buy" } else { "sell" };
        let price = order.price.map(|price| price.0.normalize().to_string());
        let quantity = order.quantity.0.normalize();
        format!("{side} {quantity} {} @ {}", order.instrument, price.as_deref().unwrap_or("mark"))
    };
    account.open_orders.iter().map(line).collect()
}

fn warned(imported: &Imported, words: &str) {
    let found = imported.warnings.iter().any(|warning| warning.contains(words));
    assert!(found, "no warning says `{words}`: {:#?}", imported.warnings);
}

const REDUCE: &str = "they can only reduce a position";
const TRIGGER: &str = "they wait for a trigger";
const SPOT: &str = "they are in spot";

#[test]
fn deribit_counts_contracts_of_ten_dollars() {
    let imported = imported(
        Venue::Deribit,
        &[
            (Orders, "open_orders"),
            (Instruments, "instruments"),
            (Tickers, "book_summary"),
            (Tickers, "ticker"),
            (Positions, "positions"),
        ],
    );
    // 20 000 dollars less 5 000 filled.
    assert_eq!(
        orders(&imported, "main"),
        ["buy 1500 BTC-PERPETUAL @ 98000.5", "sell 1.5 BTC-26JUN26-100000-C @ mark"]
    );
    warned(&imported, &format!("orders left out: BTC-PERPETUAL: {TRIGGER}"));
    warned(&imported, &format!("orders left out: BTC_USDC-PERPETUAL: {REDUCE}"));
}

#[test]
fn okx_orders_of_an_isolated_position_stand_beside_it() {
    let imported = imported(
        Venue::Okx,
        &[
            (Instruments, "instruments"),
            (Tickers, "mark_price"),
            (Tickers, "tickers"),
            (Tickers, "index_tickers"),
            (Tickers, "opt_summary"),
            (Positions, "positions"),
            (Balances, "balance"),
            (Orders, "orders_pending"),
        ],
    );
    // An option ordered by vol has no price.
    assert_eq!(
        orders(&imported, "main"),
        ["buy 20 BTC-USDT-SWAP @ 98000", "sell 50 BTC-USD-260626-100000-C @ mark"]
    );
    assert_eq!(orders(&imported, "main/BTC-USD-SWAP"), ["sell 40 BTC-USD-SWAP @ 101000.5"]);
    warned(&imported, &format!("orders left out: ETH-USDT: {SPOT}"));
    warned(&imported, &format!("orders left out: ETH-USDC-SWAP: {REDUCE}"));
}

#[test]
fn bybit_lists_closed_orders_too() {
    let imported = imported(
        Venue::Bybit,
        &[
            (Instruments, "instruments_linear"),
            (Instruments, "instruments_inverse"),
            (Instruments, "instruments_option"),
            (Tickers, "tickers_linear"),
            (Tickers, "tickers_inverse"),
            (Tickers, "tickers_option"),
            (Orders, "orders_realtime"),
        ],
    );
    assert_eq!(
        orders(&imported, "main"),
        [
            "buy 0.2 BTCUSDT @ 98000",
            "sell 0.4 BTC-26JUN26-100000-C-USDT @ mark",
            "sell 1500 BTCUSD @ 105000"
        ]
    );
    // One waits, another reduces: both reasons are told.
    warned(&imported, &format!("orders left out: BTCUSDT: {TRIGGER}"));
    warned(&imported, &format!("orders left out: BTCUSDT: {REDUCE}"));
}

const BINANCE: [(PartKind, &str); 9] = [
    (Instruments, "um_exchange_info"),
    (Instruments, "cm_exchange_info"),
    (Instruments, "option_exchange_info"),
    (Tickers, "um_premium_index"),
    (Tickers, "cm_premium_index"),
    (Tickers, "option_mark"),
    (Positions, "um_position_risk"),
    (Orders, "um_open_orders"),
    (Orders, "option_open_orders"),
];

#[test]
fn binance_orders_of_both_products() {
    let imported = imported(Venue::Binance, &BINANCE);
    assert_eq!(
        orders(&imported, "main"),
        ["buy 0.2 BTCUSDT @ 98000.1", "buy 0.3 BTC-260626-100000-C @ 4100"]
    );
    // ETHUSDT is held isolated: the order does not say so, the position does.
    assert_eq!(orders(&imported, "main/ETHUSDT"), ["sell 1 ETHUSDT @ 4100"]);
    warned(&imported, &format!("orders left out: BTCUSDT: {TRIGGER}"));
}

#[test]
fn derive_orders_come_alone_or_with_the_subaccount() {
    let parts = [(Instruments, "instruments"), (Tickers, "tickers"), (Tickers, "ticker_perp")];
    let alone = imported(Venue::Derive, &[&parts[..], &[(Orders, "open_orders")]].concat());
    assert_eq!(
        orders(&alone, "main"),
        ["buy 2 ETH-PERP @ 3400.5", "sell 1.5 ETH-20260626-4000-C @ 310"]
    );
    warned(&alone, &format!("orders left out: ETH-PERP: {TRIGGER}"));
    let account = [(Positions, "subaccount"), (Balances, "subaccount"), (Orders, "subaccount")];
    let whole = imported(Venue::Derive, &[&parts[..], &account].concat());
    assert_eq!(orders(&whole, "main"), Vec::<String>::new());
}

#[test]
fn hyperliquid_orders_are_named_as_its_perpetuals_are() {
    let imported = imported(
        Venue::Hyperliquid,
        &[
            (Instruments, "meta_and_asset_ctxs"),
            (Tickers, "meta_and_asset_ctxs"),
            (Positions, "clearinghouse_state"),
            (Balances, "clearinghouse_state"),
            (Orders, "frontend_open_orders"),
        ],
    );
    assert_eq!(orders(&imported, "main"), ["buy 0.05 BTC-PERP @ 98000"]);
    assert_eq!(orders(&imported, "main/kPEPE-PERP"), ["sell 50000 kPEPE-PERP @ 0.02"]);
    warned(&imported, &format!("orders left out: ETH-PERP: {REDUCE}"));
    warned(&imported, &format!("orders left out: @107: {SPOT}"));
}

#[test]
fn paradex_orders() {
    let imported = imported(
        Venue::Paradex,
        &[(Instruments, "markets"), (Tickers, "summary"), (Orders, "orders")],
    );
    assert_eq!(
        orders(&imported, "main"),
        ["buy 0.3 BTC-USD-PERP @ 98000", "sell 1 BTC-USD-26JUN26-100000-C @ mark"]
    );
    warned(&imported, &format!("orders left out: ETH-USD-PERP: {TRIGGER}"));
    warned(&imported, &format!("orders left out: BTC-USD-PERP: {REDUCE}"));
}

#[test]
fn an_order_that_cannot_be_taken_in_is_an_error() {
    let (instruments, tickers) =
        (fixture(Venue::Paradex, "markets"), fixture(Venue::Paradex, "summary"));
    let refusal = |order: &str| {
        let list = format!(r#"{{"results":[{order}]}}"#);
        let part = |kind, origin, bytes| Part { kind, origin, bytes };
        let parts = [
            part(Instruments, "m.json", &instruments[..]),
            part(Tickers, "t.json", &tickers[..]),
            part(Orders, "o.json", list.as_bytes()),
        ];
        import(Venue::Paradex, &parts, &ImportOptions::default()).unwrap_err()
    };
    let unlisted = refusal(r#"{"market":"DOGE-USD-PERP","side":"BUY","size":"1","status":"OPEN"}"#);
    assert_eq!((unlisted.code, unlisted.origin.as_str()), (InputCode::UnknownInstrument, "o.json"));
    let side = refusal(r#"{"market":"BTC-USD-PERP","side":"FLAT","size":"1","status":"OPEN"}"#);
    assert!(side.message.contains("FLAT"), "{side}");
    let size = refusal(r#"{"market":"BTC-USD-PERP","side":"BUY","size":"-1","status":"OPEN"}"#);
    assert_eq!((size.code, size.at.as_str()), (InputCode::BadNumber, "results[0]"));
    let price = refusal(
        r#"{"market":"BTC-USD-PERP","side":"BUY","size":"1","price":"-2","status":"OPEN"}"#,
    );
    assert!(price.message.contains("-2"), "{price}");
}
