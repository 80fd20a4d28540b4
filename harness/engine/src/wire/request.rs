//! The JSON body of a Chat Completions request.

use serde_json::{Map, Value, json};
use weighbridge_datasets::Message;

use super::Dialect;

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
    /// Whether token log-probabilities are wanted.
    pub logprobs: bool,
    /// Keeps this request's prompt cache apart from others, where the dialect can.
    pub cache_salt: Option<&'a str>,
    /// More fields by name. They replace fields made here; `null` removes one.
    pub extra: Option<&'a Map<String, Value>>,
}

impl RequestBody<'_> {
    /// The body as a JSON object, keys in alphabetical order.
    pub(super) fn json(&self, dialect: Dialect) -> Map<String, Value> {
        let mut body = Map::new();
        let mut put = |key: &str, value: Value| body.insert(key.to_owned(), value);
        put("model", self.model.into());
        let messages = self.messages.iter();
        let messages = messages.map(|m| json!({"role": m.role.as_str(), "content": m.content}));
        put("messages", messages.collect());
        if self.stream {
            put("stream", true.into());
            put("stream_options", json!({"include_usage": true}));
        }
        if let Some(limit) = self.max_output_tokens {
            put("max_tokens", limit.into());
        }
        if let Some(temperature) = self.temperature {
            put("temperature", temperature.into());
        }
        if let Some(seed) = self.seed {
            put("seed", seed.into());
        }
        if self.logprobs {
            put("logprobs", true.into());
        }
        match (self.cache_salt, dialect) {
            (Some(salt), Dialect::Vllm | Dialect::Sglang) => {
                put("cache_salt", salt.into());
            }
            // It has no salt; a request can only go without the cache.
            (Some(_), Dialect::LlamaCpp) => {
                put("cache_prompt", false.into());
            }
            (Some(_), Dialect::OpenaiChat) | (None, _) => {}
        }
        self.add_extra(&mut body);
        body
    }

    fn add_extra(&self, body: &mut Map<String, Value>) {
        for (key, value) in self.extra.into_iter().flatten() {
            if key == "max_completion_tokens" {
                // The two names are one limit; servers refuse both together.
                body.remove("max_tokens");
            }
            if value.is_null() {
                body.remove(key);
            } else {
                body.insert(key.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extra_fields_replace_and_remove() {
        let extra = json!({"temperature": null, "max_completion_tokens": 9, "top_k": 1});
        let request = RequestBody {
            model: "m",
            temperature: Some(0.0),
            max_output_tokens: Some(5),
            extra: extra.as_object(),
            ..RequestBody::default()
        };
        let body = Value::Object(request.json(Dialect::OpenaiChat));
        let expected = json!({"model":"m","messages":[],"max_completion_tokens":9,"top_k":1});
        assert_eq!(body, expected);
    }

    #[test]
    fn cache_isolation_is_said_in_each_dialect() {
        let request = RequestBody {
            model: "m",
            cache_salt: Some("s"),
            stream: true,
            logprobs: true,
            ..RequestBody::default()
        };
        assert_eq!(request.json(Dialect::Vllm)["cache_salt"], "s");
        assert_eq!(request.json(Dialect::LlamaCpp)["cache_prompt"], false);
        let plain = request.json(Dialect::OpenaiChat);
        assert!(!plain.contains_key("cache_salt"));
        assert_eq!(plain["stream_options"]["include_usage"], true);
        assert_eq!(plain["logprobs"], true);
    }
}
