//! Two arms on the samples that both have a value for.

use super::Frame;

/// No pair: the sample lacks a value in an arm.
const NONE: u32 = u32::MAX;

/// Paired values in the order of the samples.
#[derive(Debug, Clone)]
pub(crate) struct Pairs {
    /// Sample of each pair, ascending.
    pub(crate) sample: Vec<u32>,
    pub(crate) baseline: Vec<f64>,
    pub(crate) candidate: Vec<f64>,
    /// Candidate minus baseline.
    pub(crate) difference: Vec<f64>,
    /// Cluster of each pair, where samples share clusters.
    pub(crate) clusters: Option<Vec<u32>>,
    /// Rank key of each pair.
    pub(crate) order: Vec<u64>,
    position: Vec<u32>,
}

impl Pairs {
    /// Pairs two columns by sample; NaN marks an absent value.
    pub(crate) fn new(frame: &Frame<'_>, baseline: &[f64], candidate: &[f64]) -> Self {
        let mut pairs = Self {
            sample: Vec::with_capacity(baseline.len()),
            baseline: Vec::with_capacity(baseline.len()),
            candidate: Vec::with_capacity(baseline.len()),
            difference: Vec::with_capacity(baseline.len()),
            clusters: frame.clusters.as_ref().map(|_| Vec::new()),
            order: Vec::with_capacity(baseline.len()),
            position: vec![NONE; baseline.len()],
        };
        for (sample, (&b, &c)) in baseline.iter().zip(candidate).enumerate() {
            if b.is_nan() || c.is_nan() {
                continue;
            }
            pairs.position[sample] = pairs.sample.len() as u32;
            pairs.sample.push(sample as u32);
            pairs.baseline.push(b);
            pairs.candidate.push(c);
            pairs.difference.push(c - b);
            pairs.order.push(frame.order[sample]);
            if let (Some(ids), Some(all)) = (&mut pairs.clusters, &frame.clusters) {
                ids.push(all[sample]);
            }
        }
        pairs
    }

    /// All samples of a frame as pairs without a difference, to be filled in by a simulation.
    pub(crate) fn without_difference(frame: &Frame<'_>) -> Self {
        let equal = vec![1.0; frame.order.len()];
        Self::new(frame, &equal, &equal)
    }

    pub(crate) fn len(&self) -> usize {
        self.sample.len()
    }

    /// Positions of the pairs of some samples, in the order given.
    pub(crate) fn of(&self, samples: &[u32]) -> Vec<u32> {
        samples
            .iter()
            .map(|&s| self.position[s as usize])
            .filter(|&p| p != NONE)
            .collect()
    }

    /// Positions of all pairs.
    pub(crate) fn all(&self) -> Vec<u32> {
        (0..self.len() as u32).collect()
    }
}
