//! From a seed to samples.

use super::mix::{MIX, SliceMix};
use crate::draw::Draw;
use crate::message::{Message, last_user};
use crate::target::GoldTarget;
use crate::tasks::{Draft, by_name, ledger};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

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

/// The samples of `seed`: the same seed gives the same bytes. No two tasks ask the same.
pub fn quickstart(seed: u64) -> Quickstart {
    let mut asked = BTreeSet::new();
    let mut split = |name: &str, size: fn(&SliceMix) -> usize| {
        MIX.iter()
            .flat_map(|m| slice(seed, m, name, size(m), &mut asked))
            .collect()
    };
    Quickstart {
        test: split("", |m| m.test),
        fit: split("fit-", |m| m.fit),
    }
}

fn slice(
    seed: u64,
    mix: &SliceMix,
    split: &str,
    count: usize,
    asked: &mut BTreeSet<String>,
) -> Vec<GeneratedTask> {
    let mut draw = Draw::new(seed, &format!("quickstart/{split}{}", mix.family));
    let mut tasks = Vec::new();
    for item in 1..=count {
        let difficulty = weighted(&mut draw, &mix.weights);
        let cluster = (mix.family == "ledger").then(|| format!("ledger-{split}c{item:02}"));
        for draft in fresh(&mut draw, mix.family, difficulty, asked) {
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

/// Draws until the first question is a new one; every family has room for many more than are taken,
/// so the bound is never met in practice.
fn fresh(
    draw: &mut Draw,
    family: &str,
    difficulty: u8,
    asked: &mut BTreeSet<String>,
) -> Vec<Draft> {
    const MOST_DRAWS: usize = 1_000;
    let mut drawn = drafts(draw, family, difficulty);
    for _ in 0..MOST_DRAWS {
        let question = drawn.first().map(|d| last_user(&d.messages).to_owned());
        if question.is_none_or(|q| asked.insert(q)) {
            break;
        }
        drawn = drafts(draw, family, difficulty);
    }
    drawn
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
    use std::collections::BTreeMap;
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
    fn ids_and_conversations_are_unique_across_splits() {
        let q = quickstart(7);
        let all = q.test.len() + q.fit.len();
        let ids: BTreeSet<&str> = q.test.iter().chain(&q.fit).map(|t| t.id.as_str()).collect();
        assert_eq!(ids.len(), all);
        assert!(ids.contains("arith-0001") && ids.contains("arith-fit-0001"));
        let asked = q
            .test
            .iter()
            .chain(&q.fit)
            .map(|t| serde_json::to_string(&t.messages).unwrap());
        assert_eq!(asked.collect::<BTreeSet<_>>().len(), all);
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
        assert_eq!(format!("{:016x}", xxh3_64(&bytes)), "59c3780d006b0ee1");
    }
}
