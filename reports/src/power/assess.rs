//! Simulates a gate before its run.

use rayon::prelude::*;
use weighbridge_record::SliceTier;

use super::decide::{Decided, Tests};
use super::draw::Source;
use super::model::{Assessment, Catch, Chances, SlicePower};
use super::rates::FlipRates;
use crate::compare::{Evidence, Frame, Pairs, Slice, known_slices};
use crate::model::Outcome;
use crate::stats::paired::{PairedCounts, calibrated_lower, tango_lower};

/// True losses that the plan asks about, score units.
const LOSSES: [f64; 3] = [0.05, 0.10, 0.20];

/// How much is simulated. More runs, less Monte-Carlo error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Runs in which nothing changed.
    pub runs: u64,
    /// Runs for each loss on each slice.
    pub loss_runs: u64,
    /// Sign flips of the screen in each.
    pub flips: u32,
}

impl Effort {
    /// Chooses by the size of the gate and the number of candidates, from sizes alone: a plan takes seconds on small gates and less than
    /// half a minute on large ones.
    pub fn of(frame: &Frame<'_>, candidates: usize) -> Self {
        const WORK: u64 = 1_000_000_000;
        let samples = frame.table.samples().len() as u64;
        let members: u64 = frame.slices.iter().map(|s| s.members.len() as u64).sum();
        let scenarios = (1 + frame.slices.len() as u64) * LOSSES.len() as u64;
        // A run touches every member of every slice once; its screen adds about as much again.
        let per_run = (1000 + 2 * (samples + members)) * candidates.max(1) as u64;
        Self {
            runs: (WORK / per_run).clamp(400, 1000),
            loss_runs: (WORK / (per_run * scenarios)).clamp(40, 250),
            flips: frame.table.header().gate.flips.min(500),
        }
    }
}

/// What a gate will be able to say about a candidate whose samples flip at these rates. Of the frame only
/// samples, slices and gate policy count, not the trials. The same seed gives the same answer at any thread
/// count.
pub fn assess(frame: &Frame<'_>, rates: &FlipRates, seed: u64, effort: Effort) -> Assessment {
    let pairs = Pairs::without_difference(frame);
    let slices = known_slices(frame, &pairs);
    let source = Source::new(frame, rates, seed);
    let tests = Tests::new(&slices, frame.levels, effort.flips, seed);
    let power = Power {
        frame,
        pairs,
        slices: &slices,
        source,
        tests,
    };
    power.assess(effort, rates)
}

struct Power<'a, 'f> {
    frame: &'a Frame<'f>,
    /// Pairs of all samples without a difference.
    pairs: Pairs,
    slices: &'a [Slice],
    source: Source,
    tests: Tests<'a>,
}

/// One simulated run in which nothing changed.
struct Unchanged {
    decided: Decided,
    proven: Vec<bool>,
}

impl Power<'_, '_> {
    fn assess(&self, effort: Effort, rates: &FlipRates) -> Assessment {
        let unchanged: Vec<Unchanged> = (0..effort.runs)
            .into_par_iter()
            .map(|run| self.unchanged(run))
            .collect();
        let catches: Vec<Vec<Catch>> = self.catches(effort.loss_runs);
        let share = |hit: &dyn Fn(&Unchanged) -> bool| {
            unchanged.iter().filter(|u| hit(u)).count() as f64 / effort.runs.max(1) as f64
        };
        let verdict = |outcome: Outcome| share(&|u| u.decided.outcome == outcome);
        let slices: Vec<SlicePower> = catches
            .into_iter()
            .enumerate()
            .map(|(i, catches)| SlicePower {
                proven: share(&|u| u.proven[i]),
                blocked: share(&|u| u.decided.blocked[i]),
                catches,
                ..self.before(i)
            })
            .collect();
        let chances = Chances {
            pass: verdict(Outcome::Pass),
            block: verdict(Outcome::Block),
            inconclusive: verdict(Outcome::Inconclusive),
        };
        let of_slices = slices.iter().flat_map(|s| [s.proven, s.blocked]);
        let of_losses = slices.iter().flat_map(|s| &s.catches);
        Assessment {
            unchanged: chances,
            runs: effort.runs,
            runs_error: error(
                of_slices.chain([chances.pass, chances.block, chances.inconclusive]),
                effort.runs,
            ),
            loss_runs: effort.loss_runs,
            loss_runs_error: error(
                of_losses.flat_map(|c| [c.block, c.not_pass]),
                effort.loss_runs,
            ),
            screen_flips: u64::from(effort.flips),
            cluster_correlation: self.frame.clusters.is_some().then(|| rates.correlation()),
            slices,
        }
    }

