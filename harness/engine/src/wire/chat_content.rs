//! The `content` of a delta or message: a text, or a list of typed parts (Mistral).

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::WireEvent;
use super::text::{Text, filled};

/// A text that is borrowed where it can be, or typed parts.
pub(super) enum ChatContent<'a> {
    Text(Cow<'a, str>),
    Parts(Vec<Part<'a>>),
}

/// `{"type":"text","text":…}` or `{"type":"thinking","thinking":[…]}`.
#[derive(Deserialize)]
pub(super) struct Part<'a> {
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(borrow, default)]
    thinking: Option<Vec<Thought<'a>>>,
}

#[derive(Deserialize)]
struct Thought<'a> {
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
}

impl ChatContent<'_> {
    pub(super) fn tell(&self, on: &mut dyn FnMut(WireEvent<'_>)) {
        match self {
            Self::Text(text) if text.is_empty() => {}
            Self::Text(text) => on(WireEvent::Content(text)),
            Self::Parts(parts) => parts.iter().for_each(|part| part.tell(on)),
        }
    }
}

impl Part<'_> {
    fn tell(&self, on: &mut dyn FnMut(WireEvent<'_>)) {
        let thoughts = self.thinking.iter().flatten();
        for text in thoughts.filter_map(|t| filled(&t.text)) {
            on(WireEvent::Reasoning(text));
        }
        if let Some(text) = filled(&self.text) {
            on(WireEvent::Content(text));
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for ChatContent<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = ChatContent<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of parts")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(ChatContent::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(ChatContent::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut parts = Vec::new();
        while let Some(part) = seq.next_element()? {
            parts.push(part);
        }
        Ok(ChatContent::Parts(parts))
    }
}
