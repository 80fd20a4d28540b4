//! What a gate will be able to say, before any money is spent.
//!
//! Score tables are simulated under a known truth and put through the gate's own tests: the evidence of
//! each slice, the family-wise screen, the rule that makes a verdict of them. Nothing here has a formula
//! of its own for the chance of a verdict.
//!
//! Out of scope: the claims on time to first token, errors, saving and coverage, and slices that the
//! candidate's own routes make. Scores are simulated as right or wrong; graded ones enter with the flip
//! rate of the same variance.

mod assess;
mod decide;
mod draw;
mod model;
mod rates;

pub use assess::{Effort, assess};
pub use model::{Assessment, Catch, Chances, SlicePower};
pub use rates::{DEFAULT_FLIP_RATE, FlipRates};
