//! Extraction of five fields from a letter into JSON.
//!
//! Weak tiers recognise the plain wordings alone, lose what lies before their attention window, and
//! take a figure that is corrected later at its first mention (without noticing).

use super::attend;
use super::family::Draft;
use super::prose::{filler, page};
use super::scan::between;
use crate::ability::Ability;
use crate::answer::Answer;
use crate::draw::Draw;
use crate::message::{Message, last_user};
use crate::target::GoldTarget;
use serde_json::{Value, json};

/// A field: its key, whether it is a number, and its wordings around the value, plain ones first.
type Field = (&'static str, bool, &'static [(&'static str, &'static str)]);

const FIELDS: &[Field] = &[
    (
        "order_id",
        false,
        &[
            ("The order reference is ", "."),
            ("It is filed under order ", "."),
            ("Please quote ", " in any reply."),
            ("You will find the order in the archive as ", "."),
        ],
    ),
    (
        "customer",
        false,
        &[
            ("The customer is ", "."),
            ("It was placed by ", "."),
            ("The form was signed by ", " in person."),
            ("We act on behalf of ", ", who pays."),
        ],
    ),
    (
        "city",
        false,
        &[
            ("It ships to ", "."),
            ("The destination is ", "."),
            ("The lorry should unload in ", " before noon."),
            ("Everything is expected at the depot of ", "."),
        ],
    ),
    (
        "quantity",
        true,
        &[
            ("The quantity is ", " units."),
            ("They asked for ", " units."),
            ("All in all there will be ", " pieces."),
            ("Pallets for ", " pieces have been reserved."),
        ],
    ),
    (
        "total",
        true,
        &[
            ("The total is ", " euros."),
            ("The price comes to ", " euros."),
            ("We agreed on ", " euros altogether."),
            ("The amount due stands at ", " euros."),
        ],
    ),
];

const CORRECTION: (&str, &str) = ("Correction: the quantity is now ", " units.");

const CUSTOMERS: &[&str] = &[
    "Maria Lopez",
    "Jonas Weber",
    "Aiko Tanaka",
    "Peter Novak",
    "Leila Haddad",
    "Sven Olsen",
];
const CITIES: &[&str] = &[
    "Lyon", "Porto", "Graz", "Malmo", "Bergen", "Ghent", "Turin", "Leeds",
];

const ASKS: &[&str] = &[
    "Return a JSON object with the keys order_id, customer, city, quantity and total for the letter \
     below. Reply with JSON only.",
    "Read the letter and fill in order_id, customer, city, quantity and total. Answer with a JSON \
     object and nothing else.",
];

/// Longer letters, rarer wordings and corrections with higher difficulty.
pub fn generate(draw: &mut Draw, difficulty: u8) -> Draft {
    let (gap, rare, corrected) = match difficulty {
        1 => (0, 0, 0),
        2 => (60, 0, 0),
        3 => (150, 8, 20),
        4 => (300, 18, 35),
        _ => (700, 30, 50),
    };
    let mut values = [
        format!(
            "{}{}-{}",
            draw.pick(&["AB", "KX", "ZT"]),
            draw.int(1, 9),
            draw.int(1_000, 9_999)
        ),
        draw.pick(CUSTOMERS).to_owned(),
        draw.pick(CITIES).to_owned(),
        draw.int(2, 480).to_string(),
        format!("{}.{}5", draw.int(20, 9_000), draw.int(0, 9)),
    ];
    let mut sentences: Vec<String> = FIELDS
        .iter()
        .zip(&values)
        .map(|((_, _, wordings), value)| {
            let plain = draw.index(2);
            let (open, close) = wordings[if draw.percent(rare) {
                2 + draw.index(2)
            } else {
                plain
            }];
            format!("{open}{value}{close}")
        })
        .collect();
    draw.shuffle(&mut sentences);
    if draw.percent(corrected) {
        values[3] = draw.int(481, 900).to_string();
        sentences.push(format!("{}{}{}", CORRECTION.0, values[3], CORRECTION.1));
    }
    let body: Vec<String> = sentences
        .iter()
        .map(|s| format!("{s} {}", filler(draw, gap)).trim().to_owned())
        .collect();
    let letter = body.join(" ");
    let prompt = page(&[draw.pick(ASKS), "Letter:", &letter]);
    Draft::single(
        prompt,
        GoldTarget::Json {
            value: gold(&values),
        },
    )
}

fn gold(values: &[String; 5]) -> Value {
    // Alphabetical, so that the bytes do not depend on how serde_json orders maps.
    json!({
        "city": values[2],
        "customer": values[1],
        "order_id": values[0],
        "quantity": values[3].parse::<i64>().unwrap_or(0),
        "total": values[4].parse::<f64>().unwrap_or(0.0),
    })
}

/// Fills in every field it recognises; others are null, which it knows to be wrong.
pub fn solve(messages: &[Message], ability: &Ability) -> Option<Answer> {
    let prompt = last_user(messages);
    if !prompt.contains("order_id, customer, city, quantity and total") {
        return None;
    }
    let (seen, _) = attend(prompt, ability.window_chars);
    let mut answer = Answer::default().filler("{");
    for (i, (key, number, wordings)) in FIELDS.iter().enumerate() {
        let separator = if i == 0 { "" } else { ", " };
        answer = answer.filler(&format!("{separator}\"{key}\": "));
        let known = wordings.iter().take(ability.phrasings);
        let first = known
            .filter_map(|(open, close)| between(seen, open, close))
            .next();
        let corrected = (*key == "quantity" && ability.corrections)
            .then(|| between(seen, CORRECTION.0, CORRECTION.1))
            .flatten();
        answer = match corrected.or(first) {
            None => answer.sure("null", 0.3),
            Some(value) if *number => answer.sure(value, 0.96),
            Some(value) => answer.sure(json!(value).to_string(), 0.97),
        };
    }
    Some(answer.filler("}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tier::builtin_tiers;

    const LETTER: &str = "Return a JSON object with the keys order_id, customer, city, quantity and \
        total.\n\nLetter:\n\nThe order reference is AB1-1000. It was placed by Aiko Tanaka. \
        It ships to Lyon. The quantity is 4 units. We agreed on 20.15 euros altogether. \
        Correction: the quantity is now 500 units.";

    #[test]
    fn small_misses_the_rare_wording_and_the_correction() {
        let tiers = builtin_tiers();
        let small = solve(&[Message::user(LETTER)], &tiers[1].ability).unwrap();
        assert!(
            small.text().contains("\"quantity\": 4, \"total\": null"),
            "{}",
            small.text()
        );
        assert!(small.weakest() < 0.5);
        let large = solve(&[Message::user(LETTER)], &tiers[3].ability).unwrap();
        assert!(large.text().contains("\"quantity\": 500, \"total\": 20.15"));
    }
}
