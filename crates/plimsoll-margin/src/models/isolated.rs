//! `isolated`: every leg on its own, by the standard rules of an options venue: the gross baseline.
//!
//! Options, per coin of underlying `U` (the forward), in coin; ×U in quote for quote-settled ones:
//!
//! ```text
//! rate       = max(initial_pct − OTM/U, initial_floor_pct),  OTM = (K−U)⁺ call, (U−K)⁺ put
//! short call : IM = rate + mark,                     MM = maintenance_pct + mark
//! short put  : IM = max(rate + mark, MM),            MM = max(maintenance_pct, maintenance_pct·mark) + mark
//! long       : premium only (0)
//! ```
//!
//! Futures, with `n` the coins of one position: `IM = notional·(initial_pct + slope_pct·n)`, MM alike.
//! Premium is kept apart: option values are not equity here, and the mark of a short is margin.

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::{check_bounds, from_toml};
use plimsoll_model::{
    Asset, InstrumentId, Kind, Market, OptionType, Portfolio, Provenance, Settlement,
};
use plimsoll_pricing::contract;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::collateral::{self, CollateralRules};
use crate::model::{Component, Contribution, Leg, MarginModel, Pool, Prepared, Requirement};

/// Parameters of the leg-by-leg rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IsolatedParams {
    /// `isolated`.
    pub family: String,
    /// The model's id.
    pub id: String,
    /// Where the numbers come from.
    pub source: Provenance,
    /// Rates of short options.
    pub options: OptionRates,
    /// Tiers of futures by underlying; `*` is every coin not named.
    pub futures: BTreeMap<Asset, FutureRates>,
    /// Collateral.
    pub collateral: CollateralRules,
}

/// Rates of short options, percent of one coin of underlying.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OptionRates {
    /// Initial rate at the money.
    pub initial_pct: f64,
    /// Least initial rate, far out of the money.
    pub initial_floor_pct: f64,
    /// Maintenance rate.
    pub maintenance_pct: f64,
}

/// Rates of futures, percent of notional, growing with the size of the position.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FutureRates {
    /// Initial rate of a small position.
    pub initial_pct: f64,
    /// Maintenance rate of a small position.
    pub maintenance_pct: f64,
    /// Added to both per coin of the position.
    pub slope_pct_per_coin: f64,
}

/// The leg-by-leg model.
#[derive(Clone, Debug)]
pub struct Isolated {
    params: IsolatedParams,
}

impl Isolated {
    /// Reads and checks a parameter file.
    pub fn from_toml(text: &str) -> Result<Self, InputError> {
        let params: IsolatedParams = from_toml(text)?;
        check_bounds("options.initial_pct", params.options.initial_pct, 0.0, 100.0)?;
        check_bounds("options.initial_floor_pct", params.options.initial_floor_pct, 0.0, 100.0)?;
        let most = params.options.initial_floor_pct;
        check_bounds("options.maintenance_pct", params.options.maintenance_pct, 0.0, most)?;
        for (asset, rates) in &params.futures {
            let name = |field: &str| format!("futures.{asset}.{field}");
            check_bounds(&name("initial_pct"), rates.initial_pct, 0.0, 100.0)?;
            check_bounds(&name("maintenance_pct"), rates.maintenance_pct, 0.0, rates.initial_pct)?;
            check_bounds(&name("slope_pct_per_coin"), rates.slope_pct_per_coin, 0.0, 100.0)?;
        }
        params.collateral.check()?;
        Ok(Self { params })
    }

    fn future_rates(&self, underlying: &Asset) -> Result<FutureRates, InputError> {
        let found = self.params.futures.get(underlying).or_else(|| self.params.futures.get("*"));
        found.copied().ok_or_else(|| {
            let message = format!("{} has no futures rates for {underlying}", self.params.id);
            InputError::new(InputCode::Unsupported, message)
        })
    }
}

impl MarginModel for Isolated {
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
        let mut rates = BTreeMap::new();
        for id in ids {
            rates.insert(*id, self.unit_rate(market, *id)?);
        }
        Ok(Box::new(PreparedIsolated { model: self, market, rates }))
    }
}

/// What one contract of a short option needs in USD, or how a future's need grows.
#[derive(Clone, Copy, Debug)]
enum UnitRate {
    ShortOption { initial_usd: f64, maintenance_usd: f64 },
    Future { notional_usd: f64, base: f64, rates: FutureRates },
    Nothing,
}

impl Isolated {
    fn unit_rate(&self, market: &Market, id: InstrumentId) -> Result<UnitRate, InputError> {
        let instrument = &market.listing(id).instrument;
        let price = market.reference_price(id)?;
        let base = instrument.base_per_contract(price);
        let usd = contract::settlement_price_usd(market, id)?;
        Ok(match instrument.kind {
            Kind::Spot => UnitRate::Nothing,
            Kind::Perpetual | Kind::Future { .. } => {
                // Coin-settled: base coins at the coin's price. Quote-settled: base·mark in quote.
                let notional_usd = match instrument.settlement() {
                    Settlement::Coin => base * usd,
                    Settlement::Quote => base * price * usd,
                };
                let rates = self.future_rates(&instrument.underlying)?;
                UnitRate::Future { notional_usd, base, rates }
            }
            Kind::Option { strike, option_type, .. } => {
                let mark_per_base = contract::value(market, id)? / base;
                let (mark, to_usd) = match instrument.settlement() {
                    Settlement::Coin => (mark_per_base, base * usd),
                    Settlement::Quote => (mark_per_base / price, base * price * usd),
                };
                let (initial, maintenance) =
                    self.params.options.short(option_type, strike, price, mark);
                UnitRate::ShortOption {
                    initial_usd: initial * to_usd,
                    maintenance_usd: maintenance * to_usd,
                }
            }
        })
    }
}

