//! From `[[backend]]` and `[[model]]` to something that can be called.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use weighbridge_engine::backend::Timeouts;
use weighbridge_engine::{ApiKey, Backend, Dialect, HttpBackend, HttpConfig};
use weighbridge_mock::{Fleet, FleetConfig, serve};

use crate::config::{BackendKind, BackendWritten, Experiment, ModelWritten};
use crate::failure::Failure;

/// Backends by model of the fleet, and the embedded servers behind some of them.
pub(super) struct Started {
    pub(super) backends: BTreeMap<Arc<str>, Arc<dyn Backend>>,
    servers: Vec<Fleet>,
}

impl Started {
    /// Stops the embedded servers.
    pub(super) async fn shutdown(self) {
        for server in self.servers {
            server.shutdown().await;
        }
    }
}

/// Starts embedded servers and makes one client per model.
pub(super) async fn start(experiment: &Experiment) -> Result<Started, Failure> {
    let mut servers = Vec::new();
    let mut addresses = BTreeMap::new();
    for backend in &experiment.backends {
        let address = match (&backend.kind, &backend.base_url) {
            (BackendKind::Embedded, _) => {
                let server = embedded(backend).await?;
                let address = format!("http://{}/v1", server.addr());
                servers.push(server);
                address
            }
            (_, Some(url)) => url.clone(),
            (_, None) => continue,
        };
        addresses.insert(backend.name.as_str(), (backend, address));
    }
    let mut backends: BTreeMap<Arc<str>, Arc<dyn Backend>> = BTreeMap::new();
    for model in &experiment.models {
        let place = model
            .backend
            .as_deref()
            .and_then(|name| addresses.get(name));
        let Some((backend, address)) = place else {
            continue;
        };
        let client = client(experiment, model, backend, address)?;
        backends.insert(model.name.as_str().into(), Arc::new(client));
    }
    Ok(Started { backends, servers })
}

async fn embedded(backend: &BackendWritten) -> Result<Fleet, Failure> {
    let speed = backend.speed.unwrap_or(1.0);
    serve(FleetConfig {
        speed,
        ..FleetConfig::default()
    })
    .await
    .map_err(|e| Failure::invalid(format!("the embedded fleet cannot listen: {e}")))
}

fn client(
    experiment: &Experiment,
    model: &ModelWritten,
    backend: &BackendWritten,
    address: &str,
) -> Result<HttpBackend, Failure> {
    let dialect = match backend.kind {
        // The embedded fleet knows vLLM's cache namespaces.
        BackendKind::Embedded | BackendKind::Vllm => Dialect::Vllm,
        BackendKind::OpenaiChat => Dialect::OpenaiChat,
    };
    let name = model.model.as_ref().unwrap_or(&model.name);
    let mut config = HttpConfig::new(address, name, dialect);
    config.temperature = experiment.run.temperature;
    config.max_output_tokens = Some(experiment.run.max_output_tokens);
    let patience = Duration::from_secs_f64(experiment.run.timeout_s);
    config.timeouts = Timeouts {
        first_byte: patience,
        idle: patience,
        ..Timeouts::default()
    };
    if let Some(variable) = &backend.api_key_env {
        let key = ApiKey::from_env(variable).ok_or_else(|| {
            Failure::config(format!(
                "backend `{}`: the environment variable {variable} is not set",
                backend.name
            ))
            .with_hint(format!(
                "export {variable}=… before the run; it is never written anywhere"
            ))
        })?;
        config.api_key = Some(key);
    }
    HttpBackend::new(config)
        .map_err(|e| Failure::config(format!("backend `{}`: {e}", backend.name)))
}
