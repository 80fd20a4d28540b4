//! What the tests of all codecs need: a stream read in pieces.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::codec::Framing;
use super::{Codec, CodecSettings, Dialect, Frames, WireEvent};

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

/// Checks that every cut in two, every even size of pieces, and random cuts give the same events, for
/// the stream as it is and for every other way to write the same one.
pub(super) fn every_cut(codec: &dyn Codec, stream: &str) {
    let whole = events_of(codec, [stream.as_bytes()]);
    assert!(whole.len() > 3 && !whole.iter().any(|e| e.contains("not a chunk")));
    cut_everywhere(codec, stream, &whole, "as it is");
    for (name, other) in rewritten(codec, stream) {
        cut_everywhere(codec, &other, &whole, name);
    }
}

/// The same stream in other bytes: line ends, byte order mark, comments, data over several lines.
fn rewritten(codec: &dyn Codec, stream: &str) -> Vec<(&'static str, String)> {
    let plain = stream.replace("\r\n", "\n");
    if codec.framing() == Framing::Lines {
        return vec![("CRLF", plain.replace('\n', "\r\n"))];
    }
    // A JSON document may hold a line end after its first bracket.
    let in_lines = plain.replace("data: {", "data: {\ndata:");
    vec![
        ("LF", plain.clone()),
        ("CRLF", plain.replace('\n', "\r\n")),
        ("CR", plain.replace('\n', "\r")),
        ("byte order mark", format!("\u{FEFF}{plain}")),
        (
            "comments",
            format!(
                ": first\n{}",
                plain.replace("\n\n", "\n: ping\nid: 7\nretry: 9\n\n: more\n\n")
            ),
        ),
        ("data without a blank", plain.replace("data: ", "data:")),
        ("data in lines", in_lines.clone()),
        ("data in lines with CR", in_lines.replace('\n', "\r")),
        ("no last blank line", plain.trim_end().to_owned()),
    ]
}

fn cut_everywhere(codec: &dyn Codec, stream: &str, whole: &[String], name: &str) {
    let bytes = stream.as_bytes();
    for at in 0..=bytes.len() {
        let (a, b) = bytes.split_at(at);
        assert_eq!(events_of(codec, [a, b]), whole, "{name}: cut at {at}");
    }
    for size in 1..64 {
        let pieces = bytes.chunks(size);
        assert_eq!(events_of(codec, pieces), whole, "{name}: pieces of {size}");
    }
    let cuts = prop::collection::btree_set(0..bytes.len(), 0..40);
    let mut runner = TestRunner::deterministic();
    runner
        .run(&cuts, |cuts| {
            let ends = cuts.iter().copied().chain([bytes.len()]);
            let starts = [0].into_iter().chain(cuts.iter().copied());
            let pieces = starts.zip(ends).map(|(a, b)| &bytes[a..b]);
            prop_assert_eq!(events_of(codec, pieces), whole);
            Ok(())
        })
        .unwrap();
}

/// Checks that every two cuts of a short stream, in every way to write it, give the same events.
fn every_two_cuts(codec: &dyn Codec, stream: &str) {
    let whole = events_of(codec, [stream.as_bytes()]);
    assert!(whole.len() > 1, "{whole:?}");
    for (name, other) in rewritten(codec, stream) {
        let bytes = other.as_bytes();
        for a in 0..=bytes.len() {
            for b in a..=bytes.len() {
                let pieces = [&bytes[..a], &bytes[a..b], &bytes[b..]];
                assert_eq!(
                    events_of(codec, pieces),
                    whole,
                    "{name}: cuts at {a} and {b}"
                );
            }
        }
    }
}

/// The shortest stream of each format that holds a text and an end.
fn short_streams() -> Vec<(Dialect, String)> {
    let text = "é\\n";
    vec![
        (
            Dialect::OpenaiChat,
            format!(
                "data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\ndata: [DONE]\n\n"
            ),
        ),
        (
            Dialect::OpenaiResponses,
            format!(
                "event: response.output_text.delta\n\
                 data: {{\"type\":\"response.output_text.delta\",\"delta\":\"{text}\"}}\n\n\
                 event: response.completed\n\
                 data: {{\"type\":\"response.completed\",\"response\":{{\"status\":\"completed\"}}}}\n\n"
            ),
        ),
        (
            Dialect::Anthropic,
            format!(
                "event: content_block_delta\n\
                 data: {{\"type\":\"content_block_delta\",\"delta\":{{\"type\":\"text_delta\",\"text\":\"{text}\"}}}}\n\n\
                 event: message_stop\ndata: {{\"type\":\"message_stop\"}}\n\n"
            ),
        ),
        (
            Dialect::Gemini,
            format!(
                "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{text}\"}}]}},\
                 \"finishReason\":\"STOP\"}}]}}\n\n"
            ),
        ),
        (
            Dialect::Tgi,
            format!(
                "data:{{\"token\":{{\"text\":\"{text}\"}}}}\n\ndata:{{\"token\":{{\"text\":\"\",\"special\":true}},\"generated_text\":\"{text}\"}}\n\n"
            ),
        ),
        (
            Dialect::Ollama,
            format!(
                "{{\"message\":{{\"content\":\"{text}\"}},\"done\":false}}\n{{\"done\":true}}\n"
            ),
        ),
    ]
}

#[test]
fn every_two_cuts_of_a_short_stream_are_the_same_answer() {
    for (dialect, stream) in short_streams() {
        let codec = dialect.codec(&CodecSettings::default());
        let events = events_of(&*codec, [stream.as_bytes()]);
        assert!(events[0].contains("é"), "{}: {events:?}", dialect.as_str());
        every_two_cuts(&*codec, &stream);
    }
}

#[test]
fn a_line_of_a_megabyte_is_read_whole_in_every_piece_size() {
    let long = "weigh é ".repeat(120_000);
    for (dialect, stream) in short_streams() {
        let codec = dialect.codec(&CodecSettings::default());
        let stream = stream.replacen("é\\n", &long, 1);
        assert!(stream.len() > 1 << 20);
        for size in [1, 7, 1460, 16_384, 65_537, stream.len()] {
            let mut text = 0;
            let mut frames = Frames::new(codec.framing(), 4 << 20);
            let mut read = |data: &[u8]| {
                let decoded = codec.decode(data, &mut |event| {
                    if let WireEvent::Content(part) = event {
                        assert!(long.starts_with(part) || part.len() < 9);
                        text += part.len();
                    }
                });
                decoded.unwrap();
            };
            for piece in stream.as_bytes().chunks(size) {
                frames.push(piece, &mut |_, data| read(data)).unwrap();
            }
            frames.finish(&mut |_, data| read(data)).unwrap();
            assert_eq!(text, long.len(), "{} in pieces of {size}", dialect.as_str());
        }
    }
}
