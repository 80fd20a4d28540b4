//! One tiny call to each model, and what it shows about its backend.

use std::sync::Arc;

use serde::Serialize;
use weighbridge_datasets::{Message, Role};
use weighbridge_engine::{Admin, Backend, Call, Clock, HttpBackend, HttpConfig, Reply};
use weighbridge_record::{Attempt, AttemptErrorKind, Cost, TokenSource};

use super::backends::{Places, made};
use super::explicit::{system_prompt, write_usd};
use crate::config::{BackendWritten, Experiment, ModelWritten};
use crate::failure::Failure;

/// Enough for one word, and for a model that thinks a little first.
const LIMIT: u32 = 256;

/// What one call showed.
#[derive(Debug, Serialize)]
pub(crate) struct Checkup {
    pub(crate) model: String,
    pub(crate) backend: String,
    pub(crate) dialect: String,
    /// Whether an answer came.
    pub(crate) ok: bool,
    /// Milliseconds from sending to the first token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ttft_ms: Option<f64>,
    /// What the call cost by the experiment's prices, in US dollars; unknown without a price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cost_usd: Option<f64>,
    pub(crate) checks: Vec<Check>,
}

/// One thing that works or does not.
#[derive(Debug, Serialize)]
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) state: State,
    pub(crate) detail: String,
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// It works.
    Ok,
    /// The server does not have it, or does not say.
    Absent,
    /// It should work and does not.
    Failed,
}

impl Check {
    fn new(name: &'static str, state: State, detail: impl Into<String>) -> Self {
        Self {
            name,
            state,
            detail: detail.into(),
        }
    }

    /// A check of something that may be there.
    fn of(name: &'static str, detail: Option<String>, otherwise: &str) -> Self {
        match detail {
            Some(detail) => Self::new(name, State::Ok, detail),
            None => Self::new(name, State::Absent, otherwise),
        }
    }
}

/// Calls every model of an experiment that has a backend, one after the other.
pub(crate) async fn check_up(experiment: &Experiment) -> Result<Vec<Checkup>, Failure> {
    let places = Places::start(experiment).await?;
    let mut checkups = Vec::new();
    for model in &experiment.models {
        if let Some(backend) = experiment.backend_of(model) {
            checkups.push(one(experiment, &places, model, backend).await);
        }
    }
    places.shutdown().await;
    Ok(checkups)
}

async fn one(
    experiment: &Experiment,
    places: &Places,
    model: &ModelWritten,
    backend: &BackendWritten,
) -> Checkup {
    let mut checkup = Checkup {
        model: model.name.clone(),
        backend: backend.name.clone(),
        dialect: backend.dialect().as_str().to_owned(),
        ok: false,
        ttft_ms: None,
        cost_usd: None,
        checks: Vec::new(),
    };
    let config = places.config(experiment, model, backend);
    let made = config.and_then(|config| {
        let admin = made(backend, Admin::new(&config))?;
        let client = made(backend, HttpBackend::new(config.clone()))?;
        Ok((config, admin, client))
    });
    match made {
        Ok((config, admin, client)) => {
            checkup.checks = beside(&admin, &config).await;
            let cached = explicit(experiment, model, backend, &admin, config.clone()).await;
            let client = cached.client.as_ref().unwrap_or(&client);
            let (reply, refused) = call(client, &config).await;
            checkup.read(model, &reply, refused);
            checkup.cost_usd = checkup.cost_usd.map(|usd| usd + cached.cost_usd);
            if let Some(name) = &cached.name {
                let deleted = admin.delete_cache(name).await;
                checkup.checks.push(cached.told(name, deleted));
            } else {
                checkup.checks.extend(cached.problem);
            }
        }
        Err(failure) => {
            let check = Check::new("answer", State::Failed, failure.to_string());
            checkup.checks.push(check);
        }
    }
    checkup
}

/// An explicit cache that lives as long as one call.
#[derive(Default)]
struct Cached {
    name: Option<String>,
    tokens: u64,
    cost_usd: f64,
    /// Asks with the cache.
    client: Option<HttpBackend>,
    problem: Option<Check>,
}

