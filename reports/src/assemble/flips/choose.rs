//! Which flips are shown.

use crate::compare::Frame;

/// Most losses and most gains shown for a candidate.
const LOSSES: usize = 40;
const GAINS: usize = 10;

/// Names of the registered slices of each sample.
pub(super) fn slice_names<'f>(frame: &'f Frame<'_>) -> Vec<Vec<&'f str>> {
    let mut names = vec![Vec::new(); frame.table.samples().len()];
    for slice in &frame.slices {
        for &member in &slice.members {
            names[member as usize].push(slice.name.as_str());
        }
    }
    names
}

/// Samples with a difference, candidate minus baseline, by sample.
pub(super) fn differences(frame: &Frame<'_>, baseline: usize, candidate: usize) -> Vec<(f64, u32)> {
    let pairs = frame.scores[baseline].iter().zip(&frame.scores[candidate]);
    (0u32..)
        .zip(pairs)
        .map(|(sample, (b, c))| (c - b, sample))
        .filter(|(d, _)| *d != 0.0 && !d.is_nan())
        .collect()
}

/// Losses, worst first, balanced over slices, then the largest gains.
pub(super) fn choose(frame: &Frame<'_>, differences: &[(f64, u32)]) -> Vec<(f64, u32)> {
    let sorted = |keep: &dyn Fn(f64) -> bool| {
        let mut kept: Vec<(f64, u32)> = differences.iter().copied().filter(|f| keep(f.0)).collect();
        kept.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()).then(a.1.cmp(&b.1)));
        kept
    };
    let losses = sorted(&|d| d < 0.0);
    let mut chosen = balanced(frame, &losses, LOSSES);
    let gains = sorted(&|d| d > 0.0);
    chosen.extend(gains.into_iter().take(GAINS));
    chosen
}

/// Takes the worst loss of each slice in turn, so that a large slice does not fill the table.
fn balanced(frame: &Frame<'_>, losses: &[(f64, u32)], most: usize) -> Vec<(f64, u32)> {
    if losses.len() <= most {
        return losses.to_vec();
    }
    let samples = frame.table.samples().len();
    let mut loose = vec![true; samples];
    let mut queues: Vec<Vec<usize>> = Vec::new();
    for slice in &frame.slices {
        let mut inside = vec![false; samples];
        for &member in &slice.members {
            inside[member as usize] = true;
            loose[member as usize] = false;
        }
        queues.push(ranks(losses, &inside));
    }
    queues.push(ranks(losses, &loose));
    let mut taken = vec![false; losses.len()];
    let mut left = most;
    let mut next = vec![0; queues.len()];
    while left > 0 {
        let before = left;
        for (queue, next) in queues.iter().zip(&mut next) {
            while *next < queue.len() && taken[queue[*next]] {
                *next += 1;
            }
            if left > 0 && *next < queue.len() {
                taken[queue[*next]] = true;
                left -= 1;
            }
        }
        if left == before {
            break;
        }
    }
    let chosen = losses.iter().zip(taken).filter(|(_, taken)| *taken);
    chosen.map(|(loss, _)| *loss).collect()
}

fn ranks(losses: &[(f64, u32)], inside: &[bool]) -> Vec<usize> {
    (0..losses.len())
        .filter(|&rank| inside[losses[rank].1 as usize])
        .collect()
}

/// The trial to show: the repeat on which the two differ most in the direction of the mean, the
/// first of them.
pub(super) fn repeat(frame: &Frame<'_>, baseline: usize, candidate: usize, sample: u32) -> usize {
    let arms = frame.table.arms();
    let (base, cand) = (&arms[baseline], &arms[candidate]);
    let samples = frame.table.samples().len();
    let (b, c) = (
        frame.scores[baseline][sample as usize],
        frame.scores[candidate][sample as usize],
    );
    let mut best = (f64::NEG_INFINITY, sample as usize);
    for repeat in 0..frame.table.repeats() {
        let at = repeat * samples + sample as usize;
        if let (Some(x), Some(y)) = (base.counted(at), cand.counted(at)) {
            let along = (y - x) * (c - b).signum();
            if along > best.0 {
                best = (along, at);
            }
        }
    }
    best.1
}
