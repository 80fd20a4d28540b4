//! The token bucket.

const MINUTE_MS: f64 = 60_000.0;

/// A token bucket: fills at a steady rate up to its capacity; a call takes its units out. A call
/// that is larger than the capacity goes when the bucket is full and leaves a debt.
///
/// With a capacity `c` and a rate of `(limit − c + 1) / minute`, no half-open minute sees more than
/// `limit` calls of one unit: `c − 1` saved ones and what flows in. Source: the leaky bucket as a
/// meter, Turner, "New directions in communications", IEEE Communications Magazine 24(10), 1986.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    level: f64,
    capacity: f64,
    per_ms: f64,
    at_ms: f64,
}

impl Bucket {
    /// A full bucket for `per_minute` units in any minute, in bursts of a second's worth.
    pub(super) fn new(per_minute: u64, now_ms: f64) -> Self {
        let limit = per_minute.max(1) as f64;
        let capacity = (limit / 60.0).max(1.0);
        Self {
            level: capacity,
            capacity,
            per_ms: (limit - capacity + 1.0) / MINUTE_MS,
            at_ms: now_ms,
        }
    }

    fn fill(&mut self, now_ms: f64) {
        let flown = (now_ms - self.at_ms).max(0.0) * self.per_ms;
        self.level = (self.level + flown).min(self.capacity);
        self.at_ms = self.at_ms.max(now_ms);
    }

    /// Milliseconds until a call of so many units may go. A call larger than the capacity makes the
    /// bucket as large as itself, so that what it gives back is not lost.
    pub(super) fn wait_ms(&mut self, units: f64, now_ms: f64) -> f64 {
        self.fill(now_ms);
        let needed = units.min(self.capacity);
        ((needed - self.level) / self.per_ms).max(0.0)
    }

    /// Takes the units of a call that goes now.
    pub(super) fn take(&mut self, units: f64) {
        self.level -= units;
        self.capacity = self.capacity.max(units);
    }

    /// Corrects what a call took once it is known: positive gives back.
    pub(super) fn give(&mut self, units: f64, now_ms: f64) {
        self.fill(now_ms);
        self.level = (self.level + units).min(self.capacity);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Start times of calls of one unit that arrive at these gaps, one after the other.
    fn starts(per_minute: u64, gaps: &[u16]) -> Vec<f64> {
        let mut bucket = Bucket::new(per_minute, 0.0);
        let mut now = 0.0;
        let mut starts = Vec::new();
        for gap in gaps {
            now += f64::from(*gap);
            // As a timer would: a wait is slept, and asked for again.
            loop {
                let wait = bucket.wait_ms(1.0, now);
                if wait <= 0.0 {
                    break;
                }
                now += wait.max(1e-3);
            }
            bucket.take(1.0);
            starts.push(now);
        }
        starts
    }

    proptest! {
        #[test]
        fn no_minute_sees_more_calls_than_allowed(
            per_minute in 1u64..400,
            gaps in prop::collection::vec(0u16..2_000, 1..600),
        ) {
            let starts = starts(per_minute, &gaps);
            for (i, first) in starts.iter().enumerate() {
                let within = starts[i..].iter().take_while(|t| **t < first + MINUTE_MS - 1e-3).count();
                prop_assert!(within as u64 <= per_minute, "{within} from {first}");
            }
        }
    }

    #[test]
    fn the_limit_is_used_up_when_calls_wait() {
        let starts = starts(60, &[0; 120]);
        // Two minutes for 120 calls, but for the first ones.
        assert!(starts[119] < 2.0 * MINUTE_MS, "{}", starts[119]);
    }

    #[test]
    fn a_call_gives_back_what_it_did_not_use() {
        let mut bucket = Bucket::new(6_000, 0.0);
        assert_eq!(bucket.wait_ms(1_000.0, 0.0), 0.0);
        bucket.take(1_000.0);
        // 900 short, and as many must be there as the bucket now holds.
        assert!(bucket.wait_ms(1_000.0, 0.0) > 9_000.0);
        bucket.give(990.0, 0.0);
        assert!(bucket.wait_ms(90.0, 0.0) <= 0.0);
    }
}
