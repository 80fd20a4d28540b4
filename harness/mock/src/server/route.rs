//! From a path to its answer.

use super::body::ReplyBody;
use super::chat::{self, Identity};
use super::state::FleetState;
use super::{frame, metrics, reply};
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::{Method, Request, Response, StatusCode};

/// Larger bodies are refused.
const MAX_BODY_BYTES: usize = 16 << 20;

/// Answers one HTTP request and stamps `x-request-id`.
pub(super) async fn route(
    state: &FleetState,
    default_model: Option<&str>,
    request: Request<Incoming>,
) -> Response<ReplyBody> {
    let number = state.next_request();
    let given = request.headers().get("x-request-id").cloned();
    let made = || HeaderValue::from_str(&format!("req-{number}")).ok();
    let header = given
        .or_else(made)
        .unwrap_or(HeaderValue::from_static("req"));
    let identity = Identity {
        request_id: header.to_str().unwrap_or("").to_owned(),
        completion_id: format!("chatcmpl-{number:08x}"),
    };
    let mut response = dispatch(state, default_model, request, identity).await;
    response.headers_mut().insert("x-request-id", header);
    response
}

async fn dispatch(
    state: &FleetState,
    default_model: Option<&str>,
    request: Request<Incoming>,
    identity: Identity,
) -> Response<ReplyBody> {
    let text =
        |body: String| reply::typed(StatusCode::OK, "text/plain; version=0.0.4", body.into());
    match (request.method(), request.uri().path()) {
        (&Method::POST, "/v1/chat/completions") => {
            match Limited::new(request.into_body(), MAX_BODY_BYTES)
                .collect()
                .await
            {
                Ok(body) => chat::answer(state, &body.to_bytes(), default_model, identity).await,
                Err(error) => reply::error(
                    StatusCode::BAD_REQUEST,
                    &format!("the request body could not be read: {error}"),
                    "invalid_request_error",
                    "invalid_request",
                ),
            }
        }
        (&Method::GET, "/v1/models") => reply::json(StatusCode::OK, models(state)),
        (&Method::GET, "/health") => text(String::new()),
        (&Method::GET, "/metrics") => text(metrics::text(state)),
        (&Method::GET, "/debug/log") => reply::typed(
            StatusCode::OK,
            "application/jsonl",
            state.log.json_lines().into(),
        ),
        (&Method::POST, "/reset_prefix_cache") => {
            state.models.iter().for_each(|m| m.engine.reset_cache());
            reply::json(StatusCode::OK, Bytes::from_static(b"{\"success\":true}"))
        }
        (method, path) => {
            let message = format!("no such endpoint: {method} {path}");
            reply::error(
                StatusCode::NOT_FOUND,
                &message,
                "invalid_request_error",
                "not_found",
            )
        }
    }
}

fn models(state: &FleetState) -> Bytes {
    let entry = |name: &str| {
        format!(
            "{{\"id\":{},\"object\":\"model\",\"created\":0,\"owned_by\":\"weighbridge\"}}",
            frame::json_string(name)
        )
    };
    let entries: Vec<String> = state.models.iter().map(|m| entry(&m.name)).collect();
    format!("{{\"object\":\"list\",\"data\":[{}]}}", entries.join(",")).into()
}
