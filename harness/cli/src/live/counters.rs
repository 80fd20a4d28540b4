//! What self-hosted servers count about themselves while a run goes on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use weighbridge_engine::Admin;
use weighbridge_engine::wire::ServerCounters;

use super::prefix::Counted;

/// Time between two looks at the gauges.
const EVERY: Duration = Duration::from_secs(1);

/// A server that may have counters.
pub(super) struct Watched {
    pub(super) backend: String,
    admin: Arc<Admin>,
}

/// A server that is being watched.
pub(super) struct Watch {
    backend: String,
    admin: Arc<Admin>,
    before: ServerCounters,
    /// Ends with the largest gauges so far when told to.
    sampler: JoinHandle<ServerCounters>,
    stop: tokio::sync::watch::Sender<bool>,
}

impl Watched {
    pub(super) fn new(backend: &str, admin: Admin) -> Self {
        Self {
            backend: backend.to_owned(),
            admin: Arc::new(admin),
        }
    }

    /// Begins to watch, where there is something to see.
    pub(super) async fn begin(self) -> Option<Watch> {
        // A server that shows no counters is measured all the same.
        let before = self.admin.counters().await.ok().flatten()?;
        if before == ServerCounters::default() {
            return None;
        }
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let sampler = tokio::spawn(sample(Arc::clone(&self.admin), before, stopped));
        Some(Watch {
            backend: self.backend,
            admin: self.admin,
            before,
            sampler,
            stop,
        })
    }
}

async fn sample(
    admin: Arc<Admin>,
    mut peak: ServerCounters,
    mut stopped: tokio::sync::watch::Receiver<bool>,
) -> ServerCounters {
    loop {
        tokio::select! {
            _ = stopped.changed() => return peak,
            () = tokio::time::sleep(EVERY) => {
                if let Ok(Some(now)) = admin.counters().await {
                    peak = peak.peak(&now);
                }
            }
        }
    }
}

impl Watch {
    /// Ends the watch; what was seen, as notes of the run and for the prefix cache.
    pub(super) async fn end(self, counted: &mut Counted) -> BTreeMap<String, String> {
        self.stop.send_replace(true);
        let after = self.admin.counters().await.ok().flatten();
        let seen = self.sampler.await.unwrap_or_default();
        let after = after.unwrap_or_default();
        let peak = seen.peak(&after);
        let mut notes = BTreeMap::new();
        let mut note = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                notes.insert(format!("server.{}.{key}", self.backend), value);
            }
        };
        let use_of_cache = after.since(&self.before);
        counted.extend(use_of_cache.map(|seen| (self.backend.clone(), seen)));
        note(
            "prefix_hit_tokens",
            use_of_cache.map(|(hits, _)| format!("{hits}")),
        );
        note(
            "prefix_queried_tokens",
            use_of_cache.map(|(_, queries)| format!("{queries}")),
        );
        let share = use_of_cache.filter(|(_, queries)| *queries > 0.0);
        note(
            "prefix_hit_rate",
            share.map(|(hits, queries)| format!("{:.4}", hits / queries)),
        );
        note("peak_running", peak.running.map(|n| format!("{n}")));
        note("peak_waiting", peak.waiting.map(|n| format!("{n}")));
        note("peak_kv_usage", peak.kv_usage.map(|x| format!("{x:.4}")));
        notes
    }
}
