//! How one model is reached over HTTP.

use std::path::PathBuf;
use std::time::Duration;

use hyper::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use serde_json::{Map, Value};

use super::{ApiKey, ConnectionCount};
use crate::wire::facts::{Auth, Version};
use crate::wire::{Dialect, PromptCache, sse};

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
    /// Base address, usually ending in `/v1`; the dialect's own path is added where there is none.
    pub base_url: String,
    /// Model name as the server knows it.
    pub model: String,
    /// How the server speaks.
    pub dialect: Dialect,
    /// Sent as the dialect wants it: as a bearer token, or in a header of its own.
    pub api_key: Option<ApiKey>,
    /// Version of the interface, for dialects that have versions (Anthropic, Azure).
    pub api_version: Option<String>,
    /// What requests say about the server's prompt cache.
    pub prompt_cache: PromptCache,
    /// Keeps like requests on one prompt cache, where the dialect can.
    pub cache_key: Option<String>,
    /// Response header that names the model a gateway chose.
    pub model_header: Option<String>,
    /// Whether the gap before each chunk is recorded.
    pub record_gaps: bool,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// Upper limit of output tokens where a sample has none.
    pub max_output_tokens: Option<u32>,
    /// More body fields; they replace the client's own, and `null` removes one.
    pub extra: Map<String, Value>,
    /// More request headers.
    pub headers: Vec<(String, String)>,
    /// PEM file of certificate authorities that are trusted beside the public ones.
    pub ca_file: Option<PathBuf>,
    /// More request headers whose values are never shown.
    pub secret_headers: Vec<(String, ApiKey)>,
    /// Whether answers are asked for as streams; without, the first token is the last.
    pub stream: bool,
    /// How long each part of a call may take.
    pub timeouts: Timeouts,
    /// Largest server-sent event or whole body accepted, in bytes.
    pub max_event_bytes: usize,
    /// Counts the connections that are open; clones of a configuration share it.
    pub connections: ConnectionCount,
}

impl HttpConfig {
    /// A configuration with the defaults of everything that has one.
    pub fn new(base_url: impl Into<String>, model: impl Into<String>, dialect: Dialect) -> Self {
        Self {
            base_url: base_url.into(),
            model: model.into(),
            dialect,
            api_key: None,
            api_version: None,
            prompt_cache: PromptCache::default(),
            cache_key: None,
            model_header: None,
            record_gaps: false,
            temperature: None,
            max_output_tokens: None,
            extra: Map::new(),
            headers: Vec::new(),
            ca_file: None,
            secret_headers: Vec::new(),
            stream: true,
            timeouts: Timeouts::default(),
            max_event_bytes: sse::DEFAULT_LIMIT,
            connections: ConnectionCount::default(),
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
    /// The dialect cannot do with its prompt cache what is asked for.
    #[error("{0}")]
    PromptCache(String),
    /// The certificates of an own authority cannot be used.
    #[error("ca_file {}: {problem}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The proxy that the environment names cannot be used. Its address is not shown whole: it may
    /// hold a password.
    #[error(
        "the proxy of the environment ({0}) is not usable: only http:// and https:// proxies are"
    )]
    Proxy(String),
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
    let plain = config.headers.iter().map(|(name, _)| name);
    let secret = config.secret_headers.iter().map(|(name, _)| name);
    let names: Vec<&String> = plain.chain(secret).collect();
    let is_own = |name: &str| names.iter().any(|n| n.eq_ignore_ascii_case(name));
    let facts = config.dialect.facts();
    if let Some(key) = &config.api_key {
        let (name, text) = match facts.auth {
            Auth::Bearer => ("authorization", format!("Bearer {}", key.reveal())),
            Auth::Header(name) => (name, key.reveal().to_owned()),
        };
        let mut secret = value(name, &text)?;
        secret.set_sensitive(true);
        if !is_own(name) {
            headers.push((HeaderName::from_static(name), secret));
        }
    }
    if let Version::Header(name, default) = facts.version
        && !is_own(name)
    {
        let version = config.api_version.as_deref().unwrap_or(default);
        headers.push((HeaderName::from_static(name), value(name, version)?));
    }
    for (name, text) in facts.headers.iter().filter(|(name, _)| !is_own(name)) {
        headers.push((HeaderName::from_static(name), value(name, text)?));
    }
    for (name, text) in &config.headers {
        let parsed = header_name(name)?;
        headers.push((parsed, value(name, text)?));
    }
    for (name, secret) in &config.secret_headers {
        let mut text = value(name, secret.reveal())?;
        text.set_sensitive(true);
        headers.push((header_name(name)?, text));
    }
    Ok(headers)
}

/// The name of a header.
pub(super) fn header_name(name: &str) -> Result<HeaderName, BackendError> {
    name.parse()
        .map_err(|_| BackendError::Header(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ApiKey;

    fn sent(dialect: Dialect, own: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut config = HttpConfig::new("http://h", "m", dialect);
        config.api_key = Some(ApiKey::new("k"));
        let own = own.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        config.headers = own.collect();
        let all = headers(&config, "u:p@h:1").unwrap();
        let text =
            |(n, v): &(HeaderName, HeaderValue)| (n.to_string(), v.to_str().unwrap().to_owned());
        all.iter().map(text).collect()
    }

    fn has(headers: &[(String, String)], name: &str, value: &str) -> bool {
        headers
            .iter()
            .filter(|(n, _)| n == name)
            .all(|(_, v)| v == value)
            && headers.iter().any(|(n, _)| n == name)
    }

    #[test]
    fn each_provider_gets_its_key_where_it_looks() {
        assert!(has(
            &sent(Dialect::Openai, &[]),
            "authorization",
            "Bearer k"
        ));
        assert!(has(&sent(Dialect::Azure, &[]), "api-key", "k"));
        assert!(has(&sent(Dialect::Gemini, &[]), "x-goog-api-key", "k"));
        let anthropic = sent(Dialect::Anthropic, &[]);
        assert!(has(&anthropic, "x-api-key", "k"));
        assert!(has(&anthropic, "anthropic-version", "2023-06-01"));
        assert!(has(&anthropic, "host", "h:1"));
        let bearer = sent(Dialect::Vertex, &[]);
        assert!(has(&bearer, "authorization", "Bearer k"));
    }

    #[test]
    fn the_users_headers_replace_the_clients() {
        let own = [("X-Vsr-Debug", "false"), ("Authorization", "Basic x")];
        let headers = sent(Dialect::SemanticRouter, &own);
        assert!(has(&headers, "x-vsr-debug", "false"));
        assert!(has(&headers, "authorization", "Basic x"));
    }
}
