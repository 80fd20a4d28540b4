//! Named subsets of a dataset.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::Sample;

/// How registered slices are made from labels.
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
}

/// Registered slices with their members, in order of name. Slices may overlap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SliceSet {
    slices: BTreeMap<String, Vec<u32>>,
}

impl SliceSet {
    /// Applies rules to samples; members are sample positions in ascending order.
    pub fn build<'a>(rules: &[SliceRule], samples: impl IntoIterator<Item = &'a Sample>) -> Self {
        let labels = samples.into_iter().map(|s| &s.labels);
        Self::of_labels(rules, labels)
    }

    /// The same from labels alone, as a report has them.
    pub fn of_labels<'a>(
        rules: &[SliceRule],
        labels: impl IntoIterator<Item = &'a BTreeMap<String, String>>,
    ) -> Self {
        let mut slices: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for rule in rules {
            // A registered slice that no sample matches must still be seen, as an empty one.
            if let SliceRule::Where { name, .. } = rule {
                slices.entry(name.clone()).or_default();
            }
        }
        for (position, labels) in (0u32..).zip(labels) {
            let names: BTreeSet<String> = rules
                .iter()
                .filter_map(|rule| rule.name_for(labels))
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
    fn name_for(&self, labels: &BTreeMap<String, String>) -> Option<String> {
        match self {
            Self::By(key) => labels.get(key).map(|value| format!("{key}={value}")),
            Self::Where {
                name,
                labels: wanted,
            } => wanted
                .iter()
                .all(|(k, v)| labels.get(k) == Some(v))
                .then(|| name.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Target;

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
}
