//! The renderers on a report with every state and with hostile text wherever data reaches a page.

mod files;
mod fixture;
mod html;
mod text;
