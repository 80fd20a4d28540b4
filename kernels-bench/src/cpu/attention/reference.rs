//! Naive attention in f64: the oracle.

use super::Problem;

/// Exact result.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// `[m][q_heads][head]`.
    pub out: Vec<f64>,
    /// `[m][q_heads]`: natural log of the sum of exponentials of the scaled scores.
    pub lse: Vec<f64>,
}

/// Query `i` of the suffix sees keys `0 ..= prefix + i`.
pub fn reference(p: &Problem) -> Reference {
    let mut out = Vec::with_capacity(p.q.len());
    let mut lse = Vec::with_capacity(p.suffix * p.q_heads);
    for i in 0..p.suffix {
        for h in 0..p.q_heads {
            let (row, log) = one(p, i, h);
            out.extend(row);
            lse.push(log);
        }
    }
    Reference { out, lse }
}

/// One query and head.
fn one(p: &Problem, i: usize, h: usize) -> (Vec<f64>, f64) {
    let kv = h / (p.q_heads / p.kv_heads);
    let d = p.head;
    let q = &p.q[(i * p.q_heads + h) * d..][..d];
    let row = |x: usize| (x * p.kv_heads + kv) * d;
    let visible = p.prefix + i + 1;
    let scores: Vec<f64> = (0..visible)
        .map(|t| {
            let k = &p.k[row(t)..][..d];
            let dot = |(a, b): (&f32, &f32)| f64::from(*a) * f64::from(*b);
            q.iter().zip(k).map(dot).sum::<f64>() * p.scale()
        })
        .collect();
    let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = scores.iter().map(|s| (s - top).exp()).sum();
    let mut out = vec![0.0; d];
    for (t, s) in scores.iter().enumerate() {
        let weight = (s - top).exp() / sum;
        for (o, v) in out.iter_mut().zip(&p.v[row(t)..][..d]) {
            *o += weight * f64::from(*v);
        }
    }
    (out, top + sum.ln())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_scores_average_the_values() {
        let p = Problem {
            q_heads: 1,
            kv_heads: 1,
            head: 2,
            prefix: 3,
            suffix: 1,
            q: vec![0.0; 2],
            k: vec![1.0; 8],
            v: vec![1.0, 10.0, 2.0, 20.0, 3.0, 30.0, 6.0, 60.0],
        };
        let r = reference(&p);
        assert!((r.out[0] - 3.0).abs() < 1e-12 && (r.out[1] - 30.0).abs() < 1e-12);
        assert!((r.lse[0] - 4.0_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn the_future_is_not_seen() {
        let mut p = Problem {
            q_heads: 1,
            kv_heads: 1,
            head: 1,
            prefix: 0,
            suffix: 2,
            q: vec![1.0; 2],
            k: vec![1.0, 2.0],
            v: vec![5.0, 7.0],
        };
        let first = reference(&p).out[0];
        p.v[1] = 100.0;
        assert_eq!(reference(&p).out[0], first);
        assert_eq!(first, 5.0);
    }
}
