//! Backends: each sends one call and returns one attempt.

mod call;
mod connections;
mod http;
mod key;
mod reading;
mod recorded;
mod status;

pub use call::{Backend, Call, Reply, ReplyFuture};
pub use http::{BackendError, HttpBackend, HttpConfig, Timeouts};
pub use key::ApiKey;
pub use recorded::RecordedBackend;
