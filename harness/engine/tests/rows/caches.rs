//! Prompt caches: read, written, off, marked, emptied.

use weighbridge_engine::{Admin, HttpBackend, PromptCache};
use weighbridge_mock::Fleet;
use weighbridge_record::Usage;

use crate::asking::{answered, config, fleet};
use crate::feature::Feature;
use crate::row::Row;
use crate::table::rows;

/// Usage of the same call twice.
async fn twice(row: &Row, fleet: &Fleet, cache: PromptCache) -> [Usage; 2] {
    let mut config = config(row, fleet);
    config.prompt_cache = cache;
    let backend = HttpBackend::new(config).unwrap();
    let (_, cold) = answered(row, &backend, "Compute 2 + 2.").await;
    let (_, warm) = answered(row, &backend, "Compute 2 + 2.").await;
    [cold.usage, warm.usage]
}

/// Breakpoints where the wire has them: Anthropic caches nothing without.
fn natural(row: &Row) -> PromptCache {
    match row.has(Feature::Breakpoints) {
        true => PromptCache::Breakpoints,
        false => PromptCache::Default,
    }
}

#[tokio::test]
async fn what_was_read_and_written_is_told_where_the_wire_can() {
    for row in rows() {
        let name = row.name;
        let fleet = fleet(&row, |_| {}).await;
        let [cold, warm] = twice(&row, &fleet, natural(&row)).await;
        let served = fleet.log().pop().unwrap().cached_tokens as u64;
        assert!(served > 40, "{name}: the server did cache");
        if row.has(Feature::CacheRead) {
            assert_eq!(cold.cache_read_tokens.unwrap_or(0), 0, "{name}");
            assert_eq!(warm.cache_read_tokens, Some(served), "{name}");
            assert_eq!(warm.total_input(), cold.total_input(), "{name}");
        } else {
            // Unknown is not zero.
            assert_eq!(warm.cache_read_tokens, None, "{name}");
        }
        if row.has(Feature::CacheWrite) {
            assert_eq!(cold.cache_write_tokens, cold.total_input(), "{name}");
            assert_eq!(cold.input_tokens, Some(0), "{name}");
        } else {
            assert_eq!(cold.cache_write_tokens.unwrap_or(0), 0, "{name}");
        }
    }
}

#[tokio::test]
async fn a_cache_that_is_off_is_cold_every_time() {
    for row in rows() {
        let name = row.name;
        let can = PromptCache::Off.check(row.dialect).is_ok();
        assert_eq!(can, row.has(Feature::CacheOff), "{name}");
        if can {
            let fleet = fleet(&row, |_| {}).await;
            twice(&row, &fleet, PromptCache::Off).await;
            let log = fleet.log();
            assert!(log.iter().all(|r| r.cached_tokens == 0), "{name}");
        }
    }
}

#[tokio::test]
async fn breakpoints_are_refused_where_the_wire_has_none() {
    for row in rows() {
        let check = PromptCache::Breakpoints.check(row.dialect);
        assert_eq!(check.is_ok(), row.has(Feature::Breakpoints), "{}", row.name);
    }
}

#[tokio::test]
async fn a_flush_makes_the_next_call_cold() {
    for row in rows() {
        let name = row.name;
        let fleet = fleet(&row, |_| {}).await;
        twice(&row, &fleet, PromptCache::Default).await;
        let admin = Admin::new(&config(&row, &fleet)).unwrap();
        assert_eq!(
            Admin::can_flush(row.dialect),
            row.has(Feature::Flush),
            "{name}"
        );
        assert_eq!(
            admin.flush().await.is_ok(),
            row.has(Feature::Flush),
            "{name}"
        );
        if row.has(Feature::Flush) {
            let [cold, warm] = twice(&row, &fleet, PromptCache::Default).await;
            assert_eq!(cold.cache_read_tokens, Some(0), "{name}");
            assert!(warm.cache_read_tokens > Some(40), "{name}");
        }
    }
}
