//! The judgement of a settled table.

use weighbridge_record::{CandidateEvidence, ClaimEvidence, PolicyRole, Question};

use super::candidate::Candidate;
use super::{Process, intervals, summary, verdict};
use crate::compare::Frame;
use crate::model::{Comparison, Outcome, Sequential, SequentialStop, Verdict};

/// Everything a report needs.
pub(crate) struct Judgement {
    pub(crate) verdicts: Vec<Verdict>,
    pub(crate) summary: Sequential,
    pub(crate) evidence: Vec<CandidateEvidence>,
    /// Blocks used: from, and up to without.
    pub(crate) blocks: (u64, u64),
}

/// Judges a sequential run and replaces the intervals of its comparisons by such that are valid at
/// every look. `None` for a fixed-n run.
pub(crate) fn judge(frame: &Frame<'_>, comparisons: &mut [Comparison]) -> Option<Judgement> {
    let table = frame.table;
    let baseline = frame.baseline()?;
    let mut process = Process::new(table).ok()??;
    process.advance(table);
    let mut all = Process::over(table, |role| role != PolicyRole::Baseline).ok()??;
    all.advance_to(table, process.cursor);
    let from = process.layout.from_block.min(process.cursor);
    let visited = &process.layout.blocks[from..process.cursor];
    for comparison in comparisons.iter_mut() {
        let of_policy = |c: &&Candidate| c.name == comparison.candidate;
        if let Some(candidate) = all.candidates.iter().find(of_policy) {
            intervals::rewrite(frame, &all.layout, candidate, baseline, visited, comparison);
        }
    }
    let stop = process.stop().unwrap_or(SequentialStop::Unfinished);
    let verdicts: Vec<Verdict> = process
        .candidates
        .iter()
        .filter_map(|candidate| {
            let comparison = comparisons.iter().find(|c| c.candidate == candidate.name)?;
            let layout = &process.layout;
            Some(verdict::verdict(frame, layout, candidate, comparison, stop))
        })
        .collect();
    let judged = || process.candidates.iter().zip(&verdicts);
    Some(Judgement {
        summary: summary::summary(frame, &process, &verdicts, stop),
        evidence: judged().map(|(c, v)| evidence(c, v.outcome)).collect(),
        blocks: (from as u64, process.cursor as u64),
        verdicts,
    })
}

fn evidence(candidate: &Candidate, outcome: Outcome) -> CandidateEvidence {
    let of_bets = candidate.bets().map(|bet| ClaimEvidence {
        slice: bet.slice.clone(),
        question: bet.question,
        log_e: bet.own_log_e(),
        decided: bet.decided,
    });
    let saving = candidate.saving.iter().flat_map(|saving| {
        let line = |question, decided| ClaimEvidence {
            slice: "overall".to_owned(),
            question,
            log_e: 0.0,
            decided,
        };
        [
            line(Question::SavingReached, saving.reached),
            line(Question::SavingMissed, saving.missed),
        ]
    });
    CandidateEvidence {
        candidate: candidate.name.clone(),
        outcome: outcome.as_str().to_owned(),
        evidence: of_bets.chain(saving).collect(),
    }
}
