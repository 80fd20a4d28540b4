//! Points and hulls of the cost-quality plane.

use weighbridge_record::{PolicyEntry, PolicyRole};

use super::cells::{Cells, Single};
use super::columns::{Column, mean};
use super::{LEVEL, Point, bounded_mean, non_decreasing_hull};
use crate::model::{Plane, PlanePoint, PointKind};
use crate::stats::StatsError;

/// Policy kind that knows the outcomes.
const ORACLE: &str = "oracle";

/// Whether a policy could be put into production: it does not need the truth.
pub(super) fn deployable(entry: &PolicyEntry) -> bool {
    entry.kind != ORACLE && !entry.notes.iter().any(|n| n.contains("truth"))
}

/// The plane of a run. `columns` and `repeats_single` (whether the policy is one of `singles`) have
/// one entry for each policy of the header; `cells` is `None` without single models.
///
/// A policy that is a single model appears once, as that model, unless it is the baseline or a
/// candidate. A policy without a counted trial has no point.
pub(super) fn plane(
    policies: &[PolicyEntry],
    columns: &[Column],
    repeats_single: &[bool],
    clusters: Option<&[u32]>,
    singles: &[Single],
    cells: Option<&Cells>,
) -> Result<Plane, StatsError> {
    let mut plane = Plane::default();
    let mut reachable = Vec::new();
    for ((entry, column), &is_single) in policies.iter().zip(columns).zip(repeats_single) {
        let Some(point) = point(&entry.name, kind(entry.role), column, clusters)? else {
            continue;
        };
        if deployable(entry) {
            reachable.push(Point::new(point.cost_per_1k_usd, point.quality.point));
        }
        if !is_single || entry.role < PolicyRole::Other {
            plane.points.push(point);
        }
    }
    for single in singles {
        let point = point(&single.model, PointKind::Single, &single.column, clusters)?;
        plane.points.extend(point);
    }
    if let Some(cells) = cells {
        let best = Column {
            quality: cells.oracle.quality.clone(),
            cost: cells.oracle.cost.clone(),
        };
        let point = point("oracle", PointKind::Oracle, &best, cells.clusters())?;
        plane.points.extend(point);
        let per_1k = |p: &Point| Point::new(1000.0 * p.cost, p.quality);
        let models: Vec<Point> = cells.means.iter().map(per_1k).collect();
        plane.zero_router = corners(&models);
    }
    plane.policy_hull = corners(&reachable);
    Ok(plane)
}

fn corners(points: &[Point]) -> Vec<(f64, f64)> {
    let hull = non_decreasing_hull(points).into_iter();
    hull.map(|p| (p.cost, p.quality)).collect()
}

fn kind(role: PolicyRole) -> PointKind {
    match role {
        PolicyRole::Baseline => PointKind::Baseline,
        PolicyRole::Candidate => PointKind::Candidate,
        PolicyRole::Other => PointKind::Other,
        PolicyRole::Control => PointKind::Control,
    }
}

fn point(
    name: &str,
    kind: PointKind,
    column: &Column,
    clusters: Option<&[u32]>,
) -> Result<Option<PlanePoint>, StatsError> {
    let counted: Vec<u32> = (0..column.quality.len())
        .filter(|&i| column.counts(i))
        .map(|i| i as u32)
        .collect();
    if counted.is_empty() {
        return Ok(None);
    }
    let ids = clusters.map(|ids| counted.iter().map(|&i| ids[i as usize]).collect::<Vec<_>>());
    let column = column.at(&counted);
    Ok(Some(PlanePoint {
        name: name.to_owned(),
        kind,
        cost_per_1k_usd: 1000.0 * mean(&column.cost),
        quality: bounded_mean(&column.quality, (0.0, 1.0), ids.as_deref(), LEVEL)?,
    }))
}
