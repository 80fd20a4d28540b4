//! The first stand-alone choice named in the answer must be the right one.

use weighbridge_record::Score;

use super::score::binary;

pub(super) fn score(right: &str, choices: &[String], answer: &str) -> Score {
    binary(chosen(choices, answer) == Some(right))
}

/// The choice an answer names: after its last "answer" cue, else the first one that stands alone,
/// else the whole answer without regard to case.
fn chosen<'c>(choices: &'c [String], answer: &str) -> Option<&'c str> {
    after_cue(choices, answer)
        .or_else(|| {
            starts(answer)
                .filter(|&at| !is_article(answer, at))
                .find_map(|at| choice_at(choices, answer, at, false))
        })
        .or_else(|| {
            let bare = answer.trim_matches(|c: char| !c.is_alphanumeric());
            choices
                .iter()
                .find(|c| c.eq_ignore_ascii_case(bare))
                .map(|c| &**c)
        })
}

/// The choice right after the last `answer`, `answer is`, `answer:` and the like.
fn after_cue<'c>(choices: &'c [String], answer: &str) -> Option<&'c str> {
    const CUE: &str = "answer";
    let mut found = None;
    for at in starts(answer) {
        if !starts_with_ignoring_case(&answer[at..], CUE) {
            continue;
        }
        let mut rest = skip_marks(&answer[at + CUE.len()..]);
        for word in ["is", "would be", "should be", "choice", "option"] {
            if starts_with_ignoring_case(rest, word) && ends_word(rest, word.len()) {
                rest = skip_marks(&rest[word.len()..]);
            }
        }
        let start = answer.len() - rest.len();
        if !is_article(answer, start) {
            found = choice_at(choices, answer, start, true).or(found);
        }
    }
    found
}

fn skip_marks(text: &str) -> &str {
    // A cue is followed by its choice at once; the bound keeps repeated cues linear.
    let near = text.char_indices().take(16);
    let skip = near
        .take_while(|(_, c)| !c.is_alphanumeric())
        .map(|(at, c)| at + c.len_utf8())
        .last();
    &text[skip.unwrap_or(0)..]
}

/// Where words start.
fn starts(text: &str) -> impl Iterator<Item = usize> + '_ {
    let mut inside = false;
    text.char_indices().filter_map(move |(at, c)| {
        let was_inside = std::mem::replace(&mut inside, c.is_alphanumeric());
        (inside && !was_inside).then_some(at)
    })
}

/// The longest choice that stands at a place. Single letters count in their own case only: an `a`
/// in running text is no choice.
fn choice_at<'c>(choices: &'c [String], text: &str, at: usize, after_cue: bool) -> Option<&'c str> {
    let rest = &text[at..];
    let stands = |choice: &&String| {
        let same = if choice.len() == 1 && !after_cue {
            rest.starts_with(choice.as_str())
        } else {
            starts_with_ignoring_case(rest, choice)
        };
        same && !choice.is_empty() && ends_word(rest, choice.len())
    };
    let longest = choices.iter().filter(stands).max_by_key(|c| c.len());
    longest.map(|c| &**c)
}

fn starts_with_ignoring_case(text: &str, start: &str) -> bool {
    text.get(..start.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(start))
}

fn ends_word(text: &str, at: usize) -> bool {
    let after = text.get(at..).and_then(|rest| rest.chars().next());
    !after.is_some_and(|c| c.is_alphanumeric() || c == '\'' || c == '’')
}

/// Whether an `A` or `I` is a word of running text: followed by a blank and a lower-case word other
/// than one that speaks about a choice.
fn is_article(text: &str, at: usize) -> bool {
    let rest = &text[at..];
    let after = match rest.as_bytes() {
        [b'A' | b'a' | b'I', b' ', ..] => &rest[2..],
        _ => return false,
    };
    let end = after
        .find(|c: char| !c.is_alphabetic())
        .unwrap_or(after.len());
    let word = &after[..end];
    let speaks_about_it = matches!(
        word,
        "is" | "because" | "since" | "as" | "and" | "or" | "was"
    );
    word.starts_with(char::is_lowercase) && !speaks_about_it
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pick(text: &str) -> Option<String> {
        let choices = ["A", "B", "C", "D"].map(str::to_owned);
        chosen(&choices, text).map(str::to_owned)
    }

    #[test]
    fn awkward_answers_are_read() {
        for (text, choice) in [
            ("B", "B"),
            ("(B)", "B"),
            ("B.", "B"),
            ("Answer: B", "B"),
            ("**B**", "B"),
            ("b", "B"),
            ("b)", "B"),
            ("The correct answer is (C), because A is too small.", "C"),
            ("A dog barks, so the answer is D.", "D"),
            ("A is correct.", "A"),
            ("I think it is C", "C"),
            ("A dog barks: C", "C"),
            ("The answer is not obvious. Let me see. Answer: **D**", "D"),
            ("final answer\n\nB) Paris", "B"),
            ("answer is b", "B"),
            ("Both C and D look right", "C"),
        ] {
            assert_eq!(pick(text).as_deref(), Some(choice), "{text}");
        }
    }

    #[test]
    fn letters_inside_words_are_no_choice() {
        for text in ["", "Because", "ABCD", "A's", "a cat", "none of these"] {
            assert_eq!(pick(text), None, "{text}");
        }
    }

    #[test]
    fn words_are_choices_too_and_the_longest_wins() {
        let choices = ["yes", "no", "not sure"].map(str::to_owned);
        assert_eq!(chosen(&choices, "Yes, it does."), Some("yes"));
        assert_eq!(chosen(&choices, "I am not sure about it"), Some("not sure"));
        assert_eq!(chosen(&choices, "nothing"), None);
        assert_eq!(score("no", &choices, "No."), Score::Value(1.0));
    }
}
