//! Arithmetic: integer expressions with `+`, `-`, `*` and parentheses.
//!
//! Weak tiers work from left to right without precedence (and do not know it, so they are sure of
//! themselves), stop after a number of operators, and round large products.

use super::attend;
use super::family::Draft;
use super::prose::{filler, page};
use crate::ability::{Ability, Style};
use crate::answer::Answer;
use crate::draw::Draw;
use crate::message::{Message, last_user};
use crate::target::GoldTarget;

const ASKS: &[&str] = &[
    "Compute {}. Reply with the number only.",
    "What is the value of {}? Answer with a number.",
    "Please evaluate the following expression and give the resulting number: {}",
    "I need the result of {} for the sheet. Which number do I enter?",
];

/// Operators and digits grow with the difficulty; from 3 on precedence matters.
pub fn generate(draw: &mut Draw, difficulty: u8) -> Draft {
    let expression = expression(draw, difficulty);
    let value = Parser::new(&expression, &Ability::full()).run().0;
    let ask = draw.pick(ASKS).replace("{}", &expression);
    let (before, after) = if draw.percent(35) {
        let length = 200 * draw.int(1, i64::from(difficulty)) as usize;
        (filler(draw, length), filler(draw, length / 4))
    } else {
        Default::default()
    };
    let prompt = page(&[&before, &ask, &after]);
    Draft::single(
        prompt,
        GoldTarget::Number {
            value: value as f64,
            tolerance: 0.0,
        },
    )
}

fn expression(draw: &mut Draw, difficulty: u8) -> String {
    let (operators, high, symbols, grouped) = match difficulty {
        1 => (1, 99, "+-", false),
        2 => (draw.int(2, 3), 99, "+-", false),
        3 => (draw.int(2, 3), 60, "+-*", false),
        4 => (draw.int(3, 4), 80, "+-**", true),
        _ => (draw.int(5, 7), 300, "+-**", true),
    };
    let symbols: Vec<char> = symbols.chars().collect();
    let mut out = draw.int(2, high).to_string();
    let group = grouped.then(|| draw.int(1, operators));
    for i in 1..=operators {
        let number = draw.int(2, high);
        let symbol = if difficulty >= 3 && i == operators {
            '*'
        } else {
            draw.pick(&symbols)
        };
        if group == Some(i) {
            out = format!("{out} {symbol} ({number} + {})", draw.int(2, 30));
        } else {
            out = format!("{out} {symbol} {number}");
        }
    }
    out
}

/// Evaluates the longest expression in the attended text.
pub fn solve(messages: &[Message], ability: &Ability) -> Option<Answer> {
    let prompt = last_user(messages);
    let expression = find_expression(prompt)?;
    let (seen, _) = attend(prompt, ability.window_chars);
    if !seen.contains(expression) {
        return Some(Answer::bare(
            "I cannot find the expression, perhaps 0.",
            0.1,
        ));
    }
    let (value, certainty) = Parser::new(expression, ability).run();
    Some(match ability.style {
        Style::Terse => Answer::bare(value.to_string(), certainty),
        Style::Sentence => Answer::around("The result is ", value.to_string(), certainty, "."),
        Style::Wordy => Answer::around(
            "Multiplications and parentheses come first, then sums from left to right. \
             The result is ",
            value.to_string(),
            certainty,
            ".",
        ),
    })
}

/// The longest run of expression characters with an operator between two operands.
fn find_expression(text: &str) -> Option<&str> {
    let inside = |c: char| c.is_ascii_digit() || "+-*() ".contains(c);
    let runs = text.split(|c: char| !inside(c)).map(str::trim);
    runs.filter(|r| [" + ", " - ", " * "].iter().any(|o| r.contains(o)))
        .max_by_key(|r| r.len())
}

/// A recursive descent over the expression that carries the limits of a tier.
struct Parser<'a> {
    rest: &'a str,
    ability: &'a Ability,
    used: usize,
    certainty: f64,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, ability: &'a Ability) -> Self {
        Self {
            rest: text,
            ability,
            used: 0,
            certainty: 0.97,
        }
    }

    /// The value, and the certainty left.
    fn run(mut self) -> (i64, f64) {
        let value = self.sum();
        (value, self.certainty)
    }

    fn peek(&self) -> Option<char> {
        self.rest.trim_start().chars().next()
    }

    fn operator(&mut self, wanted: &str) -> Option<char> {
        let symbol = self.peek().filter(|c| wanted.contains(*c))?;
        if self.used >= self.ability.max_operators {
            // The tier loses the thread and knows it.
            self.certainty = 0.35;
            self.rest = "";
            return None;
        }
        self.used += 1;
        // Long chains feel less certain even when they are right.
        self.certainty *= 0.985;
        self.rest = &self.rest.trim_start()[1..];
        Some(symbol)
    }

    fn sum(&mut self) -> i64 {
        let flat = !self.ability.precedence;
        let mut value = if flat { self.atom() } else { self.product() };
        while let Some(symbol) = self.operator(if flat { "+-*" } else { "+-" }) {
            let next = if flat { self.atom() } else { self.product() };
            value = match symbol {
                '+' => value.saturating_add(next),
                '-' => value.saturating_sub(next),
                _ => self.times(value, next),
            };
        }
        value
    }

    fn product(&mut self) -> i64 {
        let mut value = self.atom();
        while self.operator("*").is_some() {
            let next = self.atom();
            value = self.times(value, next);
        }
        value
    }

    fn times(&mut self, a: i64, b: i64) -> i64 {
        let exact = a.saturating_mul(b);
        let digits = exact.unsigned_abs().checked_ilog10().unwrap_or(0) + 1;
        let lost = digits.saturating_sub(self.ability.product_digits);
        if lost == 0 {
            return exact;
        }
        self.certainty = self.certainty.min(0.5);
        let unit = 10_i64.pow(lost);
        exact / unit * unit
    }

    fn atom(&mut self) -> i64 {
        self.rest = self.rest.trim_start();
        if let Some(inner) = self.rest.strip_prefix('(') {
            self.rest = inner;
            let value = self.sum();
            self.rest = self.rest.trim_start();
            self.rest = self.rest.strip_prefix(')').unwrap_or(self.rest);
            return value;
        }
        let end = self
            .rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(self.rest.len());
        let value = self.rest[..end].parse().unwrap_or(0);
        self.rest = &self.rest[end..];
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tier::builtin_tiers;

    fn answer(prompt: &str, tier: usize) -> Answer {
        solve(&[Message::user(prompt)], &builtin_tiers()[tier].ability).unwrap()
    }

    #[test]
    fn small_ignores_precedence_and_is_sure_of_it() {
        let a = answer("Compute 2 + 3 * 4. Reply with the number only.", 1);
        assert_eq!(a.text(), "20");
        assert!(a.weakest() > 0.9);
        assert_eq!(
            answer("Compute 2 + 3 * 4.", 3)
                .text()
                .split(' ')
                .next_back(),
            Some("14.")
        );
    }

    #[test]
    fn nano_gives_up_after_two_operators_and_says_so() {
        let a = answer("Compute 1 + 2 + 3 + 4", 0);
        assert_eq!(a.text(), "6");
        assert!(a.weakest() < 0.5);
    }

    #[test]
    fn parentheses_and_large_products() {
        let full = Ability::full();
        assert_eq!(Parser::new("7 * (2 + 3) - 1", &full).run().0, 34);
        let medium = &builtin_tiers()[2].ability;
        assert_eq!(Parser::new("12345 * 1001", medium).run().0, 12_357_340);
    }
}
