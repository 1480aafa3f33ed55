//! Orders as venues report them: what is left of each, unless it can take no margin.

use plimsoll_model::book::{OpenOrder, Side};
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::number::Exact;
use rust_decimal::Decimal;

use crate::accounts::MAIN;
use crate::draft::Draft;
use crate::payload::Row;

/// One row of a venue's list of orders.
pub(crate) struct Order<'a> {
    /// The account it stands in.
    pub account: &'a str,
    pub instrument: &'a str,
    pub side: Side,
    /// What may still fill, in contracts.
    pub left: Decimal,
    /// Absent or zero: filled at the mark.
    pub price: Option<Exact>,
    pub reduce_only: bool,
    /// Whether it waits for a price and is not in the market yet.
    pub waits: bool,
}

/// The side that a venue's word says.
pub(crate) fn side(word: &str, row: &Row<'_>) -> Result<Side, InputError> {
    match word {
        "buy" | "Buy" | "BUY" | "B" => Ok(Side::Buy),
        "sell" | "Sell" | "SELL" | "A" => Ok(Side::Sell),
        other => Err(row.error(InputCode::Unsupported, format!("side `{other}` is not known"))),
    }
}

/// What is left of an order of `amount`.
pub(crate) fn left(
    amount: Exact,
    filled: Option<Exact>,
    row: &Row<'_>,
) -> Result<Decimal, InputError> {
    let filled = filled.map_or(Decimal::ZERO, |filled| filled.0);
    amount.0.checked_sub(filled).ok_or_else(|| {
        row.error(InputCode::BadNumber, format!("{} less {filled} is too large", amount.0))
    })
}

impl Draft {
    /// Adds an order; nothing is noted of one that is filled. One that can only reduce a position
    /// never needs margin, and one that waits for a trigger is not margined before it.
    pub fn order(&mut self, order: &Order<'_>, row: &Row<'_>) -> Result<(), InputError> {
        let Order { account, instrument, side, left, price, reduce_only, waits } = *order;
        if left.is_zero() {
            return Ok(());
        }
        let why = match (reduce_only, waits) {
            (true, _) => "they can only reduce a position, and need no margin",
            (_, true) => "they wait for a trigger",
            _ => {
                self.ordered(instrument, row)?;
                return self.add_order(account, instrument, side, left, price, row);
            }
        };
        self.leave_out_order(instrument, why);
        Ok(())
    }

    /// Notes an order that is not taken in.
    pub fn leave_out_order(&mut self, instrument: &str, why: &str) {
        self.orders_left_out.insert((instrument.to_owned(), why.to_owned()));
    }

    fn add_order(
        &mut self,
        account: &str,
        instrument: &str,
        side: Side,
        left: Decimal,
        price: Option<Exact>,
        row: &Row<'_>,
    ) -> Result<(), InputError> {
        let price = price.filter(|price| !price.0.is_zero());
        let negative = price.is_some_and(|price| price.0.is_sign_negative());
        if left.is_sign_negative() || negative {
            let price = price.map_or_else(|| "the mark".to_owned(), |price| price.0.to_string());
            let message = format!("{instrument}: an order for {left} at {price}");
            return Err(row.error(InputCode::BadNumber, message));
        }
        let instrument = instrument.to_owned();
        let order = OpenOrder { instrument, side, quantity: Exact(left), price };
        self.accounts.order(account, order);
        Ok(())
    }
}

/// Orders of which the venue does not say the account stand in the main one.
impl Default for Order<'_> {
    fn default() -> Self {
        Self {
            account: MAIN,
            instrument: "",
            side: Side::Buy,
            left: Decimal::ZERO,
            price: None,
            reduce_only: false,
            waits: false,
        }
    }
}
