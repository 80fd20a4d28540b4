//! A deterministic tokenizer, near four characters a token on English text.
//!
//! A piece is an optional single space followed by up to six letters, or up to three digits, or one
//! other character; a run of white space that no piece absorbs is one piece of its own. Pieces
//! concatenate to the text, so that the tokens of an answer are the tokens the same answer has
//! as history of the next turn. A token id is the xxh3 hash of its piece: there is no vocabulary.

use crate::message::{Message, Role};
use xxhash_rust::xxh3::xxh3_64;

const MAX_LETTERS: usize = 6;
const MAX_DIGITS: usize = 3;

/// The pieces of `text`, in order.
pub fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, tail) = rest.split_at(piece_length(rest));
        rest = tail;
        Some(piece)
    })
}

/// Bytes of the first piece of a non-empty text.
fn piece_length(text: &str) -> usize {
    let blank = text.len() - text.trim_start().len();
    // One space belongs to the word after it; any other white space stands alone.
    if blank > 1 || (blank == 1 && (!text.starts_with(' ') || text.len() == 1)) {
        let word_follows = text.len() > blank && text[..blank].ends_with(' ');
        return if word_follows && blank > 1 {
            blank - 1
        } else {
            blank
        };
    }
    if blank > 1 {
        return blank;
    }
    let body = &text[blank..];
    let Some(first) = body.chars().next() else {
        return text.len();
    };
    let run = if first.is_alphabetic() {
        run_length(body, MAX_LETTERS, char::is_alphabetic)
    } else if first.is_ascii_digit() {
        run_length(body, MAX_DIGITS, |c| c.is_ascii_digit())
    } else {
        first.len_utf8()
    };
    blank + run
}

fn run_length(text: &str, most: usize, belongs: impl Fn(char) -> bool) -> usize {
    text.chars()
        .take(most)
        .take_while(|c| belongs(*c))
        .map(char::len_utf8)
        .sum()
}

fn id(piece: &str) -> u64 {
    xxh3_64(piece.as_bytes())
}

/// The token ids of a bare text.
pub fn text_tokens(text: &str) -> Vec<u64> {
    pieces(text).map(id).collect()
}

/// The token ids of a conversation: for every message a role marker, the text and an end marker,
/// then the assistant marker that opens the answer.
pub fn prompt_tokens(messages: &[Message]) -> Vec<u64> {
    let mut tokens = Vec::with_capacity(messages.iter().map(|m| m.content.len() / 4 + 2).sum());
    for message in messages {
        tokens.push(role_marker(message.role));
        tokens.extend(pieces(&message.content).map(id));
        tokens.push(id("<|end|>"));
    }
    tokens.push(role_marker(Role::Assistant));
    tokens
}

fn role_marker(role: Role) -> u64 {
    id(match role {
        Role::System => "<|system|>",
        Role::User => "<|user|>",
        Role::Assistant => "<|assistant|>",
        Role::Tool => "<|tool|>",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_take_their_space_and_digits_go_by_three() {
        let got: Vec<&str> = pieces("The total is 12345, not  negotiable\n").collect();
        assert_eq!(
            got,
            [
                "The", " total", " is", " 123", "45", ",", " not", " ", " negoti", "able", "\n"
            ]
        );
    }

    #[test]
    fn an_answer_extends_the_prompt_of_the_next_turn() {
        let mut talk = vec![Message::system("Be brief."), Message::user("Hi")];
        let mut expected = prompt_tokens(&talk);
        expected.extend(text_tokens("Hello there."));
        talk.push(Message::assistant("Hello there."));
        talk.push(Message::user("Bye"));
        assert!(prompt_tokens(&talk).starts_with(&expected));
    }

    proptest! {
        #[test]
        fn pieces_concatenate_to_the_text(text in "\\PC{0,60}|[ a-z0-9\\n\\t.]{0,80}") {
            prop_assert_eq!(pieces(&text).collect::<String>(), text);
        }
    }
}
