//! Exact nearest neighbours by dot product.
//!
//! Exact search keeps experiments deterministic and is fast enough below 100,000 rows; there is
//! no approximate index.

/// Lanes of the dot product: wide enough for two AVX or four SSE accumulators.
const LANES: usize = 16;

/// Dot product of two vectors of equal length (the longer one is cut).
///
/// Summed in a fixed number of lanes, so that the compiler can vectorise and the result has the
/// same bits on every machine.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0f32; LANES];
    for (x, y) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..LANES {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f32>() + rest
}

/// One row found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// Position of the row, from 0.
    pub row: usize,
    /// Dot product with the query: the cosine for vectors of unit length, in `[-1, 1]`.
    pub similarity: f32,
}

/// Vectors of one length, stored one after the other.
#[derive(Debug, Clone)]
pub struct Rows {
    dims: usize,
    values: Vec<f32>,
}

impl Rows {
    /// No rows yet; vectors will have this length (at least 1).
    pub fn new(dims: usize) -> Self {
        Self {
            dims: dims.max(1),
            values: Vec::new(),
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.values.len() / self.dims
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Puts a vector at a row, or at the end when the row does not exist. A vector of another
    /// length is cut or filled with zeros.
    pub fn put(&mut self, row: usize, vector: &[f32]) {
        let row = row.min(self.len());
        let start = row * self.dims;
        if row == self.len() {
            self.values.resize(start + self.dims, 0.0);
        }
        let place = &mut self.values[start..start + self.dims];
        place.fill(0.0);
        for (slot, value) in place.iter_mut().zip(vector) {
            *slot = *value;
        }
    }

    /// Adds a vector at the end.
    pub fn push(&mut self, vector: &[f32]) {
        self.put(self.len(), vector);
    }

    /// The `k` most similar rows among those that `keep` admits, best first; equal ones in row
    /// order.
    pub fn nearest(&self, query: &[f32], k: usize, keep: impl Fn(usize) -> bool) -> Vec<Neighbour> {
        let mut found: Vec<Neighbour> = Vec::with_capacity(k.min(self.len()) + 1);
        for (row, vector) in self.values.chunks_exact(self.dims).enumerate() {
            let similarity = dot(query, vector);
            let is_full = found.len() >= k;
            if is_full
                && found
                    .last()
                    .is_none_or(|worst| similarity <= worst.similarity)
            {
                continue;
            }
            if !keep(row) {
                continue;
            }
            let at = found.partition_point(|n| n.similarity >= similarity);
            found.insert(at, Neighbour { row, similarity });
            found.truncate(k);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rows_are_replaced_in_place() {
        let mut rows = Rows::new(2);
        rows.push(&[1.0, 0.0]);
        rows.push(&[0.0, 1.0]);
        rows.put(0, &[0.5]);
        assert_eq!(rows.len(), 2);
        let best = rows.nearest(&[1.0, 0.0], 1, |_| true);
        assert_eq!((best[0].row, best[0].similarity), (0, 0.5));
        assert_eq!(rows.nearest(&[1.0, 0.0], 1, |row| row != 0)[0].row, 1);
        assert!(rows.nearest(&[1.0, 0.0], 0, |_| true).is_empty());
    }

    proptest! {
        #[test]
        fn nearest_is_what_sorting_gives(
            cells in proptest::collection::vec(-3i8..=3, 0..200),
            query in proptest::collection::vec(-3i8..=3, 5),
            k in 0usize..20,
        ) {
            let query: Vec<f32> = query.iter().map(|v| f32::from(*v)).collect();
            let mut rows = Rows::new(5);
            for row in cells.chunks_exact(5) {
                rows.push(&row.iter().map(|v| f32::from(*v)).collect::<Vec<_>>());
            }
            let mut all: Vec<(usize, f32)> = cells
                .chunks_exact(5)
                .map(|row| row.iter().zip(&query).map(|(a, b)| f32::from(*a) * b).sum())
                .enumerate()
                .collect();
            all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            all.truncate(k);
            let found = rows.nearest(&query, k, |_| true);
            let found: Vec<_> = found.iter().map(|n| (n.row, n.similarity)).collect();
            prop_assert_eq!(found, all);
        }

        #[test]
        fn dot_handles_any_length(n in 0usize..70) {
            let a: Vec<f32> = (0..n).map(|i| i as f32).collect();
            let expected: f32 = a.iter().map(|v| v * v).sum();
            prop_assert_eq!(dot(&a, &a), expected);
        }
    }
}
