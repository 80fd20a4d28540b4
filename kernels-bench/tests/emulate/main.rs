//! The kernels' own source, run on the host: blocks, warps, shuffles and `mma.sync` are emulated from
//! the PTX manual, so a wrong fragment, page or mask gives a wrong number without a GPU. Needs a C++20
//! compiler (`c++`); skipped without one.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test says why it is skipped"
)]

mod attention;
mod host;
mod pages;
mod states;
