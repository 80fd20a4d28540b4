//! `report.md`, which is also the comment on a pull request: verdict and three numbers first, the rest
//! folded, never longer than a forge accepts.

use std::fmt::Write as _;

use super::boards;
use super::escape::{markdown as esc, shorten};
use super::headline::{bracketed, headlines};
use super::number::{self, NONE, count, percent, points, signed_points, usd};
use super::{run_diff, words};
use crate::model::{Comparison, Report, SliceState, Verdict};

/// Hidden first line by which a bot finds its own comment again.
pub const MARKER: &str = "<!-- weighbridge-report -->";

/// GitHub refuses comments of 65,536 characters; a bot may add some lines of its own.
const MOST_CHARACTERS: usize = 60_000;

/// Slices of a candidate, the most guarded and weakest first; the rest is counted.
const MOST_SLICES: usize = 100;

/// Longest text from data in a cell.
const CELL: usize = 120;

/// Writes a report as Markdown of fewer than 65,536 characters.
pub fn markdown(report: &Report) -> String {
    let mut blocks = vec![head(report)];
    blocks.extend(report.verdicts.iter().map(|v| verdict(report, v)));
    blocks.extend(report.run_diff.as_ref().map(run_diff::markdown));
    blocks.extend(super::sequential::markdown(report));
    let rest = report
        .verdicts
        .iter()
        .filter_map(|v| comparison(report, v).map(slices))
        .chain([policies(report)])
        .chain(leaderboard(report))
        .chain(
            report
                .reliability
                .as_ref()
                .map(super::reliability::markdown),
        )
        .chain(health(report))
        .chain(losses(report))
        .chain(client(report))
        .chain(super::hit_costs::markdown(report))
        .chain([provenance(report)]);
    blocks.extend(rest);
    join(blocks)
}

/// Whole blocks as long as they fit; says so where one did not.
fn join(blocks: Vec<String>) -> String {
    let mut out = String::from(MARKER);
    let mut used = MARKER.chars().count();
    let mut left_out = 0;
    for block in blocks {
        let length = block.chars().count() + 2;
        if used + length > MOST_CHARACTERS {
            left_out += 1;
            continue;
        }
        used += length;
        out.push_str("\n\n");
        out.push_str(block.trim_end());
    }
    if left_out > 0 {
        let _ = write!(
            out,
            "\n\n_{left_out} parts are left out for length; report.html has them._"
        );
    }
    out.push('\n');
    out
}

fn comparison<'a>(report: &'a Report, verdict: &Verdict) -> Option<&'a Comparison> {
    report
        .comparisons
        .iter()
        .find(|c| c.candidate == verdict.candidate)
}

fn cell(text: &str) -> String {
    esc(&shorten(text, CELL))
}

fn head(report: &Report) -> String {
    let mut out = format!(
        "## {} {}: {}\n\n{}\n",
        words::outcome_sign(report.outcome),
        words::outcome(report.outcome),
        cell(&report.name),
        esc(&shorten(&words::whole_sentence(report), 600))
    );
    if let Some(alarm) = words::health_alarm(report) {
        let _ = write!(out, "\n> **Data defect.** {}\n", esc(&shorten(&alarm, 600)));
    }
    out
}

fn verdict(report: &Report, verdict: &Verdict) -> String {
    let mut out = format!(
        "### {} {}: {} against {}\n\n{}\n",
        words::outcome_sign(verdict.outcome),
        words::outcome(verdict.outcome),
        cell(&verdict.candidate),
        cell(&verdict.baseline),
        esc(&shorten(&verdict.sentence, 600))
    );
    if let Some(comparison) = comparison(report, verdict) {
        out.push_str("\n| | Change | Interval | |\n| --- | --- | --- | --- |\n");
        for number in headlines(comparison, report.gate.alpha_pass) {
            let _ = writeln!(
                out,
                "| {} | **{}** | {} | {} |",
                number.title,
                number.value,
                number.interval,
                number.note.replace('$', "\\$")
            );
        }
    }
    if !verdict.next_steps.is_empty() {
        out.push_str("\nWhat would change this verdict:\n\n");
        for step in verdict.next_steps.iter().take(10) {
            let _ = writeln!(out, "- {}", esc(&shorten(step, 400)));
        }
    }
    if !verdict.claims.is_empty() {
        out.push_str("\n| Claim | Needed | State | In words |\n| --- | --- | --- | --- |\n");
    }
    for claim in verdict.claims.iter().take(30) {
        let _ = writeln!(
            out,
            "| {} · {} | {} | {} | {} |",
            cell(&claim.slice),
            words::claim_kind(claim.kind),
            if claim.required { "yes" } else { "screen" },
            words::claim_state(claim.state).0,
            esc(&shorten(&claim.sentence, 300))
        );
    }
    out
}

fn folded(summary: &str, body: &str) -> String {
    format!("<details>\n<summary>{summary}</summary>\n\n{body}\n</details>\n")
}

