//! Samples on which a candidate and the baseline differ, with their texts.

mod choose;
mod collect;
mod side;

pub(super) use collect::collect;
