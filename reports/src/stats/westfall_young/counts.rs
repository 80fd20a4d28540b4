//! The sign-test path: losses are counted 64 flips at a time and looked up in exact binomial tables.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::SliceP;
use super::bits::{Flips, LANES};
use super::counter::Counter;
use super::minp::{Hits, Observed};
use super::slices::Members;
use super::tails::fair_tails;

/// One slice ready for counting.
struct Row {
    /// Unit, shifted left by one; the low bit is set for an observed loss.
    units: Vec<u32>,
    /// Which table of tails belongs to this number of units.
    table: usize,
}

pub(super) fn evaluate(members: &Members, source: &Flips) -> Vec<SliceP> {
    let (rows, tables) = prepare(members);
    let raw = rows.iter().map(|row| {
        let losses = row.units.iter().filter(|&&u| u & 1 == 1).count();
        tables[row.table][losses]
    });
    let observed = Observed::new(raw.collect());
    let hits = (0..source.blocks())
        .into_par_iter()
        .fold(
            || (observed.no_hits(), Scratch::new(rows.len())),
            |(mut hits, mut scratch), block| {
                source.fill(block, members.moving, &mut scratch.words);
                scratch.p_values(&rows, &tables);
                observed.record_block(&scratch.p, source.lanes(block), &mut hits);
                (hits, scratch)
            },
        )
        .map(|(hits, _)| hits)
        // Sums of integers: the order in which threads finish cannot show.
        .reduce(|| observed.no_hits(), |a: Hits, b: Hits| a.merge(&b));
    let exact = source.is_exact();
    observed.finish(&hits, source.total(), !exact, exact)
}

fn prepare(members: &Members) -> (Vec<Row>, Vec<Vec<f64>>) {
    let mut index_of: BTreeMap<usize, usize> = BTreeMap::new();
    let mut tables = Vec::new();
    let rows = (0..members.len()).map(|slice| {
        let (units, weights) = members.row(slice);
        let table = *index_of.entry(units.len()).or_insert_with(|| {
            tables.push(fair_tails(units.len()));
            tables.len() - 1
        });
        let units = units
            .iter()
            .zip(weights)
            .map(|(&u, &w)| u << 1 | u32::from(w < 0.0))
            .collect();
        Row { units, table }
    });
    (rows.collect(), tables)
}

/// Buffers of one thread.
struct Scratch {
    words: Vec<u64>,
    counter: Counter,
    /// P-value of each slice under each flip of the block, slice by slice.
    p: Vec<f64>,
}

impl Scratch {
    fn new(slices: usize) -> Self {
        Self {
            words: Vec::new(),
            counter: Counter::default(),
            p: vec![1.0; slices * LANES],
        }
    }

    fn p_values(&mut self, rows: &[Row], tables: &[Vec<f64>]) {
        let words = &self.words;
        for (row, p) in rows.iter().zip(self.p.chunks_exact_mut(LANES)) {
            // A set bit turns a gain into a loss; an observed loss has its bit inverted first.
            self.counter.count(
                row.units
                    .iter()
                    .map(|&u| words[(u >> 1) as usize] ^ 0_u64.wrapping_sub(u64::from(u & 1))),
            );
            let table = &tables[row.table];
            for (p, losses) in p.iter_mut().zip(self.counter.lanes()) {
                *p = table[losses as usize];
            }
        }
    }
}
