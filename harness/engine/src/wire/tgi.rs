//! Text Generation Inference, its own routes `/generate` and `/generate_stream`.

use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use weighbridge_record::Usage;

use super::error_text::error_text;
use super::logprobs::LogprobList;
use super::text::{Text, filled};
use super::{Codec, RequestBody, WireError, WireEvent};

/// The codec of TGI's own routes. The server applies no chat template there: the conversation is
/// sent as its texts, joined by blank lines.
#[derive(Debug, Clone, Copy, Default)]
pub struct TgiGenerate;

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default)]
    token: Option<Token<'a>>,
    #[serde(borrow, default)]
    generated_text: Option<Text<'a>>,
    #[serde(borrow, default)]
    details: Option<Details<'a>>,
    #[serde(borrow, default)]
    error: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Token<'a> {
    #[serde(borrow)]
    text: Text<'a>,
    #[serde(default)]
    logprob: Option<f64>,
    #[serde(default)]
    special: bool,
}

#[derive(Deserialize)]
struct Details<'a> {
    #[serde(borrow, default)]
    finish_reason: Option<Text<'a>>,
    #[serde(default)]
    generated_tokens: Option<u64>,
    #[serde(default)]
    input_length: Option<u64>,
    /// Prompt tokens of a whole answer, if they were asked for.
    #[serde(default)]
    prefill: Option<Vec<IgnoredAny>>,
    #[serde(default)]
    tokens: Option<LogprobList>,
}

impl Codec for TgiGenerate {
    fn path(&self, _: &str, stream: bool) -> String {
        let path = if stream {
            "/generate_stream"
        } else {
            "/generate"
        };
        path.to_owned()
    }

    fn encode(&self, request: &RequestBody<'_>) -> Bytes {
        let texts = request.messages.iter().map(|m| m.content.as_str());
        let inputs = texts.collect::<Vec<_>>().join("\n\n");
        let mut parameters = Map::new();
        let mut put = |key: &str, value: Value| parameters.insert(key.to_owned(), value);
        put("details", true.into());
        if !request.stream {
            // Otherwise the prompt's tokens are not counted.
            put("decoder_input_details", true.into());
        }
        if let Some(limit) = request.max_output_tokens {
            put("max_new_tokens", limit.into());
        }
        // The server refuses a temperature of zero; it is greedy without one.
        if let Some(temperature) = request.temperature.filter(|t| *t > 0.0) {
            put("temperature", temperature.into());
            put("do_sample", true.into());
        }
        if let Some(seed) = request.seed {
            put("seed", seed.into());
        }
        let mut body = Map::new();
        body.insert("inputs".to_owned(), inputs.into());
        body.insert("parameters".to_owned(), parameters.into());
        request.add_extra(&mut body);
        Value::Object(body).to_string().into()
    }

