//! The measuring HTTP client: stamps bytes as they arrive, before anything reads them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Request, Response, Uri};
use tokio::time::timeout;
use weighbridge_record::{Attempt, AttemptError, AttemptErrorKind, ServerSaid};

use super::address::Address;
use super::config::{header_name, headers};
use super::connections::{Connections, breaks_promises, chain};
use super::head::{BodySaid, Head};
use super::key::Secrets;
use super::reading::{Reading, shortened};
use super::{Backend, BackendError, Call, HttpConfig, Reply, ReplyFuture, status};
use crate::Clock;
use crate::clock::fresh_nonce;
use crate::wire::{Codec, CodecSettings, Frames, PromptCache, RequestBody};

/// One model behind one HTTP address.
pub struct HttpBackend {
    config: HttpConfig,
    secrets: Secrets,
    codec: Box<dyn Codec>,
    connections: Connections,
    path: Uri,
    headers: Vec<(HeaderName, HeaderValue)>,
    model_header: Option<HeaderName>,
    /// Salts of requests that must find no cache: a number of this run, and one per request.
    nonce: (u64, AtomicU64),
}

impl HttpBackend {
    /// Checks the configuration; connects at the first call.
    ///
    /// # Errors
    /// [`BackendError`].
    pub fn new(config: HttpConfig) -> Result<Self, BackendError> {
        let address = Address::new(&config)?;
        let check = config.prompt_cache.check(config.dialect);
        check.map_err(BackendError::PromptCache)?;
        let codec = config.dialect.codec(&CodecSettings {
            prompt_cache: config.prompt_cache,
        });
        let model_header = config.model_header.as_deref();
        let connections = Connections::new(&address.base, &config)?;
        let mut sent = headers(&config, &address.authority)?;
        sent.extend(connections.proxy_header());
        Ok(Self {
            path: connections.target(address.below(&codec.path(&config.model, config.stream))?),
            headers: sent,
            model_header: model_header.map(header_name).transpose()?,
            connections,
            nonce: (fresh_nonce(), AtomicU64::new(0)),
            secrets: Secrets::of(&config),
            config,
            codec,
        })
    }

    async fn call(&self, call: Call<'_>, clock: Clock) -> Reply {
        let mut attempt = Attempt::new(call.model.clone());
        attempt.try_number = call.try_number;
        attempt.intended_ms = Some(clock.now_ms());
        let mut connection = match self.connections.get().await {
            Ok(connection) => connection,
            Err(problem) => {
                return self.failed(attempt, AttemptErrorKind::Connect, &problem, clock);
            }
        };
        let request = match self.request(&call) {
            Ok(request) => request,
            Err(problem) => {
                return self.failed(attempt, AttemptErrorKind::Rejected, &problem, clock);
            }
        };
        attempt.sent_ms = Some(clock.now_ms());
        let limit = self.config.timeouts.first_byte;
        let response = match timeout(limit, connection.send_request(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                let kind = AttemptErrorKind::Reset;
                return self.failed(attempt, kind, &chain(&error), clock);
            }
            Err(_) => {
                let problem = format!("no response headers within {limit:?}");
                return self.failed(attempt, AttemptErrorKind::Timeout, &problem, clock);
            }
        };
        attempt.headers_ms = Some(clock.now_ms());
        let mut head = Head::read(response.headers(), self.model_header.as_ref());
        attempt.request_id = head.request_id.take();
        let may_keep = !breaks_promises(response.headers());
        if let Some(id) = &mut attempt.request_id {
            self.secrets.scrub_in(id);
        }
        let (reply, is_reusable) = if response.status().is_success() {
            self.answer(&call, attempt, head, response, clock).await
        } else {
            self.refusal(attempt, head, response, clock).await
        };
        if is_reusable && may_keep {
            self.connections.keep(connection);
        }
        reply
    }

    fn request(&self, call: &Call<'_>) -> Result<Request<Full<Bytes>>, String> {
        let fresh = (self.config.prompt_cache == PromptCache::Off).then(|| {
            let number = self.nonce.1.fetch_add(1, Ordering::Relaxed);
            format!("{:x}-{number}", self.nonce.0)
        });
        let body = self.codec.encode(&RequestBody {
            model: &self.config.model,
            messages: call.messages,
            stream: self.config.stream,
            max_output_tokens: call.max_output_tokens.or(self.config.max_output_tokens),
            temperature: self.config.temperature,
            seed: call.seed,
            logprobs: call.confidence,
            cache_salt: fresh.as_deref().or(call.cache_salt),
            cache_key: self.config.cache_key.as_deref(),
            extra: Some(&self.config.extra),
        });
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(self.path.clone());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(Full::new(body)).map_err(|e| e.to_string())
    }

