//! Books as people hand them over: accounts with positions, balances and open orders, from CSV or
//! JSON. Names are not looked up here; [`crate::portfolio`] binds a book to a market.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::asset::Asset;
use crate::error::{InputCode, InputError, from_json, utf8};
use crate::number::{Exact, parse_exact, unique_keys};

/// A set of accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Book {
    /// The accounts, in file order.
    pub accounts: Vec<BookAccount>,
}

/// One account of a book.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BookAccount {
    /// The account's name.
    #[serde(default = "default_account_name")]
    pub name: String,
    /// What is held in contracts.
    #[serde(default)]
    pub positions: Vec<BookPosition>,
    /// What is held in assets; negative is debt.
    #[serde(default, deserialize_with = "unique_keys")]
    pub balances: BTreeMap<Asset, Exact>,
    /// Orders that may still fill.
    #[serde(default)]
    pub open_orders: Vec<OpenOrder>,
}

/// A position of a book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BookPosition {
    /// The venue's instrument name; in CSV also an asset's ticker, which makes it a balance.
    pub instrument: String,
    /// Contracts, signed: positive is long.
    pub quantity: Exact,
    /// Average entry price of a future; absent: unrealised profit is already in the balances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_price: Option<Exact>,
    /// Where the row stood in its file.
    #[serde(skip)]
    #[schemars(skip)]
    pub at: String,
}

/// An order that may still fill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenOrder {
    /// The venue's instrument name.
    pub instrument: String,
    /// Buy or sell.
    pub side: Side,
    /// Contracts still unfilled, positive.
    pub quantity: Exact,
    /// Limit price; absent: filled at the mark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Exact>,
}

/// The side of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Adds to the position.
    Buy,
    /// Takes from the position.
    Sell,
}

impl Side {
    /// +1 for a buy, −1 for a sell.
    pub fn sign(self) -> Decimal {
        match self {
            Self::Buy => Decimal::ONE,
            Self::Sell => Decimal::NEGATIVE_ONE,
        }
    }
}

/// The name given to the only account of a file that names none.
pub const DEFAULT_ACCOUNT: &str = "main";

fn default_account_name() -> String {
    DEFAULT_ACCOUNT.to_owned()
}

impl Book {
    /// Reads a book: JSON if the first character is `{` or `[`, else CSV.
    pub fn parse(bytes: &[u8]) -> Result<Self, InputError> {
        let text = utf8(bytes)?;
        let book = match text.trim_start().chars().next() {
            None => return Err(InputError::new(InputCode::Empty, "the book is empty")),
            Some('{' | '[') => Self::from_json(bytes)?,
            Some(_) => Self::from_csv(text)?,
        };
        book.check()
    }

    fn from_json(bytes: &[u8]) -> Result<Self, InputError> {
        // Three shapes are welcome: {"accounts": [...]}, one account, or a list of positions.
        let shape: serde_json::Value = from_json(bytes)?;
        let mut book = if shape.is_array() {
            let positions = from_json(bytes)?;
            Self { accounts: vec![BookAccount { positions, ..BookAccount::unnamed() }] }
        } else if shape.get("accounts").is_some() {
            from_json(bytes)?
        } else {
            Self { accounts: vec![from_json(bytes)?] }
        };
        for account in &mut book.accounts {
            for (index, position) in account.positions.iter_mut().enumerate() {
                position.at = format!("account {}: positions[{index}]", account.name);
            }
        }
        Ok(book)
    }

    /// Columns `account,instrument,quantity[,entry_price]`; `account` may be left out. Lines that
    /// start with `#` are comments.
    fn from_csv(text: &str) -> Result<Self, InputError> {
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .comment(Some(b'#'))
            .flexible(true)
            .from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| malformed_csv(&error))?.clone();
        let columns = Columns::find(&header)?;
        let mut accounts: Vec<BookAccount> = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| malformed_csv(&error))?;
            let at = format!("line {}", record.position().map_or(0, csv::Position::line));
            let (account, position) = columns.row(&record, &at)?;
            match accounts.iter_mut().find(|known| known.name == account) {
                Some(known) => known.positions.push(position),
                None => accounts.push(BookAccount {
                    name: account,
                    positions: vec![position],
                    ..BookAccount::default()
                }),
            }
        }
        Ok(Self { accounts })
    }

    fn check(self) -> Result<Self, InputError> {
        if self.accounts.iter().all(BookAccount::is_empty) {
            return Err(InputError::new(InputCode::Empty, "the book holds no position or balance"));
        }
        let mut names = BTreeSet::new();
        for account in &self.accounts {
            if !names.insert(account.name.as_str()) {
                let message = format!("account `{}` appears twice", account.name);
                return Err(InputError::new(InputCode::Duplicate, message));
            }
            account.check()?;
        }
        Ok(self)
    }

    /// The account with this name.
    pub fn account(&self, name: &str) -> Result<&BookAccount, InputError> {
        self.accounts.iter().find(|account| account.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.accounts.iter().map(|known| known.name.as_str()).collect();
            InputError::new(InputCode::UnknownAccount, format!("no account `{name}` in the book"))
                .hint(format!("it holds {}", known.join(", ")))
        })
    }
}

