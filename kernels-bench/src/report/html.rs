//! A report as one HTML file, without scripts or anything from elsewhere.

use super::{Block, Document, Kind, Table};

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1c2024;--soft:#60646c;--line:#d9d9e0;--band:#f6f7f9;--back:#fff}\
@media(prefers-color-scheme:dark){:root{--ink:#edeef0;--soft:#b0b4ba;--line:#363a3f;--band:#1b1d20;--back:#111214}}\
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back);max-width:76rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem}\
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem}\
th,td{padding:.3rem .7rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}\
th{vertical-align:bottom}td.number,th.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}\
th small{display:block;color:var(--soft);font-weight:normal}\
td.modelled{font-style:italic}tbody tr:nth-child(even){background:var(--band)}\
figure{margin:1rem 0}figcaption{color:var(--soft);font-size:.9rem}svg{max-width:100%;height:auto}\
pre{background:var(--band);padding:.8rem;overflow-x:auto}";

/// Renders.
pub fn html(document: &Document) -> String {
    let title = escape(&document.title);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>{title}</title><style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n"
    );
    for block in &document.blocks {
        out += &match block {
            Block::Heading(text) => format!("<h2>{}</h2>\n", escape(text)),
            Block::Text(text) => format!("<p>{}</p>\n", escape(text)),
            Block::Code(text) => format!("<pre>{}</pre>\n", escape(text)),
            Block::Chart { svg, caption } => {
                format!(
                    "<figure>{svg}<figcaption>{}</figcaption></figure>\n",
                    escape(caption)
                )
            }
            Block::Table(t) => table(t),
        };
    }
    out + "</body></html>\n"
}

fn table(table: &Table) -> String {
    let mut out = "<div class=\"wide\"><table><thead><tr>".to_owned();
    for column in &table.columns {
        let name = escape(&column.name);
        out += &match column.kind {
            Kind::Axis => format!("<th>{name}</th>"),
            Kind::Measured => format!("<th class=\"number\">{name}<small>measured</small></th>"),
            Kind::Modelled => format!("<th class=\"number\">{name}<small>modelled</small></th>"),
        };
    }
    out += "</tr></thead><tbody>\n";
    for row in &table.rows {
        out += "<tr>";
        for (cell, column) in row.iter().zip(&table.columns) {
            let class = match column.kind {
                Kind::Axis => "",
                Kind::Measured => " class=\"number\"",
                Kind::Modelled => " class=\"number modelled\"",
            };
            out += &format!("<td{class}>{}</td>", escape(cell.text()));
        }
        out += "</tr>\n";
    }
    out + "</tbody></table></div>\n"
}

/// Record files come from anywhere: nothing in them may become markup.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        let document = Document {
            title: "<script>alert(1)</script>".to_owned(),
            blocks: vec![Block::Text("\"'&<b>".to_owned())],
        };
        let html = html(&document);
        assert!(!html.contains("<script") && !html.contains("<b>"), "{html}");
        assert!(html.contains("&quot;&#39;&amp;&lt;b&gt;"));
    }
}
