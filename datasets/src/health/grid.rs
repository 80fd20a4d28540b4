//! Names seen so far, and one counter for each (slice, model).

use std::collections::HashMap;

/// Names with small numbers, in order of first appearance.
#[derive(Debug, Default)]
pub(crate) struct Names {
    numbers: HashMap<String, usize>,
    names: Vec<String>,
    last: usize,
}

impl Names {
    /// The number of a name. Cells come in runs of one sample or one model, so that the last name
    /// and its successor are tried before the map.
    pub(crate) fn number(&mut self, name: &str) -> usize {
        for guess in [self.last, self.last + 1, 0] {
            if self.names.get(guess).is_some_and(|n| n == name) {
                self.last = guess;
                return guess;
            }
        }
        self.last = match self.numbers.get(name) {
            Some(&number) => number,
            None => {
                let number = self.names.len();
                self.numbers.insert(name.to_owned(), number);
                self.names.push(name.to_owned());
                number
            }
        };
        self.last
    }

    /// The name of a number that [`number`](Self::number) gave.
    pub(crate) fn name(&self, number: usize) -> &str {
        self.names.get(number).map_or("", String::as_str)
    }
}

/// What is counted of one model on one slice. Whole numbers only: sums of them do not depend on
/// the order of the cells.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counter {
    /// Rows with a score of exactly 1.
    pub(crate) right: u64,
    /// Rows with a score of exactly 0.
    pub(crate) wrong: u64,
    /// Rows with a score in between.
    pub(crate) partial: u64,
    /// Rows without a usable answer.
    pub(crate) failed: u64,
    /// Rows without a score.
    pub(crate) unscored: u64,
    /// Right rows that have a chance.
    pub(crate) chance_right: u64,
    /// Rows, right or wrong, that have a chance.
    pub(crate) chance_rows: u64,
    /// Sum of the chances in units of 2^-52.
    chance_units: u128,
    /// Rows with a chance whose score is in between, for which there is no binomial test.
    pub(crate) chance_partial: u64,
}

const UNIT: f64 = (1u64 << 52) as f64;

impl Counter {
    /// Adds the chance of one right or wrong row.
    pub(crate) fn add_chance(&mut self, chance: f64, right: bool) {
        self.chance_rows += 1;
        self.chance_right += u64::from(right);
        self.chance_units += (chance * UNIT).round() as u128;
    }

    /// Mean chance of the rows that have one.
    pub(crate) fn mean_chance(&self) -> Option<f64> {
        (self.chance_rows > 0)
            .then(|| (self.chance_units as f64 / self.chance_rows as f64 / UNIT).min(1.0))
    }

    /// All rows.
    pub(crate) fn rows(&self) -> u64 {
        self.right + self.wrong + self.partial + self.failed + self.unscored
    }
}

/// Counters of all models on all slices.
#[derive(Debug, Default)]
pub(crate) struct Grid {
    slices: Names,
    counters: Vec<Vec<Counter>>,
}

/// Stands for the rows that are in no slice; no label slice has an empty name.
const NO_SLICE: &str = "";

impl Grid {
    /// The numbers of slice names; rows in no slice share a number.
    pub(crate) fn place(&mut self, names: &[&str], numbers: &mut Vec<usize>) {
        numbers.clear();
        let names = if names.is_empty() { &[NO_SLICE] } else { names };
        numbers.extend(names.iter().map(|name| self.slices.number(name)));
    }

    /// The counter of a model on a slice.
    pub(crate) fn counter(&mut self, slice: usize, model: usize) -> &mut Counter {
        if self.counters.len() <= slice {
            self.counters.resize_with(slice + 1, Vec::new);
        }
        let row = &mut self.counters[slice];
        if row.len() <= model {
            row.resize(model + 1, Counter::default());
        }
        &mut row[model]
    }

    /// Slices with the counters of the models by number; a model without rows has zeros.
    pub(crate) fn slices(&self) -> impl Iterator<Item = (Option<&str>, &[Counter])> {
        self.counters.iter().enumerate().map(|(slice, row)| {
            let name = Some(self.slices.name(slice)).filter(|n| *n != NO_SLICE);
            (name, row.as_slice())
        })
    }
}
