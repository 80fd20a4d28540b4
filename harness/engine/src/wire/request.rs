//! What a request says, and the JSON body of a Chat Completions request.

use serde_json::{Map, Value, json};
use weighbridge_datasets::Message;

use super::Dialect;
use super::facts::{Isolation, Logprobs};
use super::prompt_cache::PromptCache;

/// Everything a request can say. `None` leaves the server's default.
#[derive(Debug, Clone, Copy, Default)]
pub struct RequestBody<'a> {
    /// Model name as the server knows it.
    pub model: &'a str,
    /// The conversation.
    pub messages: &'a [Message],
    /// Whether the answer should come as a stream.
    pub stream: bool,
    /// Upper limit of output tokens.
    pub max_output_tokens: Option<u32>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// Sampling seed; best effort on the server.
    pub seed: Option<u64>,
    /// Whether token log-probabilities are wanted; dialects that have none are not asked.
    pub logprobs: bool,
    /// Keeps this request's prompt cache apart from others, where the dialect can.
    pub cache_salt: Option<&'a str>,
    /// Keeps like requests on one prompt cache, where the dialect can.
    pub cache_key: Option<&'a str>,
    /// More fields by name. They replace fields made here, objects field by field; `null` removes
    /// one.
    pub extra: Option<&'a Map<String, Value>>,
}

impl RequestBody<'_> {
    /// The body of a Chat Completions request, keys in alphabetical order.
    pub(super) fn chat(&self, dialect: Dialect, cache: PromptCache) -> Map<String, Value> {
        let facts = dialect.facts();
        let mut body = Map::new();
        let mut put = |key: &str, value: Value| body.insert(key.to_owned(), value);
        put("model", self.model.into());
        put("messages", chat_messages(self.messages, dialect, cache));
        if self.stream {
            put("stream", true.into());
            match dialect {
                // Padding against eavesdroppers, which would be measured too.
                Dialect::Openai => put(
                    "stream_options",
                    json!({"include_usage": true, "include_obfuscation": false}),
                ),
                _ if facts.stream_options => put("stream_options", json!({"include_usage": true})),
                _ => None,
            };
        }
        if let Some(limit) = self.max_output_tokens {
            put(facts.limit, limit.into());
        }
        if let Some(temperature) = self.temperature {
            put("temperature", temperature.into());
        }
        if let (Some(name), Some(seed)) = (facts.seed, self.seed) {
            put(name, seed.into());
        }
        match facts.logprobs {
            Logprobs::Switch if self.logprobs => put("logprobs", true.into()),
            Logprobs::Number if self.logprobs => put("logprobs", 1.into()),
            _ => None,
        };
        if dialect == Dialect::LlamaCpp && self.logprobs {
            // Twenty alternatives a token otherwise, a hundred times the bytes of the token.
            put("top_logprobs", 1.into());
        }
        if dialect == Dialect::Fireworks {
            // Its default shortens the answer without a word.
            put("context_length_exceeded_behavior", "error".into());
        }
        self.add_cache(&mut body, dialect, cache);
        self.add_extra(&mut body);
        body
    }

    fn add_cache(&self, body: &mut Map<String, Value>, dialect: Dialect, cache: PromptCache) {
        let facts = dialect.facts();
        let is_off = cache == PromptCache::Off;
        match (self.cache_salt, facts.isolation) {
            (Some(salt), Isolation::Field(name)) => {
                body.insert(name.to_owned(), identifier(salt).into());
            }
            // It has no salt; a request can only go without the cache.
            (salt, Isolation::Without(name)) if salt.is_some() || is_off => {
                body.insert(name.to_owned(), false.into());
            }
            _ => {}
        }
        if let (Some(name), Some(key)) = (facts.cache_key, self.cache_key) {
            body.insert(name.to_owned(), key.into());
        }
        if dialect == Dialect::Openai
            && let Some(options) = cache.openai_options()
        {
            body.insert("prompt_cache_options".to_owned(), options);
        }
    }

    /// Merges the extra fields into a body (JSON merge patch, RFC 7396).
    pub(super) fn add_extra(&self, body: &mut Map<String, Value>) {
        for (key, value) in self.extra.into_iter().flatten() {
            // The two names are one limit; servers refuse both together.
            match key.as_str() {
                "max_completion_tokens" => drop(body.remove("max_tokens")),
                "max_tokens" => drop(body.remove("max_completion_tokens")),
                _ => {}
            }
            merge(body, key, value);
        }
    }
}

/// A text of letters, digits, `-` and `_`: managed providers want no more in an identifier. Other
/// bytes become `_` and two hexadecimal digits.
fn identifier(text: &str) -> String {
    use std::fmt::Write as _;
    let mut plain = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => plain.push(char::from(byte)),
            // Writing to memory cannot fail.
            _ => drop(write!(plain, "_{byte:02x}")),
        }
    }
    plain
}

fn merge(body: &mut Map<String, Value>, key: &str, value: &Value) {
    match (body.get_mut(key), value) {
        (_, Value::Null) => drop(body.remove(key)),
        (Some(Value::Object(old)), Value::Object(new)) => {
            for (key, value) in new {
                merge(old, key, value);
            }
        }
        _ => drop(body.insert(key.to_owned(), value.clone())),
    }
}

