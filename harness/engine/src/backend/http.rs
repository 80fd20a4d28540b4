//! The measuring HTTP client: stamps bytes as they arrive, before anything reads them.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, Uri};
use tokio::time::timeout;
use weighbridge_record::{Attempt, AttemptError, AttemptErrorKind};

use super::config::headers;
use super::connections::{Connections, chain};
use super::reading::{Reading, shortened};
use super::{Backend, BackendError, Call, HttpConfig, Reply, ReplyFuture, status};
use crate::Clock;
use crate::wire::{Codec, RequestBody, sse};

/// One model behind one HTTP address.
pub struct HttpBackend {
    config: HttpConfig,
    codec: Box<dyn Codec>,
    connections: Connections,
    path: Uri,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl HttpBackend {
    /// Checks the configuration; connects at the first call.
    ///
    /// # Errors
    /// [`BackendError`].
    pub fn new(config: HttpConfig) -> Result<Self, BackendError> {
        let url_error = |problem: String| BackendError::Url {
            url: config.base_url.clone(),
            problem,
        };
        let base: Uri = config
            .base_url
            .parse()
            .map_err(|e: hyper::http::uri::InvalidUri| url_error(e.to_string()))?;
        let authority = base
            .authority()
            .filter(|_| matches!(base.scheme_str(), Some("http" | "https")))
            .ok_or_else(|| url_error("it must start with http:// or https://".to_owned()))?;
        let codec = config.dialect.codec();
        let prefix = match base.path().trim_end_matches('/') {
            "" => "/v1",
            path => path,
        };
        let path = format!("{prefix}{}", codec.path());
        let path = path
            .parse()
            .map_err(|e: hyper::http::uri::InvalidUri| url_error(e.to_string()))?;
        let headers = headers(&config, authority.as_str())?;
        let connections = Connections::new(base.clone(), config.timeouts.connect)?;
        Ok(Self {
            config,
            codec,
            connections,
            path,
            headers,
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
        let id = response.headers().get("x-request-id");
        attempt.request_id = id.and_then(|id| id.to_str().ok()).map(shortened);
        let (reply, is_reusable) = if response.status().is_success() {
            self.answer(&call, attempt, response, clock).await
        } else {
            self.refusal(attempt, response, clock).await
        };
        if is_reusable {
            self.connections.keep(connection);
        }
        reply
    }

    fn request(&self, call: &Call<'_>) -> Result<Request<Full<Bytes>>, String> {
        let body = self.codec.encode(&RequestBody {
            model: &self.config.model,
            messages: call.messages,
            stream: self.config.stream,
            max_output_tokens: call.max_output_tokens.or(self.config.max_output_tokens),
            temperature: self.config.temperature,
            seed: call.seed,
            logprobs: call.confidence,
            cache_salt: call.cache_salt,
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
        response: Response<Incoming>,
        clock: Clock,
    ) -> (Reply, bool) {
        let kind = response.headers().get(CONTENT_TYPE);
        let is_whole = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
        let mut body = response.into_body();
        let mut reading = Reading::default();
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
        let reply = match reading.finish(&mut attempt, chars) {
            Ok(answer) => Reply::answered(attempt, answer),
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
        let mut parser = sse::SseParser::new(self.config.max_event_bytes);
        loop {
            let bytes = match self.arrival(body, attempt, clock).await {
                Ok(Some((bytes, at_ms))) => (bytes, at_ms),
                Ok(None) => break,
                Err((kind, problem)) => {
                    // After its terminator an answer is complete, however the connection ends.
                    if !reading.is_done {
                        reading.fail(kind, problem);
                    }
                    return false;
                }
            };
            let (bytes, at_ms) = bytes;
            let pushed = parser.push(&bytes, &mut |event| self.event(event, at_ms, reading));
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
        let at_ms = clock.now_ms();
        let mut last = Reading::default();
        // What is left is a terminator without its line end, or an event that was cut off.
        let _ = parser.finish(&mut |event| self.event(event, at_ms, &mut last));
        reading.is_done |= last.is_done;
        true
    }

    fn event(&self, event: sse::SseEvent<'_>, at_ms: f64, reading: &mut Reading) {
        if reading.is_done || reading.has_failed() {
            return;
        }
        reading.message(at_ms, |on| self.codec.decode(event.data, on));
        if event.event == b"error" {
            let problem = String::from_utf8_lossy(event.data);
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
        response: Response<Incoming>,
        clock: Clock,
    ) -> (Reply, bool) {
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

    /// A message as it may be written down.
    fn clean(&self, message: &str) -> String {
        match &self.config.api_key {
            Some(key) => shortened(&key.scrub(message)),
            None => shortened(message),
        }
    }
}

impl Backend for HttpBackend {
    fn send<'a>(&'a self, call: Call<'a>, clock: Clock) -> ReplyFuture<'a> {
        Box::pin(self.call(call, clock))
    }

    fn dialect(&self) -> &'static str {
        self.config.dialect.as_str()
    }
}
