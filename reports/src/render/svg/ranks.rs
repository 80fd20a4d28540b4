//! A board as a picture: each policy's difference to the first row with its simultaneous interval, and
//! the ranks that are left open.

use super::canvas::{Anchor, Canvas, Shape, Width};
use super::scale::{Scale, decimals};
use crate::model::{Board, BoardAxis, BoardDifference, BoardRow};
use crate::render::boards;
use crate::render::escape::shorten;
use crate::render::number;

/// Pixels left free above the rows for the axes.
const HEAD: f64 = 40.0;

/// Where things are.
struct Layout {
    width: Width,
    row: f64,
    /// Pixels of the differences, and their centre line in a row.
    plot: (f64, f64),
    plot_y: f64,
    /// Pixels of the ranks; a telephone has no room for their bars and shows their numbers alone.
    ranks: Option<(f64, f64)>,
}

impl Layout {
    fn of(width: Width) -> Self {
        match width {
            Width::Wide => Self {
                width,
                row: 26.0,
                plot: (196.0, 520.0),
                plot_y: 13.0,
                ranks: Some((560.0, 770.0)),
            },
            Width::Narrow => Self {
                width,
                row: 42.0,
                plot: (8.0, 342.0),
                plot_y: 31.0,
                ranks: None,
            },
        }
    }
}

/// Draws the given rows of a board.
pub(crate) fn ranks(board: &Board, rows: &[BoardRow], width: Width, id: &str) -> String {
    let layout = Layout::of(width);
    let differences = Scale::linear(range(board.axis, rows), layout.plot);
    let last = board.rows.len() as f64;
    let places = layout
        .ranks
        .map(|pixels| Scale::linear((1.0, last), pixels));
    let height = HEAD + layout.row * rows.len() as f64 + 24.0;
    let mut canvas = Canvas::new();
    axes(
        &mut canvas,
        board,
        &differences,
        places.as_ref(),
        &layout,
        height,
    );
    let mut y = HEAD;
    for row in rows {
        draw(
            &mut canvas,
            board,
            row,
            (&differences, places.as_ref()),
            &layout,
            y,
        );
        y += layout.row;
    }
    let title = format!("Leaderboard: {}", boards::title(board.axis));
    let text = format!(
        "{} policies, best first. Mark and line: difference to the first row with its simultaneous \
         95% interval. Bar and number: ranks left open. All numbers are in the table below.",
        rows.len()
    );
    canvas.finish(width, height, id, &title, &text)
}

/// From the unit of the model to that of the axis.
fn shown(axis: BoardAxis, x: f64) -> f64 {
    match axis {
        BoardAxis::Quality | BoardAxis::TradeOff => 100.0 * x,
        BoardAxis::Cost => x,
    }
}

/// All points and limits; a limit that reaches further than three times the typical one gets an arrow.
fn range(axis: BoardAxis, rows: &[BoardRow]) -> (f64, f64) {
    let differences = || rows.iter().filter_map(|r| r.to_first.as_ref());
    let (mut low, mut high) = (0.0f64, 0.0f64);
    for difference in differences() {
        let x = shown(axis, difference.point);
        (low, high) = (low.min(x), high.max(x));
    }
    let arms = |d: &BoardDifference| {
        let arm = |limit: Option<f64>| limit.map(|x| shown(axis, (x - d.point).abs()));
        [arm(d.lower), arm(d.upper)]
    };
    let mut lengths: Vec<f64> = differences().flat_map(arms).flatten().collect();
    lengths.sort_by(f64::total_cmp);
    let most = 3.0 * lengths.get(lengths.len() / 2).copied().unwrap_or(0.0);
    let (mut from, mut to) = (low, high);
    for difference in differences() {
        let limit = |x: Option<f64>| x.map_or(0.0, |x| shown(axis, x));
        from = from.min(limit(difference.lower).max(low - most));
        to = to.max(limit(difference.upper).min(high + most));
    }
    let room = 0.04 * (to - from).max(1e-9);
    (from - room, to + room)
}

