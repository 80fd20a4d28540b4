//! Slices of every candidate: forest plot and table.

use serde::Serialize;
use weighbridge_record::SliceTier;

use super::detail::Detail;
use super::figure::Figure;
use crate::model::{Comparison, Estimate, Report, SliceResult, SliceState};
use crate::render::headline::bracketed;
use crate::render::number::{self, NONE, count, p_value, percent, points, signed_points};
use crate::render::svg::forest;
use crate::render::table::{Cell, Table, Tone};
use crate::render::words::{self, counted};

/// Slices of one candidate.
#[derive(Debug, Serialize)]
pub(super) struct View {
    candidate: String,
    baseline: String,
    pairs: String,
    routed: Option<String>,
    screen: String,
    main: Figure,
    exploratory: Option<Figure>,
    exploratory_count: String,
}

/// Prepares the slices of every candidate, in the order of the verdicts.
pub(super) fn view(report: &Report, detail: Detail) -> Vec<View> {
    report
        .verdicts
        .iter()
        .enumerate()
        .take(detail.candidates)
        .filter_map(|(i, verdict)| {
            let found = report
                .comparisons
                .iter()
                .find(|c| c.candidate == verdict.candidate);
            found.map(|comparison| one(comparison, i + 1, detail))
        })
        .collect()
}

fn one(comparison: &Comparison, number: usize, detail: Detail) -> View {
    let sorted = words::sorted_slices(comparison);
    let of = |tier: SliceTier| -> Vec<&SliceResult> {
        sorted.iter().copied().filter(|s| s.tier == tier).collect()
    };
    let mut groups = vec![("Overall", vec![&comparison.overall])];
    for (head, tier) in [
        ("Critical: must be proven for a PASS", SliceTier::Critical),
        ("Guarded: can block, need no proof", SliceTier::Guarded),
    ] {
        let slices = of(tier);
        if !slices.is_empty() {
            groups.push((head, slices));
        }
    }
    let exploratory = of(SliceTier::Exploratory);
    let title = format!("{} against {}", comparison.candidate, comparison.baseline);
    View {
        candidate: comparison.candidate.clone(),
        baseline: comparison.baseline.clone(),
        pairs: pairs(comparison),
        routed: comparison.routed_loss.as_ref().map(routed),
        screen: words::stopped(&comparison.screen),
        main: figure(
            &groups,
            &format!("forest-{number}"),
            &format!("Slices: {title}"),
        ),
        exploratory_count: counted(exploratory.len(), "exploratory slice"),
        exploratory: (detail.exploratory && !exploratory.is_empty()).then(|| {
            figure(
                &[("Exploratory: shown only, never gate", exploratory)],
                &format!("forest-{number}-exploratory"),
                &format!("Exploratory slices: {title}"),
            )
        }),
    }
}

/// What happens to the samples that the candidate sends elsewhere. A loss below 0 is a gain, told as one.
fn routed(loss: &Estimate) -> String {
    let (verb, change) = match loss.point < 0.0 {
        false => ("loses", loss.clone()),
        true => ("gains", loss.negated()),
    };
    format!(
        "On the samples it sends to another model, the candidate {verb} {} points.",
        bracketed(&change, points)
    )
}

fn pairs(comparison: &Comparison) -> String {
    let mut text = format!("{} samples paired", count(comparison.pairs));
    if comparison.unpaired > 0 {
        text += &format!(", {} could not be paired", count(comparison.unpaired));
    }
    let errors = &comparison.errors;
    text += &format!(
        ". Failed requests: {} instead of {}, {} points. The dearest 1% of requests carry {} of \
         the cost",
        percent(errors.candidate),
        percent(errors.baseline),
        bracketed(&errors.rise, signed_points),
        percent(comparison.cost.top_percent_share)
    );
    text
}

fn figure(groups: &[(&str, Vec<&SliceResult>)], id: &str, title: &str) -> Figure {
    let caption = "Mark: estimate (square proven, diamond loss shown, circle undecided, triangle \
                   shown only). Line: two-sided 95% interval, with an arrow where it goes on. \
                   Bracket: loss excluded at the one-sided level. Hollow circle: estimate shrunken \
                   towards the mean, for display. Shaded: acceptable, right of minus the margin.";
    Figure::new(
        |width| forest(groups, width, id, title),
        caption,
        table(groups, title),
    )
}

fn table(groups: &[(&str, Vec<&SliceResult>)], title: &str) -> Table {
    let mut table = Table::new(
        title,
        &[
            "Slice",
            "Tier",
            "#n",
            "#Clusters",
            "#Baseline",
            "#Candidate",
            "#Difference [95%]",
            "#Better",
            "#Worse",
            "#Margin",
            "#Loss excluded",
            "#Over all slices",
            "#Worse: p",
            "#Adjusted p",
            "State",
        ],
    );
    for slice in groups.iter().flat_map(|g| &g.1) {
        table.push(row(slice));
    }
    table
}

fn row(slice: &SliceResult) -> Vec<Cell> {
    let empty = slice.verdict == SliceState::Empty;
    let number = |text: String| if empty { NONE.to_owned() } else { text };
    let bound =
        |x: Option<f64>| x.map_or_else(|| NONE.to_owned(), |x| number::bound(x, slice.margin));
    let p = |x: Option<f64>| x.map_or_else(|| NONE.to_owned(), p_value);
    let (state, tone) = words::slice_state(slice);
    vec![
        slice.name.clone().into(),
        Cell::toned(words::tier(slice.tier), Tone::Mute),
        count(slice.n).into(),
        count(slice.clusters).into(),
        number(points(slice.baseline)).into(),
        number(points(slice.candidate)).into(),
        number(bracketed(&slice.difference, signed_points)).into(),
        count(slice.gains).into(),
        count(slice.losses).into(),
        number::margin(slice.margin).into(),
        bound(slice.certified_loss).into(),
        bound(slice.simultaneous_loss).into(),
        p(slice.worse_p).into(),
        p(slice.worse_p_adjusted).into(),
        Cell::toned(state, tone),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gain_is_not_told_as_a_negative_loss() {
        let loss = Estimate {
            point: -0.8,
            lower: Some(-0.9),
            upper: None,
            level: 0.95,
            n: 9,
            method: String::new(),
        };
        let gain = routed(&loss);
        assert!(gain.ends_with("gains 80.0 [–, 90.0] points."), "{gain}");
        let lost = routed(&loss.negated());
        assert!(lost.ends_with("loses 80.0 [–, 90.0] points."), "{lost}");
    }
}