impl BookAccount {
    fn unnamed() -> Self {
        Self { name: default_account_name(), ..Self::default() }
    }

    fn is_empty(&self) -> bool {
        self.positions.is_empty() && self.balances.is_empty() && self.open_orders.is_empty()
    }

    fn check(&self) -> Result<(), InputError> {
        let mut seen = BTreeMap::new();
        for position in &self.positions {
            if let Some(first) = seen.insert(position.instrument.as_str(), &position.at) {
                let message = format!(
                    "{} appears twice in account `{}` (first at {first})",
                    position.instrument, self.name
                );
                return Err(InputError::new(InputCode::Duplicate, message)
                    .at(position.at.clone())
                    .hint("add the quantities into one row"));
            }
            if let Some(price) = position.entry_price.filter(|price| price.0 <= Decimal::ZERO) {
                let message = format!("entry_price = {} must be positive", price.0);
                return Err(InputError::new(InputCode::BadNumber, message).at(position.at.clone()));
            }
        }
        for (index, order) in self.open_orders.iter().enumerate() {
            let at = format!("account {}: open_orders[{index}]", self.name);
            if order.quantity.0 <= Decimal::ZERO {
                let message = format!("quantity = {} must be positive", order.quantity.0);
                return Err(InputError::new(InputCode::BadNumber, message)
                    .at(at)
                    .hint("the side says the direction"));
            }
            if let Some(price) = order.price.filter(|price| price.0 < Decimal::ZERO) {
                let message = format!("price = {} must not be negative", price.0);
                return Err(InputError::new(InputCode::BadNumber, message).at(at));
            }
        }
        Ok(())
    }
}

/// Where each column of a book CSV stands.
struct Columns {
    account: Option<usize>,
    instrument: usize,
    quantity: usize,
    entry_price: Option<usize>,
    count: usize,
}

impl Columns {
    fn find(header: &csv::StringRecord) -> Result<Self, InputError> {
        let known = ["account", "instrument", "quantity", "entry_price"];
        if let Some(unknown) = header.iter().find(|column| !known.contains(column)) {
            let message = format!("unknown column `{unknown}`");
            return Err(InputError::new(InputCode::Malformed, message)
                .at("line 1")
                .hint("the columns are account,instrument,quantity[,entry_price]"));
        }
        if let Some(twice) =
            known.iter().find(|name| header.iter().filter(|c| c == *name).count() > 1)
        {
            let message = format!("column `{twice}` appears twice");
            return Err(InputError::new(InputCode::Duplicate, message).at("line 1"));
        }
        let place = |name: &str| header.iter().position(|column| column == name);
        let required = |name: &str| {
            place(name).ok_or_else(|| {
                InputError::new(InputCode::Malformed, format!("no column `{name}`"))
                    .at("line 1")
                    .hint("the columns are account,instrument,quantity[,entry_price]")
            })
        };
        Ok(Self {
            account: place("account"),
            instrument: required("instrument")?,
            quantity: required("quantity")?,
            entry_price: place("entry_price"),
            count: header.len(),
        })
    }

