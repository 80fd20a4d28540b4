//! The client measures itself before it measures others.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use weighbridge_datasets::{Message, Role};
use weighbridge_engine::executor::Overhead;
use weighbridge_engine::{Backend, Call, Clock, Dialect, HttpBackend, HttpConfig};
use weighbridge_mock::null::{NullConfig, NullServer, serve_null};

/// Streams open at once: as few as a small run has.
const STREAMS: usize = 4;

/// Requests of each stream that count; one more opens its connection.
const REQUESTS: usize = 50;

/// No request starts later than this.
const LONGEST: Duration = Duration::from_millis(250);

/// Time to the first token. It comes by itself then, not with the head of the response, as those of real
/// servers do.
const TTFT: Duration = Duration::from_millis(1);

/// What the client adds to a time to first token: calls through the path of every call, to a null backend
/// on loopback that keeps its own clock. It runs in this process, so that what the two take from each
/// other is in it.
///
/// # Errors
/// Why it could not be measured, in a few words.
pub(super) async fn measure() -> Result<Overhead, String> {
    let config = NullConfig {
        tokens: 4,
        ttft: TTFT,
        ..NullConfig::default()
    };
    let server = serve_null(config).await.map_err(|e| e.to_string())?;
    let url = format!("http://{}/v1", server.addr());
    let backend = HttpBackend::new(HttpConfig::new(url, "null", Dialect::Openai));
    let backend = Arc::new(backend.map_err(|e| e.to_string())?);
    let start = Instant::now();
    let streams = (0..STREAMS).map(|_| tokio::spawn(stream(Arc::clone(&backend), start)));
    let mut reported = BTreeMap::new();
    for stream in streams.collect::<Vec<_>>() {
        reported.extend(stream.await.unwrap_or_default());
    }
    Overhead::of(held_against(&server, &reported)).ok_or_else(|| "no answer came".to_owned())
}

/// Reported times to first token by request, in milliseconds, without the first.
async fn stream(backend: Arc<HttpBackend>, start: Instant) -> Vec<(String, f64)> {
    let model: Arc<str> = "null".into();
    let messages = [Message {
        role: Role::User,
        content: "Some words that make the prompt as long as prompts are. ".repeat(11),
    }];
    let mut seen = Vec::with_capacity(REQUESTS);
    for number in 0..=REQUESTS {
        if start.elapsed() > LONGEST {
            break;
        }
        let call = Call {
            model: &model,
            sample: "calibration",
            messages: &messages,
            max_output_tokens: None,
            confidence: false,
            cache_salt: None,
            seed: None,
            try_number: 0,
        };
        let attempt = backend.send(call, Clock::start()).await.attempt;
        let told = attempt.first_token_ms.zip(attempt.request_id);
        seen.extend(told.filter(|_| number > 0).map(|(ms, id)| (id, ms)));
    }
    seen
}

/// Reported minus true times, of requests that both sides know.
fn held_against(server: &NullServer, reported: &BTreeMap<String, f64>) -> Vec<f64> {
    let records = server.records().into_iter();
    records
        .filter_map(|record| Some(reported.get(&record.request.to_string())? - record.ttft_ms()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_overhead_is_what_the_server_did_not_take() {
        let runtime = crate::live::runtime().unwrap();
        let start = Instant::now();
        let overhead = runtime.block_on(measure()).unwrap();
        // Bounded, with time for a machine that is busy with other tests.
        assert!(start.elapsed() < 20 * LONGEST);
        assert!(overhead.requests <= STREAMS * REQUESTS);
        // The server waits at least 1 ms, which is not part of it; a client cannot see a token before
        // the server had it.
        assert!(overhead.p50_ms > 0.0, "{overhead:?}");
        assert!(overhead.p99_ms >= overhead.p50_ms, "{overhead:?}");
    }
}
