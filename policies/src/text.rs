//! What part of a request a policy reads, and its size.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::Request;

/// The part of a conversation a policy reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The last user message.
    #[default]
    LastMessage,
    /// All messages.
    Conversation,
}

impl Scope {
    /// Characters (Unicode scalar values).
    pub(crate) fn chars(self, request: &Request<'_>) -> usize {
        match self {
            Self::LastMessage => request.prompt().chars().count(),
            Self::Conversation => conversation_chars(request),
        }
    }

    /// The text; messages of a conversation are separated by a line break.
    pub(crate) fn text<'a>(self, request: &Request<'a>) -> Cow<'a, str> {
        match (self, request.messages) {
            (Self::LastMessage, _) => Cow::Borrowed(request.prompt()),
            (Self::Conversation, [only]) => Cow::Borrowed(&only.content),
            (Self::Conversation, messages) => {
                let parts: Vec<&str> = messages.iter().map(|m| m.content.as_str()).collect();
                Cow::Owned(parts.join("\n"))
            }
        }
    }
}

fn conversation_chars(request: &Request<'_>) -> usize {
    let messages = request.messages.iter();
    messages.map(|m| m.content.chars().count()).sum()
}

/// Input tokens of a request, estimated as one per four characters, rounded up.
///
/// A policy decides before any server counted; four characters a token is the same rule by which
/// missing usage is estimated everywhere in the project.
pub(crate) fn estimated_tokens(request: &Request<'_>) -> u64 {
    (conversation_chars(request) as u64).div_ceil(4).max(1)
}

#[cfg(test)]
mod tests {
    use weighbridge_datasets::{Message, Role};

    use super::*;

    #[test]
    fn counts_scalar_values_of_the_chosen_part() {
        let labels = std::collections::BTreeMap::new();
        let said = |role, content: &str| Message {
            role,
            content: content.to_owned(),
        };
        let messages = [said(Role::System, "be brief"), said(Role::User, "naïve")];
        let request = Request {
            id: "a",
            position: 0,
            repeat: 0,
            messages: &messages,
            labels: &labels,
        };
        assert_eq!(Scope::LastMessage.chars(&request), 5);
        assert_eq!(Scope::Conversation.chars(&request), 13);
        assert_eq!(Scope::Conversation.text(&request), "be brief\nnaïve");
        assert_eq!(estimated_tokens(&request), 4);
    }
}
