//! One labelled request.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Target;

/// Who speaks in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Instructions that come before the conversation.
    System,
    /// The person asking.
    User,
    /// An earlier answer of a model.
    Assistant,
}

impl Role {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
}

/// One labelled request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sample {
    /// Stable and unique within its dataset; runs are matched by it.
    pub id: String,
    /// The conversation to answer; never empty.
    pub messages: Vec<Message>,
    /// What a right answer is.
    pub target: Target,
    /// Labels by key, for example `task = arithmetic`; slices are defined on them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Samples that are not independent share a cluster (a conversation, a document).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Name of the split, for example `fit` or `test`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// Upper limit of output tokens for this request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u32>,
    /// Whether the prompt was made up for its length alone: nobody minds other words in front of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub synthetic: bool,
}

/// A sample as written in a JSONL file: `prompt` is short for one user message.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SampleLine {
    id: String,
    prompt: Option<String>,
    messages: Option<Vec<Message>>,
    target: Target,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    cluster: Option<String>,
    split: Option<String>,
    max_output_tokens: Option<u32>,
    #[serde(default)]
    synthetic: bool,
}

impl SampleLine {
    /// Checks what the format cannot express.
    pub(crate) fn into_sample(self) -> Result<Sample, String> {
        let messages = match (self.prompt, self.messages) {
            (Some(prompt), None) => vec![Message {
                role: Role::User,
                content: prompt,
            }],
            (None, Some(messages)) if !messages.is_empty() => messages,
            (None, Some(_)) => return Err("`messages` is empty".to_owned()),
            (Some(_), Some(_)) => return Err("both `prompt` and `messages` are given".to_owned()),
            (None, None) => return Err("missing `prompt` or `messages`".to_owned()),
        };
        if self.id.is_empty() {
            return Err("`id` is empty".to_owned());
        }
        self.target.check()?;
        Ok(Sample {
            id: self.id,
            messages,
            target: self.target,
            labels: self.labels,
            cluster: self.cluster,
            split: self.split,
            max_output_tokens: self.max_output_tokens,
            synthetic: self.synthetic,
        })
    }
}

impl Sample {
    /// A one-message sample, as importers make them.
    pub fn of_prompt(id: impl Into<String>, prompt: impl Into<String>, target: Target) -> Self {
        Self {
            id: id.into(),
            messages: vec![Message {
                role: Role::User,
                content: prompt.into(),
            }],
            target,
            labels: BTreeMap::new(),
            cluster: None,
            split: None,
            max_output_tokens: None,
            synthetic: false,
        }
    }

    /// The same sample with one more label.
    #[must_use]
    pub fn with_label(mut self, key: &str, value: impl Into<String>) -> Self {
        self.labels.insert(key.to_owned(), value.into());
        self
    }

    /// The last user message: what a router usually looks at.
    pub fn prompt(&self) -> &str {
        let last_user = self.messages.iter().rev().find(|m| m.role == Role::User);
        last_user
            .or(self.messages.last())
            .map_or("", |m| m.content.as_str())
    }

    /// Characters (Unicode scalar values) over all messages.
    pub fn prompt_chars(&self) -> usize {
        self.messages
            .iter()
            .map(|m| m.content.chars().count())
            .sum()
    }
}
