//! Holdings as venues report them, turned into a book: both sides of a hedged position become one
//! row, and every isolated position an account of its own.

use std::collections::BTreeMap;

use plimsoll_model::book::{BookPosition, OpenOrder};
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::number::Exact;
use plimsoll_model::{Asset, Book, BookAccount, ContractUnit};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use crate::draft::Contract;
use crate::payload::Row;

/// Holdings by account; the main account has the empty name.
#[derive(Default)]
pub(crate) struct Accounts {
    accounts: BTreeMap<String, Holdings>,
    /// Whether any answer was about holdings.
    pub asked: bool,
}

#[derive(Default)]
struct Holdings {
    balances: BTreeMap<Asset, Decimal>,
    legs: BTreeMap<String, Vec<Leg>>,
    orders: Vec<OpenOrder>,
}

/// One row of a venue's list of positions.
struct Leg {
    quantity: Decimal,
    entry_price: Option<Decimal>,
    at: String,
}

/// The main account.
pub(crate) const MAIN: &str = "";

/// A row of holdings, in contracts.
pub(crate) struct Position<'a> {
    pub account: &'a str,
    pub instrument: &'a str,
    pub quantity: Decimal,
    /// Absent where the unrealised profit is in the balances already.
    pub entry_price: Option<Exact>,
}

impl Accounts {
    /// Adds to a balance; nothing is noted for zero.
    pub fn balance(
        &mut self,
        account: &str,
        asset: &Asset,
        amount: Decimal,
        row: &Row<'_>,
    ) -> Result<(), InputError> {
        if amount.is_zero() {
            return Ok(());
        }
        let holdings = self.accounts.entry(account.to_owned()).or_default();
        let slot = holdings.balances.entry(asset.clone()).or_default();
        *slot = slot.checked_add(amount).ok_or_else(|| {
            row.error(InputCode::BadNumber, format!("the balance of {asset} is too large"))
        })?;
        Ok(())
    }

    /// Adds a position; nothing is noted for zero.
    pub fn position(&mut self, position: &Position<'_>, row: &Row<'_>) -> Result<(), InputError> {
        let Position { account, instrument, quantity, entry_price } = *position;
        if quantity.is_zero() {
            return Ok(());
        }
        if let Some(price) = entry_price.filter(|price| price.0 <= Decimal::ZERO) {
            let message = format!("{instrument}: the entry price {} must be positive", price.0);
            return Err(row.error(InputCode::BadNumber, message));
        }
        let holdings = self.accounts.entry(account.to_owned()).or_default();
        holdings.legs.entry(instrument.to_owned()).or_default().push(Leg {
            quantity,
            entry_price: entry_price.map(|price| price.0),
            at: row.at.clone(),
        });
        Ok(())
    }

    /// Adds an order that may still fill, to the account in which its contract is held by itself if
    /// it is; answers about orders come after those about positions.
    pub fn order(&mut self, account: &str, order: OpenOrder) {
        let isolated = self.accounts.contains_key(&order.instrument);
        let account = if isolated { order.instrument.clone() } else { account.to_owned() };
        self.accounts.entry(account).or_default().orders.push(order);
    }

    /// The book, if any answer was about holdings and any holds something.
    pub fn finish(
        self,
        name: &str,
        contracts: &BTreeMap<String, Contract>,
        warnings: &mut Vec<String>,
    ) -> Result<Option<Book>, InputError> {
        let mut accounts = Vec::with_capacity(self.accounts.len());
        for (suffix, mut holdings) in self.accounts {
            let name = if suffix.is_empty() { name.to_owned() } else { format!("{name}/{suffix}") };
            let mut positions = Vec::with_capacity(holdings.legs.len());
            for (instrument, legs) in holdings.legs {
                let Some(contract) = contracts.get(&instrument) else { continue };
                let (position, locked_in) = net(contract, &legs)?;
                if !locked_in.is_zero() {
                    warnings.push(format!(
                        "{instrument} is held long and short: the two are netted, and the {} {} \
                         between their entry prices is added to the balance",
                        locked_in.normalize(),
                        contract.settlement
                    ));
                    let slot = holdings.balances.entry(contract.settlement.clone()).or_default();
                    *slot = slot.checked_add(locked_in).ok_or_else(|| overflow(contract))?;
                }
                positions.extend(position);
            }
            let balances = holdings.balances.into_iter();
            let balances = balances.map(|(asset, amount)| (asset, Exact(amount))).collect();
            accounts.push(BookAccount { name, positions, balances, open_orders: holdings.orders });
        }
        accounts.retain(|account| {
            let BookAccount { positions, balances, open_orders, .. } = account;
            !(positions.is_empty() && balances.is_empty() && open_orders.is_empty())
        });
        if self.asked && accounts.is_empty() {
            warnings.push("the account holds nothing: there is no book".to_owned());
        }
        Ok((!accounts.is_empty()).then_some(Book { accounts }))
    }
}

fn overflow(contract: &Contract) -> InputError {
    let message = format!("{}: quantity and entry price are too large to add up", contract.name);
    InputError::new(InputCode::BadNumber, message)
}

/// One side of a position.
#[derive(Clone, Copy, Default)]
struct Half {
    /// Contracts, not signed.
    quantity: Decimal,
    /// Quantity · entry price for contracts of base, quantity / entry price for contracts of quote:
    /// what profit is linear in.
    basis: Decimal,
}

