//! Explicit caches of Gemini: made before a run, named in its requests, deleted after it.
//!
//! `POST`, `GET` and `DELETE` of `cachedContents`, as of November 2026. A cache belongs to one model; a
//! request that names one must not bring a system prompt of its own.

use hyper::Method;
use serde_json::{Value, json};

use super::Admin;
use crate::wire::Dialect;

/// A cache on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplicitCache {
    /// Its name, which requests give as `cachedContent`.
    pub name: String,
    /// The name that its maker gave it.
    pub display_name: String,
    /// Tokens that it holds, where the server says so.
    pub tokens: Option<u64>,
    /// When the server deletes it by itself, in the server's words (RFC 3339).
    pub expires: Option<String>,
}

impl Admin {
    /// Whether a dialect has explicit caches.
    pub fn has_explicit_caches(dialect: Dialect) -> bool {
        matches!(dialect, Dialect::Gemini | Dialect::Vertex)
    }

    /// Makes a cache of a system prompt for the model of this backend. It lives `ttl_s` seconds unless
    /// it is deleted before.
    ///
    /// # Errors
    /// Why there is no cache, in one line.
    pub async fn create_cache(
        &self,
        display_name: &str,
        system: &str,
        ttl_s: u64,
    ) -> Result<ExplicitCache, String> {
        let body = json!({
            "model": self.model_resource(),
            "displayName": display_name,
            "systemInstruction": { "parts": [{ "text": system }] },
            "ttl": format!("{ttl_s}s"),
        });
        let said = self
            .exchange(Method::POST, "/cachedContents", body.to_string().as_bytes())
            .await?;
        let said: Value = serde_json::from_slice(&said)
            .map_err(|e| format!("the cache is not told as JSON: {e}"))?;
        read(&said).ok_or_else(|| "the server made a cache without a name".to_owned())
    }

    /// The caches that the key can see.
    ///
    /// # Errors
    /// Why they cannot be listed, in one line.
    pub async fn caches(&self) -> Result<Vec<ExplicitCache>, String> {
        let mut found = Vec::new();
        let mut page = String::new();
        loop {
            let path = format!("/cachedContents?pageSize=1000{page}");
            let said = self.exchange(Method::GET, &path, b"").await?;
            let said: Value = serde_json::from_slice(&said)
                .map_err(|e| format!("the list of caches is not JSON: {e}"))?;
            found.extend(
                said["cachedContents"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(read),
            );
            match said["nextPageToken"].as_str() {
                Some(next) if !next.is_empty() => page = format!("&pageToken={next}"),
                _ => return Ok(found),
            }
        }
    }

    /// Deletes a cache by its name; one that is gone already is no error.
    ///
    /// # Errors
    /// Why it may still be there, in one line.
    pub async fn delete_cache(&self, name: &str) -> Result<(), String> {
        // Vertex names the whole resource, of which the address has all but the end.
        let id = name.rsplit('/').next().unwrap_or(name);
        let path = format!("/cachedContents/{id}");
        match self.exchange(Method::DELETE, &path, b"").await {
            Ok(_) => Ok(()),
            Err(problem) => match self.caches().await {
                Ok(left) if left.iter().all(|cache| cache.name != name) => Ok(()),
                _ => Err(problem),
            },
        }
    }
}

fn read(said: &Value) -> Option<ExplicitCache> {
    let text = |key: &str| said[key].as_str().map(str::to_owned);
    Some(ExplicitCache {
        name: text("name").filter(|name| !name.is_empty())?,
        display_name: text("displayName").unwrap_or_default(),
        tokens: said["usageMetadata"]["totalTokenCount"].as_u64(),
        expires: text("expireTime"),
    })
}

/// A model as a resource: `models/M`, or on Vertex `projects/P/locations/L/publishers/google/models/M`
/// with project and location from the path of the address.
pub(super) fn model_resource(dialect: Dialect, prefix: &str, model: &str) -> String {
    if model.contains('/') {
        return model.to_owned();
    }
    match prefix.find("projects/") {
        Some(at) if dialect == Dialect::Vertex => {
            format!("{}/publishers/google/models/{model}", &prefix[at..])
        }
        _ => format!("models/{model}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_named_as_resources() {
        let vertex = "/v1beta1/projects/p/locations/l";
        for (dialect, prefix, model, resource) in [
            (Dialect::Gemini, "/v1beta", "g", "models/g"),
            (Dialect::Gemini, "/v1beta", "tunedModels/g", "tunedModels/g"),
            (
                Dialect::Vertex,
                vertex,
                "g",
                "projects/p/locations/l/publishers/google/models/g",
            ),
        ] {
            assert_eq!(model_resource(dialect, prefix, model), resource);
        }
    }
}
