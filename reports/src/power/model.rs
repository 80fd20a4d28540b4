//! What is known of a gate before a run.

use serde::Serialize;
use weighbridge_record::SliceTier;

/// Shares of simulated runs by verdict; they add up to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Chances {
    /// PASS.
    pub pass: f64,
    /// BLOCK.
    pub block: f64,
    /// INCONCLUSIVE.
    pub inconclusive: f64,
}

/// What the gate does about a loss on one slice, everything else unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Catch {
    /// True loss of mean score on the slice, score units.
    pub loss: f64,
    /// Chance that the gate BLOCKs.
    pub block: f64,
    /// Chance that it does not PASS.
    pub not_pass: f64,
}

/// One slice before a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SlicePower {
    /// Name, or `overall`.
    pub name: String,
    /// How strongly it is guarded.
    pub tier: SliceTier,
    /// Samples.
    pub n: u64,
    /// Clusters among them.
    pub clusters: u64,
    /// Largest acceptable loss, score units.
    pub margin: f64,
    /// Share of samples expected to flip when nothing changed.
    pub flip_rate: f64,
    /// The same as a number of samples.
    pub expected_flips: f64,
    /// Smallest margin it could ever prove: the certified loss without any flip. 1 without samples.
    pub least_margin: f64,
    /// Samples needed to prove its margin without any flip.
    pub least_n: Option<u64>,
    /// Margin that so many samples could prove.
    pub least_n_margin: Option<f64>,
    /// Whether its margin can be proven at all.
    pub provable: bool,
    /// Chance that the margin is proven when nothing changed.
    pub proven: f64,
    /// Chance that this slice blocks when nothing changed.
    pub blocked: f64,
    /// What the gate does about losses on it; empty for exploratory and empty slices.
    pub catches: Vec<Catch>,
}

/// A gate before a run, for one candidate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assessment {
    /// Verdicts when nothing changed.
    pub unchanged: Chances,
    /// Simulated runs behind it and behind `proven` and `blocked` of the slices.
    pub runs: u64,
    /// Largest Monte-Carlo standard error of these shares.
    pub runs_error: f64,
    /// Simulated runs behind each catch.
    pub loss_runs: u64,
    /// Largest Monte-Carlo standard error of a catch.
    pub loss_runs_error: f64,
    /// Sign flips of the screen in each simulated run; a real run uses the policy's.
    pub screen_flips: u64,
    /// Chance that samples of one cluster flip together, where samples share clusters.
    pub cluster_correlation: Option<f64>,
    /// The overall slice, then the registered ones by name.
    pub slices: Vec<SlicePower>,
}
