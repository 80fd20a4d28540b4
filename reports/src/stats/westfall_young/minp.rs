//! Counting, per flip, how often the smallest p-value beats each observed one.

use super::SliceP;
use super::bits::LANES;

/// Relative tolerance for "the same p-value": different slices may round a tie differently.
const TIE: f64 = 1e-9;

/// Observed p-values with their order, shared by all blocks.
#[derive(Debug)]
pub(super) struct Observed {
    /// Slices by ascending p-value.
    order: Vec<usize>,
    /// Raw p-values in that order, widened by the tie tolerance.
    limits: Vec<f64>,
    raw: Vec<f64>,
}

/// How many flips reached each observed p-value, in the order of [`Observed`].
#[derive(Debug, Clone)]
pub(super) struct Hits {
    /// Flips whose overall minimum falls first at this position: a histogram, summed at the end.
    first: Vec<u64>,
    /// Flips whose minimum over this and all larger slices reaches the observed value.
    step: Vec<u64>,
}

impl Observed {
    pub(super) fn new(raw: Vec<f64>) -> Self {
        let mut order: Vec<usize> = (0..raw.len()).collect();
        order.sort_by(|&i, &j| raw[i].total_cmp(&raw[j]));
        let limits = order.iter().map(|&i| raw[i] * (1.0 + TIE)).collect();
        Self { order, limits, raw }
    }

    pub(super) fn no_hits(&self) -> Hits {
        Hits {
            first: vec![0; self.order.len()],
            step: vec![0; self.order.len()],
        }
    }

    /// Records one flip, given the p-value of each slice under it.
    pub(super) fn record(&self, p_of: impl Fn(usize) -> f64, hits: &mut Hits) {
        let mut smallest = f64::INFINITY;
        for (rank, &slice) in self.order.iter().enumerate().rev() {
            smallest = f64::min(smallest, p_of(slice));
            hits.step[rank] += u64::from(smallest <= self.limits[rank]);
        }
        if let Some(count) = hits
            .first
            .get_mut(self.limits.partition_point(|&l| l < smallest))
        {
            *count += 1;
        }
    }

    /// Records the first `lanes` flips of a block at once. `p` has [`LANES`] p-values for each slice, one
    /// after the other. Slice by slice and not flip by flip, so that the inner loops run along memory.
    pub(super) fn record_block(&self, p: &[f64], lanes: usize, hits: &mut Hits) {
        let mut smallest = [f64::INFINITY; LANES];
        for (rank, &slice) in self.order.iter().enumerate().rev() {
            let row = &p[slice * LANES..(slice + 1) * LANES];
            for (smallest, &p) in smallest.iter_mut().zip(row) {
                // Not f64::min, whose care for NaN costs half of the time; there is none here.
                *smallest = if p < *smallest { p } else { *smallest };
            }
            let limit = self.limits[rank];
            let reached: u64 = smallest[..lanes]
                .iter()
                .map(|&s| u64::from(s <= limit))
                .sum();
            hits.step[rank] += reached;
        }
        for smallest in &smallest[..lanes] {
            let rank = self.limits.partition_point(|l| l < smallest);
            if let Some(count) = hits.first.get_mut(rank) {
                *count += 1;
            }
        }
    }

    /// Turns hits among `total` flips into p-values. `add_one` counts the observed data as one more.
    pub(super) fn finish(
        &self,
        hits: &Hits,
        total: u64,
        add_one: bool,
        exact: bool,
    ) -> Vec<SliceP> {
        let extra = u64::from(add_one);
        let p = |count: u64| ((count + extra) as f64 / (total + extra) as f64).min(1.0);
        let empty = SliceP {
            p_raw: 1.0,
            p_adjusted: 1.0,
            p_step_down: 1.0,
            mc_se: 0.0,
        };
        let mut slices = vec![empty; self.order.len()];
        let (mut single, mut floor) = (0, 0.0);
        for (rank, &slice) in self.order.iter().enumerate() {
            single += hits.first[rank];
            let p_raw = self.raw[slice];
            // An adjusted value below the raw one could only be Monte-Carlo noise.
            let p_adjusted = p(single).max(p_raw);
            floor = f64::max(floor, p(hits.step[rank])).max(p_raw);
            let variance = p_adjusted * (1.0 - p_adjusted) / total as f64;
            let mc_se = if exact { 0.0 } else { variance.sqrt() };
            slices[slice] = SliceP {
                p_raw,
                p_adjusted,
                p_step_down: floor.min(p_adjusted),
                mc_se,
            };
        }
        slices
    }
}

impl Hits {
    pub(super) fn merge(mut self, other: &Self) -> Self {
        for (a, b) in self.first.iter_mut().zip(&other.first) {
            *a += b;
        }
        for (a, b) in self.step.iter_mut().zip(&other.step) {
            *a += b;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_its_flips_one_by_one() {
        let observed = Observed::new(vec![0.3, 0.02, 0.5]);
        let p: Vec<f64> = (0..3 * LANES)
            .map(|i| ((i * 37) % 101) as f64 / 101.0)
            .collect();
        for lanes in [0, 1, 63, 64] {
            let (mut block, mut single) = (observed.no_hits(), observed.no_hits());
            observed.record_block(&p, lanes, &mut block);
            for lane in 0..lanes {
                observed.record(|slice| p[slice * LANES + lane], &mut single);
            }
            assert_eq!(block.first, single.first);
            assert_eq!(block.step, single.step);
        }
    }

    #[test]
    fn ties_count_as_reached() {
        let observed = Observed::new(vec![0.25, 0.5]);
        let mut hits = observed.no_hits();
        observed.record(|s| [0.25, 1.0][s], &mut hits);
        observed.record(|s| [1.0, 0.25][s], &mut hits);
        observed.record(|s| [1.0, 0.5][s], &mut hits);
        observed.record(|s| [1.0, 1.0][s], &mut hits);
        let slices = observed.finish(&hits, 4, false, true);
        assert_eq!((slices[0].p_adjusted, slices[1].p_adjusted), (0.5, 0.75));
        // The larger slice is compared with itself alone, but never below its predecessor.
        assert_eq!((slices[0].p_step_down, slices[1].p_step_down), (0.5, 0.5));
    }
}
