//! The registry of task families and the dispatch from a prompt to its solver.

use super::{arith, count, dates, extract, ledger, order, rewrite, sort, triage, units, yesno};
use crate::ability::Ability;
use crate::answer::Answer;
use crate::draw::Draw;
use crate::message::Message;
use crate::target::GoldTarget;

/// A generated task before it gets an id.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// What is sent.
    pub messages: Vec<Message>,
    /// What is right.
    pub target: GoldTarget,
}

impl Draft {
    /// A task of one user message.
    pub fn single(prompt: String, target: GoldTarget) -> Self {
        Self {
            messages: vec![Message::user(prompt)],
            target,
        }
    }
}

/// A family: a name, a generator and a solver.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// The name, also the slice label and the stem of sample ids.
    pub name: &'static str,
    /// Generates one task of a difficulty in 1..=5.
    pub generate: fn(&mut Draw, u8) -> Draft,
    /// Answers when the messages are of this family, `None` otherwise.
    pub solve: fn(&[Message], &Ability) -> Option<Answer>,
}

macro_rules! family {
    ($name:ident) => {
        Family {
            name: stringify!($name),
            generate: $name::generate,
            solve: $name::solve,
        }
    };
}

/// All families, in the order in which solvers are tried.
pub const FAMILIES: &[Family] = &[
    family!(ledger),
    family!(triage),
    family!(extract),
    family!(order),
    family!(rewrite),
    family!(yesno),
    family!(sort),
    family!(count),
    family!(dates),
    family!(units),
    family!(arith),
];

/// The family called `name`.
pub fn by_name(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|f| f.name == name)
}

/// The answer of the first family that recognises the conversation.
pub fn solve(messages: &[Message], ability: &Ability) -> Option<Answer> {
    FAMILIES.iter().find_map(|f| (f.solve)(messages, ability))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every generated task is recognised by its own family, through the dispatch, and solved.
    #[test]
    fn full_ability_is_right_on_200_seeds_of_every_difficulty() {
        let full = Ability::full();
        for family in FAMILIES {
            for seed in 0..200 {
                for difficulty in 1..=5 {
                    let draft = (family.generate)(&mut Draw::new(seed, family.name), difficulty);
                    let answer = solve(&draft.messages, &full).map(|a| a.text());
                    let right = answer.as_deref().is_some_and(|a| draft.target.accepts(a));
                    assert!(
                        right,
                        "{} {seed}/{difficulty}: {answer:?}\n{draft:#?}",
                        family.name
                    );
                    let own = (family.solve)(&draft.messages, &full).map(|a| a.text());
                    assert_eq!(own, answer, "{} {seed}/{difficulty}", family.name);
                }
            }
        }
    }

    #[test]
    fn families_are_found_by_name() {
        assert_eq!(by_name("dates").map(|f| f.name), Some("dates"));
        assert!(by_name("poetry").is_none());
    }
}
