//! Triage of support tickets: everyday traffic that a small model handles as well as a large one.
//!
//! Two traps part the tiers in opposite directions. A ticket that opens with a settled matter
//! misleads those that stop at the first keyword. A ticket whose writer speculates about a cause
//! misleads the one that reads too much into it.

use super::attend;
use super::family::Draft;
use super::prose::filler;
use super::scan::after;
use crate::ability::{Ability, Reading, Style};
use crate::answer::Answer;
use crate::draw::Draw;
use crate::message::{Message, last_user};
use crate::target::GoldTarget;

const SYSTEM: &str = "You are the first line of the help desk of a mail-order company. Tickets \
    arrive from customers in many words and moods; your part is to name the one queue that should \
    take the ticket. The queue billing deals with money asked for or given back. The queue shipping \
    deals with goods on their way. The queue technical deals with the web shop and the mobile \
    program. The queue account deals with access and personal details. The queue feedback takes \
    praise and suggestions. Name exactly one queue. Ignore matters that the customer calls settled.";

/// Queues with sentences about them and the clue each contains.
const QUEUES: &[(&str, &[(&str, &str)])] = &[
    (
        "billing",
        &[
            ("invoice", "The invoice shows an amount I do not recognise."),
            ("refund", "I am still waiting for my refund."),
            ("credit card", "My credit card was charged twice."),
            ("discount", "The discount was not taken off."),
        ],
    ),
    (
        "shipping",
        &[
            ("parcel", "The parcel has not arrived."),
            ("courier", "The courier left my order with a stranger."),
            ("tracking", "The tracking page has not moved for days."),
            ("delivery", "The delivery came to the wrong house."),
        ],
    ),
    (
        "technical",
        &[
            ("crashes", "The program crashes whenever I open my basket."),
            ("error message", "I get an error message at the last step."),
            ("blank page", "After the update there is only a blank page."),
            ("freezes", "The search freezes on my tablet."),
        ],
    ),
    (
        "account",
        &[
            ("password", "My password is no longer accepted."),
            ("log in", "I cannot log in since yesterday."),
            ("email address", "I would like to change my email address."),
            ("profile", "My profile shows the details of somebody else."),
        ],
    ),
    (
        "feedback",
        &[
            (
                "suggestion",
                "I have a suggestion for the autumn catalogue.",
            ),
            ("well done", "Well done, the new packaging is lovely."),
            ("compliment", "Please pass a compliment on to your team."),
            ("idea", "Here is an idea for the gift section."),
        ],
    ),
];

const ASK: &str = "Which queue takes this ticket: billing, shipping, technical, account or feedback? Answer with \
     one word.";

const OPENINGS: &[&str] = &[
    "Hello.",
    "Dear team.",
    "Good morning.",
    "Hi there.",
    "To whom it may concern.",
];

const CLOSINGS: &[&str] = &[
    "Thank you.",
    "Kind regards.",
    "Please look into it.",
    "Looking forward to your answer.",
];

/// 1 and 2 are short, 3 is long, 4 opens with a settled matter, 5 speculates about a cause.
pub fn generate(draw: &mut Draw, difficulty: u8) -> Draft {
    let order = draw.sample(&[0_usize, 1, 2, 3, 4], 2);
    let (queue, lines) = QUEUES[order[0]];
    let (_, line) = draw.pick(lines);
    let (other, _) = draw.pick(QUEUES[order[1]].1);
    let reference = format!("Reference {}.", draw.int(10_000, 99_999));
    let issue = match difficulty {
        1 => line.to_owned(),
        2 => format!(
            "{} {line} {} {}",
            draw.pick(OPENINGS),
            filler(draw, 60),
            draw.pick(CLOSINGS)
        ),
        3 => format!("{} {line} {}", draw.pick(OPENINGS), filler(draw, 900)),
        4 => format!("My question about the {other} is settled, thank you. {line}"),
        _ => format!("{line} I wonder whether it has to do with the {other}."),
    };
    let ticket = format!("{issue} {reference}");
    let choices = QUEUES.iter().map(|(name, _)| (*name).to_owned()).collect();
    let target = GoldTarget::Choice {
        answer: queue.to_owned(),
        choices,
    };
    let user = Message::user(format!("{ASK}\n\nTicket: {ticket}"));
    Draft {
        messages: vec![Message::system(SYSTEM), user],
        target,
    }
}

/// Names the queue of the clue that counts for this reader.
pub fn solve(messages: &[Message], ability: &Ability) -> Option<Answer> {
    let prompt = last_user(messages);
    if !prompt.contains("Which queue takes this ticket") {
        return None;
    }
    let ticket = after(prompt, "Ticket: ")?;
    let (seen, _) = attend(ticket, ability.window_chars);
    let sentences: Vec<&str> = seen.split_inclusive(['.', ',']).collect();
    let settled = |s: &&str| s.contains("is settled") && ability.reading >= Reading::SkipsSettled;
    let found: Vec<(&str, &str)> = sentences
        .iter()
        .filter(|s| !settled(s))
        .filter_map(|s| queue_of(s).map(|q| (q, *s)))
        .collect();
    let deep = ability.reading == Reading::Overthinks;
    let speculation = found
        .iter()
        .find(|(_, s)| deep && s.contains("I wonder whether"));
    let (queue, certainty) = match (speculation, found.first()) {
        (Some((queue, _)), _) => (*queue, 0.8),
        (None, Some((queue, _))) if found.len() == 1 => (*queue, 0.96),
        (None, Some((queue, _))) => (*queue, 0.82),
        (None, None) => ("feedback", 0.25),
    };
    Some(match ability.style {
        Style::Terse | Style::Sentence => Answer::bare(queue, certainty),
        Style::Wordy => Answer::around("The queue is ", queue, certainty, "."),
    })
}

fn queue_of(sentence: &str) -> Option<&'static str> {
    let lower = sentence.to_lowercase();
    let knows = |clues: &[(&str, &str)]| clues.iter().any(|(clue, _)| lower.contains(clue));
    QUEUES
        .iter()
        .find(|(_, clues)| knows(clues))
        .map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tier::builtin_tiers;

    fn ask(ticket: &str, tier: usize) -> String {
        let prompt = format!("{ASK}\n\nTicket: {ticket}");
        solve(&[Message::user(prompt)], &builtin_tiers()[tier].ability)
            .unwrap()
            .text()
    }

    #[test]
    fn small_and_large_fall_into_opposite_traps() {
        let settled = "My question about the parcel is settled, thank you. I cannot log in since \
                       yesterday.";
        assert_eq!(ask(settled, 1), "shipping");
        assert_eq!(ask(settled, 3), "The queue is account.");
        let musing = "The parcel has not arrived. I wonder whether it has to do with the invoice.";
        assert_eq!(ask(musing, 1), "shipping");
        assert_eq!(ask(musing, 2), "shipping");
        assert_eq!(ask(musing, 3), "The queue is billing.");
    }

    #[test]
    fn every_sentence_has_one_queue() {
        for (queue, lines) in QUEUES {
            for (_, line) in *lines {
                assert_eq!(queue_of(line), Some(*queue), "{line}");
            }
        }
    }
}
