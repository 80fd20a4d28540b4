//! The forest plot of a comparison: one row for each slice with its interval, its margin, and the
//! loss that is excluded.

use super::canvas::{Anchor, Canvas, Shape, Width};
use super::scale::{Scale, decimals};
use crate::model::{SliceResult, SliceState};
use crate::render::escape::shorten;
use crate::render::headline::bracketed;
use crate::render::number::{bound, count, signed, signed_points};
use crate::render::words;

/// Pixels left free above the rows for the axis.
const HEAD: f64 = 26.0;

/// Where things are in a row.
struct Layout {
    width: Width,
    row: f64,
    plot: (f64, f64),
    /// Offset of the plot's centre line in a row.
    centre: f64,
}

impl Layout {
    fn of(width: Width) -> Self {
        match width {
            Width::Wide => Self {
                width,
                row: 26.0,
                plot: (262.0, 536.0),
                centre: 13.0,
            },
            Width::Narrow => Self {
                width,
                row: 60.0,
                plot: (4.0, 346.0),
                centre: 46.0,
            },
        }
    }
}

/// Draws slices in the given order; a headed group is a heading with its slices.
pub(crate) fn forest(
    groups: &[(&str, Vec<&SliceResult>)],
    width: Width,
    id: &str,
    title: &str,
) -> String {
    let layout = Layout::of(width);
    let slices: Vec<&SliceResult> = groups.iter().flat_map(|g| g.1.iter().copied()).collect();
    let scale = Scale::linear(range(&slices), layout.plot);
    let label = shared_label(&slices);
    let rows: f64 = slices.iter().map(|_| layout.row).sum();
    let heads: f64 = groups.iter().map(|_| 24.0).sum();
    let height = HEAD + rows + heads + 30.0;

    let mut canvas = Canvas::new();
    axis(&mut canvas, &scale, &layout, height);
    let mut y = HEAD;
    for (head, slices) in groups {
        canvas.text("th", (0.0, y + 16.0), Anchor::Start, head);
        y += 24.0;
        for slice in slices {
            plot(&mut canvas, slice, &scale, &layout, y);
            letters(
                &mut canvas,
                slice,
                short_name(&slice.name, label),
                &layout,
                y,
            );
            y += layout.row;
        }
    }
    let text = format!(
        "{} slices. Candidate minus baseline in points; left of 0 is worse. The shaded area of each \
         row is the acceptable region right of minus the margin. All numbers are in the table below.",
        slices.len()
    );
    canvas.finish(width, height, id, title, &text)
}

/// The label that all label-defined slices of a plot share: saying it in every row would push out
/// what tells the rows apart. The table below the plot has the full names.
fn shared_label<'a>(slices: &[&'a SliceResult]) -> Option<&'a str> {
    let mut labels = slices.iter().filter_map(|s| s.name.split_once('='));
    let (first, _) = labels.next()?;
    let shared = labels.clone().count() > 0 && labels.all(|(label, _)| label == first);
    shared.then_some(first)
}

fn short_name<'a>(name: &'a str, label: Option<&str>) -> &'a str {
    match (name.split_once('='), label) {
        (Some((own, value)), Some(label)) if own == label => value,
        _ => name,
    }
}

/// Wide enough for most intervals and all margins; the few that are wider get an arrow.
fn range(slices: &[&SliceResult]) -> (f64, f64) {
    let mut reach: Vec<f64> = slices
        .iter()
        .flat_map(|s| [s.difference.lower, s.difference.upper])
        .flatten()
        .map(f64::abs)
        .filter(|x| x.is_finite())
        .collect();
    reach.sort_by(f64::total_cmp);
    let typical = reach.get(reach.len() * 85 / 100).copied().unwrap_or(0.0);
    let points = slices
        .iter()
        .map(|s| s.difference.point.abs())
        .fold(0.0, f64::max);
    let margin = slices.iter().map(|s| s.margin).fold(0.01, f64::max);
    let reach = typical.max(points * 1.05).max(margin * 1.6).min(1.0) * 100.0;
    (-reach, reach)
}

fn axis(canvas: &mut Canvas, scale: &Scale, layout: &Layout, height: f64) {
    let most = match layout.width {
        Width::Wide => 8,
        Width::Narrow => 6,
    };
    let ticks = scale.ticks(most);
    let digits = decimals(&ticks);
    for tick in &ticks {
        let x = scale.at(*tick);
        let class = if tick.abs() < 1e-9 { "zero" } else { "grid" };
        canvas.line(class, (x, HEAD - 4.0), (x, height - 26.0));
        canvas.text(
            "tick",
            (x, HEAD - 9.0),
            Anchor::Middle,
            &signed(*tick, digits),
        );
    }
    if layout.width == Width::Wide {
        let y = HEAD - 9.0;
        canvas.text("tick", (252.0, y), Anchor::End, "n · better · worse");
        canvas.text("tick", (544.0, y), Anchor::Start, "difference [95%]");
        canvas.text("tick", (722.0, y), Anchor::End, "excluded");
    }
    let y = height - 8.0;
    canvas.text("tick", (layout.plot.0, y), Anchor::Start, "◀ worse");
    canvas.text("tick", (layout.plot.1, y), Anchor::End, "better ▶");
    canvas.text(
        "tick",
        (f64::midpoint(layout.plot.0, layout.plot.1), y),
        Anchor::Middle,
        "points",
    );
}

