//! Real inference servers under the binary: llama.cpp, LiteLLM proxy in front of it, vLLM on CPU.
//!
//! `setup.sh` in this folder sets the servers up; what is not set up is skipped and says so. Models
//! have random weights: text is nonsense, wire, cache and scheduling are real.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends at the first thing that is not as it should be, and says why it is skipped"
)]

mod experiment;
mod http;
mod litellm;
mod llama;
mod prefix;
mod server;
mod vllm;
