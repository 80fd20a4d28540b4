//! From a path to its answer.

use super::body::ReplyBody;
use super::chat::{self, Identity};
use super::format::Format;
use super::state::FleetState;
use super::{beside, frame, reply};
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
    let path = request.uri().path().to_owned();
    if request.method() == Method::POST
        && let Some((format, named)) = Format::of(&path)
    {
        let model = named.or(default_model);
        let format = format.spoken_by(state.provider);
        return chat(state, format, model, request, identity).await;
    }
    if path.contains("/cachedContents") {
        return cached(state, &path, request).await;
    }
    // `/tiers/NAME` before a path only names a tier.
    let below = path
        .strip_prefix("/tiers/")
        .and_then(|rest| rest.find('/').map(|at| &rest[at..]));
    let below = below.unwrap_or(&path);
    if let Some(response) = beside::answer(state, request.method(), below, request.uri().query()) {
        return response;
    }
    match (request.method(), below) {
        (&Method::GET, "/info") => reply::json(StatusCode::OK, tgi_info(state, &path)),
        (&Method::GET, "/api/version") => reply::json(
            StatusCode::OK,
            Bytes::from_static(b"{\"version\":\"0.0.0\"}"),
        ),
        (&Method::GET, "/v1beta/models") => reply::json(StatusCode::OK, gemini_models(state)),
        (&Method::GET, "/api/tags") => reply::json(StatusCode::OK, ollama_tags(state)),
        (&Method::GET, path) if path.ends_with("/models") => {
            reply::json(StatusCode::OK, models(state))
        }
        (&Method::GET, "/health") => text(String::new()),
        (&Method::GET, "/debug/log") => reply::typed(
            StatusCode::OK,
            "application/jsonl",
            state.log.json_lines().into(),
        ),
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

/// An explicit cache of Gemini.
async fn cached(state: &FleetState, path: &str, request: Request<Incoming>) -> Response<ReplyBody> {
    let method = request.method().clone();
    let body = Limited::new(request.into_body(), MAX_BODY_BYTES);
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return super::cached::refusal(400, &error.to_string()),
    };
    let answer = state.cached.answer(&method, path, &body);
    answer.unwrap_or_else(|| super::cached::refusal(404, "no such endpoint"))
}

async fn chat(
    state: &FleetState,
    format: Format,
    model: Option<&str>,
    request: Request<Incoming>,
    identity: Identity,
) -> Response<ReplyBody> {
    let body = Limited::new(request.into_body(), MAX_BODY_BYTES);
    match body.collect().await {
        Ok(body) => chat::answer(state, format, &body.to_bytes(), model, identity).await,
        Err(error) => reply::error(
            StatusCode::BAD_REQUEST,
            &format!("the request body could not be read: {error}"),
            "invalid_request_error",
            "invalid_request",
        ),
    }
}

fn gemini_models(state: &FleetState) -> Bytes {
    let entry = |m: &super::state::Model| serde_json::json!({"name": format!("models/{}", m.name)});
    let entries: Vec<_> = state.models.iter().map(entry).collect();
    serde_json::json!({ "models": entries }).to_string().into()
}

/// TGI serves one model: the tier of the path, or the first.
fn tgi_info(state: &FleetState, path: &str) -> Bytes {
    let named = path
        .split('/')
        .nth(2)
        .filter(|_| path.starts_with("/tiers/"));
    let model = match named {
        Some(name) => state.model(name),
        None => state.models.first(),
    };
    let name = model.map(|m| m.name.as_str());
    serde_json::json!({ "model_id": name }).to_string().into()
}

fn ollama_tags(state: &FleetState) -> Bytes {
    let entry = |m: &super::state::Model| serde_json::json!({"name": m.name, "model": m.name});
    let entries: Vec<_> = state.models.iter().map(entry).collect();
    serde_json::json!({ "models": entries }).to_string().into()
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
