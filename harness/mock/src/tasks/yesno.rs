//! Yes/no facts about whole numbers under a strict format.
//!
//! Weak tiers try few divisors before calling a number prime. The strongest one explains itself when
//! the format instruction lies far back, and so fails what it knows.

use super::family::Draft;
use super::prose::{filler, page};
use super::scan::{between, numbers};
use crate::ability::Ability;
use crate::answer::Answer;
use crate::draw::Draw;
use crate::message::{Message, last_user};
use crate::target::GoldTarget;

const FORMAT: &str = "Reply with exactly one lower-case word, yes or no.";

/// 1 compares, 2 divides, 3 and 4 ask for primes, 5 puts the format instruction far back.
pub fn generate(draw: &mut Draw, difficulty: u8) -> Draft {
    let question = match difficulty {
        1 => format!(
            "Is {} larger than {}?",
            draw.int(10, 999),
            draw.int(10, 999)
        ),
        2 => format!("Is {} divisible by {}?", draw.int(20, 400), draw.int(2, 9)),
        3 => format!("Is {} a prime number?", draw.int(20, 100)),
        4 => format!("Is {} a prime number?", awkward(draw)),
        _ => format!("Is {} divisible by {}?", draw.int(100, 999), draw.int(2, 9)),
    };
    let answer = if truth(&question, i64::MAX).unwrap_or(false) {
        "yes"
    } else {
        "no"
    };
    let prompt = if difficulty == 5 {
        page(&[FORMAT, &filler(draw, 450), &question])
    } else {
        let before = if draw.percent(20) {
            filler(draw, 150)
        } else {
            String::new()
        };
        page(&[&before, &format!("{question} {FORMAT}")])
    };
    Draft::single(
        prompt,
        GoldTarget::Exact {
            answer: answer.to_owned(),
        },
    )
}

/// Products of two primes from 7 on, or odd numbers: hard to judge at a glance.
fn awkward(draw: &mut Draw) -> i64 {
    const PRIMES: &[i64] = &[7, 11, 13, 17, 19];
    if draw.percent(50) {
        draw.pick(PRIMES) * draw.pick(PRIMES)
    } else {
        2 * draw.int(50, 200) + 1
    }
}

/// The answer to a question, trying divisors up to `max_divisor`.
fn truth(question: &str, max_divisor: i64) -> Option<bool> {
    let mut found = numbers(question).map(|(n, _)| n as i64);
    let (a, b) = (found.next()?, found.next());
    if question.contains(" larger than ") {
        return Some(a > b?);
    }
    if question.contains(" divisible by ") {
        return b.filter(|b| *b != 0).map(|b| a % b == 0);
    }
    let tried = (2..).take_while(|d| d * d <= a && *d <= max_divisor);
    Some(a > 1 && tried.into_iter().all(|d| a % d != 0))
}

/// Answers the question between `Is ` and the question mark.
pub fn solve(messages: &[Message], ability: &Ability) -> Option<Answer> {
    let prompt = last_user(messages);
    let format = prompt.find(FORMAT)?;
    let question = between(prompt, "Is ", "?").map(|q| format!("Is {q}?"))?;
    // No prompt can ask for more work than this.
    let yes = truth(&question, ability.max_divisor.min(1_000_000))?;
    let prime = question.contains("prime");
    let weak = prime && ability.max_divisor < 12;
    let certainty = if weak && yes { 0.78 } else { 0.96 };
    if prompt[format..].len() > ability.format_focus_chars {
        let said = if yes { "Yes" } else { "No" };
        return Some(Answer::around(
            "",
            said,
            certainty,
            ", this follows from simple division.",
        ));
    }
    Some(Answer::bare(if yes { "yes" } else { "no" }, certainty))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tier::builtin_tiers;

    #[test]
    fn small_calls_91_prime() {
        let prompt = format!("Is 91 a prime number? {FORMAT}");
        let tiers = builtin_tiers();
        let ask = |t: usize| {
            solve(&[Message::user(&*prompt)], &tiers[t].ability)
                .unwrap()
                .text()
        };
        assert_eq!((ask(1).as_str(), ask(3).as_str()), ("yes", "no"));
    }

    #[test]
    fn large_talks_when_the_format_is_far_back() {
        let prompt = format!(
            "{FORMAT}\n\n{}\n\nIs 10 divisible by 5?",
            "The door is open. ".repeat(30)
        );
        let tiers = builtin_tiers();
        let ask = |t: usize| {
            solve(&[Message::user(&*prompt)], &tiers[t].ability)
                .unwrap()
                .text()
        };
        assert_eq!(ask(1), "yes");
        assert!(ask(3).starts_with("Yes, "));
    }

    #[test]
    fn truths() {
        for (q, t) in [
            ("Is 2 a prime number?", true),
            ("Is 1 a prime number?", false),
        ] {
            assert_eq!(truth(q, i64::MAX), Some(t), "{q}");
        }
        assert_eq!(truth("Is 7 larger than 9?", 1), Some(false));
        assert_eq!(truth("Is 7 divisible by 0?", 1), None);
    }
}
