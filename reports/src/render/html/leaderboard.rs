//! All policies against each other: one picture and table for each axis.

use serde::Serialize;

use super::figure::Figure;
use crate::model::{Board, BoardRow, Report};
use crate::render::boards;
use crate::render::number::{count, level};
use crate::render::svg;
use crate::render::table::{Cell, Table, Tone};
use crate::render::words;

/// Most rows shown of a board.
const MOST_ROWS: usize = 60;

/// The leaderboard.
#[derive(Debug, Serialize)]
pub(super) struct View {
    level: String,
    boards: Vec<BoardView>,
}

/// One board.
#[derive(Debug, Serialize)]
struct BoardView {
    title: &'static str,
    sentences: Vec<String>,
    method: String,
    figure: Figure,
}

/// Prepares the leaderboard; nothing with fewer than three policies.
pub(super) fn view(report: &Report) -> Option<View> {
    let leaderboard = report.leaderboard.as_ref()?;
    let boards = leaderboard.boards.iter().enumerate();
    Some(View {
        level: level(leaderboard.level),
        boards: boards.map(|(i, board)| one(board, i + 1)).collect(),
    })
}

fn one(board: &Board, number: usize) -> BoardView {
    let rows = &board.rows[..board.rows.len().min(MOST_ROWS)];
    let mut sentences = board.sentences.clone();
    if rows.len() < board.rows.len() {
        sentences.push(format!(
            "The first {MOST_ROWS} of {} policies are shown.",
            board.rows.len()
        ));
    }
    let caption = "Left: difference to the first row, with its interval. Square: the first row itself. \
                   Right: every rank that the data leave open. All intervals and all ranks hold together.";
    let mut figure = Figure::new(
        |width| svg::ranks(board, rows, width, &format!("ranks-{number}")),
        caption,
        table(board, rows),
    );
    figure.folded = false;
    BoardView {
        title: boards::title(board.axis),
        sentences,
        method: words::stopped(&board.method),
        figure,
    }
}

fn table(board: &Board, rows: &[BoardRow]) -> Table {
    let unit = format!("#{}", boards::unit(board.axis));
    let mut table = Table::new(
        format!("Leaderboard: {}", boards::title(board.axis)),
        &[
            "Policy",
            "#Ranks left open",
            "Role",
            &unit,
            "#To the first row [simultaneous 95%]",
            "#n",
        ],
    );
    for row in rows {
        table.push(vec![
            row.policy.clone().into(),
            boards::ranks(row).into(),
            Cell::toned(words::role(row.role), Tone::Mute),
            boards::point(board, row).into(),
            boards::to_first(board, row).into(),
            count(row.n).into(),
        ]);
    }
    table
}
