//! The properties, each as a question to one case.

use plimsoll_margin::{Prepared, Requirement};
use plimsoll_model::{Market, Portfolio};
use plimsoll_pricing::contract;
use proptest::prelude::*;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::market::{Rows, bind, row, rows};

/// What may hold of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Property {
    Nothing,
    Order,
    Covers,
    Parts,
    Cash,
    Grows,
    Homogeneous,
    SubAdditive,
    LongOption,
    Parity,
}

impl Property {
    pub const ALL: [Self; 10] = [
        Self::Nothing,
        Self::Order,
        Self::Covers,
        Self::Parts,
        Self::Cash,
        Self::Grows,
        Self::Homogeneous,
        Self::SubAdditive,
        Self::LongOption,
        Self::Parity,
    ];

    /// The head of its column.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Order => "order",
            Self::Covers => "IM ≥ MM",
            Self::Parts => "parts",
            Self::Cash => "cash",
            Self::Grows => "size",
            Self::Homogeneous => "scale",
            Self::SubAdditive => "together",
            Self::LongOption => "long option",
            Self::Parity => "parity",
        }
    }

    pub fn statement(self) -> &'static str {
        match self {
            Self::Nothing => "no position needs nothing, whatever cash is held",
            Self::Order => {
                "shuffling positions, or splitting one, leaves no trace in the answer, bit for bit"
            }
            Self::Covers => "initial margin ≥ maintenance margin ≥ 0, in every pool",
            Self::Parts => "the contributions of the legs add up to each component",
            Self::Cash => {
                "dollars paid in on top of a balance that is not negative leave the margin as it is \
                 and raise the equity by as much"
            }
            Self::Grows => "a larger multiple of a book never needs less",
            Self::Homogeneous => "λ times the book needs λ times the margin",
            Self::SubAdditive => "two books together never need more than the two apart",
            Self::LongOption => "a long option adds at most its premium",
            Self::Parity => {
                "a call bought with its put sold needs what the future of that expiry needs, \
                 beside any book"
            }
        }
    }
}

/// What a property is asked of.
#[derive(Clone, Debug, Default)]
pub struct Case {
    pub book: Rows,
    /// The other book, the option that is added, the call of the synthetic.
    pub more: Rows,
    /// The multiple, or the dollars paid in.
    pub factor: Decimal,
}