impl OptionRates {
    /// Initial and maintenance margin of a short option per coin of underlying, in coin; `mark` is
    /// its mark in coin.
    pub fn short(
        &self,
        option_type: OptionType,
        strike: f64,
        underlying_price: f64,
        mark: f64,
    ) -> (f64, f64) {
        // Out of the money by what a call (put) lacks to the strike: the payoff of the other right.
        let otm = match option_type {
            OptionType::Call => OptionType::Put.payoff(underlying_price, strike),
            OptionType::Put => OptionType::Call.payoff(underlying_price, strike),
        };
        let sloped = self.initial_pct / 100.0 - otm / underlying_price;
        let rate = sloped.max(self.initial_floor_pct / 100.0);
        let maintenance_rate = self.maintenance_pct / 100.0;
        match option_type {
            OptionType::Call => (rate + mark, maintenance_rate + mark),
            OptionType::Put => {
                let maintenance = maintenance_rate.max(maintenance_rate * mark) + mark;
                ((rate + mark).max(maintenance), maintenance)
            }
        }
    }
}

struct PreparedIsolated<'a> {
    model: &'a Isolated,
    market: &'a Market,
    rates: BTreeMap<InstrumentId, UnitRate>,
}

impl Prepared for PreparedIsolated<'_> {
    fn requirement(&self, portfolio: &Portfolio) -> Result<Requirement, InputError> {
        let rules = &self.model.params.collateral;
        let cash = rules.cash(self.market, portfolio)?;
        let mut options = Component::scaled("short_options", 0.0, 1.0, vec![]);
        let mut futures = Component::scaled("futures", 0.0, 1.0, vec![]);
        for holding in &portfolio.holdings {
            let rate = self
                .rates
                .get(&holding.id)
                .ok_or_else(|| crate::cross::unprepared(self.market, portfolio))?;
            let (component, initial, maintenance) = match *rate {
                UnitRate::Nothing => continue,
                UnitRate::ShortOption { initial_usd, maintenance_usd } => {
                    let short = (-holding.quantity).max(0.0);
                    (&mut options, short * initial_usd, short * maintenance_usd)
                }
                UnitRate::Future { notional_usd, base, rates } => {
                    let contracts = holding.quantity.abs();
                    let slope = rates.slope_pct_per_coin * contracts * base;
                    let notional = contracts * notional_usd;
                    let initial = notional * (rates.initial_pct + slope) / 100.0;
                    let maintenance = notional * (rates.maintenance_pct + slope) / 100.0;
                    (&mut futures, initial, maintenance)
                }
            };
            component.initial += initial;
            component.maintenance += maintenance;
            let leg = Leg::Instrument(holding.id);
            component.contributions.push(Contribution { leg, amount: initial });
        }
        let pool = Pool {
            name: "account".to_owned(),
            asset: Asset::usd(),
            asset_price_usd: 1.0,
            equity: collateral::equity_usd(rules, self.market, portfolio, &cash)?,
            components: vec![options, futures],
            units: vec![],
            figures: BTreeMap::new(),
        };
        Ok(Requirement { pools: vec![pool], notes: rules.refusals(portfolio) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: OptionRates =
        OptionRates { initial_pct: 15.0, initial_floor_pct: 10.0, maintenance_pct: 7.5 };

    fn close(value: (f64, f64), expected: (f64, f64)) {
        assert!((value.0 - expected.0).abs() < 1e-15, "{value:?} is not {expected:?}");
        assert!((value.1 - expected.1).abs() < 1e-15, "{value:?} is not {expected:?}");
    }

    #[test]
    fn short_calls_lose_the_out_of_the_money_amount_down_to_the_floor() {
        // At the money: 0.15 + 0.04 and 0.075 + 0.04.
        close(RATES.short(OptionType::Call, 100.0, 100.0, 0.04), (0.19, 0.115));
        // 3 % out: 0.15 − 0.03 + 0.02.
        close(RATES.short(OptionType::Call, 103.0, 100.0, 0.02), (0.14, 0.095));
        // 20 % out: the floor 0.10.
        close(RATES.short(OptionType::Call, 120.0, 100.0, 0.001), (0.101, 0.076));
        // In the money the amount out is zero, not negative.
        close(RATES.short(OptionType::Call, 80.0, 100.0, 0.22), (0.37, 0.295));
    }

    #[test]
    fn a_deep_put_is_held_to_its_own_maintenance() {
        // mark 3.0 coins (forward far below the strike): MM = max(0.075, 0.225) + 3.
        close(RATES.short(OptionType::Put, 400.0, 100.0, 3.0), (3.225, 3.225));
        close(RATES.short(OptionType::Put, 97.0, 100.0, 0.02), (0.14, 0.095));
    }
}
