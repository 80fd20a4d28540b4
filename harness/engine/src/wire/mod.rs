//! Wire formats as pure codecs: bytes in, events out. No sockets, no clocks.
//!
//! One file per format: [`OpenaiChat`] with its many relatives, [`OpenaiResponses`], [`Anthropic`],
//! [`Gemini`] (also on Vertex AI), [`TgiGenerate`], [`OllamaChat`]. What differs between relatives
//! of one format stands in one table, `facts`.

mod anthropic;
mod chat_content;
mod codec;
mod counters;
mod dialect;
mod error_text;
mod event;
pub(crate) mod facts;
mod frames;
mod gemini;
pub mod lines;
mod logprobs;
mod ollama;
mod openai_chat;
mod openai_responses;
mod prometheus;
mod prompt_cache;
mod request;
pub mod sse;
#[cfg(test)]
mod tests;
mod text;
mod tgi;
mod usage;

pub use anthropic::Anthropic;
pub use codec::{Codec, Framing};
pub use counters::ServerCounters;
pub use dialect::Dialect;
pub(crate) use error_text::error_text;
pub use event::{WireError, WireEvent};
pub use frames::Frames;
pub use gemini::Gemini;
pub use ollama::OllamaChat;
pub use openai_chat::OpenaiChat;
pub use openai_responses::OpenaiResponses;
pub use prompt_cache::{CodecSettings, PromptCache};
pub use request::RequestBody;
pub use tgi::TgiGenerate;
