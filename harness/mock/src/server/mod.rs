//! The HTTP side: six wire formats over hyper, one process for all tiers.
//!
//! | Path | What |
//! |---|---|
//! | `POST …/chat/completions` | OpenAI Chat Completions, whatever prefix a provider has, with the habits of [`Provider`] |
//! | `POST …/responses` | OpenAI Responses |
//! | `POST …/messages` | Anthropic Messages |
//! | `POST …/MODEL:generateContent`, `:streamGenerateContent` | Gemini, also under Vertex's paths |
//! | `POST /generate`, `/generate_stream` | TGI; `/tiers/NAME/generate` names the tier |
//! | `POST /api/chat` | Ollama |
//! | `GET …/models`, `/api/tags` | the tiers |
//! | `GET /health` | 200 |
//! | `GET /metrics` | Prometheus text under the names of the server that is imitated |
//! | `POST /reset_prefix_cache` | empties all prefix caches, as do SGLang's and llama.cpp's paths when they are imitated |
//! | `GET /debug/log` | one [`RequestRecord`] per finished request, JSON lines |
//!
//! A request is answered with thoughts where it asks for them in the words of its format, and with
//! a tool call where it demands one.

mod anthropic;
mod asked;
mod beside;
mod body;
mod cached;
mod chat;
mod config;
mod disguise;
mod fleet;
mod format;
mod frame;
mod gemini;
mod log;
mod metrics;
mod ollama;
mod openai_chat;
mod provider;
mod record;
mod relative;
mod relative_counts;
mod reply;
mod responses;
mod route;
mod sign;
mod split;
mod state;
mod stream;
mod style;
mod tgi;
mod wire;

pub use config::{ChoiceReport, FleetConfig, Gateway, RoleChunk};
pub(crate) use fleet::bind;
pub use fleet::{Fleet, serve};
pub use provider::Provider;
pub use record::{Outcome, RequestRecord};
