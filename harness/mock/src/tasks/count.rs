//! Counting a word in a passage.
//!
//! Weak tiers estimate beyond a number (and say so), and count longer words that contain the wanted
//! one (and do not).

use super::attend;
use super::family::Draft;
use super::prose::{filler, page};
use super::scan::{after, between};
use crate::ability::{Ability, Style};
use crate::answer::Answer;
use crate::draw::Draw;
use crate::message::{Message, last_user};
use crate::target::GoldTarget;

const WANTED: &[&str] = &["lantern", "ferry", "violin", "orchard", "compass", "teapot"];

const SENTENCES: &[&str] = &[
    "The {} stood by the door.",
    "Nobody had seen the {} since morning.",
    "She drew a {} in her notebook.",
    "An old {} was for sale.",
    "He spoke of the {} again.",
    "There was a {} in every story.",
];

const DECOYS: &[&str] = &[
    "They argued about {}like shapes.",
    "A {}maker lived next door.",
];

const ASKS: &[&str] = &[
    "How many times does the word \"{}\" occur in the passage? Whole words only; answer with a number.",
    "Count the word \"{}\" in the passage below, whole words only, and give the number.",
];

/// More occurrences with higher difficulty; look-alikes from 3 on.
pub fn generate(draw: &mut Draw, difficulty: u8) -> Draft {
    let (count, decoys, gap) = match difficulty {
        1 => (draw.int(1, 3), 0, 0),
        2 => (draw.int(3, 7), 0, 100),
        3 => (draw.int(5, 10), draw.int(0, 1), 200),
        4 => (draw.int(8, 16), draw.int(0, 2), 400),
        _ => (draw.int(15, 30), draw.int(0, 3), 600),
    };
    let wanted = draw.pick(WANTED);
    let mut lines: Vec<String> = (0..count)
        .map(|_| draw.pick(SENTENCES).replace("{}", wanted))
        .collect();
    lines.extend((0..decoys).map(|_| draw.pick(DECOYS).replace("{}", wanted)));
    if gap > 0 {
        lines.push(filler(draw, gap));
    }
    draw.shuffle(&mut lines);
    let ask = draw.pick(ASKS).replace("{}", wanted);
    let passage = format!("Passage: {}", lines.join(" "));
    let target = GoldTarget::Number {
        value: count as f64,
        tolerance: 0.0,
    };
    Draft::single(page(&[&ask, &passage]), target)
}

/// Counts within the attended part of the passage.
pub fn solve(messages: &[Message], ability: &Ability) -> Option<Answer> {
    let prompt = last_user(messages);
    let wanted = between(prompt, "word \"", "\"")?;
    let passage = after(prompt, "Passage: ")?;
    let (seen, cut) = attend(passage, ability.window_chars);
    let words = seen.split(|c: char| !c.is_alphanumeric());
    let hit = |w: &&str| {
        if ability.whole_words {
            *w == wanted
        } else {
            w.starts_with(wanted)
        }
    };
    let count = words.filter(hit).count();
    let exact = count <= ability.exact_count;
    let said = if exact { count } else { (count + 2) / 5 * 5 };
    let certainty = if exact && !cut {
        0.95 - 0.003 * count.min(60) as f64
    } else {
        0.35
    };
    let text = said.to_string();
    Some(match ability.style {
        Style::Terse => Answer::bare(text, certainty),
        Style::Sentence => Answer::around("The word occurs ", text, certainty, " times."),
        Style::Wordy => Answer::around(
            "Going through it sentence by sentence, I count ",
            text,
            certainty,
            ".",
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tier::builtin_tiers;

    #[test]
    fn small_counts_look_alikes_and_estimates_long_lists() {
        let small = &builtin_tiers()[1].ability;
        let ask = |passage: &str| {
            let prompt = format!("Count the word \"ferry\".\n\nPassage: {passage}");
            solve(&[Message::user(prompt)], small).unwrap()
        };
        assert_eq!(ask("The ferry. A ferrymaker.").text(), "2");
        let many = ask(&"The ferry. ".repeat(11));
        assert_eq!(many.text(), "10");
        assert!(many.weakest() < 0.5);
    }
}
