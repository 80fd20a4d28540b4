//! The last number in the answer must be the right one.

use std::sync::LazyLock;

use regex::Regex;
use weighbridge_record::Score;

use super::score::binary;

/// Sign, currency sign, digits with or without groups of thousands, exponent.
static NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?P<sign>[-+\x{2212}\x{2013}])?\\?[$€£]?",
        r"(?P<digits>[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?|\.[0-9]+)",
        r"(?P<exponent>[eE][-+]?[0-9]+)?",
    ))
    .ok()
});

pub(super) fn score(value: f64, tolerance: f64, answer: &str) -> Score {
    binary(last_number(answer).is_some_and(|found| (found - value).abs() <= tolerance))
}

/// The last number of a text: `1,234.5`, `-3`, `−3` (typographic minus), `-$5`, `.5`, `1e3`.
///
/// A minus after a letter, digit or closing bracket is a dash or an operator (`3-5` ends in 5).
fn last_number(text: &str) -> Option<f64> {
    let end = text.rfind(|c: char| c.is_ascii_digit())? + 1;
    // The character before the number is kept: it decides what a minus is.
    let start = text[..end].rfind(|c: char| !is_part(c)).unwrap_or(0);
    let window = &text[start..end];
    let found = NUMBER.as_ref()?.captures_iter(window).last()?;
    let mut digits = found["digits"].replace(',', "");
    if let Some(exponent) = found.name("exponent") {
        digits.push_str(exponent.as_str());
    }
    let value: f64 = digits.parse().ok()?;
    let is_negative = found.name("sign").is_some_and(|sign| {
        let before = window[..sign.start()].chars().next_back();
        sign.as_str() != "+" && !before.is_some_and(|c| c.is_alphanumeric() || ")]}".contains(c))
    });
    Some(if is_negative { -value } else { value })
}

fn is_part(c: char) -> bool {
    c.is_ascii_digit() || ".,eE+-\u{2212}\u{2013}$€£\\".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn awkward_numbers_are_read() {
        for (text, number) in [
            ("42.", 42.0),
            ("The answer is **1,234.50**!", 1234.5),
            ("x = -7", -7.0),
            ("x = \u{2212}7 °C", -7.0),
            ("a loss of -$5", -5.0),
            ("$3,000,000 in total", 3_000_000.0),
            ("pages 3-5", 5.0),
            ("f(x)-5", 5.0),
            ("\\boxed{-12}", -12.0),
            (".5", 0.5),
            ("6.02e23", 6.02e23),
            ("1e-3", 1e-3),
            ("first 1, then 2, then 3.", 3.0),
            ("1,2,3", 3.0),
            ("50%", 50.0),
            ("+8", 8.0),
            ("It was 12 o'clock", 12.0),
            ("answer:5", 5.0),
        ] {
            assert_eq!(last_number(text), Some(number), "{text}");
        }
    }

    #[test]
    fn text_without_digits_is_wrong_and_huge_numbers_do_not_match() {
        assert_eq!(score(1.0, 0.0, "one"), Score::Value(0.0));
        assert_eq!(score(1.0, 0.0, ""), Score::Value(0.0));
        assert_eq!(score(1.0, 0.0, "1e999"), Score::Value(0.0));
    }

    #[test]
    fn tolerance_is_absolute() {
        assert_eq!(score(2.5, 0.01, "about 2.509"), Score::Value(1.0));
        assert_eq!(score(2.5, 0.0, "2.509"), Score::Value(0.0));
    }
}
