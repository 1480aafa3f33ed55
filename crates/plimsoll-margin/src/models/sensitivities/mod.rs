//! `sensitivities`: delta, vega and curvature weighted, concentrated and correlated.
//!
//! Positions become sensitivities to their underlying; coins held as collateral are deltas too. How
//! sensitivities become margin is in [`aggregate`], the parameters are in [`rules`].
//!
//! ```text
//! IM = Σ_products √(Σ_r IM_r² + Σ_r≠s ψ_rs·IM_r·IM_s),  IM_r = delta + vega + curvature
//! MM = maintenance_pct·IM
//! ```

pub mod aggregate;
pub mod rules;

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::{check_bounds, from_toml};
use plimsoll_model::{Asset, Instrument, InstrumentId, Market, Portfolio, Provenance, Settlement};
use plimsoll_pricing::contract::{self, ContractGreeks};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::collateral::{self, CollateralRules, price_usd};
use crate::cross::unprepared;
use crate::model::{Component, Contribution, Leg, MarginModel, Pool, Prepared, Requirement};
use aggregate::{Kind, MEASURES, Sensitivity, SensitivityMargin};
use rules::{RiskClass, Rules};

/// Parameters of the `sensitivities` family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SensitivityParams {
    /// `sensitivities`.
    pub family: String,
    /// The model's id.
    pub id: String,
    /// Where the numbers come from.
    pub source: Provenance,
    /// Maintenance margin as a percentage of initial margin.
    pub maintenance_pct: f64,
    /// What drives the price of each underlying; `*` is every underlying not named.
    pub underlyings: BTreeMap<Asset, Exposure>,
    /// Assets that are nobody's underlying: currencies, and those that count as the calculation
    /// currency itself.
    pub assets: BTreeMap<Asset, AssetRole>,
    /// Weights, correlations and thresholds.
    pub rules: Rules,
    /// Collateral.
    pub collateral: CollateralRules,
}

/// A bucket of a risk class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exposure {
    /// The class.
    pub class: RiskClass,
    /// The bucket.
    pub bucket: u32,
}

/// What an asset is to the calculation currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AssetRole {
    /// The calculation currency, or a stable coin taken as it.
    CalculationCurrency,
    /// A foreign currency.
    Foreign,
}

/// Tenors to which vegas are allotted, in days: 2 weeks; 1, 3, 6 months; 1, 2, 3, 5, 10, 15, 20 and
/// 30 years.
const TENOR_DAYS: [f64; 12] = [
    14.0,
    365.0 / 12.0,
    365.0 / 4.0,
    365.0 / 2.0,
    365.0,
    730.0,
    1095.0,
    1825.0,
    3650.0,
    5475.0,
    7300.0,
    10950.0,
];

/// The sensitivity model.
#[derive(Clone, Debug)]
pub struct Sensitivities {
    params: SensitivityParams,
}

impl Sensitivities {
    /// Reads and checks a parameter file.
    pub fn from_toml(text: &str) -> Result<Self, InputError> {
        let params: SensitivityParams = from_toml(text)?;
        check_bounds("maintenance_pct", params.maintenance_pct, 0.0, 100.0)?;
        params.rules.check()?;
        params.collateral.check()?;
        for (asset, exposure) in &params.underlyings {
            let known = params.rules.classes.get(&exposure.class);
            let number = exposure.bucket;
            if known.is_none_or(|class| class.buckets.iter().all(|b| b.number != number)) {
                let class = exposure.class.name();
                let message = format!("underlyings.{asset}: {class} has no bucket {number}");
                return Err(InputError::new(InputCode::BadParameter, message));
            }
        }
        Ok(Self { params })
    }

    fn exposure(&self, underlying: &Asset) -> Result<Exposure, InputError> {
        let named = self.params.underlyings.get(underlying);
        named.or_else(|| self.params.underlyings.get("*")).copied().ok_or_else(|| {
            let message = format!("{} has no bucket for {underlying}", self.params.id);
            InputError::new(InputCode::Unsupported, message)
        })
    }

