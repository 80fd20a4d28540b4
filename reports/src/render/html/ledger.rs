//! Where the money went.

use serde::Serialize;

use super::figure::Figure;
use crate::model::{LedgerRow, Report};
use crate::render::number::{count, usd};
use crate::render::svg::{self, Bar};
use crate::render::table::{Cell, Table};

/// Letter and name of each part, in the order of [`parts`].
const KEY: [(&str, &str); 7] = [
    ("I", "input"),
    ("R", "cache reads"),
    ("W", "cache writes"),
    ("O", "output"),
    ("T", "reasoning"),
    ("F", "fees and totals"),
    ("D", "decisions"),
];

/// The section.
#[derive(Debug, Serialize)]
pub(super) struct View {
    money: Figure,
    tokens: Table,
}

fn parts(row: &LedgerRow) -> [f64; 7] {
    [
        row.input_usd,
        row.cache_read_usd,
        row.cache_write_usd,
        row.output_usd,
        row.reasoning_usd,
        row.other_usd,
        row.decisions_usd,
    ]
}

/// Prepares the section; nothing where there is no ledger.
pub(super) fn view(report: &Report) -> Option<View> {
    let rows = &report.ledger;
    if rows.is_empty() {
        return None;
    }
    let bars = || -> Vec<Bar<'_>> {
        rows.iter()
            .map(|row| Bar {
                name: &row.policy,
                parts: parts(row).to_vec(),
                total: row.total_usd,
            })
            .collect()
    };
    let mut money = Figure::new(
        |width| svg::bars(&bars(), &KEY, width, "ledger"),
        "US dollars over the whole run. Decisions are the calls that route: classifier, verifier, \
         embedding. Discarded answers and failed tries are part of the total.",
        money_table(rows),
    );
    money.folded = false;
    Some(View {
        money,
        tokens: token_table(rows),
    })
}

fn money_table(rows: &[LedgerRow]) -> Table {
    let mut table = Table::new(
        "US dollars over the whole run",
        &[
            "Policy",
            "#Total",
            "#Input",
            "#Cache reads",
            "#Cache writes",
            "#Output",
            "#Reasoning",
            "#Fees and totals",
            "#Decisions",
            "#Of it discarded",
            "#Of it failed",
        ],
    );
    for row in rows {
        let mut cells: Vec<Cell> = vec![row.policy.clone().into(), usd(row.total_usd).into()];
        cells.extend(parts(row).map(|x| Cell::from(usd(x))));
        cells.push(usd(row.discarded_usd).into());
        cells.push(usd(row.failed_usd).into());
        table.push(cells);
    }
    table
}

fn token_table(rows: &[LedgerRow]) -> Table {
    let mut table = Table::new(
        "Tokens and calls",
        &[
            "Policy",
            "#Input",
            "#Cache reads",
            "#Cache writes",
            "#Output",
            "#Reasoning",
            "#Calls",
            "#With estimated tokens",
        ],
    );
    for row in rows {
        let numbers = [
            row.input_tokens,
            row.cache_read_tokens,
            row.cache_write_tokens,
            row.output_tokens,
            row.reasoning_tokens,
            row.calls,
            row.estimated_calls,
        ];
        let mut cells: Vec<Cell> = vec![row.policy.clone().into()];
        cells.extend(numbers.map(|n| Cell::from(count(n))));
        table.push(cells);
    }
    table
}
