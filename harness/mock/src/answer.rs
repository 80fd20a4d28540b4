//! What a solver says, and how sure it is of each part.

/// A piece of an answer with the probability the solver gives to its being right.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// The words.
    pub text: String,
    /// The solver's own certainty, in (0, 1]. It is honest about what the solver noticed (truncated
    /// input, a guess) and blind to what it does not know, as in a real model.
    pub certainty: f64,
}

/// An answer: spans in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The spans; their concatenation is the text.
    pub spans: Vec<Span>,
}

/// Certainty of wording that carries no information.
const FILLER: f64 = 0.995;

impl Answer {
    /// An answer of one span.
    pub fn bare(text: impl Into<String>, certainty: f64) -> Self {
        Self::default().sure(text, certainty)
    }

    /// A sentence around one informative span.
    pub fn around(before: &str, text: impl Into<String>, certainty: f64, after: &str) -> Self {
        Self::default()
            .filler(before)
            .sure(text, certainty)
            .filler(after)
    }

    /// Appends an informative span.
    #[must_use]
    pub fn sure(mut self, text: impl Into<String>, certainty: f64) -> Self {
        let certainty = certainty.clamp(1e-6, 1.0);
        self.spans.push(Span {
            text: text.into(),
            certainty,
        });
        self
    }

    /// Appends wording.
    #[must_use]
    pub fn filler(self, text: &str) -> Self {
        if text.is_empty() {
            self
        } else {
            self.sure(text, FILLER)
        }
    }

    /// The whole text.
    pub fn text(&self) -> String {
        self.spans.iter().map(|s| s.text.as_str()).collect()
    }

    /// The lowest certainty of any span: what a cascade on confidence would see.
    pub fn weakest(&self) -> f64 {
        self.spans.iter().map(|s| s.certainty).fold(1.0, f64::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_joins_spans_and_weakest_finds_the_guess() {
        let a = Answer::around("It is ", "42", 0.4, ".");
        assert_eq!(a.text(), "It is 42.");
        assert!((a.weakest() - 0.4).abs() < 1e-12);
    }
}
