//! Builds the policies of an experiment, its controls, and the header of its run.

mod build;
mod controls;
mod header;

pub(crate) use build::{Planned, named, plan};
pub(crate) use header::header;
