//! What the gate says, before anything else.

use serde::Serialize;

use crate::model::{Claim, ClaimKind, ClaimState, Comparison, Estimate, Outcome, Report, Verdict};
use crate::render::headline::{Headline, bracketed, headlines};
use crate::render::number::{NONE, fixed, percent, signed_points};
use crate::render::table::{Cell, Table, Tone};
use crate::render::words;

/// The top of the page.
#[derive(Debug, Serialize)]
pub(super) struct View {
    word: &'static str,
    sign: &'static str,
    tone: Tone,
    sentence: String,
    facts: Vec<String>,
    alarm: Option<String>,
    overview: Option<Table>,
    cards: Vec<Card>,
}

#[derive(Debug, Serialize)]
struct Card {
    id: String,
    candidate: String,
    baseline: String,
    word: &'static str,
    sign: &'static str,
    tone: Tone,
    sentence: String,
    numbers: Vec<Headline>,
    next_steps: Vec<String>,
    required: Table,
    screened: Option<Table>,
}

/// Prepares the verdicts.
pub(super) fn view(report: &Report) -> View {
    let cards: Vec<Card> = report
        .verdicts
        .iter()
        .enumerate()
        .map(|(i, verdict)| card(report, verdict, i))
        .collect();
    View {
        word: words::outcome(report.outcome),
        sign: words::outcome_sign(report.outcome),
        tone: words::outcome_tone(report.outcome),
        sentence: words::whole_sentence(report),
        facts: facts(report),
        alarm: words::health_alarm(report),
        overview: (cards.len() > 1).then(|| overview(&cards)),
        cards,
    }
}

fn facts(report: &Report) -> Vec<String> {
    let p = &report.provenance;
    let count = crate::render::number::count;
    let mut facts = vec![
        format!("dataset {}", p.dataset.name),
        format!("{} samples", count(p.dataset.samples)),
        format!("{} policies", report.policies.len()),
        format!("{} models", p.fleet.len()),
        words::mode(p.mode).to_owned(),
    ];
    if p.repeats > 1 {
        facts.push(format!("{} repeats", p.repeats));
    }
    facts
}

fn card(report: &Report, verdict: &Verdict, index: usize) -> Card {
    let comparison: Option<&Comparison> = report
        .comparisons
        .iter()
        .find(|c| c.candidate == verdict.candidate);
    let (required, screened): (Vec<&Claim>, Vec<&Claim>) =
        verdict.claims.iter().partition(|claim| claim.required);
    Card {
        id: format!("candidate-{}", index + 1),
        candidate: verdict.candidate.clone(),
        baseline: verdict.baseline.clone(),
        word: words::outcome(verdict.outcome),
        sign: words::outcome_sign(verdict.outcome),
        tone: words::outcome_tone(verdict.outcome),
        sentence: verdict.sentence.clone(),
        numbers: comparison
            .map(|c| headlines(c, report.gate.alpha_pass).to_vec())
            .unwrap_or_default(),
        next_steps: if verdict.outcome == Outcome::Pass && verdict.next_steps.is_empty() {
            vec!["Nothing in this data. A new dataset, price or model needs a new run.".to_owned()]
        } else {
            verdict.next_steps.clone()
        },
        required: claims("Claims a PASS needs", &required),
        screened: (!screened.is_empty())
            .then(|| claims("Screened slices that do not hold", &screened)),
    }
}

fn overview(cards: &[Card]) -> Table {
    let mut table = Table::new(
        "Candidates",
        &[
            "Candidate",
            "Verdict",
            "Quality",
            "Cost",
            "Time to first token",
        ],
    );
    for card in cards {
        let mut row = vec![
            card.candidate.clone().into(),
            Cell::toned(format!("{} {}", card.sign, card.word), card.tone),
        ];
        row.extend((0..3).map(|i| {
            card.numbers
                .get(i)
                .map_or_else(|| NONE.into(), |n| Cell::toned(n.value.clone(), n.tone))
        }));
        table.push(row);
    }
    table
}

fn claims(caption: &str, claims: &[&Claim]) -> Table {
    let mut table = Table::new(
        caption,
        &["Claim", "State", "#Estimate", "#Limit", "In words"],
    );
    for claim in claims {
        let (state, tone) = words::claim_state(claim.state);
        let (estimate, limit) = numbers(claim);
        let tone = if claim.state == ClaimState::Holds {
            Tone::Good
        } else {
            tone
        };
        table.push(vec![
            format!("{} · {}", claim.slice, words::claim_kind(claim.kind)).into(),
            Cell::toned(state, tone),
            estimate.into(),
            limit.into(),
            claim.sentence.clone().into(),
        ]);
    }
    table
}

/// Estimate and limit of a claim in its own unit.
fn numbers(claim: &Claim) -> (String, String) {
    let write: fn(f64) -> String = match claim.kind {
        ClaimKind::Coverage | ClaimKind::Saving => percent,
        ClaimKind::Quality | ClaimKind::QualityWorstCase => signed_points,
        ClaimKind::TtftSlo | ClaimKind::Errors => |x| fixed(100.0 * x, 1),
        // Several numbers with limits of their own, all in its sentence.
        ClaimKind::Client => |_| NONE.to_owned(),
    };
    let estimate = |e: &Estimate| bracketed(e, write);
    (
        claim
            .estimate
            .as_ref()
            .map_or_else(|| NONE.to_owned(), estimate),
        write(claim.limit),
    )
}