    /// Reads a 2xx response. Also says whether the connection can be used again.
    async fn answer(
        &self,
        call: &Call<'_>,
        mut attempt: Attempt,
        head: Head,
        response: Response<Incoming>,
        clock: Clock,
    ) -> (Reply, bool) {
        if let Some(encoding) = status::encoding(response.headers()) {
            let problem = format!("the body is compressed ({encoding}), which nobody asked for");
            let kind = AttemptErrorKind::Malformed;
            return (self.failed(attempt, kind, &problem, clock), false);
        }
        let is_whole = is_json(response.headers());
        let mut body = response.into_body();
        let mut reading = Reading::new(self.config.record_gaps);
        let is_at_end = if is_whole {
            self.read_whole(&mut body, &mut attempt, &mut reading, clock)
                .await
        } else {
            self.read_stream(&mut body, &mut attempt, &mut reading, clock)
                .await
        };
        attempt.end_ms = Some(clock.now_ms());
        let chars = call
            .messages
            .iter()
            .map(|m| m.content.chars().count())
            .sum();
        let said = std::mem::take(&mut reading.said);
        attempt.server = self.said(head, said);
        let reply = match reading.finish(&mut attempt, chars) {
            Ok(mut answer) => {
                self.secrets.scrub_in(&mut answer);
                Reply::answered(attempt, answer)
            }
            Err((kind, message)) => Reply::failed(attempt, kind, self.clean(&message)),
        };
        (reply, is_at_end)
    }

    async fn read_stream(
        &self,
        body: &mut Incoming,
        attempt: &mut Attempt,
        reading: &mut Reading,
        clock: Clock,
    ) -> bool {
        let mut frames = Frames::new(self.codec.framing(), self.config.max_event_bytes);
        let mut last_ms = 0.0;
        loop {
            let (bytes, at_ms) = match self.arrival(body, attempt, clock).await {
                Ok(Some(arrival)) => arrival,
                Ok(None) => break,
                Err((kind, problem)) => {
                    // After its terminator an answer is complete, however the connection ends.
                    if !reading.is_done {
                        reading.fail(kind, problem);
                    }
                    return false;
                }
            };
            last_ms = at_ms;
            let pushed = frames.push(&bytes, &mut |event, data| {
                self.event(event, data, at_ms, reading);
            });
            if let Err(error) = pushed {
                reading.fail(AttemptErrorKind::Malformed, error.to_string());
            }
            if reading.has_failed() {
                return false;
            }
            if reading.is_done {
                // The end of the body follows at once, or the connection is given up.
                let rest = timeout(Duration::from_millis(50), body.frame()).await;
                return matches!(rest, Ok(None));
            }
        }
        self.end_of_stream(frames, last_ms, reading);
        true
    }

    /// Reads what is left when the connection ends: an event without its line end, one that was cut
    /// off, or an error that was written without the framing of the stream.
    fn end_of_stream(&self, mut frames: Frames, at_ms: f64, reading: &mut Reading) {
        let _ = frames.finish(&mut |event, data| {
            let mut probe = Reading::default();
            self.event(event, data, at_ms, &mut probe);
            let is_cut_off = matches!(probe.failure(), Some((AttemptErrorKind::Malformed, _)));
            if !is_cut_off {
                self.event(event, data, at_ms, reading);
            }
        });
        let mut probe = Reading::default();
        self.event(b"", frames.strays(), at_ms, &mut probe);
        if let Some((AttemptErrorKind::ErrorEvent, problem)) = probe.failure()
            && !reading.is_done
        {
            reading.fail(AttemptErrorKind::ErrorEvent, problem.clone());
        }
        reading.is_done |= self.codec.ends_with_connection() && reading.has_finish();
    }

    fn event(&self, event: &[u8], data: &[u8], at_ms: f64, reading: &mut Reading) {
        if reading.is_done || reading.has_failed() {
            return;
        }
        reading.message(at_ms, |on| self.codec.decode(data, on));
        if event == b"error" {
            let problem = String::from_utf8_lossy(data);
            reading.fail(AttemptErrorKind::ErrorEvent, problem);
        }
    }

