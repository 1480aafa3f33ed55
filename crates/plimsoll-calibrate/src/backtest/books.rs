//! Books to test on: rules that pick contracts from what is listed at a snapshot, or positions that
//! somebody holds.

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::{
    Asset, BookAccount, Holding, InstrumentId, Kind, Lot, Market, OptionType, Portfolio,
};
use schemars::JsonSchema;
use serde::Serialize;

/// What kind of risk a book takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Gains or loses with the price.
    Directional,
    /// A position with most of its price risk hedged.
    Hedged,
    /// Sells options.
    ShortVol,
    /// Buys options.
    LongVol,
    /// Buys and sells options with bounded loss between them.
    Spread,
    /// Large legs that nearly cancel: where netting gives most back.
    LargestBenefit,
    /// A book of the user's own.
    Own,
}

impl Class {
    /// Every class of the standard books, in the order of presentation.
    pub const STANDARD: [Self; 6] = [
        Self::Directional,
        Self::Hedged,
        Self::ShortVol,
        Self::LongVol,
        Self::Spread,
        Self::LargestBenefit,
    ];

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Directional => "directional",
            Self::Hedged => "hedged",
            Self::ShortVol => "short-vol",
            Self::LongVol => "long-vol",
            Self::Spread => "spread",
            Self::LargestBenefit => "largest-benefit",
            Self::Own => "own",
        }
    }
}

/// A book under test.
#[derive(Clone, Debug, PartialEq)]
pub struct TestBook {
    /// The name.
    pub name: String,
    /// The class.
    pub class: Class,
    /// What it holds.
    pub holds: Holds,
}

/// What a book holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Holds {
    /// Contracts picked anew at every snapshot.
    Struck(Vec<LegRule>),
    /// The same positions and balances at every snapshot.
    Fixed(BookAccount),
}

/// A leg by rule. Quantities are in coins, signed.
#[derive(Clone, Debug, PartialEq)]
pub struct LegRule {
    /// Coins held, positive = long.
    pub coins: f64,
    /// Which coin.
    pub coin: Asset,
    /// Which contract on it.
    pub contract: ContractRule,
}

/// Which contract.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ContractRule {
    /// The perpetual; where none is listed, the dated future nearest to 30 days that has 3 left.
    Delta,
    /// The option of the expiry nearest to `days` (at least one left), at the strike nearest to
    /// `moneyness` times the forward.
    Option {
        /// Call or put.
        option_type: OptionType,
        /// Strike over forward.
        moneyness: f64,
        /// Days to expiry.
        days: f64,
    },
}

impl TestBook {
    /// The portfolio of this book in a market, from what that market lists and nothing else.
    ///
    /// # Errors
    /// `missing` where no listed contract fits a rule, or one fits two; as [`Portfolio::bind`] for a
    /// fixed book.
    pub fn portfolio(&self, market: &Market) -> Result<Portfolio, InputError> {
        let rules = match &self.holds {
            Holds::Fixed(account) => return Portfolio::bind(account, market),
            Holds::Struck(rules) => rules,
        };
        let mut holdings: Vec<Holding> = Vec::new();
        for rule in rules {
            let id = rule.pick(market)?;
            let price = market.reference_price(id)?;
            let instrument = &market.listing(id).instrument;
            let quantity = rule.coins / instrument.base_per_contract(price);
            // An option's premium was paid at the trade; a future is entered at its mark.
            let entry_price = if instrument.is_option() { 0.0 } else { price };
            if holdings.iter().any(|holding| holding.id == id) {
                let message = format!("two legs meet in {}: too few are listed", instrument.name);
                return Err(InputError::new(InputCode::Missing, message));
            }
            let lots = vec![Lot { quantity, entry_price }];
            holdings.push(Holding { id, quantity, lots });
        }
        holdings.sort_by_key(|holding| holding.id);
        Ok(Portfolio { name: self.name.clone(), holdings, ..Portfolio::default() })
    }
}

