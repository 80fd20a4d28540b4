//! From a request in any format to its answer.

use super::asked::{Asked, Cache, Spoken};
use super::body::{Cut, ReplyBody};
use super::disguise::Disguise;
use super::format::{Format, Frame};
use super::log::OpenRecord;
use super::record::Outcome;
use super::reply::{self, Usage};
use super::split::Splitter;
use super::state::{FleetState, Model};
use super::stream::{StreamBody, stall};
use crate::completion::complete;
use crate::engine::{Engine, Seat, prompt_tokens, text_tokens};
use crate::fault::{Asking, Fault};
use bytes::Bytes;
use hyper::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER,
};
use hyper::{Response, StatusCode};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::{Instant, sleep, sleep_until};
use xxhash_rust::xxh3::xxh3_64;

/// A request on its way through an engine.
pub(super) struct Sequence {
    engine: Arc<Engine>,
    prompt: Vec<u64>,
    salt: String,
    cached: usize,
    /// Tokens that an explicit cache holds.
    held: usize,
    /// Whether the client is told what was written to the cache.
    tells_written: bool,
    pub(super) spoken: Spoken,
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
        self.cached = seat.cached_tokens.max(self.held);
        let cached = self.cached;
        self.record.edit(|record, log| {
            record.admitted_us = Some(log.mark(seat.admitted_at));
            record.cached_tokens = cached;
        });
    }

    /// When token `index` is due.
    pub(super) fn token_at(&self, seat: &Seat, index: usize) -> Instant {
        seat.token_at(index) + stall(self.fault, index)
    }

    /// How many tokens will be sent.
    pub(super) fn last_token(&self) -> usize {
        let all = self.spoken.completion.tokens.len();
        match self.fault {
            Some(
                Fault::Cut { after_tokens }
                | Fault::ErrorEvent { after_tokens }
                | Fault::MalformedJson { after_tokens },
            ) => after_tokens.min(all),
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
        let fresh = self.prompt.len().saturating_sub(self.cached);
        let told = |count: usize| match self.fault {
            Some(Fault::WrongUsage { factor }) => (count as f64 * factor) as usize,
            _ => count,
        };
        Usage {
            prompt: told(self.prompt.len()),
            cached: told(self.cached),
            written: if self.tells_written { told(fresh) } else { 0 },
            completion: told(completion),
            reasoning: told(self.spoken.reasoning.min(completion)),
        }
    }

    /// Notes that everything is out.
    pub(super) fn finished(&mut self) {
        let answer = text_tokens(&self.spoken.answer());
        let generated = self.spoken.completion.tokens.len() as u64;
        self.engine
            .counters()
            .generated_tokens
            .fetch_add(generated, Ordering::Relaxed);
        self.engine.finish(&self.prompt, &answer, &self.salt);
        self.record.close(Outcome::Done);
    }
}

/// Marks a response that is never sent: the connection is closed instead.
#[derive(Clone, Debug)]
pub(super) struct HangUp;

/// What a request is called in headers, chunks and the log.
pub(super) struct Identity {
    /// The client's `x-request-id`, or one made here.
    pub(super) request_id: String,
    /// The completion id.
    pub(super) completion_id: String,
}

/// Answers one request. `default_model` is the tier of the port or path it came in on.
pub(super) async fn answer(
    state: &FleetState,
    format: Format,
    body: &[u8],
    default_model: Option<&str>,
    identity: Identity,
) -> Response<ReplyBody> {
    let refuse = |status: StatusCode, message: &str, code: &str| {
        let kind = "invalid_request_error";
        let body = format.error_json(status.as_u16(), message, kind, code);
        reply::json(status, body.into())
    };
    let mut asked = match format.parse(body) {
        Ok(asked) => asked,
        Err(message) => return refuse(StatusCode::BAD_REQUEST, &message, "invalid_request"),
    };
    let name = asked.model.clone();
    let name = name.as_deref().or(default_model).unwrap_or_default();
    let Some((model, told)) = state.chosen(name, format) else {
        let message = format!("the model `{name}` does not exist");
        return refuse(StatusCode::NOT_FOUND, &message, "model_not_found");
    };
    let mut held = 0;
    if let Some(cache) = &asked.explicit {
        let Some((system, tokens)) = state.cached.held(cache, &model.name) else {
            let message = "CachedContent not found (or permission denied)";
            return refuse(StatusCode::FORBIDDEN, message, "permission_denied");
        };
        asked.messages.insert(0, system);
        held = tokens;
    }
    let tier = model.name.clone();
    let mut record = OpenRecord::new(Arc::clone(&state.log), identity.request_id, tier);
    record.edit(|r, _| r.stream = asked.stream);
    let fault = state.fault(&model.name, &asked);
    if let Some(fault) = fault {
        record.edit(|r, _| r.fault = Some(fault.name().to_owned()));
        if let Some(response) = refusal(format, fault, &mut record) {
            return response;
        }
        if let Fault::StallHeaders { ms } = fault {
            sleep(Duration::from_millis(ms)).await;
        }
    }
    let frame = Frame {
        id: identity.completion_id,
        created: unix_seconds(),
        model: told.to_owned(),
    };
    let mut sequence = start(model, &asked, &frame.id, fault, record);
    sequence.held = held;
    let mut response = if asked.stream {
        stream(state, format, &frame, &asked, sequence)
    } else {
        whole(format, &frame, &asked, sequence).await
    };
    state.sign(&mut response, format, &model.name, name);
    disguised(response, format, fault)
}

