//! Explicit caches of a live run: made before the first call, deleted after the last, paid for in
//! between, and found again after a crash.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use weighbridge_datasets::Role;
use weighbridge_engine::backend::ExplicitCache;
use weighbridge_engine::{Admin, HttpConfig};
use weighbridge_record::Price;
use weighbridge_reports::table::RunTable;

use super::backends::made;
use crate::config::{BackendWritten, Experiment, ExplicitCacheWritten, ModelWritten};
use crate::failure::Failure;

/// One cache, as the run directory remembers it. Written down before it is made, so that none is
/// forgotten.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    backend: String,
    model: String,
    /// The name that this run gave it; another run does not have the same.
    display_name: String,
    /// The server's name; absent where a crash came between asking for it and its answer.
    name: Option<String>,
    tokens: u64,
    /// In the server's words.
    expires: Option<String>,
    created_unix_ms: u64,
    ttl_s: u64,
    /// When it was deleted, or ended by itself.
    ended_unix_ms: Option<u64>,
    write_usd: f64,
    storage_per_mtok_hour_usd: f64,
}

impl Entry {
    /// What it cost to keep until a moment, at most its whole life.
    fn storage_usd(&self, until_ms: u64) -> f64 {
        let whole_ms = self.ttl_s.saturating_mul(1000);
        let kept_ms = until_ms.saturating_sub(self.created_unix_ms).min(whole_ms);
        let hours = kept_ms as f64 / 3.6e6;
        self.tokens as f64 / 1e6 * hours * self.storage_per_mtok_hour_usd
    }

    /// What it may have cost when its life is over.
    fn worst_usd(&self) -> f64 {
        self.write_usd + self.storage_usd(self.ended_unix_ms.unwrap_or(u64::MAX))
    }

    fn is_open(&self) -> bool {
        self.ended_unix_ms.is_none()
    }
}

/// The explicit caches of one run directory.
pub(super) struct Caches {
    file: PathBuf,
    entries: Vec<Entry>,
    /// Who deletes them, by model.
    admins: BTreeMap<String, Admin>,
}

impl Caches {
    /// File in the run directory.
    const FILE: &'static str = "caches.json";

