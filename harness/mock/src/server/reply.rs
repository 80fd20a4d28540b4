//! Answers that are not streams.

use super::body::ReplyBody;
use super::frame::{Logprobs, json_string, put_json_string, put_logprobs};
use crate::completion::Completion;
use bytes::{BufMut, Bytes, BytesMut};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

/// Token counts of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) prompt: usize,
    pub(super) cached: usize,
    pub(super) completion: usize,
}

impl Usage {
    /// The `usage` object.
    pub(super) fn json(&self) -> String {
        let Self {
            prompt,
            cached,
            completion,
        } = self;
        format!(
            "{{\"prompt_tokens\":{prompt},\"completion_tokens\":{completion},\
             \"total_tokens\":{},\"prompt_tokens_details\":{{\"cached_tokens\":{cached}}}}}",
            prompt + completion
        )
    }
}

/// The body of a non-streaming answer.
pub(super) fn completion_json(
    id: &str,
    created: u64,
    model: &str,
    completion: &Completion,
    usage: &Usage,
    logprobs: Logprobs,
) -> Bytes {
    let mut out = BytesMut::with_capacity(512);
    let head = format!(
        "{{\"id\":{},\"object\":\"chat.completion\",\"created\":{created},\"model\":{},\
         \"system_fingerprint\":\"fp_weighbridge\",\"choices\":[{{\"index\":0,\
         \"message\":{{\"role\":\"assistant\",\"content\":",
        json_string(id),
        json_string(model)
    );
    out.put_slice(head.as_bytes());
    put_json_string(&mut out, &completion.text());
    out.put_slice(b",\"refusal\":null},\"logprobs\":");
    put_logprobs(&mut out, &completion.tokens, logprobs);
    let tail = format!(
        ",\"finish_reason\":\"{}\"}}],\"usage\":{}}}",
        completion.finish.as_str(),
        usage.json()
    );
    out.put_slice(tail.as_bytes());
    out.freeze()
}

/// The error object in OpenAI's shape.
pub(super) fn error_json(message: &str, kind: &str, code: &str) -> String {
    format!(
        "{{\"error\":{{\"message\":{},\"type\":\"{kind}\",\"param\":null,\"code\":\"{code}\"}}}}",
        json_string(message)
    )
}

/// An error response.
pub(super) fn error(
    status: StatusCode,
    message: &str,
    kind: &str,
    code: &str,
) -> Response<ReplyBody> {
    json(status, error_json(message, kind, code).into())
}

/// A JSON response.
pub(super) fn json(status: StatusCode, body: Bytes) -> Response<ReplyBody> {
    typed(status, "application/json", body)
}

/// A response of any content type.
pub(super) fn typed(status: StatusCode, kind: &'static str, body: Bytes) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::full(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
