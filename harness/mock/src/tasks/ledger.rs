//! Stock ledgers kept over several turns, under one long system prompt.
//!
//! The stock is nowhere but in the conversation. Weak tiers remember the last turns only; the middle
//! one does not understand "undo". Every turn repeats all earlier ones, so the shared prefix grows.

use super::family::Draft;
use super::scan::{between, numbers};
use crate::ability::{Ability, Style};
use crate::answer::Answer;
use crate::draw::Draw;
use crate::message::{Message, Role, last_user};
use crate::target::GoldTarget;
use std::collections::BTreeMap;

const SYSTEM: &str = "You keep the stock ledger of a furniture warehouse. Every message from the \
    user reports movements of goods in plain sentences and ends with one question about the stock.\n\
    \n\
    House rules:\n\
    - The first message states the opening stock. Items that it does not name start at zero.\n\
    - Goods received and goods returned by customers increase the stock of the item.\n\
    - Goods sold and goods written off as damaged decrease the stock of the item.\n\
    - When the user asks to undo the last entry, the most recent movement is taken back as if it had \
    never been reported; asking twice takes back two movements.\n\
    - Movements are booked in the order in which they are reported, across all messages.\n\
    - The stock of an item can never be negative; the warehouse staff checks this before reporting.\n\
    - Names of items are always in the plural, also after the number one.\n\
    - Questions concern the stock after all movements reported so far, including those in the same \
    message.\n\
    \n\
    Manner of answering: one short sentence or the bare number, without a table, without repeating \
    the movements and without asking back. If something seems to be missing, answer with the best \
    figure you have. Never invent an item. Amounts are whole numbers; do not write decimals or \
    thousands separators. The ledger is read by the accounting department at the end of the month, \
    so accuracy matters more than speed.";

const ITEMS: &[&str] = &["chairs", "lamps", "desks", "shelves", "stools", "mirrors"];

/// A conversation of `turns` turns: one task per turn, each holding everything before it.
pub fn conversation(draw: &mut Draw, difficulty: u8, turns: usize) -> Vec<Draft> {
    let items = draw.sample(
        ITEMS,
        2 + usize::from(difficulty >= 2) + usize::from(difficulty >= 5),
    );
    let mut book = Book::default();
    let mut messages = vec![Message::system(SYSTEM)];
    let mut drafts = Vec::new();
    for turn in 0..turns {
        let report = report(draw, difficulty, turn, &items, &mut book);
        let asked = draw.pick(&items);
        let ask = draw.pick(&[
            "How many {} are in stock now?",
            "What is the stock? How many {} are left?",
        ]);
        messages.push(Message::user(format!(
            "{report} {}",
            ask.replace("{}", asked)
        )));
        let stock = book.stock(asked);
        let target = GoldTarget::Number {
            value: stock as f64,
            tolerance: 0.0,
        };
        drafts.push(Draft {
            messages: messages.clone(),
            target,
        });
        messages.push(Message::assistant(format!(
            "There are {stock} {asked} in stock."
        )));
    }
    drafts
}

/// One turn of a conversation, the last one for higher difficulties.
pub fn generate(draw: &mut Draw, difficulty: u8) -> Draft {
    let turns = 1 + usize::from(difficulty.clamp(1, 5));
    let mut drafts = conversation(draw, difficulty, turns);
    drafts.swap_remove(drafts.len() - 1)
}

fn report(draw: &mut Draw, difficulty: u8, turn: usize, items: &[&str], book: &mut Book) -> String {
    let mut sentences = Vec::new();
    if turn == 0 {
        let opening: Vec<String> = items
            .iter()
            .map(|i| format!("{} {i}", draw.int(20, 90)))
            .collect();
        sentences.push(format!("Opening stock: {}.", opening.join(", ")));
        book.read(&sentences[0], true);
    }
    for _ in 0..draw.int(1, 1 + i64::from(difficulty) / 2) {
        let item = draw.pick(items);
        let sold = book.stock(item) >= 12 && draw.percent(55);
        let movement = if sold {
            draw.pick(&["We sold {n} {i}.", "{n} {i} were written off as damaged."])
        } else {
            draw.pick(&["We received {n} {i}.", "Customers returned {n} {i}."])
        };
        let count = draw.int(2, 12).to_string();
        sentences.push(movement.replace("{n}", &count).replace("{i}", item));
        book.read(sentences.last().map_or("", String::as_str), true);
    }
    if turn > 0 && difficulty >= 3 && draw.percent(25) {
        sentences.push("Please undo the last entry.".to_owned());
        book.read("Please undo the last entry.", true);
    }
    sentences.join(" ")
}

