//! The deferral curve: mean quality and cost as more of the ranked requests go to the strong model.

use super::checks::{finite, same_len};
use crate::stats::StatsError;

/// A corner of the curve: everything ranked at least `rank` goes to the strong model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vertex {
    /// Smallest rank that is sent to the strong model; positive infinity where nothing is.
    pub rank: f64,
    /// Requests sent to the strong model.
    pub strong: usize,
    /// Mean quality over all requests.
    pub quality: f64,
    /// Mean cost over all requests.
    pub cost: f64,
}

/// Mean quality and cost over the share of requests that goes to the strong model, for every cut of
/// a ranking, most needy first.
///
/// Requests of equal rank cannot be told apart, so they are one straight segment: its points are
/// the expected values under a random order within the tie. A curve that broke ties by the order of
/// the file would measure the file. The first vertex sends nothing to the strong model, the last
/// everything; there is one vertex for each distinct rank besides.
///
/// Source of the curve: Ong et al. 2024 (RouteLLM), with exact cuts instead of quantile bins.
#[derive(Debug, Clone, PartialEq)]
pub struct DeferralCurve {
    vertices: Vec<Vertex>,
}

impl DeferralCurve {
    /// Curve of quality alone; all costs are 0.
    ///
    /// # Errors
    /// No requests, slices of different lengths, or values that are not finite.
    pub fn new(rank: &[f64], weak: &[f64], strong: &[f64]) -> Result<Self, StatsError> {
        let free = vec![0.0; rank.len()];
        Self::with_costs(rank, (weak, &free), (strong, &free))
    }

    /// Curve of quality and cost. `weak` and `strong` are (quality, cost) of each request under each
    /// model; `rank` is the need for the strong model, the larger the sooner.
    ///
    /// # Errors
    /// No requests, slices of different lengths, or values that are not finite.
    pub fn with_costs(
        rank: &[f64],
        weak: (&[f64], &[f64]),
        strong: (&[f64], &[f64]),
    ) -> Result<Self, StatsError> {
        finite("rank", rank)?;
        for values in [weak.0, weak.1, strong.0, strong.1] {
            same_len("rank and outcomes", rank.len(), values.len())?;
            finite("outcome", values)?;
        }
        let n = rank.len() as f64;
        let start = Vertex {
            rank: f64::INFINITY,
            strong: 0,
            quality: weak.0.iter().sum::<f64>() / n,
            cost: weak.1.iter().sum::<f64>() / n,
        };
        Ok(Self {
            vertices: accumulate(start, rank, weak, strong),
        })
    }

    /// Corners by growing share.
    pub fn vertices(&self) -> &[Vertex] {
        &self.vertices
    }

    /// Number of requests.
    pub fn n(&self) -> usize {
        self.last().strong
    }

    /// Mean quality of the weak model on everything.
    pub fn weak_quality(&self) -> f64 {
        self.vertices[0].quality
    }

    /// Mean quality of the strong model on everything.
    pub fn strong_quality(&self) -> f64 {
        self.last().quality
    }

    /// Share of requests that the cut at a vertex sends to the strong model, in `[0, 1]`.
    pub fn share(&self, vertex: &Vertex) -> f64 {
        vertex.strong as f64 / self.n() as f64
    }

    /// Corner at which every request ranked at least `threshold` is strong.
    pub fn at_least(&self, threshold: f64) -> &Vertex {
        let beyond = self.vertices.partition_point(|v| v.rank >= threshold);
        &self.vertices[beyond.saturating_sub(1)]
    }

    /// Corner at which every request ranked above `threshold` is strong.
    pub fn above(&self, threshold: f64) -> &Vertex {
        let beyond = self.vertices.partition_point(|v| v.rank > threshold);
        &self.vertices[beyond.saturating_sub(1)]
    }

    /// Expected quality at a share in `[0, 1]`, linear between corners.
    pub fn quality_at(&self, share: f64) -> f64 {
        let wanted = share.clamp(0.0, 1.0) * self.n() as f64;
        let next = self
            .vertices
            .partition_point(|v| (v.strong as f64) < wanted)
            .min(self.vertices.len() - 1);
        let (a, b) = (&self.vertices[next.saturating_sub(1)], &self.vertices[next]);
        let width = (b.strong - a.strong) as f64;
        if width == 0.0 {
            return b.quality;
        }
        a.quality + (b.quality - a.quality) * (wanted - a.strong as f64) / width
    }

    /// Area under quality over share, by trapezoids; exact for ties, in units of quality.
    pub fn area(&self) -> f64 {
        let twice: f64 = self
            .vertices
            .windows(2)
            .map(|w| (w[0].quality + w[1].quality) * (w[1].strong - w[0].strong) as f64)
            .sum();
        0.5 * twice / self.n() as f64
    }