/// A failure: the numbers that disagree, in dollars.
#[derive(Debug)]
pub struct Breach(pub Vec<(&'static str, f64)>);

/// A model with the market priced.
pub struct Subject<'a> {
    pub market: &'a Market,
    pub prepared: Box<dyn Prepared + 'a>,
}

impl Subject<'_> {
    fn require(&self, portfolio: &Portfolio) -> Requirement {
        self.prepared.requirement(portfolio).unwrap()
    }

    fn margin(&self, rows: &Rows) -> f64 {
        self.require(&bind(self.market, rows, Decimal::ZERO)).initial_margin_usd()
    }

    /// Rounding: a few units in the last place of the gross amounts behind a result. What an amount
    /// is taken from may be a power of it (squares of sensitivities).
    fn slack(&self, rows: &[&Rows]) -> f64 {
        let mut gross = 1.0;
        for (name, quantity) in rows.iter().copied().flatten() {
            let id = self.market.find(name).unwrap();
            let base = contract::base_per_contract(self.market, id).unwrap();
            gross += quantity.abs().to_f64().unwrap() * base * 100_000.0;
        }
        1e-12 * gross
    }

    /// Whether a property holds of a case.
    pub fn ask(&self, property: Property, case: &Case) -> Result<(), Breach> {
        match property {
            Property::Nothing => self.nothing(case),
            Property::Order => self.order(case),
            Property::Covers => self.covers(case),
            Property::Parts => self.parts(case),
            Property::Cash => self.cash(case),
            Property::Grows | Property::Homogeneous => self.scaled(case, property),
            Property::SubAdditive => self.together(case),
            Property::LongOption => self.long_option(case),
            Property::Parity => self.parity(case),
        }
    }

    fn nothing(&self, case: &Case) -> Result<(), Breach> {
        let empty = bind(self.market, &vec![], case.factor);
        let margin = self.require(&empty).initial_margin_usd();
        breach(margin == 0.0, &[("margin", margin)])
    }

    fn order(&self, case: &Case) -> Result<(), Breach> {
        let mut pieces: Rows = Vec::new();
        for (name, quantity) in case.book.iter().rev() {
            pieces.push((name.clone(), *quantity - case.factor));
        }
        pieces.extend(case.book.iter().map(|(name, _)| (name.clone(), case.factor)));
        let of = |rows: &Rows| self.require(&bind(self.market, rows, Decimal::ONE_THOUSAND));
        let (whole, split) = (of(&case.book), of(&pieces));
        let numbers = [whole.initial_margin_usd(), split.initial_margin_usd()];
        breach(whole == split, &[("whole", numbers[0]), ("in pieces", numbers[1])])
    }

    fn covers(&self, case: &Case) -> Result<(), Breach> {
        let slack = self.slack(&[&case.book]);
        for pool in self.require(&bind(self.market, &case.book, case.factor)).pools {
            let initial = pool.initial_margin() * pool.asset_price_usd;
            let maintenance = pool.maintenance_margin() * pool.asset_price_usd;
            let fine = initial >= maintenance - slack && maintenance >= -slack;
            breach(fine, &[("initial", initial), ("maintenance", maintenance)])?;
        }
        Ok(())
    }

    fn parts(&self, case: &Case) -> Result<(), Breach> {
        let slack = self.slack(&[&case.book]);
        for pool in self.require(&bind(self.market, &case.book, case.factor)).pools {
            for component in pool.components {
                let parts: f64 = component.contributions.iter().map(|part| part.amount).sum();
                let off = (parts - component.initial).abs() * pool.asset_price_usd;
                let numbers = [("contributions", parts), ("component", component.initial)];
                breach(off <= slack, &numbers)?;
            }
        }
        Ok(())
    }

    fn cash(&self, case: &Case) -> Result<(), Breach> {
        let before = self.require(&bind(self.market, &case.book, Decimal::ONE_HUNDRED));
        let more = Decimal::ONE_HUNDRED + case.factor;
        let after = self.require(&bind(self.market, &case.book, more));
        let (one, two) = (before.initial_margin_usd(), after.initial_margin_usd());
        let paid = case.factor.to_f64().unwrap();
        let credited = after.equity_usd() - before.equity_usd();
        let slack = self.slack(&[&case.book]) + 1e-12 * paid;
        let fine = (one - two).abs() <= slack && (credited - paid).abs() <= slack;
        breach(fine, &[("before", one), ("after", two), ("equity up by", credited)])
    }

    fn scaled(&self, case: &Case, property: Property) -> Result<(), Breach> {
        let times = |(name, quantity): &(String, Decimal)| (name.clone(), quantity * case.factor);
        let scaled: Rows = case.book.iter().map(times).collect();
        let (one, many) = (self.margin(&case.book), self.margin(&scaled));
        let slack = self.slack(&[&case.book, &scaled]);
        let factor = case.factor.to_f64().unwrap();
        let fine = match property {
            Property::Grows => many >= one - slack,
            _ => (many - factor * one).abs() <= slack,
        };
        breach(fine, &[("the book", one), ("the multiple", many)])
    }

    fn together(&self, case: &Case) -> Result<(), Breach> {
        let both = [case.book.clone(), case.more.clone()].concat();
        let (a, b) = (self.margin(&case.book), self.margin(&case.more));
        let whole = self.margin(&both);
        breach(whole <= a + b + self.slack(&[&both]), &[("a", a), ("b", b), ("together", whole)])
    }

    fn long_option(&self, case: &Case) -> Result<(), Breach> {
        let both = [case.book.clone(), case.more.clone()].concat();
        let mut premium = 0.0;
        for (name, quantity) in &case.more {
            let id = self.market.find(name).unwrap();
            premium += quantity.to_f64().unwrap()
                * contract::value(self.market, id).unwrap()
                * contract::settlement_price_usd(self.market, id).unwrap();
        }
        let (one, two) = (self.margin(&case.book), self.margin(&both));
        let fine = two - one <= premium + self.slack(&[&both]);
        breach(fine, &[("without", one), ("with", two), ("premium", premium)])
    }

    fn parity(&self, case: &Case) -> Result<(), Breach> {
        let (mut synthetic, mut outright) = (case.book.clone(), case.book.clone());
        for (call, quantity) in &case.more {
            let series = call.trim_end_matches('C');
            let future: Vec<&str> = call.split('-').take(2).collect();
            synthetic.push((call.clone(), *quantity));
            synthetic.push((format!("{series}P"), -*quantity));
            outright.push((future.join("-"), *quantity));
        }
        let (one, two) = (self.margin(&synthetic), self.margin(&outright));
        let slack = self.slack(&[&synthetic, &outright]);
        breach((one - two).abs() <= slack, &[("call − put", one), ("future", two)])
    }
}

