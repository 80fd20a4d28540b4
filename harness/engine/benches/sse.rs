//! Reading a streamed answer: events alone, and events with their chunks decoded.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use weighbridge_engine::wire::sse::SseParser;
use weighbridge_engine::wire::{Codec, OpenaiChat};

const CHUNK: &str = "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\
    \"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" token\"},\
    \"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n";

fn sse(c: &mut Criterion) {
    let text = CHUNK.repeat(1000);
    let mut group = c.benchmark_group("sse");
    group.throughput(Throughput::Bytes(text.len() as u64));
    // The size of a network read, and one event a read.
    for piece in [16 << 10, CHUNK.len(), 37] {
        group.bench_function(format!("parse in pieces of {piece}"), |b| {
            b.iter(|| {
                let mut parser = SseParser::default();
                let mut bytes = 0;
                for piece in text.as_bytes().chunks(piece) {
                    let _ = parser.push(piece, &mut |event| bytes += event.data.len());
                }
                black_box(bytes)
            });
        });
    }
    group.bench_function("parse and decode", |b| {
        let codec = OpenaiChat::default();
        b.iter(|| {
            let mut parser = SseParser::default();
            let mut events = 0;
            let _ = parser.push(text.as_bytes(), &mut |event| {
                let _ = codec.decode(event.data, &mut |_| events += 1);
            });
            black_box(events)
        });
    });
    group.finish();
}

criterion_group!(benches, sse);
criterion_main!(benches);
