//! `scan`: the worst weighted loss over price × vol × time and far tails, per underlying, with a
//! short-option minimum and a closing-cost floor.
//!
//! ```text
//! scan_u    = max(0, max_s −w_s·pnl_u[s])          positions and coin collateral together
//! short_u   = short_option_pct·S·Σ max(0, −q·base)  over options
//! closing_u = Σ |q|·base·S·futures_pct  +  Σ |q|·min(base·S·options_pct, cap_pct·value)
//! IM        = Σ_u max(scan_u, short_u, closing_u),   MM = maintenance_pct·IM
//! ```
//!
//! The components `short_option` and `closing_cost` are what those floors add above the scan.

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::{check_bounds, from_toml};
use plimsoll_model::{Asset, InstrumentId, Market, Portfolio, Provenance};
use plimsoll_pricing::contract;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::known::Known;
use crate::collateral::{self, CollateralRules};
use crate::cross::{Grid, Grids, UnitArrays};
use crate::functional::{Charge, accrue};
use crate::model::{Component, MarginModel, Pool, Prepared, Requirement};

/// Parameters of the scan family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanParams {
    /// `scan`.
    pub family: String,
    /// The model's id.
    pub id: String,
    /// Where the numbers come from.
    pub source: Provenance,
    /// What the venue charges and these parameters lack, with what is known of it. A file that lacks
    /// anything refuses every book.
    #[serde(default)]
    pub missing: BTreeMap<String, String>,
    /// Scenario grids by underlying.
    #[serde(default)]
    pub grids: Vec<Grid>,
    /// Maintenance margin as a percentage of initial margin.
    pub maintenance_pct: Known<f64>,
    /// Least charge per short option, percent of the index per coin of underlying.
    #[serde(default)]
    pub short_option_pct: f64,
    /// Cost of closing futures, percent of notional.
    #[serde(default)]
    pub closing_futures_pct: f64,
    /// Cost of closing options, percent of the index per coin of underlying.
    #[serde(default)]
    pub closing_options_pct: f64,
    /// The cost of closing an option is at most this percentage of its value.
    #[serde(default)]
    pub closing_options_cap_pct: f64,
    /// Collateral.
    pub collateral: CollateralRules,
}

/// The scan model.
#[derive(Clone, Debug)]
pub struct Scan {
    params: ScanParams,
    grids: Grids,
}

impl Scan {
    /// Reads and checks a parameter file.
    pub fn from_toml(text: &str) -> Result<Self, InputError> {
        let params: ScanParams = from_toml(text)?;
        if let Some(pct) = params.maintenance_pct.value() {
            check_bounds("maintenance_pct", *pct, 0.0, 100.0)?;
        }
        check_bounds("short_option_pct", params.short_option_pct, 0.0, 100.0)?;
        check_bounds("closing_futures_pct", params.closing_futures_pct, 0.0, 10.0)?;
        check_bounds("closing_options_pct", params.closing_options_pct, 0.0, 10.0)?;
        check_bounds("closing_options_cap_pct", params.closing_options_cap_pct, 0.0, 100.0)?;
        params.collateral.check()?;
        let grids = Grids::new(&params.grids)?;
        Ok(Self { params, grids })
    }
}

impl MarginModel for Scan {
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
        self.params.complete()?;
        let maintenance_pct =
            *self.params.maintenance_pct.need(&self.params.id, "maintenance_pct", "every book")?;
        let arrays = UnitArrays::price(&self.params.id, market, ids, &self.grids)?;
        let maintenance_share = maintenance_pct / 100.0;
        Ok(Box::new(PreparedScan { params: &self.params, market, arrays, maintenance_share }))
    }
}

impl ScanParams {
    /// The refusal of everything where the venue's rule is not known in full.
    fn complete(&self) -> Result<(), InputError> {
        if self.missing.is_empty() {
            return Ok(());
        }
        let list: Vec<String> =
            self.missing.iter().map(|(name, known)| format!("{name} ({known})")).collect();
        let message = format!("{} is known in part only; missing: {}", self.id, list.join("; "));
        Err(InputError::new(InputCode::Unsupported, message)
            .hint("complete a copy of the file, empty its table `missing`, and use it as your own"))
    }
}

struct PreparedScan<'a> {
    params: &'a ScanParams,
    market: &'a Market,
    arrays: UnitArrays,
    maintenance_share: f64,
}

impl Prepared for PreparedScan<'_> {
    fn requirement(&self, portfolio: &Portfolio) -> Result<Requirement, InputError> {
        let rules = &self.params.collateral;
        let cash = rules.cash(self.market, portfolio)?;
        let share = self.maintenance_share;
        let mut scan = Component::scaled("scan", 0.0, share, vec![]);
        let mut short_option = Component::scaled("short_option", 0.0, share, vec![]);
        let mut closing_cost = Component::scaled("closing_cost", 0.0, share, vec![]);
        let mut units = Vec::new();
        for unit in self.arrays.scan(self.market, portfolio, &cash)? {
            let floors = self.floors(portfolio, &unit.underlying)?;
            let base = Charge::from_scan(&unit);
            let with_short = base.raised_to(&floors.short_option);
            let with_closing = with_short.raised_to(&floors.closing_cost);
            accrue(&mut scan, &Charge::default(), &base, share);
            accrue(&mut short_option, &base, &with_short, share);
            accrue(&mut closing_cost, &with_short, &with_closing, share);
            units.push(unit.worst.unit);
        }
        let pool = Pool {
            name: "account".to_owned(),
            asset: Asset::usd(),
            asset_price_usd: 1.0,
            equity: collateral::equity_usd(rules, self.market, portfolio, &cash)?,
            components: vec![scan, short_option, closing_cost],
            units,
            figures: Default::default(),
        };
        Ok(Requirement { pools: vec![pool], notes: rules.refusals(portfolio) })
    }
}

struct Floors {
    short_option: Charge,
    closing_cost: Charge,
}

impl PreparedScan<'_> {
    fn floors(&self, portfolio: &Portfolio, underlying: &Asset) -> Result<Floors, InputError> {
        let mut floors =
            Floors { short_option: Charge::default(), closing_cost: Charge::default() };
        let index = collateral::price_usd(self.market, underlying)?;
        for holding in &portfolio.holdings {
            let instrument = &self.market.listing(holding.id).instrument;
            if instrument.underlying != *underlying {
                continue;
            }
            let base = contract::base_per_contract(self.market, holding.id)?;
            let notional = holding.quantity.abs() * base * index;
            let closing = if instrument.is_option() {
                let usd = contract::settlement_price_usd(self.market, holding.id)?;
                let value =
                    holding.quantity.abs() * contract::value(self.market, holding.id)? * usd;
                let cap = value * self.params.closing_options_cap_pct / 100.0;
                if holding.quantity < 0.0 {
                    let least = notional * self.params.short_option_pct / 100.0;
                    floors.short_option.push(holding.id, least);
                }
                (notional * self.params.closing_options_pct / 100.0).min(cap)
            } else {
                notional * self.params.closing_futures_pct / 100.0
            };
            floors.closing_cost.push(holding.id, closing);
        }
        Ok(floors)
    }
}
