//! Deterministic numerics: the same input gives the same bits on every machine.
//!
//! Here belong elementary functions ([`float`]), their branch-free forms for vectorised loops
//! ([`lane`]), the Mills ratio and the normal law ([`mills`], [`normal`]), Student's t and chi-squared
//! ([`special`]), compensated sums ([`sum`]), moments and quantiles of samples ([`moments`],
//! [`quantile`]), roots and minima ([`root`], [`optimise`]), small dense matrices ([`linalg`]) and
//! seeded draws ([`rng`], [`sobol`]). Nothing here knows finance or reads a clock, a file or the
//! environment.

pub mod float;
pub mod instructions;
pub mod lane;
pub mod linalg;
pub mod mills;
pub mod moments;
pub mod normal;
pub mod optimise;
pub mod quantile;
pub mod rng;
pub mod root;
pub mod sobol;
pub mod special;
pub mod sum;

pub use instructions::InstructionSet;
