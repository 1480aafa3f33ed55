//! `delta`: a charge on net delta with floors for what delta cannot see.
//!
//! ```text
//! delta     = |Δ$|·spot_shock
//! hedged    = (gross Δ$ − |Δ$|)/2·hedged_pct
//! convexity = ½·max(0, −Γ$)·spot_shock²
//! vega      = Σ_expiries max(−V·up·t, V·down·t, 0),  V = Σ q·vega·vol,  t = (30/DTE)^p
//! IM        = Σ_underlyings delta + hedged + convexity + vega,   MM = maintenance_pct·IM
//! ```
//!
//! `Δ$` and `Γ$` are first and second derivatives of the USD value with respect to a relative move of
//! spot, coins held as collateral included. Every term is a local estimate; the figures
//! `full_revaluation` and `error` say by how much it misses the full scan over the same shocks.

use std::collections::BTreeMap;

use plimsoll_model::error::InputError;
use plimsoll_model::params::{check_bounds, from_toml};
use plimsoll_model::{Asset, InstrumentId, Market, Portfolio, Provenance};
use plimsoll_risk::VolMove;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::collateral::{self, Cash, CollateralRules};
use crate::cross::{Grid, Grids, UnitArrays};
use crate::exposure::{self, LegGreeks, NetGreeks};
use crate::model::{Component, Contribution, Leg, MarginModel, Pool, Prepared, Requirement};

/// Parameters of the delta model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeltaParams {
    /// `delta`.
    pub family: String,
    /// The model's id.
    pub id: String,
    /// Where the numbers come from.
    pub source: Provenance,
    /// The relative move that delta and convexity are charged for.
    pub spot_shock_pct: f64,
    /// Charge on hedged dollar delta.
    pub hedged_pct: f64,
    /// Maintenance as a percentage of initial margin.
    pub maintenance_pct: f64,
    /// Vol shocks for the vega charge, and the grid that the error is measured on.
    pub grids: Vec<Grid>,
    /// Collateral.
    pub collateral: CollateralRules,
}

/// The delta model.
#[derive(Clone, Debug)]
pub struct PortfolioDelta {
    params: DeltaParams,
    grids: Grids,
}

impl PortfolioDelta {
    /// Reads and checks a parameter file.
    pub fn from_toml(text: &str) -> Result<Self, InputError> {
        let params: DeltaParams = from_toml(text)?;
        check_bounds("spot_shock_pct", params.spot_shock_pct, 0.0, 100.0)?;
        check_bounds("hedged_pct", params.hedged_pct, 0.0, 100.0)?;
        check_bounds("maintenance_pct", params.maintenance_pct, 0.0, 100.0)?;
        params.collateral.check()?;
        let grids = Grids::new(&params.grids)?;
        Ok(Self { params, grids })
    }
}

impl MarginModel for PortfolioDelta {
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
        let arrays = UnitArrays::price(&self.params.id, market, ids, &self.grids)?;
        Ok(Box::new(PreparedDelta { params: &self.params, grids: &self.grids, market, arrays }))
    }
}

struct PreparedDelta<'a> {
    params: &'a DeltaParams,
    grids: &'a Grids,
    market: &'a Market,
    arrays: UnitArrays,
}

impl Prepared for PreparedDelta<'_> {
    fn requirement(&self, portfolio: &Portfolio) -> Result<Requirement, InputError> {
        let rules = &self.params.collateral;
        let cash = rules.cash(self.market, portfolio)?;
        let legs = exposure::legs(self.market, portfolio)?;
        let share = self.params.maintenance_pct / 100.0;
        let mut components = ["delta", "hedged_delta", "convexity", "vega"]
            .map(|name| Component::scaled(name, 0.0, share, vec![]));
        for (underlying, exposures) in self.exposures(&legs, &cash)? {
            let charges = [
                self.net_delta(&exposures),
                self.hedged_delta(&exposures),
                self.convexity(&exposures),
                self.vega(&underlying, &exposures),
            ];
            for (component, parts) in components.iter_mut().zip(charges) {
                let amount: f64 = parts.iter().map(|part| part.amount).sum();
                component.initial += amount;
                component.maintenance += amount * share;
                component.contributions.extend(parts);
            }
        }
        let scans = self.arrays.scan(self.market, portfolio, &cash)?;
        let full: f64 = scans.iter().map(|scan| scan.worst.amount).sum();
        let charged: f64 = components.iter().map(|component| component.initial).sum();
        let pool = Pool {
            name: "account".to_owned(),
            asset: Asset::usd(),
            asset_price_usd: 1.0,
            equity: collateral::equity_usd(rules, self.market, portfolio, &cash)?,
            components: components.to_vec(),
            units: scans.into_iter().map(|scan| scan.worst.unit).collect(),
            figures: BTreeMap::from([
                ("full_revaluation".to_owned(), full),
                ("error".to_owned(), charged - full),
            ]),
        };
        Ok(Requirement { pools: vec![pool], notes: rules.refusals(portfolio) })
    }
}