    async fn read_whole(
        &self,
        body: &mut Incoming,
        attempt: &mut Attempt,
        reading: &mut Reading,
        clock: Clock,
    ) -> bool {
        let mut whole = Vec::new();
        loop {
            match self.arrival(body, attempt, clock).await {
                Ok(Some((bytes, _))) if whole.len() + bytes.len() > self.config.max_event_bytes => {
                    let problem =
                        format!("the body is larger than {}", self.config.max_event_bytes);
                    reading.fail(AttemptErrorKind::Malformed, problem);
                    return false;
                }
                Ok(Some((bytes, _))) => whole.extend_from_slice(&bytes),
                Ok(None) => break,
                Err((kind, problem)) => {
                    reading.fail(kind, problem);
                    return false;
                }
            }
        }
        reading.message(clock.now_ms(), |on| self.codec.decode_body(&whole, on));
        true
    }

    /// The next body bytes with the time of their arrival; `None` at the end of the body.
    async fn arrival(
        &self,
        body: &mut Incoming,
        attempt: &mut Attempt,
        clock: Clock,
    ) -> Result<Option<(Bytes, f64)>, (AttemptErrorKind, String)> {
        let limit = match attempt.first_byte_ms {
            None => self.config.timeouts.first_byte,
            Some(_) => self.config.timeouts.idle,
        };
        loop {
            let Ok(frame) = timeout(limit, body.frame()).await else {
                let problem = format!("no bytes within {limit:?}");
                return Err((AttemptErrorKind::Timeout, problem));
            };
            let at_ms = clock.now_ms();
            match frame {
                None => return Ok(None),
                Some(Err(error)) => return Err((AttemptErrorKind::Reset, chain(&error))),
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data() {
                        attempt.first_byte_ms.get_or_insert(at_ms);
                        return Ok(Some((bytes, at_ms)));
                    }
                }
            }
        }
    }

    /// Reads a response of another status.
    async fn refusal(
        &self,
        mut attempt: Attempt,
        head: Head,
        response: Response<Incoming>,
        clock: Clock,
    ) -> (Reply, bool) {
        attempt.server = self.said(head, BodySaid::default());
        let code = response.status().as_u16();
        let retry_after = status::retry_after(response.headers());
        let body = http_body_util::Limited::new(response.into_body(), 64 << 10);
        let body = timeout(self.config.timeouts.idle, body.collect()).await;
        let (bytes, is_at_end) = match body {
            Ok(Ok(body)) => (body.to_bytes(), true),
            _ => (Bytes::new(), false),
        };
        attempt.end_ms = Some(clock.now_ms());
        let message = self.codec.error_text(&bytes);
        attempt.error = Some(AttemptError {
            kind: status::kind(code, &message),
            status: Some(code),
            message: self.clean(&message),
        });
        let reply = Reply {
            attempt,
            answer: None,
            recorded: None,
            retry_after,
        };
        (reply, is_at_end)
    }

    fn failed(
        &self,
        mut attempt: Attempt,
        kind: AttemptErrorKind,
        message: &str,
        clock: Clock,
    ) -> Reply {
        attempt.end_ms = Some(clock.now_ms());
        Reply::failed(attempt, kind, self.clean(message))
    }

    /// What the server said beside the answer, if anything.
    fn said(&self, head: Head, body: BodySaid) -> Option<Box<ServerSaid>> {
        let is_gateway = self.config.dialect.is_gateway();
        let mut said = head.with_body(body, &self.config.model, is_gateway);
        let served = said.served_model.iter_mut().map(|served| &mut served.name);
        for text in served.chain(said.provider.iter_mut()) {
            self.secrets.scrub_in(text);
        }
        (!said.is_empty()).then(|| Box::new(said))
    }

    /// A message as it may be written down.
    fn clean(&self, message: &str) -> String {
        shortened(&self.secrets.scrub(message))
    }
}

/// Whether a body is one document instead of a stream.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
}

impl Backend for HttpBackend {
    fn send<'a>(&'a self, call: Call<'a>, clock: Clock) -> ReplyFuture<'a> {
        Box::pin(self.call(call, clock))
    }

    fn dialect(&self) -> &'static str {
        self.config.dialect.as_str()
    }
}
