//! What the benchmarks share: fixed workloads ([`workload`]), what the machine can do at most in the
//! same run ([`limits`]), and fair timing on a busy machine ([`rounds`]), and the
//! main measurements ([`suite`]). The `plimsoll bench`
//! command, the comparison with other libraries and the instruction counts are built on it. No
//! library crate depends on it, and no result does.

pub mod limits;
pub mod rounds;
pub mod suite;
pub mod workload;
