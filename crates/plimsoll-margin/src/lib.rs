//! Margin: what collateral a portfolio's net risk needs, why, and how far it is from liquidation.
//!
//! The spine reads downwards: a [`model::MarginModel`] prices a snapshot into risk arrays, a
//! [`model::Prepared`] takes a functional of a portfolio's net vector, and [`mod@assess`] explains the
//! result (gross, net, benefit, contributions, distances), always by asking the same model again.
//! Formulas for the value of one instrument belong to `plimsoll-pricing`, scenarios to
//! `plimsoll-risk`, file formats to `plimsoll-model`.

pub mod assess;
pub mod collateral;
pub mod cross;
pub mod distance;
pub mod exposure;
pub mod functional;
pub mod governance;
pub mod liquidation;
pub mod model;
pub mod models;
pub mod netting;
pub mod report;
pub mod tiers;
pub mod trade;

pub use assess::{assess, compare_row, surface};
pub use model::{
    Component, Contribution, Leg, MarginModel, Pool, Prepared, Requirement, ScenarioLoss, Unit,
};
