//! One board.

use super::axes::{Axis, axis, mean};
use super::sentences::sentences;
use crate::compare::{Frame, LEVEL};
use crate::model::{Board, BoardAxis, BoardDifference, BoardPair, BoardRow};
use crate::stats::ranking::{AllPairs, PairwiseDifference, compare_all};

/// Most policies of which every pair is kept; their number grows with the square.
const MOST_PAIRED: usize = 50;

/// Ranks all policies by one axis. `None` where values are not numbers, or where nothing cost
/// anything: such a board would rank nothing.
pub(super) fn board(frame: &Frame<'_>, kind: BoardAxis, costs: &[Vec<f64>]) -> Option<Board> {
    let nothing = |column: &Vec<f64>| column.iter().all(|x| x.is_nan() || *x == 0.0);
    if kind != BoardAxis::Quality && costs.iter().all(nothing) {
        return None;
    }
    let axis = axis(frame, kind, costs);
    let seed = frame.table.header().seed;
    let clusters = frame.clusters.as_deref();
    let all = compare_all(&axis.columns, clusters, axis.scale, LEVEL, seed).ok()?;
    let points: Vec<f64> = axis.columns.iter().map(|column| mean(column)).collect();
    let order = order(&points);
    let policies = &frame.table.header().policies;
    let names: Vec<&str> = policies.iter().map(|p| p.name.as_str()).collect();
    let sets = all.rank_sets();
    let first = *order.first()?;
    let rows = order.iter().map(|&at| BoardRow {
        policy: names[at].to_owned(),
        role: policies[at].role,
        n: axis.columns[at].iter().filter(|x| !x.is_nan()).count() as u64,
        point: if points[at].is_nan() {
            0.0
        } else {
            axis.sign * points[at]
        },
        best_rank: sets[at].best as u64,
        worst_rank: sets[at].worst as u64,
        to_first: all.between(at, first).map(|pair| difference(&pair, &axis)),
    });
    Some(Board {
        axis: kind,
        rows: rows.collect(),
        sentences: sentences(&all, &order, &names),
        pairs: pairs(&all, &order, &names, &axis),
        critical: all.critical,
        method: method(&all, kind),
    })
}

/// Positions from the best point to the worst, policies without any at the end.
fn order(points: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    let key = |at: usize| {
        if points[at].is_nan() {
            f64::NEG_INFINITY
        } else {
            points[at]
        }
    };
    order.sort_by(|&a, &b| key(b).total_cmp(&key(a)).then(a.cmp(&b)));
    order
}

fn pairs(all: &AllPairs, order: &[usize], names: &[&str], axis: &Axis<'_>) -> Vec<BoardPair> {
    if order.len() > MOST_PAIRED {
        return Vec::new();
    }
    let mut pairs = Vec::with_capacity(all.pairs.len());
    for (i, &first) in order.iter().enumerate() {
        for &second in &order[i + 1..] {
            let Some(pair) = all.between(first, second) else {
                continue;
            };
            let better = if pair.difference > 0.0 { first } else { second };
            pairs.push(BoardPair {
                first: names[first].to_owned(),
                second: names[second].to_owned(),
                difference: difference(&pair, axis),
                better: pair.shown.then(|| names[better].to_owned()),
            });
        }
    }
    pairs
}

/// In the unit of the board.
fn difference(pair: &PairwiseDifference, axis: &Axis<'_>) -> BoardDifference {
    // Adding 0 turns -0 into 0.
    let turned = |x: f64| axis.sign * x + 0.0;
    let (lower, upper) = if axis.sign < 0.0 {
        (pair.bounds.hi, pair.bounds.lo)
    } else {
        (pair.bounds.lo, pair.bounds.hi)
    };
    BoardDifference {
        point: turned(pair.difference),
        lower: lower.map(turned),
        upper: upper.map(turned),
    }
}

fn method(all: &AllPairs, kind: BoardAxis) -> String {
    let interval = match kind {
        BoardAxis::Quality => {
            "Tango's score interval (clusters: design effect) for binary scores, CR2 t for graded ones"
        }
        BoardAxis::Cost => "CR2 t of the paired difference of mean cost",
        BoardAxis::TradeOff => "CR2 t of the linearised score (delta method)",
    };
    let critical = if all.draws > 0 {
        format!(
            "critical value {:.3} from {} Gaussian multiplier draws over all pairs",
            all.critical, all.draws
        )
    } else {
        format!("critical value {:.3} by Bonferroni's bound", all.critical)
    };
    let sparse = match all.sparse {
        0 => String::new(),
        n => format!(
            "; {n} of {} pairs with fewer than 30 differing clusters get Bonferroni's share and need \
             the exact sign test as well",
            all.pairs.len()
        ),
    };
    format!("{interval}; {critical}{sparse}")
}
