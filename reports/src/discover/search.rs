//! The search: conjunctions on one half, the test on the other.

use super::atoms::{Atom, atoms};
use super::bitset::Bitset;
use super::confirm::{Halves, confirm};
use super::find::{Condition, Discovery};
use super::key::search_key;
use super::settings::{DiscoverError, Settings};
use super::split::is_searched;
use crate::compare::{Frame, Pairs};

/// Most slices that are tested on the second half.
const MOST_FINDS: usize = 8;

/// Conjunctions kept for the choice of those that are tested.
const MOST_KEPT: usize = 1000;

/// A slice must stand out by this many standard errors to be worth a test.
const LEAST_Z: f64 = 1.5;

/// By how many standard errors a further condition must improve a slice.
const PRICE: f64 = 0.5;

/// A conjunction of atoms, by their positions in ascending order.
#[derive(Debug, Clone)]
pub(super) struct Conjunction {
    pub(super) atoms: Vec<usize>,
    pub(super) members: Bitset,
}

/// Searches slices on which a candidate loses against the baseline; see the [module](super).
///
/// `candidate` is a policy name; the first candidate of the run if absent.
///
/// # Errors
/// Settings outside their range, a policy that is not there, or a run without a baseline.
pub fn discover(
    frame: &Frame<'_>,
    candidate: Option<&str>,
    settings: &Settings,
) -> Result<Discovery, DiscoverError> {
    settings.check()?;
    let baseline = frame.baseline().ok_or(DiscoverError::NoBaseline)?;
    let candidate = position(frame, baseline, candidate)?;
    let pairs = Pairs::new(frame, &frame.scores[baseline], &frame.scores[candidate]);
    let searched = Bitset::of(pairs.len(), |at| {
        is_searched(frame, pairs.sample[at] as usize, settings.seed)
    });
    let tested = Bitset::of(pairs.len(), |_| true).without(&searched);
    let least = 2 * settings.support;
    let atoms = atoms(frame, baseline, candidate, &pairs.sample, least);
    let halves = Halves { searched, tested };
    let scored = Scored::new(&pairs.difference, &halves.searched);
    let (kept, looked_at) = enumerate(&atoms, &scored, &halves, settings);
    let chosen = choose(&scored, kept, settings.support);
    let header = frame.table.header();
    let name = header.policies[candidate].name.clone();
    Ok(Discovery {
        found_in: search_key(header, &name),
        candidate: name,
        baseline: header.policies[baseline].name.clone(),
        dataset: header.dataset.fingerprint.clone(),
        support: settings.support,
        depth: settings.depth,
        alpha: settings.alpha,
        seed: settings.seed,
        searched_samples: halves.searched.len() as u64,
        tested_samples: halves.tested.len() as u64,
        conditions: atoms.len() as u64,
        looked_at,
        finds: confirm(frame, &pairs, &halves, &atoms, &chosen, settings),
    })
}

