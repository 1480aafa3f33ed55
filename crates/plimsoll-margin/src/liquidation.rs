//! Liquidation prices: where one underlying's price alone, all others held, brings a pool's equity to
//! its maintenance margin. The other positions' margin and profit are counted, and so are coins held
//! as collateral; the portfolio may be hypothetical.
//!
//! A position's own formula is used where its rule has one, else the root is bracketed on the model
//! itself, every point a full revaluation. There may be no such price; that is an answer.

use std::collections::BTreeMap;

use plimsoll_math::float::{exp, ln};
use plimsoll_math::root::brent;
use plimsoll_model::error::InputError;
use plimsoll_model::{Asset, InstrumentId, Market, MarketMove, Portfolio};
use plimsoll_risk::shifted;
use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{MarginModel, Pool, Prepared, Requirement};
use crate::tiers::BracketTable;

/// The liquidation price of one position, seen from its instrument.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LiquidationPrice {
    /// The instrument.
    pub instrument: String,
    /// The coin whose price moves alone.
    pub underlying: Asset,
    /// The pool that is liquidated.
    pub pool: String,
    /// The price now: the mark of a future or of spot, the forward of an option.
    pub price_now: f64,
    /// The nearer of `below` and `above`; `price_now` if the pool is under maintenance already.
    pub price: Option<f64>,
    /// Where a fall liquidates.
    pub below: Option<f64>,
    /// Where a rise liquidates.
    pub above: Option<f64>,
    /// How it was found.
    pub method: Method,
}

/// How a liquidation price was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// By the formula of the rule.
    ClosedForm,
    /// By a search on the model.
    Root,
    /// There is no such price between a ten-thousandth and ten thousand times the price now, or up to
    /// where the model refuses the portfolio.
    None,
}

/// What a rule's own formula says: the liquidation prices on either side of the price now, if any.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClosedForm {
    /// Where a fall liquidates.
    pub below: Option<f64>,
    /// Where a rise liquidates.
    pub above: Option<f64>,
}

impl ClosedForm {
    /// Takes a solution in on its side of `price_now`; the nearest on each side stays.
    pub fn add(&mut self, price_now: f64, solution: Option<f64>) {
        let Some(price) = solution else { return };
        if price <= price_now {
            self.below = Some(self.below.map_or(price, |known| known.max(price)));
        } else {
            self.above = Some(self.above.map_or(price, |known| known.min(price)));
        }
    }
}

/// Liquidation price of a quote-settled position of `coins` (signed) whose maintenance is
/// `rate·|coins|·price`, all else held:
///
/// ```text
/// price − side·margin_available/(|coins|·(1 − rate·side))
/// ```
///
/// `margin_available` is equity less all maintenance margin at `price`, in quote currency. `None`
/// where the result is not a positive price.
pub fn quote_settled(price: f64, coins: f64, margin_available: f64, rate: f64) -> Option<f64> {
    let side = coins.signum();
    let at = price - side * margin_available / (coins.abs() * (1.0 - rate * side));
    (at.is_finite() && at > 0.0).then_some(at)
}

/// Liquidation prices of a quote-settled position of `coins` (signed) whose maintenance is that of a
/// bracket table at `|coins|·price`, all else held. With `rate` and `deduction` of each bracket:
///
/// ```text
/// (margin_available − coins·price_now + deduction)/(|coins|·rate − coins)
/// ```
///
/// which counts where its own notional falls into that bracket. `margin_available` is equity less the
/// maintenance of everything but this position at `price_now`, in quote currency.
pub fn bracketed(
    table: &BracketTable,
    price_now: f64,
    coins: f64,
    margin_available: f64,
) -> ClosedForm {
    let mut found = ClosedForm::default();
    for (index, tier) in table.tiers().iter().enumerate() {
        let own = coins.abs() * price_now * tier.rate - tier.deduction_usd;
        let at = quote_settled(price_now, coins, margin_available - own, tier.rate);
        found.add(price_now, at.filter(|at| table.index_at(coins.abs() * at) == index));
    }
    found
}

