//! The run's pairs as a base without a difference, and losses injected on top.

use rand_chacha::ChaCha8Rng;

use crate::calibrate::Coins;
use crate::compare::Frame;

/// Scores of two arms that are made exchangeable.
#[derive(Debug)]
pub(super) struct Base {
    baseline: Vec<f64>,
    candidate: Vec<f64>,
    /// Cluster of each sample, numbered from 0.
    clusters: Vec<u32>,
    count: usize,
}

/// What an injected loss means on a target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Injection {
    /// Probability that an answer is spoiled.
    pub(super) spoil: f64,
    /// Loss over all samples.
    pub(super) overall: f64,
    /// Mean squared difference on the target: the flip rate of binary scores.
    pub(super) mean_square: f64,
}

impl Base {
    /// From the mean scores of two arms. A sample without a score in either has none in both.
    pub(super) fn new(frame: &Frame<'_>, baseline: usize, candidate: usize) -> Self {
        let (b, c) = (&frame.scores[baseline], &frame.scores[candidate]);
        let both = |x: &[f64], y: &[f64]| -> Vec<f64> {
            let keep = |(&x, &y): (&f64, &f64)| if y.is_nan() { f64::NAN } else { x };
            x.iter().zip(y).map(keep).collect()
        };
        let clusters = frame
            .clusters
            .clone()
            .unwrap_or_else(|| (0..b.len() as u32).collect());
        Self {
            baseline: both(b, c),
            candidate: both(c, b),
            count: clusters.iter().max().map_or(0, |&last| last as usize + 1),
            clusters,
        }
    }

    /// Pairs among some samples.
    pub(super) fn pairs(&self, members: &[u32]) -> u64 {
        let paired = |&&i: &&u32| !self.baseline[i as usize].is_nan();
        members.iter().filter(paired).count() as u64
    }

    /// Share of the pairs whose scores differ.
    pub(super) fn flip_rate(&self, members: &[u32]) -> f64 {
        self.mean(members, |b, c| f64::from(u8::from(b != c)))
    }

    /// Expected score of either arm on a target: the largest loss that can be injected there.
    pub(super) fn level(&self, members: &[u32]) -> f64 {
        self.mean(members, |b, c| 0.5 * (b + c))
    }

    /// What a loss on a target takes; `None` where there is not that much to lose.
    pub(super) fn injection(&self, members: &[u32], loss: f64) -> Option<Injection> {
        let level = self.level(members);
        if loss < 0.0 || loss > level || (loss > 0.0 && level == 0.0) {
            return None;
        }
        let spoil = if loss == 0.0 { 0.0 } else { loss / level };
        let all: Vec<u32> = (0..self.baseline.len() as u32).collect();
        let (part, whole) = (self.pairs(members), self.pairs(&all).max(1));
        let mean_square = self.mean(members, |b, c| {
            (1.0 - spoil) * (b - c) * (b - c) + spoil * 0.5 * (b * b + c * c)
        });
        Some(Injection {
            spoil,
            overall: loss * part as f64 / whole as f64,
            mean_square,
        })
    }

    /// One draw: both arms exchanged by fair coins, then the candidate spoiled on the target.
    pub(super) fn draw(
        &self,
        members: &[u32],
        spoil: f64,
        rng: &mut ChaCha8Rng,
    ) -> (Vec<f64>, Vec<f64>) {
        let swapped: Vec<bool> = (0..self.count).map(|_| rng.below(2) == 1).collect();
        let (mut baseline, mut candidate) = (self.baseline.clone(), self.candidate.clone());
        for (i, &cluster) in self.clusters.iter().enumerate() {
            if swapped[cluster as usize] {
                std::mem::swap(&mut baseline[i], &mut candidate[i]);
            }
        }
        if spoil > 0.0 {
            for &i in members {
                let score = &mut candidate[i as usize];
                if rng.unit() < spoil && !score.is_nan() {
                    *score = 0.0;
                }
            }
        }
        (baseline, candidate)
    }

    fn mean(&self, members: &[u32], value: impl Fn(f64, f64) -> f64) -> f64 {
        let (mut sum, mut n) = (0.0, 0u64);
        for &i in members {
            let (b, c) = (self.baseline[i as usize], self.candidate[i as usize]);
            if !b.is_nan() {
                sum += value(b, c);
                n += 1;
            }
        }
        if n == 0 { 0.0 } else { sum / n as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::stream;

    /// 100 samples in clusters of two: 80 right in both arms, 10 lost, 4 gained, 6 wrong in both.
    fn base() -> Base {
        let score = |right: bool| f64::from(u8::from(right));
        Base {
            baseline: (0..100).map(|i| score(i < 90)).collect(),
            candidate: (0..100)
                .map(|i| score(i < 80 || (90..94).contains(&i)))
                .collect(),
            clusters: (0..100).map(|i| i / 2).collect(),
            count: 50,
        }
    }

    fn mean_difference(base: &Base, members: &[u32], spoil: f64, over: &[u32]) -> (f64, f64) {
        const DRAWS: u64 = 4_000;
        let of = |trial| {
            let (b, c) = base.draw(members, spoil, &mut stream(5, &["x"], spoil, trial));
            let d = over.iter().map(|&i| c[i as usize] - b[i as usize]);
            d.sum::<f64>() / over.len() as f64
        };
        let all: Vec<f64> = (0..DRAWS).map(of).collect();
        let mean = all.iter().sum::<f64>() / DRAWS as f64;
        let var = all.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / DRAWS as f64;
        (mean, (var / DRAWS as f64).sqrt())
    }

    #[test]
    fn the_true_loss_is_the_one_asked_for() {
        let base = base();
        let all: Vec<u32> = (0..100).collect();
        let slice: Vec<u32> = (70..96).collect();
        assert!((base.level(&all) - 0.87).abs() < 1e-12);
        assert!((base.flip_rate(&all) - 0.14).abs() < 1e-12);
        for (members, loss) in [(&all, 0.0), (&all, 0.05), (&slice, 0.2)] {
            let injection = base.injection(members, loss).unwrap();
            let (mean, se) = mean_difference(&base, members, injection.spoil, members);
            assert!((mean + loss).abs() < 4.0 * se, "{loss}: {mean} +- {se}");
            let (mean, se) = mean_difference(&base, members, injection.spoil, &all);
            assert!(
                (mean + injection.overall).abs() < 4.0 * se,
                "{loss}: {mean}"
            );
        }
    }

    #[test]
    fn without_a_loss_as_many_samples_differ_as_in_the_run() {
        let base = base();
        let all: Vec<u32> = (0..100).collect();
        for trial in 0..20 {
            let (b, c) = base.draw(&all, 0.0, &mut stream(1, &["x"], 0.0, trial));
            assert_eq!(b.iter().zip(&c).filter(|(b, c)| b != c).count(), 14);
            // Both samples of a cluster go the same way.
            let went = |i: usize| c[i] - b[i];
            assert!((40..47).all(|pair| went(2 * pair) == went(2 * pair + 1)));
        }
        let injection = base.injection(&all, 0.0).unwrap();
        assert!((injection.mean_square - 0.14).abs() < 1e-12);
    }

    #[test]
    fn more_than_there_is_cannot_be_lost() {
        let base = base();
        let wrong: Vec<u32> = (94..100).collect();
        assert_eq!(base.injection(&wrong, 0.01), None);
        assert!(base.injection(&wrong, 0.0).is_some());
        let all: Vec<u32> = (0..100).collect();
        assert!(base.injection(&all, 0.87).is_some());
        assert_eq!(base.injection(&all, 0.88), None);
    }
}