/// `messages`, with cache breakpoints where they are wanted: after the system prompt and after the
/// last message.
fn chat_messages(messages: &[Message], dialect: Dialect, cache: PromptCache) -> Value {
    let breakpoint = match dialect {
        Dialect::Openai if cache.has_breakpoints() => {
            Some(("prompt_cache_breakpoint", json!({"mode": "explicit"})))
        }
        // Both hand Anthropic's field on.
        Dialect::Openrouter | Dialect::Litellm => {
            cache.anthropic_control().map(|c| ("cache_control", c))
        }
        _ => None,
    };
    let last = messages.len().saturating_sub(1);
    let one = |(i, message): (usize, &Message)| {
        let is_system = message.role == weighbridge_datasets::Role::System;
        let content = match &breakpoint {
            Some((name, value)) if i == last || is_system => {
                let mut part = json!({"type": "text", "text": message.content});
                part[*name] = value.clone();
                json!([part])
            }
            _ => message.content.as_str().into(),
        };
        json!({"role": message.role.as_str(), "content": content})
    };
    messages.iter().enumerate().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(request: &RequestBody<'_>, dialect: Dialect) -> Map<String, Value> {
        request.chat(dialect, PromptCache::Default)
    }

    #[test]
    fn extra_fields_replace_merge_and_remove() {
        let extra = json!({"temperature": null, "max_completion_tokens": 9, "top_k": 1,
            "stream_options": {"continuous_usage_stats": true}});
        let request = RequestBody {
            model: "m",
            temperature: Some(0.0),
            max_output_tokens: Some(5),
            stream: true,
            extra: extra.as_object(),
            ..RequestBody::default()
        };
        let body = Value::Object(chat(&request, Dialect::OpenaiChat));
        let expected = json!({"model":"m","messages":[],"max_completion_tokens":9,"top_k":1,
            "stream":true,"stream_options":{"include_usage":true,"continuous_usage_stats":true}});
        assert_eq!(body, expected);
    }

    #[test]
    fn cache_isolation_is_said_in_each_dialect() {
        let request = RequestBody {
            model: "m",
            cache_salt: Some("7-a b-0"),
            stream: true,
            logprobs: true,
            ..RequestBody::default()
        };
        for (dialect, field) in [
            (Dialect::Vllm, "cache_salt"),
            (Dialect::Sglang, "cache_salt"),
            (Dialect::Trtllm, "cache_salt"),
            (Dialect::Fireworks, "prompt_cache_isolation_key"),
            (Dialect::Deepseek, "user_id"),
        ] {
            assert_eq!(chat(&request, dialect)[field], "7-a_20b-0");
        }
        assert_eq!(chat(&request, Dialect::LlamaCpp)["cache_prompt"], false);
        let plain = chat(&request, Dialect::OpenaiChat);
        assert!(!plain.contains_key("cache_salt"));
        assert_eq!(plain["stream_options"]["include_usage"], true);
        assert_eq!(plain["logprobs"], true);
    }

    #[test]
    fn each_provider_is_asked_in_its_own_words() {
        let request = RequestBody {
            model: "m",
            stream: true,
            logprobs: true,
            seed: Some(7),
            max_output_tokens: Some(5),
            cache_key: Some("k"),
            ..RequestBody::default()
        };
        let openai = chat(&request, Dialect::Openai);
        assert_eq!(openai["max_completion_tokens"], 5);
        assert_eq!(openai["stream_options"]["include_obfuscation"], false);
        assert_eq!(openai["prompt_cache_key"], "k");
        let mistral = chat(&request, Dialect::Mistral);
        assert_eq!(mistral["random_seed"], 7);
        for absent in ["stream_options", "logprobs", "seed"] {
            assert!(!mistral.contains_key(absent), "{absent}");
        }
        assert_eq!(chat(&request, Dialect::Together)["logprobs"], 1);
        assert_eq!(chat(&request, Dialect::LlamaCpp)["top_logprobs"], 1);
        assert!(!chat(&request, Dialect::Groq).contains_key("logprobs"));
        // It refuses what it does not know.
        let known = [
            "logprobs",
            "max_completion_tokens",
            "messages",
            "model",
            "seed",
        ];
        let trtllm = chat(&request, Dialect::Trtllm);
        let unknown = trtllm.keys().filter(|k| !k.starts_with("stream"));
        assert!(unknown.eq(known.iter()));
    }

    #[test]
    fn breakpoints_are_set_after_the_system_prompt_and_at_the_end() {
        use weighbridge_datasets::Role::{Assistant, System, User};
        let message = |role, content: &str| Message {
            role,
            content: content.to_owned(),
        };
        let messages = [
            message(System, "s"),
            message(User, "a"),
            message(Assistant, "b"),
            message(User, "c"),
        ];
        let request = RequestBody {
            messages: &messages,
            ..RequestBody::default()
        };
        let body = request.chat(Dialect::Openai, PromptCache::Breakpoints);
        assert_eq!(body["prompt_cache_options"], json!({"mode": "explicit"}));
        for (i, has) in [(0, true), (1, false), (2, false), (3, true)] {
            assert_eq!(body["messages"][i]["content"].is_array(), has, "{i}");
        }
        let body = request.chat(Dialect::Openai, PromptCache::Off);
        assert!(body["messages"][0]["content"].is_string());
        let body = request.chat(Dialect::Openrouter, PromptCache::BreakpointsLong);
        let part = &body["messages"][3]["content"][0];
        assert_eq!(
            part["cache_control"],
            json!({"type": "ephemeral", "ttl": "1h"})
        );
    }
}
