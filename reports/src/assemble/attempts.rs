//! Which attempt at a change this is.

use weighbridge_record::{CandidateEvidence, ChangeAttempt, ChangeInfo, JudgedBy};

use crate::gate::points;
use crate::model::{Attempts, Outcome, Verdict};
use crate::sequential::Judgement;
use crate::table::{Money, RunTable};

/// `None` for logs that name no change.
pub(super) fn attempts(
    table: &RunTable,
    outcome: Outcome,
    verdicts: &[Verdict],
    judged: Option<&Judgement>,
) -> Option<Attempts> {
    let change = table.header().change.as_ref()?;
    Some(Attempts {
        change: change.key.clone(),
        number: change.attempt,
        note: note(change, table.header().gate.alpha_pass),
        this: this(table, change, outcome, verdicts, judged),
        earlier: change.earlier.clone(),
    })
}

fn this(
    table: &RunTable,
    change: &ChangeInfo,
    outcome: Outcome,
    verdicts: &[Verdict],
    judged: Option<&Judgement>,
) -> ChangeAttempt {
    let mut cost = Money::of_usd(table.unused().1);
    for arm in table.arms() {
        arm.cost_usd
            .iter()
            .for_each(|usd| cost += Money::of_usd(*usd));
    }
    let plain = |v: &Verdict| CandidateEvidence {
        candidate: v.candidate.clone(),
        outcome: v.outcome.as_str().to_owned(),
        evidence: Vec::new(),
    };
    let samples = table.samples().len() as u64;
    let (from_block, to_block) = judged.map_or((0, samples), |j| j.blocks);
    ChangeAttempt {
        from_block,
        to_block,
        samples_used: samples,
        cost_usd: cost.usd(),
        outcome: Some(outcome.as_str().to_owned()),
        candidates: match judged {
            Some(judged) => judged.evidence.clone(),
            None => verdicts.iter().map(plain).collect(),
        },
        ..change.begun(table.header())
    }
}

fn note(change: &ChangeInfo, alpha: f64) -> String {
    let before = change.earlier.iter();
    let fixed = before.filter(|a| a.method == JudgedBy::FixedN).count();
    let number = change.attempt;
    match change.method {
        JudgedBy::FixedN if number == 1 => format!(
            "Attempt 1 of this change: a false PASS at most {}% of the time. A repetition on other \
             answers adds as much again; a repetition on the same recording adds nothing.",
            points(alpha)
        ),
        JudgedBy::FixedN => format!(
            "Attempt {number} of this change. Fixed-n verdicts of repeated attempts inflate the false \
             PASS: with {number} tries it is up to {}% per claim instead of {}%.",
            points((f64::from(number) * alpha).min(1.0)),
            points(alpha)
        ),
        JudgedBy::Sequential => {
            let by_hand = match fixed {
                0 => String::new(),
                n => format!(
                    " {n} earlier fixed-n attempts add up to {}% of their own.",
                    points((n as f64 * alpha).min(1.0))
                ),
            };
            format!(
                "Attempt {number} of this change. Sequential attempts share their error rate: a false \
                 PASS at most {}% of the time per claim in the first round over the samples, {}% over \
                 all rounds.{by_hand}",
                points(alpha),
                points(2.0 * alpha)
            )
        }
    }
}
