//! `span`: sixteen scenarios of price, vol and time, with charges and credits for spreads.
//!
//! ```text
//! risk_c = max(scan + intra_spread + delivery − inter_credit, short_option_minimum)
//! IM     = max(0, Σ_c initial_ratio·risk_c − net option value)
//! MM     = max(0, Σ_c maintenance_ratio·risk_c − net option value)
//! ```
//!
//! Net option value (long less short premium) is part of the requirement, so it is no part of
//! equity: equity is cash and collateral after haircuts with the unrealised profit of futures.
//!
//! Arrays come with the parameters, contract by contract, or are made by full revaluation
//! ([`generate`]); the steps from arrays to risk are in [`chain`] and [`spreads`].

pub mod chain;
pub mod deltas;
pub mod generate;
mod imported;
pub mod spreads;

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::from_toml;
use plimsoll_model::span::{SCENARIOS, SpanCommodity, SpanContract, SpanParameters};
use plimsoll_model::{Asset, InstrumentId, Market, Portfolio, Provenance};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::collateral::{self, CollateralRules};
use crate::cross::unprepared;
use crate::model::{
    Component, Contribution, Leg, MarginModel, Pool, Prepared, Requirement, ScenarioLoss, Unit,
};
use chain::{CommodityRisk, SpanMargin, SpanPosition};

/// Parameters of the `span` family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpanParams {
    /// `span`.
    pub family: String,
    /// The model's id.
    pub id: String,
    /// Where the numbers come from.
    pub source: Provenance,
    /// Collateral; option values are never equity here.
    pub collateral: CollateralRules,
    /// The risk parameters.
    pub span: SpanParameters,
}

/// The SPAN model.
#[derive(Clone, Debug)]
pub struct Span {
    params: SpanParams,
}

impl Span {
    /// Reads and checks a parameter file.
    pub fn from_toml(text: &str) -> Result<Self, InputError> {
        let params: SpanParams = from_toml(text)?;
        params.collateral.check()?;
        params.span.check()?;
        if params.collateral.option_value_in_equity {
            let message = "collateral.option_value_in_equity must be false: the requirement already \
                           holds the net option value";
            return Err(InputError::new(InputCode::BadParameter, message));
        }
        if params.span.scenarios.is_none() {
            let message = "span.scenarios is missing: reports need it even if every array is given";
            return Err(InputError::new(InputCode::BadParameter, message));
        }
        Ok(Self { params })
    }
}

impl MarginModel for Span {
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
        let parameters = &self.params.span;
        let mut contracts = BTreeMap::new();
        for id in ids {
            let name = market.listing(*id).instrument.name.as_str();
            let contract = match parameters.contracts.get(name) {
                Some(given) => given.clone(),
                None => generate::contract(parameters, &self.params.id, market, *id)?,
            };
            contracts.insert(*id, contract);
        }
        Ok(Box::new(PreparedSpan { params: &self.params, market, contracts }))
    }
}

struct PreparedSpan<'a> {
    params: &'a SpanParams,
    market: &'a Market,
    contracts: BTreeMap<InstrumentId, SpanContract>,
}

impl Prepared for PreparedSpan<'_> {
    fn requirement(&self, portfolio: &Portfolio) -> Result<Requirement, InputError> {
        let rules = &self.params.collateral;
        let parameters = &self.params.span;
        let mut positions = Vec::with_capacity(portfolio.holdings.len());
        let mut ids = Vec::with_capacity(portfolio.holdings.len());
        for holding in &portfolio.holdings {
            let contract = self.contracts.get(&holding.id);
            let contract = contract.ok_or_else(|| unprepared(self.market, portfolio))?;
            positions.push(SpanPosition { contract, quantity: holding.quantity });
            ids.push(holding.id);
        }
        let margin = chain::margin(parameters, &positions)?;
        let mut ledger = Ledger::new(&ids);
        let mut units = Vec::new();
        let mut figures = BTreeMap::new();
        for (code, risk) in &margin.commodities {
            let Some(commodity) = parameters.commodities.get(code) else { continue };
            let usd = self.usd(commodity, code)?;
            ledger.add(code, commodity, risk, usd, &positions);
            units.push(self.unit(code, commodity, risk, usd));
            figures.extend(workings(code, risk));
        }
        for spread in &margin.inter_spreads {
            *figures.entry(format!("inter_spread_{}", spread.priority)).or_default() +=
                spread.number;
        }
        let excess = ledger.floor();
        figures.insert("excess_net_option_value".to_owned(), excess);
        let cash = rules.cash(self.market, portfolio)?;
        let pool = Pool {
            name: "account".to_owned(),
            asset: Asset::usd(),
            asset_price_usd: 1.0,
            equity: collateral::equity_usd(rules, self.market, portfolio, &cash)?,
            components: ledger.components,
            units,
            figures,
        };
        Ok(Requirement { pools: vec![pool], notes: self.notes(portfolio) })
    }
}

