//! `derive-pm2`: Derive's second portfolio margin (PMRM_2), for one coin and many collaterals.
//!
//! With `S` the index, `p` the stable coin's price, `C_k = amount·price/p` of each collateral, the
//! states and discounts of the shared revaluation and sizes in coins:
//!
//! ```text
//! D_e        = e^(−τ·max(rate, 0))
//! positive_e = base·e^(−τ·(rate·rate_scale + rate_add))
//! negative_e = min(1/D_e, base·e^(τ·(rate·rate_scale + rate_add)))        with its own numbers
//! MtM   = cash + Σ mark_e + Σ C_k
//! MMc   = perp_mm·|perp|·S + option_mm·Σ_e naked_e·S + Σ_k haircut_mm·C_k
//! IMc   = perp_im·|perp|·S + option_im·Σ_e naked_e·S + Σ_k haircut_im·C_k + oracle
//! oracle = f(c₀)·|perp|·S + Σ_e f(min(c₀, c_e))·Σ|q|·S + Σ_k f(min(c_k, c_S))·C_k
//! MM    = −worst·maintenance_factor + MMc
//! IM    = −worst·(initial_factor + max(0, peg − p)·peg_factor) + MMc + IMc
//! ```
//!
//! Collaterals marked risk-cancelling move with the index in the states; others are worth the same
//! in all of them. `c_S` is the confidence of the index, `c₀` the least of it and the perpetuals'.

use std::collections::BTreeMap;

use plimsoll_math::float::exp;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::{check_bounds, from_toml};
use plimsoll_model::{Asset, InstrumentId, Market, Portfolio, Provenance};
use plimsoll_risk::{ScenarioBlock, VolShocks};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::manager::{self, Manager, Managers, Opened};
use super::revaluation::{BasisRule, CoinPricing, Discounts, Revalued, States, StaticDiscount};
use super::skew::SkewParams;
use super::{ConfidenceRule, PegRule, add, append, component, price_confidence, push};
use crate::collateral::price_usd;
use crate::cross::unprepared;
use crate::functional::Charge;
use crate::model::{Contribution, MarginModel, Prepared, Requirement};

/// Parameters of PM2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pm2Params {
    /// `derive-pm2`.
    pub family: String,
    /// The model's id.
    pub id: String,
    /// Where the numbers come from.
    pub source: Provenance,
    /// The stable coin that is cash, beside USD.
    pub stable: Asset,
    /// One manager per coin.
    pub managers: Vec<Pm2Manager>,
    /// Collaterals by the manager's coin.
    #[serde(default)]
    pub collateral: BTreeMap<Asset, BTreeMap<Asset, Pm2Collateral>>,
}

/// The manager of some coins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pm2Manager {
    /// The coins.
    pub underlyings: Vec<Asset>,
    /// What the worst loss counts for in initial margin.
    pub initial_factor: f64,
    /// What the worst loss counts for in maintenance margin.
    pub maintenance_factor: f64,
    /// The states of the grid and the far moves; the weight of a move is its dampening factor.
    pub blocks: Vec<ScenarioBlock>,
    /// The vol shocks.
    pub vol: VolShocks,
    /// The skew states, after the others.
    pub skew: SkewParams,
    /// The basis contingency.
    pub basis: BasisRule,
    /// On expiries that are worth something.
    pub discount_positive: StaticDiscount,
    /// On expiries that are owed; it divides.
    pub discount_negative: StaticDiscount,
    /// Static charges, fractions of the index.
    pub contingency: Pm2Contingency,
    /// Added to `initial_factor` below the peg.
    pub peg: PegRule,
    /// Charge for uncertain feeds.
    pub confidence: ConfidenceRule,
}

/// Static charges per coin, as fractions of the index.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pm2Contingency {
    /// On the net perpetual, in both margins.
    pub perp: f64,
    /// On naked short options, in both margins.
    pub option: f64,
    /// On the net perpetual, added in initial margin.
    pub perp_initial_extra: f64,
    /// On naked short options, added in initial margin.
    pub option_initial_extra: f64,
}

/// One collateral.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pm2Collateral {
    /// Whether it moves with the index.
    #[serde(default)]
    pub risk_cancelling: bool,
    /// Share of its value that is not counted, in both margins.
    pub haircut: f64,
    /// Share not counted besides in initial margin.
    pub haircut_initial_extra: f64,
}

/// Derive's second portfolio margin.
#[derive(Clone, Debug)]
pub struct Pm2 {
    params: Pm2Params,
    managers: Managers<Pm2Manager>,
}

impl Pm2 {
    /// Reads and checks a parameter file.
    pub fn from_toml(text: &str) -> Result<Self, InputError> {
        let params: Pm2Params = from_toml(text)?;
        let mut groups = Vec::new();
        for rules in &params.managers {
            rules.check()?;
            let skews = rules.skew.rules()?;
            let states = States::new(&rules.blocks, &rules.vol, skews, rules.basis)?;
            groups.push((rules.underlyings.clone(), Manager { rules: rules.clone(), states }));
        }
        let managers = manager::by_coin(groups)?;
        for (coin, collaterals) in &params.collateral {
            if !managers.contains_key(coin) {
                let message = format!("collateral.{coin} belongs to no manager");
                return Err(InputError::new(InputCode::BadParameter, message));
            }
            for (asset, rule) in collaterals {
                let name = format!("collateral.{coin}.{asset}.haircut");
                check_bounds(&name, rule.haircut, 0.0, 1.0)?;
                check_bounds(
                    &format!("{name}_initial_extra"),
                    rule.haircut_initial_extra,
                    0.0,
                    1.0,
                )?;
            }
        }
        Ok(Self { params, managers })
    }
}

