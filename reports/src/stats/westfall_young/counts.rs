//! The sign-test path: losses are counted 64 flips at a time and looked up in exact binomial tables.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::SliceP;
use super::bits::{Flips, LANES};
use super::counter::{Counter, WIDE, Word};
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
    let hits = (0..source.blocks().div_ceil(WIDE as u64))
        .into_par_iter()
        .fold(
            || (observed.no_hits(), Scratch::new(rows.len())),
            |(mut hits, mut scratch), group| {
                let blocks = group * WIDE as u64..source.blocks().min((group + 1) * WIDE as u64);
                scratch.fill(source, blocks.clone(), members.moving);
                scratch.p_values(&rows, &tables);
                for (block, p) in blocks.zip(&scratch.p) {
                    observed.record_block(p, source.lanes(block), &mut hits);
                }
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
    /// Signs of one block by unit.
    block: Vec<u64>,
    /// Signs of all blocks by unit.
    words: Vec<Word>,
    counter: Counter,
    /// For each block, the p-value of each slice under each flip, slice by slice.
    p: [Vec<f64>; WIDE],
}

impl Scratch {
    fn new(slices: usize) -> Self {
        Self {
            block: Vec::new(),
            words: Vec::new(),
            counter: Counter::default(),
            p: std::array::from_fn(|_| vec![1.0; slices * LANES]),
        }
    }

    /// Draws the signs of up to [`WIDE`] blocks; what is left of a group is not read.
    fn fill(&mut self, source: &Flips, blocks: std::ops::Range<u64>, units: usize) {
        self.words.resize(units, [0; WIDE]);
        for (place, block) in blocks.enumerate() {
            source.fill(block, units, &mut self.block);
            for (word, &bits) in self.words.iter_mut().zip(&self.block) {
                word[place] = bits;
            }
        }
    }

    fn p_values(&mut self, rows: &[Row], tables: &[Vec<f64>]) {
        let words = &self.words;
        for (slice, row) in rows.iter().enumerate() {
            // A set bit turns a gain into a loss; an observed loss has its bit inverted first.
            self.counter.count(row.units.iter().map(|&u| {
                let inverted = 0_u64.wrapping_sub(u64::from(u & 1));
                words[(u >> 1) as usize].map(|bits| bits ^ inverted)
            }));
            let table = &tables[row.table];
            for (block, p) in self.p.iter_mut().enumerate() {
                let p = &mut p[slice * LANES..(slice + 1) * LANES];
                for (p, losses) in p.iter_mut().zip(self.counter.lanes(block)) {
                    *p = table[losses as usize];
                }
            }
        }
    }
}
