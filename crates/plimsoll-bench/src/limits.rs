//! What one core can do at most, measured in the run whose results are compared with it.

use std::hint::black_box;

use plimsoll_math::{InstructionSet, kernel, lane};

/// Chains of multiply-adds in flight: enough to hide their latency at any width.
const CHAINS: usize = 96;
const STEPS: usize = 512;

/// Multiply-adds of one run of [`fma_peak`].
pub const FMA_PER_RUN: f64 = (CHAINS * STEPS) as f64;

/// One run of independent chains of `x ← x·a + b`.
pub fn fma_peak(instructions: InstructionSet) {
    let mut chains = [1.0; CHAINS];
    fma_chains(instructions, &mut chains, black_box(0.999), black_box(0.001));
    black_box(&chains);
}

kernel! {
    fn fma_chains(chains: &mut [f64; CHAINS], a: f64, b: f64) = fma_chains_formula;
}

#[inline(always)]
fn fma_chains_formula<const FMA: bool>(chains: &mut [f64; CHAINS], a: f64, b: f64) {
    // What the registers of the narrowest set hold.
    for block in chains.as_chunks_mut::<48>().0 {
        let mut x = *block;
        for _ in 0..STEPS {
            for x in &mut x {
                *x = lane::mul_add::<FMA>(*x, a, b);
            }
        }
        *block = x;
    }
}

/// Bytes read by one run of [`L2Read`]: larger than first-level caches, smaller than second-level ones.
pub const L2_BYTES: usize = 384 * 1024;

/// Reads memory that fits the second-level cache.
pub struct L2Read {
    cells: Vec<f64>,
}

impl Default for L2Read {
    fn default() -> Self {
        Self { cells: vec![1.0; L2_BYTES / size_of::<f64>() + 8] }
    }
}

impl L2Read {
    /// One pass over the memory.
    pub fn run(&self, instructions: InstructionSet) {
        let start = self.cells.as_ptr().align_offset(64).min(8);
        let mut sum = 0.0;
        let cells = &self.cells[start..start + L2_BYTES / size_of::<f64>()];
        read(instructions, cells, &mut sum);
        black_box(sum);
    }
}

kernel! {
    fn read(cells: &[f64], sum: &mut f64) = read_formula;
}

/// Sums in 64 independent chains, so that loads are the only limit.
#[inline(always)]
fn read_formula<const FMA: bool>(cells: &[f64], sum: &mut f64) {
    let mut sums = [0.0; 64];
    for block in cells.as_chunks::<64>().0 {
        for (sum, cell) in sums.iter_mut().zip(block) {
            *sum += cell;
        }
    }
    *sum = sums.iter().sum();
}
