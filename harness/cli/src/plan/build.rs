//! Builds every policy before any outcome of a judged sample is read.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use weighbridge_engine::NamedPolicy;
use weighbridge_policies::{
    BuildContext, CrossFitted, FitData, Overhead, Policy, PolicyConfig, PolicyError, fold_of,
    with_overhead,
};
use weighbridge_record::{PolicyEntry, PolicyRole};
use xxhash_rust::xxh3::xxh3_128;

use crate::config::{Experiment, FitRule, Spans};
use crate::failure::Failure;

/// A policy that is ready to run.
pub(crate) struct Planned {
    pub(crate) entry: PolicyEntry,
    pub(crate) policy: Arc<dyn Policy>,
}

/// The policies under their names, as the engine takes them.
pub(crate) fn named(planned: &[Planned]) -> Vec<NamedPolicy> {
    let named = |p: &Planned| (p.entry.name.as_str().into(), Arc::clone(&p.policy));
    planned.iter().map(named).collect()
}

/// One policy to build: as written, or a control.
pub(super) struct Wanted<'a> {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) role: PolicyRole,
    pub(super) fit: Option<FitRule>,
    pub(super) overhead: Overhead,
    pub(super) config: PolicyConfig,
    pub(super) spans: Option<&'a Spans>,
}

/// Builds the policies in file order, then the controls.
pub(crate) fn plan(experiment: &Experiment) -> Result<Vec<Planned>, Failure> {
    let mut planned = Vec::new();
    let mut earlier = BTreeMap::new();
    for written in &experiment.policies {
        let wanted = Wanted {
            name: written.name.clone(),
            kind: written.kind.clone(),
            role: written.role,
            fit: written.fit.clone(),
            overhead: Overhead {
                ms: written.overhead_ms,
                cost_usd: written.overhead_cost_usd,
            },
            config: written.config.clone(),
            spans: Some(&written.spans),
        };
        add(experiment, wanted, &mut planned, &mut earlier)?;
    }
    for wanted in super::controls::controls(experiment, &planned) {
        add(experiment, wanted, &mut planned, &mut earlier)?;
    }
    Ok(planned)
}

fn add(
    experiment: &Experiment,
    wanted: Wanted<'_>,
    planned: &mut Vec<Planned>,
    earlier: &mut BTreeMap<String, Arc<dyn Policy>>,
) -> Result<(), Failure> {
    let located = |error| located(experiment, &wanted, &error);
    let overhead = wanted.overhead.check().map_err(located)?;
    let built = build(experiment, &wanted, earlier).map_err(located)?;
    let policy = with_overhead(built, overhead.ms, overhead.cost_usd);
    earlier.insert(wanted.name.clone(), Arc::clone(&policy));
    let entry = entry(experiment, &wanted, &*policy);
    planned.push(Planned { entry, policy });
    Ok(())
}

fn build(
    experiment: &Experiment,
    wanted: &Wanted<'_>,
    earlier: &BTreeMap<String, Arc<dyn Policy>>,
) -> Result<Arc<dyn Policy>, PolicyError> {
    match &wanted.fit {
        None => one(experiment, wanted, earlier, None),
        Some(FitRule::Split(split)) => {
            let fit = split_data(experiment, split)?;
            one(experiment, wanted, earlier, Some(fit))
        }
        Some(FitRule::Folds(folds)) => cross_fit(experiment, *folds, |fit| {
            one(experiment, wanted, earlier, Some(fit))
        }),
    }
}

fn one(
    experiment: &Experiment,
    wanted: &Wanted<'_>,
    earlier: &BTreeMap<String, Arc<dyn Policy>>,
    fit: Option<FitData<'_>>,
) -> Result<Arc<dyn Policy>, PolicyError> {
    wanted.config.build(&BuildContext {
        name: &wanted.name,
        seed: experiment.seed,
        fleet: &experiment.fleet,
        samples: experiment.judged.samples(),
        fit,
        earlier,
        folder: &experiment.folder,
    })
}

