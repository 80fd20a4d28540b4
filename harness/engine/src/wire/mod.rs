//! Wire formats as pure codecs: bytes in, events out. No sockets, no clocks.

mod codec;
mod dialect;
mod event;
mod openai_chat;
mod request;
pub mod sse;
mod usage;

pub use codec::Codec;
pub use dialect::Dialect;
pub use event::{WireError, WireEvent};
pub use openai_chat::OpenaiChat;
pub use request::RequestBody;
