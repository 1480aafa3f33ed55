//! One assessment as tables, for the terminal and for the page.

use plimsoll::margin::report::{Assessment, ScenarioReport};

use super::liquidation;
use crate::format::{
    NONE, Usd, clean, expiry, move_pct, number, optional, price, scenario, shortest,
};
use crate::table::Table;

/// The decimals that fit this account.
pub fn usd(answer: &Assessment) -> Usd {
    Usd::fitting([answer.equity, answer.initial_margin, answer.gross])
}

/// What stands, what is needed, what is left.
pub fn headline(answer: &Assessment) -> Table {
    let usd = usd(answer);
    let mut table = Table::new("Margin").text("").number("").text("");
    let mut row = |what: &str, value: String, note: String| {
        table.push([what.to_owned(), value, note]);
    };
    row("Equity", usd.show(answer.equity), "USD, after haircuts".to_owned());
    row("Initial margin", usd.show(answer.initial_margin), "USD".to_owned());
    row("Maintenance margin", usd.show(answer.maintenance_margin), "USD".to_owned());
    row("Excess", usd.show(answer.excess), "USD, equity − initial margin".to_owned());
    let ratio = match answer.margin_ratio {
        Some(ratio) => number(100.0 * ratio, 1),
        None => NONE.to_owned(),
    };
    let pool = if answer.pools.len() > 1 { ", of the pool nearest to liquidation" } else { "" };
    row("Margin ratio", ratio, format!("%, maintenance margin / equity{pool}"));
    let leverage = answer.leverage;
    row(
        "Effective leverage",
        optional(leverage.effective, |times| number(times, 2)),
        format!("×, gross notional {} USD / equity", number(leverage.gross_notional, 0)),
    );
    row(
        "Worst-case loss",
        optional(leverage.worst_loss_pct_of_equity, |share| number(share, 1)),
        "% of equity".to_owned(),
    );
    table
}

/// `above maintenance` or `UNDER MAINTENANCE`.
pub fn verdict(answer: &Assessment) -> &'static str {
    super::verdict(answer.under_maintenance, answer.excess)
}

/// Named charges.
pub fn components(answer: &Assessment) -> Table {
    let usd = usd(answer);
    let mut table = Table::new("Components")
        .text("Charge")
        .number("Initial, USD")
        .number("Maintenance, USD")
        .number("% of initial");
    let share = |amount: f64| {
        let total = answer.initial_margin;
        if total > 0.0 { number(100.0 * amount / total, 1) } else { NONE.to_owned() }
    };
    for part in &answer.components {
        table.push([
            part.name.clone(),
            usd.show(part.amount),
            usd.show(part.maintenance),
            share(part.amount),
        ]);
    }
    table.push([
        "total".to_owned(),
        usd.show(answer.initial_margin),
        usd.show(answer.maintenance_margin),
        share(answer.initial_margin),
    ]);
    table
}

/// From gross to net.
pub fn netting(answer: &Assessment) -> Table {
    let usd = usd(answer);
    let saved = answer.benefit.breakdown;
    let mut table = Table::new("What netting saves").text("").number("USD").number("% of gross");
    let mut row = |what: &str, amount: f64| {
        let gross = answer.gross;
        let share = if gross > 0.0 { number(100.0 * amount / gross, 1) } else { NONE.to_owned() };
        table.push([what.to_owned(), usd.show(amount), share]);
    };
    row("gross: every leg alone", answer.gross);
    row("− same underlying and expiry", -saved.same_expiry);
    row("− across expiries", -saved.across_expiries);
    row("− across underlyings", -saved.across_underlyings);
    row("− positions against collateral", -saved.collateral);
    row("net: everything together", answer.net);
    row("benefit", answer.benefit.amount);
    table
}

/// Pots of collateral, where there is more than the one in USD.
pub fn pools(answer: &Assessment) -> Table {
    let mut table = Table::new("Pools, each in its own asset")
        .text("Pool")
        .text("Asset")
        .number("Equity")
        .number("Initial")
        .number("Maintenance")
        .number("Excess");
    if let [only] = answer.pools.as_slice()
        && only.asset.as_str() == "USD"
    {
        return table;
    }
    for pool in &answer.pools {
        let decimals = if pool.asset_price >= 100.0 { 4 } else { 2 };
        let amount = |value| number(value, decimals);
        table.push([
            pool.name.clone(),
            pool.asset.to_string(),
            amount(pool.equity),
            amount(pool.initial_margin),
            amount(pool.maintenance_margin),
            amount(pool.excess),
        ]);
    }
    table
}

/// Named intermediate results of the model.
pub fn figures(answer: &Assessment) -> Table {
    let mut table = Table::new("Model figures, in the asset of their pool")
        .text("Pool")
        .text("Figure")
        .number("");
    for pool in &answer.pools {
        for (name, value) in &pool.figures {
            table.push([pool.name.clone(), name.replace('_', " "), shortest(*value, 4)]);
        }
    }
    table
}

/// The worst scenario and the runners-up.
pub fn worst(answer: &Assessment) -> Table {
    let worst = answer.worst.iter().chain(&answer.runners_up);
    scenario_table("Worst scenarios", answer, worst)
}

/// Every scenario.
pub fn scenarios(answer: &Assessment) -> Table {
    scenario_table("All scenarios", answer, &answer.scenarios)
}

