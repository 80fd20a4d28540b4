//! Named subsets of a dataset.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::Sample;
use crate::matching::{Matching, has};

/// Characters of the last user message that slices can look into: a run directory keeps no more.
pub const EXCERPT_CHARS: usize = 600;

/// What a slice rule looks at.
pub trait SliceFacts {
    /// Labels by key.
    fn labels(&self) -> &BTreeMap<String, String>;
    /// Characters (Unicode scalar values) over all messages.
    fn prompt_chars(&self) -> u64;
    /// First [`EXCERPT_CHARS`] characters of the last user message.
    fn excerpt(&self) -> Cow<'_, str>;
}

impl SliceFacts for Sample {
    fn labels(&self) -> &BTreeMap<String, String> {
        &self.labels
    }

    fn prompt_chars(&self) -> u64 {
        self.prompt_chars() as u64
    }

    fn excerpt(&self) -> Cow<'_, str> {
        let prompt = self.prompt();
        match prompt.char_indices().nth(EXCERPT_CHARS) {
            Some((end, _)) => Cow::Borrowed(&prompt[..end]),
            None => Cow::Borrowed(prompt),
        }
    }
}

/// How registered slices are made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SliceRule {
    /// One slice per value of this label key, named `key=value`.
    By(String),
    /// One slice of this name: samples whose labels have all these values.
    Where {
        /// Name of the slice.
        name: String,
        /// Label values that must all be present.
        labels: BTreeMap<String, String>,
    },
    /// One slice of this name: samples that meet several kinds of conditions.
    Matching(Matching),
}

/// Registered slices with their members, in order of name. Slices may overlap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SliceSet {
    slices: BTreeMap<String, Vec<u32>>,
}

impl SliceSet {
    /// Applies rules to samples; members are sample positions in ascending order.
    pub fn build<'a, S: SliceFacts + 'a>(
        rules: &[SliceRule],
        samples: impl IntoIterator<Item = &'a S>,
    ) -> Self {
        let mut slices: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for rule in rules {
            // A registered slice that no sample matches must still be seen, as an empty one.
            if let SliceRule::Where { name, .. } | SliceRule::Matching(Matching { name, .. }) = rule
            {
                slices.entry(name.clone()).or_default();
            }
        }
        for (position, sample) in (0u32..).zip(samples) {
            let text = OnceCell::new();
            let names: BTreeSet<String> = rules
                .iter()
                .filter_map(|rule| rule.name_for(sample, &text))
                .collect();
            for name in names {
                slices.entry(name).or_default().push(position);
            }
        }
        Self { slices }
    }

    /// Names with member positions, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u32])> {
        self.slices
            .iter()
            .map(|(name, members)| (name.as_str(), members.as_slice()))
    }

    /// Members of one slice.
    pub fn get(&self, name: &str) -> Option<&[u32]> {
        self.slices.get(name).map(Vec::as_slice)
    }

    /// Number of slices.
    pub fn len(&self) -> usize {
        self.slices.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.slices.is_empty()
    }
}

impl SliceRule {
    fn name_for(&self, facts: &impl SliceFacts, text: &OnceCell<String>) -> Option<String> {
        match self {
            Self::By(key) => facts
                .labels()
                .get(key)
                .map(|value| format!("{key}={value}")),
            Self::Where { name, labels } => has(facts.labels(), labels).then(|| name.clone()),
            Self::Matching(slice) => slice.holds(facts, text).then(|| slice.name.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CharBand, Target};

    fn sample(id: &str, task: &str) -> Sample {
        Sample::of_prompt(id, "q", Target::Recorded { chance: None }).with_label("task", task)
    }

    #[test]
    fn label_slices_and_named_slices_overlap() {
        let samples = [
            sample("a", "math"),
            sample("b", "code"),
            sample("c", "math"),
        ];
        let rules = [
            SliceRule::By("task".into()),
            SliceRule::Where {
                name: "important".into(),
                labels: [("task".to_owned(), "math".to_owned())].into(),
            },
            SliceRule::Where {
                name: "absent".into(),
                labels: [("task".to_owned(), "law".to_owned())].into(),
            },
        ];
        let set = SliceSet::build(&rules, &samples);
        assert_eq!(set.get("task=math"), Some(&[0, 2][..]));
        assert_eq!(set.get("important"), Some(&[0, 2][..]));
        assert_eq!(set.get("absent"), Some(&[][..]));
        assert_eq!(set.len(), 4);
    }

    #[test]
    fn conditions_of_several_kinds_must_all_hold() {
        let prompt = |id: &str, text: &str| {
            Sample::of_prompt(id, text, Target::Recorded { chance: None }).with_label("task", "a")
        };
        let samples = [
            prompt("short", "Reply as JSON"),
            prompt("fits", "Sort these words and reply as Json, please"),
            prompt(
                "other words",
                "Sort these words and reply as Jsonnet, please",
            ),
            prompt("late", &format!("{} as json", "x".repeat(EXCERPT_CHARS))),
        ];
        let rule = Matching {
            name: "long json".to_owned(),
            labels: [("task".to_owned(), "a".to_owned())].into(),
            prompt_chars: Some(CharBand {
                at_least: Some(20),
                below: None,
            }),
            words: vec!["as JSON".to_owned()],
            found_in: None,
        };
        rule.check().unwrap();
        let set = SliceSet::build(&[SliceRule::Matching(rule.clone())], &samples);
        assert_eq!(set.get("long json"), Some(&[1][..]));
        let text = serde_json::to_string(&rule).unwrap();
        assert_eq!(serde_json::from_str::<Matching>(&text).unwrap(), rule);
        assert!(
            !text.contains("found_in"),
            "absent conditions are not written"
        );
    }
}
