//! The answer must match a pattern somewhere.

use regex::Regex;
use weighbridge_record::Score;

use super::score::binary;

pub(super) fn score(pattern: &str, answer: &str) -> Score {
    match Regex::new(pattern) {
        Ok(pattern) => binary(pattern.is_match(answer)),
        Err(error) => Score::Unscored(format!("target pattern does not compile: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_anywhere_counts_and_a_bad_pattern_is_no_failure_of_the_model() {
        assert_eq!(score(r"\b4\d\b", "it is 42."), Score::Value(1.0));
        assert_eq!(score(r"^42$", "it is 42"), Score::Value(0.0));
        assert!(matches!(score("(", "x"), Score::Unscored(_)));
    }
}