    /// What follows from sizes alone.
    fn before(&self, index: usize) -> SlicePower {
        let slice = &self.slices[index];
        let evidence = Evidence::on(&self.pairs, slice);
        let alpha = self.frame.levels.pass;
        let flips: f64 = slice
            .members
            .iter()
            .map(|&m| self.source.rates[m as usize])
            .sum();
        let least = evidence.least(slice.margin, alpha);
        let least_n = least.is_finite().then(|| least.ceil() as u64);
        SlicePower {
            name: slice.name.clone(),
            tier: slice.tier,
            n: evidence.n,
            clusters: evidence.clusters,
            margin: slice.margin,
            flip_rate: if evidence.n == 0 {
                0.0
            } else {
                flips / evidence.n as f64
            },
            expected_flips: flips,
            least_margin: (0.0 - evidence.lower(alpha)).max(0.0),
            least_n,
            // With clusters of the same sizes the design effect stays, and so does the bound per sample.
            least_n_margin: least_n.and_then(|n| {
                let alone = (n as f64 / evidence.design_effect()).floor() as u64;
                let counts = PairedCounts::new(0, 0, alone.max(1)).ok()?;
                let lower = match slice.tier {
                    SliceTier::Critical => calibrated_lower(counts, alpha),
                    _ => tango_lower(counts, alpha),
                };
                lower.ok().map(|lower| -lower)
            }),
            provable: evidence.proves(slice.margin, alpha),
            proven: 0.0,
            blocked: 0.0,
            catches: Vec::new(),
        }
    }

    fn unchanged(&self, run: u64) -> Unchanged {
        let pairs = self.drawn(&self.source.numbers(run));
        let evidence = self.tests.evidence(&pairs);
        let decided = self.tests.decide(&pairs, &evidence);
        let proven = (0..evidence.len())
            .map(|i| self.tests.proves(i, &evidence[i]))
            .collect();
        Unchanged { decided, proven }
    }

    fn drawn(&self, numbers: &[f64]) -> Pairs {
        let mut pairs = self.pairs.clone();
        for (i, d) in pairs.difference.iter_mut().enumerate() {
            *d = self.source.difference(i, numbers[i], 0.0);
        }
        pairs
    }

    /// For each slice, what the gate does about each loss on it alone.
    fn catches(&self, runs: u64) -> Vec<Vec<Catch>> {
        let touched: Vec<Vec<usize>> = (0..self.slices.len()).map(|i| self.touched(i)).collect();
        let outcomes: Vec<Vec<[Outcome; LOSSES.len()]>> = (0..runs)
            .into_par_iter()
            .map(|run| self.with_losses(run, &touched))
            .collect();
        let catch = |slice: usize, which: usize| {
            let share = |hit: &dyn Fn(Outcome) -> bool| {
                let hits = outcomes.iter().filter(|o| hit(o[slice][which])).count();
                hits as f64 / runs.max(1) as f64
            };
            Catch {
                loss: LOSSES[which],
                block: share(&|o| o == Outcome::Block),
                not_pass: share(&|o| o != Outcome::Pass),
            }
        };
        let gated = |slice: &Slice| slice.gates() && !slice.at.is_empty();
        let of = |i: usize| (0..LOSSES.len()).map(|which| catch(i, which)).collect();
        (0..self.slices.len())
            .map(|i| {
                if gated(&self.slices[i]) {
                    of(i)
                } else {
                    Vec::new()
                }
            })
            .collect()
    }

    /// Slices that share a sample with this one.
    fn touched(&self, slice: usize) -> Vec<usize> {
        let mut inside = vec![false; self.pairs.len()];
        for &at in &self.slices[slice].at {
            inside[at as usize] = true;
        }
        let shares = |i: &usize| self.slices[*i].at.iter().any(|&at| inside[at as usize]);
        (0..self.slices.len()).filter(shares).collect()
    }

    /// The verdicts of one run for every slice and loss; all of them start from the same numbers.
    fn with_losses(&self, run: u64, touched: &[Vec<usize>]) -> Vec<[Outcome; LOSSES.len()]> {
        let numbers = self.source.numbers(run);
        let mut pairs = self.drawn(&numbers);
        let base = self.tests.evidence(&pairs);
        let mut evidence = base.clone();
        let mut outcomes = Vec::with_capacity(self.slices.len());
        for (slice, touched) in self.slices.iter().zip(touched) {
            let mut of_slice = [Outcome::Inconclusive; LOSSES.len()];
            if !slice.gates() || slice.at.is_empty() {
                outcomes.push(of_slice);
                continue;
            }
            for (outcome, loss) in of_slice.iter_mut().zip(LOSSES) {
                self.set(&mut pairs, slice, &numbers, loss);
                for &i in touched {
                    evidence[i] = Evidence::on(&pairs, &self.slices[i]);
                }
                *outcome = self.tests.outcome(&pairs, &evidence);
            }
            self.set(&mut pairs, slice, &numbers, 0.0);
            for &i in touched {
                evidence[i] = base[i].clone();
            }
            outcomes.push(of_slice);
        }
        outcomes
    }

    fn set(&self, pairs: &mut Pairs, slice: &Slice, numbers: &[f64], loss: f64) {
        for &at in &slice.at {
            let at = at as usize;
            pairs.difference[at] = self.source.difference(at, numbers[at], loss);
        }
    }
}

/// Largest binomial standard error among shares of `runs`.
fn error(shares: impl Iterator<Item = f64>, runs: u64) -> f64 {
    let variance = |p: f64| p * (1.0 - p) / runs.max(1) as f64;
    shares.map(variance).fold(0.0, f64::max).sqrt()
}
