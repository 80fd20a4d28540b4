//! The settings of a live run.

use std::time::Duration;

use super::pacer::Pacing;
use super::validity::ClientLimits;
use super::{Budget, JournalRef, Limits, PromptNonce, RetryRule};
use crate::arrivals::{OpenLoop, Think};

/// How a live run goes about its trials.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Seed of the order of policies, the back-off and, if [asked](Self::send_seed), the sampling.
    pub seed: u64,
    /// Repeats of each (sample, policy), at least 1.
    pub repeats: u32,
    /// Trials under way at once in a closed loop, at least 1.
    pub concurrency: usize,
    /// When trials start on a schedule, whatever the answers take; a closed loop if absent.
    pub open_loop: Option<OpenLoop>,
    /// How long somebody thinks between an answer and the next turn: the samples of a cluster are the
    /// turns of a conversation then, sent one after the other, and a conversation takes one arrival or
    /// one place of the closed loop. If absent, samples know nothing of each other.
    pub think: Option<Think>,
    /// What is run before latencies count.
    pub warmup: Warmup,
    /// What the client may at most get wrong.
    pub client: ClientLimits,
    /// What the schedule is kept by.
    pub pacing: Pacing,
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
    /// Words in front of every synthetic prompt that no other run has there; none by default.
    pub nonce: Option<PromptNonce>,
    /// Whether requests carry a sampling seed, derived from the run's seed and the repeat: the same
    /// for every policy.
    pub send_seed: bool,
    /// Whether all repeats of a sample come before the next sample, as a run that is judged sample by
    /// sample needs; otherwise repeat by repeat.
    pub sample_major: bool,
    /// Output tokens assumed for the worst case of a call without a limit.
    pub assumed_output_tokens: u32,
}

/// The start of a run, whose latencies are not counted: connections are opened, caches filled, and
/// the load builds up. The trials are ordinary ones in every other way, and the load goes on without a
/// break when it ends. A trial is part of it that is among the first `trials` or is to start within
/// `time`; a resumed run warms up again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Warmup {
    /// Number of trials.
    pub trials: u64,
    /// Time since the start of this part of the run.
    pub time: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 0,
            repeats: 1,
            concurrency: 8,
            open_loop: None,
            think: None,
            warmup: Warmup::default(),
            client: ClientLimits::default(),
            pacing: Pacing::default(),
            retry: RetryRule::default(),
            budget: Budget::default(),
            journal: None,
            limits: Limits::default(),
            grace: Duration::from_secs(30),
            isolate_cache: false,
            nonce: None,
            send_seed: false,
            sample_major: false,
            assumed_output_tokens: 4096,
        }
    }
}
