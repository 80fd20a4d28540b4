//! How boards are written, the same in every format.

use super::number::{NONE, points, signed_points, usd};
use crate::model::{Board, BoardAxis, BoardDifference, BoardRow};

/// What a board ranks by, as a title.
pub(crate) fn title(axis: BoardAxis) -> &'static str {
    match axis {
        BoardAxis::Quality => "Quality",
        BoardAxis::Cost => "Cost",
        BoardAxis::TradeOff => "Trade-off (RouterArena score)",
    }
}

/// Heading of the column of points, with its unit.
pub(crate) fn unit(axis: BoardAxis) -> &'static str {
    match axis {
        BoardAxis::Quality => "Mean score, points",
        BoardAxis::Cost => "Cost per 1,000",
        BoardAxis::TradeOff => "Score, points",
    }
}

/// `2–5`, or `2` where no other rank is left open.
pub(crate) fn ranks(row: &BoardRow) -> String {
    if row.best_rank == row.worst_rank {
        row.best_rank.to_string()
    } else {
        format!("{}–{}", row.best_rank, row.worst_rank)
    }
}

/// The point of a row; nothing without samples.
pub(crate) fn point(board: &Board, row: &BoardRow) -> String {
    match board.axis {
        _ if row.n == 0 => NONE.to_owned(),
        BoardAxis::Quality | BoardAxis::TradeOff => points(row.point),
        BoardAxis::Cost => usd(row.point),
    }
}

/// A difference in the unit of the board, signed.
pub(crate) fn signed(axis: BoardAxis, x: f64) -> String {
    match axis {
        BoardAxis::Quality | BoardAxis::TradeOff => signed_points(x),
        BoardAxis::Cost if x > 0.0 => format!("+{}", usd(x)),
        BoardAxis::Cost => usd(x),
    }
}

/// `−0.6 [−1.9, +0.7]`; a word in the first row.
pub(crate) fn to_first(board: &Board, row: &BoardRow) -> String {
    let Some(difference) = &row.to_first else {
        return "first row".to_owned();
    };
    if row.n == 0 {
        return NONE.to_owned();
    }
    bracketed(board.axis, difference)
}

fn bracketed(axis: BoardAxis, difference: &BoardDifference) -> String {
    let limit = |x: Option<f64>| x.map_or_else(|| NONE.to_owned(), |x| signed(axis, x));
    format!(
        "{} [{}, {}]",
        signed(axis, difference.point),
        limit(difference.lower),
        limit(difference.upper)
    )
}
