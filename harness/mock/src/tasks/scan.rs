//! Finding things in prompts.

/// The text between the first `open` and the next `close` after it.
pub(super) fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let rest = &text[text.find(open)? + open.len()..];
    Some(&rest[..rest.find(close)?])
}

/// The text after the first `open`.
pub(super) fn after<'a>(text: &'a str, open: &str) -> Option<&'a str> {
    Some(&text[text.find(open)? + open.len()..])
}

/// All unsigned decimal numbers with the text that follows each.
pub(super) fn numbers(text: &str) -> impl Iterator<Item = (f64, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find(|c: char| c.is_ascii_digit())?;
        let run = &rest[start..];
        let end = run
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(run.len());
        // A full stop after the number is not part of it.
        let digits = run[..end].trim_end_matches('.');
        rest = &run[end..];
        Some((digits.parse().unwrap_or(f64::NAN), &run[digits.len()..]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_decimals_and_drop_full_stops() {
        let got: Vec<_> = numbers("It is 2.5 km, or 3.")
            .map(|(n, t)| (n, t.to_owned()))
            .collect();
        assert_eq!(got, [(2.5, " km, or 3.".to_owned()), (3.0, ".".to_owned())]);
    }

    #[test]
    fn between_needs_both_ends() {
        assert_eq!(between("a (b) c", "(", ")"), Some("b"));
        assert_eq!(between("a (b", "(", ")"), None);
        assert_eq!(after("x: y", ": "), Some("y"));
    }
}
