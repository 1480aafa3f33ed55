//! `derive-srm`: Derive's standard margin: every coin and expiry by itself, shorts leg by leg or at
//! their expiry's largest loss.
//!
//! Per coin, with `S` the index, `F` an expiry's forward, `p` the stable coin's price, signed sizes
//! `q` in coins, `V = q·Black76` undiscounted, and rates that differ between IM and MM where two are
//! named (`a|b`: initial|maintenance):
//!
//! ```text
//! margin   = cash + Σ coins (perp + Σ expiries + held) − depeg
//! perp     = −|q|·mark·req  −  IM only: f(min(c_perp, c_S))·|q|·S
//! short call  MM: V + mm_call·S·q            IM: V + max(max_spot − OTM, min_spot)·S·q
//! short put   MM: V + min(mm_put·S·q, mm_put_value·V)
//!             IM: min(V + max(max_spot − OTM, min_spot)·S·q, offset·MM)
//!             OTM = (K − S)⁺/S for a call, (S − K)⁺/S for a put; longs count for nothing
//! max loss = min(0, payoff at 0 and at every strike) + unpaired_im|mm·F·min(0, Σ q of calls)
//! expiry   = max(Σ shorts, max loss)  −  IM only: f(min(c_S, c_F, c_vol))·S·Σ short sizes
//! held     = q·S·factor·(initial_scale|1)  −  IM only: f(c_S)·q·S
//! depeg    = IM only: max(0, peg − p)·peg_factor·S·(|perp| + Σ short sizes)
//! f(c)     = (1 − c)·margin where c is below the threshold, else 0
//! MtM      = cash + Σ V + Σ held q·S/p;   IM, MM = MtM − margin
//! ```
//!
//! Nothing nets between expiries or coins. Long options count in MtM and for nothing in margin, so a
//! long option's requirement is its value.

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::{check_bounds, from_toml};
use plimsoll_model::{
    Asset, InstrumentId, Kind, Market, OptionType, Portfolio, Provenance, Timestamp,
};
use plimsoll_pricing::contract::option_inputs;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account::{Account, CoinBook, OptionLeg, require_kind};
use super::{ConfidenceRule, PegRule, add, pool, price_confidence, push, push_perps, stable_price};
use crate::collateral::price_usd;
use crate::cross::unprepared;
use crate::functional::Charge;
use crate::model::{Component, Leg, MarginModel, Prepared, Requirement};

/// Parameters of the standard margin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SrmParams {
    /// `derive-srm`.
    pub family: String,
    /// The model's id.
    pub id: String,
    /// Where the numbers come from.
    pub source: Provenance,
    /// The stable coin that is cash, beside USD.
    pub stable: Asset,
    /// Charged per dollar of shorts and perpetuals below the peg.
    pub peg: PegRule,
    /// Charge for uncertain feeds.
    pub confidence: ConfidenceRule,
    /// By coin or token.
    pub markets: BTreeMap<Asset, SrmMarket>,
}

/// What may be held and traded of one coin or token.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SrmMarket {
    /// Its perpetual.
    #[serde(default)]
    pub perp: Option<PerpRates>,
    /// Its options.
    #[serde(default)]
    pub option: Option<OptionRates>,
    /// The coin itself as collateral.
    #[serde(default)]
    pub held: Option<HeldRates>,
}

/// Rates of a perpetual, fractions of notional.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PerpRates {
    /// Initial.
    pub initial: f64,
    /// Maintenance.
    pub maintenance: f64,
}

/// Rates of options, fractions of the index unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OptionRates {
    /// Initial rate at the money.
    pub max_spot: f64,
    /// Least initial rate, far out of the money.
    pub min_spot: f64,
    /// Maintenance rate of a call.
    pub mm_call: f64,
    /// Maintenance rate of a put.
    pub mm_put: f64,
    /// Maintenance rate of a put as a fraction of its value; the larger of the two holds.
    pub mm_put_value: f64,
    /// Initial margin of a put is at least its maintenance margin times this.
    pub offset: f64,
    /// Initial charge per call sold beyond those bought, as a fraction of the forward.
    pub unpaired_initial: f64,
    /// The same in maintenance.
    pub unpaired_maintenance: f64,
}

