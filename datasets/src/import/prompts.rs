//! Prompts that come more than once.

use std::collections::{BTreeSet, HashMap};

use xxhash_rust::xxh3::xxh3_128;

use crate::Sample;
use crate::health::{Finding, FindingKind, Severity};

/// Findings about prompt texts that several samples share, within and across splits.
///
/// Samples keep identifiers of their own; a count is of distinct texts.
pub(crate) fn repeated(samples: &[Sample]) -> Vec<Finding> {
    let mut groups: HashMap<u128, Group<'_>> = HashMap::with_capacity(samples.len());
    for sample in samples {
        let group = groups.entry(fingerprint(sample)).or_default();
        group.samples += 1;
        if let Some(split) = &sample.split {
            group.splits.insert(split);
        }
    }
    // Only counts leave the map, so that its order cannot show.
    let shared = groups.values().filter(|g| g.samples > 1);
    let (across, within): (Vec<_>, Vec<_>) = shared.partition(|g| g.splits.len() > 1);
    let mut findings = Vec::new();
    if !across.is_empty() {
        findings.push(finding(
            FindingKind::SplitOverlap,
            Severity::Warning,
            &across,
            "in more than one split: a policy fitted on one is not blind on the other",
        ));
    }
    if !within.is_empty() {
        findings.push(finding(
            FindingKind::DuplicatePrompt,
            Severity::Note,
            &within,
            "more than once: their rows are not independent",
        ));
    }
    findings
}

#[derive(Default)]
struct Group<'a> {
    samples: u64,
    splits: BTreeSet<&'a str>,
}

fn fingerprint(sample: &Sample) -> u128 {
    match sample.messages.as_slice() {
        [only] => xxh3_128(only.content.as_bytes()),
        many => {
            let texts: Vec<&str> = many.iter().map(|m| m.content.as_str()).collect();
            xxh3_128(texts.join("\u{0}").as_bytes())
        }
    }
}

fn finding(kind: FindingKind, severity: Severity, groups: &[&Group<'_>], what: &str) -> Finding {
    let rows: u64 = groups.iter().map(|g| g.samples).sum();
    Finding {
        kind,
        severity,
        model: None,
        slice: None,
        n: rows,
        p: None,
        message: format!("{} prompt texts ({rows} samples) come {what}", groups.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Target;

    fn sample(id: &str, prompt: &str, split: &str) -> Sample {
        let mut sample = Sample::of_prompt(id, prompt, Target::Recorded { chance: None });
        sample.split = Some(split.to_owned());
        sample
    }

    #[test]
    fn overlap_and_repetition_are_told_apart() {
        let samples = [
            sample("a", "x", "train"),
            sample("b", "x", "test"),
            sample("c", "y", "train"),
            sample("d", "y", "train"),
            sample("e", "z", "test"),
        ];
        let found = repeated(&samples);
        let kinds: Vec<_> = found.iter().map(|f| (f.kind, f.n)).collect();
        assert_eq!(
            kinds,
            [
                (FindingKind::SplitOverlap, 2),
                (FindingKind::DuplicatePrompt, 2)
            ]
        );
        assert!(repeated(&samples[4..]).is_empty());
    }
}