impl Pm2Manager {
    fn check(&self) -> Result<(), InputError> {
        check_bounds("initial_factor", self.initial_factor, self.maintenance_factor, 10.0)?;
        check_bounds("maintenance_factor", self.maintenance_factor, 0.0, 10.0)?;
        let extra = &self.contingency;
        check_bounds("contingency.perp", extra.perp, 0.0, 1.0)?;
        check_bounds("contingency.option", extra.option, 0.0, 1.0)?;
        check_bounds("contingency.perp_initial_extra", extra.perp_initial_extra, 0.0, 1.0)?;
        check_bounds("contingency.option_initial_extra", extra.option_initial_extra, 0.0, 1.0)?;
        self.discount_positive.check("discount_positive")?;
        self.discount_negative.check("discount_negative")?;
        self.peg.check("peg")?;
        self.confidence.check("confidence")
    }

    fn discounts(&self, rate_ann: f64, tau_years: f64) -> Discounts {
        let discount = exp(-rate_ann.max(0.0) * tau_years);
        let (positive, negative) = (&self.discount_positive, &self.discount_negative);
        Discounts {
            discount,
            positive: positive.base * positive.decay(rate_ann, tau_years),
            negative: (1.0 / discount).min(negative.base / negative.decay(rate_ann, tau_years)),
        }
    }
}

impl MarginModel for Pm2 {
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
        let coins = manager::price(id, market, ids, &self.managers, Pm2Manager::discounts)?;
        Ok(Box::new(PreparedPm2 { model: self, market, coins }))
    }
}

struct PreparedPm2<'a> {
    model: &'a Pm2,
    market: &'a Market,
    coins: BTreeMap<Asset, CoinPricing>,
}

/// What the collaterals of an account come to.
#[derive(Default)]
struct Collaterals {
    /// Σ C_k.
    value: f64,
    /// C_k of those that move with the index.
    moving: Vec<Contribution>,
    /// `haircut·C_k`.
    haircut: Charge,
    /// `haircut_initial_extra·C_k`.
    extra: Charge,
    /// `f(min(c_k, c_S))·C_k`.
    oracle: Charge,
}

impl Prepared for PreparedPm2<'_> {
    fn requirement(&self, portfolio: &Portfolio) -> Result<Requirement, InputError> {
        let Pm2 { params, managers } = self.model;
        let (mut opened, manager) = Opened::read(
            &params.id,
            self.market,
            portfolio,
            &params.stable,
            managers,
            &self.coins,
        )?;
        let rules = &manager.rules;
        let collaterals = self.collaterals(&mut opened, rules)?;
        let mut delta_one = opened.perps_usd();
        delta_one.extend(collaterals.moving);
        let pricing = self.coins.get(&opened.coin);
        let revalued = Revalued::new(&manager.states, pricing, &opened.book, delta_one)
            .ok_or_else(|| unprepared(self.market, portfolio))?;
        let worst = revalued.worst(opened.coin.as_str());
        let rates = &rules.contingency;
        let fixed = manager::static_charge(&opened, rates.perp, rates.option);
        let extra =
            manager::static_charge(&opened, rates.perp_initial_extra, rates.option_initial_extra);
        let mut oracle = manager::oracle_charge(&opened, &revalued, &rules.confidence);
        append(&mut oracle, &collaterals.oracle);
        let off_peg = rules.peg.excess(opened.stable_price);
        let (initial, maintenance) = (rules.initial_factor, rules.maintenance_factor);
        let both = |name, in_both: &Charge, in_initial: &Charge| {
            let mut whole = component(name, in_both, 1.0, 1.0);
            add(&mut whole, in_initial, 1.0, 0.0);
            whole
        };
        let figures = BTreeMap::from([
            ("maintenance_contingency".to_owned(), fixed.amount + collaterals.haircut.amount),
            (
                "initial_contingency_extra".to_owned(),
                extra.amount + collaterals.extra.amount + oracle.amount,
            ),
            ("oracle_contingency".to_owned(), oracle.amount),
        ]);
        let components = vec![
            component("scan", &worst.charge, initial, maintenance),
            both("contingency", &fixed, &extra),
            both("collateral_haircut", &collaterals.haircut, &collaterals.extra),
            component("depeg", &worst.charge, off_peg, 0.0),
            component("oracle", &oracle, 1.0, 0.0),
        ];
        let mark_to_market = opened.account.cash + revalued.mark() + collaterals.value;
        Ok(manager::requirement(
            opened,
            mark_to_market,
            components,
            &revalued,
            worst,
            maintenance,
            figures,
        ))
    }
}

impl PreparedPm2<'_> {
    fn collaterals(
        &self,
        opened: &mut Opened,
        rules: &Pm2Manager,
    ) -> Result<Collaterals, InputError> {
        let known = self.model.params.collateral.get(&opened.coin);
        let mut sum = Collaterals::default();
        for held in &opened.account.held {
            let Some(rule) = known.and_then(|known| known.get(&held.asset)) else {
                opened.notes.push(format!("{} gets no credit as collateral", held.asset));
                continue;
            };
            let price = price_usd(self.market, &held.asset)?;
            let usd = held.amount * price / opened.stable_price;
            sum.value += usd;
            if rule.risk_cancelling {
                sum.moving.push(Contribution { leg: held.leg.clone(), amount: usd });
            }
            // The venue asks the index here, not the perpetuals.
            let confidence = price_confidence(self.market, &held.asset).min(opened.spot_confidence);
            let unsure = rules.confidence.rate(confidence);
            push(&mut sum.haircut, held.leg.clone(), rule.haircut * usd);
            push(&mut sum.extra, held.leg.clone(), rule.haircut_initial_extra * usd);
            push(&mut sum.oracle, held.leg.clone(), unsure * usd);
        }
        Ok(sum)
    }
}