impl Cached {
    fn told(&self, name: &str, deleted: Result<(), String>) -> Check {
        let tokens = self.tokens;
        match deleted {
            Ok(()) => Check::new(
                EXPLICIT,
                State::Ok,
                format!("{tokens} tokens kept for one call and deleted"),
            ),
            Err(problem) => Check::new(
                EXPLICIT,
                State::Failed,
                format!("{name} ({tokens} tokens) could not be deleted: {problem}"),
            ),
        }
    }
}

const EXPLICIT: &str = "explicit cache";

/// Makes an explicit cache where the experiment wants one, with a minute to live.
async fn explicit(
    experiment: &Experiment,
    model: &ModelWritten,
    backend: &BackendWritten,
    admin: &Admin,
    mut config: HttpConfig,
) -> Cached {
    let Some(wanted) = &backend.explicit_cache else {
        return Cached::default();
    };
    let failed = |problem: String| Cached {
        problem: Some(Check::new(EXPLICIT, State::Failed, problem)),
        ..Cached::default()
    };
    let system = match system_prompt(experiment, backend) {
        Ok(system) => system,
        Err(failure) => return failed(failure.to_string()),
    };
    let cache = match admin.create_cache("weighbridge doctor", &system, 60).await {
        Ok(cache) => cache,
        Err(problem) => return failed(problem),
    };
    config
        .extra
        .insert("cachedContent".to_owned(), cache.name.clone().into());
    let tokens = cache.tokens.unwrap_or(0);
    let minute = tokens as f64 / 1e6 / 60.0 * wanted.storage_per_mtok_hour_usd;
    Cached {
        name: Some(cache.name),
        tokens,
        cost_usd: write_usd(tokens, model.price.as_ref()) + minute,
        client: HttpBackend::new(config).ok(),
        problem: None,
    }
}

/// What the server says without being asked anything that costs.
async fn beside(admin: &Admin, config: &HttpConfig) -> Vec<Check> {
    let mut checks = Vec::new();
    match admin.health().await {
        Ok(None) => {}
        Ok(Some(())) => checks.push(Check::new("health", State::Ok, "ready")),
        Err(problem) => checks.push(Check::new("health", State::Failed, problem)),
    }
    match admin.models().await {
        Ok(None) => {}
        Ok(Some(names)) => checks.push(listed(&names, &config.model)),
        // Gateways often have no list; the call itself decides.
        Err(problem) => checks.push(Check::new("model list", State::Absent, problem)),
    }
    match admin.counters().await {
        Ok(None) => {}
        Ok(Some(counters)) => {
            let hits = counters.hit_tokens.zip(counters.queried_tokens);
            let detail = hits.map(|(hits, queries)| {
                format!("{hits} of {queries} prompt tokens came from the prefix cache so far")
            });
            let otherwise = "no prefix-cache counters";
            checks.push(Check::of("counters", detail, otherwise));
        }
        Err(problem) => checks.push(Check::new("counters", State::Absent, problem)),
    }
    checks
}

fn listed(names: &[String], model: &str) -> Check {
    let name = "model list";
    if names
        .iter()
        .any(|n| n == model || n.split(':').next() == Some(model))
    {
        return Check::new(
            name,
            State::Ok,
            format!("`{model}` is one of {}", names.len()),
        );
    }
    // A router's alias is in no list.
    let near = crate::config::nearest(model, names.iter().map(String::as_str));
    let detail = match near {
        Some(near) => format!("`{model}` is not listed; did you mean `{near}`?"),
        None => format!("`{model}` is not one of {} listed", names.len()),
    };
    Check::new(name, State::Absent, detail)
}

/// Asks for one word. Asks again without probabilities where they are why it was refused; then also
/// says what the refusal was.
async fn call(client: &HttpBackend, config: &HttpConfig) -> (Reply, Option<String>) {
    let wants = config.dialect.has_logprobs();
    let first = send(client, wants).await;
    let error = first.attempt.error.as_ref();
    let refused = error.filter(|e| wants && e.kind == AttemptErrorKind::Rejected);
    let Some(refused) = refused.map(|e| e.message.clone()) else {
        return (first, None);
    };
    let second = send(client, false).await;
    match second.answer {
        Some(_) => (second, Some(refused)),
        None => (first, None),
    }
}