/// Outcomes of a split; refused when any of its samples is judged.
fn split_data<'a>(experiment: &'a Experiment, split: &str) -> Result<FitData<'a>, PolicyError> {
    let of_split = |s: &&weighbridge_datasets::Sample| s.split.as_deref() == Some(split);
    let samples: Vec<_> = experiment.all.samples().iter().filter(of_split).collect();
    if samples.is_empty() {
        return Err(PolicyError::NothingToFit(format!(
            "no sample is in split `{split}`"
        )));
    }
    if let Some(judged) = samples
        .iter()
        .find(|s| experiment.judged.get(&s.id).is_some())
    {
        return Err(PolicyError::NothingToFit(format!(
            "split `{split}` is judged (sample `{}`); a policy is never judged on what it learned \
             from: fit on another split, or cross-fit with `fit = {{ folds = 5 }}`",
            judged.id
        )));
    }
    recorded(experiment, samples, split)
}

fn recorded<'a>(
    experiment: &'a Experiment,
    samples: Vec<&'a weighbridge_datasets::Sample>,
    of: &str,
) -> Result<FitData<'a>, PolicyError> {
    let models = experiment.outcomes.models();
    let any = |s: &&weighbridge_datasets::Sample| {
        models
            .iter()
            .any(|m| experiment.outcomes.get(&s.id, m).is_some())
    };
    if !samples.iter().any(any) {
        return Err(PolicyError::NothingToFit(format!(
            "no outcome is recorded for `{of}`"
        )));
    }
    Ok(FitData {
        samples,
        outcomes: &experiment.outcomes,
    })
}

/// One policy per fold, fitted on the other folds. Samples of one cluster share a fold.
fn cross_fit(
    experiment: &Experiment,
    folds: u32,
    build: impl Fn(FitData<'_>) -> Result<Arc<dyn Policy>, PolicyError>,
) -> Result<Arc<dyn Policy>, PolicyError> {
    if folds < 2 {
        return Err(PolicyError::Value {
            key: "fit",
            problem: format!("asks for {folds} folds; at least 2 are needed"),
        });
    }
    let fold = |s: &weighbridge_datasets::Sample| {
        fold_of(
            s.cluster.as_deref().unwrap_or(&s.id),
            folds,
            experiment.seed,
        )
    };
    let judged = experiment.judged.samples();
    let map: HashMap<String, u32> = judged.iter().map(|s| (s.id.clone(), fold(s))).collect();
    let policies = (0..folds)
        .map(|k| {
            let others = judged.iter().filter(|s| fold(s) != k).collect();
            build(recorded(experiment, others, "the other folds")?)
        })
        .collect::<Result<_, _>>()?;
    Ok(Arc::new(CrossFitted::new(policies, map)?))
}

/// Points an error at the value in the experiment file that caused it.
fn located(experiment: &Experiment, wanted: &Wanted<'_>, error: &PolicyError) -> Failure {
    let message = format!("policy `{}`: {error}", wanted.name);
    let Some(spans) = wanted.spans else {
        return Failure::config(message)
            .with_hint("switch this control off under [controls] if it makes no sense here");
    };
    let span = match error {
        PolicyError::UnknownModel { model, .. } => spans.text(model),
        PolicyError::UnknownPolicy(name) => spans.text(name),
        PolicyError::Value { key, .. } => spans.key(key.split('.').next().unwrap_or(key)),
        PolicyError::NothingToFit(_) => spans.key("fit"),
        _ => &spans.table,
    };
    experiment.source().at(span, message).into()
}

fn entry(experiment: &Experiment, wanted: &Wanted<'_>, policy: &dyn Policy) -> PolicyEntry {
    let sealed = serde_json::json!({
        "config": wanted.config,
        "fit": wanted.fit,
        "overhead_ms": wanted.overhead.ms,
        "overhead_cost_usd": wanted.overhead.cost_usd,
        "seed": experiment.seed,
        "data": experiment.all.fingerprint(),
    });
    let mut notes = Vec::new();
    if policy.needs().judge {
        notes.push("reads the true score: it stands for a judge and cannot be deployed".to_owned());
    }
    match &wanted.fit {
        Some(FitRule::Split(split)) => {
            notes.push(format!("fitted on split `{split}`, which is not judged"));
        }
        Some(FitRule::Folds(folds)) => {
            notes.push(format!("cross-fitted in {folds} folds"));
        }
        None => {}
    }
    PolicyEntry {
        name: wanted.name.clone(),
        kind: wanted.kind.clone(),
        role: wanted.role,
        hash: format!("{:032x}", xxh3_128(sealed.to_string().as_bytes())),
        notes,
    }
}
