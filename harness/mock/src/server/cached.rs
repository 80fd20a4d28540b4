//! Gemini's explicit caches: made, listed, read and deleted by name.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use hyper::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::body::ReplyBody;
use super::{gemini, reply};
use crate::engine::prompt_tokens;
use crate::message::{Message, Role};

/// One cache.
#[derive(Clone, Debug)]
struct Entry {
    model: String,
    display_name: String,
    system: String,
    tokens: usize,
    /// Seconds since 1970.
    created_s: u64,
    ttl: Duration,
    since: Instant,
}

/// The caches of a fleet by their number.
#[derive(Debug, Default)]
pub(super) struct CachedContents {
    entries: Mutex<(u64, BTreeMap<u64, Entry>)>,
}

impl CachedContents {
    /// Answers a request for a path with `/cachedContents` in it; `None` for any other.
    pub(super) fn answer(
        &self,
        method: &Method,
        path: &str,
        body: &[u8],
    ) -> Option<Response<ReplyBody>> {
        let rest = path.split_once("/cachedContents")?.1;
        let id = rest.strip_prefix('/').and_then(|id| id.parse().ok());
        let done = match (method, rest, id) {
            (&Method::POST, "", _) => self.create(body),
            (&Method::GET, "", _) => Ok(self.list()),
            (&Method::GET, _, Some(id)) => self.with(|all| {
                let entry = all.get(&id).ok_or_else(gone)?;
                Ok(told(id, entry))
            }),
            (&Method::DELETE, _, Some(id)) => self.with(|all| {
                all.remove(&id).ok_or_else(gone)?;
                Ok(json!({}))
            }),
            _ => Err(gone()),
        };
        Some(match done {
            Ok(body) => reply::json(StatusCode::OK, body.to_string().into()),
            Err((status, message)) => refusal(status, &message),
        })
    }

    /// The system prompt that a cache holds for a model, and its tokens.
    pub(super) fn held(&self, name: &str, model: &str) -> Option<(Message, usize)> {
        let id: u64 = name.rsplit('/').next()?.parse().ok()?;
        self.with(|all| {
            let entry = all.get(&id).filter(|entry| entry.model == model)?;
            let message = Message::new(Role::System, entry.system.clone());
            Some((message, entry.tokens))
        })
    }

    /// The caches that are alive.
    fn with<T>(&self, f: impl FnOnce(&mut BTreeMap<u64, Entry>) -> T) -> T {
        let mut all = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        all.1.retain(|_, entry| entry.since.elapsed() < entry.ttl);
        f(&mut all.1)
    }

    fn create(&self, body: &[u8]) -> Result<Value, (u16, String)> {
        let asked: Value = serde_json::from_slice(body).map_err(|e| (400, e.to_string()))?;
        let text = |key: &str| asked[key].as_str().unwrap_or_default().to_owned();
        let parts = asked["systemInstruction"]["parts"].as_array();
        let system: String = parts
            .into_iter()
            .flatten()
            .filter_map(|part| part["text"].as_str())
            .collect();
        let ttl = text("ttl");
        let ttl = ttl.strip_suffix('s').and_then(|s| s.parse::<f64>().ok());
        let (Some(ttl), false) = (ttl, system.is_empty()) else {
            return Err((
                400,
                "a cache needs `systemInstruction` and `ttl`".to_owned(),
            ));
        };
        let message = Message::new(Role::System, system.clone());
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let entry = Entry {
            model: text("model")
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned(),
            display_name: text("displayName"),
            // Without the marker after which the answer would begin.
            tokens: prompt_tokens(&[message]).len() - 1,
            system,
            created_s: now.map_or(0, |d| d.as_secs()),
            ttl: Duration::try_from_secs_f64(ttl).unwrap_or_default(),
            since: Instant::now(),
        };
        let mut all = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        all.0 += 1;
        let id = all.0;
        let answer = told(id, &entry);
        all.1.insert(id, entry);
        Ok(answer)
    }

    fn list(&self) -> Value {
        let all: Vec<Value> = self.with(|all| all.iter().map(|(id, e)| told(*id, e)).collect());
        match all.is_empty() {
            // The real service leaves empty lists out.
            true => json!({}),
            false => json!({ "cachedContents": all }),
        }
    }
}

/// What the service says of a cache it does not have, or that belongs to somebody else.
fn gone() -> (u16, String) {
    let message = "CachedContent not found (or permission denied)";
    (403, message.to_owned())
}

/// An error as Gemini writes it.
pub(super) fn refusal(status: u16, message: &str) -> Response<ReplyBody> {
    let body = Bytes::from(gemini::error_json(status, message));
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    reply::json(status, body)
}

fn told(id: u64, entry: &Entry) -> Value {
    json!({
        "name": format!("cachedContents/{id}"),
        "model": format!("models/{}", entry.model),
        "displayName": entry.display_name,
        "expireTime": stamp(entry.created_s + entry.ttl.as_secs()),
        "usageMetadata": { "totalTokenCount": entry.tokens },
    })
}

/// RFC 3339 in UTC, by the civil calendar (Howard Hinnant, "chrono-compatible low-level date
/// algorithms").
fn stamp(seconds: u64) -> String {
    let (days, rest) = ((seconds / 86_400) as i64, seconds % 86_400);
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hours, minutes, seconds) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_dates() {
        assert_eq!(stamp(0), "1970-01-01T00:00:00Z");
        assert_eq!(stamp(1_793_459_045), "2026-10-31T15:04:05Z");
        assert_eq!(stamp(951_782_400), "2000-02-29T00:00:00Z");
    }
}