async fn send(client: &HttpBackend, confidence: bool) -> Reply {
    let model: Arc<str> = "doctor".into();
    let messages = [Message {
        role: Role::User,
        content: "Reply with the single word: ready".to_owned(),
    }];
    let call = Call {
        model: &model,
        sample: "doctor",
        messages: &messages,
        max_output_tokens: Some(LIMIT),
        confidence,
        cache_salt: None,
        seed: None,
        try_number: 0,
    };
    client.send(call, Clock::start()).await
}

impl Checkup {
    fn read(&mut self, model: &ModelWritten, reply: &Reply, refused: Option<String>) {
        let attempt = &reply.attempt;
        self.ok = reply.answer.is_some();
        let since = attempt.sent_ms.unwrap_or(0.0);
        self.ttft_ms = attempt.first_token_ms.map(|t| t - since);
        let has_used = attempt.error.is_none() || attempt.first_token_ms.is_some();
        let cost = model.price.map(|price| match has_used {
            true => price.cost(&attempt.usage),
            false => Cost::default(),
        });
        self.cost_usd = cost.map(|cost| cost.total_usd);
        self.checks.push(answer(reply));
        if self.ok {
            self.checks.extend(details(attempt, refused));
        }
    }
}

fn answer(reply: &Reply) -> Check {
    let attempt = &reply.attempt;
    match (&attempt.error, &reply.answer) {
        (Some(error), _) => {
            let status = error.status.map(|s| format!(" {s}")).unwrap_or_default();
            let detail = format!("{}{status}: {}", error.kind.as_str(), error.message);
            Check::new("answer", State::Failed, detail)
        }
        (None, Some(text)) => {
            let shown: String = text.chars().take(40).collect();
            let reason = attempt.finish.as_deref().unwrap_or("no finish reason");
            Check::new("answer", State::Ok, format!("{shown:?} ({reason})"))
        }
        (None, None) => Check::new("answer", State::Failed, "nothing came"),
    }
}

fn details(attempt: &Attempt, refused: Option<String>) -> Vec<Check> {
    let chunks = attempt.chunks.unwrap_or(0);
    let streaming = match (chunks, attempt.is_bursty) {
        (0 | 1, _) => Check::new("streaming", State::Absent, "the answer came in one piece"),
        (_, true) => {
            let detail = format!("{chunks} chunks, held back and sent in bursts");
            Check::new("streaming", State::Absent, detail)
        }
        _ => Check::new("streaming", State::Ok, format!("{chunks} chunks")),
    };
    let usage = &attempt.usage;
    let counted = (usage.source == TokenSource::Server).then(|| {
        let count = |n: Option<u64>| n.map_or("?".to_owned(), |n| n.to_string());
        let (input, output) = (count(usage.total_input()), count(usage.total_output()));
        format!("{input} tokens in, {output} out")
    });
    let cached = usage
        .cache_read_tokens
        .map(|n| format!("reported ({n} here)"));
    let sure = attempt.confidence.map(|c| format!("confidence {c:.3}"));
    let said = attempt.server.as_deref();
    let served = said.and_then(|s| s.served_model.as_ref());
    let left = said.and_then(|s| s.requests.remaining.or(s.tokens.remaining));
    let mut checks = vec![
        streaming,
        Check::of(
            "usage",
            counted,
            "not reported: tokens are estimated from characters",
        ),
        Check::of("cached tokens", cached, "not reported"),
        match refused {
            Some(problem) => Check::new("logprobs", State::Absent, format!("refused: {problem}")),
            None => Check::of("logprobs", sure, "none"),
        },
        Check::of(
            "rate limits",
            left.map(|n| format!("{n} left")),
            "no headers",
        ),
    ];
    if let Some(served) = served {
        checks.push(if served.is_alias {
            let detail = "the gateway repeats the name that was asked for: its choice is hidden";
            Check::new("served model", State::Absent, detail)
        } else {
            let detail = format!("{} (from {})", served.name, served.from);
            Check::new("served model", State::Ok, detail)
        });
    }
    checks
}
