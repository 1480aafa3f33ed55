//! Collateral: haircuts, debt and equity. Coins among it are revalued inside every scenario: a
//! model adds them to its scan as legs, with the credit computed here.

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::check_bounds;
use plimsoll_model::{Asset, Market, Portfolio};
use plimsoll_pricing::contract;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which assets count as collateral, and for how much.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CollateralRules {
    /// Haircut tiers by asset.
    #[serde(default)]
    pub haircuts: BTreeMap<Asset, Vec<HaircutTier>>,
    /// Haircut of assets not in the table: 1 gives them no credit.
    pub other_haircut: f64,
    /// Whether option and spot values count towards equity. False where the venue keeps premium
    /// apart and charges the mark of short options as margin.
    #[serde(default = "yes")]
    pub option_value_in_equity: bool,
}

fn yes() -> bool {
    true
}

/// One tier of a haircut: applies to the part of the holding up to `up_to` units, above the tier
/// before.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HaircutTier {
    /// Upper end of the tier in units of the asset; absent: no end.
    #[serde(default)]
    pub up_to: Option<f64>,
    /// Share of the value that is not counted, from 0 to 1.
    pub haircut: f64,
}

/// Cash of a portfolio in one asset: the balance and the unrealised profit paid in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Cash {
    /// Balance plus unrealised profit, before any haircut; negative is debt.
    pub amount: f64,
    /// What counts as equity: after haircuts; debt counts in full.
    pub credit: f64,
}

impl CollateralRules {
    /// Checks bounds and the order of tiers.
    pub fn check(&self) -> Result<(), InputError> {
        check_bounds("collateral.other_haircut", self.other_haircut, 0.0, 1.0)?;
        for (asset, tiers) in &self.haircuts {
            let mut from = 0.0;
            for (index, tier) in tiers.iter().enumerate() {
                let name = format!("collateral.haircuts.{asset}[{index}]");
                check_bounds(&format!("{name}.haircut"), tier.haircut, 0.0, 1.0)?;
                let last = index + 1 == tiers.len();
                match tier.up_to {
                    Some(up_to) => check_bounds(&format!("{name}.up_to"), up_to, from, 1e18)?,
                    None if last => {}
                    None => {
                        let message = format!("{name} has no up_to, but a tier follows it");
                        return Err(InputError::new(InputCode::BadParameter, message));
                    }
                }
                from = tier.up_to.unwrap_or(from);
            }
        }
        Ok(())
    }

    /// Units that count out of `amount` units: Σ over tiers of (part in the tier)·(1 − haircut). A
    /// part above the last bounded tier counts for nothing; debt counts in full.
    pub fn credit(&self, asset: &Asset, amount: f64) -> f64 {
        if amount <= 0.0 {
            return amount;
        }
        let Some(tiers) = self.haircuts.get(asset) else {
            return amount * (1.0 - self.other_haircut);
        };
        let mut from = 0.0;
        let mut credit = 0.0;
        for tier in tiers {
            let to = tier.up_to.map_or(amount, |up_to| up_to.min(amount));
            if to > from {
                credit += (to - from) * (1.0 - tier.haircut);
                from = to;
            }
        }
        credit
    }

    /// Whether an asset gets no credit at all.
    pub fn refuses(&self, asset: &Asset) -> bool {
        self.credit(asset, 1.0) <= 0.0
    }

    /// Whether any amount of an asset counts in full, gains and losses alike.
    pub fn counts_in_full(&self, asset: &Asset) -> bool {
        match self.haircuts.get(asset) {
            None => self.other_haircut == 0.0,
            Some(tiers) => {
                let unbounded = tiers.last().is_some_and(|tier| tier.up_to.is_none());
                unbounded && tiers.iter().all(|tier| tier.haircut == 0.0)
            }
        }
    }

