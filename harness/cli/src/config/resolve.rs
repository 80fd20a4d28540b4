//! Second pass: names looked up, files read, defaults filled in, everything hashed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml::Spanned;
use weighbridge_datasets::import::{Format, import};
use weighbridge_datasets::{Dataset, Manifest, OutcomeStore, SliceRule, SliceSet};
use weighbridge_policies::{Fleet, ModelInfo};
use weighbridge_record::{GatePolicy, SampleLine};

use super::error::{ConfigError, nearest};
use super::fault_recorded::{self, RecordedFaultWritten};
use super::gate::{GateFile, Names, check_rules};
use super::models::{models_of, renamed};
use super::parse::Source;
use super::written::{GateWritten, ModeWritten, Top};
use super::{
    BackendWritten, ControlsWritten, Load, ModelWritten, PolicyWritten, RunWritten, Written,
};
use crate::failure::Failure;
use crate::hit_costs::{self, FleetEngine};

/// An experiment with everything looked up. Nothing was spent yet.
#[derive(Debug)]
pub(crate) struct Experiment {
    pub(crate) path: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) text: String,
    pub(crate) name: String,
    pub(crate) seed: u64,
    pub(crate) repeats: u32,
    /// All samples, judged or not.
    pub(crate) all: Dataset,
    /// The samples that are judged.
    pub(crate) judged: Dataset,
    pub(crate) split: Option<String>,
    pub(crate) outcomes: OutcomeStore,
    pub(crate) slices: Vec<SliceRule>,
    pub(crate) run: RunWritten,
    /// How requests come.
    pub(crate) load: Load,
    pub(crate) controls: ControlsWritten,
    pub(crate) gate: GatePolicy,
    pub(crate) backends: Vec<BackendWritten>,
    /// What prefix hits cost in embedded fleets; empty in a replay.
    pub(crate) engines: Vec<FleetEngine>,
    pub(crate) models: Vec<ModelWritten>,
    /// What goes wrong in a replay.
    pub(crate) faults: Vec<RecordedFaultWritten>,
    pub(crate) fleet: Fleet,
    pub(crate) policies: Vec<PolicyWritten>,
    pub(crate) prices_as_of: Option<String>,
    pub(crate) weak: Option<String>,
    pub(crate) strong: Option<String>,
}

impl Experiment {
    /// The file's name and text, for errors.
    pub(crate) fn source(&self) -> Source<'_> {
        Source {
            path: &self.path,
            text: &self.text,
        }
    }

    /// The judged samples, as a run directory keeps them.
    pub(crate) fn sample_lines(&self) -> Vec<SampleLine> {
        self.judged.samples().iter().map(SampleLine::of).collect()
    }

    /// The backend that serves a model; a recorded one has none.
    pub(crate) fn backend_of(&self, model: &ModelWritten) -> Option<&BackendWritten> {
        let name = model.backend.as_ref()?;
        self.backends.iter().find(|b| &b.name == name)
    }

    /// Whether answers come from a recording.
    pub(crate) fn is_replay(&self) -> bool {
        self.run.mode == ModeWritten::Replay
    }
}

/// What the command line adds to an experiment file.
#[derive(Debug, Default)]
pub(crate) struct Overrides<'a> {
    /// Folder of foreign data.
    pub(crate) data: Option<&'a Path>,
    /// Seed.
    pub(crate) seed: Option<u64>,
    /// Judge only so many samples, evenly spaced.
    pub(crate) limit: Option<usize>,
}

/// Reads an experiment file and everything it names.
pub(crate) fn load(path: &Path, overrides: &Overrides<'_>) -> Result<Experiment, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| {
        ConfigError::file(path, format!("cannot read the experiment file: {e}"))
            .with_hint("`weighbridge init` writes a commented starter")
    })?;
    let written = super::parse(Source { path, text: &text })?;
    resolve(path, text, written, overrides)
}