    /// The class and bucket of what an instrument is paid in, where its price matters: not its own
    /// coin, whose price is in the greeks, and not the calculation currency.
    fn paid_in(
        &self,
        market: &Market,
        instrument: &Instrument,
    ) -> Result<Option<(RiskClass, u32)>, InputError> {
        let asset = &instrument.settlement_asset;
        if instrument.settlement() == Settlement::Coin {
            return Ok(None);
        }
        if market.underlyings.contains_key(asset) {
            let exposure = self.exposure(asset)?;
            return Ok(Some((exposure.class, exposure.bucket)));
        }
        Ok((self.role(asset)? == AssetRole::Foreign).then_some((RiskClass::Fx, 0)))
    }

    fn role(&self, asset: &Asset) -> Result<AssetRole, InputError> {
        self.params.assets.get(asset).copied().ok_or_else(|| {
            let message = format!("{} does not say what {asset} is", self.params.id);
            InputError::new(InputCode::Unsupported, message)
                .hint("`assets` lists currencies and stable coins")
        })
    }
}

impl MarginModel for Sensitivities {
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
        let mut units = BTreeMap::new();
        for id in ids {
            let instrument = &market.listing(*id).instrument;
            let usd = contract::settlement_price_usd(market, *id)?;
            let greeks = contract::greeks(market, *id)?;
            let unit = UnitRisk {
                exposure: self.exposure(&instrument.underlying)?,
                greeks,
                days: instrument.expiry().map(|expiry| market.time.days_until(expiry)),
                paid_in: self.paid_in(market, instrument)?,
                value_usd: contract::value(market, *id)? * usd,
            };
            units.insert(*id, unit);
        }
        Ok(Box::new(PreparedSensitivities { model: self, market, units }))
    }
}

/// Sensitivities of one contract.
struct UnitRisk {
    exposure: Exposure,
    greeks: ContractGreeks,
    days: Option<f64>,
    /// The price that its value also depends on.
    paid_in: Option<(RiskClass, u32)>,
    value_usd: f64,
}

struct PreparedSensitivities<'a> {
    model: &'a Sensitivities,
    market: &'a Market,
    units: BTreeMap<InstrumentId, UnitRisk>,
}

impl Prepared for PreparedSensitivities<'_> {
    fn requirement(&self, portfolio: &Portfolio) -> Result<Requirement, InputError> {
        let params = &self.model.params;
        let cash = params.collateral.cash(self.market, portfolio)?;
        let (legs, rows) = self.sensitivities(portfolio, &cash)?;
        let margin = aggregate::margin(&params.rules, &rows)?;
        let share = params.maintenance_pct / 100.0;
        let component = |(place, name): (usize, &&'static str)| {
            let parts = margin.legs[place].iter();
            let parts = parts
                .map(|(leg, amount)| Contribution { leg: legs[*leg].clone(), amount: *amount });
            Component::scaled(name, margin.measures[place], share, parts.collect())
        };
        let pool = Pool {
            name: "account".to_owned(),
            asset: Asset::usd(),
            asset_price_usd: 1.0,
            equity: collateral::equity_usd(&params.collateral, self.market, portfolio, &cash)?,
            components: MEASURES.iter().enumerate().map(component).collect(),
            units: vec![],
            figures: figures(&margin, &rows),
        };
        Ok(Requirement { pools: vec![pool], notes: params.collateral.refusals(portfolio) })
    }
}

