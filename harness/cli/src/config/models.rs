//! Backends and models of an experiment: names that exist, prices that are there.

use std::collections::BTreeSet;

use toml::Spanned;
use weighbridge_datasets::OutcomeStore;

use super::error::{ConfigError, nearest};
use super::parse::Source;
use super::{BackendWritten, ModelWritten, backend};

/// The models as written, each checked against what serves or recorded it.
pub(super) fn models_of(
    source: Source<'_>,
    is_live: bool,
    backends: &[Spanned<BackendWritten>],
    models: Vec<Spanned<ModelWritten>>,
    outcomes: &OutcomeStore,
) -> Result<Vec<ModelWritten>, ConfigError> {
    let mut names = BTreeSet::new();
    for backend in backends {
        backend::check(source, backend)?;
        if !names.insert(backend.get_ref().name.as_str()) {
            let name = &backend.get_ref().name;
            return Err(source.at(
                &backend.span(),
                format!("backend `{name}` is defined twice"),
            ));
        }
    }
    let mut seen = BTreeSet::new();
    for model in &models {
        let (span, model) = (model.span(), model.get_ref());
        if !seen.insert(model.name.as_str()) {
            return Err(source.at(&span, format!("model `{}` is defined twice", model.name)));
        }
        if is_live {
            check_live_model(source, &span, model, &names)?;
        } else {
            check_recorded_model(source, &span, model, outcomes)?;
        }
    }
    if models.is_empty() {
        return Err(
            ConfigError::file(source.path, "the experiment names no model").with_hint(format!(
                "add a [[model]] with `name` and `price`; {}",
                recorded(outcomes)
            )),
        );
    }
    Ok(models.into_iter().map(Spanned::into_inner).collect())
}

/// Outcomes under the fleet's names: a model may have another name in the recording.
pub(super) fn renamed(outcomes: OutcomeStore, models: &[ModelWritten]) -> OutcomeStore {
    let alias = |recorded: &str| {
        let named = models.iter().find(|m| m.model.as_deref() == Some(recorded));
        named.map(|m| m.name.clone())
    };
    if !outcomes.models().iter().any(|m| alias(m).is_some()) {
        return outcomes;
    }
    let mut store = OutcomeStore::new();
    for outcome in outcomes.iter() {
        let mut outcome = outcome.clone();
        outcome.model = alias(&outcome.model).unwrap_or(outcome.model);
        store.push(outcome);
    }
    store
}

fn recorded(outcomes: &OutcomeStore) -> String {
    if outcomes.models().is_empty() {
        "nothing is recorded in this dataset".to_owned()
    } else {
        format!("recorded are {}", outcomes.models().join(", "))
    }
}

fn check_live_model(
    source: Source<'_>,
    span: &std::ops::Range<usize>,
    model: &ModelWritten,
    backends: &BTreeSet<&str>,
) -> Result<(), ConfigError> {
    let Some(backend) = model.backend.as_deref() else {
        return Err(source
            .at(span, format!("model `{}` has no `backend`", model.name))
            .with_hint("a live run needs to know who serves it; or set run.mode = \"replay\""));
    };
    if !backends.contains(backend) {
        let known: Vec<_> = backends.iter().copied().collect();
        let hint = nearest(backend, known.iter().copied()).map_or_else(
            || format!("the backends are {}", known.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        let message = format!("model `{}` names unknown backend `{backend}`", model.name);
        return Err(source.at(span, message).with_hint(hint));
    }
    if model.price.is_none() {
        return Err(source
            .at(span, format!("model `{}` has no price", model.name))
            .with_hint(
                "add price = { input_per_mtok_usd = …, output_per_mtok_usd = … }; write 0 for \
                 a model that costs nothing per token",
            ));
    }
    Ok(())
}

fn check_recorded_model(
    source: Source<'_>,
    span: &std::ops::Range<usize>,
    model: &ModelWritten,
    outcomes: &OutcomeStore,
) -> Result<(), ConfigError> {
    let name = model.model.as_ref().unwrap_or(&model.name);
    if !outcomes.models().contains(name) {
        let hint = nearest(name, outcomes.models().iter().map(String::as_str)).map_or_else(
            || recorded(outcomes),
            |near| format!("did you mean `{near}`?"),
        );
        let message = format!("no outcome of model `{name}` is recorded");
        return Err(source.at(span, message).with_hint(hint));
    }
    let priced = outcomes
        .iter()
        .filter(|o| &o.model == name)
        .all(|o| o.cost_usd.is_some());
    if model.price.is_none() && !priced {
        return Err(source
            .at(
                span,
                format!("model `{name}` has no price and its recording has no costs"),
            )
            .with_hint("add price = { input_per_mtok_usd = …, output_per_mtok_usd = … }"));
    }
    Ok(())
}
