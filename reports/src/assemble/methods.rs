//! Notes on method, in plain words.

use crate::compare::{Frame, Weighed, found_here};
use crate::gate::points;
use crate::stats::paired::{EXACT_LOSSES, EXACT_PAIRS};

pub(super) fn describe(frame: &Frame<'_>, weighed: &[Weighed], unread: usize) -> Vec<String> {
    let mut notes = vec![
        unit(frame),
        quality(),
        passing(frame),
        blocking(frame, weighed),
    ];
    notes.push(coverage(frame));
    notes.push(
        "Saving is the ratio of summed costs with Fieller's limits over clusters; fewer than 10 \
         clusters give no limits."
            .to_owned(),
    );
    if weighed.iter().any(|w| w.comparison.latency.is_some()) {
        notes.push(
            "Latency quantiles have order-statistic limits; a limit that this many trials cannot \
             give is left open. Failed trials count as infinite and stay in. The typical ratio is \
             the Hodges-Lehmann location of paired log ratios over all sample pairs."
                .to_owned(),
        );
    }
    notes.push(
        "Shrunken slice differences (DerSimonian-Laird) are for display; no decision uses them."
            .to_owned(),
    );
    notes.push(
        "Every interval treats the samples as drawn from the traffic to come; a change of traffic \
         is outside all of them."
            .to_owned(),
    );
    let found: Vec<String> = found_here(frame.table.header()).into_iter().collect();
    if !found.is_empty() {
        notes.push(format!(
            "Found by a search in this very comparison, so shown and never gating, whatever the gate \
             policy says: {}.",
            found.join("; ")
        ));
    }
    if unread > 0 {
        notes.push(format!(
            "The texts of {unread} trials shown as flips could not be read from the log."
        ));
    }
    notes
}

fn unit(frame: &Frame<'_>) -> String {
    let repeats = frame.table.repeats();
    let averaged = if repeats > 1 {
        format!(", the mean of its {repeats} repeats")
    } else {
        String::new()
    };
    let clusters = if frame.clusters.is_some() {
        " Samples of one cluster are not taken as independent."
    } else {
        ""
    };
    format!(
        "Policies are compared sample by sample{averaged}; a failed trial scores 0 and a trial that \
         could not be judged has no score.{clusters}"
    )
}

fn quality() -> String {
    format!(
        "Differences: Tango's score interval for binary scores, with a design effect where samples \
         share clusters; CR2 standard errors with Satterthwaite degrees of freedom for graded scores \
         when at least 10 clusters differ; the betting bound otherwise. Displayed intervals are \
         two-sided 95%. The one-sided limits of overall and critical slices on binary scores without clusters are exact \
         (unconditional, worst case over the flip rate) up to {EXACT_PAIRS} pairs, and beyond that \
         where they expect at most {EXACT_LOSSES} losses."
    )
}

fn passing(frame: &Frame<'_>) -> String {
    let gate = &frame.table.header().gate;
    format!(
        "PASS needs every required claim proven at one-sided alpha {} each (intersection-union, so \
         no correction): overall margin {} points, slice margin {} points unless set otherwise.",
        gate.alpha_pass,
        points(gate.overall_margin),
        points(gate.slice_margin)
    )
}

fn blocking(frame: &Frame<'_>, weighed: &[Weighed]) -> String {
    let gate = &frame.table.header().gate;
    let screen = weighed.first().map_or_else(String::new, |w| {
        format!(" For {}: {}.", w.comparison.candidate, w.comparison.screen)
    });
    format!(
        "BLOCK needs a family-wise significant loss at alpha {} and a point estimate beyond the \
         margin, over the overall score and every critical and guarded slice, or an upper limit \
         beyond the margin of a claim that must be proven. With gates on latency, errors or saving \
         the alpha is divided equally among them and quality ({} each).{screen}",
        gate.alpha_block,
        (frame.levels.family * 1e4).round() / 1e4
    )
}

fn coverage(frame: &Frame<'_>) -> String {
    let floor = frame.table.header().gate.coverage_floor;
    format!(
        "At least {}% of the trials of each arm must have a score. Trials without one are then \
         counted against the candidate and for the baseline, and a PASS must survive that.",
        points(floor)
    )
}