fn position(
    frame: &Frame<'_>,
    baseline: usize,
    candidate: Option<&str>,
) -> Result<usize, DiscoverError> {
    let header = frame.table.header();
    let names = || header.policies.iter().map(|p| p.name.as_str());
    let name = match candidate.or_else(|| header.candidates().next().map(|p| p.name.as_str())) {
        Some(name) => name.to_owned(),
        None => String::new(),
    };
    let known = || {
        let others = names().enumerate().filter(|(at, _)| *at != baseline);
        others
            .map(|(_, n)| format!("`{n}`"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    match names().position(|n| n == name) {
        Some(at) if at == baseline => Err(DiscoverError::IsBaseline(name)),
        Some(at) => Ok(at),
        None => Err(DiscoverError::UnknownPolicy {
            name,
            known: known(),
        }),
    }
}

/// Differences of the searched half, ready to be summed over many sets.
struct Scored<'a> {
    d: &'a [f64],
    nonzero: Bitset,
    n: f64,
    sum: f64,
    /// Standard deviation over the half.
    sd: f64,
}

impl<'a> Scored<'a> {
    fn new(d: &'a [f64], searched: &Bitset) -> Self {
        let nonzero = searched.and(&Bitset::of(d.len(), |at| d[at] != 0.0));
        let n = searched.len() as f64;
        let sum: f64 = nonzero.iter().map(|at| d[at]).sum();
        let squares: f64 = nonzero.iter().map(|at| d[at] * d[at]).sum();
        let mean = if n > 0.0 { sum / n } else { 0.0 };
        Self {
            d,
            nonzero,
            n,
            sum,
            sd: (squares / n.max(1.0) - mean * mean).max(0.0).sqrt(),
        }
    }

    /// By how many standard errors a set of `n` samples with this sum lies below the rest of the half;
    /// 0 unless the candidate loses on it.
    fn z(&self, n: usize, sum: f64) -> f64 {
        let inside = n as f64;
        let outside = self.n - inside;
        if sum >= 0.0 || outside < 1.0 || self.sd <= 0.0 {
            return 0.0;
        }
        let gap = (self.sum - sum) / outside - sum / inside;
        gap / (self.sd * (1.0 / inside + 1.0 / outside).sqrt())
    }

    fn sum(&self, members: &Bitset) -> f64 {
        members.sum(&self.nonzero, self.d)
    }
}

/// Every conjunction with enough samples in both halves; the ones that stand out most, and how many
/// were looked at. Only the sizes in the second half are read, never its outcomes.
fn enumerate(
    atoms: &[Atom],
    scored: &Scored<'_>,
    halves: &Halves,
    settings: &Settings,
) -> (Vec<Conjunction>, u64) {
    let enough = |members: &Bitset| {
        members.and(&halves.searched).len() >= settings.support
            && members.and(&halves.tested).len() >= settings.support
    };
    let mut kept: Vec<(f64, Conjunction)> = Vec::new();
    let mut looked_at = 0;
    let mut level: Vec<Conjunction> = Vec::new();
    for depth in 1..=settings.depth {
        level = if depth == 1 {
            singles(atoms)
        } else {
            extended(&level, atoms, halves, settings.support)
        };
        level.retain(|conjunction| enough(&conjunction.members));
        looked_at += level.len() as u64;
        for conjunction in &level {
            let inside = conjunction.members.and(&halves.searched);
            let z = scored.z(inside.len(), scored.sum(&inside)) - PRICE * (depth - 1) as f64;
            if z >= LEAST_Z {
                let members = inside;
                let atoms = conjunction.atoms.clone();
                kept.push((z, Conjunction { atoms, members }));
            }
        }
        cut(&mut kept);
    }
    let kept = kept.into_iter().map(|(_, conjunction)| conjunction);
    (kept.collect(), looked_at)
}

/// The best first; of equals those with fewer and earlier conditions.
fn cut(kept: &mut Vec<(f64, Conjunction)>) {
    kept.sort_by(|a, b| {
        b.0.total_cmp(&a.0)
            .then_with(|| a.1.atoms.len().cmp(&b.1.atoms.len()))
            .then_with(|| a.1.atoms.cmp(&b.1.atoms))
    });
    kept.truncate(MOST_KEPT);
}

fn singles(atoms: &[Atom]) -> Vec<Conjunction> {
    let single = |(at, atom): (usize, &Atom)| Conjunction {
        atoms: vec![at],
        members: atom.members.clone(),
    };
    atoms.iter().enumerate().map(single).collect()
}

/// Each conjunction with one more atom that says something new: of another kind or key, words aside.
fn extended(
    level: &[Conjunction],
    atoms: &[Atom],
    halves: &Halves,
    support: usize,
) -> Vec<Conjunction> {
    let mut out = Vec::new();
    for conjunction in level {
        let last = conjunction.atoms.last().copied().unwrap_or(0);
        let before = conjunction.members.len();
        for (at, atom) in atoms.iter().enumerate().skip(last + 1) {
            let mut others = conjunction.atoms.iter().map(|&i| &atoms[i].condition);
            if others.any(|other| excludes(other, &atom.condition)) {
                continue;
            }
            let members = conjunction.members.and(&atom.members);
            let n = members.len();
            if n < 2 * support || n == before || members.and(&halves.searched).len() < support {
                continue;
            }
            let mut own = conjunction.atoms.clone();
            own.push(at);
            out.push(Conjunction {
                atoms: own,
                members,
            });
        }
    }
    out
}

fn excludes(a: &Condition, b: &Condition) -> bool {
    match (a, b) {
        (Condition::Label { key, .. }, Condition::Label { key: other, .. }) => key == other,
        (Condition::Chars { .. }, Condition::Chars { .. })
        | (Condition::Route { .. }, Condition::Route { .. }) => true,
        _ => false,
    }
}

/// Slices that explain losses which the ones before do not: after each choice its samples are set
/// aside and the rest is scored again.
fn choose(scored: &Scored<'_>, mut kept: Vec<Conjunction>, support: usize) -> Vec<Conjunction> {
    let Some(len) = kept.first().map(|c| c.members.clone()) else {
        return Vec::new();
    };
    let mut covered = len.without(&len);
    let mut chosen = Vec::new();
    while chosen.len() < MOST_FINDS {
        let fresh = |c: &Conjunction| {
            let rest = c.members.without(&covered);
            let n = rest.len();
            let price = PRICE * (c.atoms.len() - 1) as f64;
            if 2 * n < support {
                0.0
            } else {
                scored.z(n, scored.sum(&rest)) - price
            }
        };
        // The first of equals stands earlier in the order of the search.
        let best =
            kept.iter()
                .enumerate()
                .map(|(at, c)| (at, fresh(c)))
                .fold(
                    (0, 0.0),
                    |best, next| if next.1 > best.1 { next } else { best },
                );
        if best.1 < LEAST_Z {
            break;
        }
        let conjunction = kept.remove(best.0);
        covered.join(&conjunction.members);
        chosen.push(conjunction);
    }
    chosen
}
