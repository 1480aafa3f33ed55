//! A market and a book in the making: every venue's reader adds contracts, quotes, indices, forwards
//! and holdings, in whatever order its answers have them.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::instrument::Kind;
use plimsoll_model::number::Real;
use plimsoll_model::{Asset, ContractUnit, Timestamp};

use crate::accounts::Accounts;
use crate::payload::Row;
use crate::tiers::TierParams;

/// A listed contract.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Contract {
    pub name: String,
    pub kind: Kind,
    pub underlying: Asset,
    /// What prices are counted in.
    pub quote: Asset,
    pub settlement: Asset,
    pub size: Real,
    pub unit: ContractUnit,
}

/// What is quoted of a contract. Sizes and open interest are in contracts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Quote {
    pub mark_price: Option<Real>,
    pub mark_vol: Option<Real>,
    pub bid: Option<Real>,
    pub ask: Option<Real>,
    pub bid_size: Option<Real>,
    pub ask_size: Option<Real>,
    pub open_interest: Option<Real>,
    pub funding_8h: Option<Real>,
}

/// How a venue derives a forward that it does not quote.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Carry {
    /// What the index is counted in.
    pub quote: Asset,
    /// Forward = index · exp(growth · years to expiry).
    pub growth_ann: f64,
    /// The rate at which payoffs are discounted.
    pub rate_ann: f64,
}

/// The funding rate of one interval.
pub(crate) struct Funding {
    pub rate: f64,
    /// Hours of the interval where nothing says them.
    pub usual_hours: f64,
}

/// See the module's text.
#[derive(Default)]
pub(crate) struct Draft {
    pub contracts: BTreeMap<String, Contract>,
    /// Listed, but not for us, and why.
    pub left_out: BTreeMap<String, String>,
    pub quotes: BTreeMap<String, Quote>,
    /// Quoted, but not listed.
    pub unlisted: BTreeSet<String>,
    /// Spot indices of a coin, by what they are counted in.
    pub indices: BTreeMap<(Asset, Asset), Vec<f64>>,
    pub forwards: BTreeMap<(Asset, Timestamp), Vec<f64>>,
    pub carries: BTreeMap<(Asset, Timestamp), Carry>,
    pub discounts: BTreeMap<(Asset, Timestamp), Vec<f64>>,
    pub funding: BTreeMap<String, Funding>,
    pub funding_hours: BTreeMap<String, f64>,
    pub asset_prices_usd: BTreeMap<Asset, f64>,
    pub newest_quote: Option<Timestamp>,
    pub newest_answer: Option<Timestamp>,
    pub accounts: Accounts,
    pub tiers: Option<TierParams>,
    /// Contracts with orders that are left out, and why.
    pub orders_left_out: BTreeSet<(String, String)>,
    pub warnings: Vec<String>,
}

impl Draft {
    /// Adds a contract, or notes why it cannot be listed, which is an error only if it is held. The
    /// same contract may come twice, as pages of a listing overlap.
    pub fn list(
        &mut self,
        name: &str,
        contract: Result<Contract, String>,
        row: &Row<'_>,
    ) -> Result<(), InputError> {
        match (contract, self.contracts.get(name)) {
            (Ok(contract), Some(known)) if *known != contract => {
                let message = format!("{name} is listed twice, and differently");
                return Err(row.error(InputCode::Duplicate, message));
            }
            (Ok(contract), _) => {
                self.contracts.insert(name.to_owned(), contract);
            }
            (Err(reason), _) => {
                self.left_out.insert(name.to_owned(), reason);
            }
        }
        Ok(())
    }

    /// The contract of something quoted; what is quoted and not listed is told at the end.
    pub fn quoted(&mut self, name: &str) -> Option<Contract> {
        let contract = self.contracts.get(name).cloned();
        if contract.is_none() && !self.left_out.contains_key(name) {
            self.unlisted.insert(name.to_owned());
        }
        contract
    }

    /// The contract of something held.
    pub fn held(&self, name: &str, row: &Row<'_>) -> Result<Contract, InputError> {
        self.needed(name, "is held", row)
    }