impl LegRule {
    fn pick(&self, market: &Market) -> Result<InstrumentId, InputError> {
        let fit = |id: &InstrumentId| self.misfit(market, *id).map(|misfit| (misfit, *id));
        let best = market.ids().filter_map(|id| fit(&id)).min_by(|(a, _), (b, _)| {
            a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.total_cmp(&b.2))
        });
        best.map(|(_, id)| id).ok_or_else(|| {
            let what = match self.contract {
                ContractRule::Delta => "perpetual or dated future".to_owned(),
                ContractRule::Option { option_type, days, .. } => {
                    format!("{option_type:?} of about {days} days with a vol").to_lowercase()
                }
            };
            let message = format!("{} lists no {what} on {}", market.id, self.coin);
            InputError::new(InputCode::Missing, message)
        })
    }

    /// How far a listing is from the rule, most important first; `None` where it is no candidate.
    fn misfit(&self, market: &Market, id: InstrumentId) -> Option<(f64, f64, f64)> {
        let listing = market.listing(id);
        if listing.instrument.underlying != self.coin {
            return None;
        }
        match (self.contract, listing.instrument.kind) {
            (ContractRule::Delta, Kind::Perpetual) => {
                listing.mark_price?;
                Some((0.0, 0.0, 0.0))
            }
            (ContractRule::Delta, Kind::Future { expiry }) => {
                listing.mark_price?;
                let days = market.time.days_until(expiry);
                (days >= 3.0).then_some((1.0, (days - 30.0).abs(), 0.0))
            }
            (
                ContractRule::Option { option_type, moneyness, days },
                Kind::Option { expiry, strike, option_type: listed },
            ) => {
                let left = market.time.days_until(expiry);
                let valued = listing.mark_vol.is_some() && listing.mark_price.is_some();
                if listed != option_type || left < 1.0 || !valued {
                    return None;
                }
                let forward = market.forward(&self.coin, expiry)?;
                // The earlier of two expiries equally far, the lower of two such strikes.
                Some(((left - days).abs(), (strike / forward / moneyness - 1.0).abs(), strike))
            }
            _ => None,
        }
    }
}

/// The standard option books on a coin, of one coin each; options about 30 days from expiry unless
/// the name says otherwise.
pub fn standard(coin: &Asset) -> Vec<TestBook> {
    use OptionType::{Call, Put};
    let delta = |coins: f64| (coins, ContractRule::Delta);
    let option = |coins: f64, option_type, moneyness: f64, days: f64| {
        (coins, ContractRule::Option { option_type, moneyness, days })
    };
    let month = |coins, option_type, moneyness| option(coins, option_type, moneyness, 30.0);
    let book = |name: &str, class, legs: Vec<(f64, ContractRule)>| TestBook {
        name: name.to_owned(),
        class,
        holds: Holds::Struck(
            legs.into_iter()
                .map(|(coins, contract)| LegRule { coins, coin: coin.clone(), contract })
                .collect(),
        ),
    };
    vec![
        book("long future", Class::Directional, vec![delta(1.0)]),
        book("short future", Class::Directional, vec![delta(-1.0)]),
        book(
            "risk reversal 90/110",
            Class::Directional,
            vec![month(1.0, Call, 1.1), month(-1.0, Put, 0.9)],
        ),
        book("covered call 110", Class::Hedged, vec![delta(1.0), month(-1.0, Call, 1.1)]),
        book(
            "collar 90/110",
            Class::Hedged,
            vec![delta(1.0), month(1.0, Put, 0.9), month(-1.0, Call, 1.1)],
        ),
        book(
            "short straddle",
            Class::ShortVol,
            vec![month(-1.0, Call, 1.0), month(-1.0, Put, 1.0)],
        ),
        book(
            "short 85/115 strangle",
            Class::ShortVol,
            vec![month(-1.0, Call, 1.15), month(-1.0, Put, 0.85)],
        ),
        book("short 85 put, a week", Class::ShortVol, vec![option(-1.0, Put, 0.85, 7.0)]),
        book("long straddle", Class::LongVol, vec![month(1.0, Call, 1.0), month(1.0, Put, 1.0)]),
        book(
            "put spread 100/85",
            Class::Spread,
            vec![month(-1.0, Put, 1.0), month(1.0, Put, 0.85)],
        ),
        book(
            "calendar 30/60",
            Class::Spread,
            vec![month(-1.0, Call, 1.0), option(1.0, Call, 1.0, 60.0)],
        ),
        book(
            "iron condor 85/90/110/115",
            Class::LargestBenefit,
            vec![
                month(1.0, Put, 0.85),
                month(-1.0, Put, 0.9),
                month(-1.0, Call, 1.1),
                month(1.0, Call, 1.15),
            ],
        ),
        book(
            "conversion",
            Class::LargestBenefit,
            vec![delta(1.0), month(-1.0, Call, 1.0), month(1.0, Put, 1.0)],
        ),
    ]
}

/// Books of perpetuals on two coins, one coin's worth of the first each: `ratio` coins of the second
/// are worth one of the first.
pub fn perpetuals(first: &Asset, second: &Asset, ratio: f64) -> Vec<TestBook> {
    let book = |name: String, class, legs: &[(f64, &Asset)]| TestBook {
        name,
        class,
        holds: Holds::Struck(
            legs.iter()
                .map(|(coins, coin)| LegRule {
                    coins: *coins,
                    coin: (*coin).clone(),
                    contract: ContractRule::Delta,
                })
                .collect(),
        ),
    };
    vec![
        book(format!("long {first}"), Class::Directional, &[(1.0, first)]),
        book(format!("short {first}"), Class::Directional, &[(-1.0, first)]),
        book(format!("long {second}"), Class::Directional, &[(ratio, second)]),
        book("long both".to_owned(), Class::Directional, &[(0.5, first), (0.5 * ratio, second)]),
        book(format!("{first} against {second}"), Class::Spread, &[(1.0, first), (-ratio, second)]),
    ]
}
