//! Token counts that contradict the answer they belong to.

use super::grid::Names;
use super::{Finding, FindingKind, Severity};
use crate::{Score, Usage};

/// Counts per model.
#[derive(Debug, Default)]
pub(crate) struct ImpossibleTokens {
    models: Vec<Count>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    rows: u64,
    without_output: u64,
    without_input: u64,
    half_known: u64,
}

impl ImpossibleTokens {
    pub(crate) fn observe(&mut self, model: usize, score: &Score, usage: &Usage) {
        if self.models.len() <= model {
            self.models.resize(model + 1, Count::default());
        }
        let count = &mut self.models[model];
        count.rows += 1;
        // An answer with credit has at least one token, and so has what it answers.
        let credited = score.value().is_some_and(|v| v > 0.0);
        count.without_output += u64::from(credited && usage.total_output() == Some(0));
        count.without_input += u64::from(credited && usage.total_input() == Some(0));
        let half_known = usage.reasoning_tokens > Some(0) && usage.output_tokens.is_none();
        count.half_known += u64::from(half_known);
    }

    pub(crate) fn findings(&self, models: &Names) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (model, count) in self.models.iter().enumerate() {
            let name = models.name(model);
            let mut add = |severity, n: u64, what: &str| {
                if n > 0 {
                    findings.push(Finding {
                        kind: FindingKind::Inconsistent,
                        severity,
                        model: Some(name.to_owned()),
                        slice: None,
                        n,
                        p: None,
                        message: format!("{name}: {n} of {} token counts {what}", count.rows),
                    });
                }
            };
            add(
                Severity::Defect,
                count.without_output,
                "say 0 output for an answer with credit",
            );
            add(
                Severity::Defect,
                count.without_input,
                "say 0 input for an answer with credit",
            );
            add(
                Severity::Warning,
                count.half_known,
                "have reasoning tokens but no output tokens, so that the total is unknown",
            );
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(score: Score, usage: Usage) -> Vec<Severity> {
        let mut models = Names::default();
        let model = models.number("m");
        let mut check = ImpossibleTokens::default();
        check.observe(model, &score, &usage);
        check.findings(&models).iter().map(|f| f.severity).collect()
    }

    fn usage(input: Option<u64>, output: Option<u64>, reasoning: Option<u64>) -> Usage {
        Usage {
            input_tokens: input,
            output_tokens: output,
            reasoning_tokens: reasoning,
            ..Usage::default()
        }
    }

    #[test]
    fn a_right_answer_of_no_tokens_is_a_defect() {
        let none = usage(Some(5), Some(0), None);
        assert_eq!(found(Score::Value(1.0), none), [Severity::Defect]);
        assert!(found(Score::Value(0.0), none).is_empty());
        let hidden = usage(Some(5), Some(0), Some(7));
        assert!(found(Score::Value(1.0), hidden).is_empty());
        let free = usage(Some(0), Some(3), None);
        assert_eq!(found(Score::Value(1.0), free), [Severity::Defect]);
    }

    #[test]
    fn reasoning_without_output_is_half_known() {
        let half = usage(Some(5), None, Some(7));
        assert_eq!(found(Score::Value(1.0), half), [Severity::Warning]);
        assert!(found(Score::Value(1.0), Usage::default()).is_empty());
    }
}
