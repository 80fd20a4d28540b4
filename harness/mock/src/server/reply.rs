//! Answers that are not streams.

use super::body::ReplyBody;
use super::frame::json_string;
use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

/// Token counts of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) prompt: usize,
    /// Of the prompt, read from the prefix cache.
    pub(super) cached: usize,
    /// Of the prompt, written to the prefix cache and reported as such.
    pub(super) written: usize,
    pub(super) completion: usize,
    /// Of the completion, reasoning.
    pub(super) reasoning: usize,
}

impl Usage {
    /// The `usage` object of Chat Completions.
    pub(super) fn json(&self) -> String {
        let Self {
            prompt,
            cached,
            written,
            completion,
            reasoning,
        } = self;
        let total = prompt + completion;
        let written = match written {
            0 => String::new(),
            n => format!(",\"cache_write_tokens\":{n}"),
        };
        let reasoning = match reasoning {
            0 => String::new(),
            n => format!(",\"completion_tokens_details\":{{\"reasoning_tokens\":{n}}}"),
        };
        format!(
            "{{\"prompt_tokens\":{prompt},\"completion_tokens\":{completion},\
             \"total_tokens\":{total},\"prompt_tokens_details\":\
             {{\"cached_tokens\":{cached}{written}}}{reasoning}}}"
        )
    }
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
