use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::cpu::hash::sequence;

/// Every prefix that every worker holds, spelled out.
#[derive(Default)]
struct Naive(BTreeSet<(u32, Vec<u64>)>);

impl Naive {
    fn insert(&mut self, worker: u32, content: &[u64]) {
        for n in 1..=content.len() {
            self.0.insert((worker, content[..n].to_vec()));
        }
    }

    fn lookup(&self, content: &[u64]) -> BTreeMap<u32, u32> {
        let depth = |worker| {
            (1..=content.len())
                .take_while(|&n| self.0.contains(&(worker, content[..n].to_vec())))
                .count() as u32
        };
        let scores = (0..MAX_WORKERS).map(|worker| (worker, depth(worker)));
        scores.filter(|(_, depth)| *depth > 0).collect()
    }
}

/// Collects reports; each worker must be reported once.
fn collect(run: impl FnOnce(&mut dyn FnMut(u32, u32))) -> BTreeMap<u32, u32> {
    let mut out = BTreeMap::new();
    run(&mut |worker, depth| assert!(out.insert(worker, depth).is_none(), "worker {worker} twice"));
    out
}

/// Chains over few contents, so that they share and branch; hashes spread as real ones are.
fn chains() -> impl Strategy<Value = Vec<(u32, Vec<u64>)>> {
    let hash = (0_u64..3).prop_map(|i| (i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let chain = prop::collection::vec(hash, 0..12);
    prop::collection::vec((0..MAX_WORKERS, chain), 0..24)
}

proptest! {
    #[test]
    fn every_index_agrees_with_the_naive_one(held in chains(), asked in chains()) {
        let (mut naive, mut flat, mut radix) =
            (Naive::default(), FlatIndex::default(), RadixIndex::default());
        let sequences: Vec<_> = held.iter().map(|(w, c)| (*w, sequence(c, 0))).collect();
        for ((worker, content), (_, sequence)) in held.iter().zip(&sequences) {
            naive.insert(*worker, content);
            flat.insert(*worker, sequence);
            radix.insert(*worker, content);
        }
        let sorted = SortedIndex::build(sequences.iter().map(|(w, s)| (*w, s.as_slice())));
        for (_, content) in asked.iter().chain(&held) {
            let want = naive.lookup(content);
            let sequence = sequence(content, 0);
            prop_assert_eq!(&collect(|r| flat.lookup(&sequence, r)), &want, "flat");
            prop_assert_eq!(&collect(|r| sorted.lookup(&sequence, r)), &want, "sorted");
            prop_assert_eq!(&collect(|r| radix.lookup(content, r)), &want, "radix");
        }
    }
}

#[test]
fn a_chain_nothing_branches_off_is_one_node() {
    let mut radix = RadixIndex::default();
    let chain: Vec<u64> = (1..=2048).collect();
    radix.insert(0, &chain);
    radix.insert(5, &chain);
    assert_eq!(radix.nodes(), 1);
    radix.insert(6, &chain[..100]);
    assert_eq!(radix.nodes(), 2);
    let scores = collect(|r| radix.lookup(&chain, r));
    assert_eq!(scores, BTreeMap::from([(0, 2048), (5, 2048), (6, 100)]));
}

#[test]
fn common_prefixes_of_every_length() {
    let a: Vec<u64> = (0..100).collect();
    for at in 0..100 {
        let mut radix = RadixIndex::default();
        radix.insert(0, &a);
        let mut b = a.clone();
        b[at] = 1 << 40;
        let want = (at > 0).then_some((0, at as u32));
        assert_eq!(collect(|r| radix.lookup(&b, r)), want.into_iter().collect());
    }
}