/// Stocks and the movements that can be taken back.
#[derive(Debug, Default)]
struct Book {
    stocks: BTreeMap<String, i64>,
    movements: Vec<(String, i64)>,
}

impl Book {
    fn stock(&self, item: &str) -> i64 {
        self.stocks.get(item).copied().unwrap_or(0)
    }

    /// Books one sentence; sentences without a movement do nothing.
    fn read(&mut self, sentence: &str, undo: bool) {
        if sentence.contains("undo the last entry") {
            if let Some((item, change)) = self.movements.pop().filter(|_| undo) {
                *self.stocks.entry(item).or_default() -= change;
            }
            return;
        }
        let opening = sentence.contains("Opening stock");
        let sign = if opening || sentence.contains("received") || sentence.contains("returned") {
            1
        } else if sentence.contains("sold") || sentence.contains("written off") {
            -1
        } else {
            return;
        };
        for (count, rest) in numbers(sentence) {
            let item: String = rest
                .trim_start()
                .chars()
                .take_while(|c| c.is_alphabetic())
                .collect();
            *self.stocks.entry(item.clone()).or_default() += sign * count as i64;
            if !opening {
                self.movements.push((item, sign * count as i64));
            }
        }
    }
}

/// Books what it remembers and answers the last question.
pub fn solve(messages: &[Message], ability: &Ability) -> Option<Answer> {
    let item = between(last_user(messages), "How many ", " are ")?;
    let turns: Vec<&str> = messages
        .iter()
        .filter(|m| m.role == Role::User)
        .map(|m| m.content.as_str())
        .collect();
    if !turns.first()?.contains("Opening stock: ") {
        return None;
    }
    let forgotten = turns.len().saturating_sub(ability.memory_turns);
    let mut book = Book::default();
    for sentence in turns[forgotten..]
        .iter()
        .flat_map(|t| t.split_inclusive(['.', '?']))
    {
        book.read(sentence, ability.undo);
    }
    // Each turn in between is a chance to slip; a forgotten opening is noticed as a gap.
    let certainty = if forgotten > 0 {
        0.45
    } else {
        0.97 - 0.01 * turns.len().min(30) as f64
    };
    let stock = book.stock(item).to_string();
    let after = format!(" {item} in stock.");
    Some(match ability.style {
        Style::Terse => Answer::bare(stock, certainty),
        Style::Sentence => Answer::around("There are ", stock, certainty, &after),
        Style::Wordy => Answer::around(
            "After booking all movements there are ",
            stock,
            certainty,
            &after,
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tier::builtin_tiers;

    fn talk(turns: &[&str]) -> Vec<Message> {
        turns.iter().map(|t| Message::user(*t)).collect()
    }

    #[test]
    fn undo_takes_back_the_last_movement_and_medium_cannot() {
        let talk = talk(&[
            "Opening stock: 20 chairs, 30 lamps. We sold 5 chairs. How many chairs are in stock now?",
            "We received 9 chairs. Please undo the last entry. How many chairs are in stock now?",
        ]);
        let tiers = builtin_tiers();
        let ask = |t: usize| solve(&talk, &tiers[t].ability).unwrap().text();
        assert_eq!(ask(2), "There are 24 chairs in stock.");
        assert_eq!(
            ask(3),
            "After booking all movements there are 15 chairs in stock."
        );
    }

    #[test]
    fn nano_forgets_the_opening() {
        let talk = talk(&[
            "Opening stock: 20 chairs. How many chairs are in stock now?",
            "We received 2 chairs. How many chairs are in stock now?",
        ]);
        let a = solve(&talk, &builtin_tiers()[0].ability).unwrap();
        assert_eq!(a.text(), "2");
        assert!(a.weakest() < 0.5);
    }

    #[test]
    fn turns_of_a_conversation_extend_each_other() {
        let drafts = conversation(&mut Draw::new(5, "talk"), 3, 5);
        for pair in drafts.windows(2) {
            assert!(pair[1].messages.starts_with(&pair[0].messages));
        }
        let system = drafts[0].messages[0].content.len();
        assert!((1_000..2_000).contains(&system), "{system}");
    }
}
