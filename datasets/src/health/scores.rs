//! Scores that are missing, not numbers, or were refused by a judge.

use super::grid::Names;
use super::{Finding, FindingKind, Severity};
use crate::Score;

/// Counts per model.
#[derive(Debug, Default)]
pub(crate) struct Scores {
    models: Vec<Count>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    rows: u64,
    judge: u64,
    missing: u64,
    impossible: u64,
}

impl Scores {
    pub(crate) fn observe(&mut self, model: usize, score: &Score) {
        if self.models.len() <= model {
            self.models.resize(model + 1, Count::default());
        }
        let count = &mut self.models[model];
        count.rows += 1;
        match score {
            Score::Value(v) if (0.0..=1.0).contains(v) => {}
            Score::Value(_) => count.impossible += 1,
            Score::Unscored(reason) if is_judge(reason) => count.judge += 1,
            Score::Unscored(_) => count.missing += 1,
            Score::Failed(_) => {}
        }
    }

    pub(crate) fn findings(&self, models: &Names) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (model, count) in self.models.iter().enumerate() {
            let name = models.name(model);
            let mut add = |kind, severity, n: u64, what: &str| {
                if n > 0 {
                    findings.push(Finding {
                        kind,
                        severity,
                        model: Some(name.to_owned()),
                        slice: None,
                        n,
                        p: None,
                        message: format!("{name}: {n} of {} answers {what}", count.rows),
                    });
                }
            };
            add(
                FindingKind::JudgeFailure,
                Severity::Warning,
                count.judge,
                "have no score because the judge failed",
            );
            add(
                FindingKind::MissingScore,
                Severity::Warning,
                count.missing,
                "have no score",
            );
            add(
                FindingKind::MissingScore,
                Severity::Defect,
                count.impossible,
                "have a score that is not a number in [0, 1]",
            );
        }
        findings
    }
}

/// Whether an unscored answer is a judge's doing: reasons say so, and -1 is the customary mark of
/// a judgement that could not be parsed.
fn is_judge(reason: &str) -> bool {
    let judge = reason
        .as_bytes()
        .windows(5)
        .any(|word| word.eq_ignore_ascii_case(b"judge"));
    judge || reason.starts_with("score -1 ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judge_failures_are_told_from_missing_scores() {
        assert!(is_judge("Judge timed out"));
        let Score::Unscored(minus_one) = Score::checked(-1.0) else {
            panic!("-1 is no score");
        };
        assert!(is_judge(&minus_one));
        assert!(!is_judge("score is NaN") && !is_judge("") && !is_judge("score -10 outside"));
    }

    #[test]
    fn each_kind_is_counted_apart() {
        let mut models = Names::default();
        let model = models.number("m");
        let mut scores = Scores::default();
        for score in [
            Score::Value(1.0),
            Score::Value(f64::NAN),
            Score::Unscored("judge".into()),
            Score::Unscored("no label".into()),
            Score::Failed("timeout".into()),
        ] {
            scores.observe(model, &score);
        }
        let found = scores.findings(&models);
        let found: Vec<_> = found.iter().map(|f| (f.kind, f.severity, f.n)).collect();
        assert_eq!(
            found,
            [
                (FindingKind::JudgeFailure, Severity::Warning, 1),
                (FindingKind::MissingScore, Severity::Warning, 1),
                (FindingKind::MissingScore, Severity::Defect, 1),
            ]
        );
    }
}
