//! Sorting numbers and words.
//!
//! Weak tiers sort by magnitude instead of value (and do not notice), and lose items of long lists
//! (and do).

use super::family::Draft;
use super::prose::{filler, page};
use super::scan::between;
use crate::ability::Ability;
use crate::answer::Answer;
use crate::draw::Draw;
use crate::message::{Message, last_user};
use crate::target::GoldTarget;

const WORDS: &[&str] = &[
    "anchor", "basket", "candle", "dragon", "engine", "forest", "garden", "hammer", "island",
    "jacket", "kettle", "ladder", "marble", "needle", "orange", "pepper", "quiver", "ribbon",
    "saddle", "tunnel", "umbrella", "velvet", "walnut", "yonder", "zipper", "bottle", "copper",
    "feather", "mirror", "pillow",
];

/// Longer lists with higher difficulty; negative numbers from 3 on.
pub fn generate(draw: &mut Draw, difficulty: u8) -> Draft {
    let count = match difficulty {
        1 => draw.int(3, 5),
        2 => draw.int(5, 8),
        3 => draw.int(7, 11),
        4 => draw.int(12, 17),
        _ => draw.int(18, 26),
    } as usize;
    let (kind, items, sorted) = if draw.percent(30) {
        words(draw, count)
    } else {
        numbers(draw, count, difficulty >= 3)
    };
    let ask = format!(
        "{kind} {}. Reply with the list only, separated by commas.",
        items.join(", ")
    );
    let before = if draw.percent(25) {
        filler(draw, 220)
    } else {
        String::new()
    };
    Draft::single(
        page(&[&before, &ask]),
        GoldTarget::Exact {
            answer: sorted.join(", "),
        },
    )
}

type List = (&'static str, Vec<String>, Vec<String>);

fn words(draw: &mut Draw, count: usize) -> List {
    let items: Vec<String> = draw
        .sample(WORDS, count)
        .into_iter()
        .map(str::to_owned)
        .collect();
    let mut sorted = items.clone();
    sorted.sort_unstable();
    ("Put these words in alphabetical order:", items, sorted)
}

fn numbers(draw: &mut Draw, count: usize, signed: bool) -> List {
    let low = if signed && draw.percent(35) { -400 } else { 1 };
    let mut values: Vec<i64> = Vec::new();
    while values.len() < count {
        let value = draw.int(low, 999);
        // Equal magnitudes would make the weak order ambiguous.
        if values.iter().all(|v| v.abs() != value.abs()) {
            values.push(value);
        }
    }
    let text = |values: &[i64]| values.iter().map(i64::to_string).collect();
    let items = text(&values);
    values.sort_unstable();
    let descending = draw.percent(30);
    if descending {
        values.reverse();
    }
    let kind = if descending {
        "Sort these numbers in descending order:"
    } else {
        "Sort these numbers in ascending order:"
    };
    (kind, items, text(&values))
}

/// Sorts the list after the instruction.
pub fn solve(messages: &[Message], ability: &Ability) -> Option<Answer> {
    let prompt = last_user(messages);
    let (descending, list) = [
        (false, "Sort these numbers in ascending order: "),
        (true, "Sort these numbers in descending order: "),
        (false, "Put these words in alphabetical order: "),
    ]
    .into_iter()
    .find_map(|(descending, open)| Some((descending, between(prompt, open, ". Reply")?)))?;
    let mut items: Vec<&str> = list.split(", ").collect();
    let lost = items.len().saturating_sub(ability.max_items);
    items.truncate(ability.max_items);
    items.sort_by_key(|item| key(item, ability.signed_sort));
    if descending {
        items.reverse();
    }
    let certainty = if lost > 0 {
        0.45
    } else {
        0.97 - 0.005 * items.len().min(40) as f64
    };
    Some(Answer::bare(items.join(", "), certainty))
}

/// Numbers by value or magnitude, words by spelling.
fn key(item: &str, signed: bool) -> (i64, &str) {
    match item.parse::<i64>() {
        Ok(value) if signed => (value, ""),
        Ok(value) => (value.saturating_abs(), ""),
        Err(_) => (0, item),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tier::builtin_tiers;

    #[test]
    fn small_sorts_by_magnitude_without_a_doubt() {
        let prompt = "Sort these numbers in ascending order: 5, -9, 2. Reply with the list only.";
        let tiers = builtin_tiers();
        let small = solve(&[Message::user(prompt)], &tiers[1].ability).unwrap();
        assert_eq!(small.text(), "2, 5, -9");
        assert!(small.weakest() > 0.9);
        let large = solve(&[Message::user(prompt)], &tiers[3].ability).unwrap();
        assert_eq!(large.text(), "-9, 2, 5");
    }
}