    fn decode(&self, data: &[u8], on: &mut dyn FnMut(WireEvent<'_>)) -> Result<(), WireError> {
        let data = data.trim_ascii();
        if data.is_empty() {
            return Ok(());
        }
        let event: Event<'_> = serde_json::from_slice(data)?;
        if event.error.is_some() {
            on(WireEvent::Error(&error_text(data)));
            return Ok(());
        }
        if let Some(token) = event.token.filter(|t| !t.special) {
            if !token.text.0.is_empty() {
                on(WireEvent::Content(&token.text.0));
            }
            match token.logprob {
                Some(sum) => on(WireEvent::Logprobs { sum, count: 1 }),
                None => on(WireEvent::Tokens(1)),
            }
        }
        if let Some(details) = &event.details {
            details.tell(on);
        }
        if event.generated_text.is_some() {
            on(WireEvent::Done);
        }
        Ok(())
    }

    fn decode_body(&self, body: &[u8], on: &mut dyn FnMut(WireEvent<'_>)) -> Result<(), WireError> {
        let body = body.trim_ascii();
        // One answer comes bare or as a list of one.
        let body = match body {
            [b'[', inner @ .., b']'] => inner,
            _ => body,
        };
        let event: Event<'_> = serde_json::from_slice(body)?;
        if event.error.is_some() {
            on(WireEvent::Error(&error_text(body)));
            return Ok(());
        }
        if let Some(text) = filled(&event.generated_text) {
            on(WireEvent::Content(text));
        }
        if let Some(details) = &event.details {
            if let Some(tokens) = &details.tokens {
                tokens.0.tell(on);
            }
            details.tell(on);
        }
        on(WireEvent::Done);
        Ok(())
    }
}

impl Details<'_> {
    fn tell(&self, on: &mut dyn FnMut(WireEvent<'_>)) {
        if let Some(reason) = filled(&self.finish_reason) {
            on(WireEvent::Finish(reason));
        }
        let prefill = self.prefill.as_ref().map(|p| p.len() as u64);
        on(WireEvent::Usage(Usage {
            input_tokens: self.input_length.or(prefill.filter(|n| *n > 0)),
            output_tokens: self.generated_tokens,
            ..Usage::default()
        }));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{events_of, every_cut};
    use super::*;

    const STREAM: &str = concat!(
        ":\n\n",
        r#"data:{"index":1,"token":{"id":1,"text":"fo","logprob":-0.5,"special":false},"generated_text":null,"details":null}"#,
        "\n\n",
        r#"data:{"index":2,"token":{"id":2,"text":"uré","logprob":-1.5,"special":false},"generated_text":null,"details":null}"#,
        "\n\n",
        r#"data:{"index":3,"token":{"id":0,"text":"</s>","logprob":-0.1,"special":true},"generated_text":"fouré","details":{"finish_reason":"eos_token","generated_tokens":3,"seed":null,"input_length":7}}"#,
        "\n\n",
    );

    #[test]
    fn a_stream_is_told_without_special_tokens() {
        let events = events_of(&TgiGenerate, [STREAM.as_bytes()]);
        assert_eq!(
            events[..5],
            [
                r#"Content("fo")"#,
                "Logprobs { sum: -0.5, count: 1 }",
                "Content(\"uré\")",
                "Logprobs { sum: -1.5, count: 1 }",
                r#"Finish("eos_token")"#
            ]
        );
        assert!(events[5].contains("input_tokens: Some(7)"));
        // The server never says what it had cached.
        assert!(events[5].contains("cache_read_tokens: None"));
        assert_eq!(events[6], "Done");
    }

    #[test]
    fn every_cut_of_the_stream_is_the_same_answer() {
        every_cut(&TgiGenerate, STREAM);
    }

    #[test]
    fn errors_and_whole_bodies_are_read() {
        let error = "data: {\"error\":\"Model is overloaded\",\"error_type\":\"overloaded\"}\n\n";
        assert_eq!(
            events_of(&TgiGenerate, [error.as_bytes()]),
            [r#"Error("Model is overloaded (overloaded)")"#]
        );
        let body = r#"{"generated_text":"four","details":{"finish_reason":"length",
            "generated_tokens":2,"prefill":[{"id":1},{"id":2}],
            "tokens":[{"id":1,"text":"fo","logprob":-0.5,"special":false}]}}"#;
        for body in [body.to_owned(), format!("[{body}]")] {
            let mut events = Vec::new();
            TgiGenerate
                .decode_body(body.as_bytes(), &mut |e| events.push(format!("{e:?}")))
                .unwrap();
            assert_eq!(events[0], r#"Content("four")"#);
            assert!(events[3].contains("input_tokens: Some(2)"), "{events:?}");
        }
    }

    #[test]
    fn a_request_is_greedy_at_temperature_zero() {
        let request = RequestBody {
            model: "m",
            temperature: Some(0.0),
            max_output_tokens: Some(5),
            stream: true,
            ..RequestBody::default()
        };
        let body: Value = serde_json::from_slice(&TgiGenerate.encode(&request)).unwrap();
        let expected = json!({"inputs":"","parameters":{"details":true,"max_new_tokens":5}});
        assert_eq!(body, expected);
    }
}
