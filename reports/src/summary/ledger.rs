//! Where the money of one policy went.

use crate::model::LedgerRow;
use crate::table::Arm;

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