    /// Cash by asset: balances plus unrealised profit of futures, with its credit.
    pub fn cash(
        &self,
        market: &Market,
        portfolio: &Portfolio,
    ) -> Result<BTreeMap<Asset, Cash>, InputError> {
        let mut amounts = portfolio.balances.clone();
        for holding in &portfolio.holdings {
            let asset = &market.listing(holding.id).instrument.settlement_asset;
            for lot in &holding.lots {
                let gain = contract::unrealised(market, holding.id, lot.quantity, lot.entry_price)?;
                if gain != 0.0 {
                    *amounts.entry(asset.clone()).or_default() += gain;
                }
            }
        }
        let cash = amounts.into_iter().map(|(asset, amount)| {
            let credit = self.credit(&asset, amount);
            (asset, Cash { amount, credit })
        });
        Ok(cash.collect())
    }

    /// Notes on assets that are held and get no credit.
    pub fn refusals(&self, portfolio: &Portfolio) -> Vec<String> {
        let refused = portfolio
            .balances
            .iter()
            .filter(|(asset, amount)| **amount > 0.0 && self.refuses(asset));
        refused.map(|(asset, _)| format!("{asset} gets no credit as collateral")).collect()
    }
}

/// USD per unit of an asset, or an error that names it.
pub fn price_usd(market: &Market, asset: &Asset) -> Result<f64, InputError> {
    market.asset_price_usd(asset).ok_or_else(|| {
        let message = format!("market {} has no price for {asset}", market.id);
        InputError::new(InputCode::UnknownAsset, message)
    })
}

/// Value of the option and spot positions in USD.
pub fn holdings_value_usd(market: &Market, portfolio: &Portfolio) -> Result<f64, InputError> {
    let mut sum = 0.0;
    for holding in &portfolio.holdings {
        let unit = contract::value(market, holding.id)?;
        sum += holding.quantity * unit * contract::settlement_price_usd(market, holding.id)?;
    }
    Ok(sum)
}

/// Equity of a cross-margined account in USD: credit of all cash, plus option and spot values where
/// the rules count them.
pub fn equity_usd(
    rules: &CollateralRules,
    market: &Market,
    portfolio: &Portfolio,
    cash: &BTreeMap<Asset, Cash>,
) -> Result<f64, InputError> {
    let mut equity = 0.0;
    for (asset, cash) in cash {
        equity += cash.credit * price_usd(market, asset)?;
    }
    if rules.option_value_in_equity {
        equity += holdings_value_usd(market, portfolio)?;
    }
    Ok(equity)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(tiers: Vec<HaircutTier>) -> CollateralRules {
        CollateralRules {
            haircuts: BTreeMap::from([(Asset::new("BTC"), tiers)]),
            other_haircut: 1.0,
            option_value_in_equity: true,
        }
    }

    #[test]
    fn tiers_work_like_tax_brackets_and_debt_counts_in_full() {
        let tiers = rules(vec![
            HaircutTier { up_to: Some(10.0), haircut: 0.05 },
            HaircutTier { up_to: Some(20.0), haircut: 0.50 },
        ]);
        let btc = Asset::new("BTC");
        assert_eq!(tiers.credit(&btc, 4.0), 4.0 * 0.95);
        // 10 at 5 %, 10 at 50 %, the last 5 at nothing.
        assert_eq!(tiers.credit(&btc, 25.0), 10.0 * 0.95 + 10.0 * 0.5);
        assert_eq!(tiers.credit(&btc, -3.0), -3.0);
        assert_eq!(tiers.credit(&Asset::new("DOGE"), 3.0), 0.0);
        assert!(tiers.refuses(&Asset::new("DOGE")) && !tiers.refuses(&btc));
    }

    #[test]
    fn tiers_out_of_order_or_bounds_are_refused() {
        let tier = |up_to, haircut| HaircutTier { up_to, haircut };
        assert!(rules(vec![tier(None, 0.1), tier(Some(5.0), 0.2)]).check().is_err());
        assert!(rules(vec![tier(Some(5.0), 0.1), tier(Some(4.0), 0.2)]).check().is_err());
        assert!(rules(vec![tier(None, 1.5)]).check().is_err());
        assert!(rules(vec![tier(Some(5.0), 0.1), tier(None, 0.2)]).check().is_ok());
    }
}
