//! Fleets that imitate a backend, and clients that ask them.

use std::sync::Arc;

use serde_json::Value;
use weighbridge_datasets::{Message, Role};
use weighbridge_engine::{Backend, Call, Clock, HttpBackend, HttpConfig, Reply};
use weighbridge_mock::{Fleet, FleetConfig, Gateway, Provider, serve};
use weighbridge_record::Attempt;

use crate::row::Row;

/// Long enough for the prefix cache, which keeps whole blocks of tokens.
const SYSTEM: &str = "You are careful with numbers. Read the question twice before you answer it. \
    Say what you did in one short sentence. Do not add anything that was not asked for. If a number \
    is missing, say that it is missing. Use digits for numbers. Keep to the units of the question. \
    Do not round unless you are told to. Give the final number last.";

/// The name that a gateway is asked for.
pub(crate) const ALIAS: &str = "auto";

/// The model that a gateway chooses.
pub(crate) const CHOSEN: &str = "large";

/// A fleet that imitates the backend of a row.
pub(crate) async fn fleet(row: &Row, change: impl FnOnce(&mut FleetConfig)) -> Fleet {
    let mut config = FleetConfig {
        speed: 50.0,
        limit_headers: true,
        provider: Provider::named(row.dialect.as_str()),
        gateway: row.report.map(|report| Gateway {
            alias: ALIAS.to_owned(),
            tier: CHOSEN.to_owned(),
            report,
            retries: 0,
            fallbacks: 0,
        }),
        ..FleetConfig::default()
    };
    change(&mut config);
    serve(config).await.unwrap()
}

/// How the backend of a row is reached.
pub(crate) fn config(row: &Row, fleet: &Fleet) -> HttpConfig {
    let url = format!("http://{}{}", fleet.addr(), row.base);
    let model = if row.report.is_some() {
        ALIAS
    } else {
        "medium"
    };
    let mut config = HttpConfig::new(url, model, row.dialect);
    config.record_gaps = true;
    config
}

/// The same with more body fields.
pub(crate) fn asking(row: &Row, fleet: &Fleet, extra: &Value, stream: bool) -> HttpBackend {
    let mut config = config(row, fleet);
    config.extra = extra.as_object().cloned().unwrap_or_default();
    config.stream = stream;
    HttpBackend::new(config).unwrap()
}

pub(crate) async fn ask(backend: &HttpBackend, prompt: &str) -> Reply {
    let model: Arc<str> = "m".into();
    let message = |role, content: &str| Message {
        role,
        content: content.to_owned(),
    };
    let messages = [message(Role::System, SYSTEM), message(Role::User, prompt)];
    let call = Call {
        model: &model,
        sample: "s",
        messages: &messages,
        max_output_tokens: Some(64),
        confidence: true,
        cache_salt: None,
        seed: Some(1),
        try_number: 0,
    };
    backend.send(call, Clock::start()).await
}

/// Answer and attempt of a call that must succeed.
pub(crate) async fn answered(row: &Row, backend: &HttpBackend, prompt: &str) -> (String, Attempt) {
    let reply = ask(backend, prompt).await;
    let Reply {
        answer, attempt, ..
    } = reply;
    let answer = answer.unwrap_or_else(|| unreachable!("{}: {:?}", row.name, attempt.error));
    (answer.to_string(), attempt)
}
