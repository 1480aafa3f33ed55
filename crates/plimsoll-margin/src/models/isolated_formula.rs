//! Liquidation prices of the leg-by-leg rules in closed form: one future on its underlying.
//!
//! Quote-settled, the rate does not depend on the price: [`quote_settled`]. Coin-settled, with `n` the
//! coins of the position, `m` its maintenance rate and `s` the slope per coin, in coins:
//!
//! ```text
//! equity − side·(n − n_now) − others = n·(m + s·n),   n = |notional|/price
//! ```

use plimsoll_math::float::sqrt;
use plimsoll_model::error::InputError;
use plimsoll_model::{Asset, Holding, InstrumentId, Portfolio, Settlement};

use super::isolated::{FutureRule, PreparedIsolated, UnitRate};
use crate::liquidation::{ClosedForm, quote_settled};
use crate::model::{Pool, Prepared};

impl PreparedIsolated<'_> {
    /// The formula, where one future is all that moves with its coin.
    pub(super) fn own_formula(
        &self,
        portfolio: &Portfolio,
        id: InstrumentId,
    ) -> Result<Option<ClosedForm>, InputError> {
        let instrument = &self.market.listing(id).instrument;
        let underlying = |holding: &&Holding| {
            holding.quantity != 0.0
                && self.market.listing(holding.id).instrument.underlying == instrument.underlying
        };
        let mut same = portfolio.holdings.iter().filter(underlying);
        let (Some(holding), None) = (same.next(), same.next()) else { return Ok(None) };
        let Some(UnitRate::Future { rule: Ok(rule), base, .. }) = self.rates.get(&id) else {
            return Ok(None);
        };
        let pools = self.requirement(portfolio)?.pools;
        let named =
            if self.params.segregated { instrument.settlement_asset.as_str() } else { "account" };
        let Some(pool) = pools.iter().find(|pool| pool.name == named) else { return Ok(None) };
        let price = self.market.reference_price(id)?;
        let coins = holding.quantity * base;
        match (instrument.settlement(), rule) {
            (Settlement::Quote, FutureRule::Sloped(rates))
                if self.equity_ignores(pool, portfolio, &instrument.underlying) =>
            {
                let usd = self.market.asset_price_usd(&instrument.settlement_asset).unwrap_or(1.0);
                let available = pool.maintenance_excess() * pool.asset_price_usd / usd;
                let slope = rates.slope_pct_per_coin * coins.abs();
                let rate = (rates.maintenance_pct + slope) / 100.0;
                let mut found = ClosedForm::default();
                found.add(price, quote_settled(price, coins, available, rate));
                Ok(Some(found))
            }
            (Settlement::Coin, _)
                if self.params.collateral.counts_in_full(&pool.asset) && self.params.segregated =>
            {
                let Some((rate, slope)) = coin_rates(rule, coins.abs() * price) else {
                    return Ok(None);
                };
                let own = coins.abs() * (rate + slope * coins.abs());
                let rest = pool.maintenance_excess() + own + coins;
                Ok(Some(coin_settled_sloped(price, coins, rest, rate, slope)))
            }
            _ => Ok(None),
        }
    }

    /// Whether the pool's equity moves with a coin through positions alone.
    fn equity_ignores(&self, pool: &Pool, portfolio: &Portfolio, coin: &Asset) -> bool {
        pool.asset != *coin && (self.params.segregated || !portfolio.balances.contains_key(coin))
    }
}

/// Maintenance rate and its slope per coin, as decimals, of a contract whose value in quote currency
/// is fixed.
fn coin_rates(rule: &FutureRule<'_>, notional: f64) -> Option<(f64, f64)> {
    match rule {
        FutureRule::Sloped(rates) => {
            Some((rates.maintenance_pct / 100.0, rates.slope_pct_per_coin / 100.0))
        }
        FutureRule::ByLeverage { steps, maintenance_share } => {
            let step = steps.iter().find(|step| notional <= step.up_to_usd).or(steps.last())?;
            Some((maintenance_share / step.leverage, 0.0))
        }
    }
}

/// Solves `slope·n² + (side + rate)·n = rest` for the coins `n` of the position, and turns each into a
/// price; `rest` is equity less other maintenance plus the position's signed coins now.
fn coin_settled_sloped(price: f64, coins: f64, rest: f64, rate: f64, slope: f64) -> ClosedForm {
    let mut found = ClosedForm::default();
    let linear = coins.signum() + rate;
    let root = sqrt(linear * linear + 4.0 * slope * rest);
    // The stable pair of roots; without a slope only the second is one.
    let away = -(linear + root.copysign(linear)) / 2.0;
    for at in [away / slope, -rest / away] {
        let solution = price * coins.abs() / at;
        found.add(price, Some(solution).filter(|_| at.is_finite() && at > 0.0));
    }
    found
}
