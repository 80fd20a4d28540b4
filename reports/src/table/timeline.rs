//! When calls were made and when they failed, in a fixed number of equal steps.

/// Calls over time (milliseconds since the start of a live run) or over the order of the samples
/// (a replay has no clock). The steps double whenever something comes after the last one, so that the
/// counts do not depend on the order in which calls are added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline {
    /// A step is `1 << shift` milliseconds or samples long.
    shift: u32,
    /// Calls that began in each step, and those of them that failed for good.
    steps: Vec<(u64, u64)>,
}

impl Timeline {
    /// Most steps.
    pub const STEPS: usize = 64;

    /// Counts one call at a time or position.
    pub(super) fn add(&mut self, at: u64, is_failed: bool) {
        while at.checked_shr(self.shift).unwrap_or(0) >= Self::STEPS as u64 {
            self.double();
        }
        let step = (at >> self.shift) as usize;
        if self.steps.len() <= step {
            self.steps.resize(step + 1, (0, 0));
        }
        self.steps[step].0 += 1;
        self.steps[step].1 += u64::from(is_failed);
    }

    fn double(&mut self) {
        self.shift += 1;
        let pairs = self.steps.chunks(2);
        let sum = |pair: &[(u64, u64)]| {
            pair.iter()
                .fold((0, 0), |sum, step| (sum.0 + step.0, sum.1 + step.1))
        };
        self.steps = pairs.map(sum).collect();
    }

    /// Adds the counts of another one.
    pub(crate) fn merge(&mut self, other: &Self) {
        let mut other = other.clone();
        while self.shift < other.shift {
            self.double();
        }
        while other.shift < self.shift {
            other.double();
        }
        if self.steps.len() < other.steps.len() {
            self.steps.resize(other.steps.len(), (0, 0));
        }
        for (step, more) in self.steps.iter_mut().zip(&other.steps) {
            step.0 += more.0;
            step.1 += more.1;
        }
    }

    /// Length of a step in milliseconds or samples.
    pub fn step(&self) -> u64 {
        1 << self.shift
    }

    /// The same in longer steps; nothing happens where they are as long already.
    #[must_use]
    pub fn in_steps_of(mut self, step: u64) -> Self {
        while self.step() < step {
            self.double();
        }
        self
    }

    /// Calls that began in each step, and those of them that failed for good.
    pub fn steps(&self) -> &[(u64, u64)] {
        &self.steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_do_not_depend_on_order_or_on_how_they_were_put_together() {
        let at: Vec<u64> = (0..1_000).map(|i| (i * i) % 7_919).collect();
        let of = |order: &mut dyn Iterator<Item = &u64>| {
            let mut line = Timeline::default();
            order.for_each(|at| line.add(*at, at % 3 == 0));
            line
        };
        let forth = of(&mut at.iter());
        assert_eq!(forth, of(&mut at.iter().rev()));
        let mut halves = of(&mut at[..10].iter());
        halves.merge(&of(&mut at[10..].iter()));
        assert_eq!(forth, halves);
        assert!(forth.steps().len() <= Timeline::STEPS);
        assert_eq!(forth.step(), 128);
        assert_eq!(forth.steps().iter().map(|s| s.0).sum::<u64>(), 1_000);
        let failed = at.iter().filter(|at| *at % 3 == 0).count() as u64;
        assert_eq!(forth.steps().iter().map(|s| s.1).sum::<u64>(), failed);
    }
}