fn scenario_table<'a>(
    title: &str,
    answer: &Assessment,
    scenarios: impl IntoIterator<Item = &'a ScenarioReport>,
) -> Table {
    let usd = usd(answer);
    let several_pools = answer.pools.len() > 1;
    let mut table = Table::new(title);
    if several_pools {
        table = table.text("Pool");
    }
    table = table
        .text("Scenario")
        .number("Weight, %")
        .number("Full loss, USD")
        .number("Counted loss, USD");
    for state in scenarios {
        let mut row = vec![
            scenario(state),
            shortest(100.0 * state.weight, 2),
            usd.show(state.raw_loss),
            usd.show(state.loss),
        ];
        if several_pools {
            row.insert(0, state.pool.clone());
        }
        table.push(row);
    }
    table
}

/// Every position and its part.
pub fn positions(answer: &Assessment) -> Table {
    let usd = usd(answer);
    let mut table = Table::new("Positions: their part in the net requirement")
        .text("Instrument")
        .number("Contracts")
        .number("Mark")
        .number("Value,\nUSD")
        .number("Unrealised\nP&L, USD")
        .number("Delta,\ncoins")
        .number("Marginal,\nUSD")
        .number("Incremental,\nUSD")
        .number("Stand-alone,\nUSD");
    for position in &answer.positions {
        table.push([
            position.instrument.clone(),
            shortest(position.quantity, 8),
            price(position.mark_price),
            usd.show(position.value),
            usd.show(position.unrealised_pnl),
            number(position.delta, 3),
            usd.show(position.marginal),
            usd.show(position.incremental),
            usd.show(position.stand_alone),
        ]);
    }
    table
}

/// Every asset held.
pub fn collateral(answer: &Assessment) -> Table {
    let usd = usd(answer);
    let mut table = Table::new("Collateral")
        .text("Asset")
        .number("Balance")
        .number("Price, USD")
        .number("Value, USD")
        .number("Marginal, USD");
    for held in &answer.collateral {
        table.push([
            held.asset.to_string(),
            shortest(held.balance, 8),
            price(held.price),
            usd.show(held.value),
            usd.show(held.marginal),
        ]);
    }
    table
}

/// Sensitivities by underlying and expiry.
pub fn greeks(answer: &Assessment) -> Table {
    let mut table = Table::new("Greeks")
        .text("Underlying")
        .text("Expiry")
        .number("Delta,\ncoins")
        .number("Delta,\nUSD/1 %")
        .number("Gamma,\nUSD/1 %²")
        .number("Vega,\nUSD/pt")
        .number("Theta,\nUSD/d")
        .number("Rho,\nUSD/1 %")
        .number("Vanna,\ncoins/pt")
        .number("Volga,\nUSD/pt²");
    for net in &answer.greeks {
        table.push([
            net.underlying.to_string(),
            net.expiry.map_or_else(|| "no expiry".to_owned(), expiry),
            number(net.delta, 3),
            number(net.delta_1pct, 0),
            number(net.gamma_1pct, 0),
            number(net.vega, 0),
            number(net.theta, 0),
            number(net.rho, 0),
            number(net.vanna, 3),
            number(net.volga, 1),
        ]);
    }
    table
}

/// How far liquidation is.
pub fn distance(answer: &Assessment) -> Table {
    let distance = &answer.distance_to_liquidation;
    let mut table = Table::new("Distance to liquidation").text("").number("").text("");
    if answer.under_maintenance {
        table.push(["now".to_owned(), String::new(), "equity is below maintenance".to_owned()]);
        return table;
    }
    let mut row = |what: &str, found: Option<f64>, note: &str| {
        let words = found.map_or("none found", |_| note);
        table.push([what.to_owned(), move_pct(found, 2), words.to_owned()]);
    };
    row("every price down", distance.down_move_pct, "");
    row("every price up", distance.up_move_pct, "");
    row("every vol up", distance.vol_up_pct, "of itself");
    row("every vol down", distance.vol_down_pct, "of itself");
    if let Some(joint) = distance.joint {
        let vols = move_pct(Some(joint.vol_move_pct), 2);
        let with = format!("and vols {vols} of themselves");
        row("nearest joint move: prices", Some(joint.spot_move_pct), &with);
        table.push([
            "its length".to_owned(),
            number(joint.standard_deviations, 2),
            format!(
                "daily std. deviations (price {} %, vol {} %)",
                number(joint.spot_sd_pct, 2),
                number(joint.vol_sd_pct, 2),
            ),
        ]);
    }
    table
}

/// Margin and equity after moves.
pub fn ladder(answer: &Assessment) -> Table {
    let usd = usd(answer);
    let mut table = Table::new("If every price moves")
        .number("Move,\n%")
        .number("Equity,\nUSD")
        .number("Initial,\nUSD")
        .number("Maintenance,\nUSD")
        .number("Equity − maint.,\nUSD")
        .text("");
    for rung in &answer.ladder {
        let word = if rung.under_maintenance { "under maintenance" } else { "" };
        table.push([
            crate::format::signed(rung.move_pct, 0),
            usd.show(rung.equity),
            usd.show(rung.initial_margin),
            usd.show(rung.maintenance_margin),
            usd.show(rung.equity - rung.maintenance_margin),
            word.to_owned(),
        ]);
    }
    table
}

/// What the reader should know.
pub fn notes(answer: &Assessment) -> Vec<String> {
    answer.notes.iter().map(|note| clean(note)).collect()
}

/// All tables that have something to say, in reading order.
pub fn all(answer: &Assessment) -> Vec<Table> {
    let tables = vec![
        headline(answer),
        components(answer),
        netting(answer),
        worst(answer),
        distance(answer),
        liquidation::prices(answer),
        ladder(answer),
        positions(answer),
        collateral(answer),
        greeks(answer),
        pools(answer),
        figures(answer),
    ];
    tables.into_iter().filter(|table| !table.is_empty()).collect()
}
