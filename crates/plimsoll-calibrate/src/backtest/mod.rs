//! Back-tests: replaying history with what was known at the time, and judging what came of it.
//!
//! [`replay`] runs methods through a panel of factor returns, [`chains`] runs them and every margin
//! model through real snapshots, on the books of [`books`], with the profits of [`marks`]. A
//! method's margin is read off a [`law`]; [`verdict`] judges a track: [`coverage`] counts exceptions,
//! [`duration`] looks at the time between them, [`shortfall`] at their size.

pub mod books;
pub mod chains;
pub mod coverage;
pub mod duration;
pub mod law;
pub mod lineup;
pub mod marks;
pub mod replay;
pub mod shortfall;
pub mod verdict;