/// What a coin counts for as collateral.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeldRates {
    /// Share of its value in maintenance margin.
    pub factor: f64,
    /// Share of that in initial margin.
    pub initial_scale: f64,
}

/// Derive's standard margin.
#[derive(Clone, Debug)]
pub struct Srm {
    params: SrmParams,
}

impl Srm {
    /// Reads and checks a parameter file.
    pub fn from_toml(text: &str) -> Result<Self, InputError> {
        let params: SrmParams = from_toml(text)?;
        params.peg.check("peg")?;
        params.confidence.check("confidence")?;
        for (asset, market) in &params.markets {
            market.check(&format!("markets.{asset}"))?;
        }
        Ok(Self { params })
    }
}

impl SrmMarket {
    fn check(&self, name: &str) -> Result<(), InputError> {
        let within = |field: &str, value: f64, low: f64, high: f64| {
            check_bounds(&format!("{name}.{field}"), value, low, high)
        };
        if let Some(perp) = self.perp {
            within("perp.initial", perp.initial, 0.0, 1.0)?;
            within("perp.maintenance", perp.maintenance, 0.0, perp.initial)?;
        }
        if let Some(option) = self.option {
            within("option.max_spot", option.max_spot, 0.0, 2.0)?;
            within("option.min_spot", option.min_spot, 0.0, option.max_spot)?;
            within("option.mm_call", option.mm_call, 0.0, option.min_spot)?;
            within("option.mm_put", option.mm_put, 0.0, option.min_spot)?;
            within("option.mm_put_value", option.mm_put_value, 0.0, 2.0)?;
            within("option.offset", option.offset, 1.0, 10.0)?;
            within("option.unpaired_initial", option.unpaired_initial, 0.0, 10.0)?;
            let most = option.unpaired_initial;
            within("option.unpaired_maintenance", option.unpaired_maintenance, 0.0, most)?;
        }
        if let Some(held) = self.held {
            within("held.factor", held.factor, 0.0, 1.0)?;
            within("held.initial_scale", held.initial_scale, 0.0, 1.0)?;
        }
        Ok(())
    }
}

impl OptionRates {
    /// Margin of a short of `coins` (negative) coins worth `value` (negative): `(initial,
    /// maintenance)`, balances.
    fn short(
        &self,
        option_type: OptionType,
        strike: f64,
        index: f64,
        coins: f64,
        value: f64,
    ) -> (f64, f64) {
        let spot = index * coins;
        // Out of the money by what the right lacks to the strike: the payoff of the other right.
        let out = match option_type {
            OptionType::Call => OptionType::Put.payoff(index, strike),
            OptionType::Put => OptionType::Call.payoff(index, strike),
        };
        let initial = value + (self.max_spot - out / index).max(self.min_spot) * spot;
        match option_type {
            OptionType::Call => (initial, value + self.mm_call * spot),
            OptionType::Put => {
                let maintenance = value + (self.mm_put * spot).min(self.mm_put_value * value);
                (initial.min(maintenance * self.offset), maintenance)
            }
        }
    }
}

impl MarginModel for Srm {
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
        let mut options = BTreeMap::new();
        for id in ids {
            let instrument = &market.listing(*id).instrument;
            require_kind(&self.params.id, market, *id)?;
            let rules = self.params.markets.get(&instrument.underlying);
            let known = match instrument.kind {
                // A coin without rates is held for no credit.
                Kind::Spot => true,
                Kind::Option { .. } => rules.is_some_and(|rules| rules.option.is_some()),
                Kind::Perpetual | Kind::Future { .. } => {
                    rules.is_some_and(|rules| rules.perp.is_some())
                }
            };
            if !known {
                let what = if instrument.is_option() { "options" } else { "perpetuals" };
                let (name, coin) = (&instrument.name, &instrument.underlying);
                let message =
                    format!("{name}: {} has no rates for {what} on {coin}", self.params.id);
                return Err(InputError::new(InputCode::Unsupported, message));
            }
            if instrument.is_option() {
                let inputs = option_inputs(market, *id)?;
                let priced = PricedOption { value: inputs.value(), forward: inputs.forward };
                options.insert(*id, priced);
            }
        }
        Ok(Box::new(PreparedSrm { params: &self.params, market, options }))
    }
}

