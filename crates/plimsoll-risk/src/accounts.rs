//! The worst loss of many accounts at once, and of one account quickly.
//!
//! ```text
//! pnl[s] = Σ quantity·row[s]        one account: its positions in the order given
//! worst  = max(0, max_s −weight[s]·pnl[s]), at the first scenario that attains it
//! ```
//!
//! An account is summed in registers, a tile of some lines of every row at a time, and only its
//! worst loss is kept: no profit and loss is ever written to memory. If a row is longer than a tile,
//! the tile of all rows is first copied together, so that it stays in the second-level cache while
//! all accounts pass over it. The order of operations per scenario is that of [`RiskArray::net`],
//! so results equal it bit for bit, whatever the tiles, the instructions (AVX2 or AVX-512) or the
//! number of threads.

use plimsoll_math::InstructionSet;
use plimsoll_math::instructions::Level;
use plimsoll_model::InstrumentId;
use pulp::{Simd, WithSimd};
use thiserror::Error;

use crate::array::RiskArray;
use crate::parallel;
use crate::rows::{AlignedRows, LANES};

/// The worst weighted loss over scenarios.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Worst {
    /// `max(0, max_s −weight[s]·pnl[s])`
    pub loss: f64,
    /// The first scenario that attains it; `None` where nothing loses.
    pub scenario: Option<u32>,
}

/// Why accounts and a risk array do not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AccountsError {
    /// An account holds an instrument that has no row.
    #[error("account {account} holds instrument {}, which has no row in the risk array", id.0)]
    NoRow {
        /// place of the account
        account: usize,
        /// what it holds
        id: InstrumentId,
    },
    /// The accounts were bound to another risk array.
    #[error("the accounts were bound to a risk array of other instruments")]
    OtherArray,
    /// More positions than a 32-bit offset counts.
    #[error("more than {} positions", u32::MAX)]
    TooMany,
}

/// Positions of many accounts, as compressed rows.
#[derive(Clone, Debug)]
pub struct Accounts {
    instruments: Vec<InstrumentId>,
    /// account `a` holds positions `offsets[a]..offsets[a + 1]`
    offsets: Vec<u32>,
    rows: Vec<u32>,
    quantities: Vec<f64>,
}

impl Accounts {
    /// Binds accounts, each a list of instruments and signed contracts, to the rows of a risk array
    /// and of every other risk array of the same instruments.
    pub fn bind<A>(
        array: &RiskArray,
        accounts: impl IntoIterator<Item = A>,
    ) -> Result<Self, AccountsError>
    where
        A: IntoIterator<Item = (InstrumentId, f64)>,
    {
        let mut bound = Self {
            instruments: array.ids().to_vec(),
            offsets: vec![0],
            rows: Vec::new(),
            quantities: Vec::new(),
        };
        for (account, positions) in accounts.into_iter().enumerate() {
            for (id, quantity) in positions {
                let row = array.position(id).ok_or(AccountsError::NoRow { account, id })?;
                bound.rows.push(row as u32);
                bound.quantities.push(quantity);
            }
            let end = u32::try_from(bound.rows.len()).map_err(|_| AccountsError::TooMany)?;
            bound.offsets.push(end);
        }
        Ok(bound)
    }

    /// Number of accounts.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of positions over all accounts.
    pub fn positions(&self) -> usize {
        self.rows.len()
    }

    /// The worst loss of every account, in their order.
    pub fn worst_losses(&self, array: &RiskArray) -> Result<Vec<Worst>, AccountsError> {
        if self.instruments != array.ids() {
            return Err(AccountsError::OtherArray);
        }
        let mut worst = vec![Worst::default(); self.len()];
        let book = Book { rows: &self.rows, quantities: &self.quantities };
        for_tiles(array, self.positions(), |tile| {
            let pieces = worst.chunks_mut(ACCOUNTS_PER_PIECE).enumerate().map(|(piece, worst)| {
                let from = piece * ACCOUNTS_PER_PIECE;
                Pass { tile, offsets: &self.offsets[from..=from + worst.len()], book, worst }
            });
            parallel::for_each(pieces, || (), |(), pass| dispatch(array.instructions(), pass));
        });
        Ok(worst)
    }
}

impl RiskArray {
    /// The worst loss of one account, from rows at [`RiskArray::position`]s; positions without a row
    /// are the caller's error and are named by `None`.
    pub fn worst(&self, rows: &[u32], quantities: &[f64]) -> Option<Worst> {
        if rows.len() != quantities.len()
            || rows.iter().any(|row| *row as usize >= self.ids().len())
        {
            return None;
        }
        let mut worst = [Worst::default()];
        let book = Book { rows, quantities };
        for_tiles(self, 1, |tile| {
            let offsets = [0, rows.len() as u32];
            let pass = Pass { tile, offsets: &offsets, book, worst: &mut worst };
            dispatch(self.instructions(), pass);
        });
        Some(worst[0])
    }
}

