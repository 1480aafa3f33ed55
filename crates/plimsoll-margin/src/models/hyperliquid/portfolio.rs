//! `hyperliquid-pm`: perpetuals, spot and borrowing in one account.
//!
//! For every borrowable token `T`, in units of `T`:
//!
//! ```text
//! requirement = offset + Σ maintenance margin of perpetuals paid in T + borrowed
//! value       = balance + min(borrow_cap, Σ_c min(balance_c, supply_cap_c)·price_c·threshold_c)
//! threshold_c = floor + (1 − floor)·LTV_c
//! ratio       = max over T of requirement/value;   liquidation where ratio > liquidation_ratio
//! ```
//!
//! `balance` is the token held with the unrealised profit paid in it, where positive; `borrowed` the
//! amount where negative; `c` runs over the tokens that may be borrowed against.
//!
//! As equity against margin: equity is `value` of the token with the largest ratio, maintenance is
//! `requirement/liquidation_ratio`, so that it exceeds equity exactly where the venue liquidates.
//! Initial margin is what a new borrow is held to: initial margin of perpetuals, plus `borrowed`, plus
//! what the loan-to-value ratio takes off `value`; and never below maintenance.

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::{check_bounds, from_toml};
use plimsoll_model::{Asset, InstrumentId, Market, Portfolio, Provenance};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::perps::{self, Margined, Perps, PerpsParams, PreparedPerps};
use crate::collateral::{CollateralRules, price_usd};
use crate::model::{Component, Contribution, Leg, MarginModel, Pool, Prepared, Requirement};
use crate::models::perpetual::spot_held;

/// Parameters of portfolio margin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HyperliquidPmParams {
    /// `hyperliquid-pm`.
    pub family: String,
    /// The model's id.
    pub id: String,
    /// Where the numbers come from.
    pub source: Provenance,
    /// Margin of perpetuals.
    pub perps: PerpsParams,
    /// Added to the requirement of an account with positions or debt, units of the borrowable token.
    pub min_borrow_offset: f64,
    /// The ratio beyond which the account is liquidated.
    pub liquidation_ratio: f64,
    /// `floor`: the liquidation threshold of a token with a loan-to-value ratio of 0.
    pub threshold_floor: f64,
    /// Tokens that can be borrowed.
    pub borrowable: BTreeMap<Asset, Borrowable>,
    /// Tokens that can be borrowed against.
    pub collateral: BTreeMap<Asset, CollateralToken>,
}

/// A token that can be borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Borrowable {
    /// Most that one user may borrow, units.
    pub borrow_cap: f64,
}

/// A token that can be borrowed against.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CollateralToken {
    /// Loan-to-value ratio.
    pub ltv: f64,
    /// Most that counts of one user's holding, units.
    pub supply_cap: f64,
}

/// Portfolio margin.
#[derive(Clone, Debug)]
pub struct HyperliquidPm {
    params: HyperliquidPmParams,
    perps: Perps,
}

impl HyperliquidPm {
    /// Reads and checks a parameter file.
    pub fn from_toml(text: &str) -> Result<Self, InputError> {
        let params: HyperliquidPmParams = from_toml(text)?;
        check_bounds("min_borrow_offset", params.min_borrow_offset, 0.0, 1e6)?;
        check_bounds("liquidation_ratio", params.liquidation_ratio, 0.01, 1.0)?;
        check_bounds("threshold_floor", params.threshold_floor, 0.0, 1.0)?;
        for (token, borrowable) in &params.borrowable {
            let name = format!("borrowable.{token}.borrow_cap");
            check_bounds(&name, borrowable.borrow_cap, 0.0, 1e18)?;
        }
        for (token, collateral) in &params.collateral {
            check_bounds(&format!("collateral.{token}.ltv"), collateral.ltv, 0.0, 1.0)?;
            let name = format!("collateral.{token}.supply_cap");
            check_bounds(&name, collateral.supply_cap, 0.0, 1e18)?;
        }
        if params.borrowable.is_empty() {
            let message = "borrowable names no token";
            return Err(InputError::new(InputCode::BadParameter, message));
        }
        let perps = Perps::new(&params.id, &params.perps)?;
        Ok(Self { params, perps })
    }
}

impl MarginModel for HyperliquidPm {
    fn id(&self) -> &str {
        &self.params.id
    }

    fn provenance(&self) -> &Provenance {
        &self.params.source
    }

    fn prepare<'a>(
        &'a self,
        market: &'a Market,
        ids: &[InstrumentId],
    ) -> Result<Box<dyn Prepared + 'a>, InputError> {
        let perps = self.perps.prepare(market, ids)?;
        Ok(Box::new(PreparedPm { params: &self.params, market, perps }))
    }
}