fn slices(comparison: &Comparison) -> String {
    let mut body = String::from(
        "| Slice | Tier | n | Difference, points | Better / worse | Margin | Loss excluded | State |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | --- |\n",
    );
    let all = std::iter::once(&comparison.overall).chain(words::sorted_slices(comparison));
    for slice in all.take(MOST_SLICES + 1) {
        let empty = slice.verdict == SliceState::Empty;
        let _ = writeln!(
            body,
            "| {} | {} | {} | {} | {} / {} | {} | {} | {} |",
            cell(&slice.name),
            words::tier(slice.tier),
            count(slice.n),
            if empty {
                NONE.to_owned()
            } else {
                bracketed(&slice.difference, signed_points)
            },
            slice.gains,
            slice.losses,
            number::margin(slice.margin),
            slice
                .certified_loss
                .map_or_else(|| NONE.to_owned(), |x| number::bound(x, slice.margin)),
            words::slice_state(slice).0
        );
    }
    if let Some(more @ 1..) = comparison.slices.len().checked_sub(MOST_SLICES) {
        let _ = writeln!(body, "\n_{more} more slices are in report.html._");
    }
    let _ = write!(body, "\n{}\n", esc(&words::stopped(&comparison.screen)));
    folded(
        &format!(
            "Slices of {} ({})",
            cell(&comparison.candidate),
            comparison.slices.len()
        ),
        &body,
    )
}

fn policies(report: &Report) -> String {
    let mut body = String::from(
        "| Policy | Role | Quality, points | Cost per 1,000 | Calls per request | Failed |\n\
         | --- | --- | ---: | ---: | ---: | ---: |\n",
    );
    for policy in &report.policies {
        let _ = writeln!(
            body,
            "| {} | {} | {} | {} | {} | {} |",
            cell(&policy.name),
            words::role(policy.role),
            bracketed(&policy.quality, points),
            // A dollar sign opens mathematics on some forges.
            usd(policy.cost_per_1k_usd).replace('$', "\\$"),
            number::fixed(policy.calls_per_request, 2),
            count(policy.failed)
        );
    }
    for routing in &report.routing {
        for control in &routing.controls {
            let _ = write!(
                body,
                "\n- {} against {}: {}",
                cell(&routing.policy),
                cell(&control.control),
                esc(&shorten(&control.sentence, 300))
            );
        }
    }
    folded(&format!("Policies ({})", report.policies.len()), &body)
}

/// Every board: what can be told apart, then the ranks.
fn leaderboard(report: &Report) -> Option<String> {
    let leaderboard = report.leaderboard.as_ref()?;
    let mut body = String::new();
    for board in &leaderboard.boards {
        let _ = write!(body, "**{}**", boards::title(board.axis));
        for sentence in &board.sentences {
            let _ = write!(body, " {}", esc(&shorten(sentence, 400)));
        }
        let _ = write!(
            body,
            "\n\n| Ranks left open | Policy | {} | To the first row, simultaneous {} |\n\
             | --- | --- | ---: | ---: |\n",
            boards::unit(board.axis),
            number::level(leaderboard.level)
        );
        for row in board.rows.iter().take(30) {
            let _ = writeln!(
                body,
                "| {} | {} | {} | {} |",
                boards::ranks(row),
                cell(&row.policy),
                boards::point(board, row).replace('$', "\\$"),
                boards::to_first(board, row).replace('$', "\\$")
            );
        }
        body.push('\n');
    }
    let policies = leaderboard.boards.first().map_or(0, |b| b.rows.len());
    Some(folded(&format!("Leaderboard ({policies} policies)"), &body))
}

fn health(report: &Report) -> Option<String> {
    if report.health.is_empty() {
        return None;
    }
    let mut body = String::new();
    for finding in report.health.iter().take(30) {
        let _ = writeln!(
            body,
            "- **{}** {}",
            words::severity(finding.severity).0,
            esc(&shorten(&finding.message, 300))
        );
    }
    Some(folded(
        &format!("Data health ({} findings)", report.health.len()),
        &body,
    ))
}

/// What the measuring client says of itself.
fn client(report: &Report) -> Option<String> {
    let rows = super::html::client::rows(report);
    let mut body = String::from("| | |\n| --- | --- |\n");
    for (what, value) in &rows {
        let _ = writeln!(body, "| {what} | {} |", esc(&shorten(value, 400)));
    }
    (!rows.is_empty()).then(|| folded("Measuring client", &body))
}

fn losses(report: &Report) -> Option<String> {
    let mut body = String::new();
    for flip in report.flips.iter().filter(|f| f.difference < 0.0).take(10) {
        let answer = |text: &Option<String>| match text {
            Some(text) => esc(&shorten(text, 160)),
            None => "no answer".to_owned(),
        };
        let _ = writeln!(
            body,
            "- {}, sample {} ({} points)\n  - baseline, {}: {}\n  - candidate, {}: {}",
            cell(&flip.candidate_policy),
            cell(&flip.sample),
            signed_points(flip.difference),
            cell(&flip.baseline.score),
            answer(&flip.baseline.answer),
            cell(&flip.candidate.score),
            answer(&flip.candidate.answer)
        );
    }
    (!body.is_empty()).then(|| folded("Some lost samples", &body))
}

fn provenance(report: &Report) -> String {
    let p = &report.provenance;
    let made = super::json::made_under(report);
    let gate = if made == p.gate_hash {
        made.to_owned()
    } else {
        format!("{}, made under {made}", p.gate_hash)
    };
    let coverage = report
        .coverage
        .iter()
        .map(|c| share(c.scored, c.planned))
        .fold(1.0, f64::min);
    format!(
        "Weighbridge {} · {} · {} samples of {} · lowest coverage {} · seed {} · experiment {} · gate version {} {}\n",
        cell(&p.weighbridge),
        words::mode(p.mode),
        count(p.dataset.samples),
        cell(&p.dataset.name),
        percent(coverage),
        p.seed,
        cell(&p.experiment_hash),
        report.gate.version,
        cell(&gate)
    )
}

/// A share of counts; 1 of nothing.
#[expect(clippy::cast_precision_loss, reason = "counts of trials")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        1.0
    } else {
        part as f64 / whole as f64
    }
}
