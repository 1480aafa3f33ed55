//! `derive-pm1`: Derive's first portfolio margin (PMRM), for one coin and the coin itself as
//! collateral.
//!
//! With `S` the index, `p` the stable coin's price, `r⁺ = max(rate, 0)`, the states and discounts of
//! the shared revaluation (`D_e = 1`, nothing on expiries that are owed) and sizes in coins:
//!
//! ```text
//! positive_e = base_discount·e^(−τ·(r⁺·rate_scale + rate_add))
//! MtM    = cash + Σ mark_e + coins·S/p
//! static = (|perp|·perp_rate + coins·coin_rate)·S + Σ_e naked_e·option_rate·S
//! oracle = f(c₀)·(|perp| + coins)·S + Σ_e f(min(c₀, c_e))·Σ|q|·S,   f(c) = (1 − c)·margin below threshold
//! c₀     = least confidence of index and perpetuals,  c_e = least of forward, rate and vol
//! MM     = −worst + static
//! IM     = (−worst + static)·(initial_factor + max(0, peg − p)·peg_factor) + oracle
//! ```

use std::collections::BTreeMap;

use plimsoll_model::error::InputError;
use plimsoll_model::params::{check_bounds, from_toml};
use plimsoll_model::{Asset, InstrumentId, Market, Portfolio, Provenance};
use plimsoll_risk::{ScenarioBlock, VolShocks};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::manager::{self, Manager, Managers, Opened};
use super::revaluation::{BasisRule, CoinPricing, Discounts, Revalued, States, StaticDiscount};
use super::{ConfidenceRule, PegRule, append, component, push};
use crate::collateral::price_usd;
use crate::cross::unprepared;
use crate::functional::Charge;
use crate::model::{Contribution, MarginModel, Prepared, Requirement};

/// Parameters of PM1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pm1Params {
    /// `derive-pm1`.
    pub family: String,
    /// The model's id.
    pub id: String,
    /// Where the numbers come from.
    pub source: Provenance,
    /// The stable coin that is cash, beside USD.
    pub stable: Asset,
    /// One manager per coin.
    pub managers: Vec<Pm1Manager>,
}

/// The manager of some coins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pm1Manager {
    /// The coins.
    pub underlyings: Vec<Asset>,
    /// Share of the maintenance margin that initial margin is.
    pub initial_factor: f64,
    /// The states.
    pub blocks: Vec<ScenarioBlock>,
    /// The vol shocks.
    pub vol: VolShocks,
    /// The basis contingency.
    pub basis: BasisRule,
    /// On expiries that are worth something.
    pub discount: StaticDiscount,
    /// Static charges, fractions of the index.
    pub contingency: Pm1Contingency,
    /// Added to `initial_factor` below the peg.
    pub peg: PegRule,
    /// Charge for uncertain feeds.
    pub confidence: ConfidenceRule,
}

/// Static charges per coin, as fractions of the index.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pm1Contingency {
    /// On the net perpetual.
    pub perp: f64,
    /// On coins held.
    pub coin: f64,
    /// On naked short options.
    pub option: f64,
}

/// Derive's first portfolio margin.
#[derive(Clone, Debug)]
pub struct Pm1 {
    params: Pm1Params,
    managers: Managers<Pm1Manager>,
}

impl Pm1 {
    /// Reads and checks a parameter file.
    pub fn from_toml(text: &str) -> Result<Self, InputError> {
        let params: Pm1Params = from_toml(text)?;
        let mut groups = Vec::new();
        for rules in &params.managers {
            rules.check()?;
            let states = States::new(&rules.blocks, &rules.vol, vec![], rules.basis)?;
            groups.push((rules.underlyings.clone(), Manager { rules: rules.clone(), states }));
        }
        Ok(Self { managers: manager::by_coin(groups)?, params })
    }
}

impl Pm1Manager {
    fn check(&self) -> Result<(), InputError> {
        check_bounds("initial_factor", self.initial_factor, 1.0, 10.0)?;
        check_bounds("contingency.perp", self.contingency.perp, 0.0, 1.0)?;
        check_bounds("contingency.coin", self.contingency.coin, 0.0, 1.0)?;
        check_bounds("contingency.option", self.contingency.option, 0.0, 1.0)?;
        self.discount.check("discount")?;
        self.peg.check("peg")?;
        self.confidence.check("confidence")
    }

    fn discounts(&self, rate_ann: f64, tau_years: f64) -> Discounts {
        let positive = self.discount.base * self.discount.decay(rate_ann.max(0.0), tau_years);
        Discounts { discount: 1.0, positive, negative: 1.0 }
    }
}

impl MarginModel for Pm1 {
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
        let id = &self.params.id;
        let coins = manager::price(id, market, ids, &self.managers, Pm1Manager::discounts)?;
        Ok(Box::new(PreparedPm1 { model: self, market, coins }))
    }
}

struct PreparedPm1<'a> {
    model: &'a Pm1,
    market: &'a Market,
    coins: BTreeMap<Asset, CoinPricing>,
}

impl Prepared for PreparedPm1<'_> {
    fn requirement(&self, portfolio: &Portfolio) -> Result<Requirement, InputError> {
        let Pm1 { params, managers } = self.model;
        let (mut opened, manager) = Opened::read(
            &params.id,
            self.market,
            portfolio,
            &params.stable,
            managers,
            &self.coins,
        )?;
        let rules = &manager.rules;
        let spot = opened.book.confidence(opened.spot_confidence);
        let mut delta_one = opened.perps_usd();
        let mut coins_usd = 0.0;
        let mut haircut = Charge::default();
        let mut coin_oracle = Charge::default();
        for held in &opened.account.held {
            if held.asset != opened.coin {
                opened.notes.push(format!("{} gets no credit as collateral", held.asset));
                continue;
            }
            let usd = held.amount * price_usd(self.market, &held.asset)?;
            coins_usd += usd / opened.stable_price;
            let part = Contribution { leg: held.leg.clone(), amount: usd / opened.stable_price };
            delta_one.push(part);
            push(&mut haircut, held.leg.clone(), rules.contingency.coin * usd);
            push(&mut coin_oracle, held.leg.clone(), rules.confidence.rate(spot) * usd);
        }
        let pricing = self.coins.get(&opened.coin);
        let revalued = Revalued::new(&manager.states, pricing, &opened.book, delta_one);
        let revalued = revalued.ok_or_else(|| unprepared(self.market, portfolio))?;
        let worst = revalued.worst(opened.coin.as_str());
        let contingency =
            manager::static_charge(&opened, rules.contingency.perp, rules.contingency.option);
        let mut oracle = manager::oracle_charge(&opened, &revalued, &rules.confidence);
        append(&mut oracle, &coin_oracle);
        let initial = rules.initial_factor;
        let off_peg = rules.peg.excess(opened.stable_price);
        let mut depeg = Charge::default();
        for charge in [&worst.charge, &contingency, &haircut] {
            append(&mut depeg, charge);
        }
        let figures = BTreeMap::from([
            ("static_contingency".to_owned(), contingency.amount + haircut.amount),
            ("oracle_contingency".to_owned(), oracle.amount),
        ]);
        let components = vec![
            component("scan", &worst.charge, initial, 1.0),
            component("contingency", &contingency, initial, 1.0),
            component("collateral_haircut", &haircut, initial, 1.0),
            component("depeg", &depeg, off_peg, 0.0),
            component("oracle", &oracle, 1.0, 0.0),
        ];
        let mark_to_market = opened.account.cash + revalued.mark() + coins_usd;
        Ok(manager::requirement(opened, mark_to_market, components, &revalued, worst, 1.0, figures))
    }
}
