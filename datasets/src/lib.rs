//! Samples, datasets, recorded outcomes, importers and data health.
//!
//! This crate is the first storey: it knows what a labelled request is, how a recorded answer of a
//! model to it is kept, and how foreign formats become both. It sends nothing and judges nothing.
//!
//! * [`Sample`] and [`Dataset`]: labelled requests with a content fingerprint.
//! * [`Outcome`] and [`OutcomeStore`]: one recorded answer per (sample, model).
//! * [`import`]: readers of foreign formats, one file each.
//! * [`trace`]: recorded traffic without its texts.
//! * [`health`]: findings that must be seen before any result.

mod dataset;
mod error;
pub mod health;
pub mod import;
mod matching;
mod outcome;
mod sample;
mod score;
mod slice;
mod target;
pub mod trace;
mod usage;

pub use dataset::{Dataset, Manifest};
pub use error::{DataError, DataErrorKind};
pub use matching::{CharBand, Matching, words_of};
pub use outcome::{Outcome, OutcomeStore};
pub use sample::{Message, Role, Sample};
pub use score::Score;
pub use slice::{EXCERPT_CHARS, SliceFacts, SliceRule, SliceSet};
pub use target::Target;
pub use usage::{TokenSource, Usage};
