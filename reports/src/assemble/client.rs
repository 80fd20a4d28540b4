//! What a live run warns of besides its data.

use weighbridge_datasets::health::{Finding, FindingKind, Severity};
use weighbridge_record::RunHeader;

use crate::table::RunTable;

/// Warnings of the measuring client. A joined run has those of both under prefixed names, and B's as its
/// own; each is told once.
pub(super) fn findings(header: &RunHeader) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for (note, message) in &header.notes {
        let kind = if note.ends_with(RunTable::DRIFT) {
            FindingKind::Drift
        } else if note.ends_with(RunTable::PREFIX_WARNING) {
            FindingKind::PrefixCache
        } else {
            continue;
        };
        if findings.iter().any(|f| f.message == *message) {
            continue;
        }
        let trials = header.notes.get("client.steady_trials");
        findings.push(Finding {
            kind,
            severity: Severity::Warning,
            model: None,
            slice: None,
            n: trials.and_then(|n| n.parse().ok()).unwrap_or(0),
            p: None,
            message: message.clone(),
        });
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::join::header_tests::header;

    #[test]
    fn warnings_of_the_client_are_findings_each_once() {
        let mut header = header(&[]);
        for (note, said) in [
            ("A: client.drift", "it went up"),
            ("client.drift", "it went up"),
            ("client.drift_at_ms", "900"),
            ("client.prefix_warning", "less was found"),
            ("client.steady_trials", "80"),
        ] {
            header.notes.insert(note.to_owned(), said.to_owned());
        }
        let found = findings(&header);
        let kinds: Vec<_> = found.iter().map(|f| (f.kind, f.n, f.severity)).collect();
        assert_eq!(
            kinds,
            [
                (FindingKind::Drift, 80, Severity::Warning),
                (FindingKind::PrefixCache, 80, Severity::Warning)
            ]
        );
    }
}
