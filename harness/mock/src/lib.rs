//! The embedded fleet: loopback model servers that really answer.
//!
//! Four tiers of model (`nano`, `small`, `medium`, `large`) speak six wire formats from one
//! process. Their answers are computed from the prompt text by solvers whose abilities are
//! listed in one table ([`builtin_tiers`]), so that differences in quality come from scored answers
//! and never from dice. Time comes from a small model of a serving engine ([`engine`]) with a real
//! prefix cache.
//!
//! - [`tasks`]: one family of gradable tasks per file, generator and solver side by side.
//! - [`quickstart()`]: the generated samples of the quick start.
//! - [`engine`]: tokens, prefix cache, slots, prefill lane.
//! - [`server`]: the HTTP side; [`serve`] starts a fleet.
//! - [`fault`]: scripted misbehaviour.
//! - [`null`]: a backend that computes nothing, to measure clients against.

mod ability;
mod answer;
mod completion;
mod draw;
pub mod engine;
pub mod fault;
mod message;
pub mod null;
pub mod quickstart;
pub mod server;
mod target;
pub mod tasks;
mod tier;

pub use ability::{Ability, Calendar, Reading, Style};
pub use answer::{Answer, Span};
pub use completion::{Completion, Finish, Limits, Token, complete};
pub use draw::Draw;
pub use message::{Message, Role, last_user};
pub use quickstart::{GeneratedTask, Quickstart, quickstart};
pub use server::{
    ChoiceReport, Fleet, FleetConfig, Gateway, Outcome, Provider, RequestRecord, RoleChunk, serve,
};
pub use target::GoldTarget;
pub use tier::{Tier, builtin_tiers};