/// One account's profit and loss per scenario, kept between fills.
#[derive(Clone, Debug)]
pub struct NetVector {
    /// with the padding columns, where nothing is gained or lost
    pnl: AlignedRows,
}

impl RiskArray {
    /// The net vector of an account without positions.
    pub fn net_vector(&self) -> NetVector {
        NetVector { pnl: AlignedRows::zeroed(1, self.shocks().columns()) }
    }
}

impl NetVector {
    /// Adds `quantity` contracts of the instrument at a [`RiskArray::position`] and takes the worst
    /// loss; `None`, and nothing is added, if the array has no such row or other scenarios.
    pub fn fill(&mut self, array: &RiskArray, row: usize, quantity: f64) -> Option<Worst> {
        let rows = array.rows();
        if row >= array.ids().len() || self.pnl.stride() != rows.stride() {
            return None;
        }
        let mut worst = [Worst::default()];
        let fill = Fill {
            pnl: self.pnl.rows_mut().next()?,
            row: rows.row(row),
            quantity,
            weights: &array.shocks().weight,
            worst: &mut worst[0],
        };
        dispatch(array.instructions(), fill);
        Some(worst[0])
    }

    /// Profit and loss per scenario of the array that was filled from.
    pub fn pnl<'a>(&'a self, array: &RiskArray) -> &'a [f64] {
        let columns = array.scenarios().len().min(self.pnl.stride());
        &self.pnl.row(0)[..columns]
    }
}

#[derive(Clone, Copy)]
struct Book<'a> {
    rows: &'a [u32],
    quantities: &'a [f64],
}

/// Some neighbouring columns of every row, as whole lines.
struct Tile<'a> {
    /// cells of all rows; row `r` has its tile from `r·stride` on
    cells: &'a [f64],
    stride: usize,
    weights: &'a [f64],
    /// the scenario of its first column
    first: usize,
}

/// Accounts that a thread takes at a time.
const ACCOUNTS_PER_PIECE: usize = 4096;

/// From so many positions per row on it pays to copy a tile of all rows together.
const POSITIONS_PER_ROW: usize = 4;

fn for_tiles(array: &RiskArray, positions: usize, mut each: impl FnMut(&Tile<'_>)) {
    let rows = array.rows();
    let (cells, weights, stride) = (rows.cells(), &array.shocks().weight, rows.stride());
    let lines = stride / LANES;
    let tiles = lines.div_ceil(lines_per_tile(array.instructions()));
    let together = tiles > 1 && positions >= POSITIONS_PER_ROW * array.ids().len();
    for tile in 0..tiles {
        // As equal as whole lines allow.
        let [from, to] = [tile, tile + 1].map(|tile| tile * lines / tiles * LANES);
        let weights = &weights[from..to];
        if together {
            let mut copy = AlignedRows::zeroed(array.ids().len(), to - from);
            for (copy, row) in copy.rows_mut().zip(cells.chunks_exact(stride)) {
                copy.copy_from_slice(&row[from..to]);
            }
            each(&Tile { cells: copy.cells(), stride: to - from, weights, first: from });
        } else {
            let cells = cells.get(from..).unwrap_or_default();
            each(&Tile { cells, stride, weights, first: from });
        }
    }
}

/// Lines of a tile: as many sums as the registers hold beside what else is needed, and all rows of a
/// thousand instruments within half a mebibyte.
fn lines_per_tile(instructions: InstructionSet) -> usize {
    match instructions.level() {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => 8,
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => 6,
        Level::Baseline => 1,
    }
}

/// Raises the worst loss of every account to the worst within a tile.
struct Pass<'a> {
    tile: &'a Tile<'a>,
    offsets: &'a [u32],
    book: Book<'a>,
    worst: &'a mut [Worst],
}

/// The one place where these kernels are dispatched.
fn dispatch(instructions: InstructionSet, kernel: impl WithSimd) {
    match instructions.level() {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => {
            if let Some(simd) = pulp::x86::V4::try_new() {
                Simd::vectorize(simd, kernel);
            }
        }
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => {
            if let Some(simd) = pulp::x86::V3::try_new() {
                Simd::vectorize(simd, kernel);
            }
        }
        Level::Baseline => {
            kernel.with_simd(pulp::Scalar::new());
        }
    }
}

impl WithSimd for Pass<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.tile.weights.len() / S::F64_LANES {
            1 => self.registers::<S, 1>(simd),
            2 => self.registers::<S, 2>(simd),
            3 => self.registers::<S, 3>(simd),
            4 => self.registers::<S, 4>(simd),
            5 => self.registers::<S, 5>(simd),
            6 => self.registers::<S, 6>(simd),
            7 => self.registers::<S, 7>(simd),
            8 => self.registers::<S, 8>(simd),
            10 => self.registers::<S, 10>(simd),
            12 => self.registers::<S, 12>(simd),
            vectors => unreachable!("{vectors} vectors in a tile"),
        }
    }
}

