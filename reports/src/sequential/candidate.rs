//! The e-processes of one candidate.

use std::collections::BTreeMap;

use weighbridge_record::{ChangeInfo, Question, SliceTier};

use super::bet::{Bet, Subject};
use super::family;
use super::layout::Layout;
use super::saving::Saving;
use super::values::{Arms, Twofold};
use crate::compare::route;
use crate::stats::StatsError;
use crate::table::ScoreState;

/// Where a candidate stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// Not decided, and can be.
    Going,
    /// Everything a PASS needs is proven.
    Pass,
    /// A loss is shown.
    Block,
    /// A PASS cannot come any more: why.
    Hopeless(String),
}

/// One slice, or one rate, under watch.
#[derive(Debug, Clone)]
pub(super) struct Watched {
    pub(super) within: Option<Bet>,
    pub(super) worse: Option<Bet>,
    pub(super) beyond: Option<Bet>,
    pub(super) margin: f64,
    /// Items with a known difference, and its sum.
    pub(super) n: u64,
    pub(super) sum: f64,
    pub(super) losses: u64,
    pub(super) gains: u64,
    /// Blocks with items of it among those from each position on.
    to_come: Vec<u32>,
}

/// Everything about one candidate.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) policy: usize,
    pub(super) name: String,
    pub(super) slices: Vec<Watched>,
    pub(super) slow: Option<Watched>,
    pub(super) errors: Option<Watched>,
    pub(super) saving: Option<Saving>,
    pub(super) standing: Standing,
    /// Samples used when it was decided.
    pub(super) decided_at: Option<u64>,
    /// Trials with a score, and all trials: of the baseline, of the candidate.
    pub(super) covered: [(u64, u64); 2],
}

impl Candidate {
    pub(super) fn new(
        layout: &Layout,
        policy: usize,
        name: &str,
        change: Option<&ChangeInfo>,
    ) -> Result<Self, StatsError> {
        let guards = 0..layout.guards.len();
        let (levels, gate) = (&layout.levels, &layout.gate);
        let rate = |on: bool, margin: f64, questions: [Question; 2]| {
            let watch = || Watched::rate(layout, change, name, margin, questions);
            on.then(watch).transpose()
        };
        let blocks = layout.blocks.len().saturating_sub(layout.from_block) as u64;
        let mut saving = gate
            .min_saving
            .map(|promised| Saving::new(promised, blocks, (levels.pass, levels.family)));
        if let (Some(saving), Some(change)) = (&mut saving, change) {
            let decided = |question| change.carried(name, "overall", question).1;
            saving.reached = decided(Question::SavingReached);
            saving.missed = decided(Question::SavingMissed);
        }
        Ok(Self {
            policy,
            name: name.to_owned(),
            slices: guards
                .map(|at| Watched::slice(layout, change, name, at))
                .collect::<Result<_, _>>()?,
            slow: rate(
                gate.ttft_slo_ms.is_some(),
                gate.ttft_margin,
                [Question::TtftWithinMargin, Question::TtftWorse],
            )?,
            errors: rate(
                gate.error_margin.is_some(),
                gate.error_margin.unwrap_or(0.5),
                [Question::ErrorsWithinMargin, Question::ErrorsWorse],
            )?,
            saving,
            // What an attempt before this one blocked stays blocked.
            standing: if blocked_before(change, name) {
                Standing::Block
            } else {
                Standing::Going
            },
            decided_at: None,
            covered: [(0, 0); 2],
        })
    }

    /// Uses one block of complete samples.
    pub(super) fn push(&mut self, layout: &Layout, arms: &Arms<'_>, block: &[u32]) {
        let mut sums: BTreeMap<usize, Sums> = BTreeMap::new();
        let (mut slow, mut failed, mut money) = (Sums::default(), Sums::default(), (0.0, 0.0));
        for &sample in block {
            let (score, point) = (arms.score(sample), arms.point(sample));
            for &guard in &layout.of_sample[sample as usize] {
                sums.entry(guard).or_default().add(score, point);
            }
            if let Some(guard) = self.routed_guard(layout, arms, sample) {
                sums.entry(guard).or_default().add(score, point);
            }
            if let Some(objective) = layout.gate.ttft_slo_ms {
                let d = arms.slow(sample, objective);
                slow.add(d, Some(d.favour));
            }
            let d = arms.failed(sample);
            failed.add(d, Some(d.favour));
            let (base, cand) = arms.cost(sample);
            money = (money.0 + base, money.1 + cand);
            self.cover(layout, arms, sample);
        }
        for (guard, sums) in sums {
            self.slices[guard].push(&sums);
        }
        if let Some(watched) = &mut self.slow {
            watched.push(&slow);
        }
        if let Some(watched) = &mut self.errors {
            watched.push(&failed);
        }
        if let Some(saving) = &mut self.saving {
            saving.push(money.0, money.1);
        }
    }

