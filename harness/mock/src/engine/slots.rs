//! Admission: slots in arrival order, one prefill lane, and the clock marks of a sequence.

use super::prefix::block_hashes;
use super::profile::{EngineProfile, seconds};
use super::tiered::TieredCache;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// One engine: the hardware behind one tier.
#[derive(Debug)]
pub struct Engine {
    profile: EngineProfile,
    speed: f64,
    slots: Arc<Semaphore>,
    lane: Mutex<Lane>,
    counters: EngineCounters,
}

#[derive(Debug)]
struct Lane {
    cache: TieredCache,
    free_at: Instant,
    link_free_at: Instant,
}

/// Totals since the start, and current gauges. Token units where the name says so.
#[derive(Debug, Default)]
pub struct EngineCounters {
    /// Prompt tokens looked up in the prefix cache.
    pub queried_tokens: AtomicU64,
    /// Prompt tokens found there.
    pub hit_tokens: AtomicU64,
    /// Tokens generated and delivered.
    pub generated_tokens: AtomicU64,
    /// Sequences running now.
    pub running: AtomicU64,
    /// Requests waiting for a slot now.
    pub waiting: AtomicU64,
    /// Sequences that ran to their end.
    pub finished: AtomicU64,
}

/// Holds a gauge up while it lives, also when its request is cancelled.
#[derive(Debug)]
struct Gauge {
    engine: Arc<Engine>,
    of: fn(&EngineCounters) -> &AtomicU64,
}

impl Gauge {
    fn up(engine: &Arc<Engine>, of: fn(&EngineCounters) -> &AtomicU64) -> Self {
        of(&engine.counters).fetch_add(1, Ordering::Relaxed);
        Self {
            engine: Arc::clone(engine),
            of,
        }
    }
}

impl Drop for Gauge {
    fn drop(&mut self) {
        (self.of)(&self.engine.counters).fetch_sub(1, Ordering::Relaxed);
    }
}

/// A running sequence. Dropping it frees the slot.
#[derive(Debug)]
pub struct Seat {
    /// When the slot was granted.
    pub admitted_at: Instant,
    /// When the first token is ready.
    pub first_token_at: Instant,
    /// Time between tokens.
    pub token_interval: Duration,
    /// Prompt tokens taken from the cache.
    pub cached_tokens: usize,
    _slot: Option<OwnedSemaphorePermit>,
    _running: Gauge,
}

impl Seat {
    /// When token `index` (from zero) is ready.
    pub fn token_at(&self, index: usize) -> Instant {
        self.first_token_at + self.token_interval.saturating_mul(index as u32)
    }
}

impl Engine {
    /// An idle engine with an empty cache. `speed` divides all durations.
    pub fn new(profile: EngineProfile, speed: f64) -> Self {
        let now = Instant::now();
        let lane = Lane {
            cache: TieredCache::new(profile.device_blocks(), profile.cache_blocks),
            free_at: now,
            link_free_at: now,
        };
        let slots = Arc::new(Semaphore::new(profile.max_sequences.max(1)));
        Self {
            profile,
            speed,
            slots,
            lane: Mutex::new(lane),
            counters: EngineCounters::default(),
        }
    }

    /// The counters behind `/metrics`.
    pub fn counters(&self) -> &EngineCounters {
        &self.counters
    }

    /// Waits for a slot, looks the prompt up and books the prefill lane.
    ///
    /// The prompt's blocks enter the cache now although they are computed later: the lane serves
    /// prefills in order, so whoever hits them is computed after them.
    pub async fn admit(self: Arc<Self>, prompt: Vec<u64>, salt: String) -> Seat {
        let waiting = Gauge::up(&self, |c| &c.waiting);
        // The semaphore is never closed; a closed one would simply mean no limit.
        let slot = Arc::clone(&self.slots).acquire_owned().await.ok();
        drop(waiting);
        let running = Gauge::up(&self, |c| &c.running);
        let chain = block_hashes(&prompt, &salt);
        let now = Instant::now();
        let (cached_tokens, prefilled_at) = self.book(&chain, prompt.len(), now);
        self.counters
            .queried_tokens
            .fetch_add(prompt.len() as u64, Ordering::Relaxed);
        self.counters
            .hit_tokens
            .fetch_add(cached_tokens as u64, Ordering::Relaxed);
        Seat {
            admitted_at: now,
            first_token_at: prefilled_at + self.profile.base_time(self.speed),
            token_interval: self.profile.token_interval(self.speed),
            cached_tokens,
            _slot: slot,
            _running: running,
        }
    }

    /// Cached tokens, and when the prompt is computed. Prefills keep their order of arrival, so one
    /// that waits for its fetch holds up those behind it.
    fn book(&self, chain: &[u64], prompt_tokens: usize, now: Instant) -> (usize, Instant) {
        let costs = self.profile.costs.as_ref();
        let least_fetch = costs.map_or(0, |costs| costs.least_fetch_tokens);
        let mut lane = self.lane();
        let found = lane.cache.found(chain, prompt_tokens, least_fetch);
        lane.cache.insert(chain);
        let work = self.profile.prefill_time(prompt_tokens, found);
        let mut ready = now + seconds(work.lookup_s, self.speed);
        if found.fetched_tokens > 0 {
            ready = ready.max(lane.link_free_at) + seconds(work.fetch_s, self.speed);
            lane.link_free_at = ready;
        }
        lane.free_at = lane.free_at.max(ready) + seconds(work.compute_s, self.speed);
        (found.tokens(), lane.free_at)
    }

