//! Lower bounds that hold however slow the machine is: a timer never fires early.

use crate::client::{chat, post};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use weighbridge_mock::{FleetConfig, Outcome, serve};

#[tokio::test]
async fn the_server_log_shows_the_pace_of_the_engine() {
    let fleet = serve(FleetConfig::default()).await.unwrap();
    let extra = json!({"stream": true, "max_tokens": 50, "min_tokens": 50});
    let reply = post(
        &fleet.base_url("large"),
        &chat("large", "Compute 1 + 1", extra),
    )
    .await;
    assert!(reply.complete);
    let record = &fleet.log()[0];
    // A base of 15 ms, then 49 intervals of 1 ms.
    assert!(record.ttft_us().unwrap() >= 15_000);
    assert!(record.done_us - record.admitted_us.unwrap() >= 64_000);
    assert_eq!(record.completion_tokens, 50);
}

#[tokio::test]
async fn one_slot_serves_one_request_at_a_time() {
    let mut config = FleetConfig::default();
    config.tiers[0].engine.max_sequences = 1;
    let fleet = serve(config).await.unwrap();
    let base = fleet.base_url("nano");
    let jobs: Vec<_> = (0..3)
        .map(|i| {
            let body = chat("nano", &format!("Compute {i} + 1"), json!({"stream": true}));
            let base = base.clone();
            tokio::spawn(async move { post(&base, &body).await })
        })
        .collect();
    for job in jobs {
        assert!(job.await.unwrap().complete);
    }
    let log = fleet.log();
    for pair in log.windows(2) {
        assert!(pair[1].admitted_us.unwrap() >= pair[0].first_token_us.unwrap());
    }
}

/// A client sees the first token after the server wrote it, on the same clock, and one that hangs
/// up frees its slot.
#[tokio::test]
async fn first_token_precedes_its_reader_and_hanging_up_frees_the_slot() {
    let mut config = FleetConfig {
        speed: 0.05,
        ..FleetConfig::default()
    };
    config.tiers[3].engine.max_sequences = 1;
    let fleet = serve(config).await.unwrap();
    let mut socket = TcpStream::connect(fleet.addr()).await.unwrap();
    let body = chat("large", "Compute 1 + 1", json!({"stream": true})).to_string();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all((head + &body).as_bytes()).await.unwrap();
    let mut seen = String::new();
    let mut buffer = [0; 4096];
    while !seen.contains("\"content\":\"Multip") {
        let read = socket.read(&mut buffer).await.unwrap();
        assert!(read > 0, "{seen}");
        seen.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
    let read_at = fleet.started().elapsed().as_micros() as u64;
    drop(socket);
    // The only slot: this answer needs it.
    let reply = post(
        &fleet.base_url("large"),
        &chat("large", "Compute 2 + 2", json!({})),
    )
    .await;
    assert_eq!(reply.status, 200);
    let record = &fleet.log()[0];
    assert_eq!(
        (record.outcome, record.completion_tokens > 0),
        (Outcome::Aborted, true)
    );
    assert!(record.first_token_us.unwrap() <= read_at);
}
