//! Account health, the rule of on-chain margin protocols: weighted assets less weighted liabilities.
//!
//! ```text
//! health_k = Σ weighted value of tokens and perpetuals,   k: initial, maintenance
//! equity   = Σ value,   IM = equity − health_initial,   MM = equity − health_maintenance
//! ```
//!
//! So that excess over initial margin is initial health, and the account is liquidated where
//! maintenance health is negative. Prices are oracle prices (the market's indices); a protocol that
//! takes the worse of oracle and a slow price for initial health reads the slow one from its
//! parameter file. Every protocol is a `HealthRule` in a file of its own.

pub mod drift;
pub mod dydx;
pub mod mango;
pub mod synthetix;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::{check_bounds, from_toml};
use plimsoll_model::{Asset, InstrumentId, Market, Portfolio, Provenance};
use serde::de::DeserializeOwned;

use super::perpetual::{self, Role, role, spot_held};
use crate::collateral::price_usd;
use crate::cross::unprepared;
use crate::model::{Component, Contribution, Leg, MarginModel, Pool, Prepared, Requirement};

/// Which health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// Must stay positive after anything the owner does.
    Initial,
    /// The protocol's health between the other two, if it has one.
    Between,
    /// Liquidation starts where it is negative.
    Maintenance,
}

/// Something held, and what it weighs in one health; USD.
#[derive(Clone, Debug)]
pub(super) struct Term {
    /// The charge that the weight is reported under; one of [`HealthRule::COMPONENTS`].
    pub component: &'static str,
    /// What is held.
    pub leg: Leg,
    /// Its value: part of equity.
    pub value: f64,
    /// Its weighted value: part of health.
    pub weighted: f64,
}

/// A protocol's parameters, and its rule.
pub(super) trait HealthRule: DeserializeOwned + Debug + Send + Sync + 'static {
    /// The names of its charges, in the order of the report.
    const COMPONENTS: &'static [&'static str];
    /// What [`Level::Between`] is called in the figures.
    const BETWEEN: Option<&'static str> = None;

    /// The model's id and where its numbers come from.
    fn head(&self) -> (&str, &Provenance);

    /// Checks bounds.
    fn check(&self) -> Result<(), InputError>;

    /// Tokens that the protocol takes for exactly one dollar.
    fn at_par(&self) -> &[Asset] {
        &[]
    }

    /// Whether there are parameters for a token.
    fn knows_token(&self, token: &Asset) -> bool;

    /// Whether there are parameters for perpetuals on a coin.
    fn knows_market(&self, coin: &Asset) -> bool;

    /// USD charged per open order, where orders count as the worse of all bids and all asks filled.
    fn order_charge_usd(&self) -> Option<f64> {
        None
    }

    /// Every term of one health, always in the same order.
    fn terms(&self, account: &Account<'_>, level: Level) -> Result<Vec<Term>, InputError>;
}

/// An account at oracle prices.
pub(super) struct Account<'a> {
    /// Tokens held or owed that the protocol has parameters for.
    pub tokens: Vec<Token>,
    /// Positions.
    pub perpetuals: Vec<Position<'a>>,
}

/// A token held; negative is debt.
pub(super) struct Token {
    pub asset: Asset,
    pub amount: f64,
    pub price_usd: f64,
}

/// A position in a perpetual.
pub(super) struct Position<'a> {
    pub id: InstrumentId,
    pub name: &'a str,
    pub underlying: &'a Asset,
    pub settlement_asset: &'a Asset,
    /// Signed coins.
    pub coins: f64,
    /// The position with the worse side of its open orders filled; `coins` where orders do not count.
    pub worst_coins: f64,
    /// Oracle price, settlement asset per coin.
    pub price: f64,
    /// Unrealised profit at the oracle price, settlement asset.
    pub gain: f64,
    /// USD per unit of the settlement asset.
    pub settlement_price_usd: f64,
    /// Coins open on the market, where it says.
    pub open_interest: Option<f64>,
}

/// A protocol as a margin model.
#[derive(Debug)]
pub(super) struct Health<R>(R);

impl<R: HealthRule> Health<R> {
    /// Reads and checks a parameter file.
    pub fn from_toml(text: &str) -> Result<Self, InputError> {
        let rule: R = from_toml(text)?;
        rule.check()?;
        Ok(Self(rule))
    }
}

