//! What a sequential run comes to, claim by claim.

use weighbridge_record::Question;

use super::bet::Bet;
use super::candidate::{Candidate, Standing, Watched, blocked_before};
use super::layout::Layout;
use super::words::e_value;
use crate::compare::Frame;
use crate::gate::{client_claim, confidence, count, flips, percent, points, points_up};
use crate::model::{
    Claim, ClaimKind, ClaimState, Comparison, Estimate, Outcome, SequentialStop, Verdict,
};

/// The verdict on one candidate after the last look.
pub(super) fn verdict(
    frame: &Frame<'_>,
    layout: &Layout,
    candidate: &Candidate,
    comparison: &Comparison,
    stop: SequentialStop,
) -> Verdict {
    let mut claims = claims(layout, candidate, comparison);
    let (client, step) = client_claim(frame.table.header()).unzip();
    let step = step.flatten();
    let is_late = (client.as_ref()).is_some_and(|claim| claim.state == ClaimState::Fails);
    claims.extend(client);
    let uncovered = candidate.coverage() < layout.gate.coverage_floor;
    let outcome = match &candidate.standing {
        Standing::Block => Outcome::Block,
        _ if is_late => Outcome::Invalid,
        _ if uncovered || !layout.absent.is_empty() => Outcome::Invalid,
        Standing::Pass => Outcome::Pass,
        Standing::Going | Standing::Hopeless(_) => Outcome::Inconclusive,
    };
    Verdict {
        candidate: candidate.name.clone(),
        baseline: comparison.baseline.clone(),
        outcome,
        sentence: sentence(frame, layout, candidate, &claims, outcome, stop),
        next_steps: match step {
            Some(step) if outcome == Outcome::Invalid => vec![step],
            _ => next_steps(layout, candidate, &claims, outcome, stop),
        },
        claims,
    }
}

fn claims(layout: &Layout, candidate: &Candidate, comparison: &Comparison) -> Vec<Claim> {
    let mut claims = vec![coverage(layout, candidate)];
    let slices = || layout.guards.iter().zip(&candidate.slices);
    let required = slices().filter(|(_, w)| w.within.is_some());
    claims
        .extend(required.map(|(guard, watched)| quality(layout, &guard.name, watched, comparison)));
    claims.extend(layout.absent.iter().map(|name| absent(layout, name)));
    let slow = format!(
        "share of requests with a first token after {} ms",
        layout.gate.ttft_slo_ms.unwrap_or(0.0)
    );
    let rates = [
        (ClaimKind::TtftSlo, slow.as_str(), &candidate.slow),
        (
            ClaimKind::Errors,
            "share of failed trials",
            &candidate.errors,
        ),
    ];
    for (kind, what, watched) in rates {
        claims.extend(
            watched
                .as_ref()
                .map(|w| rate(layout, kind, what, w, comparison)),
        );
    }
    claims.extend(saving(layout, candidate, comparison));
    let guarded = slices().filter(|(_, w)| w.within.is_none() && w.blocks());
    claims
        .extend(guarded.map(|(guard, watched)| quality(layout, &guard.name, watched, comparison)));
    claims
}

fn claim(slice: &str, kind: ClaimKind, state: ClaimState, limit: f64, sentence: String) -> Claim {
    Claim {
        slice: slice.to_owned(),
        kind,
        required: true,
        state,
        estimate: None,
        limit,
        sentence,
    }
}

fn coverage(layout: &Layout, candidate: &Candidate) -> Claim {
    let (share, floor) = (candidate.coverage(), layout.gate.coverage_floor);
    let holds = share >= floor;
    let state = if holds {
        ClaimState::Holds
    } else {
        ClaimState::Fails
    };
    let text = format!(
        "{}{} of the trials of the samples used have a score, {} are required",
        if holds { "" } else { "only " },
        percent(share),
        percent(floor)
    );
    claim("overall", ClaimKind::Coverage, state, floor, text)
}

fn absent(layout: &Layout, name: &str) -> Claim {
    let text =
        format!("the gate policy names the critical slice `{name}`, and the run has no such slice");
    let limit = -layout.gate.margin(name);
    claim(name, ClaimKind::Quality, ClaimState::Open, limit, text)
}

