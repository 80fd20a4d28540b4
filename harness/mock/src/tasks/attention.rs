//! The attention window: a weak tier does not see the start of a long message.

/// The last `window` characters of `text`, and whether something was cut.
///
/// The cut falls on the next word so that half words are never read.
pub fn attend(text: &str, window: usize) -> (&str, bool) {
    let total = text.chars().count();
    if total <= window {
        return (text, false);
    }
    let start = text
        .char_indices()
        .nth(total - window)
        .map_or(0, |(i, _)| i);
    let seen = &text[start..];
    let word = seen.find(char::is_whitespace).map_or(seen.len(), |i| i + 1);
    (seen.get(word..).unwrap_or(""), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_text_is_whole_and_long_text_loses_its_start() {
        assert_eq!(attend("abc def", 7), ("abc def", false));
        assert_eq!(attend("abc def ghi", 5), ("ghi", true));
        assert_eq!(attend("äöü ßß", 3), ("ßß", true));
    }
}