fn axes(
    canvas: &mut Canvas,
    board: &Board,
    differences: &Scale,
    places: Option<&Scale>,
    layout: &Layout,
    height: f64,
) {
    let bottom = height - 20.0;
    let narrow = layout.width == Width::Narrow;
    let ticks = differences.ticks(if narrow { 5 } else { 6 });
    let digits = decimals(&ticks);
    for &tick in &ticks {
        let x = differences.at(tick);
        let class = if tick.abs() < 1e-12 { "zero" } else { "grid" };
        canvas.line(class, (x, HEAD - 4.0), (x, bottom));
        let text = number::signed(tick, digits);
        canvas.text("tick", (x, HEAD - 9.0), Anchor::Middle, &text);
    }
    let unit = match board.axis {
        BoardAxis::Quality | BoardAxis::TradeOff => "points",
        BoardAxis::Cost => "US dollars per 1,000",
    };
    let head = format!("difference to the first row, {unit}");
    canvas.text("tick", (layout.plot.0, 12.0), Anchor::Start, &head);
    let Some(places) = places else { return };
    let left = places.at(1.0);
    canvas.text("tick", (left, 12.0), Anchor::Start, "ranks left open");
    let mut ticks = places.ticks(7);
    ticks.retain(|tick| tick.fract() == 0.0 && *tick > 1.0);
    ticks.insert(0, 1.0);
    for tick in ticks {
        let x = places.at(tick);
        canvas.line("grid", (x, HEAD - 4.0), (x, bottom));
        canvas.text(
            "tick",
            (x, HEAD - 9.0),
            Anchor::Middle,
            &number::fixed(tick, 0),
        );
    }
}

fn draw(
    canvas: &mut Canvas,
    board: &Board,
    row: &BoardRow,
    (differences, places): (&Scale, Option<&Scale>),
    layout: &Layout,
    top: f64,
) {
    let narrow = layout.width == Width::Narrow;
    let name = shorten(&row.policy, if narrow { 34 } else { 25 });
    let base = if narrow { top + 18.0 } else { top + 17.0 };
    canvas.text("name halo", (0.0, base), Anchor::Start, &name);
    let ranks = boards::ranks(row);
    let word = if row.best_rank == row.worst_rank {
        "rank"
    } else {
        "ranks"
    };
    let right = layout.width.pixels();
    canvas.text(
        "state",
        (right, base),
        Anchor::End,
        &format!("{word} {ranks}"),
    );
    let y = top + layout.plot_y;
    match &row.to_first {
        None => canvas.mark("mark", Shape::Square, (differences.at(0.0), y), 4.5),
        Some(d) if row.n > 0 => {
            let low = shown(board.axis, d.lower.unwrap_or(f64::NEG_INFINITY));
            let high = shown(board.axis, d.upper.unwrap_or(f64::INFINITY));
            if d.lower.is_some() || d.upper.is_some() {
                whisker(canvas, differences, (low, high), y);
            }
            let x = differences.at(shown(board.axis, d.point));
            canvas.mark("mark", Shape::Circle, (x, y), 4.5);
        }
        Some(_) => {}
    }
    if let Some(places) = places {
        let at = |rank: u64| places.at(rank as f64);
        let (from, to) = (at(row.best_rank), at(row.worst_rank));
        canvas.rect("part f0", (from - 4.0, y - 4.0), (to - from + 8.0, 8.0));
    }
}

/// The interval; an arrowhead where it goes on beyond the axis.
fn whisker(canvas: &mut Canvas, scale: &Scale, (low, high): (f64, f64), y: f64) {
    let (from, to) = (scale.at(low), scale.at(high));
    canvas.line("whisker", (from, y), (to, y));
    for (x, value, inward) in [(from, low, 5.0), (to, high, -5.0)] {
        if !scale.holds(value) {
            let tip = [(x + inward, y - 4.0), (x, y), (x + inward, y + 4.0)];
            canvas.polyline("whisker", &tip);
        }
    }
}
