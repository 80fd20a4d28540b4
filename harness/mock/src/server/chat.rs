//! `POST /v1/chat/completions`: from a request to an answer.

use super::body::{Cut, ReplyBody};
use super::frame::ChunkWriter;
use super::log::OpenRecord;
use super::record::Outcome;
use super::reply::{self, Usage};
use super::split::Splitter;
use super::state::{FleetState, Model};
use super::stream::{StreamBody, stall};
use super::wire::ChatRequest;
use crate::completion::{Completion, complete};
use crate::engine::{Engine, Seat, prompt_tokens, text_tokens};
use crate::fault::Fault;
use bytes::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::{Instant, sleep, sleep_until};

/// A request on its way through an engine.
pub(super) struct Sequence {
    engine: Arc<Engine>,
    prompt: Vec<u64>,
    salt: String,
    cached: usize,
    pub(super) completion: Completion,
    pub(super) fault: Option<Fault>,
    pub(super) record: OpenRecord,
}

impl Sequence {
    /// Waits for the engine; see [`Engine::admit`].
    pub(super) fn admission(
        &self,
    ) -> std::pin::Pin<Box<dyn Future<Output = Seat> + Send + 'static>> {
        Box::pin(Arc::clone(&self.engine).admit(self.prompt.clone(), self.salt.clone()))
    }

    pub(super) fn admitted(&mut self, seat: &Seat) {
        self.cached = seat.cached_tokens;
        self.record.edit(|record, log| {
            record.admitted_us = Some(log.mark(seat.admitted_at));
            record.cached_tokens = seat.cached_tokens;
        });
    }

    /// When token `index` is due.
    pub(super) fn token_at(&self, seat: &Seat, index: usize) -> Instant {
        seat.token_at(index) + stall(self.fault, index)
    }

    /// How many tokens will be sent.
    pub(super) fn last_token(&self) -> usize {
        let all = self.completion.tokens.len();
        match self.fault {
            Some(Fault::Cut { after_tokens } | Fault::ErrorEvent { after_tokens }) => {
                after_tokens.min(all)
            }
            _ => all,
        }
    }

    /// Notes that the first `count` tokens are out.
    pub(super) fn delivered(&mut self, count: usize) {
        self.record.edit(|record, log| {
            if count > 0 && record.first_token_us.is_none() {
                record.first_token_us = Some(log.mark(Instant::now()));
            }
            record.completion_tokens = count;
        });
    }

    pub(super) fn usage(&self, completion: usize) -> Usage {
        Usage {
            prompt: self.prompt.len(),
            cached: self.cached,
            completion,
        }
    }

    /// Notes that everything is out.
    pub(super) fn finished(&mut self) {
        let answer = text_tokens(&self.completion.text());
        let generated = self.completion.tokens.len() as u64;
        self.engine
            .counters()
            .generated_tokens
            .fetch_add(generated, Ordering::Relaxed);
        self.engine.finish(&self.prompt, &answer, &self.salt);
        self.record.close(Outcome::Done);
    }
}

/// What a request is called in headers, chunks and the log.
pub(super) struct Identity {
    /// The client's `x-request-id`, or one made here.
    pub(super) request_id: String,
    /// The completion id.
    pub(super) completion_id: String,
}

