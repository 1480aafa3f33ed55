//! `paradex-cross`: Paradex's cross margin, market by market, with the venue's own rule for orders.
//!
//! ```text
//! long size  = max(0, position + buys),  short size = max(0, sells − position)      open orders
//! Net IMR    = max(long size·unit long, short size·unit short) + fees + open loss
//! MMR        = position·unit at the maintenance rates + fees of the position
//! future     unit = imf_pct·mark, both sides
//! option     unit long  = min(premium_multiplier·mark, long_itm_pct·S)
//!            unit short = max(short_itm_pct·S − OTM, short_otm_pct·S),  puts at most short_put_cap_pct·K
//! open loss  = Σ max(0, ±(limit − mark))·size over orders (+ buys, − sells)
//! ```
//!
//! `S` is the index, `OTM = (K − S)⁺` for calls and `(S − K)⁺` for puts. Maintenance rates are
//! `maintenance_pct` of the initial ones.
//!
//! Liquidation closes the same share of every position: the smallest multiple of `share_step_pct` after
//! which MMR is below `target_pct` of equity, the penalty `share·penalty_pct·MMR` taken off. The figures
//! say what it would be.

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::{check_bounds, from_toml};
use plimsoll_model::{Asset, InstrumentId, Kind, Market, OptionType, Order, Portfolio, Provenance};
use plimsoll_pricing::contract;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::known::no_entry;
use super::short_option::index_in_quote;
use crate::collateral::{self, CollateralRules};
use crate::model::{Component, Contribution, Leg, MarginModel, Pool, Prepared, Requirement};
use crate::trade;

/// Parameters of Paradex's cross margin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParadexCrossParams {
    /// `paradex-cross`.
    pub family: String,
    /// The model's id.
    pub id: String,
    /// Where the numbers come from.
    pub source: Provenance,
    /// Initial margin fraction of perpetuals and futures by underlying, percent of notional.
    pub imf_pct: BTreeMap<Asset, f64>,
    /// Rates of options by underlying.
    pub options: BTreeMap<Asset, CrossOptionRates>,
    /// Maintenance rates as a percentage of initial rates.
    pub maintenance_pct: f64,
    /// Fee provision, percent of notional.
    pub fee_provision_pct: f64,
    /// Partial liquidation.
    pub liquidation: LiquidationRules,
    /// Collateral.
    pub collateral: CollateralRules,
}

/// Initial rates of options, percent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CrossOptionRates {
    /// Most of a long, of the index.
    pub long_itm_pct: f64,
    /// A short at the money, of the index.
    pub short_itm_pct: f64,
    /// Least of a short, of the index.
    pub short_otm_pct: f64,
    /// Most of a short put, of its strike.
    pub short_put_cap_pct: f64,
}

/// How much of an account is liquidated, and what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LiquidationRules {
    /// Shares come in multiples of this, percent.
    pub share_step_pct: f64,
    /// MMR over equity must be below this afterwards, percent.
    pub target_pct: f64,
    /// Penalty as a percentage of the MMR of what is closed.
    pub penalty_pct: f64,
}

/// Paradex's cross margin.
#[derive(Clone, Debug)]
pub struct ParadexCross {
    params: ParadexCrossParams,
}

impl ParadexCross {
    /// Reads and checks a parameter file.
    pub fn from_toml(text: &str) -> Result<Self, InputError> {
        let params: ParadexCrossParams = from_toml(text)?;
        for (asset, pct) in &params.imf_pct {
            check_bounds(&format!("imf_pct.{asset}"), *pct, 0.0, 100.0)?;
        }
        for (asset, rates) in &params.options {
            let name = |field: &str| format!("options.{asset}.{field}");
            check_bounds(&name("long_itm_pct"), rates.long_itm_pct, 0.0, 100.0)?;
            check_bounds(&name("short_itm_pct"), rates.short_itm_pct, 0.0, 100.0)?;
            check_bounds(&name("short_otm_pct"), rates.short_otm_pct, 0.0, rates.short_itm_pct)?;
            check_bounds(&name("short_put_cap_pct"), rates.short_put_cap_pct, 0.0, 100.0)?;
        }
        check_bounds("maintenance_pct", params.maintenance_pct, 0.0, 100.0)?;
        check_bounds("fee_provision_pct", params.fee_provision_pct, 0.0, 10.0)?;
        let rules = &params.liquidation;
        check_bounds("liquidation.share_step_pct", rules.share_step_pct, 1.0, 100.0)?;
        check_bounds("liquidation.target_pct", rules.target_pct, 0.0, 100.0)?;
        check_bounds("liquidation.penalty_pct", rules.penalty_pct, 0.0, 100.0)?;
        params.collateral.check()?;
        Ok(Self { params })
    }
}

