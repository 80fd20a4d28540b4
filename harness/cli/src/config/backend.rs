//! `[[backend]]`: who is called, and in which dialect.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use toml::Spanned;
use weighbridge_engine::executor::BreakerRule;
use weighbridge_engine::{Admin, Dialect, PromptCache};

use super::engine::{self, EngineWritten};
use super::error::ConfigError;
use super::fault::{self, FaultWritten};
use super::parse::Source;

/// `[[backend]]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct BackendWritten {
    /// Name that models refer to.
    pub(crate) name: String,
    /// `embedded`, or a server in one of the two oldest dialects; otherwise `dialect` says it all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<BackendKind>,
    /// How it speaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "dialects"))]
    pub(crate) dialect: Option<Dialect>,
    /// Where it listens, up to and including the version (`https://…/v1`). Not for `embedded`; the
    /// provider's own address where the dialect has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) base_url: Option<String>,
    /// Name of the environment variable that holds the key. The key itself is never written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) api_key_env: Option<String>,
    /// Version of the interface, for Anthropic (`anthropic-version`) and Azure (`api-version`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) api_version: Option<String>,
    /// More request headers. They are written to the run's header: no secrets here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) headers: BTreeMap<String, String>,
    /// More request headers whose values are in these environment variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) headers_env: BTreeMap<String, String>,
    /// Response header that names the model a gateway chose, before all known ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model_header: Option<String>,
    /// What requests say about the server's prompt cache: `default` nothing, `off` no request reads
    /// what another one left, `breakpoints` and `breakpoints_long` write up to the end of the system
    /// prompt and of the last message.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "prompt_caches"))]
    pub(crate) prompt_cache: Option<PromptCache>,
    /// Keeps all requests of this backend on one prompt cache (`prompt_cache_key`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prompt_cache_key: Option<String>,
    /// Gemini and Vertex only: keep the system prompt that all samples share in an explicit cache of
    /// each model, made before the run and deleted after it. Its tokens are written once, and are paid
    /// for by the hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) explicit_cache: Option<ExplicitCacheWritten>,
    /// Empty the server's prefix cache before the run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) flush_cache: bool,
    /// Whether answers are asked for as streams; true if absent. In one piece, the first token of an
    /// answer is its last: times to first token are times of whole answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stream: Option<bool>,
    /// Record the gap before each chunk of a stream.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) record_gaps: bool,
    /// PEM file of certificate authorities that are trusted beside the public ones, relative to the
    /// experiment file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<String>,
    /// Most calls in any minute. Calls wait for it, and their wait counts in their time to first
    /// token.
    #[serde(skip_serializing)]
    pub(crate) requests_per_minute: Option<u64>,
    /// Most tokens a minute, input and output.
    #[serde(skip_serializing)]
    pub(crate) tokens_per_minute: Option<u64>,
    /// Most calls under way at once.
    #[serde(skip_serializing)]
    pub(crate) max_concurrency: Option<u32>,
    /// Whether a rate-limit refusal halves the calls under way, which answers then win back one by
    /// one; true if absent.
    #[serde(skip_serializing)]
    pub(crate) adaptive_concurrency: Option<bool>,
    /// Leaves the backend alone for a while after failures in a row: calls fail at once
    /// (`circuit_open`), and a `fallback` policy goes on. Off if absent: a breaker decides that a
    /// call fails, which otherwise only the server does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) breaker: Option<BreakerWritten>,
    /// Embedded fleet only: what goes wrong, the first one that strikes a request.
    #[serde(default, rename = "fault", skip_serializing_if = "Vec::is_empty")]
    pub(crate) faults: Vec<FaultWritten>,
    /// Embedded fleet only: what a prefix hit costs, measured or from presets.
    #[serde(default, rename = "engine", skip_serializing_if = "Vec::is_empty")]
    pub(crate) engines: Vec<EngineWritten>,
    /// Embedded fleet only: factor on every delay; 1 is the pace of a small server, larger is
    /// faster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) speed: Option<f64>,
}

/// `[backend.explicit_cache]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct ExplicitCacheWritten {
    /// Seconds after which the server deletes it by itself; an hour if absent. A run that takes longer
    /// loses it.
    #[serde(default = "hour")]
    pub(crate) ttl_s: u64,
    /// Price of keeping it, in US dollars per million tokens and hour.
    pub(crate) storage_per_mtok_hour_usd: f64,
}

fn hour() -> u64 {
    3_600
}

/// `[backend.breaker]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BreakerWritten {
    /// Failures in a row that open the breaker, at least 1.
    pub(crate) failures: u32,
    /// Seconds until one call may try whether the backend is back.
    pub(crate) open_s: f64,
}

impl Default for BreakerWritten {
    fn default() -> Self {
        let rule = BreakerRule::default();
        Self {
            failures: rule.failures,
            open_s: rule.open.as_secs_f64(),
        }
    }
}

