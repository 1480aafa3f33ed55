//! The interface of every margin model: parameters in, priced once per snapshot, then one
//! requirement per portfolio.

use std::collections::BTreeMap;
use std::fmt::Debug;

use plimsoll_model::error::InputError;
use plimsoll_model::{Asset, InstrumentId, Market, Portfolio, Provenance};
use plimsoll_risk::Scenario;

use crate::liquidation::ClosedForm;

/// A margin model with its parameters.
pub trait MarginModel: Debug + Send + Sync {
    /// The stable id, for example `deribit-spm`.
    fn id(&self) -> &str;

    /// Where the parameters come from.
    fn provenance(&self) -> &Provenance;

    /// Prices whatever the model needs of these instruments, once, for any number of portfolios.
    ///
    /// Fails naming the instrument that cannot be valued or that the model does not margin.
    fn prepare<'a>(
        &'a self,
        market: &'a Market,
        ids: &[InstrumentId],
    ) -> Result<Box<dyn Prepared + 'a>, InputError>;
}

/// A model with one snapshot priced.
pub trait Prepared {
    /// What the portfolio needs. All its instruments must have been prepared. Open orders are not
    /// looked at here; [`crate::trade::with_orders`] adds them.
    fn requirement(&self, portfolio: &Portfolio) -> Result<Requirement, InputError>;

    /// What the portfolio needs with its open orders, where the venue has a rule of its own for them.
    /// `None`: [`crate::trade::with_orders`] charges the worst fill.
    fn requirement_with_orders(
        &self,
        _portfolio: &Portfolio,
    ) -> Option<Result<Requirement, InputError>> {
        None
    }

    /// Where the price of one position alone liquidates, if the rule has a formula for it. `None`:
    /// [`crate::liquidation`] searches.
    fn liquidation_price(
        &self,
        _portfolio: &Portfolio,
        _id: InstrumentId,
    ) -> Result<Option<ClosedForm>, InputError> {
        Ok(None)
    }
}

/// What a portfolio needs, pool by pool.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Requirement {
    /// Pots of collateral that do not help each other: one for a cross-margin model, one per
    /// settlement currency for a segregated one.
    pub pools: Vec<Pool>,
    /// What the reader should know: credit refused, a fallback taken.
    pub notes: Vec<String>,
}

/// One pot of collateral with the requirement on it. Amounts are in the pool's asset.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// The name: the settlement currency, or `account`.
    pub name: String,
    /// What amounts are counted in.
    pub asset: Asset,
    /// USD per unit of that asset.
    pub asset_price_usd: f64,
    /// What stands against the requirement, after haircuts.
    pub equity: f64,
    /// Named charges; they add up to the requirement.
    pub components: Vec<Component>,
    /// The scenario tables behind the scan components, one per risk unit.
    pub units: Vec<Unit>,
    /// Named intermediate results, in the pool's asset unless the name says otherwise.
    pub figures: BTreeMap<String, f64>,
}

/// A named charge.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// The name, for example `scan`, `roll`, `min_delta`.
    pub name: &'static str,
    /// Its part of the initial margin.
    pub initial: f64,
    /// Its part of the maintenance margin.
    pub maintenance: f64,
    /// How much of `initial` each leg accounts for; adds up to `initial`.
    pub contributions: Vec<Contribution>,
}

/// Part of a component that one leg accounts for.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution {
    /// Which leg.
    pub leg: Leg,
    /// Its part of the component's initial margin.
    pub amount: f64,
}

/// Something in a portfolio that carries risk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Leg {
    /// A position.
    Instrument(InstrumentId),
    /// Assets held, with the unrealised profit paid in them.
    Cash(Asset),
}

/// The scenarios of one risk unit (usually one underlying).
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// The name, usually the coin.
    pub name: String,
    /// Scenario and weighted loss (positive: the portfolio loses), in the order of the parameters.
    pub losses: Vec<ScenarioLoss>,
}

/// The loss in one scenario, in the pool's asset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScenarioLoss {
    /// The state.
    pub scenario: Scenario,
    /// Loss before the weight.
    pub raw_loss: f64,
    /// Loss as the model counts it: after weight, offsets and dampeners.
    pub loss: f64,
    /// What happens, where `scenario` cannot say it.
    pub label: Option<&'static str>,
}

impl Component {
    /// A component whose maintenance part is a fixed share of the initial one.
    pub fn scaled(
        name: &'static str,
        initial: f64,
        maintenance_share: f64,
        contributions: Vec<Contribution>,
    ) -> Self {
        Self { name, initial, maintenance: initial * maintenance_share, contributions }
    }
}

impl Pool {
    /// Initial margin: the sum of the components.
    pub fn initial_margin(&self) -> f64 {
        self.components.iter().map(|component| component.initial).sum()
    }

    /// Maintenance margin: the sum of the components.
    pub fn maintenance_margin(&self) -> f64 {
        self.components.iter().map(|component| component.maintenance).sum()
    }

    /// Whether anything stands in it or is required of it.
    pub fn has_stake(&self) -> bool {
        self.equity != 0.0 || self.maintenance_margin() != 0.0
    }

    /// Equity above maintenance, in the pool's asset; negative: liquidation.
    pub fn maintenance_excess(&self) -> f64 {
        self.equity - self.maintenance_margin()
    }
}

impl Unit {
    /// The scenario with the largest loss; the first of equals.
    pub fn worst(&self) -> Option<(usize, &ScenarioLoss)> {
        let mut worst: Option<(usize, &ScenarioLoss)> = None;
        for (index, loss) in self.losses.iter().enumerate() {
            if worst.is_none_or(|(_, most)| loss.loss > most.loss) {
                worst = Some((index, loss));
            }
        }
        worst
    }
}

impl Requirement {
    /// Initial margin of all pools in USD.
    pub fn initial_margin_usd(&self) -> f64 {
        self.pools.iter().map(|pool| pool.initial_margin() * pool.asset_price_usd).sum()
    }

    /// Maintenance margin of all pools in USD.
    pub fn maintenance_margin_usd(&self) -> f64 {
        self.pools.iter().map(|pool| pool.maintenance_margin() * pool.asset_price_usd).sum()
    }

    /// Equity of all pools in USD.
    pub fn equity_usd(&self) -> f64 {
        self.pools.iter().map(|pool| pool.equity * pool.asset_price_usd).sum()
    }

    /// Whether some pool is below its maintenance margin.
    pub fn under_maintenance(&self) -> bool {
        self.pools.iter().any(|pool| pool.maintenance_excess() < 0.0)
    }

    /// The largest maintenance margin / equity over the pools that require anything; infinite where
    /// a pool requires margin and has no equity.
    pub fn margin_ratio(&self) -> f64 {
        let ratios = self.pools.iter().map(|pool| {
            let maintenance = pool.maintenance_margin();
            if maintenance <= 0.0 {
                if pool.equity < 0.0 { f64::INFINITY } else { 0.0 }
            } else if pool.equity <= 0.0 {
                f64::INFINITY
            } else {
                maintenance / pool.equity
            }
        });
        ratios.fold(0.0, f64::max)
    }
}
