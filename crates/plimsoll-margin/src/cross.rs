//! A cross-margined account scanned in risk units, one per underlying: the part that every scan-like
//! model shares. Coins held as collateral are legs of their own unit, so wrong-way risk is inside
//! the scan.

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::{Asset, Holding, InstrumentId, Market, Portfolio};
use plimsoll_risk::{Measure, RiskArray, ScenarioBlock, ScenarioSet, VolShocks};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::collateral::{Cash, price_usd};
use crate::functional::{WorstLoss, worst_loss};
use crate::model::{Contribution, Leg};

/// The scenario grid of some underlyings, as a parameter file states it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// The coins it holds for; `*` is every coin that no other grid names.
    pub underlyings: Vec<Asset>,
    /// The scenarios.
    pub blocks: Vec<ScenarioBlock>,
    /// The vol shocks.
    pub vol: VolShocks,
}

/// Checked scenario sets by underlying.
#[derive(Clone, Debug, PartialEq)]
pub struct Grids {
    sets: BTreeMap<Asset, ScenarioSet>,
}

const EVERY_OTHER: &str = "*";

impl Grids {
    /// Expands and checks the grids of a parameter file.
    pub fn new(grids: &[Grid]) -> Result<Self, InputError> {
        let mut sets = BTreeMap::new();
        for grid in grids {
            let set = ScenarioSet::from_blocks(&grid.blocks, &grid.vol)?;
            for underlying in &grid.underlyings {
                if sets.insert(underlying.clone(), set.clone()).is_some() {
                    let message = format!("two grids for {underlying}");
                    return Err(InputError::new(InputCode::BadParameter, message));
                }
            }
        }
        Ok(Self { sets })
    }

    /// The set of one underlying, if the parameters have one.
    pub fn get(&self, underlying: &Asset) -> Option<&ScenarioSet> {
        self.sets.get(underlying).or_else(|| self.sets.get(EVERY_OTHER))
    }

    /// The set of one underlying, or the refusal of an instrument on it.
    pub fn require(&self, model: &str, underlying: &Asset) -> Result<&ScenarioSet, InputError> {
        self.get(underlying).ok_or_else(|| {
            let known: Vec<&str> = self.sets.keys().map(Asset::as_str).collect();
            let message = format!("{model} has no parameters for {underlying}");
            InputError::new(InputCode::Unsupported, message)
                .hint(format!("it has {}", known.join(", ")))
        })
    }
}

/// Risk arrays in USD, one per underlying.
#[derive(Debug)]
pub struct UnitArrays {
    arrays: BTreeMap<Asset, RiskArray>,
}

/// One unit's scan and what each leg contributes to it.
#[derive(Clone, Debug)]
pub struct UnitScan {
    /// The underlying.
    pub underlying: Asset,
    /// The worst weighted loss.
    pub worst: WorstLoss,
    /// Loss of each leg in the worst scenario, weighted; adds up to the scan. Empty if nothing loses.
    pub contributions: Vec<Contribution>,
}

impl UnitArrays {
    /// Prices the instruments of every underlying that has a grid. An instrument on an underlying
    /// without one is refused in the name of `model`.
    pub fn price(
        model: &str,
        market: &Market,
        ids: &[InstrumentId],
        grids: &Grids,
    ) -> Result<Self, InputError> {
        let mut by_unit: BTreeMap<Asset, Vec<InstrumentId>> = BTreeMap::new();
        // A coin may be held as collateral without any position in it.
        for coin in market.underlyings.keys().filter(|coin| grids.get(coin).is_some()) {
            by_unit.insert(coin.clone(), Vec::new());
        }
        for id in ids {
            let underlying = &market.listing(*id).instrument.underlying;
            grids.require(model, underlying)?;
            by_unit.entry(underlying.clone()).or_default().push(*id);
        }
        let mut arrays = BTreeMap::new();
        for (underlying, ids) in by_unit {
            let set = grids.require(model, &underlying)?;
            arrays.insert(underlying, RiskArray::price(market, ids, set, Measure::Usd)?);
        }
        Ok(Self { arrays })
    }

    /// Scans every unit in which the portfolio holds something.
    pub fn scan(
        &self,
        market: &Market,
        portfolio: &Portfolio,
        cash: &BTreeMap<Asset, Cash>,
    ) -> Result<Vec<UnitScan>, InputError> {
        let unit_of = |holding: &Holding| &market.listing(holding.id).instrument.underlying;
        if portfolio.holdings.iter().any(|holding| !self.arrays.contains_key(unit_of(holding))) {
            return Err(unprepared(market, portfolio));
        }
        let mut scans = Vec::new();
        for (underlying, array) in &self.arrays {
            let positions: Vec<(InstrumentId, f64)> = portfolio
                .holdings
                .iter()
                .filter(|holding| unit_of(holding) == underlying)
                .map(|holding| (holding.id, holding.quantity))
                .collect();
            let coins = cash.get(underlying).map_or(0.0, |cash| cash.credit);
            if positions.is_empty() && coins == 0.0 {
                continue;
            }
            let coins_usd = coins * price_usd(market, underlying)?;
            let mut pnl = array
                .net(positions.iter().copied())
                .ok_or_else(|| unprepared(market, portfolio))?;
            for (pnl, scenario) in pnl.iter_mut().zip(array.scenarios()) {
                *pnl += coins_usd * scenario.spot_move;
            }
            let worst = worst_loss(underlying.as_str(), array.scenarios(), &pnl);
            let contributions = worst.active.map_or_else(Vec::new, |active| {
                let scenario = array.scenarios()[active];
                let mut parts: Vec<Contribution> = positions
                    .iter()
                    .map(|(id, quantity)| Contribution {
                        leg: Leg::Instrument(*id),
                        amount: array
                            .row(*id)
                            .map_or(0.0, |row| -scenario.weight * quantity * row[active]),
                    })
                    .collect();
                if coins != 0.0 {
                    parts.push(Contribution {
                        leg: Leg::Cash(underlying.clone()),
                        amount: -scenario.weight * coins_usd * scenario.spot_move,
                    });
                }
                parts
            });
            scans.push(UnitScan { underlying: underlying.clone(), worst, contributions });
        }
        Ok(scans)
    }
}

/// The refusal of a portfolio whose instruments were not all prepared.
pub fn unprepared(market: &Market, portfolio: &Portfolio) -> InputError {
    let message = format!(
        "portfolio `{}` holds an instrument that was not prepared on market {}",
        portfolio.name, market.id
    );
    InputError::new(InputCode::UnknownInstrument, message)
}
