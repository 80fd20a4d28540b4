//! Stretches in which a model hardly answered.

use crate::model::{FailureTimeline, Outage};

/// Fewest failures that make an outage.
const FEWEST: u64 = 5;

/// Stretches of neighbouring steps in which at least half of the attempts failed. Steps without an
/// attempt neither begin nor end one.
pub(super) fn outages(timeline: &FailureTimeline) -> Vec<Outage> {
    let mut found = Vec::new();
    for (model, steps) in &timeline.models {
        let mut open: Option<Outage> = None;
        for (i, &(attempts, failed)) in (0u64..).zip(steps) {
            if attempts == 0 {
                continue;
            }
            if 2 * failed < attempts {
                found.extend(open.take());
                continue;
            }
            let outage = open.get_or_insert_with(|| Outage {
                model: model.clone(),
                from: i * timeline.step,
                to: 0,
                attempts: 0,
                failed: 0,
            });
            outage.to = (i + 1) * timeline.step;
            outage.attempts += attempts;
            outage.failed += failed;
        }
        found.extend(open);
    }
    found.retain(|outage| outage.failed >= FEWEST);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TimelineUnit;

    #[test]
    fn an_outage_is_a_stretch_and_single_failures_are_none() {
        let timeline = FailureTimeline {
            unit: TimelineUnit::Samples,
            step: 2,
            models: vec![(
                "m".to_owned(),
                vec![(4, 1), (4, 4), (0, 0), (4, 2), (4, 1), (2, 2), (4, 0)],
            )],
        };
        let found = outages(&timeline);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].from, found[0].to), (2, 8));
        assert_eq!((found[0].attempts, found[0].failed), (8, 6));
    }
}
