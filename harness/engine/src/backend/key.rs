//! A secret that cannot be printed.

use std::fmt;

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
