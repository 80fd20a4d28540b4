//! From a base address to the path of a request.

use hyper::Uri;
use hyper::http::uri::InvalidUri;

use super::{BackendError, HttpConfig};
use crate::wire::facts::Version;

/// Where a backend's requests go.
pub(super) struct Address {
    /// Scheme, host and port.
    pub(super) base: Uri,
    /// Host and port.
    pub(super) authority: String,
    /// Path of the base address, or the dialect's own where it has none; no slash at its end.
    prefix: String,
    query: Option<String>,
}

impl Address {
    /// # Errors
    /// [`BackendError::Url`].
    pub(super) fn new(config: &HttpConfig) -> Result<Self, BackendError> {
        let error = |problem: String| BackendError::Url {
            url: config.base_url.clone(),
            problem,
        };
        let parsed: Result<Uri, InvalidUri> = config.base_url.parse();
        let base = parsed.map_err(|e| error(e.to_string()))?;
        let authority = base
            .authority()
            .filter(|_| matches!(base.scheme_str(), Some("http" | "https")))
            .ok_or_else(|| error("it must start with http:// or https://".to_owned()))?
            .to_string();
        let facts = config.dialect.facts();
        let prefix = match base.path().trim_end_matches('/') {
            "" => facts.prefix,
            path => path,
        };
        let mut query = base.query().map(str::to_owned);
        if let (Version::Query(name), Some(version)) = (facts.version, &config.api_version) {
            let own = format!("{name}={version}");
            query = Some(query.map_or(own.clone(), |q| format!("{q}&{own}")));
        }
        Ok(Self {
            prefix: prefix.to_owned(),
            query,
            authority,
            base,
        })
    }

    /// A path below the prefix, with the query of the base address after its own.
    ///
    /// # Errors
    /// [`BackendError::Url`] if a model's name cannot be part of a path.
    pub(super) fn below(&self, path: &str) -> Result<Uri, BackendError> {
        self.whole(&format!("{}{path}", self.prefix))
    }

    /// A path beside the prefix: below it without the version at its end.
    ///
    /// # Errors
    /// [`BackendError::Url`].
    pub(super) fn beside(&self, path: &str) -> Result<Uri, BackendError> {
        let prefix = self.prefix.strip_suffix("/v1").unwrap_or(&self.prefix);
        self.whole(&format!("{prefix}{path}"))
    }

    fn whole(&self, path: &str) -> Result<Uri, BackendError> {
        let path = match &self.query {
            None => path.to_owned(),
            Some(query) if path.contains('?') => format!("{path}&{query}"),
            Some(query) => format!("{path}?{query}"),
        };
        path.parse().map_err(|e: InvalidUri| BackendError::Url {
            problem: e.to_string(),
            url: path,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Dialect;

    fn path(url: &str, dialect: Dialect, version: Option<&str>) -> String {
        let mut config = HttpConfig::new(url, "m", dialect);
        config.api_version = version.map(str::to_owned);
        let codec = dialect.codec(&crate::wire::CodecSettings::default());
        let address = Address::new(&config).unwrap();
        address.below(&codec.path("m", true)).unwrap().to_string()
    }

    #[test]
    fn every_provider_has_its_own_path() {
        use Dialect::{Anthropic, Azure, Deepseek, Gemini, Ollama, OpenaiChat, Tgi, Vertex};
        let azure = "https://r.openai.azure.com/openai/deployments/d";
        let vertex = "https://us-central1-aiplatform.googleapis.com/v1beta1/projects/p/locations/l";
        for (url, dialect, version, expected) in [
            ("http://h", OpenaiChat, None, "/v1/chat/completions"),
            ("http://h/x/", OpenaiChat, None, "/x/chat/completions"),
            ("http://h", Deepseek, None, "/chat/completions"),
            ("http://h", Anthropic, Some("2026-10-21"), "/v1/messages"),
            ("http://h", Ollama, None, "/api/chat"),
            ("http://h", Tgi, None, "/generate_stream"),
            (
                azure,
                Azure,
                Some("2026-01-01"),
                "/openai/deployments/d/chat/completions?api-version=2026-01-01",
            ),
            (
                "http://h/v1beta?key=k",
                Gemini,
                None,
                "/v1beta/models/m:streamGenerateContent?alt=sse&key=k",
            ),
            (
                vertex,
                Vertex,
                None,
                "/v1beta1/projects/p/locations/l/publishers/google/models/m:streamGenerateContent?alt=sse",
            ),
        ] {
            assert_eq!(path(url, dialect, version), expected);
        }
    }
}
