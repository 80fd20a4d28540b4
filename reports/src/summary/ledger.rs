//! Where the money of one policy went.

use std::collections::BTreeMap;

use crate::model::LedgerRow;
use crate::table::{Arm, RunTable};

/// The ledger of one arm, in US dollars and tokens over the whole run.
pub fn ledger(policy: &str, arm: &Arm) -> LedgerRow {
    let ledger = &arm.ledger;
    LedgerRow {
        policy: policy.to_owned(),
        total_usd: ledger.total().usd(),
        input_usd: ledger.input.usd(),
        cache_read_usd: ledger.cache_read.usd(),
        cache_write_usd: ledger.cache_write.usd(),
        output_usd: ledger.output.usd(),
        reasoning_usd: ledger.reasoning.usd(),
        other_usd: ledger.other.usd(),
        decisions_usd: ledger.decisions.usd(),
        discarded_usd: ledger.discarded.usd(),
        failed_usd: ledger.failed.usd(),
        input_tokens: ledger.input_tokens,
        cache_read_tokens: ledger.cache_read_tokens,
        cache_write_tokens: ledger.cache_write_tokens,
        output_tokens: ledger.output_tokens,
        reasoning_tokens: ledger.reasoning_tokens,
        calls: ledger.calls,
        estimated_calls: ledger.estimated_calls,
    }
}

/// Money that no single policy spent: explicit caches, which the requests of all of them read. Written
/// tokens are cache writes, storage is a fee. One row a model; none where there was no such cache.
pub fn shared(notes: &BTreeMap<String, String>) -> Vec<LedgerRow> {
    let row = |(key, note): (&String, &String)| {
        let model = key.strip_prefix(RunTable::EXPLICIT_CACHE)?;
        let note: serde_json::Value = serde_json::from_str(note).ok()?;
        let usd = |key: &str| note[key].as_f64().filter(|x| x.is_finite()).unwrap_or(0.0);
        Some(LedgerRow {
            policy: format!("explicit cache of {model}, shared"),
            total_usd: usd("write_usd") + usd("storage_usd"),
            cache_write_usd: usd("write_usd"),
            other_usd: usd("storage_usd"),
            cache_write_tokens: note["tokens"].as_u64().unwrap_or(0),
            ..LedgerRow::default()
        })
    };
    notes.iter().filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explicit_caches_are_rows_of_their_own() {
        let note = r#"{"tokens":2000,"write_usd":0.5,"storage_usd":0.25}"#;
        let notes = [
            ("explicit_cache.g", note),
            ("explicit_cache.h", "no"),
            ("x", "y"),
        ];
        let notes = notes.map(|(key, text)| (key.to_owned(), text.to_owned()));
        let rows = shared(&BTreeMap::from(notes));
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].policy, "explicit cache of g, shared");
        assert_eq!((rows[0].total_usd, rows[0].other_usd), (0.75, 0.25));
    }
}
