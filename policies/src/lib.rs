//! Passive routing, cascade and cache policies.
//!
//! A [`Policy`] performs no I/O and owns no clock. It opens a [`Session`] per request; the session
//! is asked for the next [`Decision`] given the attempts seen so far. The same code therefore runs
//! live, on recorded outcomes and on simulated traffic.
//!
//! A router makes one call, a cascade several, a cache serves or calls, a fallback reacts to a
//! failed attempt. One file per kind; [`PolicyConfig`] is the closed list of kinds that an
//! experiment file can name.

mod accept;
mod build;
mod choose;
mod config;
mod crossfit;
mod cut;
mod decision;
mod embed;
mod error;
mod fleet;
pub mod kinds;
mod learn;
mod neighbours;
mod pacing;
mod policy;
mod request;
mod shelf;
mod signs;
mod similarity;
mod stream;
mod text;
mod walk;

pub use accept::{Accept, Judge};
pub use build::{BuildContext, FitData};
pub use config::PolicyConfig;
pub use crossfit::{CrossFitted, fold_of};
pub use decision::{Candidate, Decision, Step};
pub use embed::Embedder;
pub use error::PolicyError;
pub use fleet::{Fleet, ModelInfo};
pub use kinds::overhead::{Overhead, with_overhead};
pub use policy::{Needs, Policy, Session};
pub use request::{Observed, Request};
pub use similarity::{Neighbour, Rows, dot};
pub use stream::stream;
pub use text::Scope;
