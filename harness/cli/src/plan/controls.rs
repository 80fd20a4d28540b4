//! Controls that every router is compared with.

use weighbridge_policies::{Observed, Overhead, PolicyConfig, Request, Step, kinds};
use weighbridge_record::PolicyRole;

use super::build::{Planned, Wanted};
use crate::config::{Experiment, FitRule};

/// The controls of an experiment that its file does not already have.
pub(super) fn controls<'a>(experiment: &Experiment, planned: &[Planned]) -> Vec<Wanted<'a>> {
    let mut wanted = Vec::new();
    if experiment.controls.single {
        wanted.extend(singles(experiment));
    }
    for candidate in planned
        .iter()
        .filter(|p| p.entry.role == PolicyRole::Candidate)
    {
        // Shuffling and length stand for the first call alone: they say nothing about policies that
        // call again, serve from a store or have no content to shuffle.
        if matches!(
            candidate.entry.kind.as_str(),
            "always" | "random" | "shuffled" | "cascade" | "cache" | "fallback" | "cost_capped"
        ) {
            continue;
        }
        let name = &candidate.entry.name;
        if experiment.controls.shuffled {
            let config = kinds::shuffled::Config { of: name.clone() };
            wanted.push(control(
                format!("shuffled {name}"),
                "shuffled",
                PolicyConfig::Shuffled(config),
            ));
        }
        if experiment.controls.length
            && candidate.entry.kind != "length"
            && let Some(config) = length(experiment, candidate)
        {
            wanted.push(control(
                format!("length like {name}"),
                "length",
                PolicyConfig::Length(config),
            ));
        }
    }
    wanted.extend(table(experiment));
    wanted
}

fn control<'a>(name: String, kind: &str, config: PolicyConfig) -> Wanted<'a> {
    Wanted {
        name,
        kind: kind.to_owned(),
        role: PolicyRole::Control,
        fit: None,
        overhead: Overhead::default(),
        config,
        spans: None,
    }
}

/// A constant policy for every model that has none yet.
fn singles<'a>(experiment: &Experiment) -> Vec<Wanted<'a>> {
    let has = |model: &str| {
        experiment
            .policies
            .iter()
            .any(|p| matches!(&p.config, PolicyConfig::Always(config) if config.model == model))
    };
    let missing = experiment.models.iter().filter(|m| !has(&m.name));
    missing
        .map(|m| {
            let config = kinds::always::Config {
                model: m.name.clone(),
            };
            control(
                format!("only {}", m.name),
                "always",
                PolicyConfig::Always(config),
            )
        })
        .collect()
}

/// A length threshold that spends about as much as the candidate's first calls: the share of strong
/// calls is where the candidate's mean price lies between the cheapest and the dearest model.
fn length(experiment: &Experiment, candidate: &Planned) -> Option<kinds::length::Config> {
    let by_price = experiment.fleet.by_price();
    let (weak, strong) = (by_price.first()?, by_price.last()?);
    let gap = strong.blended_per_mtok_usd() - weak.blended_per_mtok_usd();
    if gap <= 0.0 {
        return None;
    }
    let samples = experiment.judged.samples();
    let spent: f64 = samples
        .iter()
        .enumerate()
        .filter_map(|(i, s)| first_call(candidate, Request::of(s, i, 0)))
        .filter_map(|model| experiment.fleet.get(&model))
        .map(|m| m.blended_per_mtok_usd())
        .sum();
    let share = (spent / samples.len() as f64 - weak.blended_per_mtok_usd()) / gap;
    Some(kinds::length::Config {
        weak: weak.name.to_string(),
        strong: strong.name.to_string(),
        threshold_chars: None,
        share_strong: Some(share.clamp(0.0, 1.0)),
        of: Default::default(),
    })
}

fn first_call(candidate: &Planned, request: Request<'_>) -> Option<String> {
    let seen: &[Observed<'_>] = &[];
    match candidate.policy.open(request).next(seen).step {
        Step::Call(model) => Some(model.to_string()),
        _ => None,
    }
}

fn table<'a>(experiment: &Experiment) -> Option<Wanted<'a>> {
    let label = experiment.controls.table.clone()?;
    let fit = experiment.controls.fit.clone().unwrap_or(FitRule::Folds(5));
    let config = kinds::table::Config {
        label: label.clone(),
        cost_weight: 0.0,
        pseudo_counts: 10.0,
        default: None,
        models: None,
        weak: None,
        strong: None,
        share_strong: None,
    };
    let mut wanted = control(
        format!("best model per {label}"),
        "table",
        PolicyConfig::Table(config),
    );
    wanted.fit = Some(fit);
    Some(wanted)
}