/// One leg's sensitivities for its whole quantity, with the days to its expiry.
struct Exposure {
    leg: Leg,
    greeks: NetGreeks,
    dte_days: Option<f64>,
}

impl PreparedDelta<'_> {
    /// Positions and coins held, by underlying.
    fn exposures(
        &self,
        legs: &[LegGreeks],
        cash: &BTreeMap<Asset, Cash>,
    ) -> Result<BTreeMap<Asset, Vec<Exposure>>, InputError> {
        let mut by_underlying: BTreeMap<Asset, Vec<Exposure>> = BTreeMap::new();
        for leg in legs {
            let instrument = &self.market.listing(leg.id).instrument;
            let mut greeks = NetGreeks::default();
            greeks.add(leg.quantity, &leg.unit, leg.vol_ann);
            by_underlying.entry(instrument.underlying.clone()).or_default().push(Exposure {
                leg: Leg::Instrument(leg.id),
                greeks,
                dte_days: instrument.expiry().map(|expiry| self.market.time.days_until(expiry)),
            });
        }
        for (asset, cash) in cash {
            if self.market.underlyings.contains_key(asset) && cash.credit != 0.0 {
                let price = collateral::price_usd(self.market, asset)?;
                let mut greeks = NetGreeks::default();
                greeks.add(cash.credit, &exposure::coin_delta(price), 0.0);
                let leg = Leg::Cash(asset.clone());
                let coins = Exposure { leg, greeks, dte_days: None };
                by_underlying.entry(asset.clone()).or_default().push(coins);
            }
        }
        Ok(by_underlying)
    }

    fn net_delta(&self, exposures: &[Exposure]) -> Vec<Contribution> {
        let net: f64 = exposures.iter().map(|one| one.greeks.net.delta_usd).sum();
        let rate = net.signum() * self.params.spot_shock_pct / 100.0;
        parts(exposures, |one| one.greeks.net.delta_usd * rate)
    }

    fn hedged_delta(&self, exposures: &[Exposure]) -> Vec<Contribution> {
        let net: f64 = exposures.iter().map(|one| one.greeks.net.delta_usd).sum();
        let rate = self.params.hedged_pct / 100.0;
        parts(exposures, |one| {
            let delta = one.greeks.net.delta_usd;
            rate * (delta.abs() - delta * net.signum()) / 2.0
        })
    }

    fn convexity(&self, exposures: &[Exposure]) -> Vec<Contribution> {
        let net: f64 = exposures.iter().map(|one| one.greeks.net.gamma_usd).sum();
        if net >= 0.0 {
            return vec![];
        }
        let shock = self.params.spot_shock_pct / 100.0;
        parts(exposures, |one| -0.5 * one.greeks.net.gamma_usd * shock * shock)
    }

    fn vega(&self, underlying: &Asset, exposures: &[Exposure]) -> Vec<Contribution> {
        let Some(set) = self.grids.get(underlying) else { return vec![] };
        let mut net: BTreeMap<u64, f64> = BTreeMap::new();
        let key = |one: &Exposure| one.dte_days.map(f64::to_bits);
        for one in exposures {
            if let Some(key) = key(one) {
                *net.entry(key).or_default() += one.greeks.relative_vega_usd;
            }
        }
        parts(exposures, |one| {
            let (Some(dte_days), Some(net)) = (one.dte_days, key(one).and_then(|k| net.get(&k)))
            else {
                return 0.0;
            };
            // Short vega loses when vols rise, long vega when they fall.
            let adverse = if *net < 0.0 { VolMove::Up } else { VolMove::Down };
            -one.greeks.relative_vega_usd * (set.vol.map(adverse, dte_days).scale - 1.0)
        })
    }
}

fn parts(exposures: &[Exposure], amount: impl Fn(&Exposure) -> f64) -> Vec<Contribution> {
    let part = |one: &Exposure| Contribution { leg: one.leg.clone(), amount: amount(one) };
    exposures.iter().map(part).collect()
}
