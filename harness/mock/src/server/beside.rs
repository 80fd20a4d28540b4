//! What a server answers beside calls, where servers differ: counters, health, flushing.

use super::body::ReplyBody;
use super::metrics;
use super::provider::Provider;
use super::reply;
use super::state::FleetState;
use bytes::Bytes;
use hyper::{Method, Response, StatusCode};
use serde_json::json;

/// The answer of a path that belongs to the imitated server; `None` where it has no such path.
pub(super) fn answer(
    state: &FleetState,
    method: &Method,
    path: &str,
    query: Option<&str>,
) -> Option<Response<ReplyBody>> {
    let (get, post) = (method == Method::GET, method == Method::POST);
    let ok = |body: String| reply::json(StatusCode::OK, body.into());
    if get && path == metrics::place(state.provider) {
        let kind = "text/plain; version=0.0.4";
        let text = metrics::text(state);
        return Some(reply::typed(StatusCode::OK, kind, text.into()));
    }
    let flushed = || state.models.iter().for_each(|m| m.engine.reset_cache());
    match (state.provider, path) {
        // Statistics of iterations, which are emptied by reading.
        (Provider::Trtllm, "/metrics") if get => Some(ok("[]".to_owned())),
        (Provider::Sglang, "/ready") if get => Some(ok("{}".to_owned())),
        (Provider::Sglang, "/flush_cache") if post => {
            flushed();
            Some(ok("\"Cache flushed.\"".to_owned()))
        }
        (Provider::LlamaCpp, "/slots") if get => {
            let slots: Vec<_> = (0..state.models.len())
                .map(|id| json!({ "id": id }))
                .collect();
            Some(ok(json!(slots).to_string()))
        }
        (Provider::LlamaCpp, slot) if post && query == Some("action=erase") => {
            let id: usize = slot.strip_prefix("/slots/")?.parse().ok()?;
            // One slot for each tier.
            state.models.get(id)?.engine.reset_cache();
            Some(ok(json!({"id_slot": id, "n_erased": 1}).to_string()))
        }
        (Provider::Plain | Provider::Vllm, "/reset_prefix_cache") if post => {
            flushed();
            let done = Bytes::from_static(b"{\"success\":true}");
            Some(reply::json(StatusCode::OK, done))
        }
        _ => None,
    }
}