    fn routed_guard(&self, layout: &Layout, arms: &Arms<'_>, sample: u32) -> Option<usize> {
        let first = arms.at(sample).next()?;
        let to = route(arms.cand, first);
        if !layout.guards.iter().any(|g| g.is_routed) || to == route(arms.base, first) {
            return None;
        }
        let name = format!("routed to {}", to.name_in(arms.fleet));
        let is = |g: &super::layout::Guard| g.is_routed && g.name == name;
        layout.guards.iter().position(is)
    }

    fn cover(&mut self, layout: &Layout, arms: &Arms<'_>, sample: u32) {
        // As in a fixed-n gate: a failed candidate is covered where the policy gates errors.
        let failed_counts = layout.gate.error_margin.is_some();
        for at in arms.at(sample) {
            let sides = [(arms.base, false), (arms.cand, failed_counts)];
            for ((arm, failed_counts), (covered, all)) in sides.into_iter().zip(&mut self.covered) {
                let state = arm.state[at];
                let is = state == ScoreState::Value || failed_counts && state == ScoreState::Failed;
                *covered += u64::from(is);
                *all += 1;
            }
        }
    }

    /// Smallest share of covered trials over both arms; 1 before any.
    pub(super) fn coverage(&self) -> f64 {
        let share = |&(covered, all): &(u64, u64)| match all {
            0 => 1.0,
            _ => covered as f64 / all as f64,
        };
        self.covered.iter().map(share).fold(1.0, f64::min)
    }

    /// Looks at all questions after a block. A BLOCK stays; a PASS holds as long as nothing fails.
    pub(super) fn look(&mut self, layout: &Layout, cursor: usize, used: u64) {
        let alpha = layout.alpha_screen();
        family::decide(
            self.slices.iter_mut().filter_map(|w| w.worse.as_mut()),
            alpha,
        );
        family::decide(
            self.slices.iter_mut().filter_map(|w| w.beyond.as_mut()),
            alpha,
        );
        let before = self.standing.clone();
        self.standing = self.stands(layout, cursor);
        if self.standing == Standing::Going {
            self.decided_at = None;
        } else if before != self.standing {
            self.decided_at = Some(used);
        }
    }

    fn stands(&self, layout: &Layout, cursor: usize) -> Standing {
        let fails = self.watched().any(Watched::blocks);
        let missed = self.saving.as_ref().is_some_and(|s| s.missed);
        if self.standing == Standing::Block || fails || missed {
            return Standing::Block;
        }
        if let Some(name) = layout.absent.first() {
            let why = format!(
                "the gate policy names the critical slice `{name}`, and the run has no such slice"
            );
            return Standing::Hopeless(why);
        }
        let proven = self.required().all(|bet| bet.decided);
        let saved = self.saving.as_ref().is_none_or(|s| s.reached);
        if proven && saved && self.coverage() >= layout.gate.coverage_floor {
            let suspect = self.watched().any(|w| w.is_suspect(cursor));
            return if suspect {
                Standing::Going
            } else {
                Standing::Pass
            };
        }
        match self.hopeless(cursor, usize::MAX) {
            Some(bet) => Standing::Hopeless(format!(
                "{}: {} can no longer be proven, even if every remaining sample were a gain",
                bet.slice,
                super::words::question(bet.question)
            )),
            None => Standing::Going,
        }
    }

    pub(super) fn watched(&self) -> impl Iterator<Item = &Watched> {
        self.slices.iter().chain(&self.slow).chain(&self.errors)
    }

    /// Every question under watch.
    pub(super) fn bets(&self) -> impl Iterator<Item = &Bet> {
        self.watched()
            .flat_map(|w| [&w.within, &w.worse, &w.beyond])
            .flatten()
    }

    fn required(&self) -> impl Iterator<Item = &Bet> {
        self.watched().filter_map(|w| w.within.as_ref())
    }

    /// A required question that the next `blocks` blocks cannot prove, whatever they bring.
    pub(super) fn hopeless(&self, cursor: usize, blocks: usize) -> Option<&Bet> {
        let short = |watched: &&Watched| {
            watched.within.as_ref().is_some_and(|bet| {
                let best = bet.log_e() + watched.ahead(cursor, blocks, bet);
                // A hair of slack: rounding must not end a run.
                !bet.decided && bet.log_threshold.is_some_and(|limit| best < limit - 1e-9)
            })
        };
        self.watched().find(short)?.within.as_ref()
    }
}

