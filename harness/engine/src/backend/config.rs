//! How one model is reached over HTTP.

use std::time::Duration;

use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use serde_json::{Map, Value};

use super::ApiKey;
use crate::wire::{Dialect, sse};

/// How long each part of a call may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timeouts {
    /// Making a connection.
    pub connect: Duration,
    /// From sending the request to the response headers, and to the first body byte.
    pub first_byte: Duration,
    /// Between two arrivals of body bytes; comments count as arrivals.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(120),
            idle: Duration::from_secs(60),
        }
    }
}

/// How one model is reached.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// Base address, usually ending in `/v1`; that path is added where there is none.
    pub base_url: String,
    /// Model name as the server knows it.
    pub model: String,
    /// How the server speaks.
    pub dialect: Dialect,
    /// Sent as a bearer token.
    pub api_key: Option<ApiKey>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// Upper limit of output tokens where a sample has none.
    pub max_output_tokens: Option<u32>,
    /// More body fields; they replace the client's own, and `null` removes one.
    pub extra: Map<String, Value>,
    /// More request headers.
    pub headers: Vec<(String, String)>,
    /// Whether answers are asked for as streams; without, the first token is the last.
    pub stream: bool,
    /// How long each part of a call may take.
    pub timeouts: Timeouts,
    /// Largest server-sent event or whole body accepted, in bytes.
    pub max_event_bytes: usize,
}

impl HttpConfig {
    /// A configuration with the defaults of everything that has one.
    pub fn new(base_url: impl Into<String>, model: impl Into<String>, dialect: Dialect) -> Self {
        Self {
            base_url: base_url.into(),
            model: model.into(),
            dialect,
            api_key: None,
            temperature: None,
            max_output_tokens: None,
            extra: Map::new(),
            headers: Vec::new(),
            stream: true,
            timeouts: Timeouts::default(),
            max_event_bytes: sse::DEFAULT_LIMIT,
        }
    }
}

/// Why a backend cannot be made of its configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// The address is no `http` or `https` URL.
    #[error("`{url}` is not usable as an address: {problem}")]
    Url {
        /// As written.
        url: String,
        /// What is wrong.
        problem: String,
    },
    /// A header cannot be sent. Its value is not shown: it may be secret.
    #[error("header `{0}` holds characters that cannot be sent")]
    Header(String),
    /// No TLS configuration can be made.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// The headers of every request.
pub(super) fn headers(
    config: &HttpConfig,
    authority: &str,
) -> Result<Vec<(HeaderName, HeaderValue)>, BackendError> {
    let value = |name: &str, text: &str| {
        HeaderValue::from_str(text).map_err(|_| BackendError::Header(name.to_owned()))
    };
    // Whatever stands before an `@` is no part of the host.
    let host = authority.rsplit('@').next().unwrap_or(authority);
    let mut headers = vec![
        (HOST, value("host", host)?),
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
    ];
    if let Some(key) = &config.api_key {
        let mut bearer = value("authorization", &format!("Bearer {}", key.reveal()))?;
        bearer.set_sensitive(true);
        headers.push((AUTHORIZATION, bearer));
    }
    for (name, text) in &config.headers {
        let parsed = name
            .parse()
            .map_err(|_| BackendError::Header(name.clone()))?;
        headers.push((parsed, value(name, text)?));
    }
    Ok(headers)
}
