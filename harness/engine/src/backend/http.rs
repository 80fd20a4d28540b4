//! The measuring HTTP client: every byte has the time of its arrival, whenever it is read.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::header::{CONTENT_TYPE, HeaderName};
use hyper::{HeaderMap, Method};
use weighbridge_record::{Attempt, AttemptError, AttemptErrorKind, ServerSaid};

use super::address::Address;
use super::config::{header_name, headers};
use super::connection::{Connection, Lost};
use super::connections::{Connections, breaks_promises};
use super::head::{BodySaid, Head};
use super::key::Secrets;
use super::patience::{Elapsed, Patience};
use super::reading::{Reading, shortened};
use super::request;
use super::response::Response;
use super::{Backend, BackendError, Call, HttpConfig, Reply, ReplyFuture, Timeouts, status};
use crate::Clock;
use crate::clock::fresh_nonce;
use crate::wire::{Codec, CodecSettings, Frames, PromptCache, RequestBody};

/// One model behind one HTTP address.
pub struct HttpBackend {
    config: HttpConfig,
    secrets: Secrets,
    codec: Box<dyn Codec>,
    connections: Connections,
    /// The head of every request.
    head: Vec<u8>,
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
            head: request::head(
                &Method::POST,
                &connections.target(address.below(&codec.path(&config.model, config.stream))?),
                &sent,
            ),
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
        let request = self.request(&call);
        let mut patience = Patience::default();
        attempt.sent_ms = Some(clock.now_ms());
        let limit = self.config.timeouts.first_byte;
        let response = match patience
            .wait(limit, exchange(&mut connection, &request))
            .await
        {
            Ok(Ok(response)) => {
                if connection.is_kept {
                    self.connections.reuse().worked();
                }
                response
            }
            Ok(Err(lost)) => {
                let kind = AttemptErrorKind::Reset;
                let problem = self.told(&lost, connection.is_kept);
                return self.failed(attempt, kind, &problem, clock);
            }
            Err(Elapsed) => {
                let problem = format!("no response headers within {limit:?}");
                return self.failed(attempt, AttemptErrorKind::Timeout, &problem, clock);
            }
        };
        attempt.headers_ms = Some(clock.ms_at(connection.arrived().at()));
        let mut head = Head::read(&response.headers, self.model_header.as_ref());
        attempt.request_id = head.request_id.take();
        if let Some(id) = &mut attempt.request_id {
            self.secrets.scrub_in(id);
        }
        let mut stream = Incoming {
            connection,
            patience,
            clock,
        };
        let reply = if response.status.is_success() {
            self.answer(&call, attempt, head, &response, &mut stream)
                .await
        } else {
            self.refusal(attempt, head, &response, &mut stream).await
        };
        if !breaks_promises(&response.headers) {
            self.connections.keep(stream.connection);
        }
        reply
    }

    /// Why there is no response. A connection that was kept may have been closed before the request.
    fn told(&self, lost: &Lost, is_kept: bool) -> String {
        if !is_kept || matches!(lost, Lost::Broken(_)) {
            return lost.to_string();
        }
        self.connections.reuse().lost();
        format!("a connection that was kept open is lost: {lost}")
    }

    fn request(&self, call: &Call<'_>) -> Vec<u8> {
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
        request::with_body(&self.head, &body)
    }

    /// Reads a 2xx response.
    async fn answer(
        &self,
        call: &Call<'_>,
        mut attempt: Attempt,
        head: Head,
        response: &Response,
        stream: &mut Incoming,
    ) -> Reply {
        if let Some(encoding) = status::encoding(&response.headers) {
            let problem = format!("the body is compressed ({encoding}), which nobody asked for");
            return self.failed(attempt, AttemptErrorKind::Malformed, &problem, stream.clock);
        }
        let mut reading = Reading::new(self.config.record_gaps);
        let read = match is_json(&response.headers) {
            true => self.read_whole(stream, &mut attempt, &mut reading).await,
            false => self.read_stream(stream, &mut attempt, &mut reading).await,
        };
        attempt.end_ms = Some(match read {
            Ok(()) => stream.arrived_ms(),
            Err(_) => stream.clock.now_ms(),
        });
        let chars = || {
            call.messages
                .iter()
                .map(|m| m.content.chars().count())
                .sum()
        };
        if let Err((kind, problem)) = read {
            reading.fail(kind, problem);
        }
        // Some servers call their streams pages; one that holds nothing else is one.
        if let Some(kind) = status::foreign(&response.headers).filter(|_| reading.is_untouched()) {
            let problem = format!("a page of type {kind}, no answer; is `base_url` right?");
            reading.fail(AttemptErrorKind::Malformed, problem);
        }
        let said = std::mem::take(&mut reading.said);
        attempt.server = self.said(head, said);
        match reading.finish(&mut attempt, chars) {
            Ok(mut answer) => {
                self.secrets.scrub_in(&mut answer);
                Reply::answered(attempt, answer)
            }
            Err((kind, message)) => Reply::failed(attempt, kind, self.clean(&message)),
        }
    }

    async fn read_stream(
        &self,
        stream: &mut Incoming,
        attempt: &mut Attempt,
        reading: &mut Reading,
    ) -> Result<(), Failed> {
        let mut frames = Frames::new(self.codec.framing(), self.config.max_event_bytes);
        // What came with the headers came when they did.
        let mut at_ms = attempt.headers_ms.unwrap_or_default();
        loop {
            while let Some(bytes) = stream.connection.body().map_err(broken)? {
                attempt.first_byte_ms.get_or_insert(at_ms);
                let pushed = frames.push(bytes, &mut |event, data| {
                    self.event(event, data, at_ms, reading);
                });
                pushed.map_err(|e| (AttemptErrorKind::Malformed, e.to_string()))?;
                if reading.has_failed() {
                    return Ok(());
                }
            }
            if attempt.read_lag_ms.is_none() && reading.has_begun() {
                attempt.read_lag_ms = Some(stream.read_lag_ms());
            }
            if reading.is_done {
                stream.end().await;
                return Ok(());
            }
            if stream.connection.is_at_end() {
                break;
            }
            match stream.arrival(attempt, &self.config.timeouts).await? {
                Some(arrived_ms) => at_ms = arrived_ms,
                None => break,
            }
        }
        self.end_of_stream(frames, at_ms, reading);
        Ok(())
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
        stream: &mut Incoming,
        attempt: &mut Attempt,
        reading: &mut Reading,
    ) -> Result<(), Failed> {
        let limit = self.config.max_event_bytes;
        let mut whole = Vec::new();
        let mut at_ms = attempt.headers_ms.unwrap_or_default();
        loop {
            while let Some(bytes) = stream.connection.body().map_err(broken)? {
                attempt.first_byte_ms.get_or_insert(at_ms);
                if whole.len() + bytes.len() > limit {
                    let problem = format!("the body is larger than {limit} bytes");
                    return Err((AttemptErrorKind::Malformed, problem));
                }
                whole.extend_from_slice(bytes);
            }
            if stream.connection.is_at_end() {
                break;
            }
            match stream.arrival(attempt, &self.config.timeouts).await? {
                Some(arrived_ms) => at_ms = arrived_ms,
                None => break,
            }
        }
        reading.message(at_ms, |on| self.codec.decode_body(&whole, on));
        Ok(())
    }

    /// Reads a response of another status.
    async fn refusal(
        &self,
        mut attempt: Attempt,
        head: Head,
        response: &Response,
        stream: &mut Incoming,
    ) -> Reply {
        attempt.server = self.said(head, BodySaid::default());
        let code = response.status.as_u16();
        let limit = self.config.timeouts.idle;
        let body = stream.connection.whole(64 << 10);
        let body = stream.patience.wait(limit, body).await;
        // The status says enough where the body does not come.
        let body = body.ok().and_then(Result::ok).unwrap_or_default();
        attempt.end_ms = Some(stream.clock.now_ms());
        let mut message = self.codec.error_text(&body);
        if let Some(unsaid) = status::unsaid(code, &response.headers) {
            message = unsaid;
        }
        attempt.error = Some(AttemptError {
            kind: status::kind(code, &message),
            status: Some(code),
            message: self.clean(&message),
        });
        Reply {
            attempt,
            answer: None,
            recorded: None,
            retry_after: status::retry_after(&response.headers),
        }
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
        let more = said
            .provider
            .iter_mut()
            .chain(said.gateway_target.iter_mut());
        for text in served.chain(more) {
            self.secrets.scrub_in(text);
        }
        (!said.is_empty()).then(|| Box::new(said))
    }

    /// A message as it may be written down.
    fn clean(&self, message: &str) -> String {
        shortened(&self.secrets.scrub(message))
    }
}

