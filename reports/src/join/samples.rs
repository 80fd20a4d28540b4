//! Matching the samples of two runs by id and content.

use std::collections::{BTreeSet, HashMap};

use weighbridge_record::SampleLine;

use crate::model::ChangedSample;

/// Samples of two runs, sorted into what can be compared and what cannot.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Matched {
    /// The samples to compare, in the order of B and as B has them.
    pub(super) lines: Vec<SampleLine>,
    pub(super) only_a: Vec<String>,
    pub(super) only_b: Vec<String>,
    pub(super) changed: Vec<ChangedSample>,
    pub(super) relabelled: Vec<String>,
    /// Matched by what the log shows of them, since a log of an older version has no fingerprint.
    pub(super) by_excerpt: u64,
}

/// Matches two lists of samples. An id that a run lists twice counts by its first line.
pub(super) fn matched(a: &[SampleLine], b: &[SampleLine]) -> Matched {
    let mut by_id: HashMap<&str, &SampleLine> = HashMap::new();
    for line in a {
        by_id.entry(&line.id).or_insert(line);
    }
    let mut out = Matched::default();
    let mut seen = BTreeSet::new();
    for line in b {
        if !seen.insert(&*line.id) {
            continue;
        }
        let Some(other) = by_id.get(&*line.id) else {
            out.only_b.push(line.id.to_string());
            continue;
        };
        if let Some(what) = difference(other, line) {
            out.changed.push(ChangedSample {
                id: line.id.to_string(),
                what,
            });
            continue;
        }
        if other.fingerprint.is_none() || line.fingerprint.is_none() {
            out.by_excerpt += 1;
        }
        if other.labels != line.labels || other.cluster != line.cluster {
            out.relabelled.push(line.id.to_string());
        }
        out.lines.push(line.clone());
    }
    let mut listed = BTreeSet::new();
    let alone = a
        .iter()
        .filter(|line| !seen.contains(&*line.id) && listed.insert(&*line.id));
    out.only_a = alone.map(|line| line.id.to_string()).collect();
    out
}

/// What differs in the content of two samples; `None` where nothing does.
fn difference(a: &SampleLine, b: &SampleLine) -> Option<String> {
    let mut parts = Vec::new();
    if a.prompt != b.prompt || a.prompt_chars != b.prompt_chars {
        parts.push("the prompt");
    }
    if a.expected != b.expected || a.chance != b.chance {
        parts.push("what is expected");
    }
    if parts.is_empty() {
        let both = (a.fingerprint.as_ref(), b.fingerprint.as_ref());
        if let (Some(x), Some(y)) = both
            && x != y
        {
            parts.push("earlier messages, the end of a long text, or how answers are scored");
        }
    }
    (!parts.is_empty()).then(|| parts.join(" and "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: &str, prompt: &str, fingerprint: Option<&str>) -> SampleLine {
        SampleLine {
            id: id.into(),
            labels: [("task".to_owned(), "x".to_owned())].into(),
            cluster: None,
            chance: None,
            prompt_chars: 3,
            prompt: prompt.to_owned(),
            expected: None,
            fingerprint: fingerprint.map(str::to_owned),
        }
    }

    #[test]
    fn each_sample_lands_in_one_place() {
        let mut moved = line("moved", "q", Some("1"));
        moved.labels.insert("task".to_owned(), "y".to_owned());
        let a = [
            line("gone", "q", Some("1")),
            line("same", "q", Some("1")),
            line("moved", "q", Some("1")),
            line("edited", "q", Some("1")),
            line("rescored", "q", Some("1")),
        ];
        let b = [
            line("new", "q", Some("1")),
            moved.clone(),
            line("rescored", "q", Some("2")),
            line("edited", "other", Some("2")),
            line("same", "q", Some("1")),
        ];
        let found = matched(&a, &b);
        let ids: Vec<&str> = found.lines.iter().map(|l| &*l.id).collect();
        assert_eq!(ids, ["moved", "same"]);
        assert_eq!(found.lines[0].labels["task"], "y");
        assert_eq!(
            (found.only_a, found.only_b),
            (vec!["gone".to_owned()], vec!["new".to_owned()])
        );
        assert_eq!(found.relabelled, ["moved"]);
        let changed: Vec<&str> = found.changed.iter().map(|c| c.what.as_str()).collect();
        assert!(changed[0].contains("how answers are scored"), "{changed:?}");
        assert_eq!(changed[1], "the prompt");
        assert_eq!(found.by_excerpt, 0);
    }

    #[test]
    fn logs_without_fingerprints_match_by_what_they_show() {
        let found = matched(&[line("s", "q", None)], &[line("s", "q", Some("1"))]);
        assert_eq!((found.lines.len(), found.by_excerpt), (1, 1));
        let found = matched(&[line("s", "q", None)], &[line("s", "p", Some("1"))]);
        assert_eq!(found.changed.len(), 1);
    }
}