impl MarginModel for ParadexCross {
    fn id(&self) -> &str {
        &self.params.id
    }

    fn provenance(&self) -> &Provenance {
        &self.params.source
    }

    fn prepare<'a>(
        &'a self,
        market: &'a Market,
        _ids: &[InstrumentId],
    ) -> Result<Box<dyn Prepared + 'a>, InputError> {
        // Nothing is priced in scenarios; rates are read when a position or an order needs them.
        Ok(Box::new(PreparedCross { params: &self.params, market }))
    }
}

struct PreparedCross<'a> {
    params: &'a ParadexCrossParams,
    market: &'a Market,
}

/// What one contract needs in USD.
#[derive(Clone, Copy, Default)]
struct UnitMargin {
    long: f64,
    short: f64,
    /// Notional for the fee provision.
    notional: f64,
}

/// Orders of one market.
#[derive(Clone, Copy, Default)]
struct Orders {
    buys: f64,
    sells: f64,
    open_loss_usd: f64,
}

impl Prepared for PreparedCross<'_> {
    fn requirement(&self, portfolio: &Portfolio) -> Result<Requirement, InputError> {
        self.with(portfolio, &[])
    }

    fn requirement_with_orders(
        &self,
        portfolio: &Portfolio,
    ) -> Option<Result<Requirement, InputError>> {
        Some(self.with(portfolio, &portfolio.orders))
    }
}

