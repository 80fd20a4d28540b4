//! Mooncake traces: JSONL with `timestamp` (ms), `input_length`, `output_length` and `hash_ids`, the
//! ids of the 512-token blocks of each prompt (Qin et al., FAST '25, and its trace release).

use serde::Deserialize;

use super::TraceRow;
use super::row::{in_order, seconds};
use crate::DataError;
use crate::import::Source;

#[derive(Deserialize)]
struct Line {
    timestamp: f64,
    input_length: u32,
    output_length: u32,
    #[serde(default)]
    hash_ids: Vec<u64>,
}

pub(super) fn rows(source: &Source) -> Result<Vec<TraceRow>, DataError> {
    let rows = source.lines().map(|(number, text)| {
        let line: Line = source.json(number, text)?;
        Ok(TraceRow {
            at_s: seconds(source, number, line.timestamp / 1e3)?,
            input_tokens: line.input_length,
            output_tokens: line.output_length,
            blocks: line.hash_ids,
            session: None,
        })
    });
    in_order(source, rows.collect::<Result<_, DataError>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_start_at_zero() {
        let text = concat!(
            r#"{"timestamp": 27482, "input_length": 6955, "output_length": 52, "hash_ids": [46, 47]}"#,
            "\n",
            r#"{"timestamp": 26000, "input_length": 10, "output_length": 5, "hash_ids": [1]}"#,
            "\n"
        );
        let rows = rows(&Source::of_text("t.jsonl", text)).unwrap();
        assert_eq!(rows[0].blocks, [1]);
        assert_eq!(rows[0].at_s, 0.0);
        assert!((rows[1].at_s - 1.482).abs() < 1e-9);
        assert_eq!((rows[1].input_tokens, rows[1].output_tokens), (6955, 52));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let text =
            "{\"timestamp\": 1, \"input_length\": 2, \"output_length\": 3}\n{\"timestamp\": 1}\n";
        let error = rows(&Source::of_text("t.jsonl", text))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("t.jsonl:2") && error.contains("input_length"),
            "{error}"
        );
        let negative = "{\"timestamp\": -5, \"input_length\": 2, \"output_length\": 3}";
        let error = rows(&Source::of_text("t.jsonl", negative))
            .unwrap_err()
            .to_string();
        assert!(error.contains("timestamp"), "{error}");
        assert!(rows(&Source::of_text("t.jsonl", "")).is_err());
    }
}
