//! Searches a run for slices on which a candidate loses.
//!
//! Candidate slices are conjunctions of label values, bands of prompt length, words of the prompt and
//! the model that the candidate sends a request to. A search over thousands of them always finds some
//! that look bad, so the samples are parted in two by a hash of their cluster: the first half is
//! searched, the few slices that stand out there are tested on the second half, which the search never
//! saw, with family-wise p-values (Westfall-Young). The effect on the first half is inflated by the
//! search; the one on the second half is not.
//!
//! A found slice never gates in the comparison that found it: it carries [`search_key`], by which a
//! later report of that very comparison recognises it.
//!
//! Sources: Chung and others 2019 (SliceFinder) for the lattice of conjunctions and its effect size;
//! Pastor and others 2021 (DivExplorer) for minimum support.

mod atoms;
mod bitset;
mod confirm;
mod find;
mod key;
mod search;
mod settings;
mod split;
mod words;

pub use find::{Condition, Discovery, Find, HalfResult};
pub use key::search_key;
pub use search::discover;
pub use settings::{DiscoverError, Settings};
