//! The table as Markdown, checked in as `tests/backends.md`.

use std::fmt::Write as _;
use std::path::Path;

use crate::feature::Feature;
use crate::row::{Group, Row};
use crate::table::rows;

const HEAD: &str = "# What is tested for every backend

Written by the tests of `harness/engine/tests/rows`; change the table there, then run
`WEIGHBRIDGE_WRITE=1 cargo test -p weighbridge-engine --test rows matrix`.

Each ✓ is tested end to end over a socket against the embedded fleet, which imitates the backend. A number
is a note below: the feature does not exist on that wire, and the tests check that it is found absent.
llama.cpp, LiteLLM and vLLM are also driven for real, see `tests/real_stacks`.
";

fn matrix() -> String {
    let mut text = HEAD.to_owned();
    let mut notes: Vec<&str> = Vec::new();
    for (group, title) in [
        (Group::Managed, "Managed"),
        (Group::SelfHosted, "Self-hosted"),
        (Group::Gateway, "Gateways as the router under test"),
    ] {
        text += &format!("\n## {title}\n\n| backend | `dialect` |");
        for feature in Feature::ALL {
            text += &format!(" {} |", feature.title().0);
        }
        text += &format!("\n|---|---|{}\n", ":-:|".repeat(Feature::ALL.len()));
        for row in rows().iter().filter(|row| row.group == group) {
            text += &line(row, &mut notes);
        }
    }
    text += "\n## Columns\n\n";
    for feature in Feature::ALL {
        let (title, meaning) = feature.title();
        // Writing to memory cannot fail.
        let _ = writeln!(text, "- **{title}**: {meaning}.");
    }
    text += "\n## Notes\n\n";
    for (i, note) in notes.iter().enumerate() {
        let _ = writeln!(text, "{}. {note}", i + 1);
    }
    text
}

fn line<'n>(row: &Row, notes: &mut Vec<&'n str>) -> String
where
    'static: 'n,
{
    let mut text = format!("| {} | `{}` |", row.name, row.dialect.as_str());
    for feature in Feature::ALL {
        match row.why_absent(feature) {
            None => text += " ✓ |",
            Some(why) => {
                let at = notes.iter().position(|n| *n == why).unwrap_or_else(|| {
                    notes.push(why);
                    notes.len() - 1
                });
                text += &format!(" {} |", at + 1);
            }
        }
    }
    text + "\n"
}

#[test]
fn the_matrix_is_the_one_that_is_checked_in() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/backends.md");
    let matrix = matrix();
    if std::env::var_os("WEIGHBRIDGE_WRITE").is_some() {
        std::fs::write(&path, &matrix).unwrap();
    }
    let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        checked_in == matrix,
        "tests/backends.md is out of date; its head says how to write it anew"
    );
}

#[test]
fn every_dialect_has_a_row() {
    let rows = rows();
    for dialect in weighbridge_engine::Dialect::ALL {
        // The plain dialect is what all others are compared with; vLLM's row covers it.
        let is_plain = dialect == weighbridge_engine::Dialect::OpenaiChat;
        assert!(
            is_plain || rows.iter().any(|row| row.dialect == dialect),
            "{dialect:?}"
        );
    }
}