impl<R: HealthRule> MarginModel for Health<R> {
    fn id(&self) -> &str {
        self.0.head().0
    }

    fn provenance(&self) -> &Provenance {
        self.0.head().1
    }

    fn prepare<'a>(
        &'a self,
        market: &'a Market,
        ids: &[InstrumentId],
    ) -> Result<Box<dyn Prepared + 'a>, InputError> {
        let rule = &self.0;
        let model = self.id();
        for id in ids {
            if role(model, market, *id)? == Role::Spot {
                continue;
            }
            let instrument = &market.listing(*id).instrument;
            let (coin, settlement) = (&instrument.underlying, &instrument.settlement_asset);
            let missing = match (rule.knows_market(coin), rule.knows_token(settlement)) {
                (true, true) => continue,
                (false, _) => format!("a perpetual market of {coin}"),
                (_, false) => format!("settlement in {settlement}"),
            };
            let message = format!("{}: {model} has no parameters for {missing}", instrument.name);
            return Err(InputError::new(InputCode::Unsupported, message)
                .hint("add the protocol's to a parameter file of your own"));
        }
        let ids = ids.iter().copied().collect();
        Ok(Box::new(PreparedHealth { rule, market, ids }))
    }
}

struct PreparedHealth<'a, R> {
    rule: &'a R,
    market: &'a Market,
    ids: BTreeSet<InstrumentId>,
}

impl<R: HealthRule> Prepared for PreparedHealth<'_, R> {
    fn requirement(&self, portfolio: &Portfolio) -> Result<Requirement, InputError> {
        let (account, notes) = self.account(portfolio)?;
        Ok(Requirement { pools: vec![self.pool(&account)?], notes })
    }

    fn requirement_with_orders(
        &self,
        portfolio: &Portfolio,
    ) -> Option<Result<Requirement, InputError>> {
        let charge_usd = self.rule.order_charge_usd()?;
        let kind = |id| self.market.listing(id).instrument.kind;
        let all_perpetual =
            portfolio.orders.iter().all(|order| kind(order.id) == plimsoll_model::Kind::Perpetual);
        all_perpetual.then(|| self.with_worst_side(portfolio, charge_usd))
    }
}

