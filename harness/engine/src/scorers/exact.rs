//! The answer, trimmed, must equal the text.

use weighbridge_record::Score;

use super::score::binary;

pub(super) fn score(right: &str, ignore_case: bool, answer: &str) -> Score {
    let (right, answer) = (right.trim(), answer.trim());
    binary(if ignore_case {
        right.to_lowercase() == answer.to_lowercase()
    } else {
        right == answer
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_around_never_counts_and_case_only_if_asked() {
        assert_eq!(score("Paris", false, "\n Paris "), Score::Value(1.0));
        assert_eq!(score("Paris", false, "paris"), Score::Value(0.0));
        assert_eq!(score("ÉTÉ", true, "été"), Score::Value(1.0));
        assert_eq!(score("Paris", true, "Paris."), Score::Value(0.0));
    }
}