    /// The contract of an order.
    pub fn ordered(&self, name: &str, row: &Row<'_>) -> Result<Contract, InputError> {
        self.needed(name, "has an open order", row)
    }

    fn needed(&self, name: &str, what: &str, row: &Row<'_>) -> Result<Contract, InputError> {
        if let Some(contract) = self.contracts.get(name) {
            return Ok(contract.clone());
        }
        Err(match self.left_out.get(name) {
            Some(reason) => row.error(
                InputCode::Unsupported,
                format!("{name} {what}, and cannot be taken in: {reason}"),
            ),
            None => row
                .error(
                    InputCode::UnknownInstrument,
                    format!("{name} {what}, and no answer about instruments lists it"),
                )
                .hint("save the instruments of every product that the account trades"),
        })
    }

    /// Adds what one answer quotes of a contract; later answers prevail where they say something.
    pub fn quote(&mut self, name: &str, quote: Quote) {
        self.quotes.entry(name.to_owned()).or_default().absorb(quote);
    }

    /// Adds a quote for a contract that no ticker quotes: what a position says of its own mark.
    pub fn quote_if_absent(&mut self, name: &str, quote: Quote) {
        if !self.quotes.contains_key(name) {
            self.quote(name, quote);
        }
    }

    /// Adds a spot index of a coin.
    pub fn index(&mut self, coin: &Asset, quote: &Asset, price: Option<Real>) {
        if let Some(price) = price.filter(|price| price.0 > 0.0) {
            self.indices.entry((coin.clone(), quote.clone())).or_default().push(price.0);
        }
    }

    /// Adds a forward.
    pub fn forward(&mut self, coin: &Asset, expiry: Timestamp, price: Option<Real>) {
        if let Some(price) = price.filter(|price| price.0 > 0.0) {
            self.forwards.entry((coin.clone(), expiry)).or_default().push(price.0);
        }
    }

    /// Adds a discount factor from an expiry to now.
    pub fn discount(&mut self, coin: &Asset, expiry: Timestamp, factor: Option<Real>) {
        if let Some(factor) = factor.filter(|factor| factor.0 > 0.0) {
            self.discounts.entry((coin.clone(), expiry)).or_default().push(factor.0);
        }
    }

    /// Adds the means to derive a forward that is not quoted.
    pub fn carry(&mut self, coin: &Asset, expiry: Timestamp, carry: Carry) {
        self.carries.insert((coin.clone(), expiry), carry);
    }

    /// Adds the funding rate of one interval, which lasts `usual_hours` where nothing says otherwise.
    pub fn funding(&mut self, name: &str, rate: Option<Real>, usual_hours: f64) {
        if let Some(Real(rate)) = rate {
            self.funding.insert(name.to_owned(), Funding { rate, usual_hours });
        }
    }

    /// Notes the hours between funding payments.
    pub fn pays_funding_every(&mut self, name: &str, hours: f64) {
        if hours > 0.0 {
            self.funding_hours.insert(name.to_owned(), hours);
        }
    }

    /// Adds the USD price of an asset.
    pub fn price_usd(&mut self, asset: &Asset, price: f64) {
        if price > 0.0 && price.is_finite() {
            self.asset_prices_usd.insert(asset.clone(), price);
        }
    }

    /// Notes when a quote was made.
    pub fn quoted_at(&mut self, time: Option<Timestamp>) {
        self.newest_quote = self.newest_quote.max(time);
    }

    /// Notes when an answer was given.
    pub fn answered_at(&mut self, time: Option<Timestamp>) {
        self.newest_answer = self.newest_answer.max(time);
    }
}

impl Quote {
    fn absorb(&mut self, other: Self) {
        let Self { mark_price, mark_vol, bid, ask, bid_size, ask_size, open_interest, funding_8h } =
            other;
        self.mark_price = mark_price.or(self.mark_price);
        self.mark_vol = mark_vol.or(self.mark_vol);
        self.bid = bid.or(self.bid);
        self.ask = ask.or(self.ask);
        self.bid_size = bid_size.or(self.bid_size);
        self.ask_size = ask_size.or(self.ask_size);
        self.open_interest = open_interest.or(self.open_interest);
        self.funding_8h = funding_8h.or(self.funding_8h);
    }
}
