//! One request of a trace.

use crate::DataError;
use crate::import::Source;

/// One request as every format tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceRow {
    /// When it came, in seconds since the first request of the trace.
    pub at_s: f64,
    /// Tokens of the prompt.
    pub input_tokens: u32,
    /// Tokens of the answer; 0 where the request failed.
    pub output_tokens: u32,
    /// Hashes of the blocks of the prompt, each of [`Self::BLOCK_TOKENS`] tokens: equal hashes mean
    /// equal text from the start to there. Empty where the format has none.
    pub blocks: Vec<u64>,
    /// Conversation it belongs to, where the format says so.
    pub session: Option<String>,
}

impl TraceRow {
    /// Tokens in a hashed block.
    pub const BLOCK_TOKENS: u32 = 512;
}

/// Puts the rows in order of time, and the first at 0.
pub(super) fn in_order(
    source: &Source,
    mut rows: Vec<TraceRow>,
) -> Result<Vec<TraceRow>, DataError> {
    // Stable: requests of the same instant stay as they were written.
    rows.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    let Some(start) = rows.first().map(|row| row.at_s) else {
        return Err(source.invalid(1, "the trace holds no request"));
    };
    for row in &mut rows {
        row.at_s -= start;
    }
    Ok(rows)
}

/// A time of a trace, in seconds.
pub(super) fn seconds(source: &Source, line: u64, at_s: f64) -> Result<f64, DataError> {
    if at_s.is_finite() && at_s >= 0.0 {
        Ok(at_s)
    } else {
        Err(source.invalid(
            line,
            format!("timestamp {at_s} is not a time of at least 0"),
        ))
    }
}
