//! Single rules of venues, by hand: BTC at 60,000, one call of 60,000 on a forward of 60,000.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod filled;

use plimsoll_margin::{MarginModel, Pool, models, trade};
use plimsoll_model::{Book, InputCode, InputError, InstrumentId, Market, Portfolio};
use plimsoll_pricing::snapshot::completed;

const CALL: &str = "BTC-26JUN26-60000-C";

fn market() -> Market {
    let text = format!(
        r#"{{"id":"m","time":"2026-01-01T08:00:00Z","assets":{{"USDC":1,"USDT":1}},
            "underlyings":{{"BTC":{{"index_price":60000,"forwards":{{"2026-06-26T08:00:00Z":60000}}}},
                            "ETH":{{"index_price":3000}}}},
            "instruments":[
              {{"name":"{CALL}","mark_price":0.05}},
              {{"name":"BTC_USDC","mark_price":60000}},
              {{"name":"BTC_USDC-PERPETUAL","contract_size":1,"mark_price":60000}},
              {{"name":"ETH_USDC-PERPETUAL","contract_size":1,"mark_price":3000}},
              {{"name":"BTC_USDC-26JUN26-60000-C","mark_vol":0.6}}]}}"#
    );
    completed(Market::from_json(text.as_bytes()).unwrap())
}

fn bundled(id: &str) -> Box<dyn MarginModel> {
    models::bundled_model(id, market().time).unwrap()
}

/// Rows of a book with its orders, `side quantity @ price` of the one instrument they are in.
fn portfolio(rows: &str, instrument: &str, orders: &[(&str, f64, f64)]) -> Portfolio {
    let orders: Vec<String> = orders
        .iter()
        .map(|(side, quantity, price)| {
            format!(
                r#"{{"instrument":"{instrument}","side":"{side}","quantity":{quantity},"price":{price}}}"#
            )
        })
        .collect();
    let text = format!(
        r#"{{"accounts":[{{"name":"a","positions":[{rows}],"open_orders":[{}]}}]}}"#,
        orders.join(",")
    );
    let book = Book::parse(text.as_bytes()).unwrap();
    Portfolio::bind(&book.accounts[0], &market()).unwrap()
}

fn held(instrument: &str, quantity: f64) -> String {
    format!(r#"{{"instrument":"{instrument}","quantity":{quantity}}}"#)
}

fn require(model: &dyn MarginModel, portfolio: &Portfolio) -> Result<Vec<Pool>, InputError> {
    let market = market();
    let ids: Vec<InstrumentId> = market.ids().collect();
    let prepared = model.prepare(&market, &ids)?;
    Ok(trade::with_orders(prepared.as_ref(), &market, portfolio)?.pools)
}

fn component(pools: &[Pool], name: &str) -> f64 {
    let found = pools.iter().flat_map(|pool| &pool.components).filter(|one| one.name == name);
    found.map(|one| one.initial).sum()
}

/// OKX, *Option margin*: selling to open needs max(IMR − price, 0.1), buying to open its price. IMR is
/// 0.15 + 0.05 at the money with the factor 1, in coin.
#[test]
fn an_order_does_not_close_what_another_order_may_open() {
    let charge = |rows: &str, orders: &[(&str, f64, f64)]| {
        let pools = require(filled::okx_option().as_ref(), &portfolio(rows, CALL, orders)).unwrap();
        component(&pools, "open_orders") / 60_000.0
    };
    // Sell 1 at 0.05: 0.20 − 0.05. Buy 1 at 0.02: 0.02; it may fill before the other.
    let both = charge("", &[("sell", 1.0, 0.05), ("buy", 1.0, 0.02)]);
    assert!((both - 0.17).abs() < 1e-12, "{both}");
    let turned = charge("", &[("buy", 1.0, 0.02), ("sell", 1.0, 0.05)]);
    assert!((turned - 0.17).abs() < 1e-12, "{turned}");
    // Long 1: the first sale closes it for nothing, the second opens.
    let sales = charge(&held(CALL, 1.0), &[("sell", 1.0, 0.05), ("sell", 1.0, 0.05)]);
    assert!((sales - 0.15).abs() < 1e-12, "{sales}");
}

/// Deribit: the delta total, from which roll and delta shock are taken, is of futures and options.
#[test]
fn spot_is_scanned_and_neither_rolls_nor_counts_as_delta() {
    for (id, figure, price_range) in
        [("deribit-spm", "BTC_delta_total", 0.16), ("deribit-xpm", "BTC_delta_total_coins", 0.14)]
    {
        // 400 coins are 24 M USD, above the threshold of the delta shock.
        let spot = portfolio(&held("BTC_USDC", 400.0), CALL, &[]);
        let pools = require(bundled(id).as_ref(), &spot).unwrap();
        assert_eq!(component(&pools, "roll") + component(&pools, "delta_liquidity"), 0.0, "{id}");
        assert_eq!(pools[0].figures[figure], 0.0);
        let scan = component(&pools, "scan");
        assert!((scan - price_range * 24e6).abs() < 1e-6, "{id}: {scan}");
        let perpetual = portfolio(&held("BTC_USDC-PERPETUAL", 400.0), CALL, &[]);
        let pools = require(bundled(id).as_ref(), &perpetual).unwrap();
        assert!(component(&pools, "roll") > 0.0 && component(&pools, "delta_liquidity") > 0.0);
    }
}

/// A position on a coin of which nothing was prepared is an error, or margined nevertheless by a model
/// that prices nothing beforehand; never a dropped leg.
#[test]
fn a_coin_that_was_not_prepared_is_not_dropped() {
    let market = market();
    let book = portfolio(&held("ETH_USDC-PERPETUAL", 1.0), CALL, &[]);
    let btc = [market.find("BTC_USDC-PERPETUAL").unwrap()];
    let mut every = vec![filled::okx(), filled::bybit()];
    let known = models::ids().into_iter().filter(|id| !["okx-pm", "bybit-pm"].contains(id));
    every.extend(known.map(bundled));
    let drops = |model: &dyn MarginModel| {
        let prepared = model.prepare(&market, &btc).ok();
        let answer = prepared.and_then(|prepared| prepared.requirement(&book).ok());
        answer.is_some_and(|answer| answer.initial_margin_usd() <= 0.0)
    };
    let dropping: Vec<&str> =
        every.iter().filter(|model| drops(model.as_ref())).map(|model| model.id()).collect();
    assert_eq!(dropping, Vec::<&str>::new());
}

/// Binance's portfolio margin has no options: neither as positions nor as orders.
#[test]
fn an_order_in_what_is_not_margined_is_refused() {
    let option = "BTC_USDC-26JUN26-60000-C";
    let order = portfolio("", option, &[("buy", 1.0, 100.0)]);
    let error = require(bundled("binance-pm").as_ref(), &order).unwrap_err();
    assert_eq!(error.code, InputCode::Unsupported);
    assert!(error.message.contains(option), "{error}");
}