/// `backend.kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum BackendKind {
    /// The fleet that ships with the program: loopback servers that answer the quickstart tasks.
    Embedded,
    /// OpenAI Chat Completions and everything that speaks it.
    OpenaiChat,
    /// vLLM's OpenAI server, with its cache namespaces.
    Vllm,
}

impl BackendWritten {
    /// Whether the program serves it itself.
    pub(crate) fn is_embedded(&self) -> bool {
        self.kind == Some(BackendKind::Embedded)
    }

    /// How it speaks. The embedded fleet knows vLLM's cache namespaces.
    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect.unwrap_or(match self.kind {
            Some(BackendKind::OpenaiChat) => Dialect::OpenaiChat,
            Some(BackendKind::Embedded | BackendKind::Vllm) | None => Dialect::Vllm,
        })
    }

    /// What the run's header calls it.
    pub(crate) fn shown(&self) -> &'static str {
        match self.dialect {
            None if self.is_embedded() => "embedded",
            _ => self.dialect().as_str(),
        }
    }

    /// Where it listens; `None` for the embedded fleet.
    pub(crate) fn address(&self) -> Option<&str> {
        if self.is_embedded() {
            return None;
        }
        let own = self.dialect().default_base_url();
        self.base_url.as_deref().or(own)
    }
}

/// Checks one backend on its own.
pub(super) fn check(
    source: Source<'_>,
    backend: &Spanned<BackendWritten>,
) -> Result<(), ConfigError> {
    let (span, backend) = (backend.span(), backend.get_ref());
    let name = &backend.name;
    let wrong = |problem: &str, hint: &str| {
        Err(source
            .at(&span, format!("backend `{name}` {problem}"))
            .with_hint(hint))
    };
    match (backend.kind, backend.dialect) {
        (None, None) => {
            return wrong(
                "has no `dialect`",
                "add dialect = \"openai_chat\" for a server that speaks Chat Completions, or \
                 kind = \"embedded\"",
            );
        }
        (Some(BackendKind::OpenaiChat | BackendKind::Vllm), Some(_)) => {
            return wrong("has both `kind` and `dialect`", "remove `kind`");
        }
        _ => {}
    }
    if backend.is_embedded() && backend.base_url.is_some() {
        return wrong("listens where it likes", "remove `base_url`");
    }
    if !backend.is_embedded() && backend.address().is_none() {
        return wrong("has no `base_url`", "add base_url = \"https://…/v1\"");
    }
    let url = backend.base_url.as_deref().unwrap_or_default();
    if url.contains('@') || url.contains("key=") {
        let hint = "the address is written to the run's header; name the key in `api_key_env`";
        return wrong("has a secret in its `base_url`", hint);
    }
    if let Some(speed) = backend.speed
        && (speed.is_nan() || speed <= 0.0)
    {
        return Err(source.at(&span, format!("`speed` is {speed}; it must be more than 0")));
    }
    if let Some((key, problem)) = limit_problem(backend) {
        return Err(source.at(&span, format!("`{key}` {problem}")));
    }
    if !backend.faults.is_empty() && !backend.is_embedded() {
        return wrong(
            "is not embedded and fails as it likes",
            "remove [[backend.fault]]; only kind = \"embedded\" can be made to fail",
        );
    }
    for fault in &backend.faults {
        fault::check(source, &span, fault)?;
    }
    if !backend.engines.is_empty() && !backend.is_embedded() {
        return wrong(
            "is not embedded and takes as long as it takes",
            "remove [[backend.engine]]; only kind = \"embedded\" has an engine model",
        );
    }
    engine::check(source, backend)?;
    let dialect = backend.dialect();
    if let Err(problem) = backend.prompt_cache.unwrap_or_default().check(dialect) {
        return wrong("cannot do what `prompt_cache` asks", &problem);
    }
    if let Some(cache) = &backend.explicit_cache {
        if !Admin::has_explicit_caches(dialect) {
            let hint = "remove `explicit_cache`; gemini and vertex have them";
            return wrong("has no explicit caches", hint);
        }
        if cache.ttl_s == 0 || !(0.0..1e9).contains(&cache.storage_per_mtok_hour_usd) {
            let hint = "`ttl_s` is at least 1, `storage_per_mtok_hour_usd` at least 0";
            return wrong("has an explicit cache that cannot be", hint);
        }
    }
    if backend.flush_cache && !Admin::can_flush(dialect) {
        let hint = "remove `flush_cache`; vllm, sglang and llama_cpp have one";
        return wrong("has no address that empties its cache", hint);
    }
    Ok(())
}

