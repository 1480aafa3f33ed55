//! The answer for one account: every number a user asks for, in the words of the field. Amounts are
//! US dollars unless the name says otherwise.

use std::collections::BTreeMap;

use plimsoll_model::{Asset, Evidence, Timestamp};
use plimsoll_risk::VolMove;
use schemars::JsonSchema;
use serde::Serialize;

use crate::liquidation::LiquidationPrice;
use crate::model::MarginModel;

/// What one account needs under one model, and why.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Assessment {
    /// The account, or the accounts netted as one.
    pub account: String,
    /// The model and its parameters.
    pub model: ModelReport,
    /// The market.
    pub snapshot: SnapshotReport,
    /// What stands against the requirement, after haircuts.
    pub equity: f64,
    /// Value of options and spot held; part of `equity` where the model counts it.
    pub option_value: f64,
    /// Initial margin.
    pub initial_margin: f64,
    /// Maintenance margin.
    pub maintenance_margin: f64,
    /// `equity − initial_margin`.
    pub excess: f64,
    /// Maintenance margin / equity of the pool nearest to liquidation; absent where equity is not
    /// positive.
    pub margin_ratio: Option<f64>,
    /// Whether some pool has less equity than maintenance margin.
    pub under_maintenance: bool,
    /// Sum of the stand-alone requirements of every position and of the collateral.
    pub gross: f64,
    /// The requirement of everything together: `initial_margin` without open orders.
    pub net: f64,
    /// What netting saves.
    pub benefit: Benefit,
    /// Named charges; they add up to `initial_margin`.
    pub components: Vec<ComponentReport>,
    /// Pots of collateral that do not help each other.
    pub pools: Vec<PoolReport>,
    /// The scenario with the largest loss.
    pub worst: Option<ScenarioReport>,
    /// The next largest losses.
    pub runners_up: Vec<ScenarioReport>,
    /// Every scenario.
    pub scenarios: Vec<ScenarioReport>,
    /// Every position.
    pub positions: Vec<PositionReport>,
    /// Every asset held.
    pub collateral: Vec<CollateralReport>,
    /// Net sensitivities by underlying and expiry.
    pub greeks: Vec<GreeksReport>,
    /// How far liquidation is.
    pub distance_to_liquidation: Distance,
    /// Where the price of one coin alone liquidates, position by position.
    pub liquidation_prices: Vec<LiquidationPrice>,
    /// Margin and equity after moves of every price.
    pub ladder: Vec<Rung>,
    /// Leverage.
    pub leverage: Leverage,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// The model and where its parameters come from.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ModelReport {
    /// The id.
    pub id: String,
    /// From when the parameters hold.
    pub effective: String,
    /// Where they were read.
    pub source: String,
    /// How well they are known.
    pub evidence: Evidence,
}

impl ModelReport {
    /// What there is to say about a model.
    pub fn of(model: &dyn MarginModel) -> Self {
        let provenance = model.provenance();
        Self {
            id: model.id().to_owned(),
            effective: provenance.effective.clone(),
            source: provenance.source.clone(),
            evidence: provenance.evidence,
        }
    }
}

/// The market a result is about.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SnapshotReport {
    /// The snapshot's name.
    pub id: String,
    /// Its instant.
    pub time: Timestamp,
}

/// `gross − net`, and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Benefit {
    /// The saving.
    pub amount: f64,
    /// The saving as a percentage of gross; 0 where gross is 0.
    pub percent: f64,
    /// The saving by what offsets what; adds up to `amount`.
    pub breakdown: BenefitBreakdown,
}

/// Savings, each measured by letting one more thing net.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct BenefitBreakdown {
    /// Positions on one underlying and one expiry (or none) against each other.
    pub same_expiry: f64,
    /// Expiries of one underlying against each other, futures among them.
    pub across_expiries: f64,
    /// Underlyings against each other.
    pub across_underlyings: f64,
    /// Positions against the coins held as collateral.
    pub collateral: f64,
}

/// A named charge.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ComponentReport {
    /// The name.
    pub name: String,
    /// Its part of initial margin.
    pub amount: f64,
    /// Its part of maintenance margin.
    pub maintenance: f64,
}

/// One pot of collateral; amounts in its own asset.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PoolReport {
    /// The name.
    pub name: String,
    /// What amounts are counted in.
    pub asset: Asset,
    /// USD per unit.
    pub asset_price: f64,
    /// Equity.
    pub equity: f64,
    /// Initial margin.
    pub initial_margin: f64,
    /// Maintenance margin.
    pub maintenance_margin: f64,
    /// `equity − initial_margin`.
    pub excess: f64,
    /// Named charges.
    pub components: Vec<ComponentReport>,
    /// Named intermediate results.
    pub figures: BTreeMap<String, f64>,
}

/// The loss in one scenario.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ScenarioReport {
    /// The pool.
    pub pool: String,
    /// The risk unit, usually the coin.
    pub unit: String,
    /// The scenario's number within its unit, from 0.
    pub index: usize,
    /// Move of spot and forwards, percent.
    pub spot_move_pct: f64,
    /// What vols do.
    pub vol_move: VolMove,
    /// Days that pass.
    pub days: f64,
    /// Share of the loss that counts.
    pub weight: f64,
    /// Whether it is a far move.
    pub tail: bool,
    /// What happens, where moves of prices and vols do not say it, as in a skew of vols.
    pub label: Option<String>,
    /// Loss before weights and dampeners; negative is a gain.
    pub raw_loss: f64,
    /// Loss as the model counts it.
    pub loss: f64,
    /// The same in the pool's own asset.
    pub loss_in_pool_asset: f64,
}

