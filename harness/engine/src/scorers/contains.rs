//! The answer must contain the text, without regard to case.

use weighbridge_record::Score;

use super::score::binary;

pub(super) fn score(right: &str, answer: &str) -> Score {
    binary(answer.to_lowercase().contains(&right.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_ignored_and_absence_is_zero() {
        assert_eq!(score("Mount Fuji", "it is MOUNT FUJI!"), Score::Value(1.0));
        assert_eq!(score("Mount Fuji", "Mount  Fuji"), Score::Value(0.0));
    }
}