/// Class and shape of a state.
fn mark(state: &SliceState) -> (&'static str, Shape) {
    match state {
        SliceState::Proven => ("good", Shape::Square),
        SliceState::Blocked => ("bad", Shape::Diamond),
        SliceState::Undecided { .. } => ("unsure", Shape::Circle),
        SliceState::Exploratory | SliceState::Empty => ("mute", Shape::Triangle),
    }
}

fn plot(canvas: &mut Canvas, slice: &SliceResult, scale: &Scale, layout: &Layout, top: f64) {
    let y = top + layout.centre;
    let margin = scale.at(-100.0 * slice.margin);
    canvas.rect("okay", (margin, y - 9.0), (layout.plot.1 - margin, 18.0));
    canvas.line("margin", (margin, y - 9.0), (margin, y + 9.0));
    if slice.verdict == SliceState::Empty {
        return;
    }
    let (class, shape) = mark(&slice.verdict);
    whisker(canvas, class, slice, scale, y);
    if let Some(loss) = slice
        .certified_loss
        .filter(|loss| scale.holds(-100.0 * loss))
    {
        let x = scale.at(-100.0 * loss);
        canvas.polyline(
            &format!("bound {class}"),
            &[
                (x + 3.0, y - 6.0),
                (x, y - 6.0),
                (x, y + 6.0),
                (x + 3.0, y + 6.0),
            ],
        );
    }
    if let Some(shrunken) = slice.shrunken {
        canvas.mark(
            "hollow",
            Shape::Circle,
            (scale.at(100.0 * shrunken), y),
            3.0,
        );
    }
    canvas.mark(
        &format!("mark {class}"),
        shape,
        (scale.at(100.0 * slice.difference.point), y),
        5.0,
    );
}

/// The interval; an arrowhead where it goes on beyond the axis.
fn whisker(canvas: &mut Canvas, class: &str, slice: &SliceResult, scale: &Scale, y: f64) {
    let class = format!("whisker {class}");
    let low = 100.0 * slice.difference.lower.unwrap_or(f64::NEG_INFINITY);
    let high = 100.0 * slice.difference.upper.unwrap_or(f64::INFINITY);
    let (from, to) = (scale.at(low), scale.at(high));
    canvas.line(&class, (from, y), (to, y));
    for (x, value, inward) in [(from, low, 5.0), (to, high, -5.0)] {
        if scale.holds(value) {
            continue;
        }
        canvas.polyline(
            &class,
            &[(x + inward, y - 4.0), (x, y), (x + inward, y + 4.0)],
        );
    }
}

fn letters(canvas: &mut Canvas, slice: &SliceResult, name: &str, layout: &Layout, top: f64) {
    let (state, tone) = words::slice_state(slice);
    let class = match tone {
        crate::render::table::Tone::Good => "good",
        crate::render::table::Tone::Bad => "bad",
        _ => "mute",
    };
    let empty = slice.verdict == SliceState::Empty;
    let numbers = if empty {
        String::new()
    } else {
        bracketed(&slice.difference, signed_points)
    };
    let flips = format!("{} · +{} −{}", count(slice.n), slice.gains, slice.losses);
    let certified = slice.certified_loss.map_or_else(String::new, |loss| {
        format!("> {}", bound(loss, slice.margin))
    });
    match layout.width {
        Width::Wide => {
            let y = top + 17.0;
            canvas.text("name", (0.0, y), Anchor::Start, &shorten(name, 23));
            canvas.text("small", (252.0, y), Anchor::End, &flips);
            canvas.text("num", (544.0, y), Anchor::Start, &numbers);
            canvas.text("num", (722.0, y), Anchor::End, &certified);
            canvas.text(&format!("state {class}"), (860.0, y), Anchor::End, &state);
        }
        Width::Narrow => {
            canvas.text("name", (0.0, top + 16.0), Anchor::Start, &shorten(name, 30));
            canvas.text(
                &format!("state {class}"),
                (350.0, top + 16.0),
                Anchor::End,
                &state,
            );
            let both = if certified.is_empty() {
                numbers
            } else {
                format!("{numbers} · {certified} excluded")
            };
            canvas.text("small", (0.0, top + 31.0), Anchor::Start, &both);
            canvas.text("small", (350.0, top + 31.0), Anchor::End, &flips);
        }
    }
}