/// Which limit makes no sense, and why.
fn limit_problem(backend: &BackendWritten) -> Option<(&'static str, String)> {
    let limits = [
        ("requests_per_minute", backend.requests_per_minute),
        ("tokens_per_minute", backend.tokens_per_minute),
        ("max_concurrency", backend.max_concurrency.map(u64::from)),
        (
            "failures",
            backend.breaker.as_ref().map(|b| b.failures.into()),
        ),
    ];
    let zero = limits.into_iter().find(|(_, limit)| *limit == Some(0));
    if let Some((key, _)) = zero {
        return Some((key, "is 0; nothing would ever be called".to_owned()));
    }
    let open_s = backend.breaker.as_ref().map(|b| b.open_s);
    let open_s = open_s.filter(|s| Duration::try_from_secs_f64(*s).is_err());
    open_s.map(|s| ("open_s", format!("is {s}; it must be at least 0")))
}

#[cfg(feature = "schema")]
fn dialects(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let names = Dialect::ALL.map(Dialect::as_str);
    schemars::json_schema!({ "type": "string", "enum": names })
}

#[cfg(feature = "schema")]
fn prompt_caches(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    use PromptCache::{Breakpoints, BreakpointsLong, Default, Off};
    let names = [Default, Off, Breakpoints, BreakpointsLong].map(PromptCache::as_str);
    schemars::json_schema!({ "type": "string", "enum": names })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The first line of the complaint about a backend of these keys, if there is one.
    fn complaint(keys: &str) -> Option<String> {
        let text = format!(
            "name = \"x\"\n[dataset]\npath = \"s.jsonl\"\n[[backend]]\nname = \"b\"\n{keys}\n"
        );
        let source = Source {
            path: Path::new("e.toml"),
            text: &text,
        };
        let checked = super::super::parse(source).and_then(|w| check(source, &w.backends[0]));
        checked.err().map(|e| e.to_string())
    }

    #[test]
    fn dialects_need_no_kind_and_known_providers_no_address() {
        for keys in [
            "kind = \"embedded\"",
            "kind = \"embedded\"\ndialect = \"anthropic\"",
            "kind = \"vllm\"\nbase_url = \"http://h/v1\"\nflush_cache = true",
            "dialect = \"anthropic\"\napi_key_env = \"K\"\nprompt_cache = \"breakpoints_long\"",
            "dialect = \"trtllm\"\nbase_url = \"http://h\"",
        ] {
            assert_eq!(complaint(keys), None, "{keys}");
        }
    }

    #[test]
    fn every_dialect_can_be_named() {
        for dialect in Dialect::ALL {
            let keys = format!(
                "dialect = \"{}\"\nbase_url = \"http://h\"",
                dialect.as_str()
            );
            assert_eq!(complaint(&keys), None);
        }
    }

    #[test]
    fn mistakes_are_shown_where_they_are() {
        for (keys, place, text) in [
            (
                "dialect = \"antropic\"",
                "e.toml:6:11:",
                "did you mean `anthropic`?",
            ),
            (
                "dialects = \"anthropic\"",
                "e.toml:6:1:",
                "did you mean `dialect`?",
            ),
            ("speed = 1.0", "e.toml:4:1:", "has no `dialect`"),
            (
                "kind = \"vllm\"\ndialect = \"vllm\"",
                "e.toml:4:1:",
                "remove `kind`",
            ),
            ("dialect = \"vllm\"", "e.toml:4:1:", "has no `base_url`"),
            (
                "dialect = \"gemini\"\nbase_url = \"https://h/v1beta?key=s3\"",
                "e.toml:4:1:",
                "api_key_env",
            ),
            (
                "dialect = \"gemini\"\nprompt_cache = \"off\"",
                "e.toml:4:1:",
                "nonce",
            ),
            (
                "kind = \"embedded\"\nrequests_per_minute = 0",
                "e.toml:4:1:",
                "`requests_per_minute` is 0",
            ),
            (
                "dialect = \"groq\"\n[[backend.fault]]\nkind = \"unavailable\"",
                "e.toml:4:1:",
                "only kind = \"embedded\"",
            ),
            (
                "kind = \"embedded\"\n[[backend.fault]]\nkind = \"unavailabel\"",
                "e.toml:8:8:",
                "did you mean `unavailable`?",
            ),
            (
                "kind = \"embedded\"\n[[backend.fault]]\nkind = \"cut\"\nms = 3",
                "e.toml:4:1:",
                "`cut` has no `ms`",
            ),
            (
                "dialect = \"groq\"\nexplicit_cache = { storage_per_mtok_hour_usd = 1.0 }",
                "e.toml:4:1:",
                "gemini and vertex have them",
            ),
            (
                "dialect = \"gemini\"\nexplicit_cache = { ttl = 60, storage_per_mtok_hour_usd = 1.0 }",
                "e.toml:7:20:",
                "unknown field `ttl`, expected `ttl_s`",
            ),
            (
                "dialect = \"groq\"\nflush_cache = true",
                "e.toml:4:1:",
                "empties its cache",
            ),
        ] {
            let complaint = complaint(keys).unwrap_or_default();
            assert!(complaint.starts_with(place), "{complaint}");
            assert!(complaint.contains(text), "{complaint}");
        }
    }
}
