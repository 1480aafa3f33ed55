//! `plimsoll what-if`: margin before and after trades.

use plimsoll::margin::report::Assessment;
use plimsoll::margin::trade::{mark, traded};
use plimsoll::model::book::{BookAccount, BookPosition};
use plimsoll::model::number::{Exact, parse_exact, to_f64};
use plimsoll::{Asset, InputCode, InputError, Market, Portfolio, assess};
use schemars::JsonSchema;
use serde::Serialize;

use super::json;
use crate::args::WhatIfArgs;
use crate::args::common::Format;
use crate::exit::{Answer, Status};
use crate::input::{self, Inputs};
use crate::view;

/// One account before and after trades.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WhatIf {
    /// What was traded, in the order given.
    pub trades: Vec<Trade>,
    /// Before.
    pub before: Assessment,
    /// After.
    pub after: Assessment,
    /// After − before.
    pub change: Change,
}

/// A trade, or a deposit.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Trade {
    /// The instrument, or the asset of a deposit.
    pub instrument: String,
    /// Contracts, signed: positive buys; units of the asset for a deposit.
    pub quantity: f64,
    /// Its price, given or the mark; absent for a deposit.
    pub price: Option<f64>,
}

/// After − before, in the words of the assessment, USD.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Change {
    /// Equity.
    pub equity: f64,
    /// Initial margin.
    pub initial_margin: f64,
    /// Maintenance margin.
    pub maintenance_margin: f64,
    /// Excess.
    pub excess: f64,
    /// Gross.
    pub gross: f64,
    /// Net.
    pub net: f64,
    /// Benefit.
    pub benefit: f64,
}

/// Runs the command.
pub fn run(args: &WhatIfArgs) -> anyhow::Result<Answer> {
    let inputs = Inputs::load(&args.book)?;
    let market = &inputs.market.value;
    let model = input::model(&args.model, market)?;
    let portfolio = inputs.single()?;
    let wanted = wanted(args)?;
    let (trades, after) = execute(market, portfolio, &wanted, &inputs)?;
    let assess = |portfolio: &Portfolio| {
        assess(model.as_ref(), market, portfolio).map_err(|error| inputs.blame(error))
    };
    let (before, after) = (assess(portfolio)?, assess(&after)?);
    let status = Status::under_maintenance(after.under_maintenance);
    let change = Change::between(&before, &after);
    let answer = WhatIf { trades, before, after, change };
    let text = match args.format.format {
        Format::Table => view::what_if::text(&answer),
        Format::Json => json(&answer)?,
    };
    Ok(Answer { text, remarks: vec![], status })
}

impl Change {
    fn between(before: &Assessment, after: &Assessment) -> Self {
        Self {
            equity: after.equity - before.equity,
            initial_margin: after.initial_margin - before.initial_margin,
            maintenance_margin: after.maintenance_margin - before.maintenance_margin,
            excess: after.excess - before.excess,
            gross: after.gross - before.gross,
            net: after.net - before.net,
            benefit: after.benefit.amount - before.benefit.amount,
        }
    }
}

/// The trades of the command line, then those of the file.
fn wanted(args: &WhatIfArgs) -> Result<Vec<BookPosition>, InputError> {
    let mut wanted = args.trade.iter().map(|text| parse(text)).collect::<Result<Vec<_>, _>>()?;
    let Some(path) = &args.trades else { return Ok(wanted) };
    let book = input::trades(path)?;
    for account in book.value.accounts {
        let deposits = account.balances.into_iter().map(|(asset, quantity)| BookPosition {
            instrument: asset.to_string(),
            quantity,
            entry_price: None,
            at: format!("balances.{asset}"),
        });
        let rows = account.positions.into_iter().chain(deposits);
        wanted.extend(
            rows.map(|row| BookPosition { at: format!("{}: {}", book.origin, row.at), ..row }),
        );
    }
    Ok(wanted)
}

