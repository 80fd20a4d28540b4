//! The first JSON value in the answer is compared key by key.

use serde_json::{Deserializer, Value};
use weighbridge_record::Score;

use super::score::binary;

/// Opening brackets tried before a text counts as holding no JSON: bounds the work on hostile text,
/// where each try can cost the parser's nesting limit.
const TRIES: usize = 1000;

pub(super) fn score(right: &Value, answer: &str) -> Score {
    let Some(found) = first_value(answer) else {
        return Score::Value(0.0);
    };
    match (right, &found) {
        (Value::Object(right), Value::Object(found)) if !right.is_empty() => {
            let equal = right
                .iter()
                .filter(|(key, value)| found.get(*key).is_some_and(|v| same(value, v)));
            Score::checked(equal.count() as f64 / right.len() as f64)
        }
        (Value::Array(right), Value::Array(found)) if !right.is_empty() => {
            let equal = right.iter().zip(found).filter(|(r, f)| same(r, f));
            Score::checked(equal.count() as f64 / right.len() as f64)
        }
        _ => binary(same(right, &found)),
    }
}

/// Equality where `1` and `1.0` are the same number.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let matches = |(key, value): (&String, &Value)| {
                b.get(key).is_some_and(|other| same(value, other))
            };
            a.len() == b.len() && a.iter().all(matches)
        }
        _ => a == b,
    }
}

/// The answer itself if it is JSON, else the first object or array in a fenced block, else the
/// first one anywhere.
fn first_value(answer: &str) -> Option<Value> {
    let answer = answer.trim();
    if let Ok(value) = serde_json::from_str(answer) {
        return Some(value);
    }
    fenced(answer)
        .and_then(|block| serde_json::from_str(block).ok().or_else(|| search(block)))
        .or_else(|| search(answer))
}

/// The content of the first fenced block, without its language word.
fn fenced(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("```")?;
    let (block, _) = rest.split_once("```").unwrap_or((rest, ""));
    let language = block
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(0);
    let is_language = block[language..].starts_with(['\n', '\r', ' ']);
    Some(block[if is_language { language } else { 0 }..].trim())
}

fn search(text: &str) -> Option<Value> {
    for (at, _) in text.match_indices(['{', '[']).take(TRIES) {
        match Deserializer::from_str(&text[at..]).into_iter().next() {
            Some(Ok(value)) => return Some(value),
            // Cut off: what is inside it is not the value that was asked for.
            Some(Err(error)) if error.is_eof() => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_found_in_talk_and_fences() {
        let right = json!({"city": "Paris", "year": 1900});
        for answer in [
            r#"{"city":"Paris","year":1900}"#,
            "Sure [1]:\n```json\n{\"city\": \"Paris\", \"year\": 1900.0}\n```\nDone.",
            "```\n{\"city\": \"Paris\", \"year\": 1900}",
            r#"It is {not json} but {"year":1900,"city":"Paris","more":true}."#,
        ] {
            assert_eq!(score(&right, answer), Score::Value(1.0), "{answer}");
        }
    }

    #[test]
    fn the_share_of_equal_keys_or_items_is_the_score() {
        let right = json!({"a": 1, "b": [1, 2]});
        assert_eq!(score(&right, r#"{"a":1,"b":[2,1]}"#), Score::Value(0.5));
        assert_eq!(score(&json!([1, 2]), "[1]"), Score::Value(0.5));
        assert_eq!(score(&json!(true), " true "), Score::Value(1.0));
        assert_eq!(score(&json!({}), "{\"a\":1}"), Score::Value(0.0));
    }

    #[test]
    fn a_truncated_value_is_not_replaced_by_its_inside() {
        let right = json!({"b": 1});
        assert_eq!(score(&right, r#"{"a": {"b": 1}"#), Score::Value(0.0));
        assert_eq!(score(&right, ""), Score::Value(0.0));
    }
}
