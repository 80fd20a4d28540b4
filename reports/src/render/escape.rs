//! Every text that comes from data is hostile: prompts, answers, names, labels. One function per
//! destination.
//!
//! Nothing is dropped silently: a control character is shown as its picture (`␛`), an invisible or
//! direction-changing one as `\u{202e}`.

use std::fmt::Write as _;

/// Whether a character is invisible, moves text about or breaks lines behind the reader's back.
fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Makes control and deceptive characters visible; line feeds and tabs stay.
pub(crate) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        push_visible(&mut out, c);
    }
    out
}

fn push_visible(out: &mut String, c: char) {
    match c {
        '\n' | '\t' => out.push(c),
        '\u{0}'..='\u{1f}' => {
            out.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'));
        }
        '\u{7f}' => out.push('\u{2421}'),
        // Writing to a string cannot fail.
        c if is_deceptive(c) => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
        c => out.push(c),
    }
}

/// Visible text on one line: runs of white space become one space.
pub(crate) fn line(text: &str) -> String {
    visible(text)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// At most this many characters of a text, with an ellipsis in place of the rest.
pub(crate) fn shorten(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => {
            let mut cut: String = text.chars().take(most.saturating_sub(1)).collect();
            cut.push('…');
            cut
        }
    }
}

/// Text for HTML and SVG, in element content and in quoted attributes.
pub(crate) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => push_visible(&mut out, c),
        }
    }
    out
}

/// Text on one line for Markdown as the forges extend it: no markup, no link, no mention, no
/// reference to an issue, no workflow command.
///
/// Forges look for mentions after entities are resolved, so `@` is not encoded but parted from what
/// follows by a zero-width space.
pub(crate) fn markdown(text: &str) -> String {
    const PART: &str = "&#8203;";
    let text = line(text);
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            '@' | '#' => {
                out.push(c);
                out.push_str(PART);
            }
            ':' if matches!(chars.peek(), Some(':' | '/')) => {
                out.push(c);
                out.push_str(PART);
            }
            '.' if ends_with_www(&out) => {
                out.push_str(PART);
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

fn ends_with_www(out: &str) -> bool {
    out.len() >= 3
        && out
            .get(out.len() - 3..)
            .is_some_and(|tail| tail.eq_ignore_ascii_case("www"))
}

/// Text on one line for a terminal or a build log.
pub(crate) fn terminal(text: &str) -> String {
    // The older form of a workflow command is found anywhere in a line.
    line(text).replace("##[", "## [")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_cannot_leave_text_or_attribute() {
        let out = html("</script><img src=x onerror='alert(1)' title=\"&\">");
        assert!(!out.contains(['<', '>', '"', '\'']), "{out}");
        assert!(out.starts_with("&lt;/script&gt;&lt;img"));
    }

    #[test]
    fn controls_become_visible() {
        assert_eq!(
            visible("a\x1b[31mb\u{202e}c\u{2028}d\0"),
            "a␛[31mb\\u{202e}c\\u{2028}d␀"
        );
        assert_eq!(line("a\n\n b\tc"), "a b c");
    }

    #[test]
    fn markdown_has_no_mention_link_image_or_command() {
        let out =
            markdown("@everyone #12 ![x](https://e.x/p.png) <!-- c --> ::error::x www.e.x `a`|b");
        for bad in [
            "@e", "#1", "![", "](", "://", "<!--", "::", "www.", " `", "`|",
        ] {
            // An escaped bracket is a character, not the end of a link's text.
            let live = out.replace("\\]", "");
            assert!(!live.contains(bad), "{bad} in {out}");
        }
    }

    #[test]
    fn terminal_text_is_one_clean_line() {
        let out = terminal("x\x1b]0;t\x07\r\n::error::y ##[set-env]");
        assert!(!out.chars().any(char::is_control), "{out}");
        assert!(!out.contains("##["), "{out}");
    }

    #[test]
    fn shortening_counts_characters() {
        assert_eq!(shorten("äöüß", 4), "äöüß");
        assert_eq!(shorten("äöüßx", 4), "äöü…");
    }
}
