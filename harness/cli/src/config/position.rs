//! Byte offsets to lines and columns.

use std::fmt::Write as _;
use std::ops::Range;

/// A place in a text: line and column from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// The position of a byte offset; offsets past the end count as the end.
pub(crate) fn position(text: &str, offset: usize) -> Position {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    Position {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}

/// The line with the offending text underlined, as compilers draw it.
pub(crate) fn excerpt(text: &str, span: &Range<usize>) -> String {
    let Position { line, column } = position(text, span.start);
    let content = text.lines().nth(line - 1).unwrap_or("");
    let number = line.to_string();
    let pad = " ".repeat(number.len());
    let room = content.chars().count().saturating_sub(column - 1).max(1);
    let wanted = text
        .get(span.clone())
        .map_or(1, |s| s.chars().count())
        .clamp(1, room);
    let mut out = String::new();
    let _ = writeln!(out, "{pad} |");
    let _ = writeln!(out, "{number} | {content}");
    let _ = write!(
        out,
        "{pad} | {}{}",
        " ".repeat(column - 1),
        "^".repeat(wanted)
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_not_bytes() {
        let text = "a = 1\nß = \"x\"\n";
        let offset = text.find('"').unwrap();
        assert_eq!(position(text, offset), Position { line: 2, column: 5 });
        assert_eq!(position(text, 999), Position { line: 3, column: 1 });
    }

    #[test]
    fn the_offending_text_is_underlined() {
        let text = "ok = 1\nwrong = true\n";
        let start = text.find("true").unwrap();
        let drawn = excerpt(text, &(start..start + 4));
        assert!(
            drawn.ends_with("2 | wrong = true\n  |         ^^^^"),
            "{drawn}"
        );
    }
}
