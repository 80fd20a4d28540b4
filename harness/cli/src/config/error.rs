//! Configuration errors: file, line, column, the offending text and a hint.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::position::{excerpt, position};

/// A configuration error. Displays as `file:line:column: what is wrong`, the line itself, and a
/// hint.
#[derive(Debug)]
pub(crate) struct ConfigError {
    path: PathBuf,
    place: Option<(usize, usize, String)>,
    message: String,
    hint: Option<String>,
}

impl ConfigError {
    /// An error at a span of the file's text.
    pub(crate) fn at(
        path: &Path,
        text: &str,
        span: &Range<usize>,
        message: impl Into<String>,
    ) -> Self {
        let at = position(text, span.start);
        Self {
            path: path.to_owned(),
            place: Some((at.line, at.column, excerpt(text, span))),
            message: message.into(),
            hint: None,
        }
    }

    /// An error about the file as a whole.
    pub(crate) fn file(path: &Path, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            place: None,
            message: message.into(),
            hint: None,
        }
    }

    /// A TOML error, with its own span.
    pub(crate) fn toml(path: &Path, text: &str, error: &toml::de::Error) -> Self {
        let message = error.message().lines().collect::<Vec<_>>().join("; ");
        let hint = suggestion(&message);
        let message = plain(&message);
        let made = match error.span() {
            Some(span) => Self::at(path, text, &span, message),
            None => Self::file(path, message),
        };
        Self { hint, ..made }
    }

    /// Whether it is about the file as a whole: there is no place in it to point at.
    pub(crate) fn is_unread(&self) -> bool {
        self.place.is_none()
    }

    /// With what to do about it.
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.place {
            Some((line, column, drawn)) => {
                write!(f, "{path}:{line}:{column}: {}\n{drawn}", self.message)?;
            }
            None => write!(f, "{path}: {}", self.message)?,
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

/// Serde's names of types in words; numbers of three hundred digits are cut.
fn plain(message: &str) -> String {
    let mut text = message.replace("` as i128", "`");
    for (kind, words) in [
        ("expected u64", "expected a whole number of at least 0"),
        ("expected u32", "expected a whole number of at least 0"),
        ("expected usize", "expected a whole number of at least 0"),
        ("expected i64", "expected a whole number"),
        ("expected f64", "expected a number"),
    ] {
        text = text.replace(kind, words);
    }
    let short = text
        .split(' ')
        .map(|word| match word.char_indices().nth(40) {
            Some((end, _)) if is_number(word) => format!("{}…`,", &word[..end]),
            _ => word.to_owned(),
        });
    short.collect::<Vec<_>>().join(" ")
}

/// Whether a word is a quoted number.
fn is_number(word: &str) -> bool {
    let digits = word.trim_matches(|c| "`,-".contains(c));
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// For serde's "unknown field `x`, expected one of `a`, `b`": the nearest name, if it is near.
fn suggestion(message: &str) -> Option<String> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    if !message.starts_with("unknown field") && !message.starts_with("unknown variant") {
        return None;
    }
    let written = quoted.next()?;
    nearest(written, quoted).map(|name| format!("did you mean `{name}`?"))
}

/// The candidate within two edits, nearest first.
pub(crate) fn nearest<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let mut best = None;
    for candidate in candidates {
        let edits = edits(written, candidate);
        let limit = 1 + written.chars().count() / 4;
        if edits <= limit && best.is_none_or(|(e, _)| edits < e) {
            best = Some((edits, candidate));
        }
    }
    best.map(|(_, name)| name)
}

/// Levenshtein distance.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_in_words_and_long_numbers_are_cut() {
        assert_eq!(
            plain("invalid value: integer `-1`, expected u64"),
            "invalid value: integer `-1`, expected a whole number of at least 0"
        );
        let long = format!(
            "invalid type: floating point `{}.0`, expected usize",
            "1".repeat(300)
        );
        let cut = plain(&long);
        assert!(
            cut.len() < 140 && cut.contains("1…`, expected a whole"),
            "{cut}"
        );
        let name = format!("unknown field `{}`, expected `x`", "a".repeat(60));
        assert_eq!(plain(&name), name);
    }

    #[test]
    fn near_names_are_suggested_and_far_ones_are_not() {
        assert_eq!(
            nearest("treshold", ["threshold", "model"]),
            Some("threshold")
        );
        assert_eq!(nearest("zzz", ["threshold", "model"]), None);
        let message = "unknown field `modle`, expected `model`";
        assert_eq!(
            suggestion(message).as_deref(),
            Some("did you mean `model`?")
        );
    }
}
