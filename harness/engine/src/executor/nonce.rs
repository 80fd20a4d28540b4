//! Words in front of synthetic prompts that keep what earlier runs left in prompt caches away.

use weighbridge_datasets::Message;
use weighbridge_datasets::trace::nonce_words;

/// What the words in front of every synthetic prompt of a run are made of.
///
/// All prompts of an arm have the same words, so that the prefixes that they share by design are still
/// shared; no two runs have the same words, so that nothing is shared between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromptNonce {
    /// The number of the run.
    pub run: u64,
    /// Whether every policy and repeat has words of its own, as they have cache salts of their own:
    /// arms send the same prompts, and would warm the cache for each other. Otherwise the whole run has
    /// the same words.
    pub per_arm: bool,
}

impl PromptNonce {
    /// The words of an arm, with the blank that parts them from the prompt.
    pub fn front(&self, policy: &str, repeat: u32) -> String {
        let arm = match self.per_arm {
            true => format!("{repeat} {policy}"),
            false => String::new(),
        };
        nonce_words(self.run, &arm) + " "
    }

    /// A conversation with words in front of its first message.
    pub fn put(front: &str, messages: &[Message]) -> Vec<Message> {
        let mut messages = messages.to_vec();
        if let Some(first) = messages.first_mut() {
            first.content.insert_str(0, front);
        }
        messages
    }
}

#[cfg(test)]
mod tests {
    use weighbridge_datasets::{Sample, Target};

    use super::*;

    #[test]
    fn arms_have_words_of_their_own_where_they_are_kept_apart() {
        let apart = PromptNonce {
            run: 7,
            per_arm: true,
        };
        let together = PromptNonce {
            per_arm: false,
            ..apart
        };
        assert_ne!(apart.front("a", 0), apart.front("b", 0));
        assert_ne!(apart.front("a", 0), apart.front("a", 1));
        assert_eq!(together.front("a", 0), together.front("b", 1));
        assert_ne!(
            together.front("a", 0),
            PromptNonce { run: 8, ..together }.front("a", 0)
        );
    }

    #[test]
    fn words_stand_at_the_very_front_and_nowhere_else() {
        let sample = Sample::of_prompt("s", "the rest", Target::Answered);
        let put = PromptNonce::put("some words ", &sample.messages);
        assert_eq!(put[0].content, "some words the rest");
        assert_eq!(put[0].role, sample.messages[0].role);
        assert_eq!(PromptNonce::put("x ", &[]), []);
    }
}