/// Reads `SELL 5 BTC-27MAR26-100000-C @ 0.012`; the price may be left out.
fn parse(text: &str) -> Result<BookPosition, InputError> {
    let at = format!("--trade \"{text}\"");
    let malformed = |message: String| {
        InputError::new(InputCode::Malformed, message)
            .at(at.clone())
            .hint("a trade is written \"SELL 5 BTC-27MAR26-100000-C @ 0.012\"")
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    let (side, quantity, instrument, price) = match words.as_slice() {
        [side, quantity, instrument] => (side, quantity, instrument, None),
        [side, quantity, instrument, "@", price] => (side, quantity, instrument, Some(*price)),
        _ => return Err(malformed("not a trade".to_owned())),
    };
    let number = |what: &str, word: &str| {
        let value = parse_exact(word).map_err(|why| malformed(format!("{what}: {why}")))?;
        if value.is_sign_negative() || (what == "quantity" && value.is_zero()) {
            return Err(malformed(format!("{what} {word} must be positive")));
        }
        Ok(value)
    };
    let quantity = number("quantity", quantity)?;
    let signed = match side.to_ascii_uppercase().as_str() {
        "BUY" => quantity,
        "SELL" => -quantity,
        _ => return Err(malformed(format!("`{side}` is neither BUY nor SELL"))),
    };
    let entry_price = price.map(|price| number("price", price)).transpose()?.map(Exact);
    Ok(BookPosition {
        instrument: (*instrument).to_owned(),
        quantity: Exact(signed),
        entry_price,
        at,
    })
}

/// Trades one after the other and returns them with their prices.
fn execute(
    market: &Market,
    portfolio: &Portfolio,
    wanted: &[BookPosition],
    inputs: &Inputs,
) -> Result<(Vec<Trade>, Portfolio), InputError> {
    // Binding refuses what is not listed, by the same rules and in the same words as for a book.
    Portfolio::bind(&BookAccount { positions: wanted.to_vec(), ..BookAccount::default() }, market)?;
    let mut after = portfolio.clone();
    let mut trades = Vec::with_capacity(wanted.len());
    for row in wanted {
        let quantity = to_f64(row.quantity.0);
        let price = match market.find(&row.instrument) {
            Some(id) => {
                let price = match row.entry_price {
                    Some(price) => to_f64(price.0),
                    None => mark(market, id).map_err(|error| inputs.blame(error))?,
                };
                after = traded(market, &after, id, quantity, price)
                    .map_err(|error| error.at(row.at.clone()))?;
                Some(price)
            }
            None => {
                let asset = Asset::new(&row.instrument);
                *after.balances.entry(asset).or_default() += quantity;
                None
            }
        };
        trades.push(Trade { instrument: row.instrument.clone(), quantity, price });
    }
    Ok((trades, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trade_reads_as_it_is_spoken() {
        let sell = parse("sell 5 BTC-27MAR26-100000-C @ 0.012").unwrap();
        assert_eq!(sell.quantity, Exact("-5".parse().unwrap()));
        assert_eq!(sell.entry_price, Some(Exact("0.012".parse().unwrap())));
        assert_eq!(parse("BUY 1e3 BTC-PERPETUAL").unwrap().entry_price, None);
    }

    #[test]
    fn what_is_no_trade_is_refused_with_its_text() {
        for text in [
            "",
            "BUY BTC-PERPETUAL",
            "HOLD 1 BTC-PERPETUAL",
            "BUY -1 BTC-PERPETUAL",
            "BUY 0 BTC-PERPETUAL",
            "BUY one BTC-PERPETUAL",
            "BUY 1 BTC-PERPETUAL 5",
            "BUY 1 BTC-PERPETUAL @",
            "BUY 1 BTC-PERPETUAL @ NaN",
            "BUY 1 BTC-PERPETUAL @ -5",
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.code, InputCode::Malformed, "{text}");
            assert!(error.at.contains(text));
        }
    }
}
