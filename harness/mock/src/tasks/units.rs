//! Unit conversion, from everyday pairs to rare ones.
//!
//! Weak tiers know the first entries of the table and round the factors they remember. Rounded
//! factors feel right; an unknown pair does not.

use super::family::Draft;
use super::prose::{filler, page};
use super::scan::numbers;
use crate::ability::{Ability, Style};
use crate::answer::Answer;
use crate::draw::Draw;
use crate::message::{Message, last_user};
use crate::target::GoldTarget;

/// `to = from * scale + offset`, the most familiar first. Scales are exact by definition where the
/// unit has one (international yard and pound, US gallon, mechanical horsepower).
const TABLE: &[(&str, &str, f64, f64)] = &[
    ("kilometres", "metres", 1_000.0, 0.0),
    ("kilograms", "grams", 1_000.0, 0.0),
    ("hours", "minutes", 60.0, 0.0),
    ("metres", "centimetres", 100.0, 0.0),
    ("inches", "centimetres", 2.54, 0.0),
    ("degrees Celsius", "degrees Fahrenheit", 1.8, 32.0),
    ("miles", "kilometres", 1.609_344, 0.0),
    ("pounds", "kilograms", 0.453_592_37, 0.0),
    ("feet", "metres", 0.304_8, 0.0),
    ("ounces", "grams", 28.349_523_125, 0.0),
    ("knots", "kilometres per hour", 1.852, 0.0),
    ("litres", "US gallons", 0.264_172_052_358, 0.0),
    ("acres", "hectares", 0.404_685_642_24, 0.0),
    ("nautical miles", "kilometres", 1.852, 0.0),
    ("stone", "kilograms", 6.350_293_18, 0.0),
    ("horsepower", "kilowatts", 0.745_699_871_582, 0.0),
    ("bar", "pounds per square inch", 14.503_773_773, 0.0),
    ("furlongs", "metres", 201.168, 0.0),
];

const ASKS: &[&str] = &[
    "Convert {v} {from} to {to}. Round to two decimals and reply with the number only.",
    "How many {to} are {v} {from}? Give a number with two decimals.",
    "A supplier quotes {v} {from}; express that in {to}, rounded to two decimals.",
];

/// Rarer units with higher difficulty.
pub fn generate(draw: &mut Draw, difficulty: u8) -> Draft {
    let (low, high) = match difficulty {
        1 => (0, 3),
        2 => (3, 7),
        3 => (6, 10),
        4 => (9, 13),
        _ => (12, 17),
    };
    let (from, to, scale, offset) = TABLE[draw.int(low, high) as usize];
    let tenths = draw.int(101, if difficulty < 3 { 999 } else { 9_999 });
    let value = tenths as f64 / 10.0;
    let ask = draw.pick(ASKS).replace("{v}", &format!("{value:.1}"));
    let ask = ask.replace("{from}", from).replace("{to}", to);
    let before = if draw.percent(30) {
        filler(draw, 250)
    } else {
        String::new()
    };
    let gold = value * scale + offset;
    let target = GoldTarget::Number {
        value: gold,
        tolerance: 0.0002 * gold.abs() + 0.005,
    };
    Draft::single(page(&[&before, &ask]), target)
}

/// Converts the first quantity whose unit and wanted unit are both named.
pub fn solve(messages: &[Message], ability: &Ability) -> Option<Answer> {
    let prompt = last_user(messages);
    let asked = ["Convert ", "How many ", "express that in "]
        .iter()
        .any(|a| prompt.contains(a));
    let (index, value) = quantity(prompt).filter(|_| asked)?;
    let (_, to, scale, offset) = TABLE[index];
    let known = index < ability.known_units;
    let factor = if known {
        significant(scale, ability.factor_digits)
    } else {
        1.0
    };
    let certainty = match known {
        false => 0.2,
        // The further down the table, the vaguer the memory.
        true => 0.97 - 0.08 * index as f64 / TABLE.len() as f64,
    };
    let result = format!("{:.2}", value * factor + if known { offset } else { 0.0 });
    Some(match ability.style {
        Style::Terse => Answer::bare(result, certainty),
        Style::Sentence => Answer::around("That is ", result, certainty, &format!(" {to}.")),
        Style::Wordy => {
            let end = format!(" {to}.");
            Answer::around(
                "Multiplying by the exact conversion factor gives ",
                result,
                certainty,
                &end,
            )
        }
    })
}

fn quantity(prompt: &str) -> Option<(usize, f64)> {
    numbers(prompt).find_map(|(value, rest)| {
        let unit = rest.strip_prefix(' ')?;
        let names = |(from, to, _, _): &(&str, &str, f64, f64)| {
            unit.strip_prefix(from)
                .is_some_and(|r| !r.starts_with(char::is_alphanumeric))
                && prompt.contains(to)
        };
        Some((TABLE.iter().position(names)?, value))
    })
}

/// `value` rounded to `digits` significant digits.
fn significant(value: f64, digits: u32) -> f64 {
    if value == 0.0 {
        return value;
    }
    let unit = 10_f64.powi(value.abs().log10().floor() as i32 + 1 - digits.min(16) as i32);
    (value / unit).round() * unit
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tier::builtin_tiers;

    #[test]
    fn small_rounds_the_mile_and_does_not_know_furlongs() {
        let ability = &builtin_tiers()[1].ability;
        let ask = |p: &str| solve(&[Message::user(p)], ability).unwrap();
        let mile = ask("Convert 100.0 miles to kilometres.");
        assert_eq!(mile.text(), "161.00");
        assert!(mile.weakest() > 0.9);
        let furlong = ask("Convert 10.0 furlongs to metres.");
        assert_eq!(furlong.text(), "10.00");
        assert!(furlong.weakest() < 0.5);
    }

    #[test]
    fn nautical_miles_are_not_miles() {
        let prompt = "How many kilometres are 10.0 nautical miles? Give a number.";
        let a = solve(&[Message::user(prompt)], &Ability::full()).unwrap();
        assert_eq!(a.text(), "18.52");
    }

    #[test]
    fn significant_digits() {
        assert!((significant(0.453_592_37, 3) - 0.454).abs() < 1e-12);
        assert!((significant(1_000.0, 2) - 1_000.0).abs() < 1e-9);
    }
}