/// One coin's worth of an option.
#[derive(Clone, Copy)]
struct PricedOption {
    value: f64,
    forward: f64,
}

struct PreparedSrm<'a> {
    params: &'a SrmParams,
    market: &'a Market,
    options: BTreeMap<InstrumentId, PricedOption>,
}

/// The components and figures of a requirement as they grow.
struct Sums {
    options: Component,
    perps: Component,
    haircut: Component,
    oracle: Component,
    depeg: Component,
    value: f64,
    figures: BTreeMap<String, f64>,
}

impl Prepared for PreparedSrm<'_> {
    fn requirement(&self, portfolio: &Portfolio) -> Result<Requirement, InputError> {
        let params = self.params;
        let account = Account::read(&params.id, self.market, portfolio, &params.stable)?;
        let mut notes = Vec::new();
        let stable = stable_price(self.market, &params.stable, &mut notes);
        let empty = |name| Component::scaled(name, 0.0, 0.0, vec![]);
        let mut sums = Sums {
            options: empty("options"),
            perps: empty("perps"),
            haircut: empty("collateral_haircut"),
            oracle: empty("oracle"),
            depeg: empty("depeg"),
            value: account.cash,
            figures: BTreeMap::new(),
        };
        for (coin, book) in &account.books {
            let terms = CoinTerms {
                coin,
                index: price_usd(self.market, coin)?,
                confidence: price_confidence(self.market, coin),
                off_peg: params.peg.excess(stable),
            };
            self.add_book(&terms, book, &mut sums)
                .ok_or_else(|| unprepared(self.market, portfolio))?;
        }
        for held in &account.held {
            let rates = params.markets.get(&held.asset).and_then(|market| market.held);
            let Some(rates) = rates else {
                notes.push(format!("{} gets no credit as collateral", held.asset));
                continue;
            };
            let usd = held.amount * price_usd(self.market, &held.asset)?;
            sums.value += usd / stable;
            let unsure = params.confidence.rate(price_confidence(self.market, &held.asset));
            let mut one = Charge::default();
            push(&mut one, held.leg.clone(), usd);
            let counted = rates.factor * rates.initial_scale;
            add(&mut sums.haircut, &one, 1.0 / stable - counted, 1.0 / stable - rates.factor);
            add(&mut sums.oracle, &one, unsure, 0.0);
        }
        let Sums { options, perps, haircut, oracle, depeg, value, figures } = sums;
        let components = vec![options, perps, haircut, oracle, depeg];
        Ok(Requirement { pools: vec![pool(value, components, vec![], figures)], notes })
    }
}

/// A coin's prices.
struct CoinTerms<'a> {
    coin: &'a Asset,
    index: f64,
    confidence: f64,
    /// Charge per dollar of shorts and perpetuals for the stable coin.
    off_peg: f64,
}