/// Looks everything up.
pub(crate) fn resolve(
    path: &Path,
    text: String,
    written: Written,
    overrides: &Overrides<'_>,
) -> Result<Experiment, Failure> {
    let source = Source { path, text: &text };
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let Written {
        mut top,
        gate,
        backends,
        models,
        faults,
        policies,
    } = written;
    check_numbers(source, &top)?;
    let load = Load::of(source, &folder, &top.run)?;
    check_load(source, &top.run)?;
    let (all, outcomes) = dataset(source, &folder, &top, overrides)?;
    let judged = judged(source, &top, &all, overrides)?;
    let is_live = top.run.mode == ModeWritten::Live;
    let is_synthetic = judged.samples().iter().any(|sample| sample.synthetic);
    super::prefix::check(source, &top.run.prefix, is_live, is_synthetic)?;
    let models = models_of(source, is_live, &backends, models, &outcomes)?;
    let engines = match is_live {
        true => hit_costs::engines(source, &folder, &backends)?,
        false => Vec::new(),
    };
    let outcomes = renamed(outcomes, &models);
    let rules = super::slices::slices(source, std::mem::take(&mut top.slices))?;
    let gate = gate_policy(source, &folder, gate, &all, &models, &rules)?;
    check_policies(source, &policies)?;
    let fleet = fleet(&models);
    let pair = pair(source, &top, &fleet)?;
    let faults = fault_recorded::checked(source, is_live, faults, &fleet, judged.samples().len())?;
    Ok(Experiment {
        path: path.to_owned(),
        folder,
        name: top.name,
        seed: overrides.seed.unwrap_or(top.seed),
        repeats: top.repeats,
        all,
        judged,
        split: top
            .dataset
            .get_ref()
            .split
            .as_ref()
            .map(|s| s.get_ref().clone()),
        outcomes,
        slices: rules,
        run: top.run,
        load,
        controls: top.controls,
        gate,
        engines,
        backends: backends.into_iter().map(Spanned::into_inner).collect(),
        models,
        faults,
        fleet,
        policies,
        prices_as_of: top.prices.as_of,
        weak: pair.0,
        strong: pair.1,
        text,
    })
}

fn check_numbers(source: Source<'_>, top: &Top) -> Result<(), ConfigError> {
    let bad = |key: &str, problem: &str| {
        let span = source.text.find(key).map_or(0..0, |i| i..i + key.len());
        Err(source.at(&span, format!("`{key}` {problem}")))
    };
    if top.repeats == 0 {
        return bad("repeats", "is 0; at least one repeat is needed");
    }
    if top.run.concurrency == 0 {
        return bad(
            "concurrency",
            "is 0; at least one request must be allowed in flight",
        );
    }
    if !(top.run.timeout_s > 0.0 && top.run.timeout_s <= 1e6) {
        return bad(
            "timeout_s",
            "must be more than 0 seconds and at most 1000000, which is 11 days",
        );
    }
    for (key, limit) in [
        ("max_cost_usd", top.run.max_cost_usd),
        ("max_minutes", top.run.max_minutes),
    ] {
        if limit.is_some_and(|x| x.is_nan() || x <= 0.0) {
            return bad(key, "must be more than 0");
        }
    }
    Ok(())
}

/// A replay has no clock, and a sequential run counts every sample.
fn check_load(source: Source<'_>, run: &RunWritten) -> Result<(), ConfigError> {
    match &run.arrivals {
        Some(arrivals) if run.mode == ModeWritten::Replay => Err(source
            .at(
                &arrivals.span(),
                "a replay sends nothing, so that nothing arrives",
            )
            .with_hint("remove `arrivals`, or set run.mode = \"live\"")),
        _ => Ok(()),
    }
}

