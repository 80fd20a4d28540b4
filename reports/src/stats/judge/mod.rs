//! Correcting and describing an imperfect judge.

mod agreement;
mod ppi;
mod rogan_gladen;

pub use agreement::{Agreement, agreement};
pub use ppi::{Critical, MIN_LABELS_PLUS_PLUS, Ppi, ppi_lambda, ppi_mean, ppi_plus_plus};
pub use rogan_gladen::{RoganGladen, rogan_gladen};