impl<R: HealthRule> PreparedHealth<'_, R> {
    fn account<'p>(
        &'p self,
        portfolio: &'p Portfolio,
    ) -> Result<(Account<'p>, Vec<String>), InputError> {
        let market = self.market;
        let token_price = |token: &Asset| {
            if self.rule.at_par().contains(token) { Ok(1.0) } else { price_usd(market, token) }
        };
        let oracle = |id| price_usd(market, &market.listing(id).instrument.underlying);
        let mut perpetuals = Vec::new();
        for leg in perpetual::legs(market, portfolio, oracle)? {
            if !self.ids.contains(&leg.id) {
                return Err(unprepared(market, portfolio));
            }
            let listing = market.listing(leg.id);
            let instrument = &listing.instrument;
            let lots = portfolio.holdings.iter().filter(|holding| holding.id == leg.id);
            let gain = |lot: &plimsoll_model::Lot| {
                lot.quantity * instrument.contract_size * (leg.price - lot.entry_price)
            };
            perpetuals.push(Position {
                id: leg.id,
                name: &instrument.name,
                underlying: &instrument.underlying,
                settlement_asset: &instrument.settlement_asset,
                coins: leg.coins,
                worst_coins: leg.coins,
                price: leg.price,
                gain: lots.flat_map(|holding| &holding.lots).map(gain).sum(),
                settlement_price_usd: token_price(&instrument.settlement_asset)?,
                open_interest: listing.open_interest.map(|open| open * instrument.contract_size),
            });
        }
        let mut amounts = portfolio.balances.clone();
        for (coin, held) in spot_held(market, portfolio) {
            *amounts.entry(coin.clone()).or_default() += held;
        }
        let (mut tokens, mut notes) = (Vec::new(), Vec::new());
        for (asset, amount) in amounts {
            if self.rule.knows_token(&asset) {
                let price_usd = token_price(&asset)?;
                tokens.push(Token { asset, amount, price_usd });
            } else if amount < 0.0 {
                let model = self.rule.head().0;
                let message =
                    format!("{asset}: {model} has no parameters for it, and {amount} is owed");
                return Err(InputError::new(InputCode::Unsupported, message));
            } else if amount > 0.0 {
                notes.push(format!("{asset} gets no credit as collateral"));
            }
        }
        Ok((Account { tokens, perpetuals }, notes))
    }

    fn pool(&self, account: &Account<'_>) -> Result<Pool, InputError> {
        let empty = |name: &&'static str| Component::scaled(name, 0.0, 1.0, vec![]);
        let mut components: Vec<Component> = R::COMPONENTS.iter().map(empty).collect();
        let initial = self.rule.terms(account, Level::Initial)?;
        let maintenance = self.rule.terms(account, Level::Maintenance)?;
        let mut equity = 0.0;
        for (term, maintained) in initial.iter().zip(&maintenance) {
            equity += term.value;
            let named = components.iter_mut().find(|known| known.name == term.component);
            let Some(component) = named else { continue };
            let amount = term.value - term.weighted;
            component.initial += amount;
            component.maintenance += maintained.value - maintained.weighted;
            component.contributions.push(Contribution { leg: term.leg.clone(), amount });
        }
        let health = |terms: &[Term]| terms.iter().map(|term| term.weighted).sum::<f64>();
        let mut figures = BTreeMap::from([
            ("initial_health".to_owned(), health(&initial)),
            ("maintenance_health".to_owned(), health(&maintenance)),
        ]);
        if let Some(name) = R::BETWEEN {
            let between = self.rule.terms(account, Level::Between)?;
            figures.insert(format!("{name}_health"), health(&between));
        }
        Ok(Pool {
            name: "account".to_owned(),
            asset: Asset::usd(),
            asset_price_usd: 1.0,
            equity,
            components,
            units: vec![],
            figures,
        })
    }

    /// The account with its perpetuals at the worse of all bids and all asks filled, at the oracle
    /// price, and a fixed charge per order; both kinds of margin.
    fn with_worst_side(
        &self,
        portfolio: &Portfolio,
        charge_usd: f64,
    ) -> Result<Requirement, InputError> {
        let mut filled = portfolio.clone();
        for order in &portfolio.orders {
            // An empty position gives an order on something not held its place in the account.
            if let Err(place) = filled.holdings.binary_search_by_key(&order.id, |one| one.id) {
                let none = plimsoll_model::Holding { id: order.id, quantity: 0.0, lots: vec![] };
                filled.holdings.insert(place, none);
            }
        }
        let (mut account, notes) = self.account(&filled)?;
        let mut pool = self.pool(&account)?;
        for position in &mut account.perpetuals {
            let size = self.market.listing(position.id).instrument.contract_size;
            let mine = || portfolio.orders.iter().filter(|order| order.id == position.id);
            let bids: f64 = mine().map(|order| order.quantity.max(0.0) * size).sum();
            let asks: f64 = mine().map(|order| order.quantity.min(0.0) * size).sum();
            let (long, short) = (position.coins + bids, position.coins + asks);
            position.worst_coins = if long.abs() >= short.abs() { long } else { short };
        }
        let worst = self.pool(&account)?;
        let fixed = charge_usd * portfolio.orders.len() as f64;
        pool.components.push(Component {
            name: "open_orders",
            initial: worst.initial_margin() - pool.initial_margin() + fixed,
            maintenance: worst.maintenance_margin() - pool.maintenance_margin() + fixed,
            contributions: vec![],
        });
        Ok(Requirement { pools: vec![pool], notes })
    }
}

/// A price for one kind of health: initial takes the worse of oracle and slow price for whoever holds
/// `amount`, the others the oracle.
pub(super) fn strict_price(level: Level, amount: f64, oracle: f64, slow: Option<&f64>) -> f64 {
    match (level, slow) {
        (Level::Initial, Some(slow)) if amount < 0.0 => oracle.max(*slow),
        (Level::Initial, Some(slow)) => oracle.min(*slow),
        _ => oracle,
    }
}

/// Checks slow prices.
pub(super) fn check_slow_prices(prices: &BTreeMap<Asset, f64>) -> Result<(), InputError> {
    for (asset, price) in prices {
        check_bounds(&format!("slow_prices_usd.{asset}"), *price, 1e-15, 1e15)?;
    }
    Ok(())
}