/// Whether an attempt that this one continues blocked the candidate.
pub(super) fn blocked_before(change: Option<&ChangeInfo>, candidate: &str) -> bool {
    change.is_some_and(|change| {
        let candidates = change.continued().flat_map(|attempt| &attempt.candidates);
        candidates
            .filter(|c| c.candidate == candidate)
            .any(|c| c.outcome == "block")
    })
}

/// What one block adds to one slice.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    count: u32,
    against: f64,
    favour: f64,
    known: u64,
    point: f64,
    losses: u64,
    gains: u64,
}

impl Sums {
    fn add(&mut self, d: Twofold, point: Option<f64>) {
        self.count += 1;
        self.against += d.against;
        self.favour += d.favour;
        if let Some(x) = point {
            self.known += 1;
            self.point += x;
            self.losses += u64::from(x < 0.0);
            self.gains += u64::from(x > 0.0);
        }
    }
}

impl Watched {
    fn slice(
        layout: &Layout,
        change: Option<&ChangeInfo>,
        candidate: &str,
        at: usize,
    ) -> Result<Self, StatsError> {
        let guard = &layout.guards[at];
        let subject = Subject {
            change,
            candidate,
            slice: &guard.name,
        };
        let critical = guard.tier == SliceTier::Critical;
        let (margin, alpha) = (guard.margin, layout.levels.pass);
        let within = || Bet::gain(&subject, Question::WithinMargin, margin, alpha);
        let beyond = || Bet::loss(&subject, Question::BeyondMargin, margin, None);
        Ok(Self {
            within: critical.then(within).transpose()?,
            worse: Some(Bet::loss(&subject, Question::Worse, 0.0, None)?),
            beyond: critical.then(beyond).transpose()?,
            to_come: guard.to_come.clone(),
            ..Self::empty(margin)
        })
    }

    fn rate(
        layout: &Layout,
        change: Option<&ChangeInfo>,
        candidate: &str,
        margin: f64,
        [within, worse]: [Question; 2],
    ) -> Result<Self, StatsError> {
        let subject = Subject {
            change,
            candidate,
            slice: "overall",
        };
        let levels = &layout.levels;
        Ok(Self {
            within: Some(Bet::gain(&subject, within, margin, levels.pass)?),
            worse: Some(Bet::loss(&subject, worse, 0.0, Some(levels.family))?),
            to_come: layout.guards[0].to_come.clone(),
            ..Self::empty(margin)
        })
    }

    fn empty(margin: f64) -> Self {
        Self {
            within: None,
            worse: None,
            beyond: None,
            margin,
            n: 0,
            sum: 0.0,
            losses: 0,
            gains: 0,
            to_come: Vec::new(),
        }
    }

    /// Most that the next `blocks` blocks can add to `within`.
    fn ahead(&self, cursor: usize, blocks: usize, bet: &Bet) -> f64 {
        let from = |at: usize| self.to_come.get(at).copied().unwrap_or(0);
        f64::from(from(cursor) - from(cursor.saturating_add(blocks))) * bet.most_gain()
    }

    fn push(&mut self, sums: &Sums) {
        // A cluster is one observation: the mean of its items.
        let mean = |sum: f64| sum / f64::from(sums.count);
        if let Some(bet) = &mut self.within {
            bet.push(mean(sums.against));
        }
        for bet in [&mut self.worse, &mut self.beyond].into_iter().flatten() {
            bet.push(mean(sums.favour));
        }
        self.n += sums.known;
        self.sum += sums.point;
        self.losses += sums.losses;
        self.gains += sums.gains;
    }

    /// Mean difference of the items that are known in both arms; 0 of none.
    pub(super) fn mean(&self) -> f64 {
        if self.n == 0 {
            0.0
        } else {
            self.sum / self.n as f64
        }
    }

    /// Seen beyond the margin, with more evidence for a loss than against one, and not all seen yet.
    /// Such a slice holds an early PASS back: critical slices are proven long before a small slice
    /// that loses has had the samples to show it. Waiting cannot add a false PASS, and what blocks
    /// meanwhile is an e-process that holds at every look.
    fn is_suspect(&self, cursor: usize) -> bool {
        let leans = self.worse.as_ref().is_some_and(|bet| bet.log_e() > 0.0);
        let to_come = self.to_come.get(cursor).copied().unwrap_or(0);
        leans && to_come > 0 && self.n > 0 && self.mean() < -self.margin
    }

    /// A loss is shown and seen beyond the margin, or shown to be beyond it.
    pub(super) fn blocks(&self) -> bool {
        let decided = |bet: &Option<Bet>| bet.as_ref().is_some_and(|bet| bet.decided);
        decided(&self.beyond) || decided(&self.worse) && self.n > 0 && self.mean() < -self.margin
    }
}