/// One position and its part in the requirement.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PositionReport {
    /// The instrument.
    pub instrument: String,
    /// Contracts, signed.
    pub quantity: f64,
    /// Mark price: coin for coin-settled options, else quote.
    pub mark_price: f64,
    /// Value of an option or of spot; zero for futures.
    pub value: f64,
    /// Unrealised profit of a future.
    pub unrealised_pnl: f64,
    /// Coins of net delta.
    pub delta: f64,
    /// Euler contribution; contributions and the collateral's add up to `net`.
    pub marginal: f64,
    /// By how much the requirement falls if this position is dropped.
    pub incremental: f64,
    /// The requirement of this position alone.
    pub stand_alone: f64,
}

/// One asset held.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CollateralReport {
    /// The asset.
    pub asset: Asset,
    /// Balance.
    pub balance: f64,
    /// USD per unit.
    pub price: f64,
    /// Balance in USD before any haircut.
    pub value: f64,
    /// Euler contribution of the asset's own price risk to `net`.
    pub marginal: f64,
}

/// Net sensitivities of one underlying and expiry.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct GreeksReport {
    /// The coin.
    pub underlying: Asset,
    /// The expiry; absent for spot, perpetuals and coins held.
    pub expiry: Option<Timestamp>,
    /// Coins.
    pub delta: f64,
    /// Coins, as an account kept in the coin sees it.
    pub premium_adjusted_delta: f64,
    /// USD per 1 % move of spot.
    pub delta_1pct: f64,
    /// Change of `delta_1pct` for a 1 % move of spot.
    pub gamma_1pct: f64,
    /// USD per vol point.
    pub vega: f64,
    /// USD per day.
    pub theta: f64,
    /// USD per 1 % of rate.
    pub rho: f64,
    /// Coins of delta per vol point.
    pub vanna: f64,
    /// USD of vega per vol point.
    pub volga: f64,
}

/// The smallest moves that bring equity down to maintenance margin, in percent; absent: none found
/// within the searched range.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Distance {
    /// Rise of every price.
    pub up_move_pct: Option<f64>,
    /// Fall of every price, as a negative number.
    pub down_move_pct: Option<f64>,
    /// Relative rise of every vol.
    pub vol_up_pct: Option<f64>,
    /// Relative fall of every vol, as a negative number.
    pub vol_down_pct: Option<f64>,
    /// The nearest joint move of prices and vols.
    pub joint: Option<JointMove>,
}

/// A joint move, measured in standard deviations of one day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct JointMove {
    /// Move of every price, percent.
    pub spot_move_pct: f64,
    /// Relative move of every vol, percent.
    pub vol_move_pct: f64,
    /// Length in daily standard deviations of spot and vol, taken as independent.
    pub standard_deviations: f64,
    /// One standard deviation of spot, percent per day.
    pub spot_sd_pct: f64,
    /// One standard deviation of vol, percent per day.
    pub vol_sd_pct: f64,
}

/// Margin and equity after every price has moved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Rung {
    /// The move, percent.
    pub move_pct: f64,
    /// Equity there.
    pub equity: f64,
    /// Initial margin there.
    pub initial_margin: f64,
    /// Maintenance margin there.
    pub maintenance_margin: f64,
    /// Whether some pool is under maintenance there.
    pub under_maintenance: bool,
}

/// Leverage.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Leverage {
    /// Σ |contracts| × coins × index.
    pub gross_notional: f64,
    /// Gross notional / equity; absent where equity is not positive.
    pub effective: Option<f64>,
    /// Gross notional / initial margin; absent where nothing is required.
    pub gearing: Option<f64>,
    /// Equity lost in the worst scenario as a percentage of equity; absent where equity is not
    /// positive or the model has no scenario table.
    pub worst_loss_pct_of_equity: Option<f64>,
}

/// P&L, equity and the liquidation line over moves of price and vol.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Surface {
    /// Moves of every price, percent; columns.
    pub spot_moves_pct: Vec<f64>,
    /// Relative moves of every vol, percent; rows.
    pub vol_moves_pct: Vec<f64>,
    /// Change of equity, row by row.
    pub pnl: Vec<Vec<f64>>,
    /// Equity.
    pub equity: Vec<Vec<f64>>,
    /// Least equity − maintenance margin over the pools; liquidation where it is negative.
    pub maintenance_excess: Vec<Vec<f64>>,
}

/// One line of a comparison: the headline numbers of one account under one model.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Summary {
    /// The account.
    pub account: String,
    /// The model and its parameters.
    pub model: ModelReport,
    /// Equity after haircuts.
    pub equity: f64,
    /// Initial margin.
    pub initial_margin: f64,
    /// Maintenance margin.
    pub maintenance_margin: f64,
    /// `equity − initial_margin`.
    pub excess: f64,
    /// As in [`Assessment`].
    pub margin_ratio: Option<f64>,
    /// As in [`Assessment`].
    pub under_maintenance: bool,
    /// As in [`Assessment`].
    pub components: Vec<ComponentReport>,
    /// As in [`Assessment`].
    pub gross: f64,
    /// As in [`Assessment`].
    pub net: f64,
    /// As in [`Assessment`].
    pub benefit: Benefit,
    /// As in [`Assessment`].
    pub worst: Option<ScenarioReport>,
    /// As in [`Distance`].
    pub up_move_pct: Option<f64>,
    /// As in [`Distance`].
    pub down_move_pct: Option<f64>,
    /// As in [`Assessment`].
    pub notes: Vec<String>,
}
