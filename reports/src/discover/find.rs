//! What a search brings back.

use std::collections::BTreeMap;

use serde::Serialize;
use weighbridge_datasets::{CharBand, Matching};

use crate::model::Estimate;

/// One condition of a slice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Condition {
    /// A label has a value.
    Label {
        /// Label key.
        key: String,
        /// Label value.
        value: String,
    },
    /// The prompt has a length in characters.
    Chars {
        /// Smallest length that belongs to it.
        at_least: Option<u64>,
        /// Smallest length that is too long for it.
        below: Option<u64>,
    },
    /// The candidate sends the request to this model, and the baseline to another one.
    Route {
        /// Model name; `(cache)` or `(none)` where there is none.
        model: String,
    },
    /// The beginning of the prompt holds these words next to each other.
    Words {
        /// In lower case, parted by spaces.
        words: String,
    },
}

impl Condition {
    /// The condition in a few words, as it stands in a slice's name.
    pub fn name(&self) -> String {
        match self {
            Self::Label { key, value } => format!("{key}={value}"),
            Self::Chars { at_least, below } => match (at_least, below) {
                (Some(low), Some(high)) => format!("prompt of {low} to {} characters", high - 1),
                (Some(low), None) => format!("prompt of {low} characters or more"),
                (None, Some(high)) => format!("prompt below {high} characters"),
                (None, None) => "any prompt".to_owned(),
            },
            Self::Route { model } => format!("routed to {model}"),
            Self::Words { words } => format!("words \"{words}\""),
        }
    }
}

/// A slice on one half of the samples.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HalfResult {
    /// Paired samples.
    pub n: u64,
    /// Clusters among them.
    pub clusters: u64,
    /// Samples on which the candidate is better.
    pub gains: u64,
    /// Samples on which it is worse.
    pub losses: u64,
    /// Candidate minus baseline, two-sided 95 %.
    pub difference: Estimate,
    /// One-sided bound at 95 %: a loss larger than this is excluded.
    pub certified_loss: f64,
}

/// A slice that stood out on the first half.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Find {
    /// Conditions joined by commas.
    pub name: String,
    /// Conditions that all hold.
    pub conditions: Vec<Condition>,
    /// On the half that was searched; inflated by the search.
    pub searched: HalfResult,
    /// On the half that was not.
    pub tested: HalfResult,
    /// One-sided p-value of "not worse" on the second half.
    pub p: f64,
    /// The same, adjusted over all slices that were tested (step-down).
    pub p_adjusted: f64,
    /// Whether the loss is shown on the second half at the family-wise rate.
    pub confirmed: bool,
}

impl Find {
    /// The slice as an experiment file can register it; `None` where it depends on the routes of the
    /// candidate, which only a report knows.
    pub fn rule(&self, found_in: &str) -> Option<Matching> {
        let mut rule = Matching {
            name: self.name.clone(),
            found_in: Some(found_in.to_owned()),
            ..Matching::default()
        };
        let mut labels = BTreeMap::new();
        for condition in &self.conditions {
            match condition {
                Condition::Label { key, value } => {
                    labels.insert(key.clone(), value.clone());
                }
                Condition::Chars { at_least, below } => {
                    rule.prompt_chars = Some(CharBand {
                        at_least: *at_least,
                        below: *below,
                    });
                }
                Condition::Words { words } => rule.words.push(words.clone()),
                Condition::Route { .. } => return None,
            }
        }
        rule.labels = labels;
        Some(rule)
    }
}

/// The outcome of a search.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Discovery {
    /// Candidate policy.
    pub candidate: String,
    /// Baseline policy.
    pub baseline: String,
    /// Fingerprint of the dataset.
    pub dataset: String,
    /// Key of this comparison; see [`super::search_key`].
    pub found_in: String,
    /// Fewest samples of a slice in each half.
    pub support: usize,
    /// Most conditions of a slice.
    pub depth: usize,
    /// Family-wise error rate of the test.
    pub alpha: f64,
    /// Seed.
    pub seed: u64,
    /// Paired samples in the half that was searched.
    pub searched_samples: u64,
    /// Paired samples in the half that was tested.
    pub tested_samples: u64,
    /// Conditions that were combined.
    pub conditions: u64,
    /// Slices with enough samples that were looked at.
    pub looked_at: u64,
    /// Slices that were tested, by adjusted p-value.
    pub finds: Vec<Find>,
}

impl Discovery {
    /// Finds whose loss is shown on the second half.
    pub fn confirmed(&self) -> impl Iterator<Item = &Find> {
        self.finds.iter().filter(|find| find.confirmed)
    }
}
