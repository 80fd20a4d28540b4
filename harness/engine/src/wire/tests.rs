//! What the tests of all codecs need: a stream read in pieces.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::{Codec, Frames};

/// The events of a stream that arrives in these pieces, as text.
pub(super) fn events_of<'a>(
    codec: &dyn Codec,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<String> {
    let mut frames = Frames::new(codec.framing(), 1 << 20);
    let mut events = Vec::new();
    let mut read = |data: &[u8]| {
        let result = codec.decode(data, &mut |e| events.push(format!("{e:?}")));
        if let Err(error) = result {
            events.push(error.to_string());
        }
    };
    for piece in pieces {
        frames.push(piece, &mut |_, data| read(data)).unwrap();
    }
    frames.finish(&mut |_, data| read(data)).unwrap();
    if !frames.strays().is_empty() {
        read(frames.strays());
    }
    events
}

/// Checks that every cut in two, every even size of pieces, and random cuts give the same events.
pub(super) fn every_cut(codec: &dyn Codec, stream: &str) {
    let bytes = stream.as_bytes();
    let whole = events_of(codec, [bytes]);
    assert!(whole.len() > 3 && !whole.iter().any(|e| e.contains("not a chunk")));
    for at in 0..=bytes.len() {
        let (a, b) = bytes.split_at(at);
        assert_eq!(events_of(codec, [a, b]), whole, "cut at {at}");
    }
    for size in 1..64 {
        assert_eq!(
            events_of(codec, bytes.chunks(size)),
            whole,
            "pieces of {size}"
        );
    }
    let cuts = prop::collection::btree_set(0..bytes.len(), 0..40);
    let mut runner = TestRunner::deterministic();
    runner
        .run(&cuts, |cuts| {
            let ends = cuts.iter().copied().chain([bytes.len()]);
            let starts = [0].into_iter().chain(cuts.iter().copied());
            let pieces = starts.zip(ends).map(|(a, b)| &bytes[a..b]);
            prop_assert_eq!(events_of(codec, pieces), whole.clone());
            Ok(())
        })
        .unwrap();
}
