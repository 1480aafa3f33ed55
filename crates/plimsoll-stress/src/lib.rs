//! The risk report on a book, beyond what it is margined at: what could it lose over an hour, a day,
//! ten days, and how sure is that; what do past and imagined crises cost it; which move breaks it;
//! how long would it take to get out.
//!
//! Everything here asks the same risk arrays and the same margin models as everybody else, on moved
//! markets or over joint scenarios; there is no second price and no second margin. What belongs
//! elsewhere: margin models (`plimsoll-margin`), estimating scenarios (`plimsoll-calibrate`).

pub mod concentration;
pub mod library;
pub mod liquidity;
pub mod losses;
pub mod report;
pub mod reverse;
pub mod tails;

pub use library::StressLibrary;
pub use report::{RiskReport, Scenarios, Settings, risk_report, steps};
