//! Rules of the three managers, by hand and over random books.

mod account;
mod portfolio_margin;
mod random;
mod standard_margin;

use plimsoll_model::{Book, InputCode, InputError, Market, MarketMove, Portfolio, Timestamp};
use plimsoll_pricing::snapshot::completed;

use crate::model::{Pool, Requirement};
use crate::models::bundled_model;

const NOW: &str = "2025-12-08T08:00:00Z";
const WEEK: &str = "2025-12-15T08:00:00Z";
const QUARTER: &str = "2026-03-11T08:00:00Z";

/// ETH at 3,000 and BTC at 100,000, options of one week and one quarter at 60 % vol, zero rates.
fn market() -> Market {
    let mut instruments = Vec::new();
    for (coin, price, strikes) in
        [("ETH", 3000, [2700, 3000, 3300]), ("BTC", 100_000, [90_000, 100_000, 110_000])]
    {
        instruments.push(format!(
            r#"{{"name":"{coin}-PERP","kind":"perpetual","underlying":"{coin}","settlement":"USDC",
                "contract_size":1,"mark_price":{price}}}"#
        ));
        // The same contract settled in coin: one contract is one dollar.
        instruments.push(format!(
            r#"{{"name":"{coin}-PERPETUAL","contract_size":1,"contract_unit":"quote",
                "mark_price":{price}}}"#
        ));
        instruments
            .push(format!(r#"{{"name":"{coin}-26JUN26","contract_size":1,"mark_price":{price}}}"#));
        instruments.push(format!(r#"{{"name":"{coin}_USDC","mark_price":{price}}}"#));
        for date in ["15DEC25", "11MAR26"] {
            for strike in strikes {
                for right in ["C", "P"] {
                    for family in [coin.to_owned(), format!("{coin}_USDC")] {
                        instruments.push(format!(
                            r#"{{"name":"{family}-{date}-{strike}-{right}","mark_vol":0.6}}"#
                        ));
                    }
                }
            }
        }
    }
    instruments.push(
        r#"{"name":"DOGE-PERP","kind":"perpetual","underlying":"DOGE","settlement":"USDC",
            "contract_size":1,"mark_price":0.2}"#
            .to_owned(),
    );
    let text = format!(
        r#"{{"id":"by-hand","time":"{NOW}","assets":{{"USDC":1,"USDT":1,"wstETH":3600,"XYZ":5}},
            "underlyings":{{
              "ETH":{{"index_price":3000,"forwards":{{"{WEEK}":3000,"{QUARTER}":3000}}}},
              "BTC":{{"index_price":100000,"forwards":{{"{WEEK}":100000,"{QUARTER}":100000}}}},
              "DOGE":{{"index_price":0.2}}}},
            "instruments":[{}]}}"#,
        instruments.join(",")
    );
    completed(Market::from_json(text.as_bytes()).unwrap())
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn bind(market: &Market, rows: &[(&str, &str)]) -> Portfolio {
    let rows: String = rows.iter().map(|(name, size)| format!("{name},{size}\n")).collect();
    let book = Book::parse(format!("instrument,quantity\n{rows}").as_bytes()).unwrap();
    Portfolio::bind(&book.accounts[0], market).unwrap()
}

fn try_require(
    model: &str,
    market: &Market,
    portfolio: &Portfolio,
) -> Result<Requirement, InputError> {
    let (market, portfolio) = portfolio.narrowed(market);
    let model = bundled_model(model, market.time).unwrap();
    let ids: Vec<_> = market.ids().collect();
    model.prepare(&market, &ids)?.requirement(&portfolio)
}

fn pool(model: &str, market: &Market, rows: &[(&str, &str)]) -> Pool {
    let requirement = try_require(model, market, &bind(market, rows)).unwrap();
    requirement.pools.into_iter().next().unwrap()
}

fn figure(pool: &Pool, name: &str) -> f64 {
    pool.figures.get(name).copied().unwrap_or_else(|| panic!("no {name} in {:?}", pool.figures))
}

fn amount(pool: &Pool, name: &str) -> (f64, f64) {
    let component = pool.components.iter().find(|component| component.name == name).unwrap();
    (component.initial, component.maintenance)
}

/// Equality to rounding: sums of a few products of this size.
fn close(value: f64, expected: f64) {
    let slack = 1e-11 * (1.0 + expected.abs());
    assert!((value - expected).abs() <= slack, "{value} is not {expected}");
}

fn refusal(model: &str, rows: &[(&str, &str)]) -> String {
    let market = market();
    let error = try_require(model, &market, &bind(&market, rows)).unwrap_err();
    assert_eq!(error.code, InputCode::Unsupported, "{error}");
    error.to_string()
}

/// The market at the end of the week, the settlement average complete.
fn at_expiry() -> Market {
    let mut market = market();
    market.time = at(WEEK);
    for underlying in market.underlyings.values_mut() {
        if let Some(forward) = underlying.forwards.get_mut(&at(WEEK)) {
            forward.fixed = forward.price;
        }
    }
    market
}

fn days(days: f64) -> MarketMove {
    MarketMove { days, ..Default::default() }
}
