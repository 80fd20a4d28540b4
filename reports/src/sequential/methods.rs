//! Notes on method for the reader of a sequential report.

use crate::gate::points;
use crate::model::{Report, Sequential};

/// What was done, in plain words.
pub(crate) fn notes(summary: &Sequential, report: &Report) -> Vec<String> {
    let gate = &report.gate;
    let mut notes = vec![
        "Sequential: samples are visited in an order fixed by a hash of their ids, and every claim is \
         looked at after each. Evidence is an e-value, the capital of a bettor who could only have \
         won it by luck if the claim were false; error rates hold at every look together (Ville's \
         inequality)."
            .to_owned(),
        format!(
            "PASS needs an e-value of at least 1/{} for a loss below {} points overall, and below the \
             margin of each critical slice (Waudby-Smith and Ramdas 2024, stakes fixed before each \
             sample).",
            summary.alpha_pass,
            points(gate.overall_margin)
        ),
        format!(
            "BLOCK needs a loss shown family-wise at {} over all slices that gate and seen beyond the \
             margin, or a critical slice shown to lose more than its margin; each way has half of \
             the rate and is decided by closed testing with averages of e-values.",
            summary.alpha_block
        ),
        "A cluster of samples is one observation, its mean difference, and weighs as much as a sample on \
         its own."
            .to_owned(),
        "A sample that could not be judged counts as a loss where a loss is to be excluded and as a gain \
         where a loss is to be shown; a failed baseline counts as right where a loss is to be excluded."
            .to_owned(),
        "Intervals of quality differences are betting confidence sequences, valid at every look. \
         Intervals of single policies, of cost and of latency are fixed-n intervals of the samples \
         used: they are not valid under early stopping and decide nothing. A promised saving is \
         decided by an asymptotic confidence sequence."
            .to_owned(),
        "Futility is arithmetic: a candidate is given up when even a gain in every remaining sample could \
         not prove a required claim."
            .to_owned(),
    ];
    if summary.round > 1 {
        notes.push(format!(
            "The samples are gone through for the {}. time for this change, so the error rates are \
             halved {} times; all rounds together err at most twice as often as the policy says.",
            summary.round,
            summary.round - 1
        ));
    }
    notes.push(
        "Every statement treats the samples as drawn from the traffic to come; a change of traffic is \
         outside all of them."
            .to_owned(),
    );
    notes
}
