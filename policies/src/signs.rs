//! Signs of difficulty that can be read off a prompt without a model.

use regex::Regex;

use crate::PolicyError;
use crate::accept::compile;

/// Compiled patterns, one per sign.
pub(crate) struct Signs {
    code: Regex,
    reasoning: Regex,
    technical: Regex,
    steps: Regex,
    simple: Regex,
}

/// How much of each sign a prompt shows, each in `[0, 1]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shown {
    pub(crate) tokens: f64,
    pub(crate) code: f64,
    pub(crate) reasoning: f64,
    pub(crate) technical: f64,
    pub(crate) steps: f64,
    pub(crate) questions: f64,
    pub(crate) simple: f64,
}

/// Fences, definitions, queries and statement ends.
const CODE: &str = r"(?im)```|^\s*(?:def|fn|func|class|import|#include)\b|\b(?:select\b.+\bfrom|function\s*\(|return\s+\w)|[;{]\s*$|=>|::";

/// Words that ask for an argument rather than a fact.
const REASONING: &str = r"(?i)\b(?:prove|proof|derive|deduce|justify|why|explain how|step by step|compare|contrast|trade-?offs?|analy[sz]e|evaluate|critique|infer|hypothes[ei]s|contradiction|optimi[sz]e|design)\b";

/// Terms of trades in which weak models slip.
const TECHNICAL: &str = r"(?i)\b(?:algorithm|complexity|integral|derivative|matrix|eigenvalue|theorem|probability|regression|gradient|polynomial|latency|throughput|concurrency|mutex|database|kernel|compiler|protocol|encryption|enzyme|genome|quantum|thermodynamic|statute|liability|pharmac\w+|diagnos[ei]s)\b";

/// Words and numbered lines that mark one step after another.
const STEPS: &str = r"(?im)\b(?:then|after that|afterwards|next,|finally|first,|second,|third,|lastly)|^\s*(?:\d+[.)]|[-*])\s";

/// Greetings and one-fact requests.
const SIMPLE: &str = r"(?i)^\s*(?:hi|hello|hey|thanks|thank you|good (?:morning|evening))\b|\b(?:define|translate|spell|synonym|capital of|what does \w+ mean|who is|who was|yes or no)\b";

impl Signs {
    /// # Errors
    /// None in practice: the patterns are fixed and compiled by the tests.
    pub(crate) fn compile() -> Result<Self, PolicyError> {
        Ok(Self {
            code: compile(CODE)?,
            reasoning: compile(REASONING)?,
            technical: compile(TECHNICAL)?,
            steps: compile(STEPS)?,
            simple: compile(SIMPLE)?,
        })
    }

    /// Reads a prompt.
    pub(crate) fn read(&self, prompt: &str) -> Shown {
        let tokens = (prompt.chars().count() as f64 / 4.0).ceil();
        let questions = prompt.matches(['?', '？']).count();
        Shown {
            tokens: ((tokens - 15.0) / (400.0 - 15.0)).clamp(0.0, 1.0),
            code: full_from(3, &self.code, prompt),
            reasoning: full_from(2, &self.reasoning, prompt),
            technical: full_from(3, &self.technical, prompt),
            steps: full_from(3, &self.steps, prompt),
            questions: (questions.saturating_sub(1) as f64 / 2.0).min(1.0),
            simple: full_from(1, &self.simple, prompt),
        }
    }
}

/// Share of the occurrences that make a sign full.
fn full_from(full: usize, pattern: &Regex, prompt: &str) -> f64 {
    let found = pattern.find_iter(prompt).take(full).count();
    found as f64 / full as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(prompt: &str) -> Shown {
        Signs::compile().unwrap().read(prompt)
    }

    #[test]
    fn each_sign_has_its_own_marks() {
        let greeting = read("Hello there");
        assert_eq!((greeting.simple, greeting.tokens), (1.0, 0.0));
        assert_eq!(read("```\nfn main() {\n}\n```").code, 1.0);
        assert_eq!(read("Prove it and explain how.").reasoning, 1.0);
        assert_eq!(read("Which algorithm?").technical, 1.0 / 3.0);
        assert_eq!(read("1. wash\n2. cut\n3. cook").steps, 1.0);
        assert_eq!(read("Why? When? Where?").questions, 1.0);
        assert_eq!(read("Only one?").questions, 0.0);
        assert_eq!(read(&"x".repeat(1600)).tokens, 1.0);
    }

    #[test]
    fn parts_of_words_are_no_marks() {
        let shown = read("The improved algorithmics of whyever");
        assert_eq!((shown.reasoning, shown.technical), (0.0, 0.0));
    }
}
