//! The order in which samples are visited.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_128;

/// Blocks of sample positions in visiting order. A block is a cluster, or a sample without one.
///
/// The order is random and fixed before any outcome: blocks are sorted by a hash of `order` (a
/// fingerprint of the samples) and the cluster's name or the sample's id. Neither the order of the
/// file nor the order of completion enters, and no block comes early because it is large.
pub fn visiting<'a>(
    samples: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    order: &str,
) -> Vec<Vec<u32>> {
    let mut blocks: BTreeMap<Key<'_>, Vec<(&str, u32)>> = BTreeMap::new();
    for (position, (id, cluster)) in (0u32..).zip(samples) {
        let name = cluster.unwrap_or(id);
        let key = hash(order, cluster.is_some(), name);
        blocks.entry((key, name)).or_default().push((id, position));
    }
    blocks
        .into_values()
        .map(|mut members| {
            // Sums inside a block must not depend on the order of the file either.
            members.sort_unstable();
            members.into_iter().map(|(_, position)| position).collect()
        })
        .collect()
}

/// Hash of a block, and its name against ties.
type Key<'a> = (u128, &'a str);

fn hash(order: &str, is_cluster: bool, name: &str) -> u128 {
    xxh3_128(format!("{order}\u{0}{is_cluster}\u{0}{name}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(samples: &[(&'static str, Option<&'static str>)], order: &str) -> Vec<Vec<String>> {
        visiting(samples.iter().copied(), order)
            .into_iter()
            .map(|block| {
                let id = |&i: &u32| samples[i as usize].0.to_owned();
                block.iter().map(id).collect()
            })
            .collect()
    }

    #[test]
    fn the_order_of_the_file_does_not_matter_and_the_fingerprint_does() {
        let mut samples = vec![("a", None), ("b", Some("x")), ("c", None), ("d", Some("x"))];
        let first = named(&samples, "1");
        assert_eq!(first.len(), 3);
        assert!(first.contains(&vec!["b".to_owned(), "d".to_owned()]));
        samples.reverse();
        assert_eq!(first, named(&samples, "1"));
        let others = (2..20).map(|i| named(&samples, &i.to_string()));
        assert!(others.into_iter().any(|order| order != first));
    }

    #[test]
    fn a_cluster_is_not_a_sample_of_the_same_name() {
        assert_eq!(named(&[("x", None), ("b", Some("x"))], "1").len(), 2);
    }
}
