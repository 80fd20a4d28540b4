//! What is written to disk: runs, trials, attempts, usage, cost, scores.
//!
//! Everything here is plain data with serde forms that are versioned by [`SCHEMA`]. A run directory
//! holds `run.jsonl` (a [`RunHeader`] line, then one [`Trial`] per line, append-only) and
//! `samples.jsonl` (one [`SampleLine`] per judged sample). Reports read these two files and nothing
//! else.

mod arrival;
mod attempt;
mod attempts;
mod change;
mod cost;
mod exit;
mod gate;
mod header;
mod journal;
mod log;
mod read;
mod server_said;
mod trial;
mod zero;

pub use arrival::Arrival;
pub use attempt::{Attempt, AttemptError, AttemptErrorKind};
pub use attempts::AttemptLedger;
pub use change::{
    CandidateEvidence, ChangeAttempt, ChangeInfo, ClaimEvidence, JudgedBy, Question,
    SequentialStart,
};
pub use cost::{Cost, Price};
pub use exit::Exit;
pub use gate::{GatePolicy, InconclusiveAction, SliceTier};
pub use header::{
    DatasetInfo, HostInfo, Mode, ModelEntry, PolicyEntry, PolicyRole, RunHeader, SCHEMA,
};
pub use journal::{CallJournal, Unlogged};
pub use log::{LogError, RunWriter};
pub use read::{RunReader, SampleLine, TrialAt};
pub use server_said::{Quota, ServedModel, ServerSaid};
pub use trial::Trial;

pub use weighbridge_datasets::{Score, TokenSource, Usage};
pub use weighbridge_policies::{Candidate, Decision, Step};
