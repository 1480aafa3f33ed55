//! A market, as tables.

use super::snapshot_words;
use crate::commands::{Chain, ExpiryStrikes, Strikes};
use crate::format::{count, expiry, number, optional, price, shortest, signed};
use crate::table::{Table, heading};

/// Coins and expiries.
pub fn text(chain: &Chain) -> String {
    let mut out = heading(&snapshot_words(&chain.snapshot));
    out.push('\n');
    for coin in &chain.underlyings {
        let mut title = format!("{}, index {} USD", coin.underlying, number(coin.index_price, 2));
        for (name, mark) in &coin.perpetuals {
            title.push_str(&format!(", {name} {}", optional(*mark, |mark| number(mark, 2))));
        }
        let mut table = Table::new(title)
            .text("Expiry")
            .number("Days")
            .number("Forward, USD")
            .number("Basis, %")
            .number("ATM vol, %")
            .number("Options")
            .number("Two-sided")
            .number("Open interest");
        for row in &coin.expiries {
            table.push([
                expiry(row.expiry),
                number(row.days, 1),
                optional(row.forward, |forward| number(forward, 2)),
                optional(row.basis_pct, |basis| signed(basis, 2)),
                optional(row.atm_vol_pct, |vol| number(vol, 1)),
                row.options.to_string(),
                row.quoted.to_string(),
                number(row.open_interest, 1),
            ]);
        }
        out.push_str(&table.to_terminal());
    }
    out
}

/// The strikes of an expiry.
pub fn strikes(strikes: &Strikes) -> String {
    let mut out = heading(&snapshot_words(&strikes.snapshot));
    out.push('\n');
    for expiry in &strikes.expiries {
        out.push_str(&strike_table(expiry).to_terminal());
    }
    out
}

fn strike_table(chain: &ExpiryStrikes) -> Table {
    let about = &chain.about;
    let title = format!(
        "{} {}: forward {}, {} days, ATM vol {} %, {}",
        chain.underlying,
        expiry(about.expiry),
        optional(about.forward, |forward| number(forward, 2)),
        number(about.days, 1),
        optional(about.atm_vol_pct, |vol| number(vol, 1)),
        count(about.options, "option"),
    );
    let mut table = Table::new(title)
        .text("Instrument")
        .number("Vol, %")
        .number("Bid")
        .number("Mark")
        .number("Ask")
        .number("Delta")
        .number("Gamma\nper 1 %")
        .number("Vega,\nUSD/pt")
        .number("Theta,\nUSD/d")
        .number("Open\ninterest");
    for row in &chain.strikes {
        let greeks = row.greeks.as_ref();
        table.push([
            row.instrument.clone(),
            optional(row.mark_vol_pct, |vol| number(vol, 1)),
            optional(row.bid, price),
            optional(row.mark_price, price),
            optional(row.ask, price),
            optional(greeks.map(|greeks| greeks.delta), |delta| number(delta, 3)),
            optional(greeks.map(|greeks| greeks.gamma_1pct), |gamma| number(gamma, 4)),
            optional(greeks.map(|greeks| greeks.vega), |vega| number(vega, 2)),
            optional(greeks.map(|greeks| greeks.theta), |theta| number(theta, 2)),
            optional(row.open_interest, |open| shortest(open, 1)),
        ]);
    }
    table
}