fn breach(fine: bool, numbers: &[(&'static str, f64)]) -> Result<(), Breach> {
    if fine { Ok(()) } else { Err(Breach(numbers.to_vec())) }
}

/// Whether a name is of a call whose put and whose future are margined too. In coin the future would
/// be of as many dollars as the strike, which is no multiple of a contract.
fn synthetic_of(name: &str, names: &[String]) -> bool {
    let has = |other: String| names.contains(&other);
    let Some((series, "C")) = name.rsplit_once('-') else { return false };
    let future: Vec<&str> = name.split('-').take(2).collect();
    name.contains("_USDC-") && has(format!("{series}-P")) && has(future.join("-"))
}

/// Whether there are cases of a property over these instruments.
pub fn applies(property: Property, names: &[String]) -> bool {
    match property {
        Property::LongOption => names.iter().any(|name| name.ends_with("-C")),
        Property::Parity => names.iter().any(|name| synthetic_of(name, names)),
        _ => true,
    }
}

/// Random cases of a property over the instruments that a model margins.
pub fn cases(property: Property, names: &[String]) -> BoxedStrategy<Case> {
    let like = |fits: &dyn Fn(&str) -> bool| -> Vec<String> {
        names.iter().filter(|name| fits(name)).cloned().collect()
    };
    let book = rows(names);
    let factor = (0i64..=1_000_000).prop_map(Decimal::from);
    match property {
        Property::SubAdditive => (book, rows(names))
            .prop_map(|(book, more)| Case { book, more, ..Case::default() })
            .boxed(),
        Property::Grows | Property::Homogeneous => {
            let least = if property == Property::Grows { 10i64 } else { 1 };
            (book, least..100)
                .prop_map(|(book, tenths)| Case {
                    book,
                    factor: Decimal::new(tenths, 1),
                    ..Case::default()
                })
                .boxed()
        }
        Property::LongOption => {
            let options = like(&|name| name.ends_with("-C") || name.ends_with("-P"));
            (book, row(&options))
                .prop_map(|(book, (name, size))| Case {
                    book,
                    more: vec![(name, size.abs())],
                    ..Case::default()
                })
                .boxed()
        }
        Property::Parity => {
            let calls = like(&|name| synthetic_of(name, names));
            (book, row(&calls))
                .prop_map(|(book, call)| Case { book, more: vec![call], ..Case::default() })
                .boxed()
        }
        _ => (book, factor)
            .prop_map(|(book, factor)| Case { book, factor, ..Case::default() })
            .boxed(),
    }
}
