//! What the user says about the limits of a backend.

use std::sync::Arc;

use super::BreakerRule;

/// The limits of a run: none unless given.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits {
    /// One entry for each backend. Models that no entry names are called without limits.
    pub backends: Vec<BackendLimits>,
}

/// The limits of one backend: of everything that is called with one key at one address.
#[derive(Debug, Clone, PartialEq)]
pub struct BackendLimits {
    /// Name in notes.
    pub name: Arc<str>,
    /// Models of the fleet that it serves.
    pub models: Vec<Arc<str>>,
    /// Most calls in any minute, at least 1.
    pub requests_per_minute: Option<u64>,
    /// Most tokens a minute, input and output, at least 1. A call counts with its worst case until
    /// its usage is known; a minute may hold one call more than the limit.
    pub tokens_per_minute: Option<u64>,
    /// Most calls under way at once, at least 1.
    pub max_concurrency: Option<u32>,
    /// Whether a refusal for a rate limit halves the calls under way, which answers then win back
    /// one by one.
    pub is_adaptive: bool,
    /// When the backend is left alone for a while. Absent unless asked for: a breaker decides that a
    /// call fails, which otherwise only the server does.
    pub breaker: Option<BreakerRule>,
}

impl BackendLimits {
    /// A backend that is paused when it asks for it and slowed down when it refuses, and has no
    /// other limit.
    pub fn new(name: impl Into<Arc<str>>, models: Vec<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            models,
            requests_per_minute: None,
            tokens_per_minute: None,
            max_concurrency: None,
            is_adaptive: true,
            breaker: None,
        }
    }
}
