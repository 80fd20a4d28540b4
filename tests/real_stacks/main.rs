//! Real inference servers under the binary: llama.cpp, LiteLLM proxy, Portkey and RouteLLM in front
//! of it, vLLM on CPU.
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
mod portkey;
mod prefix;
mod routellm;
mod server;
mod vllm;
