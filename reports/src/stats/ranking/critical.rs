//! One critical value for many dependent differences.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::columns::Columns;

/// Draws of a calibration; the level it reaches has a Monte-Carlo error of 0.002.
pub(super) const DRAWS: usize = 10_000;

/// Critical value of `max |t|` over some paired differences at error rate `alpha`: the Gaussian
/// multiplier bootstrap (Chernozhukov, Chetverikov and Kato 2013) with one multiplier for each
/// cluster.
///
/// Given the data, the multiplier sums of `k` columns are exactly normal with the covariance of the
/// cluster totals, so they are drawn from that `k` by `k` matrix instead of from the items:
/// `covariance` holds it row by row, `pairs` the differences that matter. A difference without
/// variance never counts. ChaCha8 from `seed`; the same bytes on every platform. `None` where no
/// difference has any variance.
pub fn critical_value(
    covariance: &[Vec<f64>],
    pairs: &[(usize, usize)],
    alpha: f64,
    seed: u64,
) -> Option<f64> {
    let scales: Vec<(usize, usize, f64)> = pairs
        .iter()
        .filter_map(|&(i, j)| {
            let variance = covariance[i][i] + covariance[j][j] - 2.0 * covariance[i][j];
            let floor = 1e-12 * (covariance[i][i] + covariance[j][j]);
            (variance > floor).then(|| (i, j, 1.0 / variance.sqrt()))
        })
        .collect();
    if scales.is_empty() {
        return None;
    }
    let factor = factor(covariance);
    let mut normal = Normal::new(seed);
    let mut largest: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let z: Vec<f64> = factor.iter().map(|_| normal.draw()).collect();
            let y: Vec<f64> = factor.iter().map(|row| dot(row, &z)).collect();
            let t = |&(i, j, scale): &(usize, usize, f64)| (y[i] - y[j]).abs() * scale;
            scales.iter().map(t).fold(0.0, f64::max)
        })
        .collect();
    largest.sort_unstable_by(f64::total_cmp);
    // The add-one rule: rejects at most a share alpha of draws, the data themselves included.
    let rank = ((1.0 - alpha) * (DRAWS + 1) as f64).ceil() as usize;
    largest.get(rank.saturating_sub(1)).copied()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Lower triangle `L` with `L L' = covariance`, rows as long as they are wide; a column that depends
/// on earlier ones adds nothing of its own.
fn factor(covariance: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(covariance.len());
    for (i, row) in covariance.iter().enumerate() {
        let mut own = Vec::with_capacity(i + 1);
        for (j, earlier) in rows.iter().enumerate() {
            let rest = row[j] - dot(&own, earlier);
            let pivot = earlier[j];
            own.push(if pivot > 0.0 { rest / pivot } else { 0.0 });
        }
        let rest = row[i] - dot(&own, &own);
        own.push(if rest > 1e-12 * row[i] {
            rest.sqrt()
        } else {
            0.0
        });
        rows.push(own);
    }
    rows
}

/// Covariance of the cluster totals of the columns, each centred at its mean; an absent value counts
/// as the mean.
pub(super) fn covariance(columns: &Columns<'_>) -> Vec<Vec<f64>> {
    let totals: Vec<Vec<f64>> = columns
        .values
        .iter()
        .map(|values| {
            let present = || values.iter().filter(|x| !x.is_nan());
            let mean = present().sum::<f64>() / present().count().max(1) as f64;
            let mut totals = vec![0.0; columns.cluster_count()];
            for (item, x) in values.iter().enumerate() {
                if !x.is_nan() {
                    totals[columns.cluster(item)] += x - mean;
                }
            }
            totals
        })
        .collect();
    totals
        .iter()
        .map(|a| totals.iter().map(|b| dot(a, b)).collect())
        .collect()
}

/// Standard normal numbers by Marsaglia's polar method; `libm` keeps them the same everywhere.
struct Normal {
    rng: ChaCha8Rng,
    spare: Option<f64>,
}

impl Normal {
    fn new(seed: u64) -> Self {
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            spare: None,
        }
    }

    /// Uniform in `(-1, 1)`.
    fn uniform(&mut self) -> f64 {
        let unit = (self.rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        2.0 * unit - 1.0
    }

    fn draw(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (u, v) = (self.uniform(), self.uniform());
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                let scale = (-2.0 * libm::log(s) / s).sqrt();
                self.spare = Some(v * scale);
                return u * scale;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(k: usize) -> Vec<Vec<f64>> {
        let row = |i| (0..k).map(|j| f64::from(u8::from(i == j))).collect();
        (0..k).map(row).collect()
    }

    fn all(k: usize) -> Vec<(usize, usize)> {
        (0..k)
            .flat_map(|i| (i + 1..k).map(move |j| (i, j)))
            .collect()
    }

    #[test]
    fn independent_columns_give_tukeys_studentised_range() {
        // Upper 5 % points of the range of k standard normals, over the root of 2 (Harter 1960):
        // 2.772, 3.314, 3.858, 4.474.
        for (k, range) in [(2, 2.7718), (3, 3.3145), (5, 3.8577), (10, 4.4742)] {
            let c = critical_value(&identity(k), &all(k), 0.05, 7).unwrap();
            let expected = range / 2f64.sqrt();
            assert!((c - expected).abs() < 0.04, "{k}: {c}, not {expected}");
        }
    }

    #[test]
    fn columns_that_are_copies_cost_nothing() {
        // Three columns of which two are the same: one independent difference.
        let same = vec![
            vec![1.0, 1.0, 0.0],
            vec![1.0, 1.0, 0.0],
            vec![0.0, 0.0, 1.0],
        ];
        let c = critical_value(&same, &all(3), 0.05, 7).unwrap();
        assert!((c - 1.96).abs() < 0.04, "{c}");
        assert_eq!(critical_value(&same, &[(0, 1)], 0.05, 7), None);
    }
}