    /// Reads what earlier parts of the run made.
    pub(super) fn open(dir: &Path) -> Result<Self, Failure> {
        let file = dir.join(Self::FILE);
        let entries = match std::fs::read_to_string(&file) {
            Ok(text) => serde_json::from_str(&text).map_err(|e| {
                Failure::invalid(format!("{} cannot be read: {e}", file.display())).with_hint(
                    "it names caches that may still cost money; look at it before you remove it",
                )
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                return Err(Failure::invalid(format!("{}: {error}", file.display())));
            }
        };
        Ok(Self {
            file,
            entries,
            admins: BTreeMap::new(),
        })
    }

    /// A cache of the samples' system prompt for a model: the one that an earlier part of the run left,
    /// or a new one. Its name goes into every request.
    pub(super) async fn ready(
        &mut self,
        experiment: &Experiment,
        model: &ModelWritten,
        backend: &BackendWritten,
        config: &mut HttpConfig,
    ) -> Result<(), Failure> {
        let Some(wanted) = &backend.explicit_cache else {
            return Ok(());
        };
        let system = system_prompt(experiment, backend)?;
        let admin = made(backend, Admin::new(config))?;
        let failed = |what: &str, problem: String| {
            Failure::invalid(format!(
                "backend `{}`: {what} for `{}`: {problem}",
                backend.name, model.name
            ))
        };
        let left = self.left(model, &admin).await;
        let left = left.map_err(|p| failed("the explicit caches cannot be listed", p))?;
        let name = match left {
            Some(name) => {
                eprintln!("the explicit cache {name} of an earlier part of this run is used again");
                name
            }
            None => {
                self.within_budget(experiment, model, wanted, &system)?;
                let made = self.make(model, backend, wanted, &admin, &system).await;
                made.map_err(|p| failed("no explicit cache could be made", p))?
            }
        };
        self.admins.insert(model.name.clone(), admin);
        config.extra.insert("cachedContent".to_owned(), name.into());
        Ok(())
    }

    /// Looks for a cache that an earlier part left; ends the entries of those that are gone.
    async fn left(
        &mut self,
        model: &ModelWritten,
        admin: &Admin,
    ) -> Result<Option<String>, String> {
        let is_mine = |e: &Entry| e.model == model.name && e.is_open();
        if !self.entries.iter().any(is_mine) {
            return Ok(None);
        }
        let alive = admin.caches().await?;
        let mut found = None;
        for entry in self.entries.iter_mut().filter(|e| is_mine(e)) {
            let same = |c: &&ExplicitCache| {
                entry.name.as_ref() == Some(&c.name)
                    || (entry.name.is_none() && entry.display_name == c.display_name)
            };
            match alive.iter().find(same) {
                Some(cache) => {
                    entry.take(cache, model.price.as_ref());
                    found = Some(cache.name.clone());
                }
                // It ended by itself, or was never made.
                None => entry.ended_unix_ms = Some(now_ms()),
            }
        }
        self.save().map_err(|e| e.to_string())?;
        Ok(found)
    }

    async fn make(
        &mut self,
        model: &ModelWritten,
        backend: &BackendWritten,
        wanted: &ExplicitCacheWritten,
        admin: &Admin,
        system: &str,
    ) -> Result<String, String> {
        let created_unix_ms = now_ms();
        let display_name = format!(
            "weighbridge {} {created_unix_ms} {}",
            model.name,
            std::process::id()
        );
        self.entries.push(Entry {
            backend: backend.name.clone(),
            model: model.name.clone(),
            display_name: display_name.clone(),
            name: None,
            tokens: 0,
            expires: None,
            created_unix_ms,
            ttl_s: wanted.ttl_s,
            ended_unix_ms: None,
            write_usd: 0.0,
            storage_per_mtok_hour_usd: wanted.storage_per_mtok_hour_usd,
        });
        self.save().map_err(|e| e.to_string())?;
        let made = admin
            .create_cache(&display_name, system, wanted.ttl_s)
            .await;
        let cache = match made {
            Ok(cache) => cache,
            Err(problem) => {
                // A refusal made nothing; after anything else the entry is looked for again.
                return Err(problem);
            }
        };
        if let Some(entry) = self.entries.last_mut() {
            entry.take(&cache, model.price.as_ref());
        }
        self.save().map_err(|e| e.to_string())?;
        Ok(cache.name)
    }

    /// A budget must hold before the cache is paid for. A token has at least one character.
    fn within_budget(
        &self,
        experiment: &Experiment,
        model: &ModelWritten,
        wanted: &ExplicitCacheWritten,
        system: &str,
    ) -> Result<(), Failure> {
        let Some(most) = experiment.run.max_cost_usd else {
            return Ok(());
        };
        let tokens = system.chars().count() as u64;
        let hours = wanted.ttl_s as f64 / 3600.0;
        let storage = tokens as f64 / 1e6 * hours * wanted.storage_per_mtok_hour_usd;
        let worst = self.worst_usd() + write_usd(tokens, model.price.as_ref()) + storage;
        if worst <= most {
            return Ok(());
        }
        Err(Failure::config(format!(
            "the explicit cache for `{}` may cost {worst:.4} US dollars, more than max_cost_usd = {most}",
            model.name
        ))
        .with_hint("a shorter `ttl_s` costs less to keep"))
    }

    /// What all caches of the run may have cost when they are over, in US dollars.
    pub(super) fn worst_usd(&self) -> f64 {
        self.entries.iter().map(Entry::worst_usd).sum()
    }

    /// Deletes what is open. Says what is left, until when it is paid for.
    pub(super) async fn close(&mut self) {
        let mut changed = false;
        for entry in self.entries.iter_mut().filter(|e| e.is_open()) {
            let (Some(admin), Some(name)) = (self.admins.get(&entry.model), &entry.name) else {
                continue;
            };
            match admin.delete_cache(name).await {
                Ok(()) => {
                    entry.ended_unix_ms = Some(now_ms());
                    changed = true;
                }
                Err(problem) => eprintln!(
                    "warning: the explicit cache {name} of backend `{}` could not be deleted \
                     ({problem}); it is paid for until {}",
                    entry.backend,
                    entry.expires.as_deref().unwrap_or("it expires")
                ),
            }
        }
        if changed && let Err(failure) = self.save() {
            eprintln!("warning: {failure}");
        }
    }

    /// What the caches cost, one note for each model.
    pub(super) fn notes(&self) -> BTreeMap<String, String> {
        let mut notes = BTreeMap::new();
        for entry in self.entries.iter().filter(|e| e.tokens > 0) {
            let key = format!("{}{}", RunTable::EXPLICIT_CACHE, entry.model);
            let note = notes.entry(key).or_insert_with(
                || serde_json::json!({ "tokens": 0, "write_usd": 0.0, "storage_usd": 0.0 }),
            );
            let number = |note: &serde_json::Value, key: &str| note[key].as_f64().unwrap_or(0.0);
            let tokens = note["tokens"].as_u64().unwrap_or(0);
            note["tokens"] = (tokens + entry.tokens).into();
            note["write_usd"] = (number(note, "write_usd") + entry.write_usd).into();
            // One that could not be deleted is paid for to its end.
            let storage = entry.storage_usd(entry.ended_unix_ms.unwrap_or(u64::MAX));
            note["storage_usd"] = (number(note, "storage_usd") + storage).into();
        }
        let text = notes.into_iter().map(|(key, note)| (key, note.to_string()));
        text.collect()
    }

    /// Whole or not at all: a torn file would forget what costs money.
    fn save(&self) -> Result<(), Failure> {
        let fail = |e: std::io::Error| {
            Failure::invalid(format!("cannot write {}: {e}", self.file.display()))
        };
        if let Some(dir) = self.file.parent() {
            std::fs::create_dir_all(dir).map_err(fail)?;
        }
        let text = serde_json::to_string_pretty(&self.entries).unwrap_or_default() + "\n";
        let beside = self.file.with_extension("json.new");
        let mut file = std::fs::File::create(&beside).map_err(fail)?;
        std::io::Write::write_all(&mut file, text.as_bytes()).map_err(fail)?;
        file.sync_all().map_err(fail)?;
        std::fs::rename(&beside, &self.file).map_err(fail)
    }
}

impl Entry {
    fn take(&mut self, cache: &ExplicitCache, price: Option<&Price>) {
        self.name = Some(cache.name.clone());
        self.expires.clone_from(&cache.expires);
        self.tokens = cache.tokens.unwrap_or(0);
        self.write_usd = write_usd(self.tokens, price);
    }
}

/// What it costs to write a cache: its tokens, once, at the price of cache writes.
pub(super) fn write_usd(tokens: u64, price: Option<&Price>) -> f64 {
    let per_mtok = price.map_or(0.0, |p| {
        p.cache_write_per_mtok_usd.unwrap_or(p.input_per_mtok_usd)
    });
    tokens as f64 * per_mtok / 1e6
}

/// The system prompt that all samples share.
pub(super) fn system_prompt(
    experiment: &Experiment,
    backend: &BackendWritten,
) -> Result<String, Failure> {
    let of = |sample: &weighbridge_datasets::Sample| {
        let system = sample.messages.iter().filter(|m| m.role == Role::System);
        let texts: Vec<&str> = system.map(|m| m.content.as_str()).collect();
        texts.join("\n")
    };
    let refuse = |problem: String| {
        Err(Failure::config(format!(
            "backend `{}` has an explicit cache, {problem}",
            backend.name
        ))
        .with_hint("an explicit cache holds the one system prompt that all samples share"))
    };
    let samples = experiment.judged.samples();
    let Some(first) = samples.first().map(of).filter(|text| !text.is_empty()) else {
        return refuse("and the samples have no system prompt to keep in it".to_owned());
    };
    match samples.iter().find(|sample| of(sample) != first) {
        None => Ok(first),
        Some(other) => refuse(format!(
            "and sample `{}` has another system prompt than sample `{}`",
            other.id, samples[0].id
        )),
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_is_paid_by_token_and_hour_and_ends_with_its_life() {
        let mut entry = Entry {
            backend: "b".to_owned(),
            model: "m".to_owned(),
            display_name: "d".to_owned(),
            name: Some("cachedContents/1".to_owned()),
            tokens: 2_000_000,
            expires: None,
            created_unix_ms: 1_000,
            ttl_s: 3_600,
            ended_unix_ms: None,
            write_usd: 0.5,
            storage_per_mtok_hour_usd: 4.5,
        };
        assert!((entry.storage_usd(1_000 + 1_800_000) - 4.5).abs() < 1e-12);
        assert!((entry.worst_usd() - 9.5).abs() < 1e-12);
        entry.ended_unix_ms = Some(1_000 + 360_000);
        assert!((entry.worst_usd() - 1.4).abs() < 1e-12);
    }
}
