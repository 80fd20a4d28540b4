//! Chat messages, the only thing a mock model ever sees.

use serde::{Deserialize, Serialize};

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Standing instructions; `developer` is the newer wire name of the same thing.
    #[serde(alias = "developer")]
    System,
    /// The person asking.
    User,
    /// The model, in earlier turns.
    Assistant,
    /// The result of a tool call.
    Tool,
}

impl Role {
    /// The wire name.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
        }
    }
}

/// One message of a conversation, plain text only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who wrote it.
    pub role: Role,
    /// The text.
    pub content: String,
}

impl Message {
    /// A message by `role`.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self {
            role,
            content: content.into(),
        }
    }

    /// A user message.
    pub fn user(content: impl Into<String>) -> Self {
        Self::new(Role::User, content)
    }

    /// A system message.
    pub fn system(content: impl Into<String>) -> Self {
        Self::new(Role::System, content)
    }

    /// An assistant message.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self::new(Role::Assistant, content)
    }
}

/// The text of the last user message, or an empty string when there is none.
pub fn last_user(messages: &[Message]) -> &str {
    messages
        .iter()
        .rev()
        .find(|m| m.role == Role::User)
        .map_or("", |m| m.content.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn developer_is_read_as_system() {
        let m: Message = serde_json::from_str(r#"{"role":"developer","content":"x"}"#).unwrap();
        assert_eq!(m.role, Role::System);
        assert_eq!(m.role.as_str(), "system");
    }

    #[test]
    fn last_user_skips_later_assistant_turns() {
        let talk = [
            Message::user("a"),
            Message::user("b"),
            Message::assistant("c"),
        ];
        assert_eq!(last_user(&talk), "b");
        assert_eq!(last_user(&[Message::system("s")]), "");
    }
}