    /// Records a finished sequence: its generated blocks can be hit by the next turn.
    pub fn finish(&self, prompt: &[u64], answer: &[u64], salt: &str) {
        self.counters.finished.fetch_add(1, Ordering::Relaxed);
        let whole = [prompt, answer].concat();
        self.lane().cache.insert(&block_hashes(&whole, salt));
    }

    /// Empties the prefix cache.
    pub fn reset_cache(&self) {
        self.lane().cache.clear();
    }

    fn lane(&self) -> MutexGuard<'_, Lane> {
        self.lane.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::PrefillCosts;
    use super::*;

    fn engine(max_sequences: usize) -> Arc<Engine> {
        let profile = EngineProfile {
            prefill_tokens_per_s: 1_000.0,
            decode_tokens_per_s: 100.0,
            base_ttft_ms: 5.0,
            max_sequences,
            cache_blocks: 100,
            costs: None,
        };
        Arc::new(Engine::new(profile, 1.0))
    }

    fn prompt(owner: u64) -> Vec<u64> {
        (0..100).map(|i| owner * 1_000 + i).collect()
    }

    fn ms(start: Instant, at: Instant) -> u128 {
        (at - start).as_millis()
    }

    #[tokio::test(start_paused = true)]
    async fn prefills_share_one_lane() {
        let (engine, start) = (engine(8), Instant::now());
        let a = engine.clone().admit(prompt(1), String::new()).await;
        let b = engine.clone().admit(prompt(2), String::new()).await;
        assert_eq!(ms(start, a.first_token_at), 105);
        assert_eq!(ms(start, b.first_token_at), 205);
        assert_eq!(ms(a.first_token_at, a.token_at(3)), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn a_repeat_pays_only_for_its_uncached_tokens() {
        let (engine, start) = (engine(8), Instant::now());
        drop(engine.clone().admit(prompt(1), String::new()).await);
        let again = engine.clone().admit(prompt(1), String::new()).await;
        // 100 tokens are 6 full blocks: 4 tokens are left to compute.
        assert_eq!(again.cached_tokens, 96);
        assert_eq!(ms(start, again.first_token_at), 109);
        assert_eq!(engine.counters().hit_tokens.load(Ordering::Relaxed), 96);
    }

    #[tokio::test(start_paused = true)]
    async fn a_third_request_waits_for_a_slot_in_order() {
        let (engine, start) = (engine(1), Instant::now());
        let first = engine.clone().admit(prompt(1), String::new()).await;
        let queue: Vec<_> = (2..4)
            .map(|i| {
                let engine = engine.clone();
                tokio::spawn(async move {
                    let seat = engine.admit(prompt(i), String::new()).await;
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    seat.admitted_at
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(250)).await;
        assert_eq!(engine.counters().waiting.load(Ordering::Relaxed), 2);
        drop(first);
        let mut admitted = Vec::new();
        for job in queue {
            admitted.push(ms(start, job.await.unwrap()));
        }
        assert_eq!(admitted, [250, 550]);
        assert_eq!(engine.counters().running.load(Ordering::Relaxed), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancelled_wait_leaves_no_trace() {
        let engine = engine(1);
        let _held = engine.clone().admit(prompt(1), String::new()).await;
        let wait = engine.clone().admit(prompt(2), String::new());
        assert!(
            tokio::time::timeout(Duration::from_millis(10), wait)
                .await
                .is_err()
        );
        assert_eq!(engine.counters().waiting.load(Ordering::Relaxed), 0);
    }

    /// Milliseconds a token computed, 10 a block fetched, nothing else; two blocks on the device.
    fn far_engine(least_fetch_tokens: usize) -> Arc<Engine> {
        let costs = PrefillCosts {
            hash_s_per_token: 0.0,
            index_s_per_block: 0.0,
            fetch_fixed_s: 0.0,
            fetch_s_per_block: 0.010,
            linear_s_per_token: 0.001,
            attention_s_per_pair: 0.0,
            floor_s: 0.0,
            floor_s_per_token: 0.0,
            device_blocks: 2,
            least_fetch_tokens,
        };
        let profile = EngineProfile {
            prefill_tokens_per_s: 1.0,
            decode_tokens_per_s: 100.0,
            base_ttft_ms: 0.0,
            max_sequences: 8,
            cache_blocks: 100,
            costs: Some(costs),
        };
        Arc::new(Engine::new(profile, 1.0))
    }

    #[tokio::test(start_paused = true)]
    async fn a_fetched_hit_waits_for_the_link_and_then_for_the_lane() {
        let engine = far_engine(0);
        for owner in [1, 2] {
            drop(engine.clone().admit(prompt(owner), String::new()).await);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        let start = Instant::now();
        // Both have 6 full blocks; the second one's first two still lie on the device.
        let b = engine.clone().admit(prompt(2), String::new()).await;
        let a = engine.clone().admit(prompt(1), String::new()).await;
        assert_eq!((b.cached_tokens, a.cached_tokens), (96, 96));
        // 4 blocks fetched, 4 tokens computed; then 6 more blocks on the same link.
        assert_eq!(ms(start, b.first_token_at), 40 + 4);
        assert_eq!(ms(start, a.first_token_at), 40 + 60 + 4);
    }

    #[tokio::test(start_paused = true)]
    async fn an_engine_that_computes_short_hits_again_does_not_fetch_them() {
        let engine = far_engine(97);
        for owner in [1, 2] {
            drop(engine.clone().admit(prompt(owner), String::new()).await);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        let start = Instant::now();
        let again = engine.clone().admit(prompt(1), String::new()).await;
        assert_eq!(again.cached_tokens, 0);
        assert_eq!(ms(start, again.first_token_at), 100);
    }
}