impl PreparedCross<'_> {
    fn with(&self, portfolio: &Portfolio, orders: &[Order]) -> Result<Requirement, InputError> {
        let rules = &self.params.collateral;
        let cash = rules.cash(self.market, portfolio)?;
        let orders = self.by_market(orders)?;
        let mut ids: Vec<InstrumentId> =
            portfolio.holdings.iter().map(|holding| holding.id).collect();
        ids.extend(orders.keys());
        ids.sort();
        ids.dedup();
        let mut positions = Component::scaled("positions", 0.0, 1.0, vec![]);
        let mut fees = Component::scaled("fee_provision", 0.0, 1.0, vec![]);
        let mut open = Component::scaled("open_orders", 0.0, 0.0, vec![]);
        let mut figures = BTreeMap::new();
        for id in ids {
            let position = portfolio.quantity(id);
            let waiting = orders.get(&id).copied().unwrap_or_default();
            if position == 0.0 && waiting.buys == 0.0 && waiting.sells == 0.0 {
                continue;
            }
            let unit = self.unit(id, 1.0)?;
            let kept = self.unit(id, self.params.maintenance_pct / 100.0)?;
            let margin = |unit: UnitMargin, long: f64, short: f64| {
                (long.max(0.0) * unit.long).max(short.max(0.0) * unit.short)
            };
            let alone = margin(unit, position, -position);
            let (long, short) = (position + waiting.buys, waiting.sells - position);
            let net = margin(unit, long, short);
            positions.initial += alone;
            positions.maintenance += margin(kept, position, -position);
            let leg = Leg::Instrument(id);
            positions.contributions.push(Contribution { leg: leg.clone(), amount: alone });
            let rate = self.params.fee_provision_pct / 100.0;
            let fee = position.abs() * unit.notional * rate;
            fees.initial += fee;
            fees.maintenance += fee;
            fees.contributions.push(Contribution { leg, amount: fee });
            let size = long.max(short).max(0.0);
            let order_fee = (size - position.abs()).max(0.0) * unit.notional * rate;
            open.initial += net - alone + order_fee + waiting.open_loss_usd;
            let name = &self.market.listing(id).instrument.name;
            figures.insert(format!("{name}_open_size_contracts"), size);
            figures.insert(format!("{name}_net_imr"), net);
        }
        let equity = collateral::equity_usd(rules, self.market, portfolio, &cash)?;
        let maintenance = positions.maintenance + fees.maintenance;
        self.params.liquidation.figures(maintenance, equity, &mut figures);
        let mut components = vec![positions, fees];
        if !orders.is_empty() {
            components.push(open);
        }
        let pool = Pool {
            name: "account".to_owned(),
            asset: Asset::usd(),
            asset_price_usd: 1.0,
            equity,
            components,
            units: vec![],
            figures,
        };
        Ok(Requirement { pools: vec![pool], notes: rules.refusals(portfolio) })
    }

    fn by_market(&self, orders: &[Order]) -> Result<BTreeMap<InstrumentId, Orders>, InputError> {
        let mut by_market: BTreeMap<InstrumentId, Orders> = BTreeMap::new();
        for order in orders {
            let mark = trade::mark(self.market, order.id)?;
            let usd = contract::settlement_price_usd(self.market, order.id)?;
            let base = contract::base_per_contract(self.market, order.id)?;
            let worse = (order.price.unwrap_or(mark) - mark) * order.quantity;
            let waiting = by_market.entry(order.id).or_default();
            waiting.buys += order.quantity.max(0.0);
            waiting.sells += (-order.quantity).max(0.0);
            waiting.open_loss_usd += worse.max(0.0) * base * usd;
        }
        Ok(by_market)
    }

    /// What one contract needs at `share` of the initial rates.
    fn unit(&self, id: InstrumentId, share: f64) -> Result<UnitMargin, InputError> {
        let instrument = &self.market.listing(id).instrument;
        let model = &self.params.id;
        let coin = &instrument.underlying;
        let usd = contract::settlement_price_usd(self.market, id)?;
        let per_base = contract::base_per_contract(self.market, id)? * usd;
        if instrument.settlement_asset == *coin {
            let message =
                format!("{}: {model} margins quote-settled contracts only", instrument.name);
            return Err(InputError::new(InputCode::Unsupported, message));
        }
        match instrument.kind {
            Kind::Spot => Ok(UnitMargin::default()),
            Kind::Perpetual | Kind::Future { .. } => {
                let imf_pct =
                    self.params.imf_pct.get(coin).ok_or_else(|| {
                        no_entry(model, &format!("imf_pct.{coin}"), &instrument.name)
                    })?;
                let notional = per_base * self.market.reference_price(id)?;
                let margin = notional * share * imf_pct / 100.0;
                Ok(UnitMargin { long: margin, short: margin, notional })
            }
            Kind::Option { strike, option_type, .. } => {
                let rates = self.params.options.get(coin);
                let rates = rates
                    .ok_or_else(|| no_entry(model, &format!("options.{coin}"), &instrument.name))?;
                let index = index_in_quote(self.market, id)?;
                let mark = trade::mark(self.market, id)?;
                let (long, short) = rates.units(share, option_type, strike, index, mark);
                Ok(UnitMargin {
                    long: long * per_base,
                    short: short * per_base,
                    notional: index * per_base,
                })
            }
        }
    }
}

impl CrossOptionRates {
    /// Margin of one coin long and short at `share` of the initial rates, in quote currency.
    fn units(
        &self,
        share: f64,
        option_type: OptionType,
        strike: f64,
        index: f64,
        mark: f64,
    ) -> (f64, f64) {
        let rate = |pct: f64| share * pct / 100.0;
        let long = (share * mark).min(rate(self.long_itm_pct) * index);
        let (otm, cap) = match option_type {
            OptionType::Call => ((strike - index).max(0.0), f64::INFINITY),
            OptionType::Put => ((index - strike).max(0.0), rate(self.short_put_cap_pct) * strike),
        };
        let sloped = rate(self.short_itm_pct) * index - otm;
        (long, sloped.max(rate(self.short_otm_pct) * index).min(cap))
    }
}

