//! From `[slices]` as written to slice rules.

use weighbridge_datasets::{CharBand, Matching, SliceRule};

use super::error::ConfigError;
use super::parse::Source;
use super::written::{NamedSlice, SlicesWritten};

/// Rules by label key first, then the named slices.
pub(crate) fn slices(
    source: Source<'_>,
    written: SlicesWritten,
) -> Result<Vec<SliceRule>, ConfigError> {
    let mut rules: Vec<SliceRule> = written.by.into_iter().map(SliceRule::By).collect();
    for slice in written.named {
        rules.push(named(source, slice)?);
    }
    Ok(rules)
}

fn named(source: Source<'_>, slice: NamedSlice) -> Result<SliceRule, ConfigError> {
    let matching = Matching {
        name: slice.name,
        labels: slice.labels,
        prompt_chars: slice.prompt_chars.map(|band| CharBand {
            at_least: band.at_least,
            below: band.below,
        }),
        words: slice.words,
        found_in: slice.found_in,
    };
    matching.check().map_err(|problem| {
        let found = source.text.find(&matching.name);
        let span = found.map_or(0..0, |start| start..start + matching.name.len());
        let message = format!("slice `{}`: {problem}", matching.name);
        source
            .at(&span, message)
            .with_hint("conditions: labels = { KEY = \"VALUE\" }, prompt_chars = { at_least = 100, below = 400 }, words = [\"as json\"]")
    })?;
    let plain =
        matching.prompt_chars.is_none() && matching.words.is_empty() && matching.found_in.is_none();
    Ok(if plain {
        // The older form, so that the hash of an older experiment stays what it was.
        SliceRule::Where {
            name: matching.name,
            labels: matching.labels,
        }
    } else {
        SliceRule::Matching(matching)
    })
}
