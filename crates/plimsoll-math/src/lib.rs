//! Deterministic numerics: the same input gives the same bits on every machine.
//!
//! Here belong elementary functions ([`float`]), their branch-free forms for vectorised loops
//! ([`lane`]), the Mills ratio and the normal law ([`mills`], [`normal`]), compensated sums
//! ([`sum`]) and root finding ([`root`]). Nothing here knows finance, reads a clock, a file or the
//! environment, or allocates in proportion to its input.

pub mod float;
pub mod instructions;
pub mod lane;
pub mod mills;
pub mod normal;
pub mod root;
pub mod sum;

pub use instructions::InstructionSet;