impl Pass<'_> {
    /// With the sums of an account in `R` registers.
    #[inline(always)]
    fn registers<S: Simd, const R: usize>(self, simd: S) {
        let Tile { cells, stride, weights, first } = *self.tile;
        let weights: [S::f64s; R] = vectors(S::as_simd_f64s(weights).0);
        for (bounds, worst) in self.offsets.windows(2).zip(self.worst) {
            let positions = bounds[0] as usize..bounds[1] as usize;
            let rows = &self.book.rows[positions.clone()];
            let quantities = &self.book.quantities[positions];
            let mut pnl = [simd.splat_f64s(0.0); R];
            for (row, quantity) in rows.iter().zip(quantities) {
                let quantity = simd.splat_f64s(*quantity);
                let from = *row as usize * stride;
                let row: [S::f64s; R] = vectors(S::as_simd_f64s(&cells[from..]).0);
                for (pnl, cells) in pnl.iter_mut().zip(row) {
                    *pnl = mul_add(simd, quantity, cells, *pnl);
                }
            }
            let mut running = RunningWorst::new(simd);
            for r in 0..R {
                running.vector(simd, r, weights[r], pnl[r]);
            }
            running.raise(simd, worst, first);
        }
    }
}

/// Adds a row to a net vector and takes its worst loss.
struct Fill<'a> {
    pnl: &'a mut [f64],
    row: &'a [f64],
    quantity: f64,
    weights: &'a [f64],
    worst: &'a mut Worst,
}

impl WithSimd for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let quantity = simd.splat_f64s(self.quantity);
        let pnl = S::as_mut_simd_f64s(self.pnl).0.iter_mut();
        let rows = S::as_simd_f64s(self.row).0.iter().zip(S::as_simd_f64s(self.weights).0);
        let mut running = RunningWorst::new(simd);
        for (vector, (pnl, (row, weights))) in pnl.zip(rows).enumerate() {
            *pnl = mul_add(simd, quantity, *row, *pnl);
            running.vector(simd, vector, *weights, *pnl);
        }
        running.raise(simd, self.worst, 0);
    }
}

/// The largest loss seen in each lane, and the vector it was in: the first of equals.
struct RunningWorst<S: Simd> {
    most: S::f64s,
    vector_of: S::f64s,
}

impl<S: Simd> RunningWorst<S> {
    #[inline(always)]
    fn new(simd: S) -> Self {
        Self { most: simd.splat_f64s(0.0), vector_of: simd.splat_f64s(0.0) }
    }

    #[inline(always)]
    fn vector(&mut self, simd: S, vector: usize, weights: S::f64s, pnl: S::f64s) {
        // `0 − x` rather than `−x`, so that no loss is −0.
        let loss = simd.mul_f64s(weights, simd.sub_f64s(simd.splat_f64s(0.0), pnl));
        let more = simd.greater_than_f64s(loss, self.most);
        self.most = simd.select_f64s(more, loss, self.most);
        self.vector_of = simd.select_f64s(more, simd.splat_f64s(vector as f64), self.vector_of);
    }

    /// Raises `worst` to the largest loss, at its earliest column counted from `first`.
    #[inline(always)]
    fn raise(self, simd: S, worst: &mut Worst, first: usize) {
        let loss = simd.reduce_max_f64s(self.most);
        if loss > worst.loss {
            let numbers: [f64; LANES] = std::array::from_fn(|lane| lane as f64);
            let lanes = simd.partial_load_f64s(&numbers[..S::F64_LANES]);
            let width = simd.splat_f64s(S::F64_LANES as f64);
            let column = simd.add_f64s(simd.mul_f64s(self.vector_of, width), lanes);
            let attains = simd.equal_f64s(self.most, simd.splat_f64s(loss));
            let never = simd.splat_f64s(f64::INFINITY);
            let earliest = simd.reduce_min_f64s(simd.select_f64s(attains, column, never));
            *worst = Worst { loss, scenario: Some((first + earliest as usize) as u32) };
        }
    }
}

/// The first `R` vectors, which are there by the layout of a tile.
#[inline(always)]
fn vectors<V: Copy, const R: usize>(vectors: &[V]) -> [V; R] {
    let first: &[V] = &vectors[..R];
    std::array::from_fn(|r| first[r])
}

/// `a·b + c` as [`plimsoll_math::lane::mul_add`] does it for the instructions.
#[inline(always)]
fn mul_add<S: Simd>(simd: S, a: S::f64s, b: S::f64s, c: S::f64s) -> S::f64s {
    if S::F64_LANES > 1 || InstructionSet::BASELINE_FUSES {
        simd.mul_add_f64s(a, b, c)
    } else {
        simd.add_f64s(simd.mul_f64s(a, b), c)
    }
}