/// Why an answer cannot be read on.
type Failed = (AttemptErrorKind, String);

/// The server does not keep to HTTP: nothing after it on this connection can be trusted.
fn broken(error: impl std::fmt::Display) -> Failed {
    (AttemptErrorKind::Reset, error.to_string())
}

/// A response whose body is read.
struct Incoming {
    connection: Connection,
    patience: Patience,
    clock: Clock,
}

impl Incoming {
    /// When what was read last had arrived.
    fn arrived_ms(&self) -> f64 {
        self.clock.ms_at(self.connection.arrived().at())
    }

    /// How long it lay in the socket, to the microsecond.
    fn read_lag_ms(&self) -> f64 {
        let lay = self.connection.arrived().lay();
        (lay.as_nanos() as f64 / 1e3).round() / 1e3
    }

    /// Waits for more of the body: the time it arrived; `None` at the end.
    async fn arrival(
        &mut self,
        attempt: &Attempt,
        timeouts: &Timeouts,
    ) -> Result<Option<f64>, Failed> {
        let limit = match attempt.first_byte_ms {
            None => timeouts.first_byte,
            Some(_) => timeouts.idle,
        };
        match self.patience.wait(limit, self.connection.arrival()).await {
            Ok(Ok(more)) => Ok(more.then(|| self.arrived_ms())),
            Ok(Err(lost)) => Err(broken(lost)),
            Err(Elapsed) => {
                let problem = format!("no bytes within {limit:?}");
                Err((AttemptErrorKind::Timeout, problem))
            }
        }
    }

    /// After the terminator of an answer: its body ends at once, or the connection is given up. The
    /// answer is complete, however the connection ends.
    async fn end(&mut self) {
        let rest = self.connection.whole(64 << 10);
        let _ = self.patience.wait(Duration::from_millis(50), rest).await;
    }
}

/// Sends a request and reads the head of its response.
async fn exchange(connection: &mut Connection, request: &[u8]) -> Result<Response, Lost> {
    let sent = connection.send(request).await;
    // A server that refuses may close while the request is still written: what it said counts.
    let is_whole = matches!(sent, Ok(true));
    let head = match (connection.head().await, sent) {
        (Err(_), Err(error)) => Err(error.into()),
        (head, _) => head,
    };
    if !is_whole {
        connection.give_up();
    }
    head
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
