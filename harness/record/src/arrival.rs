//! How a trial came to start.

use serde::{Deserialize, Serialize};

/// How the start of a trial went, where that is worth knowing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Arrival {
    /// Time from the intended start until the client acted, in milliseconds, for trials on a
    /// schedule. Every latency counts from the intended start, so that it is inside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag_ms: Option<f64>,
    /// Time it then waited in the client because too many were under way, in milliseconds; absent
    /// where nothing limits them. It is inside every latency too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_ms: Option<f64>,
    /// Whether the trial belongs to the warm-up: its latencies are not counted, everything else is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_warmup: bool,
}
