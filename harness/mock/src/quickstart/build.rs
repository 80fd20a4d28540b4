//! From a seed to samples.

use super::mix::{MIX, SliceMix};
use crate::draw::Draw;
use crate::message::Message;
use crate::target::GoldTarget;
use crate::tasks::{Draft, by_name, ledger};
use serde::{Deserialize, Serialize};

/// One labelled request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GeneratedTask {
    /// Stable and unique across both splits: `arith-0001`, `arith-fit-0001`.
    pub id: String,
    /// What is sent.
    pub messages: Vec<Message>,
    /// The family, also the slice label.
    pub family: String,
    /// 1 easiest to 5 hardest.
    pub difficulty: u8,
    /// What is right.
    pub target: GoldTarget,
    /// The conversation it is a turn of; such samples are not independent of each other.
    pub cluster: Option<String>,
}

/// Both splits. They share no task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quickstart {
    /// Samples to be judged, by family, then id.
    pub test: Vec<GeneratedTask>,
    /// Samples to fit routers on.
    pub fit: Vec<GeneratedTask>,
}

/// The samples of `seed`: the same seed gives the same bytes.
pub fn quickstart(seed: u64) -> Quickstart {
    let test = MIX
        .iter()
        .flat_map(|m| slice(seed, m, "", m.test))
        .collect::<Vec<_>>();
    let taken: std::collections::BTreeSet<&str> = test.iter().map(asked).collect();
    // Easy families have few different prompts: a fit sample must not repeat a test sample.
    let fresh = |t: &GeneratedTask| !taken.contains(asked(t));
    let fit = MIX.iter().flat_map(|m| {
        let drawn = slice(seed, m, "fit-", m.fit * 3).into_iter().filter(fresh);
        keep(drawn.collect(), m)
    });
    let fit = fit.collect();
    Quickstart { test, fit }
}

fn asked(task: &GeneratedTask) -> &str {
    task.messages.last().map_or("", |m| m.content.as_str())
}

/// The first `fit` samples (for ledgers: the samples of the first `fit` conversations).
fn keep(mut drawn: Vec<GeneratedTask>, mix: &SliceMix) -> Vec<GeneratedTask> {
    let mut clusters: Vec<Option<String>> = Vec::new();
    drawn.retain(|t| {
        if t.cluster.is_none() || clusters.last() != Some(&t.cluster) {
            clusters.push(t.cluster.clone());
        }
        clusters.len() <= mix.fit
    });
    drawn
}

fn slice(seed: u64, mix: &SliceMix, split: &str, count: usize) -> Vec<GeneratedTask> {
    let mut draw = Draw::new(seed, &format!("quickstart/{split}{}", mix.family));
    let mut tasks = Vec::new();
    for item in 1..=count {
        let difficulty = weighted(&mut draw, &mix.weights);
        let cluster = (mix.family == "ledger").then(|| format!("ledger-{split}c{item:02}"));
        for draft in drafts(&mut draw, mix.family, difficulty) {
            let Draft { messages, target } = draft;
            tasks.push(GeneratedTask {
                id: format!("{}-{split}{:04}", mix.family, tasks.len() + 1),
                messages,
                family: mix.family.to_owned(),
                difficulty,
                target,
                cluster: cluster.clone(),
            });
        }
    }
    tasks
}

fn drafts(draw: &mut Draw, family: &str, difficulty: u8) -> Vec<Draft> {
    if family == "ledger" {
        let turns = draw.int(3, 6) as usize;
        return ledger::conversation(draw, difficulty, turns);
    }
    by_name(family)
        .map(|f| vec![(f.generate)(draw, difficulty)])
        .unwrap_or_default()
}

fn weighted(draw: &mut Draw, weights: &[i64; 5]) -> u8 {
    let mut ticket = draw.int(1, weights.iter().sum());
    for (difficulty, weight) in (1..).zip(weights) {
        ticket -= weight;
        if ticket <= 0 {
            return difficulty;
        }
    }
    5
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};
    use xxhash_rust::xxh3::xxh3_64;

    fn sizes(tasks: &[GeneratedTask]) -> BTreeMap<&str, usize> {
        let mut sizes = BTreeMap::new();
        for task in tasks {
            *sizes.entry(task.family.as_str()).or_default() += 1;
        }
        sizes
    }

    #[test]
    fn slices_have_the_promised_sizes() {
        let q = quickstart(7);
        let test = sizes(&q.test);
        assert!(
            q.test.len() >= 640 && test.len() >= 9,
            "{} {test:?}",
            q.test.len()
        );
        assert_eq!(test.values().min(), Some(&15));
        assert!(test.values().max() >= Some(&200));
        let fit = sizes(&q.fit);
        assert!((220..270).contains(&q.fit.len()), "{}", q.fit.len());
        assert_eq!(fit.len(), test.len());
        assert!(fit.values().min() >= Some(&6), "{fit:?}");
    }

    #[test]
    fn ids_are_unique_and_splits_are_disjoint() {
        let q = quickstart(7);
        let ids: BTreeSet<&str> = q.test.iter().chain(&q.fit).map(|t| t.id.as_str()).collect();
        assert_eq!(ids.len(), q.test.len() + q.fit.len());
        assert!(ids.contains("arith-0001") && ids.contains("arith-fit-0001"));
        let test: BTreeSet<&str> = q.test.iter().map(asked).collect();
        assert!(q.fit.iter().all(|t| !test.contains(asked(t))));
    }

    #[test]
    fn conversations_are_clusters_of_three_to_six_turns() {
        let q = quickstart(7);
        let mut turns: BTreeMap<&str, usize> = BTreeMap::new();
        for task in q.test.iter().chain(&q.fit) {
            assert_eq!(task.cluster.is_some(), task.family == "ledger");
            if let Some(cluster) = &task.cluster {
                *turns.entry(cluster).or_default() += 1;
            }
        }
        assert!(turns.values().all(|n| (3..=6).contains(n)), "{turns:?}");
    }

    #[test]
    fn bytes_are_pinned() {
        let bytes = serde_json::to_vec(&quickstart(7)).unwrap();
        assert_eq!(bytes, serde_json::to_vec(&quickstart(7)).unwrap());
        assert_ne!(bytes, serde_json::to_vec(&quickstart(8)).unwrap());
        // A change here changes what users have recorded: it needs a reason and a release note.
        assert_eq!(format!("{:016x}", xxh3_64(&bytes)), "69ec144a905257ee");
    }
}
