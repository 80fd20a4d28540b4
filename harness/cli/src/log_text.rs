//! Text on its way into a build log.
//!
//! A runner of GitHub Actions reads commands out of what a job prints: a line that starts with `::`
//! (white space aside), and the older `##[` anywhere. Answers of models, names and error messages can
//! hold either, so what is printed under such a runner is taken apart first. Files are left as they
//! are: nobody reads commands out of them.

/// Whether a runner of GitHub Actions reads along.
fn is_watched() -> bool {
    std::env::var_os("GITHUB_ACTIONS").is_some_and(|on| !on.is_empty())
}

/// Talk for standard error or a summary for standard output.
pub(crate) fn talk(text: &str) -> String {
    if is_watched() {
        defused(text)
    } else {
        text.to_owned()
    }
}

/// A JSON document for standard output. It means the same: what is changed lies in strings, and no line
/// of a document starts with a command.
pub(crate) fn json(text: &str) -> String {
    if is_watched() {
        text.replace("##[", "#\\u0023[")
    } else {
        text.to_owned()
    }
}

/// Parts the signs of every workflow command with a space.
fn defused(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    // A lone carriage return ends a line for the runner as well.
    for piece in text.split_inclusive(['\n', '\r']) {
        let start = piece.len() - piece.trim_start().len();
        let (blank, rest) = piece.split_at(start);
        out.push_str(blank);
        match rest.strip_prefix("::") {
            Some(command) => {
                out.push_str(": :");
                out.push_str(command);
            }
            None => out.push_str(rest),
        }
    }
    out.replace("##[", "## [")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_taken_apart_wherever_a_line_starts() {
        assert_eq!(
            defused("a ::error::b\n  ::add-mask::x\r::warning::y\nz ##[group]"),
            "a ::error::b\n  : :add-mask::x\r: :warning::y\nz ## [group]"
        );
        assert_eq!(defused("\u{2003}::error::x"), "\u{2003}: :error::x");
    }
}
