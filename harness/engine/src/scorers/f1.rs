//! Token-level F1 against a reference text.

use std::collections::BTreeMap;

use weighbridge_record::Score;

/// F1 of the two bags of normalised tokens: 2·p·r / (p + r), with precision p = shared / answered
/// and recall r = shared / expected. Two empty bags are equal. Source: the SQuAD 1.1 evaluation
/// (Rajpurkar et al., 2016).
pub(super) fn score(right: &str, answer: &str) -> Score {
    let (right, answer) = (tokens(right), tokens(answer));
    if right.is_empty() || answer.is_empty() {
        return Score::Value(if right.is_empty() && answer.is_empty() {
            1.0
        } else {
            0.0
        });
    }
    let mut left = BTreeMap::<&str, usize>::new();
    for token in &right {
        *left.entry(token).or_default() += 1;
    }
    let mut shared = 0usize;
    for token in &answer {
        if let Some(count) = left.get_mut(token.as_str()).filter(|c| **c > 0) {
            *count -= 1;
            shared += 1;
        }
    }
    Score::checked(2.0 * shared as f64 / (right.len() + answer.len()) as f64)
}

/// Lower case, ASCII punctuation dropped (not replaced), articles dropped, split at white space.
fn tokens(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split_whitespace()
        .map(|word| word.chars().filter(|c| !c.is_ascii_punctuation()).collect())
        .filter(|word: &String| !matches!(word.as_str(), "" | "a" | "an" | "the"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn articles_case_and_punctuation_do_not_count() {
        assert_eq!(
            score("The Eiffel Tower", "eiffel tower."),
            Score::Value(1.0)
        );
    }

    #[test]
    fn overlap_is_counted_with_multiplicity() {
        // Shared: one of two; precision 1/3, recall 1/2, F1 0.4.
        assert_eq!(score("red red", "red green blue"), Score::Value(0.4));
        assert_eq!(score("x", "y"), Score::Value(0.0));
        assert_eq!(score("the", "a"), Score::Value(1.0));
        assert_eq!(score("x", ""), Score::Value(0.0));
    }
}