impl PreparedSpan<'_> {
    fn usd(&self, commodity: &SpanCommodity, code: &str) -> Result<f64, InputError> {
        let currency = &commodity.currency;
        let stated = self.params.span.currency_rate(currency, &Asset::usd());
        stated.map_or_else(
            || collateral::price_usd(self.market, currency).map_err(|error| error.at(code)),
            Ok,
        )
    }

    /// The scenario table of a commodity, in USD.
    fn unit(&self, code: &str, commodity: &SpanCommodity, risk: &CommodityRisk, usd: f64) -> Unit {
        let index = self.market.underlyings.get(code).map(|underlying| underlying.index_price);
        // Arrays that came with the parameters may have no range: the table then names the state.
        let range = commodity.ranges.as_ref().zip(index);
        let share = range.map_or(0.0, |(ranges, index)| generate::range_share(ranges, index));
        let states = self.params.span.scenarios.iter();
        let states = states.flat_map(|definition| generate::scenarios(definition, share));
        let losses = states.zip(risk.losses).zip(STATES).map(|((scenario, loss), state)| {
            let raw = if scenario.weight > 0.0 { loss / scenario.weight } else { loss };
            let label = range.is_none().then_some(state);
            ScenarioLoss { scenario, raw_loss: usd * raw, loss: usd * loss, label }
        });
        Unit { name: code.to_owned(), losses: losses.collect() }
    }

    fn notes(&self, portfolio: &Portfolio) -> Vec<String> {
        let mut notes = self.params.collateral.refusals(portfolio);
        let name = |id| self.market.listing(id).instrument.name.as_str();
        let given = |id: &InstrumentId| self.params.span.contracts.contains_key(name(*id));
        let given: Vec<&str> =
            portfolio.holdings.iter().map(|h| h.id).filter(given).map(name).collect();
        if !given.is_empty() {
            notes.push(format!(
                "arrays that came with the parameters do not follow the market: {}",
                given.join(", ")
            ));
        }
        notes
    }
}

/// Every step of a commodity by name, in its own currency.
fn workings(code: &str, risk: &CommodityRisk) -> BTreeMap<String, f64> {
    let scan = &risk.scan;
    let steps = [
        ("scan_risk", scan.risk),
        ("active_scenario", scan.active as f64),
        ("paired_scenario", scan.paired as f64),
        ("time_risk", scan.time_risk),
        ("vol_adjusted_scan_risk", scan.vol_adjusted),
        ("price_risk", scan.price_risk),
        ("net_delta", risk.deltas.net()),
        ("weighted_price_risk", risk.weighted_price_risk),
        ("intra_spreads", risk.intra_spreads),
        ("intra_charge", risk.intra_charge),
        ("delivery_charge", risk.delivery_charge),
        ("inter_credit", risk.inter_credit),
        ("short_option_minimum", risk.short_option_minimum),
        ("span_risk", risk.risk),
        ("net_option_value", risk.net_option_value),
    ];
    let steps = steps.into_iter().map(|(name, value)| (format!("{code}_{name}"), value));
    let deltas =
        risk.deltas.by_period().map(|(period, delta)| (format!("{code}_delta_{period}"), delta));
    steps.chain(deltas).collect()
}

/// Components of the requirement with what each position accounts for.
struct Ledger<'a> {
    ids: &'a [InstrumentId],
    components: Vec<Component>,
}

/// The sixteen states, where the move behind them is not known.
const STATES: [&str; SCENARIOS] = [
    "price still, vol up",
    "price still, vol down",
    "price +1/3 of its range, vol up",
    "price +1/3 of its range, vol down",
    "price −1/3 of its range, vol up",
    "price −1/3 of its range, vol down",
    "price +2/3 of its range, vol up",
    "price +2/3 of its range, vol down",
    "price −2/3 of its range, vol up",
    "price −2/3 of its range, vol down",
    "price +1 range, vol up",
    "price +1 range, vol down",
    "price −1 range, vol up",
    "price −1 range, vol down",
    "far rise",
    "far fall",
];

/// The components in their order in [`Ledger::components`].
const COMPONENTS: [&str; 7] = [
    "scan",
    "intra_spread",
    "delivery",
    "inter_credit",
    "short_option_minimum",
    "net_option_value",
    "excess_option_value",
];

/// What each position, by its place, accounts for.
type Shares = BTreeMap<usize, f64>;

impl<'a> Ledger<'a> {
    fn new(ids: &'a [InstrumentId]) -> Self {
        let components = COMPONENTS.map(|name| Component::scaled(name, 0.0, 1.0, vec![]));
        Self { ids, components: components.to_vec() }
    }

