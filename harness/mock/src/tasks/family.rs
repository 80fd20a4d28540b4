//! The registry of task families and the dispatch from a prompt to its solver.

use super::arith;
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

/// All families, in the order in which solvers are tried.
pub const FAMILIES: &[Family] = &[Family {
    name: "arith",
    generate: arith::generate,
    solve: arith::solve,
}];

/// The family called `name`.
pub fn by_name(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|f| f.name == name)
}

/// The answer of the first family that recognises the conversation.
pub fn solve(messages: &[Message], ability: &Ability) -> Option<Answer> {
    FAMILIES.iter().find_map(|f| (f.solve)(messages, ability))
}
