//! Liquidation prices as tables. Positions that see the same prices share a line.

use plimsoll::LiquidationPrice;
use plimsoll::margin::liquidation::Method;
use plimsoll::margin::report::Assessment;

use crate::format::{NONE, clean, number, price, signed};
use crate::table::Table;

/// What a position sees: prices and words, without its name.
type Cells = Vec<String>;

/// Where the price of one coin alone liquidates.
pub fn prices(answer: &Assessment) -> Table {
    let several_pools = answer.pools.len() > 1;
    let mut table = Table::new("Liquidation prices: one coin's price moves alone").text("Position");
    if several_pools {
        table = table.text("Pool");
    }
    let table = table
        .number("Price now")
        .number("Falls to")
        .number("by, %")
        .number("Rises to")
        .number("by, %")
        .text("Found by");
    let cells = |one: &LiquidationPrice| {
        let mut cells = vec![price(one.price_now)];
        for side in [one.below, one.above] {
            cells.push(word(one, side));
            let by = side.filter(|at| *at != one.price_now);
            cells.push(by.map_or_else(String::new, |at| move_pct(one.price_now, at)));
        }
        cells.push(method(one).to_owned());
        if several_pools {
            cells.insert(0, clean(&one.pool));
        }
        cells
    };
    lines(table, answer.liquidation_prices.iter().map(|one| (one, cells(one))))
}

/// The same prices before and after a trade, for positions held on either side of it.
pub fn before_after(before: &Assessment, after: &Assessment) -> Table {
    let table = Table::new("Liquidation prices before and after: one coin's price moves alone")
        .text("Position")
        .number("Price now")
        .number("Falls to,\nbefore")
        .number("Falls to,\nafter")
        .number("Rises to,\nbefore")
        .number("Rises to,\nafter");
    let find = |answer: &'_ Assessment, name: &str| {
        answer.liquidation_prices.iter().find(|one| one.instrument == name).cloned()
    };
    let closed =
        before.liquidation_prices.iter().filter(|one| find(after, &one.instrument).is_none());
    let rows = after.liquidation_prices.iter().chain(closed).map(|one| {
        let sides = [find(before, &one.instrument), find(after, &one.instrument)];
        let mut cells = vec![price(one.price_now)];
        for of in [below, above] {
            for side in &sides {
                let held = side.as_ref().map(|found| word(found, of(found)));
                cells.push(held.unwrap_or_else(|| NONE.to_owned()));
            }
        }
        (one, cells)
    });
    lines(table, rows)
}

fn below(one: &LiquidationPrice) -> Option<f64> {
    one.below
}

fn above(one: &LiquidationPrice) -> Option<f64> {
    one.above
}

/// A price, `now` where the pool is under maintenance, `none` where there is no such price.
fn word(one: &LiquidationPrice, side: Option<f64>) -> String {
    match side {
        None => "none".to_owned(),
        Some(at) if at == one.price_now => "now".to_owned(),
        Some(at) => price(at),
    }
}

fn move_pct(now: f64, at: f64) -> String {
    let percent = 100.0 * (at / now - 1.0);
    // A rise of thousands of percent needs no decimals.
    if percent < 1000.0 { signed(percent, 2) } else { format!("+{}", number(percent, 0)) }
}

fn method(one: &LiquidationPrice) -> &'static str {
    match one.method {
        _ if one.price == Some(one.price_now) => NONE,
        Method::ClosedForm => "formula",
        Method::Root => "search",
        Method::None => NONE,
    }
}

/// One line for all positions on one coin with the same cells, in order of first appearance.
fn lines<'a>(mut table: Table, rows: impl Iterator<Item = (&'a LiquidationPrice, Cells)>) -> Table {
    let mut lines: Vec<(&LiquidationPrice, usize, Cells)> = Vec::new();
    for (one, cells) in rows {
        let same = lines
            .iter_mut()
            .find(|(first, _, known)| first.underlying == one.underlying && *known == cells);
        match same {
            Some((_, others, _)) => *others += 1,
            None => lines.push((one, 0, cells)),
        }
    }
    for (first, others, cells) in lines {
        let name = clean(&first.instrument);
        let name = if others > 0 { format!("{name} and {others} more") } else { name };
        table.push([vec![name], cells].concat());
    }
    table
}
