//! Rows of `f64` on cache lines.

/// `f64`s in a cache line of 64 bytes, and in the widest vector register.
pub(crate) const LANES: usize = 8;

/// The least multiple of [`LANES`] that holds `columns`.
pub(crate) fn padded(columns: usize) -> usize {
    columns.next_multiple_of(LANES)
}

/// Rows of equal length, a multiple of [`LANES`], each starting on a 64-byte boundary.
#[derive(Debug)]
pub(crate) struct AlignedRows {
    cells: Vec<f64>,
    start: usize,
    rows: usize,
    stride: usize,
}

impl AlignedRows {
    pub fn zeroed(rows: usize, columns: usize) -> Self {
        let stride = padded(columns);
        let cells = vec![0.0; rows * stride + LANES];
        // The vector never grows, so its first aligned cell stays where it is.
        let start = cells.as_ptr().align_offset(LANES * size_of::<f64>()).min(LANES);
        Self { cells, start, rows, stride }
    }

    pub fn stride(&self) -> usize {
        self.stride
    }

    /// All rows one after the other.
    pub fn cells(&self) -> &[f64] {
        &self.cells[self.start..self.start + self.rows * self.stride]
    }

    pub fn row(&self, index: usize) -> &[f64] {
        &self.cells()[index * self.stride..][..self.stride]
    }

    pub fn rows_mut(&mut self) -> impl Iterator<Item = &mut [f64]> {
        let end = self.start + self.rows * self.stride;
        self.cells[self.start..end].chunks_exact_mut(self.stride.max(1))
    }
}

// A copied vector may lie elsewhere relative to a cache line.
impl Clone for AlignedRows {
    fn clone(&self) -> Self {
        let mut copy = Self::zeroed(self.rows, self.stride);
        for (copy, row) in copy.rows_mut().zip(self.cells().chunks_exact(self.stride.max(1))) {
            copy.copy_from_slice(row);
        }
        copy
    }
}
