//! A secret that cannot be printed.

use std::fmt;

use super::HttpConfig;

/// An API key. Its debug form, errors and logs never show it.
#[derive(Clone)]
pub struct ApiKey(String);

impl ApiKey {
    /// A key from its text.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// A key from an environment variable; `None` when it is unset or empty.
    pub fn from_env(variable: &str) -> Option<Self> {
        let key = std::env::var(variable).ok()?;
        (!key.trim().is_empty()).then(|| Self(key.trim().to_owned()))
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }

    /// A text of the server without the key, which some servers repeat in errors.
    pub(super) fn scrub(&self, text: &str) -> String {
        text.replace(&self.0, "[key]")
    }
}

/// All secrets of one backend.
pub(super) struct Secrets(Vec<ApiKey>);

impl Secrets {
    pub(super) fn of(config: &HttpConfig) -> Self {
        let more = config.secret_headers.iter().map(|(_, secret)| secret);
        Self(config.api_key.iter().chain(more).cloned().collect())
    }

    /// A text of the server as it may be written down.
    pub(super) fn scrub(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.0 {
            // Nearly always nothing is found, and nothing copied.
            if text.contains(&secret.0) {
                text = secret.scrub(&text);
            }
        }
        text
    }

    /// The same for a text that is there already.
    pub(super) fn scrub_in(&self, text: &mut String) {
        if self.0.iter().any(|secret| text.contains(&secret.0)) {
            *text = self.scrub(text);
        }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey([key])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_shown() {
        let key = ApiKey::new("sk-canary");
        assert!(!format!("{key:?}").contains("canary"));
        assert_eq!(key.scrub("bad key sk-canary."), "bad key [key].");
    }
}
