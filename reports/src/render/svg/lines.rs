//! Line charts: deferral curves and distributions of the time to first token.

use super::canvas::{Anchor, Canvas, Width};
use super::frame::{Axis, Frame};
use super::labels::spread;
use crate::render::escape::{line, shorten};

/// Series drawn at most; more cannot be told apart.
pub(crate) const MOST_SERIES: usize = 8;

/// A line with its name.
pub(crate) struct Series<'a> {
    /// Name, written at its end.
    pub(crate) name: &'a str,
    /// Points in order.
    pub(crate) points: Vec<(f64, f64)>,
    /// A point to mark: where the policy operates.
    pub(crate) marked: Option<(f64, f64)>,
}

/// What a chart shows.
pub(crate) struct Chart<'a> {
    /// Horizontal axis.
    pub(crate) x: Axis<'a>,
    /// Vertical axis.
    pub(crate) y: Axis<'a>,
    /// Whether a value holds until the next point.
    pub(crate) steps: bool,
    /// Title.
    pub(crate) title: &'a str,
    /// Description.
    pub(crate) text: String,
}

/// Draws the first [`MOST_SERIES`] series, told apart by colour, dashes and a name at the end of each.
pub(crate) fn lines(chart: &Chart<'_>, series: &[Series<'_>], width: Width, id: &str) -> String {
    let mut canvas = Canvas::new();
    let right = match width {
        Width::Wide => 210.0,
        Width::Narrow => 12.0,
    };
    let frame = Frame::draw(&mut canvas, width, &chart.x, &chart.y, right);
    let series = &series[..series.len().min(MOST_SERIES)];
    for (i, one) in series.iter().enumerate() {
        let pixels = pixels(&frame, &one.points, chart.steps);
        canvas.polyline(&format!("line c{i}"), &pixels);
        if let Some(at) = one.marked {
            canvas.mark(
                &format!("mark c{i}"),
                super::canvas::Shape::Circle,
                frame.at(at),
                4.5,
            );
        }
    }
    match width {
        Width::Wide => end_names(&mut canvas, &frame, series, chart),
        Width::Narrow => {}
    }
    let height = match width {
        Width::Wide => frame.height,
        Width::Narrow => key(&mut canvas, &frame, series),
    };
    canvas.finish(width, height, id, chart.title, &chart.text)
}

fn pixels(frame: &Frame, points: &[(f64, f64)], steps: bool) -> Vec<(f64, f64)> {
    let mut out: Vec<(f64, f64)> = Vec::with_capacity(points.len() * 2);
    for point in points {
        let at = frame.at(*point);
        if steps && let Some(last) = out.last().copied() {
            out.push((at.0, last.1));
        }
        out.push(at);
    }
    out
}

/// Names on the right, each with a piece of its line.
fn end_names(canvas: &mut Canvas, frame: &Frame, series: &[Series<'_>], chart: &Chart<'_>) {
    // A distribution ends at 1 for everyone, so its names are listed from the top; a curve is named
    // at the height where it ends.
    let wanted: Vec<f64> = series
        .iter()
        .map(|s| match s.points.last() {
            Some(last) if !chart.steps => frame.at(*last).1,
            _ => frame.down.0 + 8.0,
        })
        .collect();
    let at = spread(&wanted, (frame.down.0 + 8.0, frame.down.1));
    for (i, (one, y)) in series.iter().zip(at).enumerate() {
        let x = frame.across.1 + 8.0;
        canvas.line(&format!("line c{i}"), (x, y), (x + 22.0, y));
        let name = shorten(&line(one.name), 22);
        canvas.text("name", (x + 27.0, y + 4.0), Anchor::Start, &name);
    }
}

/// Names below the chart; returns the height with them.
fn key(canvas: &mut Canvas, frame: &Frame, series: &[Series<'_>]) -> f64 {
    let mut y = frame.height + 6.0;
    for (i, one) in series.iter().enumerate() {
        canvas.line(&format!("line c{i}"), (4.0, y), (34.0, y));
        let name = shorten(&line(one.name), 44);
        canvas.text("name", (42.0, y + 4.0), Anchor::Start, &name);
        y += 18.0;
    }
    y
}
