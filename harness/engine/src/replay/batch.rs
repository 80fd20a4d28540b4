//! Trials of a few samples, with their log lines.

use weighbridge_record::Trial;

/// Finished trials of some neighbouring samples, in the fixed order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// The trials.
    pub trials: Vec<Trial>,
    /// One JSON line per trial, each ending in a newline: ready to be appended to a run log.
    pub lines: Vec<u8>,
    /// Length of each line in bytes, without its newline.
    pub line_lens: Vec<u32>,
}

impl Batch {
    /// Serializes trials.
    ///
    /// # Errors
    /// When a trial has no JSON form; plain data always has one.
    pub(super) fn of(trials: Vec<Trial>) -> Result<Self, serde_json::Error> {
        // A replayed trial is about 500 bytes.
        let mut lines = Vec::with_capacity(trials.len() * 512);
        let mut line_lens = Vec::with_capacity(trials.len());
        for trial in &trials {
            let start = lines.len();
            serde_json::to_writer(&mut lines, trial)?;
            line_lens.push(u32::try_from(lines.len() - start).unwrap_or(u32::MAX));
            lines.push(b'\n');
        }
        Ok(Self {
            trials,
            lines,
            line_lens,
        })
    }
}
