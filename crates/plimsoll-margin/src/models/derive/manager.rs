//! What PM1 and PM2 share beside the revaluation: one coin per account, the charges that are not a
//! scan, and the figures.

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::{Asset, InstrumentId, Market, Portfolio};

use super::account::{Account, CoinBook, Perp, naked_shorts};
use super::revaluation::{CoinPricing, Discounts, Revalued, States, Worst};
use super::{ConfidenceRule, price_confidence, push, push_perps, stable_price};
use crate::collateral::price_usd;
use crate::cross::unprepared;
use crate::functional::Charge;
use crate::model::{Component, Contribution, Leg, Requirement};

/// A manager's rules with its states.
#[derive(Clone, Debug)]
pub struct Manager<R> {
    /// The rules.
    pub rules: R,
    /// The states.
    pub states: States,
}

/// Managers by coin.
pub type Managers<R> = BTreeMap<Asset, Manager<R>>;

/// Spreads managers over the coins they name; refuses a coin named twice, or none at all.
pub fn by_coin<R: Clone>(
    groups: impl IntoIterator<Item = (Vec<Asset>, Manager<R>)>,
) -> Result<Managers<R>, InputError> {
    let bad = |message: String| Err(InputError::new(InputCode::BadParameter, message));
    let mut managers = BTreeMap::new();
    for (coins, manager) in groups {
        for coin in coins {
            if managers.contains_key(&coin) {
                return bad(format!("two managers for {coin}"));
            }
            managers.insert(coin, manager.clone());
        }
    }
    if managers.is_empty() { bad("there is no manager".to_owned()) } else { Ok(managers) }
}

/// Prices instruments coin by coin; refuses one on a coin without a manager. `discounts` maps an
/// expiry's rate and its years to its discounts.
pub fn price<R>(
    model: &str,
    market: &Market,
    ids: &[InstrumentId],
    managers: &Managers<R>,
    discounts: impl Fn(&R, f64, f64) -> Discounts,
) -> Result<BTreeMap<Asset, CoinPricing>, InputError> {
    let mut grouped: BTreeMap<&Asset, Vec<InstrumentId>> = BTreeMap::new();
    for id in ids {
        let instrument = &market.listing(*id).instrument;
        let coin = &instrument.underlying;
        if !managers.contains_key(coin) {
            let known: Vec<&str> = managers.keys().map(Asset::as_str).collect();
            let message = format!("{}: {model} has no manager for {coin}", instrument.name);
            return Err(InputError::new(InputCode::Unsupported, message)
                .hint(format!("it has {}", known.join(", "))));
        }
        grouped.entry(coin).or_default().push(*id);
    }
    let mut coins = BTreeMap::new();
    for (coin, manager) in managers {
        let Some(ids) = grouped.get(coin) else { continue };
        let discounts = |rate_ann: f64, tau: f64| discounts(&manager.rules, rate_ann, tau);
        let pricing = CoinPricing::new(model, market, coin, ids, &manager.states, &discounts)?;
        coins.insert(coin.clone(), pricing);
    }
    Ok(coins)
}

/// An account under one manager.
pub struct Opened {
    /// All of it, less `book`.
    pub account: Account,
    /// The manager's coin.
    pub coin: Asset,
    /// Positions on it.
    pub book: CoinBook,
    /// Its index; zero where the account has nothing that is measured by it.
    pub index: f64,
    /// Confidence of the index.
    pub spot_confidence: f64,
    /// Price of the stable coin.
    pub stable_price: f64,
    /// What the reader should know.
    pub notes: Vec<String>,
}