fn dataset(
    source: Source<'_>,
    folder: &Path,
    top: &Top,
    overrides: &Overrides<'_>,
) -> Result<(Dataset, OutcomeStore), Failure> {
    let written = top.dataset.get_ref();
    match (&written.path, &written.import) {
        (Some(path), None) => {
            let file = folder.join(path.get_ref());
            let manifest = Manifest {
                name: written.name.clone().unwrap_or_else(|| top.name.clone()),
                source: path.get_ref().clone(),
                licence: written.licence.clone().unwrap_or_default(),
                findings: Vec::new(),
            };
            let all = Dataset::read(&file, manifest)?;
            let outcomes = match &written.outcomes {
                Some(path) => OutcomeStore::read(&folder.join(path.get_ref()))?,
                None => OutcomeStore::new(),
            };
            Ok((all, outcomes))
        }
        (None, Some(format)) => {
            let name = format.get_ref();
            let parsed = name.parse::<Format>().map_err(|_| {
                let names = Format::ALL.map(Format::name);
                let known = nearest(name, names).map_or_else(
                    || format!("the formats are {}", names.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                source
                    .at(&format.span(), format!("unknown format `{name}`"))
                    .with_hint(known)
            })?;
            let from = match (overrides.data, &written.folder) {
                (Some(data), _) => data.to_owned(),
                (None, Some(own)) => folder.join(own),
                (None, None) => {
                    return Err(source
                        .at(&format.span(), format!("where is the {name} data?"))
                        .with_hint("name its folder on the command line: --data DIR")
                        .into());
                }
            };
            let imported = import(parsed, &from)?;
            Ok((imported.dataset, imported.outcomes))
        }
        _ => Err(source
            .at(
                &top.dataset.span(),
                "a dataset has either `path` or `import`",
            )
            .with_hint("`path` is a JSONL file of samples, `import` the name of a foreign format")
            .into()),
    }
}

fn judged(
    source: Source<'_>,
    top: &Top,
    all: &Dataset,
    overrides: &Overrides<'_>,
) -> Result<Dataset, Failure> {
    let written = top.dataset.get_ref();
    let origin = written
        .path
        .as_ref()
        .map_or("dataset", |p| p.get_ref().as_str());
    let chosen = match &written.split {
        Some(split) => all.split(split.get_ref(), Path::new(origin)).map_err(|e| {
            let hint = e.hint().unwrap_or_default().to_owned();
            source
                .at(&split.span(), e.kind().to_string())
                .with_hint(hint)
        })?,
        None => all.clone(),
    };
    match overrides.limit.or(written.limit) {
        Some(limit) => {
            // Evenly spaced, so that a quick look sees every part of a sorted file.
            let all = chosen.samples();
            let n = limit.min(all.len());
            let spread = (0..n).map(|i| all[i * all.len() / n].clone()).collect();
            Ok(Dataset::new(
                chosen.manifest().clone(),
                spread,
                Path::new(origin),
            )?)
        }
        None => Ok(chosen),
    }
}

fn fleet(models: &[ModelWritten]) -> Fleet {
    let info = |m: &ModelWritten| {
        let price = m.price.unwrap_or_default();
        ModelInfo {
            name: m.name.as_str().into(),
            input_per_mtok_usd: price.input_per_mtok_usd,
            output_per_mtok_usd: price.output_per_mtok_usd,
            capabilities: m.capabilities.iter().cloned().collect(),
            context_tokens: m.context_tokens,
        }
    };
    Fleet::new(models.iter().map(info).collect())
}

fn gate_policy(
    source: Source<'_>,
    folder: &Path,
    gate: Option<GateWritten>,
    all: &Dataset,
    models: &[ModelWritten],
    rules: &[SliceRule],
) -> Result<GatePolicy, ConfigError> {
    let slices = SliceSet::build(rules, all.samples());
    let names = Names {
        slices: slices.iter().map(|(name, _)| name.to_owned()).collect(),
        models: models.iter().map(|m| m.name.clone()).collect(),
    };
    match gate {
        None => Ok(GatePolicy::default()),
        Some(GateWritten::Rules(rules)) => {
            check_rules(source, Some("gate"), rules.get_ref(), &names)?;
            Ok(rules.into_inner())
        }
        Some(GateWritten::File(file)) => {
            let path = folder.join(file.get_ref());
            let read = GateFile::read(&path).map_err(|error| match error.is_unread() {
                true => source
                    .at(
                        &file.span(),
                        format!("cannot read the gate policy {}", path.display()),
                    )
                    .with_hint("the path is relative to the experiment file"),
                false => error,
            })?;
            read.check_names(&names)?;
            Ok(read.into_policy())
        }
    }
}

fn check_policies(source: Source<'_>, policies: &[PolicyWritten]) -> Result<(), ConfigError> {
    use weighbridge_record::PolicyRole::{Baseline, Candidate};
    let mut seen = BTreeSet::new();
    for policy in policies {
        if policy.name.is_empty() || !seen.insert(policy.name.as_str()) {
            let message = format!("policy name `{}` is empty or used twice", policy.name);
            return Err(source.at(&policy.spans.name, message));
        }
    }
    let baselines: Vec<_> = policies.iter().filter(|p| p.role == Baseline).collect();
    if let [_, second, ..] = baselines.as_slice() {
        return Err(source
            .at(second.spans.key("role"), "there are two baselines")
            .with_hint("one policy is in production now; the others are candidates or `other`"));
    }
    if baselines.is_empty() {
        return Err(
            ConfigError::file(source.path, "no policy has role = \"baseline\"")
                .with_hint("mark the policy that is in production now"),
        );
    }
    if !policies.iter().any(|p| p.role == Candidate) {
        return Err(
            ConfigError::file(source.path, "no policy has role = \"candidate\"")
                .with_hint("mark the change that is to be weighed"),
        );
    }
    Ok(())
}

fn pair(
    source: Source<'_>,
    top: &Top,
    fleet: &Fleet,
) -> Result<(Option<String>, Option<String>), ConfigError> {
    for name in [&top.routing.weak, &top.routing.strong]
        .into_iter()
        .flatten()
    {
        if fleet.get(name).is_none() {
            let quoted = format!("\"{name}\"");
            let start = source.text.find(&quoted).unwrap_or(0);
            return Err(source
                .at(
                    &(start..start + quoted.len()),
                    format!("unknown model `{name}`"),
                )
                .with_hint("[routing] names models of this experiment"));
        }
    }
    Ok((top.routing.weak.clone(), top.routing.strong.clone()))
}
