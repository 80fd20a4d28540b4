//! String rewriting: a numbered list of rules.
//!
//! Weak tiers stop after a number of rules.

use super::family::Draft;
use super::prose::{filler, page};
use super::scan::between;
use crate::ability::Ability;
use crate::answer::Answer;
use crate::draw::Draw;
use crate::message::{Message, last_user};
use crate::target::GoldTarget;

const LETTERS: &[char] = &['a', 'b', 'c', 'd', 'e'];

/// Longer strings never hold more than this.
const MAX_CHARS: usize = 2_000;

/// More rules and longer strings with higher difficulty.
pub fn generate(draw: &mut Draw, difficulty: u8) -> Draft {
    let rules = match difficulty {
        1 => draw.int(1, 2),
        2 => draw.int(2, 3),
        3 => draw.int(3, 4),
        4 => draw.int(4, 5),
        _ => draw.int(6, 8),
    };
    let start: String = (0..draw.int(5, 7)).map(|_| draw.pick(LETTERS)).collect();
    let rules: Vec<String> = (0..rules).map(|_| rule(draw)).collect();
    let answer = rules
        .iter()
        .fold(start.clone(), |s, r| apply(&s, r).unwrap_or(s));
    let numbered: Vec<String> = rules
        .iter()
        .enumerate()
        .map(|(i, r)| format!("{}. {r}", i + 1))
        .collect();
    let prompt = page(&[
        &if draw.percent(25) {
            filler(draw, 200)
        } else {
            String::new()
        },
        &format!("Start with the string \"{start}\" and apply these rules in order:"),
        &numbered.join("\n"),
        "Reply with the final string only, without quotes.",
    ]);
    Draft::single(prompt, GoldTarget::Exact { answer })
}

fn rule(draw: &mut Draw) -> String {
    let (a, b) = (draw.pick(LETTERS), draw.pick(LETTERS));
    match draw.int(1, 6) {
        1 => format!(
            "Replace every '{a}' with '{}'.",
            draw.pick(&["x", "yz", "w"])
        ),
        2 => "Reverse the string.".to_owned(),
        3 => format!("Double every '{a}'."),
        4 => format!("Append '{a}{b}' at the end."),
        5 => format!("Put '{b}' in front."),
        _ => "Move the first letter to the end.".to_owned(),
    }
}

/// `text` after one rule, `None` when the rule is not understood.
fn apply(text: &str, rule: &str) -> Option<String> {
    let quoted = || between(rule, "'", "'");
    let out = if rule.starts_with("Replace every") {
        text.replace(quoted()?, between(rule, "with '", "'")?)
    } else if rule.starts_with("Reverse") {
        text.chars().rev().collect()
    } else if rule.starts_with("Double every") {
        text.replace(quoted()?, &quoted()?.repeat(2))
    } else if rule.starts_with("Append") {
        format!("{text}{}", quoted()?)
    } else if rule.starts_with("Put") {
        format!("{}{text}", quoted()?)
    } else if rule.starts_with("Move the first letter") {
        let mut letters = text.chars();
        let first = letters.next()?;
        format!("{}{first}", letters.as_str())
    } else {
        return None;
    };
    Some(out.chars().take(MAX_CHARS).collect())
}

/// Applies the rules it has patience for.
pub fn solve(messages: &[Message], ability: &Ability) -> Option<Answer> {
    let prompt = last_user(messages);
    let start = between(prompt, "Start with the string \"", "\"")?;
    let rules: Vec<&str> = prompt
        .lines()
        .filter(|l| l.starts_with(|c: char| c.is_ascii_digit()))
        .filter_map(|l| l.split_once(". ").map(|(_, rule)| rule))
        .collect();
    let mut text = start.to_owned();
    let mut certainty = 0.97;
    for rule in rules.iter().take(ability.max_rules) {
        certainty *= 0.99;
        text = apply(&text, rule).unwrap_or(text);
    }
    if rules.len() > ability.max_rules {
        certainty = 0.5;
    }
    Some(Answer::bare(text, certainty))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tier::builtin_tiers;

    #[test]
    fn each_rule_does_what_it_says() {
        for (rule, expected) in [
            ("Replace every 'b' with 'yz'.", "ayza"),
            ("Reverse the string.", "aba"),
            ("Double every 'a'.", "aabaa"),
            ("Append 'cd' at the end.", "abacd"),
            ("Put 'e' in front.", "eaba"),
            ("Move the first letter to the end.", "baa"),
        ] {
            assert_eq!(apply("aba", rule).as_deref(), Some(expected), "{rule}");
        }
        assert_eq!(apply("aba", "Dance."), None);
    }

    #[test]
    fn small_stops_after_two_rules() {
        let prompt = "Start with the string \"abc\" and apply these rules in order:\n\n\
            1. Reverse the string.\n2. Put 'e' in front.\n3. Append 'dd' at the end.";
        let a = solve(&[Message::user(prompt)], &builtin_tiers()[1].ability).unwrap();
        assert_eq!(a.text(), "ecba");
        assert!(a.weakest() < 0.6);
    }
}
