//! Grading an answer against what a right answer is: one file per kind of target.
//!
//! Every scorer takes time linear in the answer, which may be megabytes of hostile text.

mod choice;
mod contains;
mod exact;
mod f1;
mod json;
mod number;
mod regex;
mod score;

pub use score::score;