impl PreparedSensitivities<'_> {
    /// The sensitivities of a portfolio, and the legs that they number.
    fn sensitivities(
        &self,
        portfolio: &Portfolio,
        cash: &BTreeMap<Asset, collateral::Cash>,
    ) -> Result<(Vec<Leg>, Vec<Sensitivity>), InputError> {
        let (mut legs, mut rows) = (Vec::new(), Vec::new());
        for holding in &portfolio.holdings {
            let instrument = &self.market.listing(holding.id).instrument;
            let unit = self.units.get(&holding.id);
            let unit = unit.ok_or_else(|| unprepared(self.market, portfolio))?;
            let leg = legs.len();
            legs.push(Leg::Instrument(holding.id));
            let row = |kind, amount_usd| Sensitivity {
                product: unit.exposure.class,
                class: unit.exposure.class,
                bucket: unit.exposure.bucket,
                qualifier: instrument.underlying.to_string(),
                kind,
                amount_usd: 0.01 * holding.quantity * amount_usd,
                leg,
            };
            rows.push(row(Kind::Delta, unit.greeks.delta_usd));
            if instrument.is_option() {
                for (days, part) in tenors(unit.days.unwrap_or(0.0)) {
                    rows.push(row(Kind::Vega { days }, part * unit.greeks.vega_usd));
                }
            }
            if let Some((class, bucket)) = unit.paid_in {
                rows.push(Sensitivity {
                    class,
                    bucket,
                    qualifier: instrument.settlement_asset.to_string(),
                    ..row(Kind::Delta, unit.value_usd)
                });
            }
        }
        for (asset, held) in cash.iter().filter(|(_, held)| held.credit != 0.0) {
            let value_usd = held.credit * price_usd(self.market, asset)?;
            let (exposure, class) = if self.market.underlyings.contains_key(asset) {
                let exposure = self.model.exposure(asset)?;
                (exposure, exposure.class)
            } else if self.model.role(asset)? == AssetRole::Foreign {
                // Cash belongs to the product that it stands for: the class of every other coin.
                (Exposure { bucket: 0, ..self.model.exposure(asset)? }, RiskClass::Fx)
            } else {
                continue;
            };
            rows.push(Sensitivity {
                product: exposure.class,
                class,
                bucket: exposure.bucket,
                qualifier: asset.to_string(),
                kind: Kind::Delta,
                amount_usd: 0.01 * value_usd,
                leg: legs.len(),
            });
            legs.push(Leg::Cash(asset.clone()));
        }
        Ok((legs, rows))
    }
}

/// The two tenors around an expiry with the share of vega that each takes, linear in days; one tenor
/// at and beyond the ends.
fn tenors(days: f64) -> Vec<(f64, f64)> {
    let after = TENOR_DAYS.iter().position(|tenor| *tenor >= days);
    match after {
        Some(0) => vec![(TENOR_DAYS[0], 1.0)],
        None => vec![(TENOR_DAYS[TENOR_DAYS.len() - 1], 1.0)],
        Some(place) => {
            let (near, far) = (TENOR_DAYS[place - 1], TENOR_DAYS[place]);
            let share = (days - near) / (far - near);
            vec![(near, 1.0 - share), (far, share)]
        }
    }
}

/// Margins by product, class and measure, and net sensitivities by asset.
fn figures(margin: &SensitivityMargin, rows: &[Sensitivity]) -> BTreeMap<String, f64> {
    let mut figures = BTreeMap::new();
    for ((product, class), measures) in &margin.classes {
        for (measure, amount) in MEASURES.iter().zip(measures) {
            let name = format!("{}_{}_{measure}", product.name(), class.name());
            figures.insert(name, *amount);
        }
    }
    for (product, amount) in &margin.products {
        figures.insert(format!("{}_margin", product.name()), *amount);
    }
    for row in rows {
        let name = match row.kind {
            Kind::Delta => format!("{}_{}_delta_1pct", row.class.name(), row.qualifier),
            Kind::Vega { .. } => format!("{}_{}_vega", row.class.name(), row.qualifier),
        };
        *figures.entry(name).or_insert(0.0) += row.amount_usd;
    }
    figures
}

#[cfg(test)]
mod tests;
