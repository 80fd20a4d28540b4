//! Intended send times.

use super::cv;

/// Intended send times of a run, ascending, in milliseconds since its start.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule(Vec<f64>);

impl Schedule {
    /// A schedule of these times. Out of order they are sorted; negative ones become 0.
    pub fn new(mut at_ms: Vec<f64>) -> Self {
        for at in &mut at_ms {
            *at = at.max(0.0);
        }
        if !at_ms.is_sorted() {
            at_ms.sort_unstable_by(f64::total_cmp);
        }
        Self(at_ms)
    }

    /// The times.
    pub fn at_ms(&self) -> &[f64] {
        &self.0
    }

    /// What is left when the first `done` arrivals are over, starting anew with the gap that came
    /// next: a resumed run goes on in the same process, ramp or trace.
    #[must_use]
    pub fn after(&self, done: usize) -> Self {
        let done = done.min(self.0.len());
        let since = done.checked_sub(1).map_or(0.0, |last| self.0[last]);
        Self(self.0[done..].iter().map(|at| at - since).collect())
    }

    /// Arrivals per second from the first to the last; `None` of fewer than two.
    pub fn rate_per_s(&self) -> Option<f64> {
        rate_per_s(&self.0)
    }

    /// Coefficient of variation of the gaps.
    pub fn cv(&self) -> f64 {
        cv(&gaps(&self.0))
    }

    /// Hash of the times: xxh3-128 over their bits, in hexadecimal. The same on every platform whose
    /// `ln`, `cos` and `exp` agree to the last bit.
    pub fn hash(&self) -> String {
        let bytes: Vec<u8> = self.0.iter().flat_map(|at| at.to_le_bytes()).collect();
        format!("{:032x}", xxhash_rust::xxh3::xxh3_128(&bytes))
    }
}

/// Gaps between ascending times.
pub(crate) fn gaps(at_ms: &[f64]) -> Vec<f64> {
    at_ms.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// Arrivals per second from the first to the last of ascending times in milliseconds.
pub(crate) fn rate_per_s(at_ms: &[f64]) -> Option<f64> {
    let (first, last) = (at_ms.first()?, at_ms.last()?);
    let ms = last - first;
    (at_ms.len() > 1 && ms > 0.0).then(|| 1e3 * (at_ms.len() - 1) as f64 / ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resumed_schedule_goes_on_with_the_next_gap() {
        let schedule = Schedule::new(vec![10.0, 30.0, 60.0, 100.0]);
        assert_eq!(schedule.after(0), schedule);
        assert_eq!(schedule.after(2).at_ms(), [30.0, 70.0]);
        assert_eq!(schedule.after(9).at_ms(), [0.0; 0]);
        assert_eq!(Schedule::new(vec![3.0, 1.0, -1.0]).at_ms(), [0.0, 1.0, 3.0]);
    }
}