/// Liquidation price of a coin-settled position worth `notional` (signed, quote currency) whose
/// maintenance is `rate·|notional|/price` coins, kept in the coin, all else held:
///
/// ```text
/// price/(1 + margin_available·price/(notional + rate·|notional|))
/// ```
///
/// `margin_available` is equity less all maintenance margin at `price`, in coins. `None` where the
/// result is not a positive price.
pub fn coin_settled(price: f64, notional: f64, margin_available: f64, rate: f64) -> Option<f64> {
    let weighted = notional + rate * notional.abs();
    let at = price / (1.0 + margin_available * price / weighted);
    (at.is_finite() && at > 0.0).then_some(at)
}

/// The market after the price of one underlying alone has moved by `growth`: its index, forwards,
/// futures and options as [`shifted`] moves them, everything else as it was.
#[must_use]
pub fn moved_alone(market: &Market, underlying: &Asset, growth: f64) -> Market {
    let by = MarketMove { spot: growth - 1.0, ..MarketMove::default() };
    let mut moved = shifted(market, by);
    for (coin, curve) in &mut moved.underlyings {
        if coin != underlying
            && let Some(held) = market.underlyings.get(coin)
        {
            curve.clone_from(held);
        }
    }
    for (listing, held) in moved.listings.iter_mut().zip(&market.listings) {
        if listing.instrument.underlying != *underlying {
            listing.clone_from(held);
        }
    }
    moved
}

/// The liquidation price of every position of a portfolio, in portfolio order. Open orders are not
/// counted: they are cancelled before a position is liquidated.
///
/// A search looks at 80 prices on each side, closer to each other near the price now, and at fewer, but
/// 20 or more, where the account is in more than eight coins; excess that turns negative and positive
/// again between two of them is not seen.
///
/// Fails where the model refuses the portfolio on the market as it is.
pub fn liquidation_prices(
    model: &dyn MarginModel,
    market: &Market,
    portfolio: &Portfolio,
) -> Result<Vec<LiquidationPrice>, InputError> {
    let (market, portfolio) = portfolio.narrowed(market);
    let ids: Vec<InstrumentId> = market.ids().collect();
    let prepared = model.prepare(&market, &ids)?;
    let now = prepared.requirement(&portfolio)?;
    let steps = (STEPS_IN_ALL / market.underlyings.len().max(1)).clamp(FEWEST_STEPS, MOST_STEPS);
    let mut growths: BTreeMap<(&Asset, &str), Growths> = BTreeMap::new();
    let mut prices = Vec::new();
    for holding in portfolio.holdings.iter().filter(|holding| holding.quantity != 0.0) {
        let id = holding.id;
        let instrument = &market.listing(id).instrument;
        let underlying = &instrument.underlying;
        let Some(pool) = pool_of(&now, &instrument.settlement_asset) else { continue };
        let own = own_formula(prepared.as_ref(), &portfolio, id, pool.maintenance_excess())?;
        let (found, method) = match own {
            Some(found) => (found, Method::ClosedForm),
            None => {
                let (market, portfolio, ids) = (&market, &portfolio, &ids);
                let path = Path { model, market, portfolio, ids, underlying, steps };
                let growth =
                    growths.entry((underlying, &pool.name)).or_insert_with(|| path.search(pool));
                (path.prices(*growth, id)?, Method::Root)
            }
        };
        let price_now = market.reference_price(id)?;
        let price = nearer(price_now, found);
        prices.push(LiquidationPrice {
            instrument: instrument.name.clone(),
            underlying: underlying.clone(),
            pool: pool.name.clone(),
            price_now,
            price,
            below: found.below,
            above: found.above,
            method: if price.is_some() { method } else { Method::None },
        });
    }
    Ok(prices)
}

