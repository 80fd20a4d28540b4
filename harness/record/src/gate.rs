//! What must hold: the gate policy, kept apart from the experiment and hashed into the run.

use serde::{Deserialize, Serialize};

/// How strongly a slice is guarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SliceTier {
    /// Must be proven non-inferior for a PASS, and can BLOCK.
    Critical,
    /// Can BLOCK through the family-wise screen; needs no proof.
    Guarded,
    /// Shown only; never gates.
    Exploratory,
}

/// What to do when the data cannot decide.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum InconclusiveAction {
    /// Exit 2.
    #[default]
    Fail,
    /// Exit 0 with the verdict unchanged in every output and a warning on standard error.
    Warn,
}

/// What must hold for a change to pass. All margins are absolute, in units of the score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct GatePolicy {
    /// Version of this policy, raised by its owner when it changes.
    pub version: u32,
    /// Largest acceptable overall loss of mean score, in `(0, 1)`.
    pub overall_margin: f64,
    /// Largest acceptable loss on a slice, in `(0, 1)`.
    pub slice_margin: f64,
    /// One-sided error rate of a false PASS, per claim.
    pub alpha_pass: f64,
    /// Family-wise error rate of a false BLOCK.
    pub alpha_block: f64,
    /// Slices that must be proven, by name.
    pub critical: Vec<String>,
    /// Slices that never gate, by name.
    pub exploratory: Vec<String>,
    /// Margins of single slices, by name, where they differ from `slice_margin`.
    pub margins: std::collections::BTreeMap<String, f64>,
    /// Smallest share of trials with a score, per arm; below it the run is invalid (exit 4).
    pub coverage_floor: f64,
    /// Time to first token that must not be exceeded, in milliseconds; no latency gate if absent.
    pub ttft_slo_ms: Option<f64>,
    /// Largest acceptable rise of the share of requests above the objective, in `(0, 1)`.
    pub ttft_margin: f64,
    /// Largest acceptable rise of the error rate, in `(0, 1)`; no error gate if absent.
    pub error_margin: Option<f64>,
    /// Cost saving that was promised, as a share of the baseline's cost; must be proven if given.
    pub min_saving: Option<f64>,
    /// Joint sign flips of the family-wise screen.
    pub flips: u32,
    /// What to do when the data cannot decide.
    pub on_inconclusive: InconclusiveAction,
}

impl Default for GatePolicy {
    fn default() -> Self {
        Self {
            version: 1,
            overall_margin: 0.02,
            slice_margin: 0.05,
            alpha_pass: 0.05,
            alpha_block: 0.05,
            critical: Vec::new(),
            exploratory: Vec::new(),
            margins: std::collections::BTreeMap::new(),
            coverage_floor: 0.95,
            ttft_slo_ms: None,
            ttft_margin: 0.05,
            error_margin: None,
            min_saving: None,
            flips: 10_000,
            on_inconclusive: InconclusiveAction::Fail,
        }
    }
}

impl GatePolicy {
    /// Margin of a slice.
    pub fn margin(&self, slice: &str) -> f64 {
        self.margins
            .get(slice)
            .copied()
            .unwrap_or(self.slice_margin)
    }

    /// Tier of a slice.
    pub fn tier(&self, slice: &str) -> SliceTier {
        if self.critical.iter().any(|s| s == slice) {
            SliceTier::Critical
        } else if self.exploratory.iter().any(|s| s == slice) {
            SliceTier::Exploratory
        } else {
            SliceTier::Guarded
        }
    }

    /// Canonical hash: xxh3-128 of the JSON form, in hexadecimal. The same content gives the same hash
    /// whatever the order of keys and lists, whitespace, comments, and defaults left out or written out.
    pub fn hash(&self) -> String {
        let mut canonical = self.clone();
        for list in [&mut canonical.critical, &mut canonical.exploratory] {
            list.sort_unstable();
            list.dedup();
        }
        // Numbers, names and maps with text keys only: there always is a JSON form.
        let json = serde_json::to_vec(&canonical).unwrap_or_default();
        format!("{:032x}", xxhash_rust::xxh3::xxh3_128(&json))
    }

    /// Says which value is out of range.
    ///
    /// # Errors
    /// A fragment with the key, the value and the allowed range.
    pub fn check(&self) -> Result<(), String> {
        let open_unit = |key: &str, x: f64| {
            if x > 0.0 && x < 1.0 {
                Ok(())
            } else {
                Err(format!(
                    "`{key}` is {x}; it must lie between 0 and 1, both excluded"
                ))
            }
        };
        open_unit("overall_margin", self.overall_margin)?;
        open_unit("slice_margin", self.slice_margin)?;
        open_unit("alpha_pass", self.alpha_pass)?;
        open_unit("alpha_block", self.alpha_block)?;
        open_unit("ttft_margin", self.ttft_margin)?;
        for (slice, margin) in &self.margins {
            open_unit(&format!("margins.{slice}"), *margin)?;
        }
        if let Some(margin) = self.error_margin {
            open_unit("error_margin", margin)?;
        }
        if !(0.0..=1.0).contains(&self.coverage_floor) {
            return Err(format!(
                "`coverage_floor` is {}; it must lie in [0, 1]",
                self.coverage_floor
            ));
        }
        if let Some(ms) = self.ttft_slo_ms.filter(|ms| !(ms.is_finite() && *ms > 0.0)) {
            return Err(format!("`ttft_slo_ms` is {ms}; it must be more than 0"));
        }
        if let Some(saving) = self.min_saving.filter(|s| !(s.is_finite() && *s < 1.0)) {
            return Err(format!("`min_saving` is {saving}; it must be less than 1"));
        }
        if self.flips < 100 {
            return Err(format!(
                "`flips` is {}; at least 100 are needed",
                self.flips
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> GatePolicy {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_hash_follows_content_and_not_form() {
        let one =
            read(r#"{"critical": ["a", "b"], "margins": {"x": 0.1, "y": 0.2}, "flips": 500}"#);
        let other = read(
            r#"{ "flips": 500, "overall_margin": 2e-2,
                 "margins": {"y": 0.20, "x": 0.1}, "critical": ["b", "a", "b"] }"#,
        );
        assert_eq!(one.hash(), other.hash());
        for changed in [
            r#"{"critical": ["a"], "margins": {"x": 0.1, "y": 0.2}, "flips": 500}"#,
            r#"{"critical": ["a", "b"], "margins": {"x": 0.1, "y": 0.3}, "flips": 500}"#,
            r#"{"critical": ["a", "b"], "margins": {"x": 0.1, "y": 0.2}, "flips": 500, "version": 2}"#,
        ] {
            assert_ne!(one.hash(), read(changed).hash(), "{changed}");
        }
    }

    #[test]
    fn values_that_make_no_sense_are_refused() {
        for (json, key) in [
            (r#"{"min_saving": 1.5}"#, "`min_saving`"),
            (r#"{"ttft_slo_ms": 0}"#, "`ttft_slo_ms`"),
            (r#"{"overall_margin": 5}"#, "`overall_margin`"),
            (r#"{"margins": {"a=b": 0}}"#, "`margins.a=b`"),
            (r#"{"flips": 10}"#, "`flips`"),
        ] {
            assert!(read(json).check().unwrap_err().starts_with(key), "{json}");
        }
        assert!(GatePolicy::default().check().is_ok());
    }
}
