//! The standard margin of a short option, shared by many venues: a rate of the underlying that falls
//! with the amount out of the money down to a floor, plus the option's mark.
//!
//! Per coin of underlying `U`, in coin, with `m` the mark in coin and `F` the venue's margin factor:
//!
//! ```text
//! OTM     = (K − U)⁺ call, (U − K)⁺ put
//! initial = max(initial_pct − OTM/U, initial_floor_pct)·F + m
//! maint.  = maintenance_pct·F + m
//!         = max(maintenance_pct − OTM/U, maintenance_floor_pct)·F + m      with a maintenance floor
//! puts    : maint. = max(maintenance_pct, maintenance_pct·m)·F + m         deep_put_maintenance
//!           initial = max(initial, maint.)                                 put_initial_covers_maintenance
//! ```
//!
//! A quote-settled option needs the same times the price of the underlying, with `m` its mark over
//! that price. The two put rules matter only where a put is worth more than the coin itself.

use plimsoll_model::error::InputError;
use plimsoll_model::params::check_bounds;
use plimsoll_model::{InstrumentId, Kind, Market, OptionType, Settlement};
use plimsoll_pricing::contract;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::known::Known;
use crate::collateral::price_usd;

/// Rates of short options, percent of one coin of underlying.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShortOptionRates {
    /// Initial rate at the money.
    pub initial_pct: f64,
    /// Least initial rate, far out of the money.
    pub initial_floor_pct: f64,
    /// Maintenance rate.
    pub maintenance_pct: f64,
    /// Least maintenance rate, where maintenance too falls with the amount out of the money.
    #[serde(default)]
    pub maintenance_floor_pct: Option<f64>,
    /// Multiplier of both rates.
    #[serde(default = "one")]
    pub margin_factor: Known<f64>,
    /// Whether the maintenance rate of a put is at least that rate times its mark in coin.
    #[serde(default = "yes")]
    pub deep_put_maintenance: bool,
    /// Whether the initial margin of a put is at least its maintenance margin.
    #[serde(default = "yes")]
    pub put_initial_covers_maintenance: bool,
    /// The price that says how far out of the money an option is.
    #[serde(default)]
    pub moneyness_by: UnderlyingPrice,
    /// The price that turns rates into quote currency, for quote-settled options.
    #[serde(default)]
    pub quoted_by: UnderlyingPrice,
}

/// Which price of the underlying a rule goes by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnderlyingPrice {
    /// The forward of the option's own expiry.
    #[default]
    Forward,
    /// The spot index.
    Index,
}

fn one() -> Known<f64> {
    Known::Value(1.0)
}

fn yes() -> bool {
    true
}

/// What one short option needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShortMargin {
    /// Initial margin.
    pub initial: f64,
    /// Maintenance margin.
    pub maintenance: f64,
}

impl ShortOptionRates {
    /// Checks every rate against its bounds; `name` is the table's in the parameter file.
    pub fn check(&self, name: &str) -> Result<(), InputError> {
        let initial = self.initial_pct;
        check_bounds(&format!("{name}.initial_pct"), initial, 0.0, 100.0)?;
        let floor = self.initial_floor_pct;
        check_bounds(&format!("{name}.initial_floor_pct"), floor, 0.0, 100.0)?;
        check_bounds(&format!("{name}.maintenance_pct"), self.maintenance_pct, 0.0, floor)?;
        if let Some(least) = self.maintenance_floor_pct {
            let most = self.maintenance_pct;
            check_bounds(&format!("{name}.maintenance_floor_pct"), least, 0.0, most)?;
        }
        if let Some(factor) = self.margin_factor.value() {
            check_bounds(&format!("{name}.margin_factor"), *factor, 0.0, 100.0)?;
        }
        Ok(())
    }

    /// Margin of a short option per coin of underlying, in coin; `mark` is its mark in coin.
    pub fn per_coin(
        &self,
        margin_factor: f64,
        option_type: OptionType,
        strike: f64,
        underlying_price: f64,
        mark: f64,
    ) -> ShortMargin {
        // Out of the money by what a call (put) lacks to the strike: the payoff of the other right.
        let otm = match option_type {
            OptionType::Call => OptionType::Put.payoff(underlying_price, strike),
            OptionType::Put => OptionType::Call.payoff(underlying_price, strike),
        };
        let sloped = |rate_pct: f64, floor_pct: f64| {
            (rate_pct / 100.0 - otm / underlying_price).max(floor_pct / 100.0)
        };
        let initial = sloped(self.initial_pct, self.initial_floor_pct) * margin_factor + mark;
        let flat = self.maintenance_pct / 100.0;
        let rate = self.maintenance_floor_pct.map_or(flat, |f| sloped(self.maintenance_pct, f));
        if option_type == OptionType::Call {
            return ShortMargin { initial, maintenance: rate * margin_factor + mark };
        }
        let rate = if self.deep_put_maintenance { rate.max(flat * mark) } else { rate };
        let maintenance = rate * margin_factor + mark;
        let covers = self.put_initial_covers_maintenance;
        let initial = if covers { initial.max(maintenance) } else { initial };
        ShortMargin { initial, maintenance }
    }