impl Opened {
    /// Reads a portfolio and finds its manager: that of the coin it trades, else of the only one that
    /// was prepared, else of a coin it holds, else the first. Fails naming two instruments if it
    /// trades two coins, and on a coin that was not prepared.
    pub fn read<'a, R>(
        model: &str,
        market: &Market,
        portfolio: &Portfolio,
        stable: &Asset,
        managers: &'a Managers<R>,
        prepared: &BTreeMap<Asset, CoinPricing>,
    ) -> Result<(Self, &'a Manager<R>), InputError> {
        let mut account = Account::read(model, market, portfolio, stable)?;
        let mut notes = Vec::new();
        let mut coins = prepared.keys();
        let only_prepared = coins.next().filter(|_| coins.next().is_none());
        let coin = account.only_coin(model, market)?.or(only_prepared);
        let held = |coin: &&Asset| account.held.iter().any(|held| held.asset == **coin);
        let guess = || managers.keys().find(held).or_else(|| managers.keys().next());
        if coin.is_none() && !account.held.is_empty() {
            let whose = guess().map_or("", Asset::as_str);
            notes.push(format!("no position names the manager: that of {whose} is taken"));
        }
        let found = coin.or_else(guess).and_then(|coin| managers.get_key_value(coin));
        let (coin, manager) = found.ok_or_else(|| unprepared(market, portfolio))?;
        let coin = coin.clone();
        let book = account.books.remove(&coin).unwrap_or_default();
        let opened = Self {
            index: if book.first().is_some() { price_usd(market, &coin)? } else { 0.0 },
            spot_confidence: price_confidence(market, &coin),
            stable_price: stable_price(market, stable, &mut notes),
            account,
            coin,
            book,
            notes,
        };
        Ok((opened, manager))
    }

    /// Dollars of every perpetual, which move with the index.
    pub fn perps_usd(&self) -> Vec<Contribution> {
        let part = |perp: &Perp| Contribution {
            leg: Leg::Instrument(perp.id),
            amount: perp.coins * perp.mark,
        };
        self.book.perps.iter().map(part).collect()
    }
}

/// Charges for static risk: `perp_rate·|perp|·S + option_rate·Σ_e naked_e·S`.
pub fn static_charge(opened: &Opened, perp_rate: f64, option_rate: f64) -> Charge {
    let mut charge = Charge::default();
    push_perps(&mut charge, &opened.book.perps, perp_rate, |_| opened.index);
    for legs in opened.book.expiries.values() {
        for (id, coins) in naked_shorts(legs) {
            push(&mut charge, Leg::Instrument(id), option_rate * coins * opened.index);
        }
    }
    charge
}

/// Charges for uncertain feeds of perpetuals and options.
pub fn oracle_charge(opened: &Opened, revalued: &Revalued<'_>, rule: &ConfidenceRule) -> Charge {
    let mut oracle = Charge::default();
    let spot = opened.book.confidence(opened.spot_confidence);
    push_perps(&mut oracle, &opened.book.perps, rule.rate(spot), |_| opened.index);
    for totals in &revalued.expiries {
        let rate = rule.rate(totals.expiry.confidence.min(spot));
        for leg in opened.book.expiries.get(&totals.at).into_iter().flatten() {
            let amount = rate * leg.coins.abs() * opened.index;
            push(&mut oracle, Leg::Instrument(leg.id), amount);
        }
    }
    oracle
}

/// Puts a requirement together. `maintenance_factor` is what the worst loss counts for in maintenance
/// margin.
pub fn requirement(
    opened: Opened,
    mark_to_market: f64,
    components: Vec<Component>,
    revalued: &Revalued<'_>,
    worst: Worst,
    maintenance_factor: f64,
    mut figures: BTreeMap<String, f64>,
) -> Requirement {
    let Opened { coin, book, spot_confidence, mut notes, .. } = opened;
    let confidence = book.confidence(spot_confidence);
    let basis = revalued.basis();
    for totals in &revalued.expiries {
        let expiry = totals.expiry;
        let mut add = |what: &str, value: f64| {
            figures.insert(format!("{coin}_{}_{what}", totals.at), value);
        };
        add("mark", totals.mark);
        add("basis_up_value", totals.up);
        add("basis_down_value", totals.down);
        add("vol_up_multiplier", expiry.vol_multipliers.0);
        add("vol_down_multiplier", expiry.vol_multipliers.1);
        add("confidence", expiry.confidence.min(confidence));
        add("discount", expiry.discounts.discount);
        add("discount_positive", expiry.discounts.positive);
        add("discount_negative", expiry.discounts.negative);
    }
    let worst_pnl = 0.0 - worst.charge.amount;
    figures.insert("worst_scenario".to_owned(), worst.state as f64);
    figures.insert("worst_pnl".to_owned(), worst_pnl);
    figures.insert("basis_contingency".to_owned(), basis);
    if worst.charge.amount > 0.0
        && let Some(label) = worst.label
    {
        notes.push(format!("the worst state, number {}, is the {label}", worst.state));
    }
    let mut pool = super::pool(mark_to_market, components, vec![worst.unit], figures);
    let better = (revalued.trusted_worst() - worst_pnl) * maintenance_factor;
    let trusted = pool.maintenance_excess() + better;
    pool.figures.insert("net_maintenance_margin_trusted".to_owned(), trusted);
    Requirement { pools: vec![pool], notes }
}