struct PreparedPm<'a> {
    params: &'a HyperliquidPmParams,
    market: &'a Market,
    perps: PreparedPerps<'a>,
}

/// One borrowable token's side of the account, in units of the token.
struct TokenState<'a> {
    token: &'a Asset,
    price_usd: f64,
    positions: Vec<&'a Margined>,
    borrowed: f64,
    /// Counted at liquidation.
    value: f64,
    /// What the loan-to-value ratios take off `value`, by collateral token.
    ltv_buffer: Vec<(&'a Asset, f64)>,
    requirement: f64,
    /// What may still be borrowed.
    borrowable: f64,
}

impl TokenState<'_> {
    /// The venue's ratio; infinite where something is required of nothing.
    fn ratio(&self) -> f64 {
        match (self.requirement > 0.0, self.value > 0.0) {
            (false, _) => 0.0,
            (true, true) => self.requirement / self.value,
            (true, false) => f64::INFINITY,
        }
    }
}

impl Prepared for PreparedPm<'_> {
    fn requirement(&self, portfolio: &Portfolio) -> Result<Requirement, InputError> {
        let positions = self.perps.margined(portfolio)?;
        let amounts = self.amounts(portfolio)?;
        let mut figures = BTreeMap::new();
        let mut worst: Option<TokenState<'_>> = None;
        for (token, terms) in self.tokens(&amounts) {
            let state = self.token_state(token, terms, &amounts, &positions)?;
            figures.insert(format!("{token}_requirement"), state.requirement);
            figures.insert(format!("{token}_liquidation_value"), state.value);
            figures.insert(format!("{token}_borrowed"), state.borrowed);
            figures.insert(format!("{token}_borrowable"), state.borrowable);
            if worst.as_ref().is_none_or(|known| state.ratio() > known.ratio()) {
                worst = Some(state);
            }
        }
        let Some(worst) = worst else { return Ok(Requirement::default()) };
        if worst.ratio().is_finite() {
            figures.insert("portfolio_margin_ratio".to_owned(), worst.ratio());
        }
        let pool = self.pool(&worst, figures);
        let refused = amounts.keys().filter(|token| {
            !self.params.borrowable.contains_key(*token)
                && !self.params.collateral.contains_key(*token)
        });
        let notes = refused.map(|token| format!("{token} gets no credit as collateral"));
        Ok(Requirement { pools: vec![pool], notes: notes.collect() })
    }
}