    /// At most `most + 1` corners for drawing, the first and the last among them.
    pub fn thinned(&self, most: usize) -> Vec<Vertex> {
        let step = (self.n() as f64 / most.max(1) as f64).max(1.0);
        let mut kept = vec![self.vertices[0]];
        let mut due = step;
        for vertex in &self.vertices[1..] {
            let at = vertex.strong as f64;
            if at >= due {
                kept.push(*vertex);
                due = ((at / step).floor() + 1.0) * step;
            }
        }
        if kept.last() != Some(self.last()) {
            kept.push(*self.last());
        }
        kept
    }

    fn last(&self) -> &Vertex {
        // There is at least one request, so at least two vertices.
        &self.vertices[self.vertices.len() - 1]
    }
}

/// Positions by falling rank, each with an integer that is the same for equal ranks only. Packing
/// both into one integer makes the sort branch-free, several times faster than one by comparison.
pub(super) fn falling_order(rank: &[f64]) -> Vec<(u64, usize)> {
    let packed = (0u64..).zip(rank);
    let mut packed: Vec<u128> = packed
        .map(|(i, &r)| u128::from(falling_key(r)) << 64 | u128::from(i))
        .collect();
    packed.sort_unstable();
    packed
        .into_iter()
        .map(|p| ((p >> 64) as u64, p as u64 as usize))
        .collect()
}

/// Maps finite numbers to integers in falling order; both zeros are one key.
fn falling_key(x: f64) -> u64 {
    let bits = (x + 0.0).to_bits();
    if bits >> 63 == 1 {
        bits
    } else {
        !(bits | 1 << 63)
    }
}

fn accumulate(
    start: Vertex,
    rank: &[f64],
    weak: (&[f64], &[f64]),
    strong: (&[f64], &[f64]),
) -> Vec<Vertex> {
    let order = falling_order(rank);
    let n = rank.len() as f64;
    let mut vertices = Vec::with_capacity(rank.len() + 1);
    vertices.push(start);
    let (mut quality, mut cost, mut sent) = (0.0, 0.0, 0);
    for tie in order.chunk_by(|a, b| a.0 == b.0) {
        sent += tie.len();
        quality += change(tie, weak.0, strong.0);
        cost += change(tie, weak.1, strong.1);
        vertices.push(Vertex {
            rank: rank[tie[0].1],
            strong: sent,
            quality: start.quality + quality / n,
            cost: start.cost + cost / n,
        });
    }
    vertices
}

/// What sending a tie to the strong model changes. Its values are added by size, so that not even
/// rounding errors depend on the order of the samples.
fn change(tie: &[(u64, usize)], weak: &[f64], strong: &[f64]) -> f64 {
    if let [(_, i)] = *tie {
        return strong[i] - weak[i];
    }
    let mut changes: Vec<f64> = tie.iter().map(|&(_, i)| strong[i] - weak[i]).collect();
    changes.sort_unstable_by(f64::total_cmp);
    changes.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_orders_numbers_downwards() {
        let numbers = [f64::MAX, 2.5, 1.0, 1e-300, 0.0, -1e-300, -1.0, f64::MIN];
        assert!(numbers.map(falling_key).is_sorted());
        assert_eq!(falling_key(0.0), falling_key(-0.0));
    }

    #[test]
    fn corners_are_exact_cuts() {
        let curve =
            DeferralCurve::new(&[0.1, 0.9, 0.5], &[1.0, 0.0, 0.0], &[1.0, 1.0, 0.0]).unwrap();
        let seen: Vec<_> = curve.vertices().iter().map(|v| v.strong).collect();
        assert_eq!(seen, [0, 1, 2, 3]);
        assert!((curve.vertices()[1].quality - 2.0 / 3.0).abs() < 1e-15);
        assert_eq!(curve.at_least(0.5).strong, 2);
        assert_eq!(curve.above(0.5).strong, 1);
        assert_eq!(curve.above(f64::INFINITY).strong, 0);
    }

    #[test]
    fn a_tie_is_one_straight_segment() {
        let curve = DeferralCurve::new(&[1.0; 4], &[0.0; 4], &[1.0, 0.0, 1.0, 0.0]).unwrap();
        assert_eq!(curve.vertices().len(), 2);
        assert!((curve.quality_at(0.5) - 0.25).abs() < 1e-15);
        assert!((curve.area() - 0.25).abs() < 1e-15);
    }

    #[test]
    fn a_rank_that_is_not_a_number_is_refused() {
        assert!(DeferralCurve::new(&[f64::NAN], &[0.0], &[1.0]).is_err());
        assert!(DeferralCurve::new(&[], &[], &[]).is_err());
        assert!(DeferralCurve::new(&[1.0], &[0.0, 1.0], &[1.0]).is_err());
    }

    #[test]
    fn thinning_keeps_the_ends() {
        let rank: Vec<f64> = (0..1000).map(f64::from).collect();
        let curve = DeferralCurve::new(&rank, &vec![0.0; 1000], &vec![1.0; 1000]).unwrap();
        let thin = curve.thinned(100);
        assert_eq!(thin.len(), 101);
        assert_eq!((thin[0].strong, thin[100].strong), (0, 1000));
    }
}
