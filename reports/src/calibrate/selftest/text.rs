//! The self-test for people.

use std::fmt::Write as _;

use super::candidate::{Row, TargetTest};
use super::run::SelfTest;
use crate::calibrate::words::share;
use crate::gate::{percent, points};
use crate::model::Outcome;
use crate::render::plain;

impl SelfTest {
    /// A table per target, with the example of each loss, then what was found.
    pub fn text(&self) -> String {
        let mut out = format!(
            "Self-test of the gate on {}: {} verdicts for each loss, {} joint sign flips each (the gate \
             itself uses {}), seed {}\nFalse PASS allowed: {} of each claim. False BLOCK allowed on \
             scores: {}.\n",
            plain(&self.name),
            self.trials,
            self.flips,
            self.flips_of_the_gate,
            self.seed,
            percent(self.alpha_pass),
            percent(self.alpha_block),
        );
        for candidate in &self.candidates {
            let _ = writeln!(
                out,
                "\n{} against {}",
                plain(&candidate.candidate),
                plain(&candidate.baseline)
            );
            for target in &candidate.targets {
                push_target(&mut out, target);
            }
            let sign = if candidate.behaves { "✓" } else { "✕" };
            for (i, finding) in candidate.findings.iter().enumerate() {
                let mark = if i == 0 { sign } else { "-" };
                let _ = writeln!(out, "  {mark} {}", plain(finding));
            }
        }
        out
    }
}

fn push_target(out: &mut String, target: &TargetTest) {
    let _ = writeln!(
        out,
        "  {}: {} samples, {} of them flip, margin {} points\n  {:>12}  {:>15}  {:>15}  {:>15}  \
         {:>8}",
        plain(&target.slice),
        target.n,
        percent(target.flip_rate),
        points(target.margin),
        "true loss",
        "PASS",
        "BLOCK",
        "INCONCLUSIVE",
        "planned",
    );
    for row in &target.rows {
        push_row(out, target, row);
    }
    for row in &target.rows {
        let _ = writeln!(
            out,
            "    first draw at {} points: {}, {}",
            points(row.loss),
            word(row.example),
            plain(&row.sentence)
        );
    }
    for loss in &target.impossible {
        let _ = writeln!(
            out,
            "    {} points cannot be lost: the expected score is {}",
            points(*loss),
            points(target.most)
        );
    }
}

fn push_row(out: &mut String, target: &TargetTest, row: &Row) {
    let planned = row
        .planned_block
        .map_or_else(String::new, |p| format!("≥{:.0}%", 100.0 * p));
    let mark = if row.loss == target.margin { "=" } else { " " };
    let _ = writeln!(
        out,
        "  {mark}{:>8} pt  {:>15}  {:>15}  {:>15}  {planned:>8}",
        points(row.loss),
        share(&row.pass),
        share(&row.block),
        share(&row.inconclusive),
    );
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "PASS",
        Outcome::Block => "BLOCK",
        Outcome::Inconclusive => "INCONCLUSIVE",
        Outcome::Invalid => "INVALID",
    }
}
