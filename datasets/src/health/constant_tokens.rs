//! Token counts that are the same on (nearly) every row.
//!
//! Prompts and answers differ in length, and so must their token counts. Equal counts on all rows
//! are a constant of the program that wrote them, and every cost computed from them is fiction.

use std::collections::HashMap;

use super::grid::Names;
use super::mix::BuildMix;
use super::{Finding, FindingKind, Severity};
use crate::{TokenSource, Usage};

/// Share of the rows of a model from which on equal counts are a finding.
pub const CONSTANT_SHARE: f64 = 0.95;

/// Models with fewer counted rows are not looked at.
pub const MIN_TOKEN_ROWS: u64 = 20;

/// How often each (input, output) count was seen.
type Counts = HashMap<(u64, u64), u64, BuildMix>;

/// The counts of each model.
#[derive(Debug, Default)]
pub(crate) struct ConstantTokens {
    models: Vec<Counts>,
}

impl ConstantTokens {
    /// Counts a row whose input and output are both known. Estimates are passed over: they follow
    /// from text lengths, and a one-token answer is one token every time.
    pub(crate) fn observe(&mut self, model: usize, usage: &Usage) {
        let (Some(input), Some(output)) = (usage.total_input(), usage.total_output()) else {
            return;
        };
        if usage.source == TokenSource::Estimated {
            return;
        }
        if self.models.len() <= model {
            self.models.resize_with(model + 1, Counts::default);
        }
        *self.models[model].entry((input, output)).or_default() += 1;
    }

    pub(crate) fn findings(&self, models: &Names) -> Vec<Finding> {
        let each = self.models.iter().enumerate();
        each.filter_map(|(model, counts)| constant(models.name(model), counts))
            .collect()
    }
}

/// The pair that makes nearly all rows, else an input count that does.
fn constant(model: &str, counts: &Counts) -> Option<Finding> {
    let rows: u64 = counts.values().sum();
    if rows < MIN_TOKEN_ROWS {
        return None;
    }
    let enough = |n: u64| n as f64 >= CONSTANT_SHARE * rows as f64;
    let finding = |severity, n: u64, what: String| Finding {
        kind: FindingKind::ConstantTokens,
        severity,
        model: Some(model.to_owned()),
        slice: None,
        n,
        p: None,
        message: format!("{model}: {n} of {rows} rows have exactly {what}: not a measured count"),
    };
    // At most one pair, and one input count, can make more than half of the rows.
    if let Some((&(input, output), &n)) = counts.iter().find(|(_, n)| enough(**n)) {
        let what = format!("{input} input and {output} output tokens");
        return Some(finding(Severity::Defect, n, what));
    }
    let mut inputs: HashMap<u64, u64> = HashMap::new();
    for (&(input, _), n) in counts {
        *inputs.entry(input).or_default() += n;
    }
    let (&input, &n) = inputs.iter().find(|(_, n)| enough(**n))?;
    Some(finding(
        Severity::Warning,
        n,
        format!("{input} input tokens"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(input: u64, output: u64, source: TokenSource) -> Usage {
        Usage {
            input_tokens: Some(input),
            output_tokens: Some(output),
            source,
            ..Usage::default()
        }
    }

    fn found(rows: impl IntoIterator<Item = Usage>) -> Vec<Finding> {
        let mut models = Names::default();
        let model = models.number("m");
        let mut check = ConstantTokens::default();
        for row in rows {
            check.observe(model, &row);
        }
        check.findings(&models)
    }

    #[test]
    fn constant_pairs_are_defects_from_95_percent_on() {
        let rows = |odd: u64| {
            (0..100)
                .map(move |i| usage(40, 3 + if i < odd { i + 1 } else { 0 }, TokenSource::Server))
        };
        let at = found(rows(5));
        assert_eq!((at[0].severity, at[0].n), (Severity::Defect, 95));
        // The input stays constant while the output varies: a weaker sign.
        let below = found(rows(6));
        assert_eq!((below[0].severity, below[0].n), (Severity::Warning, 100));
    }

    #[test]
    fn varying_few_estimated_and_unknown_counts_are_quiet() {
        let vary = (0..100).map(|i| usage(i, 1, TokenSource::Server));
        assert!(found(vary).is_empty());
        let few = (0..19).map(|_| usage(40, 3, TokenSource::Server));
        assert!(found(few).is_empty());
        let estimated = (0..100).map(|_| usage(40, 1, TokenSource::Estimated));
        assert!(found(estimated).is_empty());
        let unknown = (0..100).map(|_| Usage::default());
        assert!(found(unknown).is_empty());
        assert!(found([]).is_empty());
    }

    #[test]
    fn twenty_equal_rows_are_enough() {
        let rows = (0..20).map(|_| usage(40, 3, TokenSource::Recorded));
        assert_eq!(found(rows).len(), 1);
    }
}
