//! Prompts of the recorded lengths, made of plain words.

use std::collections::BTreeMap;
use std::path::Path;

use super::{TraceFormat, TraceRow};
use crate::{DataError, Dataset, Manifest, Sample, Target};

/// Short English words that common tokenizers take for one token each, the blank before them included.
pub(super) const WORDS: [&str; 64] = [
    "the", "time", "of", "day", "and", "night", "for", "all", "with", "some", "water", "from",
    "old", "house", "near", "river", "where", "people", "came", "after", "long", "work", "in",
    "open", "field", "under", "clear", "sky", "they", "made", "fire", "cold", "stone", "then",
    "spoke", "about", "new", "road", "that", "led", "over", "hill", "to", "town", "which", "lay",
    "by", "sea", "each", "year", "more", "ships", "went", "out", "than", "ever", "came", "back",
    "home", "again", "before", "winter", "closed", "port",
];

/// A dataset of prompts with the recorded lengths, for load and latency: any whole answer counts.
///
/// A prompt has one word for each recorded token. Where the trace has block hashes, the text of a
/// block follows from its hash alone, so that requests share exactly the prefixes that the trace says
/// they share; where it has none, no two prompts share their beginning. The recorded length of the
/// answer becomes the limit of output tokens (1 where none was recorded); to make a server write that
/// much, add its own switch (`body = { ignore_eos = true }`). Sessions become clusters. The samples are
/// marked as synthetic, so that a live run puts words of its own in front of them.
///
/// # Errors
/// When there is no row.
pub fn synthesise(
    format: TraceFormat,
    path: &Path,
    rows: &[TraceRow],
) -> Result<Dataset, DataError> {
    let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned());
    let manifest = Manifest {
        name: stem.clone().unwrap_or_else(|| format.name().to_owned()),
        source: format!("synthetic prompts with the lengths of a {format} trace"),
        ..Manifest::default()
    };
    let samples = rows.iter().enumerate().map(|(at, row)| sample(at, row));
    Dataset::new(manifest, samples.collect(), path)
}

fn sample(at: usize, row: &TraceRow) -> Sample {
    let length = match row.input_tokens {
        0..512 => "below 512",
        512..4096 => "512 to 4095",
        4096..32768 => "4096 to 32767",
        _ => "32768 and more",
    };
    let text = prompt(at as u64, row);
    let mut sample = Sample::of_prompt(format!("r{at:07}"), text, Target::Answered);
    sample.labels = BTreeMap::from([("input_tokens".to_owned(), length.to_owned())]);
    sample.cluster.clone_from(&row.session);
    sample.max_output_tokens = Some(row.output_tokens.max(1));
    sample.synthetic = true;
    sample
}

fn prompt(at: u64, row: &TraceRow) -> String {
    let mut left = row.input_tokens.max(1);
    let mut text = String::with_capacity(6 * left as usize);
    for block in &row.blocks {
        let words = left.min(TraceRow::BLOCK_TOKENS);
        // A block that is not whole has its own hash in the trace, so that its text may be cut.
        write_words(&mut text, mix(*block ^ 0x6d6f_6f6e), words);
        left -= words;
    }
    // What no block covers belongs to this request alone.
    write_words(&mut text, mix(at ^ 0x726f_7773_0000_0000), left);
    text
}

fn write_words(text: &mut String, mut state: u64, words: u32) {
    for _ in 0..words {
        state = mix(state);
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(WORDS[(state >> 58) as usize]);
    }
}

/// SplitMix64: Steele, Lea and Flood, OOPSLA 2014.
pub(super) fn mix(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(input_tokens: u32, blocks: &[u64]) -> TraceRow {
        TraceRow {
            at_s: 0.0,
            input_tokens,
            output_tokens: 7,
            blocks: blocks.to_vec(),
            session: Some("a".to_owned()),
        }
    }

    fn common(a: &str, b: &str) -> usize {
        let pairs = a.split(' ').zip(b.split(' '));
        pairs.take_while(|(x, y)| x == y).count()
    }

    #[test]
    fn prompts_share_the_blocks_that_the_trace_shares_and_no_more() {
        let rows = [
            row(1_500, &[1, 2, 3]),
            row(1_400, &[1, 2, 9]),
            row(600, &[4, 5]),
            row(40, &[]),
            row(40, &[]),
        ];
        let made = synthesise(TraceFormat::Mooncake, Path::new("t.jsonl"), &rows).unwrap();
        let text = |i: usize| made.samples()[i].prompt();
        for (i, row) in rows.iter().enumerate() {
            assert_eq!(text(i).split(' ').count(), row.input_tokens as usize);
        }
        let shared = common(text(0), text(1));
        assert!((1_024..1_032).contains(&shared), "{shared}");
        for (a, b) in [(0, 2), (3, 4), (2, 3)] {
            assert!(common(text(a), text(b)) < 8, "{a} and {b}");
        }
        let first = &made.samples()[0];
        assert_eq!(first.max_output_tokens, Some(7));
        assert_eq!(first.cluster.as_deref(), Some("a"));
        assert_eq!(first.target, Target::Answered);
        assert!(first.synthetic);
    }
}
