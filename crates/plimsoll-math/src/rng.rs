//! Random numbers that are the same on every machine and in every order of evaluation.
//!
//! A [`Stream`] is named by a seed and a number (usually the path), and depends on nothing else: paths
//! may be drawn by any number of threads in any order. [`ParkMiller`] is not for simulation; it makes
//! data sets that anyone can rebuild with integer arithmetic.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::{normal, special};

/// Independent draws named by `(seed, number)`: ChaCha with 8 rounds, one stream each.
#[derive(Clone, Debug)]
pub struct Stream {
    rng: ChaCha8Rng,
}

impl Stream {
    /// The stream `number` of a seed.
    #[must_use]
    pub fn new(seed: u64, number: u64) -> Self {
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(number);
        Self { rng }
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.rng.next_u64()
    }

    /// Uniform on the open interval (0, 1): the midpoints of 2⁵³ equal cells.
    pub fn uniform(&mut self) -> f64 {
        to_unit(self.bits())
    }

    /// Standard normal, by inversion.
    pub fn normal(&mut self) -> f64 {
        normal::inv_cdf(self.uniform())
    }

    /// Chi-squared with `dof` degrees of freedom, by inversion.
    pub fn chi_squared(&mut self, dof: f64) -> f64 {
        special::chi_squared_inv_cdf(self.uniform(), dof)
    }
}

/// The middle of the cell that the top 53 bits name.
pub(crate) fn to_unit(bits: u64) -> f64 {
    // Both conversions are exact, and so is the scaling by a power of two.
    ((bits >> 11) as f64 + 0.5) * (1.0 / (1_u64 << 53) as f64)
}

/// Park and Miller's "minimal standard" generator: `x ← 16807·x mod (2³¹ − 1)`, `u = x/(2³¹ − 1)`.
///
/// Integer arithmetic only, so a data set made with it can be rebuilt in any language and needs no
/// file. Its quality is poor by today's measure: for examples and tests.
#[derive(Clone, Copy, Debug)]
pub struct ParkMiller {
    state: u64,
}

const MERSENNE_31: u64 = (1 << 31) - 1;

impl ParkMiller {
    /// Starts after `seed`.
    #[must_use]
    pub fn new(seed: u32) -> Self {
        Self { state: u64::from(seed) }
    }

    /// The next uniform.
    pub fn uniform(&mut self) -> f64 {
        self.state = 16_807 * self.state % MERSENNE_31;
        self.state as f64 / MERSENNE_31 as f64
    }
}

/// `0.02·(u₁ − u₂)/(0.25 + u₃)`: symmetric, with fatter tails than the normal, about 1.4 % wide.
fn heavy_tailed(draws: &mut ParkMiller) -> f64 {
    let [u1, u2, u3] = [draws.uniform(), draws.uniform(), draws.uniform()];
    0.02 * (u1 - u2) / (0.25 + u3)
}

/// The reference series: `count` heavy-tailed returns from [`ParkMiller`] seed 20261122.
#[must_use]
pub fn reference_returns(count: usize) -> Vec<f64> {
    let mut draws = ParkMiller::new(20_261_122);
    (0..count).map(|_| heavy_tailed(&mut draws)).collect()
}

/// The reference panel: `count` rows of three returns `β_j·c + s_j·0.02·(v₁ − v₂)` with a common
/// heavy-tailed factor `c`, β = (1, 1.2, 0.6), s = (0.3, 0.5, 1), from [`ParkMiller`] seed 7.
#[must_use]
pub fn reference_panel(count: usize) -> Vec<[f64; 3]> {
    let mut draws = ParkMiller::new(7);
    let mut row = || {
        let common = heavy_tailed(&mut draws);
        [(1.0, 0.3), (1.2, 0.5), (0.6, 1.0)].map(|(beta, own)| {
            let [v1, v2] = [draws.uniform(), draws.uniform()];
            beta * common + own * 0.02 * (v1 - v2)
        })
    };
    (0..count).map(|_| row()).collect()
}
