//! Requests to a server beside the calls: health, model list, counters, cache flush.

use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};
use hyper::{Method, Uri};
use serde_json::Value;
use tokio::time::timeout;

use super::address::Address;
use super::config::headers;
use super::connections::Connections;
use super::key::Secrets;
use super::reading::shortened;
use super::request::{head, with_body};
use super::{BackendError, HttpConfig};
use crate::wire::{Dialect, ServerCounters};

/// Longest answer, in bytes: the counters of a busy server are a few hundred kilobytes.
const LIMIT: usize = 16 << 20;

/// Longest time of one request.
const PATIENCE: Duration = Duration::from_secs(10);

/// Speaks to a server beside the calls.
pub struct Admin {
    dialect: Dialect,
    model: String,
    address: Address,
    headers: Vec<(HeaderName, HeaderValue)>,
    secrets: Secrets,
    connections: Connections,
}

impl Admin {
    /// Connects at the first request.
    ///
    /// # Errors
    /// [`BackendError`].
    pub fn new(config: &HttpConfig) -> Result<Self, BackendError> {
        let address = Address::new(config)?;
        let connections = Connections::new(&address.base, config)?;
        let mut sent = headers(config, &address.authority)?;
        sent.extend(connections.proxy_header());
        Ok(Self {
            dialect: config.dialect,
            model: config.model.clone(),
            headers: sent,
            secrets: Secrets::of(config),
            connections,
            address,
        })
    }

    /// Whether the server says that it is ready; `None` where it has no such address.
    ///
    /// # Errors
    /// What it says instead, in one line.
    pub async fn health(&self) -> Result<Option<()>, String> {
        let path = match self.dialect {
            Dialect::Vllm
            | Dialect::Trtllm
            | Dialect::LlamaCpp
            | Dialect::Tgi
            | Dialect::TgiChat => "/health",
            // Its `/health` generates a token.
            Dialect::Sglang => "/ready",
            Dialect::Ollama => "/api/version",
            _ => return Ok(None),
        };
        let path = self.address.beside(path).map_err(|e| e.to_string())?;
        self.get(Method::GET, path).await.map(|_| Some(()))
    }

    /// Names of the models that the server lists, in its order; `None` where it has no list.
    ///
    /// # Errors
    /// Why there is no list, in one line.
    pub async fn models(&self) -> Result<Option<Vec<String>>, String> {
        let path = match self.dialect {
            // The one lists per publisher, the other per resource, elsewhere.
            Dialect::Vertex | Dialect::Azure => return Ok(None),
            Dialect::Ollama => "/api/tags",
            Dialect::Tgi => "/info",
            _ => "/models",
        };
        let path = self.address.below(path).map_err(|e| e.to_string())?;
        let body = self.get(Method::GET, path).await?;
        let list: Value = serde_json::from_slice(&body)
            .map_err(|e| format!("the model list is not JSON: {e}"))?;
        Ok(Some(names(&list)))
    }

    /// Reads the server's counters; `None` where it has none.
    ///
    /// # Errors
    /// Why they cannot be read, in one line.
    pub async fn counters(&self) -> Result<Option<ServerCounters>, String> {
        let Some(path) = ServerCounters::path(self.dialect) else {
            return Ok(None);
        };
        let path = self.address.beside(path).map_err(|e| e.to_string())?;
        let body = self.get(Method::GET, path).await?;
        let text = String::from_utf8_lossy(&body);
        Ok(Some(ServerCounters::read(self.dialect, &text)))
    }

    /// Empties the server's prefix cache.
    ///
    /// # Errors
    /// Why it is not empty now, in one line.
    pub async fn flush(&self) -> Result<(), String> {
        let path = |path: &str| self.address.beside(path).map_err(|e| e.to_string());
        match self.dialect {
            Dialect::Vllm => {
                let reset = self.get(Method::POST, path("/reset_prefix_cache")?).await;
                let body = reset
                    .map_err(|e| format!("{e}; the server must run with VLLM_SERVER_DEV_MODE=1"))?;
                let said: Value = serde_json::from_slice(&body).unwrap_or_default();
                // It refuses while requests hold blocks.
                match said["success"] == false {
                    true => Err("the server says that its cache is in use".to_owned()),
                    false => Ok(()),
                }
            }
            Dialect::Sglang => self
                .get(Method::POST, path("/flush_cache")?)
                .await
                .map(drop),
            Dialect::LlamaCpp => {
                let slots = self.get(Method::GET, path("/slots")?).await?;
                let slots: Value = serde_json::from_slice(&slots).unwrap_or_default();
                for slot in slots.as_array().into_iter().flatten() {
                    let erase = format!("/slots/{}?action=erase", slot["id"]);
                    let erased = self.get(Method::POST, path(&erase)?).await;
                    erased.map_err(|e| {
                        format!("{e}; the server must run with --slot-save-path and --cache-ram 0")
                    })?;
                }
                Ok(())
            }
            dialect => Err(format!(
                "`{}` has no address that empties its cache",
                dialect.as_str()
            )),
        }
    }

