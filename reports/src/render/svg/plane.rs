//! The cost–quality plane.

use super::canvas::{Anchor, Canvas, Shape, Width};
use super::frame::{Axis, Frame};
use super::labels::Labels;
use super::scale::decimals;
use crate::model::{Plane, PlanePoint, PointKind};
use crate::render::escape::shorten;
use crate::render::number::{fixed, usd};

/// Costs that differ by more than this factor are drawn on a logarithmic axis.
const LOG_FROM: f64 = 20.0;

/// Draws points with their intervals and both hulls. A point that has no room for its name shows its
/// number in the table.
pub(crate) fn plane(plane: &Plane, width: Width, id: &str) -> String {
    let mut canvas = Canvas::new();
    let (x, y) = axes(plane);
    let frame = Frame::draw(&mut canvas, width, &x, &y, 14.0);
    hull(&mut canvas, &frame, "hull zero-router", &plane.zero_router);
    hull(&mut canvas, &frame, "hull", &plane.policy_hull);
    let mut labels = Labels::default();
    for point in &plane.points {
        cross(&mut canvas, &frame, point);
        labels.avoid(place(&frame, point), 7.0);
    }
    names(&mut canvas, &frame, plane, width, &mut labels);
    // What matters most is drawn last; the baseline is a frame, as it often is a single model.
    let mut order: Vec<&PlanePoint> = plane.points.iter().collect();
    order.sort_by_key(|point| std::cmp::Reverse(rank(point.kind)));
    for point in order {
        let (class, shape) = mark(point.kind);
        let r = if point.kind == PointKind::Baseline {
            9.0
        } else {
            5.5
        };
        canvas.mark(class, shape, place(&frame, point), r);
    }
    let text = format!(
        "{} points: mean score against US dollars per 1,000 requests. Up and to the left is better. \
         All numbers are in the table below.",
        plane.points.len()
    );
    canvas.finish(width, frame.height, id, "Cost and quality", &text)
}

fn place(frame: &Frame, point: &PlanePoint) -> (f64, f64) {
    frame.at((point.cost_per_1k_usd, 100.0 * point.quality.point))
}

fn axes(plane: &Plane) -> (Axis<'static>, Axis<'static>) {
    let costs = || plane.points.iter().map(|p| p.cost_per_1k_usd);
    let low = costs().fold(f64::INFINITY, f64::min);
    let high = costs().fold(0.0, f64::max);
    let log = low > 0.0 && high / low > LOG_FROM;
    let range = if log {
        (low / 1.4, high * 1.5)
    } else {
        (0.0, high * 1.1)
    };
    let x = Axis {
        range,
        log,
        title: if log {
            "US dollars per 1,000 requests, logarithmic"
        } else {
            "US dollars per 1,000 requests"
        },
        write: |tick, _| tick_usd(tick),
    };
    let limits = || {
        plane.points.iter().flat_map(|p| {
            let q = &p.quality;
            [Some(q.point), q.lower, q.upper].into_iter().flatten()
        })
    };
    let low = 100.0 * limits().fold(f64::INFINITY, f64::min);
    let high = 100.0 * limits().fold(f64::NEG_INFINITY, f64::max);
    let pad = 0.06 * (high - low).max(0.1);
    let y = Axis {
        range: (low - pad, high + pad),
        log: false,
        title: "Mean score, points",
        write: |tick, ticks| fixed(tick, decimals(ticks)),
    };
    (x, y)
}

/// Round dollars without needless decimals.
fn tick_usd(tick: f64) -> String {
    let text = usd(tick);
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

fn hull(canvas: &mut Canvas, frame: &Frame, class: &str, corners: &[(f64, f64)]) {
    // A straight line in the data is bent on a logarithmic axis, so it is drawn in short pieces.
    let mut pixels = Vec::new();
    for pair in corners.windows(2) {
        for k in 0..16 {
            let t = f64::from(k) / 16.0;
            let mix = |a: f64, b: f64| a + t * (b - a);
            pixels.push(frame.at((mix(pair[0].0, pair[1].0), 100.0 * mix(pair[0].1, pair[1].1))));
        }
    }
    pixels.extend(corners.last().map(|c| frame.at((c.0, 100.0 * c.1))));
    canvas.polyline(class, &pixels);
}

fn cross(canvas: &mut Canvas, frame: &Frame, point: &PlanePoint) {
    let (x, _) = place(frame, point);
    if let (Some(lower), Some(upper)) = (point.quality.lower, point.quality.upper) {
        let (low, high) = (frame.y.at(100.0 * lower), frame.y.at(100.0 * upper));
        canvas.line("whisker", (x, low), (x, high));
        for y in [low, high] {
            canvas.line("whisker", (x - 3.0, y), (x + 3.0, y));
        }
    }
}

/// Class and shape of a kind of point.
fn mark(kind: PointKind) -> (&'static str, Shape) {
    match kind {
        PointKind::Baseline => ("frame", Shape::Square),
        PointKind::Candidate => ("mark f0", Shape::Circle),
        PointKind::Other => ("mark open", Shape::Circle),
        PointKind::Control => ("mark f4", Shape::Triangle),
        PointKind::Single => ("mark f2", Shape::Diamond),
        PointKind::Oracle => ("mark f1", Shape::Star),
    }
}

/// Which names are placed first.
fn rank(kind: PointKind) -> u8 {
    match kind {
        PointKind::Baseline => 0,
        PointKind::Candidate => 1,
        PointKind::Oracle => 2,
        PointKind::Single => 3,
        PointKind::Other => 4,
        PointKind::Control => 5,
    }
}

fn names(canvas: &mut Canvas, frame: &Frame, plane: &Plane, width: Width, labels: &mut Labels) {
    let most = match width {
        Width::Wide => 26,
        Width::Narrow => 16,
    };
    let bounds = (frame.across.0, frame.down.0, width.pixels(), frame.down.1);
    let mut order: Vec<(usize, &PlanePoint)> = plane.points.iter().enumerate().collect();
    order.sort_by_key(|(i, p)| (rank(p.kind), *i));
    for (i, point) in order {
        let at = place(frame, point);
        let short = (i + 1).to_string();
        let full = shorten(&crate::render::escape::line(&point.name), most);
        let found = [full, short]
            .into_iter()
            .find_map(|text| labels.place(&text, at, bounds).map(|place| (text, place)));
        if let Some((text, place)) = found {
            canvas.text("name halo", place, Anchor::Start, &text);
        }
    }
}
