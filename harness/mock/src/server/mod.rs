//! The HTTP side: OpenAI Chat Completions over hyper, one process for all tiers.
//!
//! | Path | What |
//! |---|---|
//! | `POST /v1/chat/completions` | streaming and non-streaming answers |
//! | `GET /v1/models` | the tiers |
//! | `GET /health` | 200 |
//! | `GET /metrics` | Prometheus text under vLLM's names |
//! | `POST /reset_prefix_cache` | empties all prefix caches |
//! | `GET /debug/log` | one [`RequestRecord`] per finished request, JSON lines |

mod body;
mod chat;
mod config;
mod fleet;
mod frame;
mod log;
mod metrics;
mod record;
mod reply;
mod route;
mod split;
mod state;
mod stream;
mod wire;

pub use config::{FleetConfig, RoleChunk};
pub use fleet::{Fleet, serve};
pub use record::{Outcome, RequestRecord};
