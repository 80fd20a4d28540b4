//! A report as Markdown.

use super::{Block, Document, Kind, Table};

/// Renders; drawings are named by their caption only.
pub fn markdown(document: &Document) -> String {
    let mut out = format!("# {}\n", document.title);
    for block in &document.blocks {
        out.push('\n');
        match block {
            Block::Heading(text) => out += &format!("## {text}\n"),
            Block::Text(text) => out += &format!("{}\n", escape(text)),
            Block::Chart { caption, .. } => out += &format!("*{}*\n", escape(caption)),
            Block::Code(text) => out += &format!("```\n{}\n```\n", text.trim_end()),
            Block::Table(t) => out += &table(t),
        }
    }
    out
}

fn table(table: &Table) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let heading = |(name, kind): (&str, Kind)| match kind {
        Kind::Axis | Kind::Measured => escape(name),
        Kind::Modelled => format!("{} (modelled)", escape(name)),
    };
    let columns = &table.columns;
    let mut out = line(columns.iter().map(|c| heading((&c.name, c.kind))).collect());
    let rule = |kind| if kind == Kind::Axis { "---" } else { "---:" };
    out += &line(columns.iter().map(|c| rule(c.kind).to_owned()).collect());
    for row in &table.rows {
        out += &line(row.iter().map(|cell| escape(cell.text())).collect());
    }
    out
}

/// Record files come from anywhere: nothing in them may become markup.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '&' => out += "&amp;",
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(escape("a|b <script> _x_"), "a\\|b &lt;script&gt; \\_x\\_");
    }
}