    /// Margin of one contract of a listed option, held short, in its settlement asset; nothing for what
    /// is not an option. `name` is the table's in the parameter file of `model`.
    ///
    /// Fails where the market lacks its forward or mark, and where the margin factor is not known.
    pub fn per_contract(
        &self,
        model: &str,
        name: &str,
        market: &Market,
        id: InstrumentId,
    ) -> Result<ShortMargin, InputError> {
        let instrument = &market.listing(id).instrument;
        let Kind::Option { strike, option_type, .. } = instrument.kind else {
            return Ok(ShortMargin::NOTHING);
        };
        let parameter = format!("{name}.margin_factor");
        let factor = self.margin_factor.need(model, &parameter, &instrument.name)?;
        let base = contract::base_per_contract(market, id)?;
        let value_per_base = contract::value(market, id)? / base;
        // Per coin, one unit of the settlement asset is worth this many coins.
        let unit = match instrument.settlement() {
            Settlement::Coin => 1.0,
            Settlement::Quote => self.quoted_by.of(market, id)?,
        };
        let moneyness = self.moneyness_by.of(market, id)?;
        let mark = value_per_base / unit;
        let margin = self.per_coin(*factor, option_type, strike, moneyness, mark);
        let scale = base * unit;
        let (initial, maintenance) = (margin.initial * scale, margin.maintenance * scale);
        Ok(ShortMargin { initial, maintenance })
    }
}

impl ShortMargin {
    /// No margin.
    pub const NOTHING: Self = Self { initial: 0.0, maintenance: 0.0 };
}

impl UnderlyingPrice {
    /// That price of an option's underlying, in the option's quote currency.
    pub fn of(self, market: &Market, id: InstrumentId) -> Result<f64, InputError> {
        match self {
            Self::Forward => market.reference_price(id),
            Self::Index => index_in_quote(market, id),
        }
    }
}

/// The index of an instrument's underlying in its quote currency: dollars for coin-settled ones, the
/// settlement asset otherwise.
pub fn index_in_quote(market: &Market, id: InstrumentId) -> Result<f64, InputError> {
    let instrument = &market.listing(id).instrument;
    let index = price_usd(market, &instrument.underlying)?;
    Ok(match instrument.settlement() {
        Settlement::Coin => index,
        Settlement::Quote => index / price_usd(market, &instrument.settlement_asset)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deribit() -> ShortOptionRates {
        ShortOptionRates {
            initial_pct: 15.0,
            initial_floor_pct: 10.0,
            maintenance_pct: 7.5,
            maintenance_floor_pct: None,
            margin_factor: one(),
            deep_put_maintenance: true,
            put_initial_covers_maintenance: true,
            moneyness_by: UnderlyingPrice::Forward,
            quoted_by: UnderlyingPrice::Forward,
        }
    }

    fn close(rates: &ShortOptionRates, right: OptionType, inputs: [f64; 3], expected: (f64, f64)) {
        let [strike, price, mark] = inputs;
        let ShortMargin { initial, maintenance } = rates.per_coin(1.0, right, strike, price, mark);
        // Sums of three decimals below 10: a few units in the last place.
        assert!((initial - expected.0).abs() < 1e-15, "{initial} is not {}", expected.0);
        assert!((maintenance - expected.1).abs() < 1e-15, "{maintenance} is not {}", expected.1);
    }

    #[test]
    fn short_calls_lose_the_out_of_the_money_amount_down_to_the_floor() {
        let rates = deribit();
        // At the money: 0.15 + 0.04 and 0.075 + 0.04.
        close(&rates, OptionType::Call, [100.0, 100.0, 0.04], (0.19, 0.115));
        // 3 % out: 0.15 − 0.03 + 0.02.
        close(&rates, OptionType::Call, [103.0, 100.0, 0.02], (0.14, 0.095));
        // 20 % out: the floor 0.10.
        close(&rates, OptionType::Call, [120.0, 100.0, 0.001], (0.101, 0.076));
        // In the money the amount out is zero, not negative.
        close(&rates, OptionType::Call, [80.0, 100.0, 0.22], (0.37, 0.295));
    }

    #[test]
    fn a_deep_put_is_held_to_its_own_maintenance() {
        let rates = deribit();
        // mark 3.0 coins (forward far below the strike): MM = max(0.075, 0.225) + 3.
        close(&rates, OptionType::Put, [400.0, 100.0, 3.0], (3.225, 3.225));
        close(&rates, OptionType::Put, [97.0, 100.0, 0.02], (0.14, 0.095));
    }

    /// OKX states no such link for puts: 0.05·4 coins of maintenance exceed the initial rate 0.15.
    #[test]
    fn without_the_link_a_deep_put_needs_more_maintenance_than_initial_margin() {
        let rates = ShortOptionRates {
            maintenance_pct: 5.0,
            put_initial_covers_maintenance: false,
            ..deribit()
        };
        close(&rates, OptionType::Put, [500.0, 100.0, 4.0], (4.15, 4.2));
    }

    #[test]
    fn maintenance_may_fall_with_the_amount_out_of_the_money_too() {
        let rates = ShortOptionRates {
            maintenance_floor_pct: Some(5.0),
            deep_put_maintenance: false,
            ..deribit()
        };
        // 1 % out: 0.15 − 0.01 and 0.075 − 0.01.
        close(&rates, OptionType::Call, [101.0, 100.0, 0.02], (0.16, 0.085));
        // 4 % out: 0.075 − 0.04 is below the floor 0.05.
        close(&rates, OptionType::Put, [96.0, 100.0, 0.01], (0.12, 0.06));
    }

    #[test]
    fn the_margin_factor_multiplies_the_rates_and_not_the_mark() {
        // 2·0.15 + 0.0625 and 2·0.075 + 0.0625.
        let doubled = deribit().per_coin(2.0, OptionType::Call, 100.0, 100.0, 0.0625);
        assert_eq!(doubled, ShortMargin { initial: 0.3625, maintenance: 0.2125 });
    }
}