    fn row(
        &self,
        record: &csv::StringRecord,
        at: &str,
    ) -> Result<(String, BookPosition), InputError> {
        if record.len() > self.count {
            let message = format!("{} cells under {} columns", record.len(), self.count);
            return Err(InputError::new(InputCode::Malformed, message)
                .at(at)
                .hint("numbers are written without thousands separators"));
        }
        let cell = |column: usize| record.get(column).unwrap_or_default();
        let required = |column: usize, name: &str| match cell(column) {
            "" => Err(InputError::new(InputCode::Malformed, format!("`{name}` is empty")).at(at)),
            text => Ok(text),
        };
        let number = |text: &str, name: &str| {
            parse_exact(text).map(Exact).map_err(|why| {
                InputError::new(InputCode::BadNumber, format!("{name}: {why}")).at(at)
            })
        };
        let account = match self.account {
            Some(column) => required(column, "account")?.to_owned(),
            None => default_account_name(),
        };
        let entry = self.entry_price.map(cell).filter(|text| !text.is_empty());
        let position = BookPosition {
            instrument: required(self.instrument, "instrument")?.to_owned(),
            quantity: number(required(self.quantity, "quantity")?, "quantity")?,
            entry_price: entry.map(|text| number(text, "entry_price")).transpose()?,
            at: at.to_owned(),
        };
        Ok((account, position))
    }
}

fn malformed_csv(error: &csv::Error) -> InputError {
    let at = error.position().map(|place| format!("line {}", place.line())).unwrap_or_default();
    InputError::new(InputCode::Malformed, error.to_string()).at(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> InputError {
        Book::parse(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn reads_csv_with_and_without_optional_columns() {
        let book = Book::parse(
            b"# a comment\naccount,instrument,quantity,entry_price\na,BTC-PERPETUAL,-10,64000.5\nb,USDC,1e3,\n",
        )
        .unwrap();
        assert_eq!(book.accounts.len(), 2);
        let position = &book.accounts[0].positions[0];
        assert_eq!(position.quantity.0, Decimal::from(-10));
        assert_eq!(position.entry_price.unwrap().0, Decimal::new(640_005, 1));
        let short = Book::parse(b"instrument,quantity\nBTC-PERPETUAL,1\n").unwrap();
        assert_eq!(short.accounts[0].name, DEFAULT_ACCOUNT);
    }

    #[test]
    fn reads_three_json_shapes() {
        let list = r#"[{"instrument":"X","quantity":"1"}]"#;
        let one = r#"{"positions":[{"instrument":"X","quantity":1}]}"#;
        let many =
            r#"{"accounts":[{"name":"main","positions":[{"instrument":"X","quantity":1.0}]}]}"#;
        let [list, one, many] = [list, one, many].map(|text| Book::parse(text.as_bytes()).unwrap());
        assert_eq!(list, one);
        assert_eq!(one, many);
    }

    #[test]
    fn a_refusal_names_the_line_or_path_and_the_value() {
        let nan = refusal("account,instrument,quantity\na,BTC-PERPETUAL,NaN\n");
        assert_eq!((nan.code, nan.at.as_str()), (InputCode::BadNumber, "line 2"));
        assert!(nan.message.contains("NaN"));
        let huge = refusal("account,instrument,quantity\na,BTC-PERPETUAL,1e308\n");
        assert!(huge.message.contains("1e308"), "{huge}");
        let twice = refusal("account,instrument,quantity\na,X,1\na,X,2\n");
        assert_eq!((twice.code, twice.at.as_str()), (InputCode::Duplicate, "line 3"));
        let path = refusal(r#"{"positions":[{"instrument":"X","quantity":"two"}]}"#);
        assert_eq!(path.at, "positions[0].quantity");
        assert!(path.message.contains("two"));
        let surplus = refusal("instrument,quantity\nBTC-PERPETUAL,1,000\n");
        assert_eq!((surplus.code, surplus.at.as_str()), (InputCode::Malformed, "line 2"));
        assert_eq!(refusal("instrument,quantity,quantity\nX,1,2\n").code, InputCode::Duplicate);
        let balances = refusal(r#"{"balances":{"BTC":1,"BTC":2}}"#);
        assert!(balances.message.contains("`BTC` appears twice"), "{balances}");
        assert_eq!(refusal("").code, InputCode::Empty);
        assert_eq!(refusal("{\"accounts\":[]}").code, InputCode::Empty);
        assert_eq!(refusal("{\"accounts\":[").code, InputCode::Malformed);
        assert_eq!(refusal("account,instrument,size\n").code, InputCode::Malformed);
        assert_eq!(Book::parse(b"a,\xff").unwrap_err().code, InputCode::Malformed);
        let big = vec![b' '; crate::error::MAX_INPUT_BYTES + 1];
        assert_eq!(Book::parse(&big).unwrap_err().code, InputCode::TooLarge);
    }
}
