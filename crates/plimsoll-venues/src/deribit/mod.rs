//! Deribit: option chains as collectors record them, and what its contracts hold.

pub mod chain;
pub mod contracts;
