//! Back-tests: replaying history with what was known at the time, and judging what came of it.
//!
//! [`replay`] runs a model through history, [`coverage`] counts exceptions, [`duration`] looks at the
//! time between them, [`shortfall`] at their size.

pub mod coverage;
pub mod duration;
pub mod replay;
pub mod shortfall;
