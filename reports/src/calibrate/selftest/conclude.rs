//! Whether the gate behaves.

use weighbridge_record::SliceTier;

use super::candidate::{Row, TargetTest};
use super::run::Options;
use crate::compare::Levels;
use crate::gate::{percent, points};
use crate::stats::proportion::clopper_pearson_upper;

/// Monte-Carlo standard errors granted before a share counts as off.
const ERRORS: f64 = 3.0;

/// What Tango's score test, which is approximate, may exceed its nominal rate by: its worst exact
/// type-I error over margins, sizes and flip rates is below 1.2 times the nominal one.
const SCORE_TEST: f64 = 1.2;

/// What the arithmetic of the plan may be off by, being a normal approximation.
const PLAN: f64 = 0.05;

/// Whether the gate behaves, and what was found.
pub(super) fn conclude(
    targets: &[TargetTest],
    levels: &Levels,
    options: &Options,
) -> (bool, Vec<String>) {
    let mut faults = Vec::new();
    let mut remarks = Vec::new();
    for target in targets {
        if target.tier == SliceTier::Critical {
            faults.extend(false_passes(target, levels.pass, options));
        } else {
            remarks.push(format!(
                "{} is not critical: a PASS does not promise anything about it, and only the screen \
                 guards it",
                target.slice
            ));
        }
        let (caught, sentence) = caught(target, levels, options);
        // A critical slice that cannot block cannot pass on nothing either; the overall score, or
        // the slice asked for, must be able to.
        let decisive = target.slice == "overall" || targets.len() == 1;
        if decisive && caught == Some(false) {
            faults.extend(sentence);
        } else {
            remarks.extend(sentence);
        }
    }
    let behaves = faults.is_empty();
    if behaves {
        faults.push("the gate behaves on this run".to_owned());
    }
    faults.extend(remarks);
    (behaves, faults)
}

/// Losses at the margin or beyond that pass too often.
fn false_passes(target: &TargetTest, alpha: f64, options: &Options) -> Option<String> {
    let trials = f64::from(options.trials);
    let error = (alpha * (1.0 - alpha) / trials).sqrt();
    let allowed = SCORE_TEST * alpha + ERRORS * error;
    let wrong = |row: &&Row| row.loss >= target.margin && row.pass.share > allowed;
    let row = target.rows.iter().find(wrong)?;
    Some(format!(
        "the gate passes a true loss of {} points in {} in {} of {} runs; {} is allowed (alpha {alpha} \
         with the approximation of the score test and Monte-Carlo error)",
        points(row.loss),
        target.slice,
        row.pass.count,
        row.pass.trials,
        percent(allowed)
    ))
}

/// Whether the largest injected loss is caught; `None` where none beyond the margin was injected.
fn caught(
    target: &TargetTest,
    levels: &Levels,
    options: &Options,
) -> (Option<bool>, Option<String>) {
    let Some(row) = target.rows.last().filter(|row| row.loss > target.margin) else {
        let text = format!(
            "{}: no loss beyond its margin of {} points was injected, so it is not seen to block{}",
            target.slice,
            points(target.margin),
            if target.impossible.is_empty() {
                ""
            } else {
                "; there is not that much to lose"
            }
        );
        let could_not =
            target.rows.iter().all(|r| r.block.count == 0) && !target.impossible.is_empty();
        return (could_not.then_some(false), Some(text));
    };
    let loss = points(row.loss);
    let name = &target.slice;
    let n = target.n;
    if row.block.count == 0 {
        let text = format!(
            "a gate that is never seen to block is decoration: with {n} samples in {name}, a true \
             loss of {loss} points was blocked in none of {} runs",
            row.block.trials
        );
        return (Some(false), Some(text));
    }
    // Blocks of a gate that blocks at its false-alarm rate only would stay below this.
    let chance = levels.family + ERRORS * (levels.family / f64::from(options.trials)).sqrt();
    if row.block.share <= chance {
        let text = format!(
            "{name}: a true loss of {loss} points is blocked in {} of {} runs, hardly more often than \
             by chance",
            row.block.count, row.block.trials
        );
        return (Some(false), Some(text));
    }
    let planned = row
        .planned_block
        .map(|p| p - PLAN - ERRORS * row.block.mc_error);
    if planned.is_some_and(|planned| row.block.share < planned) {
        let text = format!(
            "{name}: a true loss of {loss} points is blocked in {} of the runs, planned are {}",
            percent(row.block.share),
            percent(row.planned_block.unwrap_or(0.0))
        );
        return (Some(false), Some(text));
    }
    let missed = row.block.trials - row.block.count;
    let most = clopper_pearson_upper(missed, row.block.trials, 0.05).unwrap_or(1.0);
    let weak = row.block.share < 0.5;
    let text = weak.then(|| {
        format!(
            "{name}: a true loss of {loss} points is not blocked in up to {} of the runs: {n} samples \
             cannot show more",
            percent(most)
        )
    });
    (Some(true), text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::Share;
    use crate::model::Outcome;
    use weighbridge_record::GatePolicy;

    /// A target of margin .05 with these `(loss, passes, blocks)` of 400 trials.
    fn target(rows: &[(f64, u64, u64)]) -> TargetTest {
        let row = |&(loss, pass, block): &(f64, u64, u64)| Row {
            loss,
            overall_loss: loss,
            pass: Share::new(pass, 400),
            block: Share::new(block, 400),
            inconclusive: Share::new(400 - pass - block, 400),
            planned_block: (loss > 0.1).then_some(0.9),
            example: Outcome::Pass,
            sentence: String::new(),
        };
        TargetTest {
            slice: "overall".to_owned(),
            tier: SliceTier::Critical,
            n: 100,
            margin: 0.05,
            flip_rate: 0.1,
            most: 0.9,
            rows: rows.iter().map(row).collect(),
            impossible: Vec::new(),
        }
    }

    fn concluded(rows: &[(f64, u64, u64)]) -> (bool, String) {
        let options = Options {
            trials: 400,
            ..Options::default()
        };
        let levels = Levels::of(&GatePolicy::default());
        let (behaves, findings) = conclude(&[target(rows)], &levels, &options);
        (behaves, findings[0].clone())
    }

    #[test]
    fn a_gate_that_passes_losses_or_does_not_block_is_told_so() {
        assert!(concluded(&[(0.0, 380, 4), (0.05, 22, 150), (0.2, 0, 390)]).0);
        let (behaves, why) = concluded(&[(0.0, 380, 4), (0.05, 60, 150), (0.2, 0, 390)]);
        assert!(
            !behaves && why.contains("passes a true loss of 5 points"),
            "{why}"
        );
        // A PASS beyond the margin is as wrong.
        let (behaves, why) = concluded(&[(0.05, 20, 150), (0.2, 60, 340)]);
        assert!(
            !behaves && why.contains("passes a true loss of 20 points"),
            "{why}"
        );
        let (behaves, why) = concluded(&[(0.05, 0, 0), (0.2, 0, 0)]);
        assert!(!behaves && why.contains("is decoration"), "{why}");
        let (behaves, why) = concluded(&[(0.05, 0, 0), (0.2, 0, 25)]);
        assert!(
            !behaves && why.contains("hardly more often than by chance"),
            "{why}"
        );
        let (behaves, why) = concluded(&[(0.05, 0, 0), (0.2, 0, 300)]);
        assert!(!behaves && why.contains("planned are 90.0%"), "{why}");
    }

    #[test]
    fn without_a_loss_beyond_the_margin_nothing_is_claimed() {
        let (behaves, _) = concluded(&[(0.0, 380, 4)]);
        assert!(behaves);
    }
}
