//! Building a measurement.

use crate::record::{CacheState, Ceiling, Measured, Oracle, Origin, Outcome, Timing, Work};

impl Measured {
    /// A measurement of `time`.
    pub(crate) fn new(time: Timing, work: Work, cache: CacheState) -> Self {
        Self {
            time,
            copy: None,
            work,
            cache,
            ceiling: None,
            oracle: Oracle::None,
            note: None,
        }
    }

    /// With a ceiling measured here.
    pub(crate) fn under(mut self, name: &str, at_ceiling_ns: f64) -> Self {
        self.ceiling = Some(Ceiling {
            name: name.to_owned(),
            at_ceiling_ns,
            origin: Origin::Measured,
        });
        self
    }

    /// With the verdict of an oracle.
    pub(crate) fn checked(mut self, check: &str, right: bool) -> Self {
        let check = check.to_owned();
        self.oracle = if right {
            Oracle::Passed(check)
        } else {
            Oracle::Failed(check)
        };
        self
    }

    /// With something a reader must know.
    pub(crate) fn noted(mut self, note: &str) -> Self {
        self.note = Some(note.to_owned());
        self
    }

    pub(crate) fn outcome(self) -> Outcome {
        Outcome::Measured(Box::new(self))
    }
}
