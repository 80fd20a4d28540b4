//! TGI's own routes as the fleet speaks them.

use super::asked::{Asked, Channel, Spoken};
use super::format::{StreamWriter, reason};
use super::reply::Usage;
use crate::completion::{Limits, Token};
use crate::message::Message;
use bytes::{BufMut, Bytes, BytesMut};
use serde::Deserialize;
use serde_json::{Value, json};

const REASONS: [&str; 3] = ["eos_token", "length", "eos_token"];

#[derive(Deserialize)]
struct Request {
    inputs: String,
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Parameters {
    max_new_tokens: Option<usize>,
}

pub(super) fn parse(body: &[u8], stream: bool) -> Result<Asked, String> {
    let request: Request = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    Ok(Asked {
        messages: vec![Message::user(request.inputs)],
        stream,
        limits: Limits {
            max: request.parameters.max_new_tokens,
            min: 0,
        },
        ..Asked::default()
    })
}

/// A stream of one event a token; the last one holds the whole text.
#[derive(Default)]
pub(super) struct Writer {
    index: usize,
}

fn send(out: &mut BytesMut, event: &Value) {
    out.put_slice(format!("data:{event}\n\n").as_bytes());
}

impl StreamWriter for Writer {
    fn early(&mut self, out: &mut BytesMut) {
        out.put_slice(b":\n\n");
    }

    fn tokens(&mut self, out: &mut BytesMut, tokens: &[Token], _: Channel) {
        for token in tokens {
            self.index += 1;
            let token = json!({"id": self.index, "text": token.text, "logprob": token.logprob,
                "special": false});
            let event = json!({"index": self.index, "token": token, "generated_text": null,
                "details": null});
            send(out, &event);
        }
    }

    fn end(&mut self, out: &mut BytesMut, spoken: &Spoken, usage: &Usage) {
        let event = json!({
            "index": self.index + 1,
            "token": {"id": 0, "text": "</s>", "logprob": 0.0, "special": true},
            "generated_text": spoken.answer(),
            "details": {"finish_reason": reason(spoken, REASONS), "seed": null,
                "generated_tokens": usage.completion, "input_length": usage.prompt}
        });
        send(out, &event);
    }

    fn error(&mut self, out: &mut BytesMut, message: &str) {
        let error = error_json(424, message);
        out.put_slice(format!("data:{error}\n\n").as_bytes());
    }
}

/// The body of an answer that is not a stream.
pub(super) fn whole(spoken: &Spoken, usage: &Usage) -> Bytes {
    let token =
        |t: &Token| json!({"id": 1, "text": t.text, "logprob": t.logprob, "special": false});
    let tokens: Vec<Value> = spoken.answer_tokens().iter().map(token).collect();
    let prefill: Vec<Value> = (0..usage.prompt).map(|id| json!({ "id": id })).collect();
    json!({"generated_text": spoken.answer(), "details": {
        "finish_reason": reason(spoken, REASONS), "generated_tokens": usage.completion,
        "seed": null, "prefill": prefill, "tokens": tokens}})
    .to_string()
    .into()
}

pub(super) fn error_json(status: u16, message: &str) -> String {
    let kind = match status {
        422 | 400 => "validation",
        424 => "generation",
        429 | 503 => "overloaded",
        _ => "incomplete_generation",
    };
    json!({"error": message, "error_type": kind}).to_string()
}
