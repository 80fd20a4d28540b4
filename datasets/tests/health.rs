//! The checks on made-up cells: degenerate input, and the order of the cells.

use proptest::prelude::*;
use weighbridge_datasets::health::{Cell, Finding, FindingKind, Severity, check};
use weighbridge_datasets::{Score, TokenSource, Usage};

#[derive(Debug, Clone)]
struct Row {
    sample: String,
    model: &'static str,
    slices: Vec<&'static str>,
    score: Score,
    chance: Option<f64>,
    usage: Option<Usage>,
}

impl Row {
    fn cell(&self) -> Cell<'_> {
        Cell {
            sample: &self.sample,
            model: self.model,
            slices: &self.slices,
            score: &self.score,
            chance: self.chance,
            usage: self.usage.as_ref(),
        }
    }
}

fn row(number: usize, model: &'static str, score: f64) -> Row {
    Row {
        sample: format!("s{number}"),
        model,
        slices: vec!["t=a"],
        score: Score::Value(score),
        chance: Some(0.25),
        usage: None,
    }
}

fn kinds(rows: &[Row]) -> Vec<(FindingKind, Severity, u64)> {
    let found = check(rows.iter().map(Row::cell));
    found.iter().map(|f| (f.kind, f.severity, f.n)).collect()
}

#[test]
fn nothing_and_one_row_have_no_findings() {
    assert!(kinds(&[]).is_empty());
    assert!(kinds(&[row(0, "m", 0.0)]).is_empty());
    assert!(kinds(&[row(0, "m", 1.0)]).is_empty());
}

#[test]
fn below_chance_is_a_defect_or_a_warning_after_holm() {
    // Two models, so that the slice is not saturated. 0.75^n: n = 25 gives 0.00075.
    let rows = |n: usize| {
        let wrong = (0..n).map(|i| row(i, "m", 0.0));
        wrong
            .chain((0..n).map(|i| row(i, "right", 1.0)))
            .collect::<Vec<_>>()
    };
    let found = kinds(&rows(25));
    assert_eq!(found, [(FindingKind::BelowChance, Severity::Defect, 25)]);
    // n = 13 gives 0.0238, doubled 0.0475 < 0.05; n = 12 gives 0.0317, doubled above.
    assert_eq!(
        kinds(&rows(13)),
        [(FindingKind::BelowChance, Severity::Warning, 13)]
    );
    assert!(kinds(&rows(12)).is_empty());
}

#[test]
fn failures_and_fractions_are_not_guesses() {
    let mut failed: Vec<_> = (0..50).map(|i| row(i, "m", 0.0)).collect();
    for row in &mut failed {
        row.score = Score::Failed("timeout".to_owned());
    }
    failed.push(row(50, "m", 1.0));
    assert!(kinds(&failed).is_empty());
    let mut fractions: Vec<_> = (0..50).map(|i| row(i, "m", 0.0)).collect();
    fractions.push(row(50, "m", 0.5));
    assert!(kinds(&fractions).is_empty());
}

#[test]
fn rows_in_no_slice_are_tested_together() {
    let mut rows: Vec<_> = (0..30).map(|i| row(i, "m", 0.0)).collect();
    rows.push(row(30, "m", 1.0));
    for row in &mut rows {
        row.slices.clear();
    }
    let found = check(rows.iter().map(Row::cell));
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].kind, &found[0].slice),
        (FindingKind::BelowChance, &None)
    );
}

#[test]
fn saturation_needs_ten_rows_of_every_model() {
    let rows = |n: usize, score: f64| {
        let models = ["a", "b"].into_iter();
        let all = models.flat_map(move |m| (0..n).map(move |i| row(i, m, score)));
        all.map(|mut r| {
            r.chance = None;
            r
        })
        .collect::<Vec<_>>()
    };
    let note = |n| [(FindingKind::SaturatedSlice, Severity::Note, n)];
    assert_eq!(kinds(&rows(10, 1.0)), note(10));
    assert_eq!(kinds(&rows(11, 0.0)), note(11));
    assert!(kinds(&rows(9, 1.0)).is_empty());
    let mut open = rows(10, 1.0);
    open[3].score = Score::Value(0.0);
    assert!(kinds(&open).is_empty());
    open[3].score = Score::Unscored("no label".to_owned());
    let found = kinds(&open);
    assert_eq!(found, [(FindingKind::MissingScore, Severity::Warning, 1)]);
}

#[test]
fn a_repeated_pair_is_a_defect() {
    let rows = [row(0, "m", 1.0), row(1, "m", 1.0), row(0, "m", 1.0)];
    assert_eq!(
        kinds(&rows),
        [(FindingKind::DuplicateId, Severity::Defect, 1)]
    );
}

#[test]
fn the_gravest_comes_first() {
    let mut rows: Vec<_> = (0..30).map(|i| row(i, "m", 0.0)).collect();
    rows.push(row(30, "m", f64::NAN));
    rows[0].score = Score::Unscored("judge gave no rating (-1)".to_owned());
    for row in &mut rows {
        row.usage = Some(Usage {
            input_tokens: Some(40),
            output_tokens: Some(3),
            source: TokenSource::Recorded,
            ..Usage::default()
        });
    }
    use FindingKind::{BelowChance, ConstantTokens, JudgeFailure, MissingScore};
    use Severity::{Defect, Warning};
    assert_eq!(
        kinds(&rows),
        [
            (BelowChance, Defect, 29),
            (ConstantTokens, Defect, 31),
            (MissingScore, Defect, 1),
            (JudgeFailure, Warning, 1),
        ]
    );
}

fn any_row() -> impl Strategy<Value = Row> {
    let score = prop_oneof![
        6 => Just(Score::Value(0.0)),
        2 => Just(Score::Value(1.0)),
        1 => Just(Score::Value(0.3)),
        1 => Just(Score::Value(f64::NAN)),
        1 => Just(Score::Unscored("judge failed".to_owned())),
        1 => Just(Score::Failed("timeout".to_owned())),
    ];
    let slices = prop_oneof![Just(vec![]), Just(vec!["t=a"]), Just(vec!["t=b", "u=c"]),];
    let chance = prop_oneof![
        Just(None),
        Just(Some(1.0 / 3.0)),
        Just(Some(0.2)),
        Just(Some(0.9))
    ];
    let usage = prop_oneof![
        Just(None),
        (0u64..2, 0u64..2).prop_map(|(input, output)| Some(Usage {
            input_tokens: Some(input),
            output_tokens: Some(output),
            ..Usage::default()
        })),
    ];
    let model = prop_oneof![Just("m"), Just("n"), Just("o")];
    (0usize..60, model, slices, score, chance, usage).prop_map(
        |(number, model, slices, score, chance, usage)| Row {
            sample: format!("s{number}"),
            model,
            slices,
            score,
            chance,
            usage,
        },
    )
}

fn text(found: &[Finding]) -> String {
    format!("{found:?}")
}

proptest! {
    #[test]
    fn the_order_of_cells_does_not_change_the_findings(
        (rows, shuffled) in prop::collection::vec(any_row(), 0..120)
            .prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle()))
    ) {
        let before = check(rows.iter().map(Row::cell));
        let after = check(shuffled.iter().map(Row::cell));
        prop_assert_eq!(text(&before), text(&after));
    }
}
