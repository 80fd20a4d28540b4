//! When two times differ.

use crate::record::Timing;

/// Smallest noise floor believed, even if a pair agreed better by luck.
const LEAST_NOISE: f64 = 0.01;

/// Two times compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Difference {
    /// Within the noise floor.
    Tie {
        /// Time of B over time of A.
        ratio: f64,
        /// The floor it stayed under.
        floor: f64,
    },
    /// B takes less time.
    Faster(f64),
    /// B takes more time.
    Slower(f64),
}

/// Compares B with A. The floor is the larger A/A noise of the two, at least 1 %.
pub fn compare(a: &Timing, b: &Timing) -> Difference {
    let floor = a.noise_rel.max(b.noise_rel).max(LEAST_NOISE);
    let ratio = b.median_ns / a.median_ns;
    if (1.0 / (1.0 + floor)..=1.0 + floor).contains(&ratio) {
        Difference::Tie { ratio, floor }
    } else if ratio < 1.0 {
        Difference::Faster(ratio)
    } else {
        Difference::Slower(ratio)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(median_ns: f64, noise_rel: f64) -> Timing {
        Timing {
            median_ns,
            p20_ns: median_ns,
            p80_ns: median_ns,
            p99_ns: median_ns,
            n: 20,
            noise_rel,
        }
    }

    #[test]
    fn differences_under_the_noise_are_ties() {
        let d = compare(&timing(100.0, 0.04), &timing(103.0, 0.001));
        assert!(matches!(d, Difference::Tie { floor, .. } if floor == 0.04));
        assert_eq!(
            compare(&timing(100.0, 0.0), &timing(105.0, 0.0)),
            Difference::Slower(1.05)
        );
        assert_eq!(
            compare(&timing(100.0, 0.0), &timing(50.0, 0.0)),
            Difference::Faster(0.5)
        );
    }

    #[test]
    fn the_floor_is_symmetric() {
        let (a, b) = (timing(100.0, 0.05), timing(105.0, 0.05));
        assert!(matches!(compare(&a, &b), Difference::Tie { .. }));
        assert!(matches!(compare(&b, &a), Difference::Tie { .. }));
    }
}
