//! From `[[backend]]` and `[[model]]` to something that can be called.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use weighbridge_engine::backend::{ConnectionCount, Timeouts};
use weighbridge_engine::{Admin, ApiKey, Backend, Dialect, HttpBackend, HttpConfig};
use weighbridge_mock::{Fleet, FleetConfig, Provider, serve};

use super::counters::Watched;
use super::explicit::Caches;
use crate::config::{BackendWritten, Experiment, ModelWritten};
use crate::failure::Failure;
use crate::hit_costs;

/// Backends by model of the fleet, and the embedded servers behind some of them.
pub(super) struct Started {
    pub(super) backends: BTreeMap<Arc<str>, Arc<dyn Backend>>,
    /// Servers that may count something about themselves.
    pub(super) watched: Vec<Watched>,
    /// The connections of all calls.
    pub(super) connections: ConnectionCount,
    /// Caches that are deleted after the run.
    pub(super) caches: Caches,
    places: Places,
}

impl Started {
    /// Deletes what is left of caches and stops the embedded servers.
    pub(super) async fn shutdown(mut self) {
        self.caches.close().await;
        self.places.shutdown().await;
    }
}

/// Starts embedded servers, makes one client per model, empties the caches that are to be empty and
/// makes those that are to be full.
pub(super) async fn start(experiment: &Experiment, dir: &Path) -> Result<Started, Failure> {
    let mut started = Started {
        backends: BTreeMap::new(),
        watched: Vec::new(),
        connections: ConnectionCount::default(),
        caches: Caches::open(dir)?,
        places: Places::start(experiment).await?,
    };
    match clients(experiment, &mut started).await {
        Ok(()) => Ok(started),
        Err(failure) => {
            // Nothing is left behind that costs money.
            started.shutdown().await;
            Err(failure)
        }
    }
}

async fn clients(experiment: &Experiment, started: &mut Started) -> Result<(), Failure> {
    let Started {
        backends,
        watched,
        connections,
        caches,
        places,
    } = started;
    for model in &experiment.models {
        let Some(backend) = experiment.backend_of(model) else {
            continue;
        };
        let mut config = places.config(experiment, model, backend)?;
        caches
            .ready(experiment, model, backend, &mut config)
            .await?;
        // What is asked beside the calls has connections of its own.
        let counted = HttpConfig {
            connections: connections.clone(),
            ..config.clone()
        };
        let client = made(backend, HttpBackend::new(counted))?;
        let client: Arc<dyn Backend> = Arc::new(client);
        #[cfg(debug_assertions)]
        let client = super::panicking::wrapped(client, backend);
        backends.insert(model.name.as_str().into(), client);
        if !watched.iter().any(|w: &Watched| w.backend == backend.name) {
            let admin = made(backend, Admin::new(&config))?;
            if backend.flush_cache {
                admin.flush().await.map_err(|problem| {
                    Failure::invalid(format!(
                        "the prefix cache of backend `{}` cannot be emptied: {problem}",
                        backend.name
                    ))
                    .with_hint("remove `flush_cache` to measure with the cache as it is")
                })?;
            }
            watched.push(Watched::new(&backend.name, admin));
        }
    }
    Ok(())
}

/// Where the backends of an experiment listen.
pub(crate) struct Places {
    /// Addresses by backend.
    addresses: BTreeMap<String, String>,
    servers: Vec<Fleet>,
}

impl Places {
    /// Starts the embedded servers.
    pub(crate) async fn start(experiment: &Experiment) -> Result<Self, Failure> {
        let mut places = Self {
            addresses: BTreeMap::new(),
            servers: Vec::new(),
        };
        for backend in &experiment.backends {
            let address = match backend.address() {
                Some(url) => url.to_owned(),
                None if backend.is_embedded() => {
                    let server = embedded(experiment, backend).await?;
                    let address = format!("http://{}", server.addr());
                    places.servers.push(server);
                    address
                }
                None => continue,
            };
            places.addresses.insert(backend.name.clone(), address);
        }
        Ok(places)
    }

    /// Stops the embedded servers.
    pub(crate) async fn shutdown(self) {
        for server in self.servers {
            server.shutdown().await;
        }
    }

    /// How a model is reached.
    pub(crate) fn config(
        &self,
        experiment: &Experiment,
        model: &ModelWritten,
        backend: &BackendWritten,
    ) -> Result<HttpConfig, Failure> {
        let name = model.model.as_ref().unwrap_or(&model.name);
        let mut address = self
            .addresses
            .get(&backend.name)
            .cloned()
            .unwrap_or_default();
        let dialect = backend.dialect();
        if backend.is_embedded() && dialect == Dialect::Tgi {
            // Its requests name no model.
            address = format!("{address}/tiers/{name}");
        }
        let mut config = HttpConfig::new(address, name, dialect);
        config.temperature = experiment.run.temperature;
        config.max_output_tokens = Some(experiment.run.max_output_tokens);
        config.extra = model.body.clone();
        config.api_version = backend.api_version.clone();
        config.prompt_cache = backend.prompt_cache.unwrap_or_default();
        config.cache_key = backend.prompt_cache_key.clone();
        config.model_header = backend.model_header.clone();
        config.stream = backend.stream.unwrap_or(true);
        config.record_gaps = backend.record_gaps;
        let ca_file = backend.ca_file.as_ref();
        config.ca_file = ca_file.map(|file| experiment.folder.join(file));
        config.headers = backend.headers.clone().into_iter().collect();
        for (header, variable) in &backend.headers_env {
            let value = secret(backend, variable)?;
            config.secret_headers.push((header.clone(), value));
        }
        let patience = Duration::from_secs_f64(experiment.run.timeout_s);
        config.timeouts = Timeouts {
            first_byte: patience,
            idle: patience,
            ..Timeouts::default()
        };
        let variable = backend.api_key_env.as_deref();
        config.api_key = variable.map(|v| secret(backend, v)).transpose()?;
        Ok(config)
    }
}

async fn embedded(experiment: &Experiment, backend: &BackendWritten) -> Result<Fleet, Failure> {
    let speed = backend.speed.unwrap_or(1.0);
    let named = backend.dialect.map(Dialect::as_str);
    serve(FleetConfig {
        speed,
        tiers: hit_costs::tiers(&experiment.engines, &backend.name),
        provider: named.map_or(Provider::Plain, Provider::named),
        faults: backend.fault_rules(experiment.seed),
        ..FleetConfig::default()
    })
    .await
    .map_err(|e| Failure::invalid(format!("the embedded fleet cannot be started: {e}")))
}

fn secret(backend: &BackendWritten, variable: &str) -> Result<ApiKey, Failure> {
    crate::panics::hide(variable);
    ApiKey::from_env(variable).ok_or_else(|| {
        Failure::config(format!(
            "backend `{}`: the environment variable {variable} is not set",
            backend.name
        ))
        .with_hint(format!(
            "export {variable}=… before the run; it is never written anywhere"
        ))
    })
}

/// What was made of a backend, or why it cannot be made.
pub(crate) fn made<T>(
    backend: &BackendWritten,
    made: Result<T, weighbridge_engine::backend::BackendError>,
) -> Result<T, Failure> {
    made.map_err(|e| Failure::config(format!("backend `{}`: {e}", backend.name)))
}
