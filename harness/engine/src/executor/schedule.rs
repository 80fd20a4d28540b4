//! Which trial comes when.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rand::seq::SliceRandom;
use weighbridge_datasets::Sample;
use weighbridge_policies::stream;

/// What names a trial: sample, policy, repeat.
pub type TrialKey = (Arc<str>, Arc<str>, u32);

/// One trial to be made, by positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Task {
    pub(super) sample: usize,
    pub(super) policy: usize,
    pub(super) repeat: u32,
}

/// The trials of one sample in one repeat, policies in a random order that depends on the seed
/// alone: no policy always comes first and warms the caches for the others.
fn shuffled(seed: u64, sample: &str, position: usize, policies: usize, repeat: u32) -> Vec<Task> {
    let mut tasks: Vec<_> = (0..policies)
        .map(|policy| Task {
            sample: position,
            policy,
            repeat,
        })
        .collect();
    tasks.shuffle(&mut stream(seed, "interleave", sample, repeat));
    tasks
}

/// All trials that are not finished yet, samples in arrival order: repeat by repeat, or, if
/// `sample_major`, all repeats of a sample before the next one.
pub(super) fn tasks(
    seed: u64,
    samples: &[Sample],
    policies: &[Arc<str>],
    repeats: u32,
    sample_major: bool,
    done: &BTreeSet<TrialKey>,
) -> Vec<Task> {
    let mut turns: Vec<(u32, usize)> = (0..repeats)
        .flat_map(|repeat| (0..samples.len()).map(move |position| (repeat, position)))
        .collect();
    if sample_major {
        turns.sort_by_key(|(repeat, position)| (*position, *repeat));
    }
    let mut tasks = Vec::with_capacity(turns.len() * policies.len());
    for (repeat, position) in turns {
        let id: Arc<str> = samples[position].id.as_str().into();
        let of_sample = shuffled(seed, &id, position, policies.len(), repeat);
        tasks.extend(of_sample.into_iter().filter(|task| {
            !done.contains(&(Arc::clone(&id), Arc::clone(&policies[task.policy]), repeat))
        }));
    }
    tasks
}

/// What takes one arrival, or one place of the closed loop: a trial, or the turns of a conversation
/// under one policy, in the order of the dataset.
pub(super) type Unit = Arc<[Task]>;

/// Trials as units. With `conversations`, samples of one cluster make one unit for each policy and
/// repeat, at the place of its first turn.
pub(super) fn units(tasks: Vec<Task>, samples: &[Sample], conversations: bool) -> Vec<Unit> {
    if !conversations {
        return tasks.into_iter().map(|task| Arc::from([task])).collect();
    }
    let mut units: Vec<Vec<Task>> = Vec::new();
    let mut places = BTreeMap::new();
    for task in tasks {
        let Some(cluster) = samples[task.sample].cluster.as_deref() else {
            units.push(vec![task]);
            continue;
        };
        let place = *places
            .entry((cluster, task.policy, task.repeat))
            .or_insert(units.len());
        match units.get_mut(place) {
            Some(unit) => unit.push(task),
            None => units.push(vec![task]),
        }
    }
    units.into_iter().map(Arc::from).collect()
}

#[cfg(test)]
mod tests {
    use weighbridge_datasets::Target;

    use super::*;

    #[test]
    fn every_trial_comes_once_and_finished_ones_never() {
        let samples: Vec<_> = (0..20)
            .map(|i| Sample::of_prompt(format!("s{i}"), "q", Target::Recorded { chance: None }))
            .collect();
        let policies: Vec<Arc<str>> = vec!["a".into(), "b".into(), "c".into()];
        let none = BTreeSet::new();
        let all = tasks(1, &samples, &policies, 2, false, &none);
        assert_eq!(all.len(), 20 * 3 * 2);
        assert_eq!(all, tasks(1, &samples, &policies, 2, false, &none));
        let first: BTreeSet<_> = all.iter().step_by(3).map(|task| task.policy).collect();
        assert_eq!(first.len(), 3, "a policy never comes first");
        let done = BTreeSet::from([("s3".into(), "b".into(), 1)]);
        let rest = tasks(1, &samples, &policies, 2, false, &done);
        assert_eq!(rest.len(), all.len() - 1);
        let same_order = all.iter().filter(|task| rest.contains(task));
        assert!(same_order.eq(rest.iter()));
        let by_sample = tasks(1, &samples, &policies, 2, true, &none);
        assert!(by_sample.is_sorted_by_key(|task| (task.sample, task.repeat)));
        assert_eq!(by_sample.len(), all.len());
    }

    #[test]
    fn turns_of_a_conversation_are_one_unit_for_each_policy_in_order() {
        let samples: Vec<_> = ["a", "", "a", "b", "b"]
            .iter()
            .enumerate()
            .map(|(i, cluster)| {
                let target = Target::Recorded { chance: None };
                let mut sample = Sample::of_prompt(format!("s{i}"), "q", target);
                sample.cluster = (!cluster.is_empty()).then(|| (*cluster).to_owned());
                sample
            })
            .collect();
        let policies: Vec<Arc<str>> = vec!["x".into(), "y".into()];
        let all = tasks(1, &samples, &policies, 1, false, &BTreeSet::new());
        let made = units(all.clone(), &samples, true);
        let turns = |policy: usize| -> Vec<Vec<usize>> {
            let mine = made.iter().filter(|unit| unit[0].policy == policy);
            mine.map(|unit| unit.iter().map(|task| task.sample).collect())
                .collect()
        };
        for policy in [0, 1] {
            assert_eq!(turns(policy), [vec![0, 2], vec![1], vec![3, 4]]);
        }
        assert_eq!(units(all, &samples, false).len(), 10);
    }
}
