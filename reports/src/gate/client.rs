//! Whether the measuring client kept up, by its own statement.

use std::collections::BTreeMap;

use weighbridge_record::RunHeader;

use super::claims::Judged;
use crate::model::{Claim, ClaimKind, ClaimState};
use crate::table::RunTable;

/// The claim on the client; `None` where no client said anything (a replay, an old log). Latencies of a
/// run whose client was late, starved or sent another load than it was asked for are the client's.
pub(super) fn claim(header: &RunHeader) -> Option<Judged> {
    let validity = said(header, RunTable::VALIDITY);
    if validity.is_empty() {
        return None;
    }
    let late: Vec<&str> = validity
        .into_iter()
        .filter(|said| *said != RunTable::VALID)
        .collect();
    let known = said(header, RunTable::PREFIX_PROBLEM);
    let judged = |state, text| Judged::new("overall", ClaimKind::Client, state, text);
    if late.is_empty() && known.is_empty() {
        let text = format!("the measuring client kept up{}", figures(&header.notes));
        return Some(judged(ClaimState::Holds, text));
    }
    let sentences = [
        ("the measuring client was the bottleneck", late),
        ("the prompts were not new to the server", known),
    ];
    let sentences = sentences
        .iter()
        .filter(|(_, problems)| !problems.is_empty());
    let sentences: Vec<String> = sentences
        .map(|(what, problems)| format!("{what}: {}", problems.join("; ")))
        .collect();
    let step = "run again with --fresh after what the client asks for; [run.client] and [run.prefix] of \
                the experiment set the limits";
    Some(
        judged(ClaimState::Fails, sentences.join(". "))
            .invalid()
            .then(step.to_owned()),
    )
}

/// What is said under a key: a joined run has the statements of both under prefixed names, and B's as
/// its own. In order, each once.
fn said<'a>(header: &'a RunHeader, key: &str) -> Vec<&'a str> {
    let notes = header.notes.iter().filter(|(k, _)| k.ends_with(key));
    let mut said: Vec<&str> = notes.map(|(_, said)| said.as_str()).collect();
    said.sort_unstable();
    said.dedup();
    said
}

/// The same for a verdict of another making: the claim, and what to do where it fails.
pub(crate) fn client_claim(header: &RunHeader) -> Option<(Claim, Option<String>)> {
    claim(header).map(|judged| (judged.claim, judged.next_step))
}

/// The figures of a valid client in a few words.
fn figures(notes: &BTreeMap<String, String>) -> String {
    let note = |name: &str| notes.get(&format!("client.{name}"));
    let mut parts = Vec::new();
    if let (Some(sent), Some(offered)) = (note("achieved_per_s"), note("offered_per_s")) {
        parts.push(format!("{sent} arrivals per second sent of {offered} due"));
    }
    if let Some(lag) = note("lag_p99_ms") {
        parts.push(format!("99% of trials started within {lag} ms"));
    }
    if let Some(most) = note("max_in_flight") {
        parts.push(format!("at most {most} under way"));
    }
    if let (Some(p50), Some(p99)) = (note("overhead_p50_ms"), note("overhead_p99_ms")) {
        parts.push(format!("own overhead {p50} ms, 99% within {p99} ms"));
    }
    match parts.as_slice() {
        [] => String::new(),
        _ => format!(" ({})", parts.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::join::header_tests::header;

    fn judged(notes: &[(&str, &str)]) -> Option<Judged> {
        let mut header = header(&[]);
        let notes = notes
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        header.notes.extend(notes);
        claim(&header)
    }

    #[test]
    fn a_client_that_was_the_bottleneck_makes_the_run_invalid() {
        assert!(judged(&[]).is_none());
        let valid =
            judged(&[("client.validity", "valid"), ("client.lag_p99_ms", "0.210")]).unwrap();
        assert!(!valid.invalid && valid.claim.state == ClaimState::Holds);
        assert!(valid.claim.sentence.contains("within 0.210 ms"));
        // One late run is enough, and its reason is told once.
        let notes = [
            ("A: client.validity", "valid"),
            ("B: client.validity", "too late: lower the rate"),
            ("client.validity", "too late: lower the rate"),
        ];
        let late = judged(&notes).unwrap();
        assert!(late.invalid && late.claim.state == ClaimState::Fails);
        assert_eq!(late.claim.sentence.matches("too late").count(), 1);
        assert!(late.next_step.unwrap().contains("--fresh"));
    }

    #[test]
    fn prompts_that_the_server_knew_make_a_run_invalid_in_their_own_words() {
        let notes = [
            ("client.validity", "valid"),
            ("client.prefix_problem", "the cache held 90%"),
        ];
        let known = judged(&notes).unwrap();
        assert!(known.invalid && known.claim.state == ClaimState::Fails);
        let sentence = known.claim.sentence;
        assert!(
            sentence.contains("not new to the server: the cache held 90%"),
            "{sentence}"
        );
        assert!(!sentence.contains("bottleneck"), "{sentence}");
    }
}
