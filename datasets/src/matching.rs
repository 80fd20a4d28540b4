//! Slices by conditions of several kinds: labels, length and words of the prompt.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::SliceFacts;

/// A slice by conditions that must all hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matching {
    /// Name of the slice.
    pub name: String,
    /// Label values that must all be present.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Length of the prompt in characters, over all messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_chars: Option<CharBand>,
    /// Words or phrases that the beginning of the prompt must all contain; see [`words_of`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// Key of the comparison in which a search found the slice; it never gates there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_in: Option<String>,
}

/// A range of characters; at least one end is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CharBand {
    /// Smallest length that belongs to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<u64>,
    /// Smallest length that is too long for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<u64>,
}

impl CharBand {
    /// Whether a length lies in the band.
    pub fn holds(self, chars: u64) -> bool {
        self.at_least.is_none_or(|low| chars >= low) && self.below.is_none_or(|high| chars < high)
    }
}

impl Matching {
    /// Says what is wrong with the conditions.
    ///
    /// # Errors
    /// A fragment with the key and what it must be.
    pub fn check(&self) -> Result<(), String> {
        if let Some(band) = self.prompt_chars {
            match (band.at_least, band.below) {
                (None, None) => {
                    return Err("`prompt_chars` has neither `at_least` nor `below`".to_owned());
                }
                (Some(low), Some(high)) if low >= high => {
                    return Err(format!(
                        "`prompt_chars` is empty: at least {low} and below {high}"
                    ));
                }
                _ => {}
            }
        }
        if let Some(words) = self.words.iter().find(|w| words_of(w).trim().is_empty()) {
            return Err(format!(
                "`words` has {words:?}, which holds no letter or digit"
            ));
        }
        if self.labels.is_empty() && self.prompt_chars.is_none() && self.words.is_empty() {
            return Err("a slice needs `labels`, `prompt_chars` or `words`".to_owned());
        }
        Ok(())
    }

    pub(crate) fn holds(&self, facts: &impl SliceFacts, text: &OnceCell<String>) -> bool {
        has(facts.labels(), &self.labels)
            && self
                .prompt_chars
                .is_none_or(|band| band.holds(facts.prompt_chars()))
            && self.words.iter().all(|words| {
                text.get_or_init(|| words_of(&facts.excerpt()))
                    .contains(&words_of(words))
            })
    }
}

/// The words of a text in lower case, with one space before, between and after: words are runs of
/// letters and digits. A phrase is in a text when its words stand in it next to each other.
///
/// ```
/// use weighbridge_datasets::words_of;
/// assert_eq!(words_of("Answer as JSON."), " answer as json ");
/// assert!(words_of("Answer as JSON.").contains(&words_of("As JSON")));
/// ```
pub fn words_of(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push(' ');
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            out.push(c);
        } else if !out.ends_with(' ') {
            out.push(' ');
        }
    }
    if !out.ends_with(' ') {
        out.push(' ');
    }
    out
}

/// Whether labels have all the wanted values.
pub(crate) fn has(labels: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(k, v)| labels.get(k) == Some(v))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_conditions_are_named() {
        let band = |at_least, below| Matching {
            prompt_chars: Some(CharBand { at_least, below }),
            ..Matching::default()
        };
        assert!(
            band(Some(5), Some(5))
                .check()
                .unwrap_err()
                .contains("empty")
        );
        assert!(band(None, None).check().is_err());
        assert!(Matching::default().check().is_err());
        let words = Matching {
            words: vec!["--".to_owned()],
            ..Matching::default()
        };
        assert!(words.check().unwrap_err().contains("words"));
    }
}
