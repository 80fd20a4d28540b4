//! The answers a cache has stored, and how one is found again.

use std::collections::HashMap;

use regex::Regex;
use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

use crate::Request;
use crate::embed::Embedder;
use crate::similarity::Rows;
use crate::text::Scope;

/// What identifies a prompt to a cache.
pub(crate) struct Key {
    exact: u128,
    vector: Vec<f32>,
    numbers: u64,
}

/// How prompts are compared.
#[derive(Clone)]
pub(crate) struct Comparison {
    pub(crate) scope: Scope,
    /// Absent: only the same text is a hit.
    pub(crate) similar: Option<Similar>,
}

/// The rule for similar prompts.
#[derive(Clone)]
pub(crate) struct Similar {
    pub(crate) embedder: Embedder,
    /// Lowest cosine, in `[0, 1]`.
    pub(crate) at_least: f64,
    /// Matches the numbers that must be the same in both prompts; absent: not compared.
    pub(crate) numbers: Option<Regex>,
}

impl Comparison {
    pub(crate) fn key(&self, request: &Request<'_>) -> Key {
        let text = self.scope.text(request);
        let similar = self.similar.as_ref();
        let numbers = similar.and_then(|s| s.numbers.as_ref());
        Key {
            exact: self.exact(request, &text),
            vector: similar.map_or(Vec::new(), |s| s.embedder.embed(&text)),
            numbers: numbers.map_or(0, |pattern| numbers_of(pattern, &text)),
        }
    }

    /// xxh3-128 of what is compared. The roles and lengths of a conversation's messages are part
    /// of it: the same text said by someone else is another prompt.
    fn exact(&self, request: &Request<'_>, text: &str) -> u128 {
        let mut hash = Xxh3Default::new();
        match self.scope {
            Scope::LastMessage => hash.update(text.as_bytes()),
            Scope::Conversation => {
                for message in request.messages {
                    hash.update(message.role.as_str().as_bytes());
                    hash.update(&(message.content.len() as u64).to_le_bytes());
                    hash.update(message.content.as_bytes());
                }
            }
        }
        hash.digest128()
    }
}

/// Hash of the numbers of a text in their order.
fn numbers_of(pattern: &Regex, text: &str) -> u64 {
    let mut joined = String::new();
    for found in pattern.find_iter(text) {
        joined.push_str(found.as_str());
        joined.push(' ');
    }
    xxh3_64(joined.as_bytes())
}

/// A stored answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// Sample whose accepted answer it is.
    pub(crate) sample: String,
    pub(crate) answer: String,
}

/// Stored answers; the oldest goes when the shelf is full.
pub(crate) struct Shelf {
    max_entries: usize,
    entries: Vec<Entry>,
    exact: Vec<u128>,
    numbers: Vec<u64>,
    rows: Rows,
    // Looked up only, never iterated.
    slots: HashMap<u128, usize>,
    // The slot that is overwritten next when the shelf is full.
    oldest: usize,
}

impl Shelf {
    /// An empty shelf for at most this many answers (at least 1).
    pub(crate) fn new(max_entries: usize, comparison: &Comparison) -> Self {
        let dims = comparison.similar.as_ref().map_or(1, |s| s.embedder.dims());
        Self {
            max_entries: max_entries.max(1),
            entries: Vec::new(),
            exact: Vec::new(),
            numbers: Vec::new(),
            rows: Rows::new(dims),
            slots: HashMap::new(),
            oldest: 0,
        }
    }

    /// The stored answer for a prompt and the similarity in `[0, 1]`: the same text first, then
    /// the most similar admitted one; the older of two equally similar.
    pub(crate) fn find(&self, key: &Key, comparison: &Comparison) -> Option<(&Entry, f64)> {
        if let Some(slot) = self.slots.get(&key.exact) {
            return Some((&self.entries[*slot], 1.0));
        }
        let similar = comparison.similar.as_ref()?;
        let is_gated = similar.numbers.is_some();
        let admitted = |slot: usize| !is_gated || self.numbers[slot] == key.numbers;
        let best = *self.rows.nearest(&key.vector, 1, admitted).first()?;
        let similarity = f64::from(best.similarity).clamp(0.0, 1.0);
        (similarity >= similar.at_least).then_some((&self.entries[best.row], similarity))
    }

    /// Stores an answer, replacing that of the same text.
    pub(crate) fn store(&mut self, key: Key, entry: Entry) {
        if let Some(slot) = self.slots.get(&key.exact) {
            self.entries[*slot] = entry;
            return;
        }
        let slot = if self.entries.len() < self.max_entries {
            self.entries.push(entry);
            self.exact.push(key.exact);
            self.numbers.push(key.numbers);
            self.entries.len() - 1
        } else {
            let slot = self.oldest;
            self.oldest = (self.oldest + 1) % self.max_entries;
            self.slots.remove(&self.exact[slot]);
            self.entries[slot] = entry;
            self.exact[slot] = key.exact;
            self.numbers[slot] = key.numbers;
            slot
        };
        self.slots.insert(key.exact, slot);
        if !key.vector.is_empty() {
            self.rows.put(slot, &key.vector);
        }
    }
}
