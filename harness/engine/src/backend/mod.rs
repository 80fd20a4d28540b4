//! Backends: each sends one call and returns one attempt.

mod address;
mod admin;
mod arrived;
mod body;
mod call;
mod config;
mod connection;
mod connections;
mod dates;
mod explicit;
mod head;
mod http;
mod key;
mod open;
mod patience;
mod reading;
mod recorded;
mod request;
mod response;
mod reuse;
mod route;
mod socket;
#[cfg(target_os = "linux")]
mod stamped;
mod status;
mod trust;
#[cfg(not(target_os = "linux"))]
mod unstamped;

pub use admin::Admin;
pub use call::{Backend, Call, Reply, ReplyFuture};
pub use config::{BackendError, HttpConfig, Timeouts};
pub use explicit::ExplicitCache;
pub use http::HttpBackend;
pub use key::ApiKey;
pub use open::ConnectionCount;
pub use recorded::RecordedBackend;
pub use route::is_proxied;