impl LiquidationRules {
    /// The share of every position that a liquidation would close, its penalty, and MMR over equity
    /// before and after. All of it where no smaller share is enough; nothing above maintenance.
    fn figures(&self, maintenance: f64, equity: f64, figures: &mut BTreeMap<String, f64>) {
        if maintenance <= 0.0 || equity >= maintenance {
            return;
        }
        let after = |share: f64| {
            let penalty = share * self.penalty_pct / 100.0 * maintenance;
            ((1.0 - share) * maintenance, equity - penalty, penalty)
        };
        let steps = (100.0 / self.share_step_pct).ceil() as u32;
        let share_of = |step: u32| (f64::from(step) * self.share_step_pct / 100.0).min(1.0);
        let enough = |share: &f64| {
            let (kept, left, _) = after(*share);
            kept < self.target_pct / 100.0 * left
        };
        let share = (1..=steps).map(share_of).find(enough).unwrap_or(1.0);
        let (kept, left, penalty) = after(share);
        figures.insert("liquidation_share_pct".to_owned(), 100.0 * share);
        figures.insert("liquidation_penalty".to_owned(), penalty);
        figures.insert("liquidation_equity_after".to_owned(), left);
        figures.insert("liquidation_mmr_after".to_owned(), kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: LiquidationRules =
        LiquidationRules { share_step_pct: 20.0, target_pct: 90.0, penalty_pct: 70.0 };

    fn share_pct(maintenance: f64, equity: f64) -> Option<f64> {
        let mut figures = BTreeMap::new();
        RULES.figures(maintenance, equity, &mut figures);
        figures.get("liquidation_share_pct").copied()
    }

    #[test]
    fn liquidation_takes_the_smallest_share_that_is_enough() {
        // MMR 100, equity 99: 20 % leaves 80 / (99 − 14) = 94 %; 40 % leaves 60 / 71 = 85 %.
        assert_eq!(share_pct(100.0, 99.0), Some(40.0));
        // Equity 80: 60 % leaves 40 / 38 = 105 %; 80 % leaves 20 / 24 = 83 %.
        assert_eq!(share_pct(100.0, 80.0), Some(80.0));
        // Nothing is enough once the penalty eats the equity.
        assert_eq!(share_pct(100.0, 10.0), Some(100.0));
        assert_eq!(share_pct(100.0, 100.0), None);
        assert_eq!(share_pct(0.0, -5.0), None);
    }

    #[test]
    fn options_follow_the_published_rates() {
        let rates = CrossOptionRates {
            long_itm_pct: 20.0,
            short_itm_pct: 15.0,
            short_otm_pct: 10.0,
            short_put_cap_pct: 50.0,
        };
        // S = 100. A long call of mark 5 needs its mark; of mark 30, 20 % of S.
        assert_eq!(rates.units(1.0, OptionType::Call, 100.0, 100.0, 5.0), (5.0, 15.0));
        assert_eq!(rates.units(1.0, OptionType::Call, 75.0, 100.0, 30.0), (20.0, 15.0));
        // 3 out of the money: 15 − 3; 8 out: the floor 10.
        assert_eq!(rates.units(1.0, OptionType::Call, 103.0, 100.0, 4.0), (4.0, 12.0));
        assert_eq!(rates.units(1.0, OptionType::Put, 92.0, 100.0, 2.0), (2.0, 10.0));
        // A put struck at 15 can lose 15 at most; half of that is the cap.
        assert_eq!(rates.units(1.0, OptionType::Put, 15.0, 100.0, 0.1), (0.1, 7.5));
        // At half the rates: 7.5 − 3 is below 5.
        assert_eq!(rates.units(0.5, OptionType::Call, 103.0, 100.0, 4.0), (2.0, 5.0));
    }
}
