//! Models that score below a blind guess on a slice.
//!
//! A model that knows nothing scores the chance. Scoring below it is not weakness but a broken
//! measurement: an answer that could not be extracted, shifted labels, an empty completion.

use super::binomial::lower_tail;
use super::grid::{Counter, Grid, Names};
use super::{Finding, FindingKind, Severity};

/// A cell whose p-value is below this is a defect.
pub const DEFECT_P: f64 = 0.001;

/// A cell whose Holm-adjusted p-value is below this is a warning.
pub const WARNING_P: f64 = 0.05;

struct Tested<'a> {
    model: &'a str,
    slice: Option<&'a str>,
    right: u64,
    n: u64,
    chance: f64,
    p: f64,
}

/// One-sided exact tests of all (model, slice) cells whose rows have a chance and scores of 0 or 1.
///
/// Rows without an answer or a score are left out: failing is not guessing. Where the chances of a
/// slice differ, their mean is taken, which errs on the safe side: for results below the mean the
/// sum of unequal trials has a lighter lower tail than the binomial (Hoeffding 1956, theorem 5).
/// Warnings are adjusted for the number of cells by Holm's method (1979).
pub(crate) fn findings(grid: &Grid, models: &Names) -> Vec<Finding> {
    let mut tested: Vec<Tested<'_>> = grid
        .slices()
        .flat_map(|(slice, row)| {
            let cells = row.iter().enumerate();
            cells.filter_map(move |(model, counter)| test(models.name(model), slice, counter))
        })
        .collect();
    tested.sort_by(|a, b| {
        let names = (a.model, a.slice).cmp(&(b.model, b.slice));
        a.p.total_cmp(&b.p).then(names)
    });
    let count = tested.len();
    let mut adjusted = 0.0_f64;
    let mut findings = Vec::new();
    for (rank, cell) in tested.iter().enumerate() {
        adjusted = adjusted.max(cell.p * (count - rank) as f64);
        if cell.p < DEFECT_P {
            findings.push(cell.finding(Severity::Defect));
        } else if adjusted < WARNING_P {
            findings.push(cell.finding(Severity::Warning));
        } else {
            // Sorted by p: all that follow are larger.
            break;
        }
    }
    findings
}

fn test<'a>(model: &'a str, slice: Option<&'a str>, counter: &Counter) -> Option<Tested<'a>> {
    let chance = counter.mean_chance()?;
    let (right, n) = (counter.chance_right, counter.chance_rows);
    // At a chance of 0 or 1 there is nothing to guess.
    let testable = counter.chance_partial == 0 && chance > 0.0 && chance < 1.0;
    testable.then(|| Tested {
        model,
        slice,
        right,
        n,
        chance,
        p: lower_tail(right, n, chance),
    })
}

impl Tested<'_> {
    fn finding(&self, severity: Severity) -> Finding {
        let place = self.slice.map_or(String::new(), |s| format!(" on {s}"));
        let percent = 100.0 * self.right as f64 / self.n as f64;
        Finding {
            kind: FindingKind::BelowChance,
            severity,
            model: Some(self.model.to_owned()),
            slice: self.slice.map(str::to_owned),
            n: self.n,
            p: Some(self.p),
            message: format!(
                "{}{place}: {} of {} right ({percent:.1}%), below a blind guess of {:.1}% (p = {:.0e})",
                self.model,
                self.right,
                self.n,
                100.0 * self.chance,
                self.p
            ),
        }
    }
}