/// Answers one request. `default_model` is the tier of the port it came in on.
pub(super) async fn answer(
    state: &FleetState,
    body: &[u8],
    default_model: Option<&str>,
    identity: Identity,
) -> Response<ReplyBody> {
    let mut request = match ChatRequest::parse(body) {
        Ok(request) => request,
        Err(message) => {
            let status = StatusCode::BAD_REQUEST;
            return reply::error(status, &message, "invalid_request_error", "invalid_request");
        }
    };
    let name = request
        .model
        .clone()
        .or(default_model.map(str::to_owned))
        .unwrap_or_default();
    let Some(model) = state.model(&name) else {
        let message = format!("the model `{name}` does not exist");
        let status = StatusCode::NOT_FOUND;
        return reply::error(status, &message, "invalid_request_error", "model_not_found");
    };
    let mut record = OpenRecord::new(Arc::clone(&state.log), identity.request_id, name);
    record.edit(|r, _| r.stream = request.stream);
    let fault = state.faults.next(&model.name);
    if let Some(fault) = fault {
        record.edit(|r, _| r.fault = Some(fault.name().to_owned()));
        if let Some(response) = refusal(fault, &mut record) {
            return response;
        }
        if let Fault::StallHeaders { ms } = fault {
            sleep(Duration::from_millis(ms)).await;
        }
    }
    let sequence = start(model, &mut request, fault, record);
    let id = identity.completion_id;
    if request.stream {
        stream(state, &model.name, &request, &id, sequence)
    } else {
        whole(&model.name, &request, &id, sequence).await
    }
}

fn start(
    model: &Model,
    request: &mut ChatRequest,
    fault: Option<Fault>,
    mut record: OpenRecord,
) -> Sequence {
    let messages = request.take_messages();
    let prompt = prompt_tokens(&messages);
    record.edit(|r, _| r.prompt_tokens = prompt.len());
    Sequence {
        engine: Arc::clone(&model.engine),
        completion: complete(&messages, &model.ability, request.limits()),
        prompt,
        salt: request.cache_salt.take().unwrap_or_default(),
        cached: 0,
        fault,
        record,
    }
}

fn refusal(fault: Fault, record: &mut OpenRecord) -> Option<Response<ReplyBody>> {
    let (status, kind, code) = match fault {
        Fault::TooManyRequests { .. } => (429, "rate_limit_error", "rate_limit_exceeded"),
        Fault::ServerError => (500, "server_error", "internal_error"),
        Fault::Unavailable => (503, "server_error", "overloaded"),
        _ => return None,
    };
    record.edit(|r, _| r.status = status);
    record.close(Outcome::Refused);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = reply::error(status, "scripted fault", kind, code);
    if let Fault::TooManyRequests { retry_after_s } = fault {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(retry_after_s));
    }
    Some(response)
}

fn stream(
    state: &FleetState,
    model: &str,
    request: &ChatRequest,
    id: &str,
    sequence: Sequence,
) -> Response<ReplyBody> {
    let usage = request.include_usage();
    let logprobs = request.logprobs();
    let writer = ChunkWriter::new(id, unix_seconds(), model, usage, logprobs);
    let body = StreamBody::new(
        sequence,
        writer,
        usage,
        (state.role_chunk, state.tokens_per_event),
    );
    let splitter = state.split_events.then(Splitter::default);
    let mut response = Response::new(ReplyBody::Stream(Box::new(body), splitter));
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream; charset=utf-8"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

async fn whole(
    model: &str,
    request: &ChatRequest,
    id: &str,
    mut sequence: Sequence,
) -> Response<ReplyBody> {
    let seat = sequence.admission().await;
    sequence.admitted(&seat);
    let last = sequence.last_token();
    sleep_until(sequence.token_at(&seat, last.saturating_sub(1))).await;
    sequence.delivered(last);
    let usage = sequence.usage(last);
    let logprobs = request.logprobs();
    let body = reply::completion_json(
        id,
        unix_seconds(),
        model,
        &sequence.completion,
        &usage,
        logprobs,
    );
    match sequence.fault {
        Some(Fault::Cut { .. }) => {
            sequence.record.close(Outcome::Broken);
            let half = body.slice(..body.len() / 2);
            Response::new(ReplyBody::Broken(Some(half), Cut::default()))
        }
        Some(Fault::ErrorEvent { .. }) => {
            sequence.record.close(Outcome::Broken);
            let error = reply::error_json("the engine died (scripted)", "server_error", "500");
            reply::json(StatusCode::OK, Bytes::from(error))
        }
        _ => {
            sequence.finished();
            reply::json(StatusCode::OK, body)
        }
    }
}

fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_secs())
}
