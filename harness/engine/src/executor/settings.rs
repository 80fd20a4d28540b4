//! The settings of a live run.

use std::time::Duration;

use super::{Budget, JournalRef, Limits, RetryRule};

/// How a live run goes about its trials.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Seed of the order of policies, the back-off and, if [asked](Self::send_seed), the sampling.
    pub seed: u64,
    /// Repeats of each (sample, policy), at least 1.
    pub repeats: u32,
    /// Trials under way at once, at least 1.
    pub concurrency: usize,
    /// When a failed call is tried again.
    pub retry: RetryRule,
    /// What may be spent.
    pub budget: Budget,
    /// Where money is written down before it is spent, if it is to outlive the process.
    pub journal: Option<JournalRef>,
    /// How fast each backend may be called.
    pub limits: Limits,
    /// How long trials under way may still take after a stop.
    pub grace: Duration,
    /// Whether each policy has a prompt cache of its own, so that none profits from another's
    /// calls; without effect in dialects that cannot.
    pub isolate_cache: bool,
    /// Whether requests carry a sampling seed, derived from the run's seed and the repeat: the same
    /// for every policy.
    pub send_seed: bool,
    /// Whether all repeats of a sample come before the next sample, as a run that is judged sample by
    /// sample needs; otherwise repeat by repeat.
    pub sample_major: bool,
    /// Output tokens assumed for the worst case of a call without a limit.
    pub assumed_output_tokens: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 0,
            repeats: 1,
            concurrency: 8,
            retry: RetryRule::default(),
            budget: Budget::default(),
            journal: None,
            limits: Limits::default(),
            grace: Duration::from_secs(30),
            isolate_cache: false,
            send_seed: false,
            sample_major: false,
            assumed_output_tokens: 4096,
        }
    }
}
