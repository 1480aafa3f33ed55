//! Sobol sequences with Joe and Kuo's direction numbers, randomised by a digital shift.
//!
//! Source of the numbers: S. Joe and F. Y. Kuo, *Constructing Sobol sequences with better
//! two-dimensional projections*, SIAM J. Sci. Comput. 30 (2008), set `new-joe-kuo-6.21201`, the first
//! 256 dimensions; one line `s a m₁ … m_s` for each dimension from the second.

use crate::rng::{Stream, to_unit};

const TABLE: &str = include_str!("sobol_joe_kuo.txt");

/// Dimensions in the table.
pub const MAX_DIMENSIONS: usize = 256;

/// Points before the sequence of 32-bit numbers repeats.
const BITS: usize = 32;

/// A point set in the unit cube. Point `i` is computed on its own, so any thread may draw any point.
#[derive(Clone, Debug)]
pub struct Sobol {
    directions: Vec<[u32; BITS]>,
    shifts: Vec<u64>,
}

impl Sobol {
    /// The sequence in `dimensions` dimensions, shifted by random bits of `seed`: each point set is
    /// uniform on the cube, so the spread over seeds measures the error. `None` above
    /// [`MAX_DIMENSIONS`].
    #[must_use]
    pub fn new(dimensions: usize, seed: u64) -> Option<Self> {
        if dimensions > MAX_DIMENSIONS {
            return None;
        }
        let first = std::iter::once(van_der_corput());
        let rest = TABLE.lines().map(direction_numbers);
        let directions = first.chain(rest).take(dimensions).collect();
        let mut stream = Stream::new(seed, u64::MAX);
        Some(Self { directions, shifts: (0..dimensions).map(|_| stream.bits()).collect() })
    }

    /// The sequence without a shift, as published; its point 0 is the origin, moved half a cell of
    /// 2⁻⁵³ inwards.
    #[must_use]
    pub fn unshifted(dimensions: usize) -> Option<Self> {
        let mut sobol = Self::new(dimensions, 0)?;
        sobol.shifts.fill(0);
        Some(sobol)
    }

    /// Writes point `index` (in Gray-code order) to `point`, one number in (0, 1) per dimension.
    pub fn point(&self, index: u32, point: &mut [f64]) {
        let gray = index ^ (index >> 1);
        for ((x, directions), shift) in point.iter_mut().zip(&self.directions).zip(&self.shifts) {
            let mut bits = 0;
            let mut left = gray;
            while left != 0 {
                bits ^= directions[left.trailing_zeros() as usize];
                left &= left - 1;
            }
            *x = to_unit((u64::from(bits) << 32) ^ shift);
        }
    }
}

fn van_der_corput() -> [u32; BITS] {
    std::array::from_fn(|bit| 1 << (BITS - 1 - bit))
}

/// `v_i = m_i·2^{32−i}` for `i ≤ s`, then Bratley and Fox's recurrence over the primitive polynomial
/// with coefficients `a`.
fn direction_numbers(line: &str) -> [u32; BITS] {
    let numbers: Vec<u32> = line.split(' ').filter_map(|number| number.parse().ok()).collect();
    let mut v = [0; BITS];
    let [degree, coefficients, initial @ ..] = numbers.as_slice() else { return v };
    let degree = *degree as usize;
    for (bit, m) in initial.iter().enumerate() {
        v[bit] = m << (BITS - 1 - bit);
    }
    for bit in degree..BITS {
        v[bit] = v[bit - degree] ^ (v[bit - degree] >> degree);
        for k in 1..degree {
            if (coefficients >> (degree - 1 - k)) & 1 == 1 {
                v[bit] ^= v[bit - k];
            }
        }
    }
    v
}
