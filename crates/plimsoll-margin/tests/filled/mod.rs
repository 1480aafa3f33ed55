//! Parameter files of venues with numbers in place of those that are not published. The numbers are
//! of the usual size, and made up.

use plimsoll_margin::{MarginModel, models};
use plimsoll_model::Timestamp;

/// A bundled file with its unknown numbers filled in.
fn filled(id: &str, numbers: &[(&str, &str)]) -> Box<dyn MarginModel> {
    let at = "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap();
    let mut text = String::new();
    for line in models::bundled_at(id, at).unwrap().text.lines() {
        let name = line.split(" = ").next().unwrap();
        let known = numbers.iter().find(|(known, _)| *known == name && line.contains("unknown"));
        let line =
            known.map_or_else(|| line.to_owned(), |(name, value)| format!("{name} = {value}"));
        text.push_str(&line);
        text.push('\n');
    }
    models::from_params(&text).unwrap()
}

const TENORS: &str = "[{ days = 0, shock = 2.0 }, { days = 90, shock = 1.0 }]";
const DEPEG: &str =
    "[{ from_price_usd = 0.9, tiers = [{ up_to_usd = 1e6, pct = 0.75 }, { pct = 2.5 }] }]";

pub fn okx() -> Box<dyn MarginModel> {
    filled(
        "okx-pm",
        &[
            (
                "iv_shocks",
                "[{ days = 0, points = 30, relative_pct = 50 }, { days = 60, points = 12, relative_pct = 25 }]",
            ),
            ("vega_term", TENORS),
            ("interest_rate", TENORS),
            ("minimum_short_pct", "0.3"),
            ("USDT-USD", DEPEG),
            ("USDT-USDC", DEPEG),
            ("USDC-USD", DEPEG),
        ],
    )
}

pub fn bybit() -> Box<dyn MarginModel> {
    filled(
        "bybit-pm",
        &[
            ("short_option_pct", "1.0"),
            ("stable_spread_pct", "0.2"),
            ("delta_spread_pct_per_year", "50.0"),
            ("futures_pct", "0.3"),
        ],
    )
}

pub fn okx_option() -> Box<dyn MarginModel> {
    filled("okx-option", &[("margin_factor", "1.0")])
}
