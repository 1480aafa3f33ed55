//! The market and the books on it.

use plimsoll_model::number::Exact;
use plimsoll_model::{BookAccount, Market, Portfolio, book::BookPosition};
use plimsoll_pricing::snapshot::completed;
use proptest::prelude::*;
use rust_decimal::Decimal;

/// Instruments and signed contracts.
pub type Rows = Vec<(String, Decimal)>;

/// Two coins; perpetuals, dated futures and options of both settlements; spot. Dated futures are
/// marked at the forward that the options of their expiry see.
pub fn market() -> Market {
    let mut instruments = Vec::new();
    let mut underlyings = Vec::new();
    for (coin, price, size) in [("BTC", 60_000.0, 10), ("ETH", 3_000.0, 1)] {
        let (near, far) = (1.002 * price, 1.02 * price);
        underlyings.push(format!(
            r#""{coin}":{{"index_price":{price},"forwards":{{
                "2026-01-09T08:00:00Z":{near},"2026-06-26T08:00:00Z":{far}}}}}"#
        ));
        for (name, mark) in [("PERPETUAL", price), ("26JUN26", far)] {
            instruments.push(format!(
                r#"{{"name":"{coin}-{name}","contract_size":{size},"contract_unit":"quote",
                    "mark_price":{mark}}}"#
            ));
            instruments.push(format!(
                r#"{{"name":"{coin}_USDC-{name}","contract_size":1,"mark_price":{mark},
                    "open_interest":10000}}"#
            ));
        }
        instruments.push(format!(r#"{{"name":"{coin}_USDC","mark_price":{price}}}"#));
        for date in ["9JAN26", "26JUN26"] {
            for percent in [70, 95, 100, 105, 140] {
                let strike = price * f64::from(percent) / 100.0;
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
    let text = format!(
        r#"{{"id":"properties","time":"2026-01-01T08:00:00Z","assets":{{"USDC":1}},
            "underlyings":{{{}}},"instruments":[{}]}}"#,
        underlyings.join(","),
        instruments.join(",")
    );
    completed(Market::from_json(text.as_bytes()).unwrap())
}

pub fn bind(market: &Market, rows: &Rows, dollars: Decimal) -> Portfolio {
    let position = |(name, quantity): &(String, Decimal)| BookPosition {
        instrument: name.clone(),
        quantity: Exact(*quantity),
        entry_price: None,
        at: String::new(),
    };
    let account = BookAccount {
        name: "random".to_owned(),
        positions: rows.iter().map(position).collect(),
        balances: [("USDC".into(), Exact(dollars))].into(),
        open_orders: vec![],
    };
    Portfolio::bind(&account, market).unwrap()
}

/// One instrument and a quantity of a hundredth of a contract to 20 000; spot is held, never owed.
pub fn row(names: &[String]) -> impl Strategy<Value = (String, Decimal)> + use<> {
    let hundredths = (-200i64..=200, 0u32..=4).prop_map(|(few, power)| few * 10i64.pow(power));
    let size = hundredths.prop_map(|hundredths| Decimal::new(hundredths, 2));
    (proptest::sample::select(names.to_vec()), size).prop_map(|(name, size)| {
        let spot = !name.contains('-');
        (name, if spot { size.abs() } else { size })
    })
}

pub fn rows(names: &[String]) -> impl Strategy<Value = Rows> + use<> {
    let most = names.len().min(6);
    proptest::collection::vec(row(names), 1..=most).prop_map(|rows| {
        let mut found: Rows = Vec::new();
        for (name, size) in rows {
            if !found.iter().any(|(known, _)| *known == name) {
                found.push((name, size));
            }
        }
        found
    })
}
