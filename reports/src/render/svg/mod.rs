//! Pictures, drawn by hand as SVG: a few hundred bytes for each mark, no script, no font, coloured
//! by the style sheet so that they follow the reader's light or dark mode.
//!
//! Every picture comes in two widths with letters of the same size, one for pages and one for
//! telephones; the style sheet shows one of them.

mod bars;
mod canvas;
mod forest;
mod frame;
mod labels;
mod lines;
mod plane;
mod ranks;
mod scale;
mod strips;

pub(crate) use bars::{Bar, bars};
pub(crate) use canvas::Width;
pub(crate) use forest::forest;
pub(crate) use frame::Axis;
pub(crate) use lines::{Chart, MOST_SERIES, Series, lines};
pub(crate) use plane::plane;
pub(crate) use ranks::ranks;
pub(crate) use scale::decimals;
pub(crate) use strips::{Strip, strips};
