//! A summary for standard output: what one must know, in a few lines.

use std::fmt::Write as _;

use super::boards;
use super::escape::{shorten, terminal as esc};
use super::headline::headlines;
use super::number::{count, level};
use super::table::Tone;
use super::{run_diff, words};
use crate::model::{ClaimState, Outcome, Report, Verdict};

/// Whether escape sequences may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Plain text.
    Never,
    /// ANSI colours around our own words.
    Ansi,
}

impl Colour {
    fn paint(self, tone: Tone, text: &str) -> String {
        let code = match (self, tone) {
            (Self::Never, _) | (_, Tone::Plain) => return text.to_owned(),
            (Self::Ansi, Tone::Good) => "1;32",
            (Self::Ansi, Tone::Bad) => "1;31",
            (Self::Ansi, Tone::Unsure) => "1;33",
            (Self::Ansi, Tone::Mute) => "2",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// Writes the summary. Text from data cannot hold escape sequences, line feeds or workflow commands.
pub fn terminal(report: &Report, colour: Colour) -> String {
    let mut out = format!(
        "{}: {}, {} samples of {}, {}\n",
        cut(&report.name, 80),
        count_of(report.policies.len(), "policy", "policies"),
        count(report.provenance.dataset.samples),
        cut(&report.provenance.dataset.name, 40),
        words::mode(report.provenance.mode)
    );
    if let Some(alarm) = words::health_alarm(report) {
        let word = colour.paint(Tone::Bad, "! Data defect");
        let _ = writeln!(out, "{word}: {}", cut(&alarm, 300));
    }
    if let Some(sequential) = &report.sequential {
        let _ = writeln!(
            out,
            "sequential: {}",
            cut(&super::sequential::line(sequential), 400)
        );
    }
    if let Some(attempts) = report.attempts.as_ref().filter(|a| a.number > 1) {
        let _ = writeln!(out, "{}", cut(&attempts.note, 400));
    }
    for verdict in &report.verdicts {
        push_verdict(&mut out, report, verdict, colour);
    }
    if let Some(diff) = &report.run_diff {
        out.push_str(&run_diff::terminal(diff));
    }
    push_leaderboard(&mut out, report);
    if report.verdicts.len() > 1 {
        let word = painted(report.outcome, colour);
        let _ = writeln!(out, "\n{word}  {}", esc(&words::whole_sentence(report)));
    }
    out
}

fn cut(text: &str, most: usize) -> String {
    shorten(&esc(text), most)
}

fn count_of(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

fn painted(outcome: Outcome, colour: Colour) -> String {
    let word = format!(
        "{} {}",
        words::outcome_sign(outcome),
        words::outcome(outcome)
    );
    colour.paint(words::outcome_tone(outcome), &word)
}

fn push_verdict(out: &mut String, report: &Report, verdict: &Verdict, colour: Colour) {
    let _ = writeln!(
        out,
        "\n{}  {} against {}\n  {}",
        painted(verdict.outcome, colour),
        cut(&verdict.candidate, 60),
        cut(&verdict.baseline, 60),
        cut(&verdict.sentence, 600)
    );
    let comparison = report
        .comparisons
        .iter()
        .find(|c| c.candidate == verdict.candidate);
    for number in comparison
        .into_iter()
        .flat_map(|c| headlines(c, report.gate.alpha_pass))
    {
        let value = colour.paint(number.tone, &format!("{:<16}", number.value));
        let _ = writeln!(
            out,
            "  {:<20} {value}  {}",
            number.title,
            [number.interval.as_str(), number.note.as_str()]
                .iter()
                .filter(|text| !text.is_empty())
                .copied()
                .collect::<Vec<_>>()
                .join("; ")
        );
    }
    push_open(out, verdict, colour);
}

/// The quality board in full where it is short; of the others what can be told apart.
fn push_leaderboard(out: &mut String, report: &Report) {
    const MOST_ROWS: usize = 12;
    let Some(leaderboard) = &report.leaderboard else {
        return;
    };
    for (i, board) in leaderboard.boards.iter().enumerate() {
        let said: Vec<String> = board.sentences.iter().map(|s| cut(s, 200)).collect();
        let title = boards::title(board.axis);
        if i > 0 {
            let most = said.len().min(2);
            let _ = writeln!(out, "  {title}: {}", said[..most].join(" "));
            continue;
        }
        let level = level(leaderboard.level);
        let _ = writeln!(out, "\nLeaderboard, simultaneous {level}");
        let _ = writeln!(out, "  {title}: {}", said.join("\n    "));
        for row in board.rows.iter().take(MOST_ROWS) {
            let _ = writeln!(
                out,
                "    {:<7} {:<28} {:>6}  {}",
                boards::ranks(row),
                cut(&row.policy, 28),
                boards::point(board, row),
                boards::to_first(board, row)
            );
        }
        if let Some(more @ 1..) = board.rows.len().checked_sub(MOST_ROWS) {
            let _ = writeln!(out, "    … and {more} more in the report");
        }
    }
}

/// Claims that do not hold, and what would change them.
fn push_open(out: &mut String, verdict: &Verdict, colour: Colour) {
    for claim in verdict
        .claims
        .iter()
        .filter(|c| c.state != ClaimState::Holds)
        .take(12)
    {
        let (state, tone) = words::claim_state(claim.state);
        let _ = writeln!(
            out,
            "  {} {} {}: {}",
            colour.paint(tone, state),
            cut(&claim.slice, 40),
            words::claim_kind(claim.kind),
            cut(&claim.sentence, 300)
        );
    }
    for step in verdict.next_steps.iter().take(6) {
        let _ = writeln!(out, "  → {}", cut(step, 300));
    }
}