/// `e-value 31.2 of the 20.0 needed`.
fn evidence(bet: &Bet) -> String {
    let needed = bet
        .log_threshold
        .map_or_else(String::new, |limit| format!(", {} decides", e_value(limit)));
    format!("e-value {}{needed}", e_value(bet.log_e()))
}

fn quality(layout: &Layout, name: &str, watched: &Watched, comparison: &Comparison) -> Claim {
    let margin = points(watched.margin);
    let result = std::iter::once(&comparison.overall)
        .chain(&comparison.slices)
        .find(|slice| slice.name == name);
    let within = watched.within.as_ref();
    let decided = |bet: &Option<Bet>| bet.as_ref().is_some_and(|b| b.decided);
    let (state, text) = if watched.blocks() {
        let shown = if decided(&watched.worse) {
            &watched.worse
        } else {
            &watched.beyond
        };
        let shown = shown.as_ref().map_or_else(String::new, |bet| {
            format!(
                "{}, e-value {}",
                super::words::question(bet.question),
                e_value(bet.log_peak)
            )
        });
        let seen = points(-watched.mean());
        let text = format!(
            "{name}: a loss is shown ({shown}); seen {seen} points, {margin} allowed ({})",
            flips(watched.n, watched.losses, watched.gains)
        );
        (ClaimState::Fails, text)
    } else if let Some(bet) = within.filter(|bet| bet.decided) {
        let text = format!(
            "{name}: loss above {margin} points excluded at {} (e-value reached {}; {})",
            confidence(layout.levels.pass),
            e_value(bet.log_peak),
            flips(watched.n, watched.losses, watched.gains)
        );
        (ClaimState::Holds, text)
    } else if watched.n == 0 {
        let text = format!(
            "{name}: no sample of this attempt{}",
            within.map_or_else(String::new, |bet| format!(" ({})", evidence(bet)))
        );
        (ClaimState::Open, text)
    } else {
        let bound = points_up(result.and_then(|r| r.certified_loss).unwrap_or(1.0));
        let text = format!(
            "{name}: cannot exclude a loss of up to {bound} points ({}; {})",
            within.map_or_else(String::new, evidence),
            flips(watched.n, watched.losses, watched.gains)
        );
        (ClaimState::Open, text)
    };
    Claim {
        required: within.is_some(),
        estimate: result.map(|r| r.difference.clone()),
        ..claim(name, ClaimKind::Quality, state, -watched.margin, text)
    }
}

fn rate(
    layout: &Layout,
    kind: ClaimKind,
    what: &str,
    watched: &Watched,
    comparison: &Comparison,
) -> Claim {
    let margin = points(watched.margin);
    let (state, text) = match &watched.within {
        _ if watched.blocks() => (
            ClaimState::Fails,
            format!(
                "{what}: a rise is shown ({}); seen {} points, {margin} allowed",
                watched.worse.as_ref().map_or_else(String::new, evidence),
                points(-watched.mean())
            ),
        ),
        Some(bet) if bet.decided => (
            ClaimState::Holds,
            format!(
                "{what}: rise above {margin} points excluded at {} (e-value reached {})",
                confidence(layout.levels.pass),
                e_value(bet.log_peak)
            ),
        ),
        within => (
            ClaimState::Open,
            format!(
                "{what}: cannot exclude a rise of {margin} points ({}); seen {} points",
                within.as_ref().map_or_else(String::new, evidence),
                points(-watched.mean())
            ),
        ),
    };
    let point = Estimate {
        point: 0.0 - watched.mean(),
        lower: None,
        upper: None,
        level: crate::compare::LEVEL,
        n: comparison.overall.n,
        method: "seen; decided by its e-values".to_owned(),
    };
    Claim {
        estimate: Some(point),
        ..claim("overall", kind, state, watched.margin, text)
    }
}

fn saving(layout: &Layout, candidate: &Candidate, comparison: &Comparison) -> Option<Claim> {
    let saving = candidate.saving.as_ref()?;
    let seen = comparison.cost.saving.as_ref().map(|s| s.point);
    let seen = seen.map_or_else(|| "nothing".to_owned(), percent);
    let promised = percent(saving.promised);
    let (state, text) = match (saving.missed, saving.reached) {
        (true, _) => (
            ClaimState::Fails,
            format!("saving of {promised} is ruled out; seen {seen}"),
        ),
        (false, true) => (
            ClaimState::Holds,
            format!(
                "saving of at least {promised} shown at {} (asymptotic confidence sequence; seen {seen})",
                confidence(layout.levels.pass)
            ),
        ),
        (false, false) => (
            ClaimState::Open,
            format!("saving of {promised} is not shown yet; seen {seen}"),
        ),
    };
    let estimate = comparison.cost.saving.clone();
    Some(Claim {
        estimate,
        ..claim("overall", ClaimKind::Saving, state, saving.promised, text)
    })
}

