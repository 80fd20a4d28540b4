//! From an answer to the tokens that are sent.

use crate::ability::Ability;
use crate::answer::Answer;
use crate::engine::pieces;
use crate::message::Message;
use crate::tasks;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Why generation stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// The answer was complete.
    Stop,
    /// The token limit was reached.
    Length,
}

impl Finish {
    /// The wire name.
    pub fn as_str(self) -> &'static str {
        match self {
            Finish::Stop => "stop",
            Finish::Length => "length",
        }
    }
}

/// One generated token.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// Its text.
    pub text: String,
    /// Natural log of its probability, at most 0.
    pub logprob: f64,
}

/// Length limits of a request, in tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// `max_completion_tokens` or `max_tokens`.
    pub max: Option<usize>,
    /// `min_tokens`: the answer is padded with words up to it (fixed-length load tests).
    pub min: usize,
}

/// A finished answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    /// The tokens.
    pub tokens: Vec<Token>,
    /// Why it stopped.
    pub finish: Finish,
}

impl Completion {
    /// The whole text.
    pub fn text(&self) -> String {
        self.tokens.iter().map(|t| t.text.as_str()).collect()
    }
}

const PADDING: &[&str] = &[
    " and", " then", " the", " load", " moves", " over", " the", " scale", " once", " more", ",",
];

/// Answers `messages` with `ability`, within `limits`.
///
/// The same messages and ability give the same tokens. A conversation no family recognises gets an
/// unsure apology.
pub fn complete(messages: &[Message], ability: &Ability, limits: Limits) -> Completion {
    let answer = tasks::solve(messages, ability).unwrap_or_else(apology);
    let mut tokens = tokenize(&answer);
    for i in tokens.len()..limits.min {
        tokens.push(Token {
            text: PADDING[i % PADDING.len()].to_owned(),
            logprob: -0.7,
        });
    }
    let max = limits.max.unwrap_or(usize::MAX);
    let finish = if tokens.len() > max {
        Finish::Length
    } else {
        Finish::Stop
    };
    tokens.truncate(max);
    Completion { tokens, finish }
}

fn apology() -> Answer {
    Answer::bare(
        "I am not sure what is being asked, so I would rather not guess.",
        0.2,
    )
}

/// Splits each span into pieces whose log probabilities scatter around the span's certainty.
///
/// The factor in 0.6..1.4 depends on the token and its place alone. It keeps thresholds on
/// confidence free of ties, as they are with a real model.
fn tokenize(answer: &Answer) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    for span in &answer.spans {
        for piece in pieces(&span.text) {
            let hash = xxh3_64_with_seed(piece.as_bytes(), tokens.len() as u64);
            let factor = 0.6 + 0.8 * (hash >> 11) as f64 / (1_u64 << 53) as f64;
            let logprob = factor * span.certainty.ln();
            tokens.push(Token {
                text: piece.to_owned(),
                logprob,
            });
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(prompt: &str, limits: Limits) -> Completion {
        complete(&[Message::user(prompt)], &Ability::full(), limits)
    }

    #[test]
    fn unknown_prompts_get_an_unsure_answer() {
        let c = ask("Sing.", Limits::default());
        assert!(c.text().starts_with("I am not sure"));
        assert!(c.tokens.iter().all(|t| t.logprob < -0.5));
    }

    #[test]
    fn limits_cut_and_pad() {
        let cut = ask(
            "Sing.",
            Limits {
                max: Some(3),
                min: 0,
            },
        );
        assert_eq!((cut.tokens.len(), cut.finish), (3, Finish::Length));
        let padded = ask(
            "Compute 1 + 1",
            Limits {
                max: Some(64),
                min: 64,
            },
        );
        assert_eq!((padded.tokens.len(), padded.finish), (64, Finish::Stop));
    }

    #[test]
    fn log_probabilities_follow_certainty() {
        let sure = ask("Compute 1 + 1", Limits::default());
        assert!(
            sure.tokens
                .iter()
                .all(|t| t.logprob > -0.1 && t.logprob <= 0.0)
        );
    }
}
