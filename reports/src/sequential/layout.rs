//! What is fixed before the first outcome: blocks, slices, error rates, how much is still to come.

use weighbridge_record::{GatePolicy, SampleLine, SliceTier};

use weighbridge_datasets::SliceSet;

use super::order::visiting;
use crate::compare::{Levels, found_here};
use crate::table::RunTable;

/// A slice whose members are known beforehand, or one that the candidate's routes make.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    pub(super) name: String,
    pub(super) tier: SliceTier,
    pub(super) margin: f64,
    /// Blocks with members among those from each position on; for a routed slice as many as there
    /// could be.
    pub(super) to_come: Vec<u32>,
    pub(super) is_routed: bool,
}

/// The plan of a sequential run.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// Sample positions by block, in visiting order.
    pub(super) blocks: Vec<Vec<u32>>,
    /// The overall slice, then every slice that gates.
    pub(super) guards: Vec<Guard>,
    /// Guards of each sample, routed ones left out.
    pub(super) of_sample: Vec<Vec<usize>>,
    pub(super) levels: Levels,
    pub(super) gate: GatePolicy,
    /// Critical slices that the policy names and nobody has.
    pub(super) absent: Vec<String>,
    pub(super) round: u32,
    pub(super) from_block: usize,
}

impl Layout {
    /// `None` for a run that is not sequential.
    pub(super) fn of(table: &RunTable) -> Option<Self> {
        let start = table.header().change.as_ref()?.start.as_ref()?;
        let samples: Vec<&SampleLine> = table.all_samples().collect();
        let named = samples.iter().map(|s| (&*s.id, s.cluster.as_deref()));
        let blocks = visiting(named, &start.order);
        let gate = in_force(&table.header().gate, start.round);
        let mut layout = Self {
            levels: Levels::of(&gate),
            of_sample: vec![vec![0]; samples.len()],
            guards: Vec::new(),
            absent: Vec::new(),
            round: start.round,
            from_block: usize::try_from(start.from_block).unwrap_or(usize::MAX),
            blocks,
            gate,
        };
        layout.guard(
            "overall",
            SliceTier::Critical,
            layout.gate.overall_margin,
            None,
        );
        // Over all samples, also those that the stop left out.
        let set = SliceSet::build(&table.header().slices, samples.iter().copied());
        let found = found_here(table.header());
        for (name, members) in set.iter() {
            let tier = layout.gate.tier(name);
            // A slice that was found in this very run is shown and never gates.
            if tier == SliceTier::Exploratory || found.contains(name) {
                continue;
            }
            for &member in members {
                layout.of_sample[member as usize].push(layout.guards.len());
            }
            layout.guard(name, tier, layout.gate.margin(name), Some(members));
        }
        layout.routed(table);
        layout.absent = layout.missing(&set);
        Some(layout)
    }

    fn guard(&mut self, name: &str, tier: SliceTier, margin: f64, members: Option<&[u32]>) {
        let mut is_member = vec![members.is_none(); self.of_sample.len()];
        for &member in members.into_iter().flatten() {
            is_member[member as usize] = true;
        }
        let mut left = 0;
        let mut to_come: Vec<u32> = self
            .blocks
            .iter()
            .rev()
            .map(|block| {
                left += u32::from(block.iter().any(|&s| is_member[s as usize]));
                left
            })
            .collect();
        to_come.reverse();
        self.guards.push(Guard {
            name: name.to_owned(),
            tier,
            margin,
            to_come,
            is_routed: false,
        });
    }

    /// Slices of the candidate's own routes gate only where the policy names them.
    fn routed(&mut self, table: &RunTable) {
        let fleet = table.header().fleet.iter().map(|m| m.name.as_str());
        for model in fleet.chain(["(cache)", "(none)"]) {
            let name = format!("routed to {model}");
            let tier = if self.gate.critical.contains(&name) {
                SliceTier::Critical
            } else if self.gate.margins.contains_key(&name) {
                SliceTier::Guarded
            } else {
                continue;
            };
            self.guard(&name, tier, self.gate.margin(&name), None);
            if let Some(guard) = self.guards.last_mut() {
                guard.is_routed = true;
            }
        }
    }

    fn missing(&self, set: &SliceSet) -> Vec<String> {
        let known = |name: &str| {
            name == "overall"
                || set.get(name).is_some()
                || self.guards.iter().any(|g| g.name == name)
        };
        let critical = self.gate.critical.iter();
        critical.filter(|name| !known(name)).cloned().collect()
    }

    /// Families share the rate of a false BLOCK; within quality, half is for the screen over all
    /// slices and half for the upper limits of critical ones.
    pub(super) fn alpha_screen(&self) -> f64 {
        0.5 * self.levels.family
    }
}

/// The gate policy with the error rates of a round: halved with each further one, so that all rounds
/// together err at most twice as often as one.
pub(super) fn in_force(gate: &GatePolicy, round: u32) -> GatePolicy {
    let share = 0.5f64.powi(i32::try_from(round.saturating_sub(1)).unwrap_or(i32::MAX));
    // Beyond any use, but still an error rate.
    let alpha = |x: f64| (x * share).max(1e-300);
    GatePolicy {
        alpha_pass: alpha(gate.alpha_pass),
        alpha_block: alpha(gate.alpha_block),
        ..gate.clone()
    }
}