/// The formula of the rule, for a pool that is not under maintenance yet.
fn own_formula(
    prepared: &dyn Prepared,
    portfolio: &Portfolio,
    id: InstrumentId,
    excess_now: f64,
) -> Result<Option<ClosedForm>, InputError> {
    if excess_now < 0.0 { Ok(None) } else { prepared.liquidation_price(portfolio, id) }
}

/// The pool that a position is margined in: the only one, or that of its settlement asset.
fn pool_of<'a>(requirement: &'a Requirement, settlement: &Asset) -> Option<&'a Pool> {
    match requirement.pools.as_slice() {
        [only] => Some(only),
        pools => pools.iter().find(|pool| pool.asset == *settlement).or(pools.first()),
    }
}

/// The side that is fewer doublings away.
fn nearer(price_now: f64, found: ClosedForm) -> Option<f64> {
    match (found.below, found.above) {
        (Some(below), Some(above)) if price_now / below > above / price_now => Some(above),
        (Some(below), _) => Some(below),
        (None, above) => above,
    }
}

/// A model, a portfolio, and the one price that moves.
struct Path<'a> {
    model: &'a dyn MarginModel,
    market: &'a Market,
    portfolio: &'a Portfolio,
    ids: &'a [InstrumentId],
    underlying: &'a Asset,
    /// Points of a search on each side.
    steps: usize,
}

/// The search ends at this multiple of the price now, and at its inverse.
const MOST_GROWTH: f64 = 1e4;

/// Points of a search on each side of the price now, whatever the number of coins.
const FEWEST_STEPS: usize = 20;

/// Points on each side where coins are few.
const MOST_STEPS: usize = 80;

/// Points on one side over all coins, while each gets between the fewest and the most: an account in
/// forty coins is then as quick to explain as one in eight.
const STEPS_IN_ALL: usize = 8 * MOST_STEPS;

/// Growths of the price at which a pool is liquidated: below 1 and above.
type Growths = [Option<f64>; 2];

impl Path<'_> {
    /// Maintenance excess of one pool at a growth of the price.
    fn excess(&self, pool: &str, growth: f64) -> Result<Option<f64>, InputError> {
        let market = moved_alone(self.market, self.underlying, growth);
        let requirement = self.model.prepare(&market, self.ids)?.requirement(self.portfolio)?;
        let found = requirement.pools.iter().find(|other| other.name == pool);
        Ok(found.map(Pool::maintenance_excess))
    }

    fn search(&self, pool: &Pool) -> Growths {
        [-ln(MOST_GROWTH), ln(MOST_GROWTH)].map(|limit| self.first_crossing(pool, limit))
    }

    /// What an instrument's price is at those growths.
    fn prices(&self, growths: Growths, id: InstrumentId) -> Result<ClosedForm, InputError> {
        let [below, above] = growths.map(|growth| {
            let price =
                |growth| moved_alone(self.market, self.underlying, growth).reference_price(id);
            growth.map(price).transpose()
        });
        Ok(ClosedForm { below: below?, above: above? })
    }

    /// The growth nearest to 1 at which the pool's excess reaches zero, on the side of `limit` (a
    /// logarithm of growth). 1 if it is negative now, `None` if it stays positive, or does so up to
    /// where the model refuses.
    fn first_crossing(&self, pool: &Pool, limit: f64) -> Option<f64> {
        let now = pool.maintenance_excess();
        if now < 0.0 {
            return Some(1.0);
        }
        let excess = |log: f64| self.excess(&pool.name, exp(log)).ok().flatten();
        let mut near = 0.0;
        for step in 1..=self.steps {
            // Quadratic spacing: fine near the market, where a crossing matters most.
            let share = step as f64 / self.steps as f64;
            let far = limit * share * share;
            if excess(far)? < 0.0 {
                let root = brent(|log| excess(log).unwrap_or(f64::NAN), near, far, 0.0);
                return root.ok().map(exp);
            }
            near = far;
        }
        None
    }
}
