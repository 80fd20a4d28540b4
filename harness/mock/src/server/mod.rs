//! The HTTP side: six wire formats over hyper, one process for all tiers.
//!
//! | Path | What |
//! |---|---|
//! | `POST …/chat/completions` | OpenAI Chat Completions, whatever prefix a provider has |
//! | `POST …/responses` | OpenAI Responses |
//! | `POST …/messages` | Anthropic Messages |
//! | `POST …/MODEL:generateContent`, `:streamGenerateContent` | Gemini, also under Vertex's paths |
//! | `POST /generate`, `/generate_stream` | TGI; `/tiers/NAME/generate` names the tier |
//! | `POST /api/chat` | Ollama |
//! | `GET …/models`, `/api/tags` | the tiers |
//! | `GET /health` | 200 |
//! | `GET /metrics` | Prometheus text under vLLM's names |
//! | `POST /reset_prefix_cache` | empties all prefix caches |
//! | `GET /debug/log` | one [`RequestRecord`] per finished request, JSON lines |
//!
//! A request is answered with thoughts where it asks for them in the words of its format, and with
//! a tool call where it demands one.

mod anthropic;
mod asked;
mod body;
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
mod record;
mod reply;
mod responses;
mod route;
mod split;
mod state;
mod stream;
mod tgi;
mod wire;

pub use config::{ChoiceReport, FleetConfig, Gateway, RoleChunk};
pub use fleet::{Fleet, serve};
pub use record::{Outcome, RequestRecord};