fn sentence(
    frame: &Frame<'_>,
    layout: &Layout,
    candidate: &Candidate,
    claims: &[Claim],
    outcome: Outcome,
    stop: SequentialStop,
) -> String {
    let with = |state: ClaimState| {
        let mut matching = claims.iter().filter(move |c| c.state == state);
        let first = matching.next().map(|c| c.sentence.clone());
        (first, matching.count() as u64)
    };
    let more = |(first, rest): (Option<String>, u64), verb: &str| {
        let first = first.unwrap_or_else(|| {
            let at = count(candidate.decided_at.unwrap_or(0), "sample");
            format!("a loss was shown after {at}")
        });
        match rest {
            0 => first,
            n => format!("{first}; {} {verb}", count(n, "more claim")),
        }
    };
    let change = frame.table.header().change.as_ref();
    match outcome {
        Outcome::Pass => format!(
            "loss above {} points excluded at {} after {}; every critical slice within its margin",
            points(layout.gate.overall_margin),
            confidence(layout.levels.pass),
            count(candidate.decided_at.unwrap_or(0), "sample")
        ),
        Outcome::Block if blocked_before(change, &candidate.name) => {
            "an earlier attempt at this change showed the loss, and a repetition does not undo it"
                .to_owned()
        }
        Outcome::Block => more(with(ClaimState::Fails), "also fail"),
        Outcome::Invalid if !layout.absent.is_empty() => absent(layout, &layout.absent[0]).sentence,
        Outcome::Invalid => more(with(ClaimState::Fails), "also fail"),
        Outcome::Inconclusive => match (&candidate.standing, stop) {
            (Standing::Hopeless(why), _) => format!("stopped as futile: {why}"),
            (_, SequentialStop::Exhausted) => {
                format!(
                    "all samples are used; {}",
                    more(with(ClaimState::Open), "also open")
                )
            }
            _ => more(with(ClaimState::Open), "also open"),
        },
    }
}

fn next_steps(
    layout: &Layout,
    candidate: &Candidate,
    claims: &[Claim],
    outcome: Outcome,
    stop: SequentialStop,
) -> Vec<String> {
    match (outcome, &candidate.standing, stop) {
        (Outcome::Pass, ..) => Vec::new(),
        (Outcome::Block, ..) => vec![
            "reduce the loss; a changed policy is a new change with evidence of its own".to_owned(),
        ],
        (Outcome::Invalid, ..) => layout
            .absent
            .iter()
            .map(|name| format!("register `{name}` under the experiment's slices or correct its name in the gate policy"))
            .chain((layout.absent.is_empty()).then(|| "complete or repair the trials without a score".to_owned()))
            .collect(),
        (_, Standing::Hopeless(_), _) | (_, _, SequentialStop::Exhausted) => claims
            .iter()
            .filter(|c| c.required && c.state == ClaimState::Open)
            .map(|c| format!("{}: more samples, or a wider margin", c.slice))
            .collect(),
        _ => vec!["go on: run again, and the evidence so far is kept".to_owned()],
    }
}

/// Rows of a candidate's evidence: required questions first.
pub(super) fn rows(candidate: &Candidate) -> Vec<crate::model::EvidenceRow> {
    let is_required = |bet: &&Bet| {
        matches!(
            bet.question,
            Question::WithinMargin | Question::TtftWithinMargin | Question::ErrorsWithinMargin
        )
    };
    let required = candidate.bets().filter(is_required);
    let others = candidate.bets().filter(|bet| !is_required(bet));
    required
        .chain(others)
        .map(|bet| crate::model::EvidenceRow {
            slice: bet.slice.clone(),
            question: bet.question,
            log_e: bet.log_e(),
            carried_log_e: bet.carried,
            log_threshold: bet.log_threshold,
            decided: bet.decided,
        })
        .collect()
}
