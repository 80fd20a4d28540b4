//! A radix tree of content-hash runs: a chain that nothing branches off is one node, and matching it
//! is one comparison of memory.

use super::{IdentityMap, report_all};

/// A run of blocks that the same workers hold whole.
#[derive(Debug)]
struct Node {
    run: Vec<u64>,
    holders: u64,
    /// First content hash of each child, and the child; sorted.
    children: Vec<(u64, u32)>,
}

/// The tree.
#[derive(Debug, Default)]
pub struct RadixIndex {
    nodes: Vec<Node>,
    /// First blocks: there may be very many.
    heads: IdentityMap<u32>,
}

impl RadixIndex {
    /// Notes that `worker` holds every block of the chain.
    pub fn insert(&mut self, worker: u32, content: &[u64]) {
        let bit = 1 << worker;
        let mut parent = None;
        let mut rest = content;
        while let Some(first) = rest.first() {
            let Some(at) = self.child(parent, *first) else {
                self.attach(parent, rest.to_vec(), bit);
                return;
            };
            let common = common_prefix(&self.nodes[at as usize].run, rest);
            let node = &self.nodes[at as usize];
            // A node is held whole or not at all; a new holder of its first part only divides it.
            if common < node.run.len() && (common < rest.len() || node.holders & bit == 0) {
                self.divide(at, common);
            }
            self.nodes[at as usize].holders |= bit;
            rest = &rest[common..];
            parent = Some(at);
        }
    }

    /// Reports each worker that holds a prefix, with its depth.
    pub fn lookup(&self, content: &[u64], mut report: impl FnMut(u32, u32)) {
        let mut active = u64::MAX;
        let mut depth = 0_usize;
        let mut parent = None;
        while let Some(at) = content
            .get(depth)
            .and_then(|first| self.child(parent, *first))
        {
            let node = &self.nodes[at as usize];
            let lost = active & !node.holders;
            if lost != 0 {
                if depth > 0 {
                    report_all(lost, depth as u32, &mut report);
                }
                active &= node.holders;
                if active == 0 {
                    return;
                }
            }
            let common = common_prefix(&node.run, &content[depth..]);
            depth += common;
            if common < node.run.len() {
                break;
            }
            parent = Some(at);
        }
        if depth > 0 {
            report_all(active, depth as u32, &mut report);
        }
    }

    /// Nodes: 1 for each run that nothing branches off.
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    fn child(&self, parent: Option<u32>, first: u64) -> Option<u32> {
        match parent {
            None => self.heads.get(&first).copied(),
            Some(parent) => {
                let children = &self.nodes[parent as usize].children;
                let at = children
                    .binary_search_by_key(&first, |(hash, _)| *hash)
                    .ok()?;
                Some(children[at].1)
            }
        }
    }

    fn attach(&mut self, parent: Option<u32>, run: Vec<u64>, holders: u64) {
        let (first, id) = (run[0], self.nodes.len() as u32);
        self.nodes.push(Node {
            run,
            holders,
            children: Vec::new(),
        });
        match parent {
            None => {
                self.heads.insert(first, id);
            }
            Some(parent) => {
                let children = &mut self.nodes[parent as usize].children;
                let at = children.partition_point(|(hash, _)| *hash < first);
                children.insert(at, (first, id));
            }
        }
    }

    /// Cuts a node after `at` blocks; the rest becomes its only child, with its holders and children.
    fn divide(&mut self, node: u32, at: usize) {
        let id = self.nodes.len() as u32;
        let head = &mut self.nodes[node as usize];
        let run = head.run.split_off(at);
        let children = std::mem::replace(&mut head.children, vec![(run[0], id)]);
        let holders = head.holders;
        self.nodes.push(Node {
            run,
            holders,
            children,
        });
    }
}

/// Number of leading blocks in common.
fn common_prefix(a: &[u64], b: &[u64]) -> usize {
    let n = a.len().min(b.len());
    let (a, b) = (&a[..n], &b[..n]);
    if a == b {
        return n;
    }
    // Whole pieces by memory comparison, then the one that differs.
    let same = a
        .chunks(32)
        .zip(b.chunks(32))
        .take_while(|(a, b)| a == b)
        .count()
        * 32;
    let rest = a[same..].iter().zip(&b[same..]);
    same + rest.take_while(|(a, b)| a == b).count()
}
