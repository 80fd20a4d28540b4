//! Which calls are struck.

use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::RecordedFault;

/// Strikes the calls that meet all conditions. A recording has no clock: a window is a stretch of
/// samples in the order in which they are judged, counted from 1.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedFaultRule {
    /// Only calls of this model; every model if absent.
    pub model: Option<Arc<str>>,
    /// First sample struck, from 1.
    pub first: u64,
    /// From the first one on, every so many samples; at least 1.
    pub every: u64,
    /// Last sample struck; without end if absent.
    pub last: Option<u64>,
    /// Share of the samples that is struck, from 0 to 1, chosen by their ids and the seed; all if
    /// absent.
    pub share: Option<f64>,
    /// With `share`: whether each retry and each repeat is struck again, as in an outage that
    /// outlasts them; otherwise each has a fate of its own.
    pub sticky: bool,
    /// Time that a failed try takes, in milliseconds; the kind's own if absent.
    pub ms: Option<f64>,
    /// Share of the recorded cost that a failed try is charged, from 0.
    pub cost_share: f64,
    /// What happens.
    pub fault: RecordedFault,
}

/// What a rule may look at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) sample: &'a str,
    /// Position of the sample, from 0.
    pub(super) position: usize,
    pub(super) model: &'a str,
    pub(super) repeat: u32,
    pub(super) try_number: u32,
}

impl RecordedFaultRule {
    /// A rule that strikes every call of every model.
    pub fn always(fault: RecordedFault) -> Self {
        Self {
            model: None,
            first: 1,
            every: 1,
            last: None,
            share: None,
            sticky: false,
            ms: None,
            cost_share: 0.0,
            fault,
        }
    }

    /// Whether a call is struck. The draw of a share looks at the call and the seed alone, so that it
    /// is the same for every policy.
    pub(super) fn strikes(&self, asking: &Asking<'_>, seed: u64) -> bool {
        if self.model.as_deref().is_some_and(|m| m != asking.model) {
            return false;
        }
        let number = asking.position as u64 + 1;
        let in_window = number >= self.first && self.last.is_none_or(|last| number <= last);
        if !in_window || !(number - self.first).is_multiple_of(self.every.max(1)) {
            return false;
        }
        let Some(share) = self.share else {
            return true;
        };
        let nth = if self.sticky {
            0
        } else {
            (u64::from(asking.repeat) << 32) | u64::from(asking.try_number)
        };
        let sample = xxh3_64_with_seed(asking.sample.as_bytes(), seed);
        let call = xxh3_64_with_seed(asking.model.as_bytes(), sample);
        // Mixed once more with the number of the try; 53 bits make a uniform number.
        let drawn = xxh3_64_with_seed(&nth.to_le_bytes(), call);
        ((drawn >> 11) as f64) < share * (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(position: usize, sample: &str, try_number: u32) -> Asking<'_> {
        Asking {
            sample,
            position,
            model: "m",
            repeat: 0,
            try_number,
        }
    }

    #[test]
    fn a_window_is_a_stretch_of_samples_and_may_have_gaps() {
        let rule = RecordedFaultRule {
            first: 3,
            every: 2,
            last: Some(8),
            ..RecordedFaultRule::always(RecordedFault::Unavailable)
        };
        let struck: Vec<usize> = (0..12)
            .filter(|p| rule.strikes(&asking(*p, "s", 0), 1))
            .map(|p| p + 1)
            .collect();
        assert_eq!(struck, [3, 5, 7]);
        let other = RecordedFaultRule {
            model: Some("n".into()),
            ..rule
        };
        assert!(!other.strikes(&asking(2, "s", 0), 1));
    }

    #[test]
    fn a_share_goes_by_sample_and_seed_and_a_sticky_one_outlasts_retries() {
        let rule = |sticky| RecordedFaultRule {
            share: Some(0.3),
            sticky,
            ..RecordedFaultRule::always(RecordedFault::Unavailable)
        };
        let struck = |seed| -> Vec<usize> {
            let ids = (0..2_000).map(|i| (i, format!("s{i}")));
            ids.filter(|(i, id)| rule(true).strikes(&asking(*i, id, 0), seed))
                .map(|(i, _)| i)
                .collect()
        };
        let first = struck(1);
        assert!((540..660).contains(&first.len()), "{}", first.len());
        assert_eq!(first, struck(1));
        assert_ne!(first, struck(2));
        let id = format!("s{}", first[0]);
        let tries = |sticky| {
            let of = |n: &u32| rule(sticky).strikes(&asking(first[0], &id, *n), 1);
            (0..50).filter(of).count()
        };
        assert_eq!(tries(true), 50);
        assert!((5..30).contains(&tries(false)), "{}", tries(false));
    }
}