impl PreparedSrm<'_> {
    /// Adds one coin's positions; `None` if they were not prepared.
    fn add_book(&self, terms: &CoinTerms<'_>, book: &CoinBook, sums: &mut Sums) -> Option<()> {
        let market = self.params.markets.get(terms.coin)?;
        if !book.perps.is_empty() {
            let rates = market.perp?;
            let mut notional = Charge::default();
            push_perps(&mut notional, &book.perps, 1.0, |perp| perp.mark);
            add(&mut sums.perps, &notional, rates.initial, rates.maintenance);
            let mut at_index = Charge::default();
            push_perps(&mut at_index, &book.perps, 1.0, |_| terms.index);
            let unsure = self.params.confidence.rate(book.confidence(terms.confidence));
            add(&mut sums.oracle, &at_index, unsure, 0.0);
            add(&mut sums.depeg, &at_index, terms.off_peg, 0.0);
        }
        for (at, legs) in &book.expiries {
            self.add_expiry(terms, &market.option?, *at, legs, sums)?;
        }
        Some(())
    }

    fn add_expiry(
        &self,
        terms: &CoinTerms<'_>,
        rates: &OptionRates,
        at: Timestamp,
        legs: &[OptionLeg],
        sums: &mut Sums,
    ) -> Option<()> {
        let mut values = Vec::with_capacity(legs.len());
        let mut alone = [Vec::new(), Vec::new()];
        let mut shorts = Charge::default();
        let mut forward = 0.0;
        for leg in legs {
            let priced = self.options.get(&leg.id)?;
            let value = leg.coins * priced.value;
            let (initial, maintenance) = if leg.coins < 0.0 {
                push(&mut shorts, Leg::Instrument(leg.id), -leg.coins * terms.index);
                rates.short(leg.option_type, leg.strike, terms.index, leg.coins, value)
            } else {
                (0.0, 0.0)
            };
            forward = priced.forward;
            values.push(value);
            alone[0].push(initial);
            alone[1].push(maintenance);
        }
        let [initial, maintenance] = alone;
        let most = largest_loss(legs);
        let unpaired = unpaired_calls(legs);
        let margin = |what: &str, alone: Vec<f64>, scale: f64, figures: &mut BTreeMap<_, _>| {
            let paired: Vec<f64> = most
                .iter()
                .zip(&unpaired)
                .map(|(payoff, calls)| payoff + scale * forward * calls)
                .collect();
            let (by_leg, largest) = (alone.iter().sum::<f64>(), paired.iter().sum::<f64>());
            let name = format!("{}_{at}", terms.coin);
            figures.insert(format!("{name}_shorts_{what}"), by_leg);
            figures.insert(format!("{name}_max_loss_{what}"), largest);
            if by_leg >= largest { alone } else { paired }
        };
        let figures = &mut sums.figures;
        let initial = margin("initial", initial, rates.unpaired_initial, figures);
        let maintenance = margin("maintenance", maintenance, rates.unpaired_maintenance, figures);
        let less = |margin: &[f64]| {
            let mut charge = Charge::default();
            for ((leg, value), margin) in legs.iter().zip(&values).zip(margin) {
                push(&mut charge, Leg::Instrument(leg.id), value - margin);
            }
            charge
        };
        sums.value += values.iter().sum::<f64>();
        add(&mut sums.options, &less(&initial), 1.0, 0.0);
        sums.options.maintenance += less(&maintenance).amount;
        let curve = self.market.underlyings.get(terms.coin);
        let feeds = curve.and_then(|curve| curve.forwards.get(&at));
        let confidence = feeds.map_or(terms.confidence, |feeds| {
            terms.confidence.min(feeds.confidence).min(feeds.vol_confidence)
        });
        add(&mut sums.oracle, &shorts, self.params.confidence.rate(confidence), 0.0);
        add(&mut sums.depeg, &shorts, terms.off_peg, 0.0);
        Some(())
    }
}

/// What each leg pays at the price, zero or a strike, where all together pay least; nothing where
/// they never pay less than nothing.
fn largest_loss(legs: &[OptionLeg]) -> Vec<f64> {
    let at = |price: f64| -> Vec<f64> {
        legs.iter().map(|leg| leg.coins * leg.option_type.payoff(price, leg.strike)).collect()
    };
    let mut least = vec![0.0; legs.len()];
    let mut least_sum = 0.0;
    for price in std::iter::once(0.0).chain(legs.iter().map(|leg| leg.strike)) {
        let payoffs = at(price);
        let sum: f64 = payoffs.iter().sum();
        if sum < least_sum {
            (least, least_sum) = (payoffs, sum);
        }
    }
    least
}

/// The calls of every leg where more are sold than bought, else nothing: beyond the last strike the
/// loss has no end.
fn unpaired_calls(legs: &[OptionLeg]) -> Vec<f64> {
    let calls = |leg: &OptionLeg| match leg.option_type {
        OptionType::Call => leg.coins,
        OptionType::Put => 0.0,
    };
    let net: f64 = legs.iter().map(calls).sum();
    legs.iter().map(|leg| if net < 0.0 { calls(leg) } else { 0.0 }).collect()
}
