//! The claim on the promised saving.

use super::claims::Judged;
use super::words::{confidence, percent};
use crate::compare::{Frame, Weighed};
use crate::model::{ClaimKind, ClaimState};

/// Holds when the lower limit of the saving reaches what was promised, fails when the upper limit
/// stays below it.
pub(super) fn claim(frame: &Frame<'_>, weighed: &Weighed) -> Option<Judged> {
    let promised = frame.table.header().gate.min_saving?;
    let saving = weighed.comparison.cost.saving.clone();
    let Some(seen) = saving.as_ref().map(|s| s.point) else {
        let text = "the baseline cost nothing, so no share of it can be saved".to_owned();
        let step = "give the models prices, or drop `min_saving`".to_owned();
        return Some(
            Judged::new("overall", ClaimKind::Saving, ClaimState::Open, text)
                .against(None, promised)
                .invalid()
                .then(step),
        );
    };
    let levels = &frame.levels;
    let lower = weighed.evidence.money.limits(levels.pass).0;
    let upper = weighed.evidence.money.limits(levels.family).1;
    let (state, sentence) = match (lower, upper) {
        (Some(lower), _) if lower >= promised => (
            ClaimState::Holds,
            format!(
                "saving of at least {} shown at {} (seen {})",
                percent(promised),
                confidence(levels.pass),
                percent(seen)
            ),
        ),
        (_, Some(upper)) if upper < promised => (
            ClaimState::Fails,
            format!(
                "saving of {} is ruled out at {}; seen {}",
                percent(promised),
                confidence(levels.family),
                percent(seen)
            ),
        ),
        _ => (
            ClaimState::Open,
            format!(
                "saving of {} is not shown; seen {}",
                percent(promised),
                percent(seen)
            ),
        ),
    };
    let judged =
        Judged::new("overall", ClaimKind::Saving, state, sentence).against(saving, promised);
    Some(if state == ClaimState::Open {
        judged.then("more samples, or a smaller promise".to_owned())
    } else {
        judged
    })
}