/// Changes the bytes of a response where a fault wants it.
fn disguised(
    response: Response<ReplyBody>,
    format: Format,
    fault: Option<Fault>,
) -> Response<ReplyBody> {
    let kind = response.headers().get(CONTENT_TYPE);
    let is_events = kind.is_some_and(|k| k.as_bytes() == format.stream_type().as_bytes())
        && !matches!(format, Format::Ollama);
    let Some(disguise) = fault.and_then(|fault| Disguise::of(fault, is_events)) else {
        return response;
    };
    let encoding = disguise.encoding();
    let mut response = response.map(|body| ReplyBody::Disguised(Box::new(body), disguise));
    if let Some(encoding) = encoding {
        let value = HeaderValue::from_static(encoding);
        response.headers_mut().insert(CONTENT_ENCODING, value);
    }
    response
}

fn start(
    model: &Model,
    asked: &Asked,
    id: &str,
    fault: Option<Fault>,
    mut record: OpenRecord,
) -> Sequence {
    let prompt = prompt_tokens(&asked.messages);
    record.edit(|r, _| r.prompt_tokens = prompt.len());
    let completion = complete(&asked.messages, &model.ability, asked.limits);
    let (salt, tells_written) = match &asked.cache {
        Cache::Shared(salt) => (salt.clone(), false),
        Cache::Written(salt) => (salt.clone(), true),
        // A name that nobody else has.
        Cache::Off => (format!("off {id}"), false),
    };
    Sequence {
        engine: Arc::clone(&model.engine),
        spoken: Spoken::new(completion, asked),
        prompt,
        salt,
        cached: 0,
        held: 0,
        tells_written,
        fault,
        record,
    }
}

fn refusal(format: Format, fault: Fault, record: &mut OpenRecord) -> Option<Response<ReplyBody>> {
    let (status, kind, code) = match fault {
        Fault::TooManyRequests { .. } => (429, "rate_limit_error", "rate_limit_exceeded"),
        Fault::ServerError => (500, "server_error", "internal_error"),
        Fault::Unavailable => (503, "server_error", "overloaded"),
        Fault::Redirect => (307, "redirect", "moved"),
        Fault::HangUp => {
            record.close(Outcome::Refused);
            let mut response = Response::new(ReplyBody::full(Bytes::new()));
            response.extensions_mut().insert(HangUp);
            return Some(response);
        }
        _ => return None,
    };
    record.edit(|r, _| r.status = status);
    record.close(Outcome::Refused);
    let body = format.error_json(status, "scripted fault", kind, code);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = reply::json(status, body.into());
    let headers = response.headers_mut();
    match fault {
        Fault::TooManyRequests { retry_after_s } => {
            headers.insert(RETRY_AFTER, HeaderValue::from(retry_after_s));
        }
        Fault::Redirect => {
            let elsewhere = HeaderValue::from_static("http://127.0.0.1:9/elsewhere");
            headers.insert(LOCATION, elsewhere);
        }
        _ => {}
    }
    Some(response)
}

fn stream(
    state: &FleetState,
    format: Format,
    frame: &Frame,
    asked: &Asked,
    sequence: Sequence,
) -> Response<ReplyBody> {
    let pace = (state.role_chunk, state.tokens_per_event);
    let body = StreamBody::new(sequence, format.writer(frame, asked), pace);
    let splitter = state.split_events.then(Splitter::default);
    let mut response = Response::new(ReplyBody::Stream(Box::new(body), splitter));
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static(format.stream_type());
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

async fn whole(
    format: Format,
    frame: &Frame,
    asked: &Asked,
    mut sequence: Sequence,
) -> Response<ReplyBody> {
    let seat = sequence.admission().await;
    sequence.admitted(&seat);
    let last = sequence.last_token();
    sleep_until(sequence.token_at(&seat, last.saturating_sub(1))).await;
    sequence.delivered(last);
    let body = format.whole(frame, asked, &sequence.spoken, &sequence.usage(last));
    match sequence.fault {
        Some(Fault::Cut { .. }) => {
            sequence.record.close(Outcome::Broken);
            let half = body.slice(..body.len() / 2);
            Response::new(ReplyBody::Broken(Some(half), Cut::default()))
        }
        Some(Fault::MalformedJson { .. }) => {
            sequence.record.close(Outcome::Broken);
            reply::json(StatusCode::OK, body.slice(..body.len() / 2))
        }
        Some(Fault::ErrorEvent { .. }) => {
            sequence.record.close(Outcome::Broken);
            let message = "the engine died (scripted)";
            let error = format.error_json(500, message, "server_error", "500");
            reply::json(StatusCode::OK, Bytes::from(error))
        }
        _ => {
            sequence.finished();
            reply::json(StatusCode::OK, body)
        }
    }
}

impl FleetState {
    /// What goes wrong with a request.
    fn fault(&self, tier: &str, asked: &Asked) -> Option<Fault> {
        if self.faults.is_empty() {
            return None;
        }
        let asker = match &asked.cache {
            Cache::Shared(salt) | Cache::Written(salt) => xxh3_64(salt.as_bytes()),
            Cache::Off => 0,
        };
        let mut content = Vec::new();
        for message in &asked.messages {
            content.extend_from_slice(message.role.as_str().as_bytes());
            content.push(0);
            content.extend_from_slice(message.content.as_bytes());
            content.push(0);
        }
        self.faults.next(Asking {
            tier,
            content: xxh3_64(&content),
            asker,
            nth: 0,
            elapsed_ms: self.log.started().elapsed().as_millis() as u64,
        })
    }
}

fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_secs())
}
