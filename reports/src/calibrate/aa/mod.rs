//! The same policy twice: how much differs where nothing changed.
//!
//! **Draws.** The repeats of one policy are draws of the same thing, and so are the repeats of two
//! policies with the same configuration. Any two draws of a sample form an A/A pair.
//!
//! **False alarms.** A trial picks, for each cluster of samples, two different draws in a random
//! order, calls the first baseline and the second candidate, and lets the slices be judged as a run's
//! are. With two draws this is a random sign for the difference of each cluster. Nothing changed, so
//! every blocked slice is a false alarm.
//!
//! **Noise floor.** 95 % of those trials show a mean difference smaller than this, in either
//! direction. Where no sample flipped, the floor is that of the highest flip rate which the number
//! `n` of clusters does not exclude at 95 %: `1.96 sqrt(f / n)`.
//!
//! Times: the within-sample coefficient of variation by the root mean square of `sd / mean` over the
//! samples with at least two times (Bland and Altman 1996).

mod alarms;
mod answers;
mod draws;
mod flips;
mod run;
mod text;
mod times;

pub use alarms::SliceNoise;
pub use answers::Answers;
pub use run::{Aa, AaError, AaOptions, Noise, aa};
pub use times::TimeNoise;