    /// Books a commodity's steps. Spread charges and credits are shared by |delta|.
    fn add(
        &mut self,
        code: &str,
        commodity: &SpanCommodity,
        risk: &CommodityRisk,
        usd: f64,
        positions: &[SpanPosition],
    ) {
        let by_delta = by_delta(risk);
        let shared = |amount: f64| -> Shares {
            by_delta.iter().map(|(position, share)| (*position, amount * share)).collect()
        };
        let before = risk.before_minimum();
        let charges = [
            (risk.scan.risk, scan_shares(risk)),
            (risk.intra_charge, shared(risk.intra_charge)),
            (risk.delivery_charge, shared(risk.delivery_charge)),
            (-risk.inter_credit, shared(-risk.inter_credit)),
        ];
        let mut raise: Shares = BTreeMap::new();
        if risk.risk > before {
            add_shares(&mut raise, &risk.short_options.iter().copied().collect(), 1.0);
            charges.iter().for_each(|(_, shares)| add_shares(&mut raise, shares, -1.0));
        }
        let (initial, maintenance) =
            (usd * commodity.initial_ratio, usd * commodity.maintenance_ratio);
        let raise = (risk.risk - before, raise);
        for (place, (amount, shares)) in charges.into_iter().chain([raise]).enumerate() {
            self.book(place, initial * amount, maintenance * amount, &shares, initial);
        }
        let counted = |ratio: f64| {
            usd * (risk.requirement(ratio, commodity.option_value_capped) - ratio * risk.risk)
        };
        let values: Shares = positions
            .iter()
            .enumerate()
            .filter(|(_, position)| position.contract.commodity == code)
            .map(|(place, position)| (place, chain::option_value(position)))
            .collect();
        let amount = counted(commodity.initial_ratio);
        let per_value =
            if risk.net_option_value == 0.0 { -usd } else { amount / risk.net_option_value };
        self.book(5, amount, counted(commodity.maintenance_ratio), &values, per_value);
    }

    fn book(&mut self, place: usize, initial: f64, maintenance: f64, shares: &Shares, scale: f64) {
        let component = &mut self.components[place];
        component.initial += initial;
        component.maintenance += maintenance;
        component.contributions.extend(shares.iter().map(|(position, amount)| Contribution {
            leg: Leg::Instrument(self.ids[*position]),
            amount: scale * amount,
        }));
    }

    /// Raises a negative total to zero; returns the net option value that is left over.
    fn floor(&mut self) -> f64 {
        let total = |part: fn(&Component) -> f64| self.components.iter().map(part).sum::<f64>();
        let initial = total(|component| component.initial);
        let maintenance = total(|component| component.maintenance);
        let mut back: Vec<Contribution> = Vec::new();
        if initial < 0.0 {
            let all = self.components.iter().flat_map(|component| &component.contributions);
            back.extend(all.map(|part| Contribution { amount: -part.amount, ..part.clone() }));
        }
        let excess = &mut self.components[6];
        excess.initial = (-initial).max(0.0);
        excess.maintenance = (-maintenance).max(0.0);
        excess.contributions = back;
        excess.initial
    }
}

/// Losses of the lines in the active scenario: they add up to the scan risk.
fn scan_shares(risk: &CommodityRisk) -> Shares {
    let mut shares = BTreeMap::new();
    if risk.scan.risk > 0.0 {
        for line in &risk.lines {
            *shares.entry(line.position).or_insert(0.0) += line.losses[risk.scan.active - 1];
        }
    }
    shares
}

/// Each line's part of Σ|delta|.
fn by_delta(risk: &CommodityRisk) -> Shares {
    let total: f64 = risk.lines.iter().map(|line| line.delta.abs()).sum();
    let mut shares = BTreeMap::new();
    for line in risk.lines.iter().filter(|_| total > 0.0) {
        *shares.entry(line.position).or_insert(0.0) += line.delta.abs() / total;
    }
    shares
}

fn add_shares(sum: &mut Shares, shares: &Shares, factor: f64) {
    for (position, amount) in shares {
        *sum.entry(*position).or_insert(0.0) += factor * amount;
    }
}

/// SPAN risk of contracts held by name, for parameters that bring every array with them.
///
/// # Errors
/// `unknown_instrument` for a name that the parameters do not list, and as [`chain::margin`].
pub fn margin_of_contracts(
    parameters: &SpanParameters,
    quantities: &BTreeMap<String, f64>,
) -> Result<SpanMargin, InputError> {
    let mut positions = Vec::with_capacity(quantities.len());
    for (name, quantity) in quantities {
        let contract = parameters.contracts.get(name).ok_or_else(|| {
            InputError::new(InputCode::UnknownInstrument, format!("there is no contract `{name}`"))
        })?;
        positions.push(SpanPosition { contract, quantity: *quantity });
    }
    chain::margin(parameters, &positions)
}

#[cfg(test)]
mod tests;