    /// Whether [`flush`](Self::flush) knows how.
    pub fn can_flush(dialect: Dialect) -> bool {
        matches!(dialect, Dialect::Vllm | Dialect::Sglang | Dialect::LlamaCpp)
    }

    /// A request and its whole answer. Errors are what the server says, without the secrets that some
    /// servers repeat.
    async fn get(&self, method: Method, path: Uri) -> Result<Vec<u8>, String> {
        let answer = self.answer(method, path, b"").await;
        answer.map_err(|error| self.secrets.scrub(&error))
    }

    /// The same below the base address, with a body.
    pub(super) async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: &[u8],
    ) -> Result<Vec<u8>, String> {
        let path = self.address.below(path).map_err(|e| e.to_string())?;
        let answer = self.answer(method, path, body).await;
        answer.map_err(|error| self.secrets.scrub(&error))
    }

    /// The model of this backend as a resource of Gemini.
    pub(super) fn model_resource(&self) -> String {
        super::explicit::model_resource(self.dialect, self.address.base.path(), &self.model)
    }

    async fn answer(&self, method: Method, path: Uri, body: &[u8]) -> Result<Vec<u8>, String> {
        let what = format!("{method} {}", path.path());
        let problem = |text: String| format!("{what}: {text}");
        let mut connection = self.connections.get().await.map_err(problem)?;
        let request = with_body(
            &head(&method, &self.connections.target(path), &self.headers),
            body,
        );
        let exchange = async {
            connection.send(&request).await.map_err(|e| e.to_string())?;
            let response = connection.head().await.map_err(|e| e.to_string())?;
            let body = connection.whole(LIMIT).await.map_err(|e| e.to_string())?;
            Ok::<_, String>((response.status, body))
        };
        let done = timeout(PATIENCE, exchange).await;
        let done = done.map_err(|_| problem(format!("no answer within {PATIENCE:?}")))?;
        let (status, body) = done.map_err(problem)?;
        self.connections.keep(connection);
        if !status.is_success() {
            let said = crate::wire::error_text(&body);
            return Err(problem(shortened(&format!("{} {said}", status.as_u16()))));
        }
        Ok(body)
    }
}

/// Names in a model list: `data[].id` (OpenAI, Anthropic), `[].id` (Together), `models[].name`
/// (Gemini with `models/` before it, Ollama), `model_id` (TGI).
fn names(list: &Value) -> Vec<String> {
    if let Some(name) = list["model_id"].as_str() {
        return vec![name.to_owned()];
    }
    let items = list["data"]
        .as_array()
        .or_else(|| list["models"].as_array())
        .or_else(|| list.as_array());
    let name = |item: &Value| {
        let name = item["id"].as_str().or_else(|| item["name"].as_str())?;
        Some(name.strip_prefix("models/").unwrap_or(name).to_owned())
    };
    items.into_iter().flatten().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_lists_of_all_shapes_are_read() {
        for list in [
            r#"{"object":"list","data":[{"id":"a"},{"id":"b"}]}"#,
            r#"[{"id":"a"},{"id":"b"}]"#,
            r#"{"models":[{"name":"models/a"},{"name":"models/b"}]}"#,
            r#"{"models":[{"name":"a","model":"a"},{"name":"b"}]}"#,
        ] {
            assert_eq!(names(&serde_json::from_str(list).unwrap()), ["a", "b"]);
        }
        assert_eq!(names(&serde_json::json!({"model_id": "a"})), ["a"]);
        assert!(names(&Value::Null).is_empty());
    }
}