impl PreparedPm<'_> {
    /// The borrowable tokens of an account: those it has to do with, or the first if it holds only
    /// others.
    fn tokens(&self, amounts: &BTreeMap<Asset, f64>) -> Vec<(&Asset, &Borrowable)> {
        let all = || self.params.borrowable.iter();
        let used: Vec<_> = all().filter(|(token, _)| amounts.contains_key(*token)).collect();
        if used.is_empty() && !amounts.is_empty() { all().take(1).collect() } else { used }
    }

    /// Tokens held, with unrealised profit; debt in what cannot be borrowed is refused.
    fn amounts(&self, portfolio: &Portfolio) -> Result<BTreeMap<Asset, f64>, InputError> {
        let at_value = CollateralRules {
            haircuts: BTreeMap::new(),
            other_haircut: 0.0,
            option_value_in_equity: false,
        };
        let cash = at_value.cash(self.market, portfolio)?;
        let mut amounts: BTreeMap<Asset, f64> =
            cash.into_iter().map(|(asset, cash)| (asset, cash.amount)).collect();
        for (coin, held) in spot_held(self.market, portfolio) {
            *amounts.entry(coin.clone()).or_default() += held;
        }
        // A position pays in its token, even while it has gained nothing.
        for holding in &portfolio.holdings {
            let instrument = &self.market.listing(holding.id).instrument;
            if instrument.is_future() {
                amounts.entry(instrument.settlement_asset.clone()).or_default();
            }
        }
        let lent = |token: &Asset| self.params.borrowable.contains_key(token);
        if let Some((token, debt)) = amounts.iter().find(|(token, sum)| **sum < 0.0 && !lent(token))
        {
            let message =
                format!("{}: {token} cannot be borrowed, and {debt} is owed", self.params.id);
            return Err(InputError::new(InputCode::Unsupported, message));
        }
        let unknown = portfolio.holdings.iter().find(|holding| {
            let instrument = &self.market.listing(holding.id).instrument;
            instrument.is_future() && !lent(&instrument.settlement_asset)
        });
        if let Some(holding) = unknown {
            let instrument = &self.market.listing(holding.id).instrument;
            let (name, asset) = (&instrument.name, &instrument.settlement_asset);
            let message =
                format!("{name}: {} does not lend {asset}, which it pays in", self.params.id);
            return Err(InputError::new(InputCode::Unsupported, message));
        }
        Ok(amounts)
    }

    fn token_state<'s>(
        &'s self,
        token: &'s Asset,
        terms: &Borrowable,
        amounts: &BTreeMap<Asset, f64>,
        positions: &'s [Margined],
    ) -> Result<TokenState<'s>, InputError> {
        let amount = amounts.get(token).copied().unwrap_or(0.0);
        let (balance, borrowed) = (amount.max(0.0), (-amount).max(0.0));
        let price_of_token = price_usd(self.market, token)?;
        let (mut at_threshold, mut at_ltv) = (Vec::new(), Vec::new());
        for (other, collateral) in &self.params.collateral {
            let held = amounts.get(other).copied().unwrap_or(0.0).max(0.0);
            let counted = held.min(collateral.supply_cap);
            if counted > 0.0 && other != token {
                let value = counted * price_usd(self.market, other)? / price_of_token;
                let floor = self.params.threshold_floor;
                at_threshold.push((other, value * (floor + (1.0 - floor) * collateral.ltv)));
                at_ltv.push((other, value * collateral.ltv));
            }
        }
        let (credit, loan) = (capped(at_threshold, terms), capped(at_ltv, terms));
        let ltv_buffer: Vec<(&Asset, f64)> = credit
            .iter()
            .zip(&loan)
            .map(|((other, most), (_, loan))| (*other, most - loan))
            .collect();
        let credit: f64 = credit.iter().map(|(_, value)| value).sum();
        let loan: f64 = loan.iter().map(|(_, value)| value).sum();
        let positions: Vec<&Margined> = positions
            .iter()
            .filter(|one| self.perps.settlement_asset(one.leg.id) == token)
            .collect();
        let maintenance: f64 = positions.iter().map(|one| one.maintenance).sum();
        let initial: f64 = positions.iter().map(|one| one.initial).sum();
        let at_risk = maintenance + borrowed;
        let offset = if at_risk > 0.0 { self.params.min_borrow_offset } else { 0.0 };
        Ok(TokenState {
            token,
            price_usd: price_of_token,
            positions,
            borrowed,
            value: balance + credit,
            ltv_buffer,
            requirement: offset + at_risk,
            borrowable: (loan - borrowed - (initial - balance).max(0.0)).max(0.0),
        })
    }

    /// The account seen from its worst token, in USD.
    fn pool(&self, worst: &TokenState<'_>, figures: BTreeMap<String, f64>) -> Pool {
        let unit = worst.price_usd;
        let debt = |amount: f64| vec![Contribution { leg: Leg::Cash(worst.token.clone()), amount }];
        let perpetuals = perps::component(&worst.positions, unit);
        let owed = worst.borrowed * unit;
        let borrowed = Component::scaled("borrowed", owed, 1.0, debt(owed));
        let part = |(token, amount): &(&Asset, f64)| Contribution {
            leg: Leg::Cash((*token).clone()),
            amount: amount * unit,
        };
        let parts: Vec<Contribution> = worst.ltv_buffer.iter().map(part).collect();
        let buffer: f64 = parts.iter().map(|part| part.amount).sum();
        let loan_to_value = Component::scaled("loan_to_value", buffer, 0.0, parts);
        let charged = [perpetuals, borrowed, loan_to_value];
        let initial: f64 = charged.iter().map(|component| component.initial).sum();
        let so_far: f64 = charged.iter().map(|component| component.maintenance).sum();
        // The offset, and the distance of the liquidation ratio from 1.
        let maintenance = worst.requirement * unit / self.params.liquidation_ratio;
        let floor = (maintenance - initial).max(0.0);
        let liquidation_buffer = Component {
            name: "liquidation_buffer",
            initial: floor,
            maintenance: maintenance - so_far,
            contributions: debt(floor),
        };
        Pool {
            name: "account".to_owned(),
            asset: Asset::usd(),
            asset_price_usd: 1.0,
            equity: worst.value * unit,
            components: charged.into_iter().chain([liquidation_buffer]).collect(),
            units: vec![],
            figures,
        }
    }
}

/// Credits cut to the borrow cap, all in the same proportion.
fn capped<'a>(credits: Vec<(&'a Asset, f64)>, terms: &Borrowable) -> Vec<(&'a Asset, f64)> {
    let total: f64 = credits.iter().map(|(_, credit)| credit).sum();
    if total <= terms.borrow_cap {
        return credits;
    }
    let share = terms.borrow_cap / total;
    credits.into_iter().map(|(token, credit)| (token, credit * share)).collect()
}
