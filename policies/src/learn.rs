//! What learned policies read from recorded outcomes: score and cost per model.

use std::sync::Arc;

use weighbridge_datasets::{OutcomeStore, Sample};

use crate::{BuildContext, PolicyError};

/// Quality and cost of one model, estimated or recorded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Worth {
    /// Mean score in `[0, 1]`.
    pub(crate) quality: f64,
    /// Mean cost of a request in US dollars; 0 where cost is not asked for.
    pub(crate) cost_usd: f64,
}

/// Recorded outcomes of the fit samples for the candidate models.
pub(crate) struct Lessons<'a> {
    /// The samples learned from.
    pub(crate) samples: &'a [&'a Sample],
    /// Candidate models, cheapest first unless given as (weak, strong).
    pub(crate) models: Vec<Arc<str>>,
    /// `rows[sample][model]`; `None` where the outcome is missing or unscored.
    pub(crate) rows: Vec<Vec<Option<Worth>>>,
    /// Mean over all fit samples, per model.
    pub(crate) overall: Vec<Worth>,
}

impl<'a> Lessons<'a> {
    /// Reads the outcomes. Without named models, all models of the fleet that have outcomes are
    /// candidates. Failures count 0. With a cost weight every scored outcome needs a cost.
    ///
    /// # Errors
    /// When there is nothing to learn from, a model has no scored outcome, or a cost is missing.
    pub(crate) fn read(
        context: &'a BuildContext<'_>,
        named: Option<Vec<Arc<str>>>,
        with_cost: bool,
    ) -> Result<Self, PolicyError> {
        let fit = context.fit_data()?;
        let models = match named {
            Some(models) => models,
            None => fleet_models_with(fit.outcomes, context),
        };
        let row = |sample: &&Sample| {
            let cell =
                |model: &Arc<str>| worth(fit.outcomes, context, &sample.id, model, with_cost);
            models.iter().map(cell).collect::<Result<Vec<_>, _>>()
        };
        let rows = fit.samples.iter().map(row).collect::<Result<Vec<_>, _>>()?;
        let overall = models.iter().enumerate().map(|(m, model)| {
            mean(rows.iter().map(|row| &row[m])).ok_or_else(|| {
                PolicyError::NothingToFit(format!(
                    "model `{model}` has no scored outcome among the {} samples to fit on",
                    fit.samples.len()
                ))
            })
        });
        let overall = overall.collect::<Result<Vec<_>, _>>()?;
        if models.is_empty() {
            let problem = "no model of the fleet has an outcome".to_owned();
            return Err(PolicyError::NothingToFit(problem));
        }
        Ok(Self {
            samples: &fit.samples,
            models,
            rows,
            overall,
        })
    }
}

fn fleet_models_with(outcomes: &OutcomeStore, context: &BuildContext<'_>) -> Vec<Arc<str>> {
    let by_price = context.fleet.by_price();
    let known = by_price
        .into_iter()
        .filter(|m| outcomes.models().iter().any(|name| **name == *m.name));
    known.map(|m| Arc::clone(&m.name)).collect()
}

fn worth(
    outcomes: &OutcomeStore,
    context: &BuildContext<'_>,
    sample: &str,
    model: &str,
    with_cost: bool,
) -> Result<Option<Worth>, PolicyError> {
    let Some(outcome) = outcomes.get(sample, model) else {
        return Ok(None);
    };
    let Some(quality) = outcome.score.counted() else {
        return Ok(None);
    };
    if !with_cost {
        let cost_usd = 0.0;
        return Ok(Some(Worth { quality, cost_usd }));
    }
    let priced = || {
        let (usage, info) = (outcome.usage?, context.fleet.get(model)?);
        let input = usage.total_input()? as f64 * info.input_per_mtok_usd;
        let output = usage.total_output()? as f64 * info.output_per_mtok_usd;
        Some((input + output) / 1e6)
    };
    // A failed call without a recorded cost was not billed.
    let unbilled = || outcome.score.value().is_none().then_some(0.0);
    let cost = outcome.cost_usd.or_else(priced).or_else(unbilled);
    match cost {
        Some(cost_usd) => Ok(Some(Worth { quality, cost_usd })),
        None => Err(PolicyError::NothingToFit(format!(
            "`cost_weight` needs a cost or token usage for model `{model}` on sample `{sample}`; \
             record it or set the weight to 0"
        ))),
    }
}

/// Mean of the cells that are there.
pub(crate) fn mean<'c>(cells: impl Iterator<Item = &'c Option<Worth>>) -> Option<Worth> {
    let (mut n, mut quality, mut cost_usd) = (0u32, 0.0, 0.0);
    for cell in cells.flatten() {
        n += 1;
        quality += cell.quality;
        cost_usd += cell.cost_usd;
    }
    (n > 0).then(|| Worth {
        quality: quality / f64::from(n),
        cost_usd: cost_usd / f64::from(n),
    })
}

/// A mean drawn towards a prior as if the prior had been seen `pseudo_counts` times:
/// `(sum + pseudo_counts * prior) / (n + pseudo_counts)`.
pub(crate) fn shrunken<'c>(
    cells: impl Iterator<Item = &'c Option<Worth>>,
    prior: Worth,
    pseudo_counts: f64,
) -> Worth {
    let (mut n, mut quality, mut cost_usd) = (pseudo_counts, 0.0, 0.0);
    for cell in cells.flatten() {
        n += 1.0;
        quality += cell.quality;
        cost_usd += cell.cost_usd;
    }
    if n <= 0.0 {
        return prior;
    }
    Worth {
        quality: (quality + pseudo_counts * prior.quality) / n,
        cost_usd: (cost_usd + pseudo_counts * prior.cost_usd) / n,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shrinkage_moves_a_small_cell_towards_the_prior() {
        let cell = |quality| {
            let cost_usd = 0.0;
            Some(Worth { quality, cost_usd })
        };
        let prior = Worth {
            quality: 0.5,
            cost_usd: 2.0,
        };
        let cells = [cell(1.0), None, cell(1.0)];
        let worth = shrunken(cells.iter(), prior, 2.0);
        assert!((worth.quality - 0.75).abs() < 1e-12);
        assert!((worth.cost_usd - 1.0).abs() < 1e-12);
        assert_eq!(shrunken([].iter(), prior, 0.0), prior);
        assert_eq!(mean(cells.iter()).unwrap().quality, 1.0);
        assert_eq!(mean([].iter()), None);
    }
}
