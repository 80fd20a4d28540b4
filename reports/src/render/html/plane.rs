//! The cost–quality plane with its table.

use super::figure::Figure;
use crate::model::{PlanePoint, PointKind, Report};
use crate::render::headline::bracketed;
use crate::render::number::{points, usd};
use crate::render::svg;
use crate::render::table::{Cell, Table, Tone};

/// Prepares the plane; nothing where it has no point.
pub(super) fn view(report: &Report) -> Option<Figure> {
    let plane = &report.plane;
    if plane.points.is_empty() {
        return None;
    }
    let caption = "Up and to the left is better. Frame: baseline. Filled circle: candidate. Hollow \
                   circle: other policy. Triangle: control. Diamond: single model. Star: oracle, the \
                   cheapest of the best answers, which no router can beat. Solid line: hull of the \
                   policies. Dashed line: hull of the single models, reachable only by mixing them at \
                   random (zero router). Vertical lines: 95% intervals.";
    Some(Figure::new(
        |width| svg::plane(plane, width, "plane"),
        caption,
        table(&plane.points),
    ))
}

fn table(all: &[PlanePoint]) -> Table {
    let best = all
        .iter()
        .filter(|p| p.kind == PointKind::Single)
        .map(|p| p.quality.point)
        .fold(f64::NEG_INFINITY, f64::max);
    let mut table = Table::new(
        "Cost and quality",
        &[
            "No. and name",
            "Kind",
            "#Cost per 1,000",
            "#Quality, points [95%]",
        ],
    );
    for (i, point) in all.iter().enumerate() {
        let kind = match point.kind {
            PointKind::Baseline => "baseline",
            PointKind::Candidate => "candidate",
            PointKind::Other => "other",
            PointKind::Control => "control",
            PointKind::Single if point.quality.point.total_cmp(&best).is_eq() => {
                "best single model"
            }
            PointKind::Single => "single model",
            PointKind::Oracle => "oracle",
        };
        table.push(vec![
            format!("{}. {}", i + 1, point.name).into(),
            Cell::toned(kind, Tone::Mute),
            usd(point.cost_per_1k_usd).into(),
            bracketed(&point.quality, points).into(),
        ]);
    }
    table
}