/// The row of all legs together, and the profit that the smaller side locks in against the larger.
///
/// The larger side keeps its entry price E; the n contracts of the smaller side, entered at e, close
/// against it for n·size·(e − E) quote (long larger) or n·size·(1/E − 1/e) coin.
fn net(contract: &Contract, legs: &[Leg]) -> Result<(Option<BookPosition>, Decimal), InputError> {
    let overflow = || overflow(contract);
    let mut quantity = Decimal::ZERO;
    for leg in legs {
        quantity = quantity.checked_add(leg.quantity).ok_or_else(overflow)?;
    }
    let at = legs.first().map(|leg| leg.at.clone()).unwrap_or_default();
    let row = |entry_price: Option<Decimal>| {
        (!quantity.is_zero()).then(|| BookPosition {
            instrument: contract.name.clone(),
            quantity: Exact(quantity),
            entry_price: entry_price.map(Exact),
            at: at.clone(),
        })
    };
    if let [leg] = legs {
        return Ok((row(leg.entry_price), Decimal::ZERO));
    }
    // The premium of an option was paid at the trade, and its whole value is in equity.
    let is_option = matches!(contract.kind, plimsoll_model::instrument::Kind::Option { .. });
    let entries: Option<Vec<Decimal>> = legs.iter().map(|leg| leg.entry_price).collect();
    let Some(entries) = entries.filter(|_| !is_option) else {
        return Ok((row(None), Decimal::ZERO));
    };
    let in_quote = contract.unit == ContractUnit::Quote;
    let (mut long, mut short) = (Half::default(), Half::default());
    for (leg, entry) in legs.iter().zip(entries) {
        let half = if leg.quantity.is_sign_positive() { &mut long } else { &mut short };
        let amount = leg.quantity.abs();
        let basis = if in_quote { amount.checked_div(entry) } else { amount.checked_mul(entry) };
        half.quantity = half.quantity.checked_add(amount).ok_or_else(overflow)?;
        half.basis = basis.and_then(|basis| half.basis.checked_add(basis)).ok_or_else(overflow)?;
    }
    let size = Decimal::from_f64(contract.size.0).ok_or_else(overflow)?;
    let locked_in = || {
        let matched = long.quantity.min(short.quantity);
        let share = |half: Half| half.basis.checked_mul(matched)?.checked_div(half.quantity);
        let (bought, sold) = if matched.is_zero() {
            return Some(Decimal::ZERO);
        } else if in_quote {
            (share(short)?, share(long)?)
        } else {
            (share(long)?, share(short)?)
        };
        sold.checked_sub(bought)?.checked_mul(size)
    };
    let larger = if long.quantity >= short.quantity { long } else { short };
    let entry_price = if in_quote {
        larger.quantity.checked_div(larger.basis)
    } else {
        larger.basis.checked_div(larger.quantity)
    };
    let entry_price = entry_price.ok_or_else(overflow)?;
    Ok((row(Some(entry_price)), locked_in().ok_or_else(overflow)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::instrument::Kind;
    use plimsoll_model::number::Real;

    fn contract(unit: ContractUnit, size: f64) -> Contract {
        let (underlying, quote) = (Asset::new("BTC"), Asset::new("USDT"));
        let settlement = if unit == ContractUnit::Quote { &underlying } else { &quote };
        Contract {
            name: "X".to_owned(),
            kind: Kind::Perpetual,
            settlement: settlement.clone(),
            underlying,
            quote,
            size: Real(size),
            unit,
        }
    }

    fn leg(quantity: i64, entry_price: i64) -> Leg {
        let [quantity, entry] = [quantity, entry_price].map(Decimal::from);
        Leg { quantity, entry_price: Some(entry), at: String::new() }
    }

    #[test]
    fn a_hedge_in_quote_locks_in_the_difference_of_its_entries() {
        // Long 3 at 100, short 1 at 120, ten coins each: 1·10·(120 − 100) = 200 is locked in.
        let (row, locked_in) =
            net(&contract(ContractUnit::Base, 10.0), &[leg(3, 100), leg(-1, 120)]).unwrap();
        let row = row.unwrap();
        assert_eq!((row.quantity.0, row.entry_price.unwrap().0), (2.into(), 100.into()));
        assert_eq!(locked_in, Decimal::from(200));
        // Short 3 at 120, long 1 at 100: the same 200, and the rest stays short at 120.
        let (row, locked_in) =
            net(&contract(ContractUnit::Base, 10.0), &[leg(1, 100), leg(-3, 120)]).unwrap();
        let row = row.unwrap();
        assert_eq!((row.quantity.0, row.entry_price.unwrap().0), ((-2).into(), 120.into()));
        assert_eq!(locked_in, Decimal::from(200));
    }

    #[test]
    fn a_hedge_in_coin_locks_in_the_difference_of_reciprocals() {
        // Long 2 of 100 USD at 50, short 1 at 100: 1·100·(1/50 − 1/100) = 1 coin.
        let (row, locked_in) =
            net(&contract(ContractUnit::Quote, 100.0), &[leg(2, 50), leg(-1, 100)]).unwrap();
        let row = row.unwrap();
        assert_eq!((row.quantity.0, row.entry_price.unwrap().0), (1.into(), 50.into()));
        assert_eq!(locked_in, Decimal::ONE);
    }

    #[test]
    fn a_full_hedge_leaves_only_what_it_locked_in() {
        let (row, locked_in) =
            net(&contract(ContractUnit::Base, 1.0), &[leg(2, 100), leg(-2, 90)]).unwrap();
        assert_eq!((row, locked_in), (None, Decimal::from(-20)));
    }

    #[test]
    fn two_rows_of_one_side_have_their_mean_entry() {
        let (row, locked_in) =
            net(&contract(ContractUnit::Base, 1.0), &[leg(1, 100), leg(3, 120)]).unwrap();
        // (100 + 3·120) / 4 = 115.
        assert_eq!(row.unwrap().entry_price.unwrap().0, Decimal::from(115));
        assert_eq!(locked_in, Decimal::ZERO);
    }
}
